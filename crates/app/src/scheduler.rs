//! The scheduler: settles what is due, also where nobody asks, and tells of it and of alerts.

use std::time::Duration;

use tenure_domain::Instant;
use tokio::sync::watch;

use crate::{Actor, App, AppError};

/// How often the scheduler looks at the clock. It looks at the wall clock each time, so a jump of it, as after a
/// suspended machine wakes, is noticed within this time.
const TICK: Duration = Duration::from_secs(1);

/// How many looks pass between two rounds of housekeeping: one a minute.
const TICKS_PER_ROUND: u32 = 60;

/// A longer time between two looks, in microseconds, was an outage: the machine was suspended, or had no time for us.
const OUTAGE_US: i64 = 300 * 1_000_000;

/// Since when the service hears its sensors without a break.
struct Hearing {
    since: Instant,
    last_look: Instant,
}

impl Hearing {
    const fn begin(now: Instant) -> Self {
        Self { since: now, last_look: now }
    }

    /// Notices an outage, unless the clock is led.
    fn look(&mut self, now: Instant, led: bool) {
        if !led && now.micros_since(self.last_look) > OUTAGE_US {
            self.since = now;
        }
        self.last_look = now;
    }
}

impl App {
    /// Settles every organization in which something is due; returns how many there were.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn settle_due(&self) -> Result<usize, AppError> {
        let ctx = self.ctx(Actor::Service);
        let mut tx = self.db.read().await?;
        let due = tenure_store::organizations::due(&mut tx, ctx.now).await?;
        tx.roll_back().await?;
        for organization in &due {
            self.settle(&ctx, *organization).await?;
        }
        Ok(due.len())
    }

    /// Seals all messages that have arrived by now; returns how many.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn seal_all(&self) -> Result<usize, AppError> {
        let mut sealed = 0;
        loop {
            match self.db.seal_some().await? {
                0 => return Ok(sealed),
                some => sealed += some,
            }
            // Whoever waits for the writer goes first.
            tokio::task::yield_now().await;
        }
    }

    /// Seals what has arrived, finds who is silent (R27) and who is refused (R26), and forgets what counts no more:
    /// failed redemptions (R4) and failed log-ins, log-ins that have ended, links that have expired, mail that was
    /// sent long ago, which requests were carried out a day ago.
    async fn keep_house(&self, heard_since: Instant) -> Result<(), AppError> {
        self.seal_all().await?;
        let lost = self.find_lost_connections(heard_since).await?;
        if lost > 0 {
            tracing::info!(sensors = lost, "found lost connections");
        }
        let refused = self.tell_refusals().await?;
        if refused > 0 {
            tracing::info!(sensors = refused, "told webhooks of refused data");
        }
        let mut tx = self.db.begin().await?;
        let people_now = self.people_now();
        tenure_store::guesses::forget_old(&mut tx, self.clock.now()).await?;
        tenure_store::guesses::forget_old_log_ins(&mut tx, people_now).await?;
        tenure_store::sessions::forget_old(&mut tx, people_now).await?;
        tenure_store::invitations::forget_old(&mut tx, people_now).await?;
        self.forget_old_mail(&mut tx).await?;
        self.forget_keys(&mut tx).await?;
        tenure_store::webhooks::forget_refusals(&mut tx).await?;
        self.give_up_forwards(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps house at once, for whoever leads the clock by hand.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn keep_house_now(&self) -> Result<(), AppError> {
        self.keep_house(self.clock.now()).await
    }

    /// Runs until `stop` is told, at once settling what an outage missed. With a clock that runs fast, `tick` is
    /// shorter than a second.
    pub async fn run_scheduler(&self, tick: Option<Duration>, mut stop: watch::Receiver<bool>) {
        let mut ticks = 0;
        let mut hearing = Hearing::begin(self.clock.now());
        loop {
            hearing.look(self.clock.now(), self.clock.is_led());
            match self.settle_due().await {
                Ok(0) => {}
                Ok(organizations) => tracing::info!(organizations, "settled what was due"),
                Err(error) => tracing::warn!(%error, "could not settle what is due; trying again"),
            }
            match self.tell_due().await {
                Ok(0) => {}
                Ok(mails) => tracing::info!(mails, "wrote notices"),
                Err(error) => tracing::warn!(%error, "could not look for notices; trying again"),
            }
            match self.tell_alerts().await {
                Ok(0) => {}
                Ok(mails) => tracing::info!(mails, "told of alerts"),
                Err(error) => tracing::warn!(%error, "could not tell of alerts; trying again"),
            }
            ticks += 1;
            if ticks % TICKS_PER_ROUND == 0
                && let Err(error) = self.keep_house(hearing.since).await
            {
                tracing::warn!(%error, "could not seal what has arrived; trying again");
            }
            tokio::select! {
                () = tokio::time::sleep(tick.unwrap_or(TICK)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspended_machine_has_not_heard_its_sensors() {
        let start = Instant::from_seconds(1_900_000_000);
        let mut hearing = Hearing::begin(start);
        let mut now = start;
        for _ in 0..1_000 {
            now = now.plus_seconds(1);
            hearing.look(now, false);
        }
        now = now.plus_micros(OUTAGE_US);
        hearing.look(now, false);
        assert_eq!(hearing.since, start, "a slow look is no outage");
        hearing.look(now.plus_micros(OUTAGE_US + 1), true);
        assert_eq!(hearing.since, start, "nor is a clock that is led ahead");
        now = now.plus_seconds(8 * 3_600);
        hearing.look(now, false);
        assert_eq!(hearing.since, now);
    }
}
