//! What sensors tell of themselves: the latest device info and configuration.

use tenure_domain::Instant;

use crate::args::args;
use crate::{StoreError, Tx};

/// Which of a sensor's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// Its device info (end point `i`).
    Info,
    /// Its configuration (end point `c`).
    Configuration,
}

impl Document {
    const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Configuration => "configuration",
        }
    }
}

/// Keeps a sensor's document, as JSON, in the place of the one before.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn keep(
    tx: &mut Tx,
    sensor: i64,
    kind: Document,
    received: Instant,
    json: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO device_documents (sensor, kind, received_us, body) VALUES ($1, $2, $3, $4)
        ON CONFLICT (sensor, kind) DO UPDATE SET received_us = excluded.received_us, body = excluded.body";
    tx.execute(sql, args![sensor, kind.name(), received, json]).await.map(drop)
}

/// A sensor's latest document and when it came.
pub async fn get(tx: &mut Tx, sensor: i64, kind: Document) -> Result<Option<(Instant, String)>, StoreError> {
    let sql = "SELECT received_us, body FROM device_documents WHERE sensor = $1 AND kind = $2";
    let Some(row) = tx.one_or_none(sql, args![sensor, kind.name()]).await? else { return Ok(None) };
    Ok(Some((row.instant("received_us")?, row.text("body")?)))
}
