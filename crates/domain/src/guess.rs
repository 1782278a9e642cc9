//! Limits on guessing activation codes (R4).

use crate::{Instant, Refusal};

/// How long a failed redemption counts, in microseconds: one hour.
pub const WINDOW_US: i64 = 3_600 * 1_000_000;

/// How many failures an hour one user may have.
pub const PER_USER: u32 = 10;
/// How many failures an hour one organization may have.
pub const PER_ORGANIZATION: u32 = 20;
/// How many failures an hour may come from one address.
pub const PER_ADDRESS: u32 = 30;

/// Refuses an attempt at `now` while the failure that fills the limit (the tenth latest of a user, say) is
/// less than an hour old.
///
/// # Errors
///
/// [`Refusal::TooManyAttempts`] with the instant from which attempts are heard again.
pub fn check(failure_at_limit: Option<Instant>, now: Instant) -> Result<(), Refusal> {
    match failure_at_limit.map(|failure| failure.plus_micros(WINDOW_US)) {
        Some(retry_at) if now < retry_at => Err(Refusal::TooManyAttempts { retry_at }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r4_an_attempt_is_heard_again_an_hour_after_the_failure_that_filled_the_limit() {
        let failure = Instant::from_seconds(1_000_000);
        let retry_at = failure.plus_seconds(3_600);
        let refused = Err(Refusal::TooManyAttempts { retry_at });
        assert_eq!(check(Some(failure), failure), refused);
        assert_eq!(check(Some(failure), retry_at.plus_micros(-1)), refused);
        assert_eq!(check(Some(failure), retry_at), Ok(()));
        assert_eq!(check(Some(failure), retry_at.plus_micros(1)), Ok(()));
        assert_eq!(check(None, failure), Ok(()));
    }
}
