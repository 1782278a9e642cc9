//! Mails as they would be sent, made of samples.

use lettre::message::Mailbox;
use tenure_domain::{AttachmentId, MailId};
use tenure_store::outbox::{Attachment, Mail};

use super::content::Content;
use super::document::Links;
use super::message;
use super::message::UnfitMail;
use super::samples;
use super::templates::Templates;
use crate::AppError;

/// A mail that is shown.
#[derive(Debug)]
pub struct Preview {
    /// What it is and in which language, fit for the name of a file: `month_before-5.en`.
    pub name: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// The whole mail as it goes over the wire (RFC 5322).
    pub message: Vec<u8>,
}

/// A mail could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// A built-in template is broken.
    #[error(transparent)]
    Unwritten(#[from] AppError),
    /// It cannot be put into the form that goes over the wire.
    #[error(transparent)]
    Unfit(#[from] UnfitMail),
}

/// All mails in a language, written from samples.
///
/// # Errors
///
/// [`PreviewError`] for what would be a mistake of the service itself.
pub fn preview(
    templates: &Templates,
    sender: &Mailbox,
    language: &str,
) -> Result<Vec<Preview>, PreviewError> {
    let mut previews = Vec::new();
    let mut number = 0;
    samples::each(&mut |name, content| {
        number += 1;
        previews.push(shown(templates, sender, language, (name, number), content)?);
        Ok::<(), PreviewError>(())
    })?;
    Ok(previews)
}

/// One mail, of this name and number.
pub(super) fn shown(
    templates: &Templates,
    sender: &Mailbox,
    language: &str,
    (name, number): (&str, u128),
    content: &Content<'_>,
) -> Result<Preview, PreviewError> {
    let unsubscribe = content.can_be_stopped().then_some(samples::STOP);
    let written = templates.write(language, content, Links { place: samples::PLACE, unsubscribe })?;
    let attachment = content.list(language).map(|file| Attachment {
        id: AttachmentId::new(samples::NOW, number),
        name: file.name,
        content_type: file.content_type.to_owned(),
        body: file.body,
    });
    let mail = Mail {
        id: MailId::new(samples::NOW, number),
        organization: None,
        kind: content.kind().to_owned(),
        recipient: "ana@harbor.example".to_owned(),
        language: language.to_owned(),
        subject: written.subject,
        text: written.text,
        html: Some(written.html),
        attachment: attachment.as_ref().map(|attachment| attachment.id),
        unsubscribe: unsubscribe.map(str::to_owned),
        created_at: samples::NOW,
    };
    let message = message(&mail, attachment.as_ref(), sender)?;
    Ok(Preview {
        name: format!("{name}.{language}"),
        subject: mail.subject,
        text: mail.text,
        html: mail.html.unwrap_or_default(),
        message: message.formatted(),
    })
}
