//! Counters that belong to no organization.

use crate::args::args;
use crate::{Db, StoreError, Tx};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Numbers of sensors.
    Sensor,
    /// Starts of an ingesting process.
    IngestEpoch,
    /// Runs of sealing: whoever takes the next number is alone in it until the transaction ends.
    Seal,
    /// Rows of the service's audit trail.
    ServiceAudit,
    /// Attempts to log in: whoever takes the next number is alone in it until the transaction ends.
    LogIn,
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::IngestEpoch => "ingest_epoch",
            Self::Seal => "seal",
            Self::ServiceAudit => "service_audit",
            Self::LogIn => "log_in",
        }
    }
}

/// Takes `count` numbers in this transaction, and returns the first; the first of all is 1.
///
/// # Errors
///
/// Those of the database.
pub async fn take_in(tx: &mut Tx, counter: Counter, count: u32) -> Result<i64, StoreError> {
    let sql = "UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value";
    let last = tx.one(sql, args![counter.name(), count]).await?.int("value")?;
    Ok(last - i64::from(count) + 1)
}

impl Db {
    /// Takes numbers in a transaction of their own, so that no command waits for another one's end. Numbers that
    /// are then not used are lost.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn take_numbers(&self, counter: Counter, count: u32) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        let first = take_in(&mut tx, counter, count).await?;
        tx.commit().await?;
        Ok(first)
    }
}
