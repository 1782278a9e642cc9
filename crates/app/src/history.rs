//! Measurements, for charts: readable also of an expired sensor (R28).

use tenure_domain::measurement::{ChannelType, Reading, downsample};
use tenure_domain::{Instant, OrganizationId, Refusal, SensorId};
use tenure_store::device::{self, Document};
use tenure_store::{Tx, history, removed, sensors};

use crate::{App, AppError, Ctx};

/// The most points of one channel in an answer.
pub const MOST_POINTS: u32 = 10_000;

/// Which measurements are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The channel's place in the sensor, 1 to 6; all when nothing is said.
    pub channel: Option<u8>,
    /// From here on; a day before `to` when nothing is said.
    pub from: Option<Instant>,
    /// Up to here, which is not included; now, and what sensors with a fast clock sent since, when nothing is said.
    pub to: Option<Instant>,
    /// As many points a channel at the most; wider ranges are told in slices of time.
    pub points: u32,
}

/// One channel's measurements.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Its place in the sensor, 1 to 6.
    pub channel: u8,
    /// What it measures.
    pub kind: ChannelType,
    /// Its points in the order of time.
    pub points: Vec<Point>,
}

/// A sample, or a slice of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When it was measured, or where the slice begins.
    pub at: Instant,
    /// The value, or the slice's mean; none when the sensor reported only errors.
    pub value: Option<f64>,
    /// The smallest value.
    pub min: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
    /// How many errors the sensor reported.
    pub errors: u32,
}

const DAY_US: i64 = 86_400 * 1_000_000;

impl App {
    /// A sensor's measurements.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization; [`Refusal::Invalid`] when the range is
    /// empty or the number of points is out of range.
    pub async fn measurements(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        asked: Asked,
    ) -> Result<Vec<Channel>, AppError> {
        let range = Range::of(ctx, asked)?;
        let mut tx = self.db.read().await?;
        let row = sensors::get(&mut tx, organization, sensor).await?;
        let number = row.ok_or(Refusal::NotFound { what: "sensor" })?.number;
        range.read(tx, number).await
    }

    /// The measurements of a sensor that was removed: its history stays readable until it is erased (R21).
    ///
    /// # Errors
    ///
    /// As [`App::measurements`].
    pub async fn removed_measurements(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        asked: Asked,
    ) -> Result<Vec<Channel>, AppError> {
        let range = Range::of(ctx, asked)?;
        let mut tx = self.db.read().await?;
        let row = removed::get(&mut tx, organization, sensor).await?;
        let number = row.ok_or(Refusal::NotFound { what: "removed sensor" })?.number;
        range.read(tx, number).await
    }

    /// What the sensor has told of itself last: its device info or configuration as JSON, and when it came.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization.
    pub async fn device_document(
        &self,
        organization: OrganizationId,
        sensor: SensorId,
        document: Document,
    ) -> Result<Option<(Instant, String)>, AppError> {
        let mut tx = self.db.read().await?;
        let row = sensors::get(&mut tx, organization, sensor).await?;
        let number = row.ok_or(Refusal::NotFound { what: "sensor" })?.number;
        let document = device::get(&mut tx, number, document).await?;
        tx.roll_back().await?;
        Ok(document)
    }
}

/// A range of measurements that can be read.
struct Range {
    channel: Option<u8>,
    from: Instant,
    to: Instant,
    points: u32,
}

impl Range {
    fn of(ctx: &Ctx, asked: Asked) -> Result<Self, Refusal> {
        let Asked { channel, from, to, points } = asked;
        if !(1..=MOST_POINTS).contains(&points) {
            return Err(Refusal::Invalid {
                field: "points",
                expected: format!("a number from 1 to {MOST_POINTS}"),
            });
        }
        let to = to.unwrap_or_else(|| ctx.now.plus_micros(DAY_US));
        let from = from.unwrap_or_else(|| to.min(ctx.now).plus_micros(-DAY_US));
        if from >= to {
            return Err(Refusal::Invalid { field: "from", expected: "an instant before `to`".to_owned() });
        }
        Ok(Self { channel, from, to, points })
    }

    async fn read(self, mut tx: Tx, number: i64) -> Result<Vec<Channel>, AppError> {
        let Self { channel, from, to, points } = self;
        let series = history::read(&mut tx, number, channel, from, to).await?;
        tx.roll_back().await?;
        Ok(series.into_iter().map(|series| shown(series, from, to, points)).collect())
    }
}

fn shown(series: history::Series, from: Instant, to: Instant, points: u32) -> Channel {
    let history::Series { channel, kind, samples } = series;
    let few = u32::try_from(samples.len()).is_ok_and(|count| count <= points);
    let points = if few {
        let point = |at, reading| match reading {
            Reading::Value(raw) => {
                let value = Some(kind.read(raw).value.to_f64());
                Point { at, value, min: value, max: value, errors: 0 }
            }
            Reading::Error(_) => Point { at, value: None, min: None, max: None, errors: 1 },
        };
        samples.into_iter().map(|sample| point(sample.at, sample.reading)).collect()
    } else {
        // Slices are cut of what there is, so that a short history in a wide range keeps its detail.
        let first = samples.first().map_or(from, |sample| sample.at);
        let end = samples.last().map_or(to, |sample| sample.at.plus_micros(1));
        let slices = downsample(kind, &samples, first, end, points).into_iter();
        let point = |bucket: tenure_domain::measurement::Bucket| Point {
            at: bucket.at,
            value: bucket.values.map(|values| values.mean),
            min: bucket.values.map(|values| values.min.to_f64()),
            max: bucket.values.map(|values| values.max.to_f64()),
            errors: bucket.errors,
        };
        slices.map(point).collect()
    };
    Channel { channel, kind, points }
}
