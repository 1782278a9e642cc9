//! How long a log-in lasts.

use crate::Instant;

/// A log-in that is not used for this long has ended, in microseconds: 12 hours.
pub const IDLE_US: i64 = 12 * 3_600 * 1_000_000;
/// A log-in ends after this long however much it is used, in microseconds: 30 days.
pub const LONGEST_US: i64 = 30 * 24 * 3_600 * 1_000_000;
/// A use is written down when the last one that was is this old, in microseconds: one minute.
pub const WRITTEN_EVERY_US: i64 = 60 * 1_000_000;

/// When a log-in of `created` that was last used at `used` ends if it is not used again.
///
/// ```
/// use tenure_domain::{Instant, session};
/// let noon = Instant::from_seconds(1_790_000_000);
/// assert_eq!(session::ends_at(noon, noon), noon.plus_seconds(12 * 3_600));
/// ```
#[must_use]
pub fn ends_at(created: Instant, used: Instant) -> Instant {
    used.plus_micros(IDLE_US).min(created.plus_micros(LONGEST_US))
}

/// Whether it still counts at `now`.
#[must_use]
pub fn lasts(created: Instant, used: Instant, now: Instant) -> bool {
    now < ends_at(created, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_log_in_ends_after_twelve_hours_and_a_used_one_after_thirty_days() {
        let created = Instant::from_seconds(1_790_000_000);
        let used = created.plus_seconds(3 * 24 * 3_600);
        let idle = used.plus_seconds(12 * 3_600);
        assert!(lasts(created, used, idle.plus_micros(-1)));
        assert!(!lasts(created, used, idle));
        assert!(!lasts(created, used, idle.plus_micros(1)));
        let last = created.plus_seconds(30 * 24 * 3_600);
        let used = last.plus_micros(-2);
        assert!(lasts(created, used, last.plus_micros(-1)));
        assert!(!lasts(created, used, last));
        assert!(!lasts(created, used, last.plus_micros(1)));
    }
}
