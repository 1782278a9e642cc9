//! The scheduler: settles what is due, also where nobody asks.

use std::time::Duration;

use tokio::sync::watch;

use crate::{Actor, App, AppError};

/// How often the scheduler looks at the clock. It looks at the wall clock each time, so a jump of it, as after a
/// suspended machine wakes, is noticed within this time.
const TICK: Duration = Duration::from_secs(1);

/// How many looks pass between two rounds of housekeeping: one a minute.
const TICKS_PER_ROUND: u32 = 60;

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

    /// Seals what has arrived, and forgets failed redemptions that count no more (R4).
    async fn keep_house(&self) -> Result<(), AppError> {
        self.seal_all().await?;
        let mut tx = self.db.begin().await?;
        tenure_store::guesses::forget_old(&mut tx, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Runs until `stop` is told, at once settling what an outage missed. With a clock that runs fast, `tick` is
    /// shorter than a second.
    pub async fn run_scheduler(&self, tick: Option<Duration>, mut stop: watch::Receiver<bool>) {
        let mut ticks = 0;
        loop {
            match self.settle_due().await {
                Ok(0) => {}
                Ok(organizations) => tracing::info!(organizations, "settled what was due"),
                Err(error) => tracing::warn!(%error, "could not settle what is due; trying again"),
            }
            ticks += 1;
            if ticks % TICKS_PER_ROUND == 0
                && let Err(error) = self.keep_house().await
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
