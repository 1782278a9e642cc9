//! What mails say, in each language.

use minijinja::{Environment, context};
use serde::Serialize;
use tenure_domain::{Date, Instant, MailId, OrganizationId, Role};
use tenure_store::outbox::Mail;

use crate::{App, AppError};

/// What a mail is about.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a> {
    /// A link by which a password is set anew.
    PasswordReset {
        /// Whose.
        email: &'a str,
        /// The link.
        link: &'a str,
    },
    /// An invitation to an organization.
    Invitation {
        /// Who is invited.
        email: &'a str,
        /// The link.
        link: &'a str,
        /// The organization's name.
        organization: &'a str,
        /// Who invites.
        invited_by: &'a str,
        /// What the invited will be, in the mail's language.
        role: &'static str,
        /// The last day of the link, in the mail's language.
        until: String,
    },
}

/// The layout of the HTML part.
const LAYOUT: &str = include_str!("templates/layout.html");

impl Content<'_> {
    /// The mail's kind in the outbox.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::PasswordReset { .. } => "password_reset",
            Self::Invitation { .. } => "invitation",
        }
    }

    /// Its template: the subject in the first line, then the text.
    fn template(&self, language: &str) -> &'static str {
        match (self, language) {
            (Self::PasswordReset { .. }, "pl") => include_str!("templates/password_reset.pl.txt"),
            (Self::PasswordReset { .. }, "de") => include_str!("templates/password_reset.de.txt"),
            (Self::PasswordReset { .. }, _) => include_str!("templates/password_reset.en.txt"),
            (Self::Invitation { .. }, "pl") => include_str!("templates/invitation.pl.txt"),
            (Self::Invitation { .. }, "de") => include_str!("templates/invitation.de.txt"),
            (Self::Invitation { .. }, _) => include_str!("templates/invitation.en.txt"),
        }
    }

    const fn link(&self) -> &str {
        match self {
            Self::PasswordReset { link, .. } | Self::Invitation { link, .. } => link,
        }
    }

    /// Subject, text and HTML.
    pub(crate) fn written(&self, language: &str) -> Result<(String, String, String), AppError> {
        let environment = Environment::new();
        let whole = environment.render_named_str("mail.txt", self.template(language), self)?;
        let (subject, text) = whole.split_once('\n').unwrap_or((whole.as_str(), ""));
        let paragraphs: Vec<&str> = text.split("\n\n").map(str::trim).collect();
        // A name that ends in .html has what is filled in escaped.
        let html = environment.render_named_str(
            "layout.html",
            LAYOUT,
            context! { language, subject, paragraphs, link => self.link() },
        )?;
        Ok((subject.trim().to_owned(), format!("{}\n", text.trim()), html))
    }
}

impl App {
    /// A mail that is to be put into the outbox.
    pub(crate) fn mail(
        &self,
        now: Instant,
        organization: Option<OrganizationId>,
        recipient: &str,
        language: &str,
        content: &Content<'_>,
    ) -> Result<Mail, AppError> {
        let (subject, text, html) = content.written(language)?;
        Ok(Mail {
            id: MailId::new(now, self.entropy.bits()),
            organization,
            kind: content.kind().to_owned(),
            recipient: recipient.to_owned(),
            language: language.to_owned(),
            subject,
            text,
            html: Some(html),
            attachment: None,
            unsubscribe: None,
            created_at: now,
        })
    }
}

/// A role in words.
pub(crate) fn role_in(language: &str, role: Role) -> &'static str {
    match (role, language) {
        (Role::Administrator, _) => "Administrator",
        (Role::Manager, "pl") => "Menedżer",
        (Role::Manager, _) => "Manager",
        (Role::Analyst, "pl") => "Analityk",
        (Role::Analyst, _) => "Analyst",
        (Role::Operator, "de") => "Betreiber",
        (Role::Operator, _) => "Operator",
    }
}

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const POLISH: [&str; 12] = [
    "stycznia",
    "lutego",
    "marca",
    "kwietnia",
    "maja",
    "czerwca",
    "lipca",
    "sierpnia",
    "września",
    "października",
    "listopada",
    "grudnia",
];
const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// A date in words: `29 November 2026`.
pub(crate) fn date_in(language: &str, date: Date) -> String {
    let (names, dot) = match language {
        "pl" => (&POLISH, ""),
        "de" => (&GERMAN, "."),
        _ => (&ENGLISH, ""),
    };
    let place = usize::try_from(date.month().saturating_sub(1)).unwrap_or(0);
    let month = names.get(place).copied().unwrap_or_default();
    format!("{}{dot} {month} {}", date.day(), date.year())
}
