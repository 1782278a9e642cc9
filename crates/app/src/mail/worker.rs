//! The worker that hands the outbox's mail over.

use std::time::Duration;

use tenure_domain::Instant;
use tenure_store::outbox::{self, Attachment, Mail, Posted, State};
use tokio::sync::watch;

use super::{Delivery, Mailer};
use crate::{App, AppError};

/// How often the worker looks whether there is mail.
const TICK: Duration = Duration::from_secs(1);
/// How long a worker has for the mails that it has leased, in microseconds: 10 minutes.
const LEASE_US: i64 = 600 * 1_000_000;
/// How many mails are leased at once.
const AT_ONCE: u32 = 4;
/// How long handing one mail over may take.
const LONGEST: Duration = Duration::from_secs(240);
/// The same in microseconds: what has to be left of a lease when a mail is begun.
const LONGEST_US: i64 = 240 * 1_000_000;
/// How long the worker waits after the first failure, in microseconds: about 30 seconds, and twice as long each time.
const FIRST_WAIT_US: i64 = 30 * 1_000_000;
/// The longest that it waits, in microseconds: 2 hours.
const LONGEST_WAIT_US: i64 = 2 * 3_600 * 1_000_000;
/// After how many attempts it gives a mail up: about three days.
pub(crate) const MOST_ATTEMPTS: u32 = 56;
/// The longest that it waits for a mail server that cannot be reached, in microseconds: 5 minutes.
const LONGEST_OUTAGE_US: i64 = 300 * 1_000_000;
/// How often it tries to write down what has become of a mail.
const WRITE_ATTEMPTS: u32 = 10;
/// How long a mail that is sent or has failed is remembered, in microseconds: 90 days.
const REMEMBERED_US: i64 = 90 * 24 * 3_600 * 1_000_000;

/// What a worker did in one look at the outbox.
#[derive(Debug, Default)]
struct Round {
    /// How many mails it handed over, taken or not.
    tried: usize,
    /// Why none can be handed over now, if that is so.
    unreachable: Option<String>,
}

/// A mail server that cannot be reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    /// How often it could not be reached.
    failures: u32,
    /// When it is tried again.
    until: Instant,
}

impl Outage {
    /// The outage after one more failure.
    pub(super) fn after(before: Option<Self>, now: Instant, random: u128) -> Self {
        let failures = before.map_or(1, |outage| outage.failures.saturating_add(1));
        let wait = wait_after(failures, random).min(LONGEST_OUTAGE_US);
        Self { failures, until: now.plus_micros(wait) }
    }

    /// Whether it is not tried yet. A clock that has stepped back does not make the wait longer.
    pub(super) fn goes_on(self, now: Instant) -> bool {
        now < self.until && self.until <= now.plus_micros(LONGEST_OUTAGE_US)
    }
}

impl App {
    /// Sends the mail that is to be sent now, and returns how many were tried. `worker` is a name that no other
    /// worker has.
    ///
    /// # Errors
    ///
    /// Those of the store; what is leased then is tried again when its lease runs out.
    pub async fn send_mail(&self, mailer: &dyn Mailer, worker: &str) -> Result<usize, AppError> {
        Ok(self.mail_round(mailer, worker, &|| false).await?.tried)
    }

    /// Leases some mails and hands them over, until one cannot be as the server is away, or `stopped`.
    async fn mail_round(
        &self,
        mailer: &dyn Mailer,
        worker: &str,
        stopped: &(dyn Fn() -> bool + Sync),
    ) -> Result<Round, AppError> {
        let now = self.people_now();
        let mut tx = self.db.read().await?;
        let due = outbox::any_due::<Mail>(&mut tx, now).await?;
        tx.roll_back().await?;
        if !due {
            return Ok(Round::default());
        }
        let until = now.plus_micros(LEASE_US);
        let mut tx = self.db.begin().await?;
        let leased = outbox::lease::<Mail>(&mut tx, worker, now, until, AT_ONCE).await?;
        tx.commit().await?;
        let mut round = Round::default();
        let mut left = leased.iter();
        for posted in left.by_ref() {
            let attachment = self.attachment_of(&posted.post).await?;
            let handing = mailer.hand_over(&posted.post, attachment.as_ref());
            let handed = tokio::time::timeout(LONGEST, handing).await;
            let delivery = handed.unwrap_or_else(|_| Delivery::Later("it took too long".to_owned()));
            if let Delivery::Unreachable(reason) = delivery {
                self.give_back(worker, &[posted], Some(&reason)).await?;
                round.unreachable = Some(reason);
                break;
            }
            self.write_down(posted, worker, &delivery).await?;
            round.tried += 1;
            // A mail that is begun late could still be on its way when its lease is another's.
            if stopped() || self.people_now() > until.plus_micros(-LONGEST_US) {
                break;
            }
        }
        let left: Vec<&Posted> = left.collect();
        self.give_back(worker, &left, round.unreachable.as_deref()).await?;
        Ok(round)
    }

    async fn attachment_of(&self, mail: &Mail) -> Result<Option<Attachment>, AppError> {
        let Some(id) = mail.attachment else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let attachment = outbox::attachment(&mut tx, id).await?;
        tx.roll_back().await?;
        Ok(attachment)
    }

    /// Gives back what is leased and was not tried: it does not count as an attempt.
    async fn give_back(&self, worker: &str, left: &[&Posted], reason: Option<&str>) -> Result<(), AppError> {
        if left.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for posted in left {
            outbox::give_back(&mut tx, worker, posted.post.id, reason).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Writes down what has become of a mail. A database that is away for a moment does not make it arrive twice.
    async fn write_down(&self, posted: &Posted, worker: &str, delivery: &Delivery) -> Result<(), AppError> {
        let mut attempts = 1;
        loop {
            match self.try_to_write_down(posted, worker, delivery).await {
                Err(error) if attempts < WRITE_ATTEMPTS => {
                    tracing::warn!(%error, id = %posted.post.id, "could not write down what has become of a mail");
                    attempts += 1;
                    tokio::time::sleep(TICK).await;
                }
                written => return written,
            }
        }
    }

    async fn try_to_write_down(
        &self,
        posted: &Posted,
        worker: &str,
        delivery: &Delivery,
    ) -> Result<(), AppError> {
        let now = self.people_now();
        let Mail { id, kind, .. } = &posted.post;
        let (state, next_try, reply) = match delivery {
            Delivery::Taken(reply) => (State::Sent, now, reply),
            Delivery::Later(reply) | Delivery::Unreachable(reply) if posted.attempts < MOST_ATTEMPTS => {
                let wait = wait_after(posted.attempts, self.entropy.bits());
                tracing::warn!(%id, kind, reply, "a mail was not taken; trying again in {} s", wait / 1_000_000);
                (State::Queued, now.plus_micros(wait), reply)
            }
            Delivery::Later(reply) | Delivery::Never(reply) | Delivery::Unreachable(reply) => {
                tracing::error!(%id, kind, reply, "a mail cannot be sent");
                (State::Failed, now, reply)
            }
        };
        let mut tx = self.db.begin().await?;
        outbox::settle(&mut tx, worker, *id, (state, next_try), now, reply).await?;
        Ok(tx.commit().await?)
    }

    /// Sends mail until `stop` is told; the mail in hand is finished then.
    ///
    /// While the mail server cannot be reached it waits, and longer each time up to 5 minutes: mails keep their
    /// attempts for answers that are about them.
    pub async fn run_mail(&self, mailer: &dyn Mailer, mut stop: watch::Receiver<bool>) {
        let worker = format!("{:032x}", self.entropy.bits());
        let told = stop.clone();
        let stopped = move || *told.borrow();
        let mut outage: Option<Outage> = None;
        loop {
            if outage.is_none_or(|outage| !outage.goes_on(self.people_now())) {
                match self.mail_round(mailer, &worker, &stopped).await {
                    Ok(Round { unreachable: Some(reason), .. }) => {
                        let now = self.people_now();
                        let next = Outage::after(outage, now, self.entropy.bits());
                        let failures = next.failures;
                        tracing::error!(
                            reason,
                            failures,
                            "no mail can be handed over; trying again at {}",
                            next.until
                        );
                        outage = Some(next);
                    }
                    Ok(Round { tried: 0, .. }) => mailer.rest().await,
                    // There may be more.
                    Ok(_) => {
                        outage = None;
                        if !stopped() {
                            continue;
                        }
                    }
                    Err(error) => tracing::warn!(%error, "could not look after the mail; trying again"),
                }
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        mailer.rest().await;
    }

    /// Forgets mail of long ago that is sent or has failed.
    pub(crate) async fn forget_old_mail(&self, tx: &mut tenure_store::Tx) -> Result<(), AppError> {
        outbox::forget_old(tx, self.people_now().plus_micros(-REMEMBERED_US)).await?;
        Ok(())
    }
}

/// How long to wait after so many attempts, in microseconds: half of the full wait and a random part of the other
/// half, so that many mails, and many nodes, do not come back together.
pub(crate) fn wait_after(attempts: u32, random: u128) -> i64 {
    let doublings = attempts.saturating_sub(1).min(16);
    let full = FIRST_WAIT_US.saturating_mul(1_i64 << doublings).min(LONGEST_WAIT_US);
    let half = full / 2;
    let part = i64::try_from(random % 1_000).unwrap_or(0);
    half + half / 1_000 * part
}
