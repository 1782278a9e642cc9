//! Mail: what is written into the outbox, and who carries it away.
//!
//! A use case writes a mail in the transaction that decides it (R33). [`App::run_mail`] sends what is there: it leases
//! mails, hands them to a [`Mailer`], and tries again later what did not work out, waiting longer each time.

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
mod preview;
mod samples;
mod smtp;
mod templates;
#[cfg(test)]
mod tests;
mod words;
#[cfg(test)]
mod written;

use std::pin::Pin;
use std::time::Duration;

use tenure_domain::Instant;
use tenure_store::outbox::{self, Attachment, Mail, Posted, State};
use tokio::sync::watch;

use crate::{App, AppError};

#[allow(unused_imports, reason = "those who decide such mails come next")]
pub(crate) use content::{Alerts, CodeRevoked, Content, Expirations, Expiring, Happening, PoolLow, TestMail};
#[allow(unused_imports, reason = "as above")]
pub(crate) use dates::date_in;
pub use folder::FolderMailer;
pub use lettre::message::Mailbox;
pub use message::UnfitMail;
use message::message;
pub use preview::{Preview, PreviewError, preview};
pub use smtp::{SmtpMailer, SmtpUrlError};
pub use templates::{TemplateError, Templates};
#[allow(unused_imports, reason = "as above")]
pub(crate) use words::at_end_in;

/// How often the worker looks whether there is mail.
const TICK: Duration = Duration::from_secs(1);
/// How long a worker has for the mails that it has leased, in microseconds: 10 minutes.
const LEASE_US: i64 = 600 * 1_000_000;
/// How many mails are leased at once: each has its share of the lease.
const AT_ONCE: u32 = 4;
/// How long handing one mail over may take.
const LONGEST: Duration = Duration::from_secs(120);
/// How long the worker waits after the first failure, in microseconds: about 30 seconds, and twice as long each time.
const FIRST_WAIT_US: i64 = 30 * 1_000_000;
/// The longest that it waits, in microseconds: 2 hours.
const LONGEST_WAIT_US: i64 = 2 * 3_600 * 1_000_000;
/// After how many attempts it gives up: about a day.
const MOST_ATTEMPTS: u32 = 20;
/// How long a mail that is sent or has failed is remembered, in microseconds: 90 days.
const REMEMBERED_US: i64 = 90 * 24 * 3_600 * 1_000_000;

/// What has become of a mail that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken, with these words.
    Taken(String),
    /// It was not taken now, for this reason: no connection, or an answer of the kind 4xx.
    Later(String),
    /// It will never be taken, for this reason: an answer of the kind 5xx, or an address that cannot be.
    Never(String),
}

/// The future of a delivery.
pub type Handing<'a> = Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;

/// Who carries mail away.
pub trait Mailer: Send + Sync {
    /// Hands a mail over. It may be called again with the same mail, whose identifier makes its Message-ID.
    fn hand_over<'a>(&'a self, mail: &'a Mail, attachment: Option<&'a Attachment>) -> Handing<'a>;
}

impl App {
    /// Sends the mail that is to be sent now, and returns how many were tried. `worker` is a name that no other
    /// worker has.
    ///
    /// # Errors
    ///
    /// Those of the store; what is leased then is tried again when its lease runs out.
    pub async fn send_mail(&self, mailer: &dyn Mailer, worker: &str) -> Result<usize, AppError> {
        let now = self.people_now();
        let mut tx = self.db.read().await?;
        let due = outbox::any_due::<Mail>(&mut tx, now).await?;
        tx.roll_back().await?;
        if !due {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        let until = now.plus_micros(LEASE_US);
        let leased = outbox::lease::<Mail>(&mut tx, worker, now, until, AT_ONCE).await?;
        tx.commit().await?;
        for posted in &leased {
            let attachment = self.attachment_of(&posted.post).await?;
            let handing = mailer.hand_over(&posted.post, attachment.as_ref());
            let handed = tokio::time::timeout(LONGEST, handing).await;
            let delivery = handed.unwrap_or_else(|_| Delivery::Later("it took too long".to_owned()));
            self.write_down(posted, worker, &delivery).await?;
        }
        Ok(leased.len())
    }

    async fn attachment_of(&self, mail: &Mail) -> Result<Option<Attachment>, AppError> {
        let Some(id) = mail.attachment else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let attachment = outbox::attachment(&mut tx, id).await?;
        tx.roll_back().await?;
        Ok(attachment)
    }

    async fn write_down(&self, posted: &Posted, worker: &str, delivery: &Delivery) -> Result<(), AppError> {
        let now = self.people_now();
        let Mail { id, kind, .. } = &posted.post;
        let (state, next_try, reply) = match delivery {
            Delivery::Taken(reply) => (State::Sent, now, reply),
            Delivery::Later(reply) if posted.attempts < MOST_ATTEMPTS => {
                let wait = wait_after(posted.attempts, self.entropy.bits());
                tracing::warn!(%id, kind, reply, "a mail was not taken; trying again in {} s", wait / 1_000_000);
                (State::Queued, now.plus_micros(wait), reply)
            }
            Delivery::Later(reply) | Delivery::Never(reply) => {
                tracing::error!(%id, kind, reply, "a mail cannot be sent");
                (State::Failed, now, reply)
            }
        };
        let mut tx = self.db.begin().await?;
        outbox::settle(&mut tx, worker, *id, (state, next_try), now, reply).await?;
        Ok(tx.commit().await?)
    }

    /// Sends mail until `stop` is told.
    pub async fn run_mail(&self, mailer: &dyn Mailer, mut stop: watch::Receiver<bool>) {
        let worker = format!("{:032x}", self.entropy.bits());
        loop {
            match self.send_mail(mailer, &worker).await {
                Ok(0) => {}
                // There may be more.
                Ok(_) if !*stop.borrow() => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "could not look after the mail; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Forgets mail of long ago that is sent or has failed.
    pub(crate) async fn forget_old_mail(&self, tx: &mut tenure_store::Tx) -> Result<(), AppError> {
        outbox::forget_old(tx, self.people_now().plus_micros(-REMEMBERED_US)).await?;
        Ok(())
    }
}

/// How long to wait after so many attempts, in microseconds: half of the full wait and a random part of the other
/// half, so that many mails, and many nodes, do not come back together.
fn wait_after(attempts: u32, random: u128) -> i64 {
    let doublings = attempts.saturating_sub(1).min(16);
    let full = FIRST_WAIT_US.saturating_mul(1_i64 << doublings).min(LONGEST_WAIT_US);
    let half = full / 2;
    let part = i64::try_from(random % 1_000).unwrap_or(0);
    half + half / 1_000 * part
}

/// When something that lasts this long from `now` on ends.
pub(crate) const fn in_hours(now: Instant, hours: i64) -> Instant {
    now.plus_seconds(hours * 3_600)
}
