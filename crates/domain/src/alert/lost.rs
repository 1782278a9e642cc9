//! Lost connections: due facts, found by the scheduler.

use crate::Instant;
use crate::standing::covers;

/// What is known of a sensor that is silent.
///
/// A sensor that was never seen has none: its silence begins with its first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// When its last message arrived, saved or refused (R27).
    pub last_seen: Instant,
    /// Since when the service has been there to hear it.
    pub heard_since: Instant,
    /// Since when it is covered.
    pub covered_from: Instant,
    /// When its chain ends.
    pub covered_until: Instant,
    /// Since when the rule is in force.
    pub ruled_since: Instant,
}

impl Silence {
    /// When the connection counts as lost if nothing comes, under a rule of so many microseconds; `None` when the
    /// sensor is not covered then (R27).
    ///
    /// The service's own outage is no silence of the sensor: the time begins anew with its start. What was silent for
    /// long enough before it was covered, or before there was the rule, is lost from then on.
    #[must_use]
    pub fn lost_at(&self, silence_us: i64) -> Option<Instant> {
        let due = self.last_seen.max(self.heard_since).plus_micros(silence_us);
        let due = due.max(self.covered_from).max(self.ruled_since);
        covers(self.covered_until, due).then_some(due)
    }
}
