//! Mail: what is written into the outbox, and who carries it away.
//!
//! A use case writes a mail in the transaction that decides it (R33). [`run_mail`](crate::App::run_mail) sends what is
//! there: it leases mails, hands them to a [`Mailer`], and tries again later what did not work out, waiting longer each time.

mod compose;
mod content;
mod dates;
mod document;
mod facts;
mod folder;
mod list;
mod measured;
mod message;
mod plural;
mod post;
mod preview;
mod samples;
mod smtp;
mod templates;
#[cfg(test)]
mod tests;
mod words;
mod worker;
#[cfg(test)]
mod written;

use std::pin::Pin;

use tenure_domain::Instant;
use tenure_store::outbox::{Attachment, Mail};

pub(crate) use content::{Alerts, CodeRevoked, Content, Expirations, Expiring, Happening, PoolLow, TestMail};
pub use folder::FolderMailer;
pub use lettre::message::Mailbox;
pub use message::UnfitMail;
use message::message;
pub use preview::{Preview, PreviewError, preview};
pub use smtp::{SmtpMailer, SmtpUrlError};
pub use templates::{TemplateError, Templates};
#[cfg(test)]
pub(crate) use words::at_end_in;
pub(crate) use worker::{MOST_ATTEMPTS, wait_after};

/// What has become of a mail that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken, with these words.
    Taken(String),
    /// It was not taken now, for this reason: an answer of the kind 4xx, a connection that was lost, no answer in
    /// time, or the service itself is refused, which an operator can mend.
    Later(String),
    /// It will never be taken, for this reason: an answer of the kind 5xx about this mail or its recipient, or an
    /// address that cannot be.
    Never(String),
    /// Nothing can be handed over now, for this reason: no connection, or the log-in is refused. It says nothing
    /// about the mail.
    Unreachable(String),
}

/// The future of a delivery.
pub type Handing<'a> = Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;

/// The future of a rest.
pub type Resting<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Who carries mail away.
pub trait Mailer: Send + Sync {
    /// Hands a mail over. It may be called again with the same mail, whose identifier makes its Message-ID.
    fn hand_over<'a>(&'a self, mail: &'a Mail, attachment: Option<&'a Attachment>) -> Handing<'a>;

    /// Nothing is to be handed over for a while: a connection that is open may be closed.
    fn rest(&self) -> Resting<'_> {
        Box::pin(std::future::ready(()))
    }
}

/// When something that lasts this long from `now` on ends.
pub(crate) const fn in_hours(now: Instant, hours: i64) -> Instant {
    now.plus_seconds(hours * 3_600)
}
