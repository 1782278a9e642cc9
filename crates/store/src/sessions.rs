//! Log-ins of people.

use tenure_domain::session::{IDLE_US, LONGEST_US};
use tenure_domain::{Instant, UserId};

use crate::args::args;
use crate::{Row, StoreError, Tx};

/// A log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who is logged in.
    pub user: UserId,
    /// Since when.
    pub created_at: Instant,
    /// The last use that was written down.
    pub used_at: Instant,
}

fn read(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        user: row.parsed("user_id")?,
        created_at: row.instant("created_us")?,
        used_at: row.instant("used_us")?,
    })
}

/// Keeps a new log-in under the hash of its cookie.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, hash: &[u8], session: Session) -> Result<(), StoreError> {
    let sql = "INSERT INTO sessions (hash, user_id, created_us, used_us) VALUES ($1, $2, $3, $4)";
    let Session { user, created_at, used_at } = session;
    tx.execute(sql, args![hash, user, created_at, used_at]).await.map(drop)
}

/// The log-in with this hash, which may have ended.
pub async fn by_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT user_id, created_us, used_us FROM sessions WHERE hash = $1";
    tx.one_or_none(sql, args![hash]).await?.as_ref().map(read).transpose()
}

/// Writes down a use; never one that is before what is written.
pub async fn used(tx: &mut Tx, hash: &[u8], now: Instant) -> Result<(), StoreError> {
    let sql = "UPDATE sessions SET used_us = $2 WHERE hash = $1 AND used_us < $2";
    tx.execute(sql, args![hash, now]).await.map(drop)
}

/// Ends a log-in.
pub async fn delete(tx: &mut Tx, hash: &[u8]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sessions WHERE hash = $1", args![hash]).await.map(drop)
}

/// Ends all log-ins of a user but the one with this hash; all with an empty one.
pub async fn delete_others(tx: &mut Tx, user: UserId, but: &[u8]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sessions WHERE user_id = $1 AND hash <> $2", args![user, but]).await.map(drop)
}

/// Forgets log-ins that have ended.
pub async fn forget_old(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    let sql = "DELETE FROM sessions WHERE used_us <= $1 OR created_us <= $2";
    tx.execute(sql, args![now.plus_micros(-IDLE_US), now.plus_micros(-LONGEST_US)]).await
}
