//! The last values of several sensors at once, and the samples of a short while.

use std::collections::{BTreeMap, HashMap};

use tenure_domain::Instant;
use tenure_domain::measurement::{ChannelType, Sample};

use crate::args::Arg;
use crate::history::{self, Series};
use crate::messages;
use crate::row::corrupt;
use crate::sensors::placeholders;
use crate::{Args, StoreError, Tx};

/// What a channel measured last, and lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lately {
    /// The last sample, however long ago.
    pub last: Sample,
    /// The samples of the while that was asked for, in the order of time, and perhaps some before it.
    pub series: Series,
}

/// The channels of these sensors, by the sensors' numbers, each with its last sample and those from `since` on.
///
/// It costs a look into the chunks' key for each day that a channel has, a chunk for each channel and day of the while,
/// and one walk through the messages that are not sealed yet: a minute of them.
///
/// # Errors
///
/// Those of the database.
pub async fn lately(
    tx: &mut Tx,
    sensors: &[i64],
    since: Instant,
) -> Result<HashMap<i64, Vec<Lately>>, StoreError> {
    if sensors.is_empty() {
        return Ok(HashMap::new());
    }
    let places = placeholders(sensors.len());
    let text = format!(
        "SELECT c.sensor, c.channel, c.kind, c.body FROM chunks c JOIN
            (SELECT sensor, channel, kind, max(day) AS newest FROM chunks WHERE sensor IN ({places})
             GROUP BY sensor, channel, kind) n
            ON n.sensor = c.sensor AND n.channel = c.channel AND n.kind = c.kind
                AND (c.day = n.newest OR c.day >= ${})
         ORDER BY c.sensor, c.channel, c.kind, c.day",
        sensors.len() + 1
    );
    let mut args: Args = sensors.iter().map(|sensor| Arg::from(*sensor)).collect();
    args.push(Arg::from(history::day_of(since)));
    let mut found: BTreeMap<(i64, u8, u8), Vec<Sample>> = BTreeMap::new();
    for row in tx.all_text(text, args).await? {
        let key = (row.int("sensor")?, history::small(&row, "channel")?, history::small(&row, "kind")?);
        found.entry(key).or_default().extend(history::unseal(&row)?);
    }
    let mut hot: BTreeMap<(i64, u8, u8), Vec<Sample>> = BTreeMap::new();
    for message in messages::of_sensors(tx, sensors).await? {
        for part in message.channels {
            let key = (message.sensor, part.position, part.kind.number());
            history::append(hot.entry(key).or_default(), &history::in_order(part.samples));
        }
    }
    for (key, samples) in hot {
        let before = found.remove(&key).unwrap_or_default();
        found.insert(key, tenure_domain::measurement::merge(&before, &samples));
    }
    let mut channels: HashMap<i64, Vec<Lately>> = HashMap::new();
    for ((sensor, channel, kind), samples) in found {
        let kind = ChannelType::from_number(kind)
            .ok_or_else(|| corrupt("kind", &kind, &"no such measurement type"))?;
        let Some(last) = samples.last().copied() else { continue };
        channels.entry(sensor).or_default().push(Lately { last, series: Series { channel, kind, samples } });
    }
    // A channel that has measured something else before shows what it measures now.
    for channels in channels.values_mut() {
        channels.sort_by_key(|lately| (lately.series.channel, std::cmp::Reverse(lately.last.at)));
        channels.dedup_by_key(|lately| lately.series.channel);
    }
    Ok(channels)
}
