//! What has arrived and is not sealed yet: one row a message, in the order of arrival.

use std::collections::HashMap;

use tenure_domain::Instant;
use tenure_domain::measurement::packed::{self, PackedError};
use tenure_domain::measurement::{Battery, Channel, PowerSource, Uplink};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::row::corrupt;
use crate::sensors::placeholders;
use crate::{Row, StoreError, Tx};

/// What the gate did with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Covered: saved whole (R23).
    Saved,
    /// Saved as far as it was paid for, from a sensor whose cover is over (R24).
    SavedLate,
    /// Not saved, but counted (R27).
    Refused,
}

/// What a message says of the sensor itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its battery.
    pub battery: Battery,
    /// The strength of its radio signal in dBm, when it is known.
    pub signal_dbm: Option<i16>,
    /// When it counts as lost if nothing came by then.
    pub next_transmission_at: Option<Instant>,
}

impl Status {
    /// The status of a message.
    #[must_use]
    pub fn of(uplink: &Uplink) -> Self {
        let Uplink { battery, signal_dbm, next_transmission_at, .. } = uplink;
        Self { battery: *battery, signal_dbm: *signal_dbm, next_transmission_at: *next_transmission_at }
    }
}

/// A message on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its number: larger than those of the same process before it.
    pub number: i64,
    /// The sensor's number.
    pub sensor: i64,
    /// When it arrived.
    pub arrived: Instant,
    /// Whether its samples are in it.
    pub saved: bool,
    /// Status and samples ([`body`]).
    pub body: Vec<u8>,
}

/// A message that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub number: i64,
    /// The sensor's number.
    pub sensor: i64,
    /// When it arrived.
    pub arrived: Instant,
    /// What the gate did with it.
    pub fate: Fate,
    /// The sensor's status.
    pub status: Status,
    /// The samples that were saved.
    pub channels: Vec<Channel>,
}

const LOW_BATTERY: u8 = 1;
const LATE: u8 = 2;
const HAS_LEVEL: u8 = 4;
const HAS_SIGNAL: u8 = 8;
const HAS_NEXT: u8 = 16;
/// Bits 5 to 7: the power source, 0 for none said.
const SOURCE_SHIFT: u8 = 5;

/// Writes the body of a message: its status, and the samples that are saved. Returns where the samples begin.
pub fn body(status: &Status, fate: Fate, channels: &[Channel], out: &mut Vec<u8>) -> usize {
    let Status { battery, signal_dbm, next_transmission_at } = status;
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let source = match battery.source {
        None => 0,
        Some(PowerSource::Battery) => 1,
        Some(PowerSource::Rechargeable) => 2,
        Some(PowerSource::Charging) => 3,
        Some(PowerSource::Unknown) => 4,
    };
    out.push(
        flag(battery.low, LOW_BATTERY)
            | flag(fate == Fate::SavedLate, LATE)
            | flag(battery.centivolts.is_some(), HAS_LEVEL)
            | flag(signal_dbm.is_some(), HAS_SIGNAL)
            | flag(next_transmission_at.is_some(), HAS_NEXT)
            | (source << SOURCE_SHIFT),
    );
    if let Some(level) = battery.centivolts {
        out.extend(level.to_be_bytes());
    }
    if let Some(signal) = signal_dbm {
        out.extend(signal.to_be_bytes());
    }
    if let Some(next) = next_transmission_at {
        out.extend(u32::try_from(next.as_seconds()).unwrap_or(u32::MAX).to_be_bytes());
    }
    let samples = out.len();
    if fate != Fate::Refused {
        packed::pack(channels, out);
    }
    samples
}

/// Reads the status of a body, whether it came late, and what is behind it.
fn read_status(body: &[u8]) -> Result<(Status, bool, &[u8]), StoreError> {
    let truncated = || corrupt("body", &body.len(), &"it ends within its status");
    let (flags, mut rest) = body.split_first().ok_or_else(truncated)?;
    let mut take = |bit: u8, length: usize| -> Result<Option<u32>, StoreError> {
        if flags & bit == 0 {
            return Ok(None);
        }
        let (bytes, behind) = rest.split_at_checked(length).ok_or_else(truncated)?;
        rest = behind;
        Ok(Some(bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))))
    };
    let centivolts = take(HAS_LEVEL, 2)?.and_then(|level| u16::try_from(level).ok());
    let signal = take(HAS_SIGNAL, 2)?.and_then(|signal| u16::try_from(signal).ok());
    let next = take(HAS_NEXT, 4)?;
    let source = match flags >> SOURCE_SHIFT {
        0 => None,
        1 => Some(PowerSource::Battery),
        2 => Some(PowerSource::Rechargeable),
        3 => Some(PowerSource::Charging),
        _ => Some(PowerSource::Unknown),
    };
    let status = Status {
        battery: Battery { low: flags & LOW_BATTERY != 0, centivolts, source },
        signal_dbm: signal.map(u16::cast_signed),
        next_transmission_at: next.map(|seconds| Instant::from_seconds(i64::from(seconds))),
    };
    Ok((status, flags & LATE != 0, rest))
}

/// Reads the status out of `sensor_state.status`, which has the form of a refused message's body.
pub(crate) fn status_only(body: &[u8]) -> Result<Status, StoreError> {
    read_status(body).map(|(status, ..)| status)
}

/// Reads a body: what the gate did, the sensor's status, and what was saved.
pub(crate) fn read_body(body: &[u8], saved: bool) -> Result<(Fate, Status, Vec<Channel>), StoreError> {
    let (status, late, samples) = read_status(body)?;
    let fate = match (saved, late) {
        (false, _) => Fate::Refused,
        (true, false) => Fate::Saved,
        (true, true) => Fate::SavedLate,
    };
    let unpack = |error: PackedError| corrupt("body", &body.len(), &error);
    let channels = if saved { packed::unpack(samples).map_err(unpack)? } else { Vec::new() };
    Ok((fate, status, channels))
}

fn read(row: &Row) -> Result<Message, StoreError> {
    let (fate, status, channels) = read_body(row.blob("body")?, row.bool("saved")?)?;
    Ok(Message {
        number: row.int("number")?,
        sensor: row.int("sensor")?,
        arrived: row.instant("arrived_us")?,
        fate,
        status,
        channels,
    })
}

/// Appends messages: the one statement of the hot path. They are durable when the transaction is.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn append(tx: &mut Tx, messages: Vec<NewMessage>) -> Result<(), StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO messages (number, sensor, arrived_us, saved, body)",
        columns: &[Column::Int, Column::Int, Column::Int, Column::Bool, Column::Blob],
        tail: "",
    };
    let rows = messages.into_iter().map(|message| {
        let NewMessage { number, sensor, arrived, saved, body } = message;
        args![number, sensor, arrived, saved, body]
    });
    INSERT.run(tx, rows.collect()).await.map(drop)
}

/// Takes the oldest messages out of the table, for sealing them in the same transaction.
pub async fn take_oldest(tx: &mut Tx, limit: u32) -> Result<Vec<Message>, StoreError> {
    let sql = "DELETE FROM messages WHERE number IN (SELECT number FROM messages ORDER BY number LIMIT $1)
        RETURNING number, sensor, arrived_us, saved, body";
    let rows = tx.all(sql, args![limit]).await?;
    let mut messages: Vec<Message> = rows.iter().map(read).collect::<Result<_, _>>()?;
    messages.sort_unstable_by_key(|message| message.number);
    Ok(messages)
}

/// The messages of these sensors that are not sealed yet, in the order of arrival.
pub async fn of_sensors(tx: &mut Tx, sensors: &[i64]) -> Result<Vec<Message>, StoreError> {
    if sensors.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT number, sensor, arrived_us, saved, body FROM messages WHERE sensor IN ({}) ORDER BY number",
        placeholders(sensors.len())
    );
    let args = sensors.iter().map(|sensor| Arg::from(*sensor)).collect();
    tx.all_text(text, args).await?.iter().map(read).collect()
}

/// How many messages are not sealed yet.
pub async fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.one("SELECT count(*) AS messages FROM messages", args![]).await?.int("messages")
}

/// What is known of a sensor from its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorState {
    /// When its last message arrived, saved or not (R27).
    pub last_seen: Instant,
    /// When its last message arrived of which something was saved.
    pub last_saved: Option<Instant>,
    /// The status in its last message.
    pub status: Status,
    /// How many messages were refused since it was last covered.
    pub refused: i64,
    /// When the first of them arrived.
    pub refused_since: Option<Instant>,
}

impl SensorState {
    /// The state after one more message, in the order of arrival.
    #[must_use]
    pub fn after(before: Option<&Self>, message: &Message) -> Self {
        let (last_saved, refused, since) =
            before.map_or((None, 0, None), |state| (state.last_saved, state.refused, state.refused_since));
        let arrived = message.arrived;
        let (last_saved, refused, refused_since) = match message.fate {
            Fate::Saved => (Some(arrived), 0, None),
            Fate::SavedLate => (Some(arrived), refused, since),
            Fate::Refused => (last_saved, refused + 1, since.or(Some(arrived))),
        };
        let last_seen = before.map_or(arrived, |state| state.last_seen.max(arrived));
        Self { last_seen, last_saved, status: message.status, refused, refused_since }
    }
}

/// The states of these sensors by their numbers: what is sealed, and what has arrived since.
pub async fn states(tx: &mut Tx, sensors: &[i64]) -> Result<HashMap<i64, SensorState>, StoreError> {
    let mut states = sealed_states(tx, sensors).await?;
    for message in of_sensors(tx, sensors).await? {
        let state = SensorState::after(states.get(&message.sensor), &message);
        states.insert(message.sensor, state);
    }
    Ok(states)
}

/// The states of these sensors as they were last sealed.
pub(crate) async fn sealed_states(
    tx: &mut Tx,
    sensors: &[i64],
) -> Result<HashMap<i64, SensorState>, StoreError> {
    let mut states = HashMap::new();
    for part in sensors.chunks(1_000) {
        let text = format!(
            "SELECT sensor, last_seen_us, last_saved_us, status, refused, refused_since_us FROM sensor_state
             WHERE sensor IN ({})",
            placeholders(part.len())
        );
        for row in tx.all_text(text, part.iter().map(|sensor| Arg::from(*sensor)).collect()).await? {
            let state = SensorState {
                last_seen: row.instant("last_seen_us")?,
                last_saved: row.instant_or_null("last_saved_us")?,
                status: status_only(row.blob("status")?)?,
                refused: row.int("refused")?,
                refused_since: row.instant_or_null("refused_since_us")?,
            };
            states.insert(row.int("sensor")?, state);
        }
    }
    Ok(states)
}

/// Keeps the states of sensors.
pub(crate) async fn keep_states(tx: &mut Tx, states: &HashMap<i64, SensorState>) -> Result<(), StoreError> {
    const UPSERT: Bulk = Bulk {
        head: "INSERT INTO sensor_state (sensor, last_seen_us, last_saved_us, status, refused, refused_since_us)",
        columns: &[Column::Int, Column::Int, Column::Int, Column::Blob, Column::Int, Column::Int],
        tail: "ON CONFLICT (sensor) DO UPDATE SET last_seen_us = excluded.last_seen_us,
            last_saved_us = excluded.last_saved_us, status = excluded.status, refused = excluded.refused,
            refused_since_us = excluded.refused_since_us",
    };
    let mut sensors: Vec<_> = states.iter().collect();
    sensors.sort_unstable_by_key(|(sensor, _)| **sensor);
    let rows = sensors.into_iter().map(|(sensor, state)| {
        let mut status = Vec::new();
        body(&state.status, Fate::Refused, &[], &mut status);
        args![*sensor, state.last_seen, state.last_saved, status, state.refused, state.refused_since]
    });
    UPSERT.run(tx, rows.collect()).await.map(drop)
}

/// Notes the organizations of sensors whose first state was just kept: the table is sorted by what they have.
pub(crate) async fn keep_organizations(tx: &mut Tx, sensors: &[i64]) -> Result<(), StoreError> {
    for part in sensors.chunks(500) {
        let text: std::sync::Arc<str> = format!(
            "UPDATE sensor_state SET organization_id =
                (SELECT s.organization_id FROM sensors s WHERE s.number = sensor_state.sensor) WHERE sensor IN ({})",
            placeholders(part.len())
        )
        .into();
        tx.execute_text(&text, part.iter().map(|sensor| Arg::from(*sensor)).collect()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_status_reads_back_as_itself(
            low: bool, late: bool, level: Option<u16>, signal: Option<i16>, next: Option<u32>, source in 0_u8..5,
        ) {
            let source = [None, Some(PowerSource::Battery), Some(PowerSource::Rechargeable),
                Some(PowerSource::Charging), Some(PowerSource::Unknown)][usize::from(source)];
            let status = Status {
                battery: Battery { low, centivolts: level, source },
                signal_dbm: signal,
                next_transmission_at: next.map(|seconds| Instant::from_seconds(i64::from(seconds))),
            };
            let fate = if late { Fate::SavedLate } else { Fate::Saved };
            let mut bytes = Vec::new();
            body(&status, fate, &[], &mut bytes);
            let (read, read_late, rest) = read_status(&bytes).unwrap();
            prop_assert_eq!((read, read_late), (status, late));
            prop_assert_eq!(packed::unpack(rest).unwrap(), vec![]);
        }

        #[test]
        fn broken_bytes_are_an_error_and_no_panic(bytes: Vec<u8>) {
            let _ = read_status(&bytes);
        }
    }
}
