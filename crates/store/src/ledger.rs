//! An organization's licenses: loading what a step of the domain needs, and keeping what it changed.
//!
//! All of it runs under the organization's lock ([`crate::organizations::lock`]).

use std::collections::{BTreeMap, HashMap, VecDeque};

use tenure_domain::license::{Held, License, Placed, State};
use tenure_domain::{
    Anchor, Cause, Chain, Change, CodeId, Cover, Instant, LicenseId, OrganizationId, Pool, Sensor, SensorId,
    TermSum, Zone, notice,
};

use crate::args::{Arg, args};
use crate::audit::{self, Entry};
use crate::bulk::{Bulk, Column};
use crate::codes::{self, Tally};
use crate::organizations::Organization;
use crate::sensors::placeholders;
use crate::{Args, Row, StoreError, Tx};

/// The columns of a sensor and of one license of its chain.
const SENSOR_WITH_LICENSE: &str = "s.id AS sensor, s.serial, s.added_us, s.auto_renewal,
    l.id, l.code_id, l.number, l.term, l.redeemed_us, l.state, l.starts_us, l.ends_us, l.activation_date, l.expires_on,
    l.anchor_date, l.anchor_months, l.anchor_days";

pub(crate) fn read_license(row: &Row) -> Result<License, StoreError> {
    Ok(License {
        id: row.parsed("id")?,
        code: row.parsed("code_id")?,
        number: row.count("number")?,
        term: row.parsed("term")?,
        redeemed_at: row.instant("redeemed_us")?,
    })
}

/// The cover of a license that is or was on a sensor.
pub(crate) fn read_cover(row: &Row) -> Result<Cover, StoreError> {
    let sum = TermSum { months: row.count("anchor_months")?, days: row.count("anchor_days")? };
    Ok(Cover {
        starts: row.instant("starts_us")?,
        ends: row.instant("ends_us")?,
        activation_date: row.parsed("activation_date")?,
        expires_on: row.parsed("expires_on")?,
        anchor: Anchor { date: row.parsed("anchor_date")?, sum },
    })
}

/// Puts sensors together from rows of [`SENSOR_WITH_LICENSE`] that are ordered by sensor, then by `starts_us`.
fn read_sensors(rows: &[Row]) -> Result<Vec<Sensor>, StoreError> {
    let mut sensors: Vec<Sensor> = Vec::new();
    for row in rows {
        let id: SensorId = row.parsed("sensor")?;
        if sensors.last().is_none_or(|sensor| sensor.id != id) {
            sensors.push(Sensor {
                id,
                serial: row.parsed("serial")?,
                added_at: row.instant("added_us")?,
                auto_renewal: row.bool("auto_renewal")?,
                chain: Chain::Unlicensed,
            });
        }
        let Some(sensor) = sensors.last_mut() else { continue };
        let Some(state) = row.text_or_null("state")? else { continue };
        let held = Held { license: read_license(row)?, cover: read_cover(row)? };
        match (&mut sensor.chain, state.as_str()) {
            (chain, "active") => *chain = Chain::Running { active: held, queue: VecDeque::new() },
            (Chain::Running { queue, .. }, "queued") => queue.push_back(held),
            // The last license of a chain that is over; of several that end at once, the one that started last.
            (chain, _) => *chain = Chain::Lapsed(held),
        }
    }
    Ok(sensors)
}

/// The sensors whose active license ends at or before `until`, with their queues.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn due(
    tx: &mut Tx,
    organization: OrganizationId,
    until: Instant,
) -> Result<Vec<Sensor>, StoreError> {
    let sql = format!(
        "SELECT {SENSOR_WITH_LICENSE} FROM licenses d JOIN sensors s ON s.id = d.sensor_id
         JOIN licenses l ON l.sensor_id = s.id AND l.state IN ('active', 'queued')
         WHERE d.organization_id = $1 AND d.state = 'active' AND d.ends_us <= $2 ORDER BY s.id, l.starts_us"
    );
    read_sensors(&tx.all_text(sql, args![organization, until]).await?)
}

/// The covered sensors whose chains end at or before `until`, with their queues: all to whom something happens by
/// then that is not promised yet.
pub async fn ending(
    tx: &mut Tx,
    organization: OrganizationId,
    until: Instant,
) -> Result<Vec<Sensor>, StoreError> {
    let sql = format!(
        "SELECT {SENSOR_WITH_LICENSE} FROM sensors s
         JOIN licenses l ON l.sensor_id = s.id AND l.state IN ('active', 'queued')
         WHERE s.organization_id = $1 AND s.chain_ends_us <= $2 AND s.chain = 'running' AND s.removed_us IS NULL
         ORDER BY s.id, l.starts_us"
    );
    read_sensors(&tx.all_text(sql, args![organization, until]).await?)
}

/// The covered sensors whose active license ends at or before `until`, with their queues: all to whom something happens
/// by then, promised or not.
pub async fn acting(
    tx: &mut Tx,
    organization: OrganizationId,
    until: Instant,
) -> Result<Vec<Sensor>, StoreError> {
    let sql = format!(
        "SELECT {SENSOR_WITH_LICENSE} FROM sensors s
         JOIN licenses l ON l.sensor_id = s.id AND l.state IN ('active', 'queued')
         WHERE s.organization_id = $1 AND s.expires_us <= $2 AND s.chain = 'running' AND s.removed_us IS NULL
         ORDER BY s.id, l.starts_us"
    );
    read_sensors(&tx.all_text(sql, args![organization, until]).await?)
}

/// How many sensors of an organization are covered, when it is settled.
pub async fn count_running(tx: &mut Tx, organization: OrganizationId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS running FROM sensors
        WHERE organization_id = $1 AND chain = 'running' AND removed_us IS NULL";
    tx.one(sql, args![organization]).await?.int("running")
}

/// Sensors of an organization with their chains, in the order of `sensors`; fewer when some are not there.
pub async fn sensors(
    tx: &mut Tx,
    organization: OrganizationId,
    sensors: &[SensorId],
) -> Result<Vec<Sensor>, StoreError> {
    let mut found: HashMap<SensorId, Sensor> = HashMap::with_capacity(sensors.len());
    for part in sensors.chunks(500) {
        let sql = format!(
            "SELECT {SENSOR_WITH_LICENSE} FROM sensors s LEFT JOIN licenses l ON l.sensor_id = s.id
                AND (l.state IN ('active', 'queued') OR (s.chain = 'lapsed' AND l.ends_us = s.chain_ends_us))
             WHERE s.id IN ({}) AND s.organization_id = ${} AND s.removed_us IS NULL ORDER BY s.id, l.starts_us",
            placeholders(part.len()),
            part.len() + 1
        );
        let mut args: Args = part.iter().map(|id| Arg::from(*id)).collect();
        args.push(Arg::from(organization));
        found.extend(
            read_sensors(&tx.all_text(sql, args).await?)?.into_iter().map(|sensor| (sensor.id, sensor)),
        );
    }
    Ok(sensors.iter().filter_map(|id| found.remove(id)).collect())
}

/// One sensor of an organization with its chain.
pub async fn sensor(
    tx: &mut Tx,
    organization: OrganizationId,
    sensor: SensorId,
) -> Result<Option<Sensor>, StoreError> {
    let sql = format!(
        "SELECT {SENSOR_WITH_LICENSE} FROM sensors s LEFT JOIN licenses l ON l.sensor_id = s.id
            AND (l.state IN ('active', 'queued') OR (s.chain = 'lapsed' AND l.ends_us = s.chain_ends_us))
         WHERE s.organization_id = $1 AND s.id = $2 AND s.removed_us IS NULL ORDER BY s.id, l.starts_us"
    );
    Ok(read_sensors(&tx.all_text(sql, args![organization, sensor]).await?)?.pop())
}

/// The sensors that wait for a license, in R14's order, as many as `limit` at the most.
pub async fn waiting(
    tx: &mut Tx,
    organization: OrganizationId,
    limit: u32,
) -> Result<Vec<Sensor>, StoreError> {
    let sql = format!(
        "SELECT {SENSOR_WITH_LICENSE} FROM (SELECT * FROM sensors
            WHERE organization_id = $1 AND chain = 'lapsed' AND auto_renewal
            ORDER BY chain_ends_us, added_us, serial LIMIT $2) s
         JOIN licenses l ON l.sensor_id = s.id AND l.ends_us = s.chain_ends_us AND l.state IN ('ended', 'revoked')
         ORDER BY s.chain_ends_us, s.added_us, s.serial, l.starts_us"
    );
    read_sensors(&tx.all_text(sql, args![organization, limit]).await?)
}

/// The sensors on which a license of this code is active or queued.
pub async fn holders(
    tx: &mut Tx,
    organization: OrganizationId,
    code: CodeId,
) -> Result<Vec<Sensor>, StoreError> {
    let sql = format!(
        "SELECT {SENSOR_WITH_LICENSE} FROM sensors s
         JOIN licenses l ON l.sensor_id = s.id AND l.state IN ('active', 'queued')
         WHERE s.organization_id = $1 AND s.id IN
            (SELECT sensor_id FROM licenses WHERE code_id = $2 AND state IN ('active', 'queued'))
         ORDER BY s.id, l.starts_us"
    );
    read_sensors(&tx.all_text(sql, args![organization, code]).await?)
}

/// The sensor's last license before `before` that ended, or was cut off.
pub async fn last_ended(tx: &mut Tx, sensor: SensorId, before: Instant) -> Result<Option<Held>, StoreError> {
    let sql =
        "SELECT id, code_id, number, term, redeemed_us, starts_us, ends_us, activation_date, expires_on,
            anchor_date, anchor_months, anchor_days
        FROM licenses WHERE sensor_id = $1 AND state IN ('ended', 'revoked') AND starts_us <= $2
        ORDER BY starts_us DESC, ends_us DESC LIMIT 1";
    let Some(row) = tx.one_or_none(sql, args![sensor, before]).await? else { return Ok(None) };
    Ok(Some(Held { license: read_license(&row)?, cover: read_cover(&row)? }))
}

/// Of each of these sensors its last license before `before` that ended, or was cut off, if there is one.
pub async fn last_ended_of(
    tx: &mut Tx,
    sensors: &[SensorId],
    before: Instant,
) -> Result<HashMap<SensorId, Held>, StoreError> {
    let mut last = HashMap::new();
    for part in sensors.chunks(500) {
        let sql = format!(
            "SELECT sensor_id, id, code_id, number, term, redeemed_us, starts_us, ends_us, activation_date, expires_on,
                anchor_date, anchor_months, anchor_days
             FROM licenses WHERE sensor_id IN ({}) AND state IN ('ended', 'revoked') AND starts_us <= ${}
             ORDER BY starts_us, ends_us",
            placeholders(part.len()),
            part.len() + 1
        );
        let mut args: Args = part.iter().map(|id| Arg::from(*id)).collect();
        args.push(Arg::from(before));
        for row in tx.all_text(sql, args).await? {
            // What comes later in the order takes the place of what came before.
            last.insert(
                row.parsed("sensor_id")?,
                Held { license: read_license(&row)?, cover: read_cover(&row)? },
            );
        }
    }
    Ok(last)
}

/// The first `length` licenses of the pool (R13).
pub async fn pool(tx: &mut Tx, organization: OrganizationId, length: u32) -> Result<Pool, StoreError> {
    let sql = "SELECT id, code_id, number, term, redeemed_us FROM licenses
        WHERE organization_id = $1 AND state = 'available' ORDER BY redeemed_us, code_id, number LIMIT $2";
    let rows = tx.all(sql, args![organization, length]).await?;
    let licenses: Vec<License> = rows.iter().map(read_license).collect::<Result<_, _>>()?;
    let goes_on = u32::try_from(licenses.len()).is_ok_and(|loaded| loaded == length);
    Ok(Pool::new(licenses, goes_on))
}

/// The licenses of one code that are in the pool, by number, as many as `limit` at the most.
pub async fn available_of_code(tx: &mut Tx, code: CodeId, limit: u32) -> Result<Vec<License>, StoreError> {
    let sql = "SELECT id, code_id, number, term, redeemed_us FROM licenses
        WHERE code_id = $1 AND state = 'available' ORDER BY number LIMIT $2";
    tx.all(sql, args![code, limit]).await?.iter().map(read_license).collect()
}

// The `|| ''` keeps SQLite from making an index over `v` and walking through the whole table for each batch: it looks
// each row of `v` up in the table's own index instead.
const SET_LICENSES: Bulk = Bulk {
    head: "WITH v (id, state, sensor_id, starts_us, ends_us, activation_date, expires_on, anchor_date, anchor_months,
            anchor_days, assigned_us) AS (",
    columns: &[Column::Text, Column::Text, Column::Text, Column::Int, Column::Int, Column::Text, Column::Text, Column::Text, Column::Int, Column::Int, Column::Int],
    tail: ") UPDATE licenses SET state = v.state, sensor_id = v.sensor_id, starts_us = v.starts_us, ends_us = v.ends_us,
            activation_date = v.activation_date, expires_on = v.expires_on, anchor_date = v.anchor_date,
            anchor_months = v.anchor_months, anchor_days = v.anchor_days,
            assigned_us = coalesce(v.assigned_us, licenses.assigned_us)
        FROM v WHERE licenses.id = v.id || ''",
};

const SET_STATES: Bulk = Bulk {
    head: "WITH v (id, state) AS (",
    columns: &[Column::Text, Column::Text],
    tail: ") UPDATE licenses SET state = v.state FROM v WHERE licenses.id = v.id || ''",
};

const SET_SENSORS: Bulk = Bulk {
    head: "WITH v (id, auto_renewal, chain, code_id, activation_date, expires_on, expires_us, chain_ends_us,
            chain_expires_on, notice_due_us, cover_rev) AS (",
    columns: &[
        Column::Text,
        Column::Bool,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Int,
        Column::Int,
        Column::Text,
        Column::Int,
        Column::Int,
    ],
    tail: ") UPDATE sensors SET auto_renewal = v.auto_renewal, chain = v.chain, code_id = v.code_id,
            activation_date = v.activation_date, expires_on = v.expires_on, expires_us = v.expires_us,
            chain_ends_us = v.chain_ends_us, chain_expires_on = v.chain_expires_on, cover_rev = v.cover_rev,
            notice_due_us = CASE
                WHEN v.chain_ends_us = sensors.chain_ends_us AND v.chain_expires_on = sensors.chain_expires_on
                THEN sensors.notice_due_us ELSE v.notice_due_us END
        FROM v WHERE sensors.id = v.id || ''",
};

/// Keeps changes of licenses, the sensors that they touched, the codes' tallies, and an audit row for each change.
///
/// `actor` is who gave the command, for the changes that a command made.
pub async fn keep(
    tx: &mut Tx,
    organization: &mut Organization,
    changes: &[Change],
    sensors: &[Sensor],
    actor: &str,
) -> Result<(), StoreError> {
    let mut steps: HashMap<LicenseId, (&State, &State)> = HashMap::with_capacity(changes.len());
    // What comes to a sensor, out of the pool or from one that was removed, is assigned at that instant (R29).
    let mut assigned: HashMap<LicenseId, Instant> = HashMap::new();
    let mut tallies: BTreeMap<CodeId, Tally> = BTreeMap::new();
    for change in changes {
        steps.entry(change.license).or_insert((&change.before, &change.after)).1 = &change.after;
        let from_elsewhere = matches!(change.before, State::Available | State::Released(_));
        if from_elsewhere && matches!(change.after, State::Queued(_) | State::Active(_)) {
            assigned.insert(change.license, change.at);
        }
        let tally = tallies.entry(change.code).or_default();
        for (state, step) in [(&change.before, -1), (&change.after, 1)] {
            if let Some(count) = tally.of(state.name()) {
                *count += step;
            }
        }
    }
    tallies.retain(|_, tally| *tally != Tally::default());
    let mut steps: Vec<_> = steps.into_iter().collect();
    steps.sort_unstable_by_key(|(id, _)| *id);
    // What ends goes first: a sensor has one active license at a time, also between two rows of a statement.
    let (begins, ends): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|(_, (_, after))| matches!(after, State::Active(_)));
    for part in [ends, begins] {
        // Most that ends or begins stays where it is: then its state is all that is written.
        let (stay, moved): (Vec<_>, Vec<_>) = part.into_iter().partition(|(id, (before, after))| {
            before.placed() == after.placed() && !assigned.contains_key(id)
        });
        SET_STATES
            .run(tx, stay.into_iter().map(|(id, (_, after))| args![id, after.name()]).collect())
            .await?;
        SET_LICENSES
            .run(
                tx,
                moved
                    .into_iter()
                    .map(|(id, (_, after))| license_row(id, after, assigned.get(&id).copied()))
                    .collect(),
            )
            .await?;
    }
    codes::add_to_tallies(tx, &tallies).await?;
    let (zone, rev) = (organization.zone.clone(), organization.rev);
    SET_SENSORS.run(tx, sensors.iter().map(|sensor| sensor_row(sensor, &zone, rev)).collect()).await?;
    let entries = changes.iter().map(|change| (entry(change, actor), change.code)).collect();
    audit::add_of_licenses(tx, organization, entries).await?;
    tx.notify_cover().await
}

fn license_row(id: LicenseId, state: &State, assigned: Option<Instant>) -> Args {
    let placed = state.placed();
    let cover = placed.map(|placed| placed.cover);
    args![
        id,
        state.name(),
        placed.map(|placed| placed.sensor),
        cover.map(|cover| cover.starts),
        cover.map(|cover| cover.ends),
        cover.map(|cover| cover.activation_date),
        cover.map(|cover| cover.expires_on),
        cover.map(|cover| cover.anchor.date),
        cover.map(|cover| cover.anchor.sum.months),
        cover.map(|cover| cover.anchor.sum.days),
        assigned,
    ]
}

fn sensor_row(sensor: &Sensor, zone: &Zone, rev: i64) -> Args {
    let shown = sensor.chain.shown();
    let end = sensor.chain.end();
    args![
        sensor.id,
        sensor.auto_renewal,
        sensor.chain.name(),
        shown.map(|held| held.license.code),
        shown.map(|held| held.cover.activation_date),
        shown.map(|held| held.cover.expires_on),
        shown.map(|held| held.cover.ends),
        end.map(|end| end.ends),
        end.map(|end| end.expires_on),
        end.map(|end| notice::a_month_before(end.expires_on, zone)),
        rev,
    ]
}

fn entry(change: &Change, actor: &str) -> Entry {
    let action = match (&change.before, &change.after) {
        (State::Queued(_), State::Queued(_)) => "license_moved",
        (_, State::Available) => "license_taken_back",
        (_, State::Queued(_)) => "license_queued",
        (_, State::Active(_)) => "license_activated",
        (_, State::Ended(_)) => "license_ended",
        (_, State::Released(_)) => "license_released",
        (_, State::Revoked(_)) => "license_revoked",
    };
    let actor = match change.cause {
        Cause::Command => actor,
        Cause::AutoRenewal => "auto_renewal",
        Cause::Calendar => "calendar",
    };
    Entry {
        at: change.at,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: change.license.to_string(),
        before: Some(state_json(&change.before)),
        after: Some(state_json(&change.after)),
    }
}

/// A license's state as the audit trail shows it. None of its texts needs escaping.
fn state_json(state: &State) -> String {
    let name = state.name();
    match state.placed() {
        None => format!(r#"{{"state":"{name}"}}"#),
        Some(Placed { sensor, cover: Cover { starts, ends, activation_date, expires_on, .. } }) => format!(
            r#"{{"state":"{name}","sensor_id":"{sensor}","starts_at":"{starts}","ends_at":"{ends}","activation_date":"{activation_date}","expires_on":"{expires_on}"}}"#
        ),
    }
}

/// A license on record, whatever its state: for checks of the whole ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The license.
    pub license: License,
    /// Where it is.
    pub state: State,
}

/// All licenses of an organization, by code and number.
pub async fn all(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Recorded>, StoreError> {
    let sql = "SELECT id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us, activation_date,
            expires_on, anchor_date, anchor_months, anchor_days
        FROM licenses WHERE organization_id = $1 ORDER BY code_id, number";
    tx.all(sql, args![organization]).await?.iter().map(recorded).collect()
}

/// The licenses that are or were on a sensor, first to last.
pub async fn of_sensor(tx: &mut Tx, sensor: SensorId) -> Result<Vec<Recorded>, StoreError> {
    let sql = "SELECT id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us, activation_date,
            expires_on, anchor_date, anchor_months, anchor_days
        FROM licenses WHERE sensor_id = $1 ORDER BY starts_us, ends_us";
    tx.all(sql, args![sensor]).await?.iter().map(recorded).collect()
}

pub(crate) fn recorded(row: &Row) -> Result<Recorded, StoreError> {
    let placed = match row.parsed_or_null("sensor_id")? {
        Some(sensor) => Some(Placed { sensor, cover: read_cover(row)? }),
        None => None,
    };
    let name = row.text("state")?;
    let state = match (name.as_str(), placed) {
        ("available", None) => State::Available,
        ("queued", Some(placed)) => State::Queued(placed),
        ("active", Some(placed)) => State::Active(placed),
        ("ended", Some(placed)) => State::Ended(placed),
        ("released", Some(placed)) => State::Released(placed),
        ("revoked", placed) => State::Revoked(placed),
        _ => return Err(crate::row::corrupt("state", &name, &"its sensor does not fit it")),
    };
    Ok(Recorded { license: read_license(row)?, state })
}
