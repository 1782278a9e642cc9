//! Requests with an `Idempotency-Key` that have been carried out, and what they were answered.

use tenure_domain::Instant;

use crate::args::args;
use crate::{StoreError, Tx};

/// A request that has been carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The hash of what was sent.
    pub fingerprint: Vec<u8>,
    /// When it was carried out.
    pub done_at: Instant,
    /// What was answered, sealed; none when that is not kept yet, or was lost.
    pub answer: Option<Vec<u8>>,
}

/// Writes down that a request is carried out by this transaction. False when another one has done that already; on
/// PostgreSQL this waits for one that is about to.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn mark(tx: &mut Tx, id: &[u8], fingerprint: &[u8], now: Instant) -> Result<bool, StoreError> {
    let sql = "INSERT INTO idempotency_keys (id, fingerprint, done_us) VALUES ($1, $2, $3) \
        ON CONFLICT (id) DO NOTHING";
    Ok(tx.execute(sql, args![id, fingerprint, now]).await? == 1)
}

/// The request with this hash, if it has been carried out.
pub async fn find(tx: &mut Tx, id: &[u8]) -> Result<Option<Done>, StoreError> {
    let sql = "SELECT fingerprint, done_us, answer FROM idempotency_keys WHERE id = $1";
    let row = tx.one_or_none(sql, args![id]).await?;
    row.map(|row| {
        Ok(Done {
            fingerprint: row.blob("fingerprint")?.to_vec(),
            done_at: row.instant("done_us")?,
            answer: row.blob_or_null("answer")?,
        })
    })
    .transpose()
}

/// Keeps what a request that has been carried out was answered.
pub async fn keep_answer(tx: &mut Tx, id: &[u8], answer: &[u8]) -> Result<(), StoreError> {
    let sql = "UPDATE idempotency_keys SET answer = $2 WHERE id = $1";
    tx.execute(sql, args![id, answer]).await.map(drop)
}

/// Loses all answers, as a service does that is killed between its commit and its answer: for tests.
#[cfg(any(test, feature = "testing"))]
pub async fn lose_answers(tx: &mut Tx) -> Result<u64, StoreError> {
    tx.execute("UPDATE idempotency_keys SET answer = NULL", args![]).await
}

/// The answers that are kept, as they are: for tests.
///
/// # Errors
///
/// Those of the database.
#[cfg(any(test, feature = "testing"))]
pub async fn answers(tx: &mut Tx) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = tx.all("SELECT answer FROM idempotency_keys", args![]).await?;
    rows.iter().map(|row| Ok(row.blob_or_null("answer")?.unwrap_or_default())).collect()
}

/// Forgets what was carried out up to this instant.
pub async fn forget(tx: &mut Tx, until: Instant) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM idempotency_keys WHERE done_us <= $1", args![until]).await
}
