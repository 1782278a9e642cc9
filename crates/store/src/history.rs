//! Measurements: sealing what has arrived into chunks, and reading both.

use std::collections::{BTreeMap, HashMap};

use tenure_domain::Instant;
use tenure_domain::measurement::{ChannelType, Sample, merge, packed};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::counters::{self, Counter};
use crate::messages::{self, SensorState};
use crate::row::corrupt;
use crate::{Args, Db, Row, StoreError, Tx};

/// Messages that are sealed in one transaction: few enough that nobody waits long for the writer.
const SEALED_AT_ONCE: u32 = 2_000;

/// A chunk's key: one sensor, channel and type on one UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    sensor: i64,
    channel: i64,
    kind: i64,
    day: i64,
}

const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

pub(crate) fn day_of(instant: Instant) -> i64 {
    instant.as_micros().div_euclid(MICROS_PER_DAY)
}

/// The samples of one channel of a sensor, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The channel's place in the sensor, 1 to 6.
    pub channel: u8,
    /// What it measures.
    pub kind: ChannelType,
    /// Its samples.
    pub samples: Vec<Sample>,
}

impl Db {
    /// Seals the oldest messages into chunks, and folds them into the sensors' states; returns how many.
    ///
    /// Nothing is in between: each run is one transaction. Runs on several nodes wait for each other.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn seal_some(&self) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        counters::take_in(&mut tx, Counter::Seal, 1).await?;
        let messages = messages::take_oldest(&mut tx, SEALED_AT_ONCE).await?;
        let sealed = messages.len();
        if sealed == 0 {
            tx.roll_back().await?;
            return Ok(0);
        }
        let mut sensors: Vec<i64> = messages.iter().map(|message| message.sensor).collect();
        sensors.sort_unstable();
        sensors.dedup();
        let mut states: HashMap<i64, SensorState> = messages::sealed_states(&mut tx, &sensors).await?;
        let fresh: Vec<i64> = sensors.into_iter().filter(|sensor| !states.contains_key(sensor)).collect();
        let mut arrived: BTreeMap<Key, Vec<Sample>> = BTreeMap::new();
        for message in messages {
            let state = SensorState::after(states.get(&message.sensor), &message);
            states.insert(message.sensor, state);
            for channel in message.channels {
                sort_in(&mut arrived, message.sensor, channel.position, channel.kind, channel.samples);
            }
        }
        messages::keep_states(&mut tx, &states).await?;
        messages::keep_organizations(&mut tx, &fresh).await?;
        add(&mut tx, arrived).await?;
        tx.commit().await?;
        Ok(sealed)
    }

    /// Adds series of samples to a sensor's chunks, in a transaction of its own: for histories from elsewhere.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn add_history(&self, sensor: i64, series: Vec<Series>) -> Result<(), StoreError> {
        let mut arrived: BTreeMap<Key, Vec<Sample>> = BTreeMap::new();
        for Series { channel, kind, samples } in series {
            sort_in(&mut arrived, sensor, channel, kind, samples);
        }
        let mut tx = self.begin().await?;
        add(&mut tx, arrived).await?;
        tx.commit().await
    }
}

/// Adds one channel's samples of one message to the days that they belong to.
fn sort_in(
    arrived: &mut BTreeMap<Key, Vec<Sample>>,
    sensor: i64,
    channel: u8,
    kind: ChannelType,
    samples: Vec<Sample>,
) {
    let (channel, kind) = (i64::from(channel), i64::from(kind.number()));
    for day in in_order(samples).chunk_by(|one, next| day_of(one.at) == day_of(next.at)) {
        let Some(first) = day.first() else { continue };
        append(arrived.entry(Key { sensor, channel, kind, day: day_of(first.at) }).or_default(), day);
    }
}

/// Puts the samples of one message in the order of time. Two at one instant stay two.
pub(crate) fn in_order(mut samples: Vec<Sample>) -> Vec<Sample> {
    samples.sort_by_key(|sample| sample.at);
    samples
}

/// Adds a message's samples to what came before it; where both have an instant, what came first counts.
pub(crate) fn append(run: &mut Vec<Sample>, samples: &[Sample]) {
    match (run.last(), samples.first()) {
        (Some(last), Some(first)) if last.at >= first.at => *run = merge(run, samples),
        _ => run.extend_from_slice(samples),
    }
}

/// Merges samples into the chunks that are there. What was there first wins, so the same sample twice is once.
async fn add(tx: &mut Tx, arrived: BTreeMap<Key, Vec<Sample>>) -> Result<(), StoreError> {
    const UPSERT: Bulk = Bulk {
        head: "INSERT INTO chunks (sensor, channel, kind, day, first_us, last_us, samples, body)",
        columns: &[
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Blob,
        ],
        tail: "ON CONFLICT (sensor, channel, kind, day) DO UPDATE SET first_us = excluded.first_us,
            last_us = excluded.last_us, samples = excluded.samples, body = excluded.body",
    };
    let keys: Vec<Key> = arrived.keys().copied().collect();
    let mut there = load(tx, &keys).await?;
    let mut rows: Vec<Args> = Vec::with_capacity(arrived.len());
    for (key, samples) in arrived {
        let samples = match there.remove(&key) {
            Some(before) => merge(&before, &samples),
            None => samples,
        };
        if let (Some(first), Some(last)) = (samples.first(), samples.last()) {
            let count = i64::try_from(samples.len()).unwrap_or(i64::MAX);
            let body = packed::seal(&samples);
            rows.push(args![key.sensor, key.channel, key.kind, key.day, first.at, last.at, count, body]);
        }
    }
    UPSERT.run(tx, rows).await.map(drop)
}

pub(crate) fn unseal(row: &Row) -> Result<Vec<Sample>, StoreError> {
    let body = row.blob("body")?;
    packed::unseal(body).map_err(|error| corrupt("body", &body.len(), &error))
}

async fn load(tx: &mut Tx, keys: &[Key]) -> Result<HashMap<Key, Vec<Sample>>, StoreError> {
    let mut chunks = HashMap::new();
    for part in keys.chunks(500) {
        let places: Vec<String> = (0..part.len())
            .map(|place| {
                let first = place * 4 + 1;
                format!("(${first}, ${}, ${}, ${})", first + 1, first + 2, first + 3)
            })
            .collect();
        let text = format!(
            "SELECT sensor, channel, kind, day, body FROM chunks WHERE (sensor, channel, kind, day) IN (VALUES {})",
            places.join(", ")
        );
        let args = part.iter().flat_map(|key| args![key.sensor, key.channel, key.kind, key.day]).collect();
        for row in tx.all_text(text, args).await? {
            let key = Key {
                sensor: row.int("sensor")?,
                channel: row.int("channel")?,
                kind: row.int("kind")?,
                day: row.int("day")?,
            };
            chunks.insert(key, unseal(&row)?);
        }
    }
    Ok(chunks)
}

/// The UTC days on which a sensor has measurements, sealed or not, first to last: the beginning and the end of each.
///
/// # Errors
///
/// Those of the database.
pub async fn days(tx: &mut Tx, sensor: i64) -> Result<Vec<(Instant, Instant)>, StoreError> {
    let mut days = std::collections::BTreeSet::new();
    for row in tx.all("SELECT DISTINCT day FROM chunks WHERE sensor = $1", args![sensor]).await? {
        days.insert(row.int("day")?);
    }
    for message in messages::of_sensors(tx, &[sensor]).await? {
        let samples = message.channels.iter().flat_map(|channel| &channel.samples);
        days.extend(samples.map(|sample| day_of(sample.at)));
    }
    let bounds = |day: i64| {
        let start = Instant::from_micros(day.saturating_mul(MICROS_PER_DAY));
        (start, start.plus_micros(MICROS_PER_DAY))
    };
    Ok(days.into_iter().map(bounds).collect())
}

/// A sensor's measurements in `[from, to)`, of one channel or of all, sealed or not; each sample once.
///
/// # Errors
///
/// Those of the database.
pub async fn read(
    tx: &mut Tx,
    sensor: i64,
    channel: Option<u8>,
    from: Instant,
    to: Instant,
) -> Result<Vec<Series>, StoreError> {
    let sql = "SELECT channel, kind, body FROM chunks
        WHERE sensor = $1 AND day >= $2 AND day <= $3 AND last_us >= $4 AND first_us < $5
            AND (CAST($6 AS bigint) IS NULL OR channel = $6)
        ORDER BY channel, kind, day";
    let only = channel.map(i64::from);
    let args: Args = vec![
        Arg::from(sensor),
        Arg::from(day_of(from)),
        Arg::from(day_of(to)),
        Arg::from(from),
        Arg::from(to),
        Arg::from(only),
    ];
    let mut series: BTreeMap<(u8, u8), Vec<Sample>> = BTreeMap::new();
    for row in tx.all(sql, args).await? {
        let channel = small(&row, "channel")?;
        series.entry((channel, small(&row, "kind")?)).or_default().extend(unseal(&row)?);
    }
    let mut hot: BTreeMap<(u8, u8), Vec<Sample>> = BTreeMap::new();
    for message in messages::of_sensors(tx, &[sensor]).await? {
        for part in message.channels {
            if channel.is_none_or(|channel| channel == part.position) {
                append(hot.entry((part.position, part.kind.number())).or_default(), &in_order(part.samples));
            }
        }
    }
    for (key, samples) in hot {
        let before = series.remove(&key).unwrap_or_default();
        series.insert(key, merge(&before, &samples));
    }
    let inside = |sample: &Sample| from <= sample.at && sample.at < to;
    series
        .into_iter()
        .map(|((channel, kind), mut samples)| {
            samples.retain(inside);
            let kind = ChannelType::from_number(kind)
                .ok_or_else(|| corrupt("kind", &kind, &"no such measurement type"))?;
            Ok(Series { channel, kind, samples })
        })
        .filter(|series| series.as_ref().map_or(true, |series: &Series| !series.samples.is_empty()))
        .collect()
}

pub(crate) fn small(row: &Row, column: &str) -> Result<u8, StoreError> {
    let value = row.int(column)?;
    u8::try_from(value).map_err(|error| corrupt(column, &value, &error))
}
