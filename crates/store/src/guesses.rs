//! Failed redemptions, which are limited (R4).

use tenure_domain::Instant;
use tenure_domain::guess::WINDOW_US;

use crate::args::args;
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

/// Forgets all failures that count no more.
pub async fn forget_old(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM failed_redemptions WHERE at_us <= $1", args![now.plus_micros(-WINDOW_US)]).await
}
