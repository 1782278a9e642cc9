//! Mails as they are put into the outbox.

use tenure_domain::{AttachmentId, Instant, MailId, OrganizationId};
use tenure_store::outbox::{Attachment, Mail};

use super::content::Content;
use super::document::Links;
use crate::{App, AppError};

impl App {
    /// A mail that is to be put into the outbox. `unsubscribe` is the address that stops such mails of this recipient
    /// (RFC 8058), if they can be stopped.
    ///
    /// What belongs to it as a file is made once for all recipients of one language, by [`App::attachment`]; whoever
    /// calls keeps it and names it in the mail.
    pub(crate) fn mail(
        &self,
        now: Instant,
        organization: Option<OrganizationId>,
        recipient: &str,
        language: &str,
        content: &Content<'_>,
        unsubscribe: Option<&str>,
    ) -> Result<Mail, AppError> {
        let links = Links { place: self.public_url(), unsubscribe };
        let written = self.templates().write(language, content, links)?;
        Ok(Mail {
            id: MailId::new(now, self.entropy.bits()),
            organization,
            kind: content.kind().to_owned(),
            recipient: recipient.to_owned(),
            language: language.to_owned(),
            subject: written.subject,
            text: written.text,
            html: Some(written.html),
            attachment: None,
            unsubscribe: unsubscribe.map(str::to_owned),
            created_at: now,
        })
    }

    /// The list that mails of this content carry, if they carry one: the same for all recipients of one language.
    pub(crate) fn attachment(
        &self,
        now: Instant,
        language: &str,
        content: &Content<'_>,
    ) -> Option<Attachment> {
        let file = content.list(language)?;
        Some(Attachment {
            id: AttachmentId::new(now, self.entropy.bits()),
            name: file.name,
            content_type: file.content_type.to_owned(),
            body: file.body,
        })
    }
}
