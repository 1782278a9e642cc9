//! What several sensors measured last, and how the last day went: the sensors' page at a glance.

use tenure_domain::measurement::{ChannelType, Reading, Sample, downsample};
use tenure_domain::{Instant, OrganizationId, Refusal, SensorId};
use tenure_store::sensors;
use tenure_store::values::{self, Lately};

use crate::{App, AppError, Ctx};

/// The most sensors of one question.
pub const MOST_SENSORS: usize = 100;

/// How many points a sparkline has.
pub const POINTS: u32 = 48;

const DAY_US: i64 = 86_400 * 1_000_000;
const POINT_US: i64 = DAY_US / 48;

/// A channel's last value.
#[derive(Clone, Debug, PartialEq)]
pub struct LastValue {
    /// The channel's place in the sensor, 1 to 6.
    pub channel: u8,
    /// What it measures.
    pub kind: ChannelType,
    /// The value; none when the sensor reported an error.
    pub value: Option<f64>,
    /// When it was measured.
    pub at: Instant,
}

/// The means of a channel's values in equal slices of the last 24 hours.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparkline {
    /// The channel's place in the sensor, 1 to 6.
    pub channel: u8,
    /// [`POINTS`] means, first to last; none where nothing was measured.
    pub points: Vec<Option<f64>>,
}

/// A sensor at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// The sensor.
    pub sensor: SensorId,
    /// What its channels measured last.
    pub values: Vec<LastValue>,
    /// How its first channel went; none before it has measured anything.
    pub sparkline: Option<Sparkline>,
}

impl App {
    /// What these sensors measured last, and the sparklines up to now, which begin a day before.
    ///
    /// Sensors that are not there are left out.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for none or too many sensors.
    pub async fn sensor_values(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        ids: &[SensorId],
    ) -> Result<Vec<Glance>, AppError> {
        if !(1..=MOST_SENSORS).contains(&ids.len()) {
            let expected = format!("1 to {MOST_SENSORS} ids of sensors, with commas between them");
            return Err(Refusal::Invalid { field: "ids", expected }.into());
        }
        let from = ctx.now.plus_micros(-DAY_US);
        let mut tx = self.db.read().await?;
        let numbers = sensors::numbers(&mut tx, organization, ids).await?;
        let all: Vec<i64> = numbers.iter().map(|(_, number)| *number).collect();
        let mut channels = values::lately(&mut tx, &all, from).await?;
        tx.roll_back().await?;
        let glance = |(sensor, number): (SensorId, i64)| {
            let channels = channels.remove(&number).unwrap_or_default();
            let sparkline = channels.first().map(|first| Sparkline {
                channel: first.series.channel,
                points: sparkline(first.series.kind, &first.series.samples, from, ctx.now),
            });
            Glance { sensor, values: channels.iter().map(last_value).collect(), sparkline }
        };
        Ok(numbers.into_iter().map(glance).collect())
    }
}

fn last_value(lately: &Lately) -> LastValue {
    let kind = lately.series.kind;
    let value = match lately.last.reading {
        Reading::Value(raw) => Some(kind.read(raw).value.to_f64()),
        Reading::Error(_) => None,
    };
    LastValue { channel: lately.series.channel, kind, value, at: lately.last.at }
}

fn sparkline(kind: ChannelType, samples: &[Sample], from: Instant, to: Instant) -> Vec<Option<f64>> {
    let lately: Vec<Sample> =
        samples.iter().filter(|sample| from <= sample.at && sample.at < to).copied().collect();
    let mut points = vec![None; usize::try_from(POINTS).unwrap_or(0)];
    for bucket in downsample(kind, &lately, from, to, POINTS) {
        let place = usize::try_from(bucket.at.micros_since(from) / POINT_US).unwrap_or(usize::MAX);
        if let Some(point) = points.get_mut(place) {
            *point = bucket.values.map(|values| values.mean);
        }
    }
    points
}
