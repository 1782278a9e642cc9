//! Passwords: how they are hashed and looked at, and how often a wrong one is heard.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tenure_domain::guess::{LOG_INS_PER_ADDRESS, LOG_INS_PER_EMAIL, check_log_in};
use tenure_domain::{Instant, Refusal};
use tenure_store::guesses;

use crate::{App, AppError};

/// How many passwords are hashed at once: each takes 19 MiB and a processor.
pub(crate) const AT_ONCE: usize = 4;

/// An attempt to log in, which counts as one that failed until it is forgiven.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogInAttempt(i64);

impl App {
    /// The argon2id hash of a password, in PHC form.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] when it is shorter than 10 characters or longer than 200.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String, Refusal> {
        let expected = || Refusal::Invalid { field: "password", expected: "10 to 200 characters".to_owned() };
        if !(10..=200).contains(&password.chars().count()) {
            return Err(expected());
        }
        let (password, salt) = (password.to_owned(), self.entropy.bits().to_be_bytes());
        let _turn = self.hashing.acquire().await;
        let hashed = tokio::task::spawn_blocking(move || hash(&password, &salt)).await;
        hashed.ok().flatten().ok_or_else(expected)
    }

    /// Whether the password is the one of this hash; without a hash it is not, and takes the same time to say so.
    pub(crate) async fn is_right(&self, password: &str, kept: Option<&str>) -> bool {
        let (password, kept) = (password.to_owned(), kept.map(str::to_owned));
        let _turn = self.hashing.acquire().await;
        let looked = tokio::task::spawn_blocking(move || {
            let known = kept.is_some();
            let kept = kept.or_else(|| nobodys().clone()).unwrap_or_default();
            let right = PasswordHash::new(&kept)
                .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok());
            known && right
        });
        looked.await.unwrap_or(false)
    }

    /// Counts an attempt to log in with this e-mail address from this network address, before it is known whether
    /// its password is right: of many at once none finds a gap.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyLogIns`] when too many have failed within an hour.
    pub(crate) async fn begin_log_in(
        &self,
        now: Instant,
        email: &str,
        address: &str,
    ) -> Result<LogInAttempt, AppError> {
        let subjects = [
            (format!("email:{}", email.trim().to_lowercase()), LOG_INS_PER_EMAIL),
            (format!("address:{address}"), LOG_INS_PER_ADDRESS),
        ];
        let mut tx = self.db.begin().await?;
        let number = guesses::take_log_in(&mut tx).await?;
        // Of several limits that are reached, the one that opens last says when.
        let mut latest = None;
        for (subject, limit) in &subjects {
            latest = latest.max(guesses::log_in_at_limit(&mut tx, subject, *limit).await?);
        }
        check_log_in(latest, now)?;
        for (subject, _) in &subjects {
            guesses::record_log_in(&mut tx, number, subject, now).await?;
        }
        tx.commit().await?;
        Ok(LogInAttempt(number))
    }

    /// Counts an attempt no more: it was right.
    pub(crate) async fn forgive(&self, attempt: LogInAttempt) -> Result<(), AppError> {
        let mut tx = self.db.begin().await?;
        guesses::forgive_log_in(&mut tx, attempt.0).await?;
        Ok(tx.commit().await?)
    }
}

fn hash(password: &str, salt: &[u8]) -> Option<String> {
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), salt);
    hash.ok().map(|hash| hash.to_string())
}

/// The hash of nobody's password.
fn nobodys() -> &'static Option<String> {
    static HASH: OnceLock<Option<String>> = OnceLock::new();
    HASH.get_or_init(|| hash("nobody has this password", &[0; 16]))
}
