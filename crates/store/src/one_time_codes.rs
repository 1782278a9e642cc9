//! The secrets of one-time codes, sealed by whoever calls, and recovery codes, as hashes.

use tenure_domain::UserId;

use crate::args::args;
use crate::{StoreError, Tx};

/// What is kept of a user's one-time codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The sealed secret that counts.
    pub secret: Option<Vec<u8>>,
    /// The sealed secret that is not confirmed yet.
    pub pending: Option<Vec<u8>>,
}

/// What is kept of a user's one-time codes.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn get(tx: &mut Tx, user: UserId) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT otp_secret, otp_pending FROM users WHERE id = $1";
    let Some(row) = tx.one_or_none(sql, args![user]).await? else { return Ok(None) };
    Ok(Some(Kept { secret: row.blob_or_null("otp_secret")?, pending: row.blob_or_null("otp_pending")? }))
}

/// Keeps a secret that is not confirmed yet.
pub async fn begin(tx: &mut Tx, user: UserId, pending: &[u8]) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET otp_pending = $2 WHERE id = $1", args![user, pending]).await.map(drop)
}

/// Makes the pending secret the one that counts, with `step` as the last one of which a code was used; returns
/// whether it was still the pending one.
pub async fn confirm(tx: &mut Tx, user: UserId, pending: &[u8], step: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE users SET otp_secret = otp_pending, otp_pending = NULL, otp_last_step = $3
        WHERE id = $1 AND otp_pending = $2";
    Ok(tx.execute(sql, args![user, pending, step]).await? == 1)
}

/// Uses the code of a step up; returns whether neither it nor a later one was used before.
pub async fn use_step(tx: &mut Tx, user: UserId, step: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE users SET otp_last_step = $2 WHERE id = $1 AND otp_last_step < $2";
    Ok(tx.execute(sql, args![user, step]).await? == 1)
}

/// Switches one-time codes off, recovery codes included.
pub async fn remove(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    let sql = "UPDATE users SET otp_secret = NULL, otp_pending = NULL, otp_last_step = 0 WHERE id = $1";
    tx.execute(sql, args![user]).await?;
    set_recovery_codes(tx, user, &[]).await
}

/// Replaces a user's recovery codes.
pub async fn set_recovery_codes(tx: &mut Tx, user: UserId, hashes: &[Vec<u8>]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", args![user]).await?;
    for hash in hashes {
        let sql = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
        tx.execute(sql, args![user, hash.as_slice()]).await?;
    }
    Ok(())
}

/// Uses a recovery code up; returns whether the user had it.
pub async fn use_recovery_code(tx: &mut Tx, user: UserId, hash: &[u8]) -> Result<bool, StoreError> {
    let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
    Ok(tx.execute(sql, args![user, hash]).await? == 1)
}
