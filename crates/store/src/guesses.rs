//! Failed redemptions (R4) and failed log-ins, which are limited.

use tenure_domain::Instant;
use tenure_domain::guess::WINDOW_US;

use crate::args::args;
use crate::counters::{self, Counter};
use crate::{StoreError, Tx};

/// The failure that fills a limit: the `limit`-th latest one of a subject, if there are so many.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn failure_at_limit(tx: &mut Tx, subject: &str, limit: u32) -> Result<Option<Instant>, StoreError> {
    let sql = "SELECT at_us FROM failed_redemptions WHERE subject = $1 ORDER BY at_us DESC LIMIT 1 OFFSET $2";
    let row = tx.one_or_none(sql, args![subject, limit.saturating_sub(1)]).await?;
    row.map(|row| row.instant("at_us")).transpose()
}

/// Counts a failure of a subject, and forgets those of it that count no more.
pub async fn record(tx: &mut Tx, subject: &str, now: Instant) -> Result<(), StoreError> {
    let old = "DELETE FROM failed_redemptions WHERE subject = $1 AND at_us <= $2";
    tx.execute(old, args![subject, now.plus_micros(-WINDOW_US)]).await?;
    tx.execute("INSERT INTO failed_redemptions (subject, at_us) VALUES ($1, $2)", args![subject, now])
        .await
        .map(drop)
}

/// Forgets all failed redemptions that count no more.
pub async fn forget_old(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM failed_redemptions WHERE at_us <= $1", args![now.plus_micros(-WINDOW_US)]).await
}

/// Forgets all failed log-ins that count no more.
pub async fn forget_old_log_ins(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM failed_log_ins WHERE at_us <= $1", args![now.plus_micros(-WINDOW_US)]).await
}

/// Takes the number of an attempt to log in. Until the transaction ends nobody else takes one, so what is counted
/// then is all there is.
pub async fn take_log_in(tx: &mut Tx) -> Result<i64, StoreError> {
    counters::take_in(tx, Counter::LogIn, 1).await
}

/// The failed log-in that fills a limit: the `limit`-th latest one of a subject, if there are so many.
pub async fn log_in_at_limit(tx: &mut Tx, subject: &str, limit: u32) -> Result<Option<Instant>, StoreError> {
    let sql = "SELECT at_us FROM failed_log_ins WHERE subject = $1 ORDER BY at_us DESC LIMIT 1 OFFSET $2";
    let row = tx.one_or_none(sql, args![subject, limit.saturating_sub(1)]).await?;
    row.map(|row| row.instant("at_us")).transpose()
}

/// Counts an attempt to log in as one that fails.
pub async fn record_log_in(tx: &mut Tx, number: i64, subject: &str, now: Instant) -> Result<(), StoreError> {
    let sql = "INSERT INTO failed_log_ins (number, subject, at_us) VALUES ($1, $2, $3)";
    tx.execute(sql, args![number, subject, now]).await.map(drop)
}

/// Counts an attempt no more: it was right.
pub async fn forgive_log_in(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM failed_log_ins WHERE number = $1", args![number]).await.map(drop)
}
