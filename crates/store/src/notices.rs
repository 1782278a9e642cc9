//! Notices of the ends of chains: what may be due, and what was told (R29, R31).

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::notice::{End, Kind};
use tenure_domain::standing::ChainEnd;
use tenure_domain::{Date, Instant, OrganizationId, SensorId, Serial};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::sensors::placeholders;
use crate::{Row, StoreError, Tx};

/// A sensor of which something may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The sensor.
    pub sensor: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub added_at: Instant,
    /// Whether it renews itself.
    pub auto_renewal: bool,
    /// Whether its chain runs; else it is over.
    pub running: bool,
    /// The end of its chain.
    pub chain_end: ChainEnd,
    /// When the chain's last license came to it.
    pub assigned_at: Instant,
    /// When something may be told of it.
    pub due_at: Instant,
}

impl Candidate {
    /// The end of its chain, as notices ask for it.
    #[must_use]
    pub const fn end(&self) -> End {
        End { expires_on: self.chain_end.expires_on, assigned_at: self.assigned_at }
    }

    /// Its turn among sensors (R14).
    #[must_use]
    pub const fn turn(&self) -> (Instant, Instant, Serial) {
        (self.chain_end.ends, self.added_at, self.serial)
    }
}

fn candidate(row: &Row) -> Result<Candidate, StoreError> {
    Ok(Candidate {
        sensor: row.parsed("id")?,
        serial: row.parsed("serial")?,
        name: row.text("name")?,
        added_at: row.instant("added_us")?,
        auto_renewal: row.bool("auto_renewal")?,
        running: row.text("chain")? == "running",
        chain_end: ChainEnd {
            ends: row.instant("chain_ends_us")?,
            expires_on: row.parsed("chain_expires_on")?,
        },
        assigned_at: row.instant("assigned_us")?,
        due_at: row.instant("notice_due_us")?,
    })
}

/// The sensors of an organization of which something may be told at or before `until`, in R14's order.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn candidates(
    tx: &mut Tx,
    organization: OrganizationId,
    until: Instant,
) -> Result<Vec<Candidate>, StoreError> {
    // The license at the end of the chain; of several that end at once, the one that came last.
    let sql = "SELECT s.id, s.serial, s.name, s.added_us, s.auto_renewal, s.chain, s.chain_ends_us,
            s.chain_expires_on, s.notice_due_us,
            coalesce((SELECT max(l.assigned_us) FROM licenses l WHERE l.sensor_id = s.id AND l.ends_us = s.chain_ends_us
                AND l.state IN ('active', 'queued', 'ended', 'revoked')), s.added_us) AS assigned_us
        FROM sensors s
        WHERE s.organization_id = $1 AND s.notice_due_us <= $2 AND s.removed_us IS NULL AND s.chain_ends_us IS NOT NULL
        ORDER BY s.chain_ends_us, s.added_us, s.serial";
    tx.all(sql, args![organization, until]).await?.iter().map(candidate).collect()
}

/// Which notices of these sensors were told already, whatever the end of the chain.
pub async fn told(tx: &mut Tx, sensors: &[SensorId]) -> Result<BTreeSet<(SensorId, Date, Kind)>, StoreError> {
    let mut told = BTreeSet::new();
    for part in sensors.chunks(500) {
        let text = format!(
            "SELECT sensor_id, expires_on, kind FROM notices WHERE sensor_id IN ({})",
            placeholders(part.len())
        );
        for row in tx.all_text(text, part.iter().map(|id| Arg::from(*id)).collect()).await? {
            told.insert((row.parsed("sensor_id")?, row.parsed("expires_on")?, row.parsed("kind")?));
        }
    }
    Ok(told)
}

/// Records that notices were told (R31).
pub async fn tell(tx: &mut Tx, notices: &[(SensorId, Date, Kind)], now: Instant) -> Result<(), StoreError> {
    const INSERT: Bulk = Bulk {
        head: "WITH v (sensor_id, expires_on, kind, told_us) AS (",
        columns: &[Column::Text, Column::Text, Column::Text, Column::Int],
        tail: ") INSERT INTO notices (sensor_id, expires_on, kind, told_us)
            SELECT v.sensor_id, v.expires_on, v.kind, v.told_us FROM v",
    };
    let rows = notices.iter().map(|(sensor, on, kind)| args![*sensor, *on, kind.name(), now]);
    INSERT.run(tx, rows.collect()).await.map(drop)
}

/// Keeps when something may be told of these sensors next; `None` when all is told.
pub async fn look_again(
    tx: &mut Tx,
    sensors: &BTreeMap<SensorId, Option<Instant>>,
) -> Result<(), StoreError> {
    const UPDATE: Bulk = Bulk {
        head: "WITH v (id, notice_due_us) AS (",
        columns: &[Column::Text, Column::Int],
        tail: ") UPDATE sensors SET notice_due_us = v.notice_due_us FROM v WHERE sensors.id = v.id || ''",
    };
    let rows = sensors.iter().map(|(sensor, due)| args![*sensor, *due]);
    UPDATE.run(tx, rows.collect()).await.map(drop)
}

/// Whether the mail of this kind was decided on a notice day.
pub async fn has_digest(
    tx: &mut Tx,
    organization: OrganizationId,
    kind: &str,
    day: Date,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM digests WHERE organization_id = $1 AND kind = $2 AND day = $3";
    Ok(tx.one_or_none(sql, args![organization, kind, day]).await?.is_some())
}

/// Records the mail of a kind and notice day, about so many sensors.
pub async fn add_digest(
    tx: &mut Tx,
    organization: OrganizationId,
    (kind, day): (&str, Date),
    now: Instant,
    sensors: usize,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO digests (organization_id, kind, day, decided_us, sensors) VALUES ($1, $2, $3, $4, $5)";
    let sensors = i64::try_from(sensors).unwrap_or(i64::MAX);
    tx.execute(sql, args![organization, kind, day, now, sensors]).await.map(drop)
}
