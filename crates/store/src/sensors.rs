//! Sensors as rows: one by one, the gate's list, adding and renaming. The table of all is in [`crate::table`].

use std::collections::HashMap;

use tenure_domain::standing::ChainEnd;
use tenure_domain::{CodeId, Date, Instant, LicenseId, OrganizationId, SensorId, Serial, Term};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::{Row, StoreError, Tx};

pub use crate::table::{Place, Query, Sort, StandingCounts, count_by_standing, page};

/// A sensor's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorRow {
    /// Its identifier.
    pub id: SensorId,
    /// The number under which its measurements are kept.
    pub number: i64,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub added_at: Instant,
    /// Whether it takes a license of the pool when its chain ends (R12).
    pub auto_renewal: bool,
    /// The license that covers it now.
    pub active: Option<LicenseId>,
    /// The active license's dates, or those of the last one that ended.
    pub shown: Option<Shown>,
    /// When its chain ends or ended, with its queue.
    pub chain_end: Option<ChainEnd>,
}

/// The dates of the license that a sensor's row shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its code.
    pub code: CodeId,
    /// The code's license key.
    pub key: String,
    /// How many licenses of that key are on sensors, or have ended there. Revoked ones do not count.
    pub key_assigned: i64,
    /// The date from which it covers.
    pub activation_date: Date,
    /// The last date that it covers.
    pub expires_on: Date,
    /// The first instant that it does not cover any more.
    pub expires_at: Instant,
}

/// Who has a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The sensor.
    pub id: SensorId,
    /// The organization.
    pub organization: OrganizationId,
    /// Since when.
    pub added_at: Instant,
}

/// A queued license in a sensor's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRow {
    /// The sensor.
    pub sensor: SensorId,
    /// The license.
    pub license: LicenseId,
    /// Its license key.
    pub key: String,
    /// Its term.
    pub term: Term,
    /// The date from which it will cover.
    pub activation_date: Date,
    /// The last date that it will cover.
    pub expires_on: Date,
}

pub(crate) const COLUMNS: &str =
    "s.id, s.number, s.serial, s.name, s.added_us, s.auto_renewal, s.code_id, s.activation_date,
    s.expires_on, s.expires_us, s.chain_ends_us, s.chain_expires_on, c.license_key,
    c.queued + c.active + c.ended + c.released AS key_assigned,
    (SELECT l.id FROM licenses l WHERE l.sensor_id = s.id AND l.state = 'active') AS active_id";

pub(crate) fn read(row: &Row) -> Result<SensorRow, StoreError> {
    let shown = match row.parsed_or_null("code_id")? {
        None => None,
        Some(code) => Some(Shown {
            code,
            key: row.text("license_key")?,
            key_assigned: row.int("key_assigned")?,
            activation_date: row.parsed("activation_date")?,
            expires_on: row.parsed("expires_on")?,
            expires_at: row.instant("expires_us")?,
        }),
    };
    let chain_end = match (row.instant_or_null("chain_ends_us")?, row.parsed_or_null("chain_expires_on")?) {
        (Some(ends), Some(expires_on)) => Some(ChainEnd { ends, expires_on }),
        _ => None,
    };
    Ok(SensorRow {
        id: row.parsed("id")?,
        number: row.int("number")?,
        serial: row.parsed("serial")?,
        name: row.text("name")?,
        added_at: row.instant("added_us")?,
        auto_renewal: row.bool("auto_renewal")?,
        active: row.parsed_or_null("active_id")?,
        shown,
        chain_end,
    })
}

/// One sensor of an organization.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn get(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SensorId,
) -> Result<Option<SensorRow>, StoreError> {
    let text = format!(
        "SELECT {COLUMNS} FROM sensors s LEFT JOIN activation_codes c ON c.id = s.code_id
         WHERE s.organization_id = $1 AND s.id = $2 AND s.removed_us IS NULL"
    );
    tx.all_text(text, args![organization, id]).await?.first().map(read).transpose()
}

/// These sensors of an organization, in the order in which they are asked for.
pub async fn by_ids(
    tx: &mut Tx,
    organization: OrganizationId,
    ids: &[SensorId],
) -> Result<Vec<SensorRow>, StoreError> {
    let mut found: HashMap<SensorId, SensorRow> = HashMap::new();
    for part in ids.chunks(1_000) {
        let text = format!(
            "SELECT {COLUMNS} FROM sensors s LEFT JOIN activation_codes c ON c.id = s.code_id
             WHERE s.id IN ({}) AND s.organization_id = ${} AND s.removed_us IS NULL",
            placeholders(part.len()),
            part.len() + 1
        );
        let mut args: Vec<Arg> = part.iter().map(|id| Arg::from(*id)).collect();
        args.push(Arg::from(organization));
        for row in tx.all_text(text, args).await? {
            let row = read(&row)?;
            found.insert(row.id, row);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The queued licenses of sensors, in the order of their chains.
pub async fn queued(tx: &mut Tx, sensors: &[SensorId]) -> Result<Vec<QueuedRow>, StoreError> {
    if sensors.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT l.sensor_id, l.id, c.license_key, l.term, l.activation_date, l.expires_on FROM licenses l
         JOIN activation_codes c ON c.id = l.code_id
         WHERE l.state = 'queued' AND l.sensor_id IN ({}) ORDER BY l.sensor_id, l.starts_us",
        placeholders(sensors.len())
    );
    let args = sensors.iter().map(|id| Arg::from(*id)).collect();
    let rows = tx.all_text(text, args).await?;
    rows.iter()
        .map(|row| {
            Ok(QueuedRow {
                sensor: row.parsed("sensor_id")?,
                license: row.parsed("id")?,
                key: row.text("license_key")?,
                term: row.parsed("term")?,
                activation_date: row.parsed("activation_date")?,
                expires_on: row.parsed("expires_on")?,
            })
        })
        .collect()
}

/// `$1, $2, …` up to `count`.
pub(crate) fn placeholders(count: usize) -> String {
    let numbers: Vec<String> = (1..=count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// Numbers for an `IN (…)`, a few hundred at a time. Lists are filled up to a power of two with what is in them
/// already, so that there are only a few texts to keep prepared.
pub(crate) fn number_lists(numbers: &[i64]) -> impl Iterator<Item = (String, Vec<Arg>)> {
    numbers.chunks(256).map(|part| {
        let length = part.len().next_power_of_two();
        let fill = std::iter::repeat_n(part.last(), length - part.len()).flatten();
        (placeholders(length), part.iter().chain(fill).map(|number| Arg::from(*number)).collect())
    })
}

/// What a new sensor's row needs.
#[derive(Clone, Debug)]
pub struct NewSensor {
    /// Its identifier.
    pub id: SensorId,
    /// The number under which its measurements will be kept.
    pub number: i64,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it is added.
    pub added_at: Instant,
    /// Whether it will take a license of the pool when its chain ends.
    pub auto_renewal: bool,
}

/// A text in one case of letters. Greek has two small sigmas, and which one a capital becomes depends on where it
/// stands; a search may break off anywhere, so both are one here.
pub(crate) fn lower_case(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

pub(crate) fn folded(name: &str, serial: Serial) -> String {
    format!("{} {serial}", lower_case(name))
}

/// Adds sensors without licenses. Serial numbers that some organization has are left out: returns how many came in.
pub async fn insert(tx: &mut Tx, sensors: &[NewSensor]) -> Result<u64, StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, auto_renewal, chain,
            cover_rev)",
        columns: &[Column::Text, Column::Int, Column::Text, Column::Text, Column::Text, Column::Text, Column::Int, Column::Bool, Column::Text, Column::Int],
        tail: "ON CONFLICT DO NOTHING",
    };
    let rows = sensors.iter().map(|sensor| {
        let NewSensor { id, number, organization, serial, name, added_at, auto_renewal } = sensor;
        let search = folded(name, *serial);
        args![
            *id,
            *number,
            *organization,
            *serial,
            name.as_str(),
            search,
            *added_at,
            *auto_renewal,
            "unlicensed",
            0_i64
        ]
    });
    INSERT.run(tx, rows.collect()).await
}

/// The organizations that have sensors with these serial numbers (R22).
pub async fn owners(tx: &mut Tx, serials: &[Serial]) -> Result<HashMap<Serial, OrganizationId>, StoreError> {
    let mut owners = HashMap::new();
    for part in serials.chunks(1_000) {
        let text = format!(
            "SELECT serial, organization_id FROM sensors WHERE removed_us IS NULL AND serial IN ({})",
            placeholders(part.len())
        );
        for row in tx.all_text(text, part.iter().map(|serial| Arg::from(*serial)).collect()).await? {
            owners.insert(row.parsed("serial")?, row.parsed("organization_id")?);
        }
    }
    Ok(owners)
}

/// Of these serial numbers those that are in use, with their sensors and organizations (R22).
pub async fn holders(
    tx: &mut Tx,
    serials: &[Serial],
) -> Result<HashMap<Serial, (SensorId, OrganizationId)>, StoreError> {
    let mut holders = HashMap::with_capacity(serials.len());
    for part in serials.chunks(500) {
        let text = format!(
            "SELECT serial, id, organization_id FROM sensors WHERE removed_us IS NULL AND serial IN ({})",
            placeholders(part.len())
        );
        for row in tx.all_text(text, part.iter().map(|serial| Arg::from(*serial)).collect()).await? {
            holders.insert(row.parsed("serial")?, (row.parsed("id")?, row.parsed("organization_id")?));
        }
    }
    Ok(holders)
}

/// The sensor with this serial number, in whatever organization (R22).
pub async fn find(tx: &mut Tx, serial: Serial) -> Result<Option<Found>, StoreError> {
    let sql = "SELECT id, organization_id, added_us FROM sensors WHERE serial = $1 AND removed_us IS NULL";
    let Some(row) = tx.one_or_none(sql, args![serial]).await? else { return Ok(None) };
    Ok(Some(Found {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        added_at: row.instant("added_us")?,
    }))
}

/// The numbers of sensors of an organization, in the order of `sensors`; fewer when some are not there.
pub async fn numbers(
    tx: &mut Tx,
    organization: OrganizationId,
    sensors: &[SensorId],
) -> Result<Vec<(SensorId, i64)>, StoreError> {
    let text = format!(
        "SELECT id, number FROM sensors WHERE id IN ({}) AND organization_id = ${}",
        placeholders(sensors.len()),
        sensors.len() + 1
    );
    let mut args: Vec<Arg> = sensors.iter().map(|id| Arg::from(*id)).collect();
    args.push(Arg::from(organization));
    let mut found = std::collections::HashMap::new();
    for row in tx.all_text(text, args).await? {
        found.insert(row.parsed::<SensorId>("id")?, row.int("number")?);
    }
    Ok(sensors.iter().filter_map(|id| Some((*id, found.remove(id)?))).collect())
}

/// Gives a sensor another name.
pub async fn rename(tx: &mut Tx, id: SensorId, serial: Serial, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE sensors SET name = $2, search = $3 WHERE id = $1";
    tx.execute(sql, args![id, name, folded(name, serial)]).await.map(drop)
}

/// A sensor, and the name that it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The sensor.
    pub id: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// Its new name.
    pub name: String,
}

/// Gives sensors other names.
pub async fn rename_all(tx: &mut Tx, sensors: &[Renamed]) -> Result<(), StoreError> {
    // The `|| ''` is explained in [`crate::ledger`].
    const RENAME: Bulk = Bulk {
        head: "WITH v (id, name, search) AS (",
        columns: &[Column::Text, Column::Text, Column::Text],
        tail: ") UPDATE sensors SET name = v.name, search = v.search FROM v WHERE sensors.id = v.id || ''",
    };
    let row = |sensor: &Renamed| args![sensor.id, sensor.name.as_str(), folded(&sensor.name, sensor.serial)];
    RENAME.run(tx, sensors.iter().map(row).collect()).await.map(drop)
}

/// Switches a sensor's auto renewal.
pub async fn set_auto_renewal(tx: &mut Tx, id: SensorId, on: bool) -> Result<(), StoreError> {
    tx.execute("UPDATE sensors SET auto_renewal = $2 WHERE id = $1", args![id, on]).await.map(drop)
}

/// Switches the auto renewal of several sensors.
pub async fn set_auto_renewal_of(tx: &mut Tx, sensors: &[SensorId], on: bool) -> Result<(), StoreError> {
    for part in sensors.chunks(500) {
        let text: std::sync::Arc<str> = format!(
            "UPDATE sensors SET auto_renewal = ${} WHERE id IN ({})",
            part.len() + 1,
            placeholders(part.len())
        )
        .into();
        let mut args: Vec<Arg> = part.iter().map(|id| Arg::from(*id)).collect();
        args.push(Arg::from(on));
        tx.execute_text(&text, args).await?;
    }
    Ok(())
}

/// How many sensors there are in all organizations.
pub async fn count_all(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.one("SELECT count(*) AS sensors FROM sensors WHERE removed_us IS NULL", args![]).await?.int("sensors")
}

/// What the gate knows of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRow {
    /// Its organization.
    pub organization: OrganizationId,
    /// Its serial number.
    pub serial: Serial,
    /// The number under which its measurements are kept.
    pub number: i64,
    /// When its chain ends or ended.
    pub chain_ends: Option<Instant>,
    /// Whether the chain still has an active license, so that its end is for settling to decide.
    pub running: bool,
    /// Whether the organization has the serial number no more: its sensor was removed, or replaced (R20, R21).
    pub gone: bool,
}

/// The sensors of an organization whose cover has changed since it had this `rev`; all that it has, for -1.
///
/// What is gone comes first, for its serial number may be in use again.
pub async fn gate_rows(
    tx: &mut Tx,
    organization: OrganizationId,
    since_rev: i64,
) -> Result<Vec<GateRow>, StoreError> {
    let mut gone = Vec::new();
    if since_rev >= 0 {
        let replaced = "SELECT r.serial, s.number FROM replacements r JOIN sensors s ON s.id = r.sensor_id
            WHERE r.organization_id = $1 AND r.rev > $2";
        let removed = "SELECT serial, number FROM sensors
            WHERE organization_id = $1 AND cover_rev > $2 AND removed_us IS NOT NULL";
        for sql in [replaced, removed] {
            gone.extend(tx.all(sql, args![organization, since_rev]).await?);
        }
    }
    let sql = "SELECT serial, number, chain_ends_us, chain FROM sensors
        WHERE organization_id = $1 AND cover_rev > $2 AND removed_us IS NULL";
    let there = tx.all(sql, args![organization, since_rev]).await?;
    let gone = gone.iter().map(|row| {
        let (serial, number) = (row.parsed("serial")?, row.int("number")?);
        Ok(GateRow { organization, serial, number, chain_ends: None, running: false, gone: true })
    });
    gone.chain(there.iter().map(|row| gate_row(organization, row))).collect()
}

fn gate_row(organization: OrganizationId, row: &Row) -> Result<GateRow, StoreError> {
    Ok(GateRow {
        organization,
        serial: row.parsed("serial")?,
        number: row.int("number")?,
        chain_ends: row.instant_or_null("chain_ends_us")?,
        running: row.text("chain")? == "running",
        gone: false,
    })
}

/// The sensors of an organization with these serial numbers, in no order.
pub async fn gate_rows_of(
    tx: &mut Tx,
    organization: OrganizationId,
    serials: &[Serial],
) -> Result<Vec<GateRow>, StoreError> {
    let mut rows = Vec::with_capacity(serials.len());
    for part in serials.chunks(500) {
        let text = format!(
            "SELECT serial, number, chain_ends_us, chain FROM sensors
             WHERE serial IN ({}) AND organization_id = ${} AND removed_us IS NULL",
            placeholders(part.len()),
            part.len() + 1
        );
        let mut args: Vec<Arg> = part.iter().map(|serial| Arg::from(*serial)).collect();
        args.push(Arg::from(organization));
        rows.extend(tx.all_text(text, args).await?);
    }
    rows.iter().map(|row| gate_row(organization, row)).collect()
}
