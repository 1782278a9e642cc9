//! A mail in the form that goes over the wire (RFC 5322).

use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use lettre::message::header::{ContentType, ContentTypeErr, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use tenure_store::outbox::{Attachment, Mail};

/// How many bytes an encoded word holds: it is 75 characters long at the most (RFC 2047 §2).
const ENCODED_WORD: usize = 45;

/// The Message-ID of a mail, which is the same each time it is sent (RFC 5322 §3.6.4).
fn message_id(mail: &Mail, sender: &Mailbox) -> String {
    format!("<{}@{}>", mail.id, sender.email.domain())
}

/// A header whose value is ASCII and goes out as it stands, however long it is.
fn plain(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

/// The mail as it goes over the wire.
pub(super) fn message(
    mail: &Mail,
    attachment: Option<&Attachment>,
    sender: &Mailbox,
) -> Result<lettre::Message, UnfitMail> {
    let micros = mail.created_at.as_micros().max(0).unsigned_abs();
    let mut message = lettre::Message::builder()
        .from(sender.clone())
        .to(mail.recipient.parse().map_err(UnfitMail::Recipient)?)
        .message_id(Some(message_id(mail, sender)))
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
        // No out-of-office answers (RFC 3834 §5).
        .raw_header(plain("Auto-Submitted", "auto-generated".to_owned()));
    message = match encoded_words(&mail.subject) {
        Some(encoded) => message.raw_header(HeaderValue::dangerous_new_pre_encoded(
            HeaderName::new_from_ascii_str("Subject"),
            mail.subject.clone(),
            encoded,
        )),
        None => message.subject(mail.subject.clone()),
    };
    if let Some(address) = mail.unsubscribe.as_deref().filter(|address| can_stand_in_a_header(address)) {
        message = message.raw_header(plain("List-Unsubscribe", format!("<{address}>")));
        if address.starts_with("https://") {
            // One click is a request that the mail program makes by itself (RFC 8058 §3.1).
            let one_click = "List-Unsubscribe=One-Click".to_owned();
            message = message.raw_header(plain("List-Unsubscribe-Post", one_click));
        }
    }
    let html = mail.html.clone().unwrap_or_default();
    let body = MultiPart::alternative_plain_html(mail.text.clone(), html);
    let message = match attachment {
        Some(attachment) => {
            let kind = ContentType::parse(&attachment.content_type).map_err(UnfitMail::Attachment)?;
            let part = lettre::message::Attachment::new(attachment.name.clone());
            let part = part.body(attachment.body.clone(), kind);
            message.multipart(MultiPart::mixed().multipart(body).singlepart(part))
        }
        None => message.multipart(body),
    };
    message.map_err(UnfitMail::Message)
}

/// The subject as encoded words (RFC 2047 §5), unless it is plain ASCII.
///
/// All of it is encoded, and here: what the library leaves in between loses spaces that stand together, and a name such
/// as `=?utf-8?q?x?=` would be read as an x.
fn encoded_words(subject: &str) -> Option<String> {
    if subject.is_ascii() && !subject.contains("=?") && !subject.contains("  ") {
        return None;
    }
    let mut words = vec![String::new()];
    for letter in subject.chars() {
        match words.last_mut() {
            Some(word) if word.len() + letter.len_utf8() <= ENCODED_WORD => word.push(letter),
            _ => words.push(letter.to_string()),
        }
    }
    let encoded = words.iter().map(|word| format!("=?utf-8?b?{}?=", BASE64.encode(word.as_bytes())));
    Some(encoded.collect::<Vec<_>>().join("\r\n "))
}

/// Whether an address can stand in a header as it is: visible ASCII, and no angle bracket.
fn can_stand_in_a_header(address: &str) -> bool {
    address.len() < 900 && address.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

/// A mail that cannot be put into the form that goes over the wire.
#[derive(Debug, thiserror::Error)]
pub enum UnfitMail {
    /// The recipient's address is none.
    #[error("the recipient's address cannot be: {0}")]
    Recipient(lettre::address::AddressError),
    /// What is attached has a media type that is none.
    #[error("what is attached has no type: {0}")]
    Attachment(ContentTypeErr),
    /// Something else.
    #[error("{0}")]
    Message(lettre::error::Error),
}
