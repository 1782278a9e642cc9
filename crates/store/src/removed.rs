//! Sensors that were removed, come back, or change their serial number (R20, R21): the row stays, and so does all that
//! hangs on its identifier and its number.

use std::collections::HashMap;

use tenure_domain::{Instant, OrganizationId, SensorId, Serial};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::counters::{self, Counter};
use crate::sensors::{Renamed, folded, placeholders};
use crate::{Row, StoreError, Tx};

/// A removed sensor's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedSensor {
    /// Its identifier.
    pub id: SensorId,
    /// The number under which its measurements are kept.
    pub number: i64,
    /// Its serial number, which may be in use again.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub added_at: Instant,
    /// When it was removed.
    pub removed_at: Instant,
    /// Whether it renewed itself.
    pub auto_renewal: bool,
}

const SELECT: &str = "SELECT id, number, serial, name, added_us, removed_us, auto_renewal FROM sensors WHERE removed_us IS NOT NULL";

fn read(row: &Row) -> Result<RemovedSensor, StoreError> {
    Ok(RemovedSensor {
        id: row.parsed("id")?,
        number: row.int("number")?,
        serial: row.parsed("serial")?,
        name: row.text("name")?,
        added_at: row.instant("added_us")?,
        removed_at: row.instant("removed_us")?,
        auto_renewal: row.bool("auto_renewal")?,
    })
}

/// One removed sensor of an organization.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn get(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SensorId,
) -> Result<Option<RemovedSensor>, StoreError> {
    let text = format!("{SELECT} AND organization_id = $1 AND id = $2");
    tx.all_text(text, args![organization, id]).await?.first().map(read).transpose()
}

/// A page of an organization's removed sensors, the last removed first, from behind one that was removed at an instant.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Option<(Instant, SensorId)>,
    limit: u32,
) -> Result<Vec<RemovedSensor>, StoreError> {
    let (at, id) = after.unzip();
    let text = format!(
        "{SELECT} AND organization_id = $1
            AND (CAST($2 AS bigint) IS NULL OR removed_us < $2 OR (removed_us = $2 AND id < $3))
         ORDER BY removed_us DESC, id DESC LIMIT $4"
    );
    tx.all_text(text, args![organization, at, id, limit]).await?.iter().map(read).collect()
}

/// Of each of these serial numbers, the sensor of the organization that had it and was removed last.
pub async fn by_serials(
    tx: &mut Tx,
    organization: OrganizationId,
    serials: &[Serial],
) -> Result<HashMap<Serial, RemovedSensor>, StoreError> {
    let mut found = HashMap::new();
    for part in serials.chunks(1_000) {
        let text = format!(
            "{SELECT} AND organization_id = ${} AND serial IN ({}) ORDER BY removed_us, id",
            part.len() + 1,
            placeholders(part.len())
        );
        let mut args: Vec<Arg> = part.iter().map(|serial| Arg::from(*serial)).collect();
        args.push(Arg::from(organization));
        for row in tx.all_text(text, args).await? {
            let row = read(&row)?;
            found.insert(row.serial, row);
        }
    }
    Ok(found)
}

/// Marks a sensor as removed; its licenses are not on it any more. `rev` is the organization's.
pub async fn remove(tx: &mut Tx, id: SensorId, now: Instant, rev: i64) -> Result<(), StoreError> {
    let sql = "UPDATE sensors SET removed_us = $2, cover_rev = $3 WHERE id = $1";
    tx.execute(sql, args![id, now, rev]).await?;
    tx.notify_cover().await
}

/// Makes a removed sensor one of the organization's again. Returns whether its serial number was still free: of two
/// organizations that take it at once, one finds it taken, and then the transaction is of no use any more.
pub async fn bring_back(tx: &mut Tx, id: SensorId, rev: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE sensors SET removed_us = NULL, cover_rev = $2 WHERE id = $1";
    free(tx.execute(sql, args![id, rev]).await)
}

/// Makes removed sensors the organization's again, with these names. Returns whether their serial numbers were still
/// free, as [`bring_back`] does.
pub async fn bring_back_all(tx: &mut Tx, sensors: &[Renamed], rev: i64) -> Result<bool, StoreError> {
    // The `|| ''` is explained in [`crate::ledger`].
    const BRING_BACK: Bulk = Bulk {
        head: "WITH v (id, name, search, cover_rev) AS (",
        columns: &[Column::Text, Column::Text, Column::Text, Column::Int],
        tail:
            ") UPDATE sensors SET removed_us = NULL, name = v.name, search = v.search, cover_rev = v.cover_rev
            FROM v WHERE sensors.id = v.id || ''",
    };
    let row = |sensor: &Renamed| {
        let search = folded(&sensor.name, sensor.serial);
        args![sensor.id, sensor.name.as_str(), search, rev]
    };
    free(BRING_BACK.run(tx, sensors.iter().map(row).collect()).await)
}

/// Gives a sensor another serial number and this name (R20), and keeps the serial number that it had. Returns whether the new one was free, as
/// [`bring_back`] does.
pub async fn replace(
    tx: &mut Tx,
    (organization, rev): (OrganizationId, i64),
    (id, name): (SensorId, &str),
    (old, new): (Serial, Serial),
    now: Instant,
) -> Result<bool, StoreError> {
    let sql = "UPDATE sensors SET serial = $2, search = $3, cover_rev = $4, name = $5 WHERE id = $1";
    if !free(tx.execute(sql, args![id, new, folded(name, new), rev, name]).await)? {
        return Ok(false);
    }
    let sql = "INSERT INTO replacements (organization_id, rev, sensor_id, serial, at_us) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, args![organization, rev, id, old, now]).await?;
    tx.notify_cover().await?;
    Ok(true)
}

fn free(updated: Result<u64, StoreError>) -> Result<bool, StoreError> {
    match updated {
        Ok(_) => Ok(true),
        Err(error) if error.is_taken() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Erases all that is kept under a sensor's number: what was measured, and what the sensor told of itself.
///
/// Sealing is kept out until the transaction ends, so that nothing that it holds comes back behind it.
pub async fn erase_history(tx: &mut Tx, number: i64) -> Result<(), StoreError> {
    counters::take_in(tx, Counter::Seal, 1).await?;
    for sql in [
        "DELETE FROM messages WHERE sensor = $1",
        "DELETE FROM forwards WHERE sensor = $1",
        "DELETE FROM chunks WHERE sensor = $1",
        "DELETE FROM sensor_state WHERE sensor = $1",
        "DELETE FROM device_documents WHERE sensor = $1",
    ] {
        tx.execute(sql, args![number]).await?;
    }
    Ok(())
}
