//! Limits on guessing activation codes (R4), passwords and one-time codes.

use crate::{Instant, Refusal};

/// How long a failed redemption counts, in microseconds: one hour.
pub const WINDOW_US: i64 = 3_600 * 1_000_000;

/// How many failures an hour one user may have.
pub const PER_USER: u32 = 10;
/// How many failures an hour one organization may have.
pub const PER_ORGANIZATION: u32 = 20;
/// How many failures an hour may come from one address.
pub const PER_ADDRESS: u32 = 30;

/// How many failed log-ins an hour one e-mail address may have.
pub const LOG_INS_PER_EMAIL: u32 = 10;
/// How many failed log-ins an hour may come from one network address.
pub const LOG_INS_PER_ADDRESS: u32 = 30;

/// Refuses an attempt at `now` while the failure that fills the limit (the tenth latest of a user, say) is
/// less than an hour old.
///
/// # Errors
///
/// [`Refusal::TooManyAttempts`] with the instant from which attempts are heard again.
pub fn check(failure_at_limit: Option<Instant>, now: Instant) -> Result<(), Refusal> {
    heard_again(failure_at_limit, now).map_or(Ok(()), |retry_at| Err(Refusal::TooManyAttempts { retry_at }))
}

/// As [`check`], for an attempt to log in.
///
/// # Errors
///
/// [`Refusal::TooManyLogIns`] with the instant from which log-ins are heard again.
pub fn check_log_in(failure_at_limit: Option<Instant>, now: Instant) -> Result<(), Refusal> {
    heard_again(failure_at_limit, now).map_or(Ok(()), |retry_at| Err(Refusal::TooManyLogIns { retry_at }))
}

/// How many test mails an hour one user may ask for.
pub const TEST_MAILS_PER_USER: u32 = 5;

/// As [`check`], for a test mail; what counts is each test mail, not only one that fails.
///
/// # Errors
///
/// [`Refusal::TooManyTestMails`] with the instant from which the next one is sent.
pub fn check_test_mail(mail_at_limit: Option<Instant>, now: Instant) -> Result<(), Refusal> {
    heard_again(mail_at_limit, now).map_or(Ok(()), |retry_at| Err(Refusal::TooManyTestMails { retry_at }))
}

/// When an attempt is heard again, if it is not heard at `now`.
fn heard_again(failure_at_limit: Option<Instant>, now: Instant) -> Option<Instant> {
    failure_at_limit.map(|failure| failure.plus_micros(WINDOW_US)).filter(|retry_at| now < *retry_at)
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
        assert_eq!(
            check_log_in(Some(failure), retry_at.plus_micros(-1)),
            Err(Refusal::TooManyLogIns { retry_at })
        );
        assert_eq!(check_log_in(Some(failure), retry_at), Ok(()));
        assert_eq!(
            check_test_mail(Some(failure), retry_at.plus_micros(-1)),
            Err(Refusal::TooManyTestMails { retry_at })
        );
        assert_eq!(check_test_mail(Some(failure), retry_at), Ok(()));
    }
}
