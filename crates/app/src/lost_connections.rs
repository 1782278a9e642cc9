//! Finding who is silent: lost connections are due facts (R27).

use tenure_domain::alert::{Open, Positions};
use tenure_domain::{AlertId, Instant};
use tenure_store::alerts::{self, NewAlert, Step};
use tenure_store::{alert_rules, lost_connections};

use crate::{App, AppError};

/// How long after its instant, in microseconds, a lost connection is told: a message that arrived in time may still
/// be on its way into the database.
const PATIENCE_US: i64 = 30 * 1_000_000;

/// As many are found at once at the most; the others in the next round.
const MOST_AT_ONCE: u32 = 10_000;

impl App {
    /// Opens the alerts of sensors that have been silent for as long as a rule says, with the instants at which they
    /// became due, and closes those of sensors that were heard meanwhile; returns how many it opened.
    ///
    /// `heard_since` is when the service began to hear: silence before it is the service's own.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn find_lost_connections(&self, heard_since: Instant) -> Result<u64, AppError> {
        let now = self.clock.now();
        let by = now.plus_micros(-PATIENCE_US);
        let mut tx = self.db.read().await?;
        let silent = lost_connections::silent(&mut tx, by, heard_since, MOST_AT_ONCE).await?;
        let heard = lost_connections::heard_again(&mut tx).await?;
        tx.roll_back().await?;
        let mut lost: Vec<NewAlert> = Vec::new();
        let mut rules = std::collections::BTreeMap::new();
        for silent in &silent {
            let due = silent.rule.condition.silence_us().and_then(|silence| silent.silence.lost_at(silence));
            let Some(since) = due.filter(|due| *due <= by) else { continue };
            let open = Open { since, over: Positions::default(), worst: None };
            let id = AlertId::new(now, self.entropy.bits());
            rules.insert(silent.rule.id, silent.rule.rev);
            lost.push(NewAlert::opened(id, &silent.rule, silent.sensor, open));
        }
        if lost.is_empty() && heard.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        for (rule, rev) in rules {
            if !alert_rules::hold(&mut tx, rule, rev).await? {
                // It was changed a moment ago: the next round looks by the rule as it is now.
                lost.retain(|alert| alert.rule != rule);
            }
        }
        let steps: Vec<Step> =
            heard.into_iter().map(|(alert, at)| alert.after(alert.open, Some(at))).collect();
        alerts::step(&mut tx, &steps).await?;
        let opened = alerts::insert(&mut tx, &lost).await?;
        tx.commit().await?;
        Ok(opened)
    }
}
