//! Mail over SMTP (RFC 5321).

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tenure_store::outbox::{Attachment, Mail};

use super::{Delivery, Handing, Mailer, message};

/// How long the server may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The address of a mail server cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a mail server is written smtp://USER:PASSWORD@HOST:PORT or smtps://…: {0}")]
pub struct SmtpUrlError(#[from] lettre::transport::smtp::Error);

/// A mail server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl SmtpMailer {
    /// The server at `smtps://…`, which speaks TLS from the first byte on (port 465), or at `smtp://…`, which
    /// changes to TLS where it offers to (port 587). Name and password stand in the address, percent-encoded.
    ///
    /// # Errors
    ///
    /// [`SmtpUrlError`] when it is no such address.
    pub fn new(url: &str, sender: Mailbox) -> Result<Self, SmtpUrlError> {
        let opportunistic = format!("{url}?tls=opportunistic");
        let url = if url.starts_with("smtp://") && !url.contains('?') { &opportunistic } else { url };
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?.timeout(Some(ANSWER_WITHIN)).build();
        Ok(Self { transport, sender })
    }
}

impl Mailer for SmtpMailer {
    fn hand_over<'a>(&'a self, mail: &'a Mail, attachment: Option<&'a Attachment>) -> Handing<'a> {
        Box::pin(async move {
            let message = match message(mail, attachment, &self.sender) {
                Ok(message) => message,
                Err(error) => return Delivery::Never(error.to_string()),
            };
            match self.transport.send(message).await {
                Ok(response) => {
                    let words: Vec<&str> = response.message().collect();
                    Delivery::Taken(format!("{} {}", response.code(), words.join(" ")))
                }
                Err(error) if error.is_permanent() => Delivery::Never(told(&error)),
                Err(error) => Delivery::Later(told(&error)),
            }
        })
    }
}

/// An error with what is behind it.
fn told(error: &lettre::transport::smtp::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
