//! Exports: as much as there is, a piece at a time.

use tenure_domain::measurement::{ChannelType, Reading};
use tenure_domain::{Date, Instant, OrganizationId, Refusal, SensorId, Serial, Zone};
use tenure_store::{history, sensors};

use crate::{App, AppError, Ctx};

/// How many days with measurements are in one piece.
const DAYS: usize = 31;

/// One sample of a sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// When it was measured.
    pub at: Instant,
    /// The channel's place in the sensor, 1 to 6.
    pub channel: u8,
    /// What it measures.
    pub kind: ChannelType,
    /// What the sensor reported.
    pub reading: Reading,
}

/// A sensor's measurements, to be read a piece at a time.
#[derive(Clone, Debug)]
pub struct MeasurementExport {
    /// The sensor's serial number.
    pub serial: Serial,
    number: i64,
    channel: Option<u8>,
    /// The ranges that are still to be read, the last one first.
    left: Vec<(Instant, Instant)>,
}

impl App {
    /// Today in the organization's zone, for the names of files, and the zone.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn today(&self, ctx: &Ctx, organization: OrganizationId) -> Result<(Date, Zone), AppError> {
        let reading = self.read_settled(ctx, organization).await?;
        let (today, zone) = (reading.today, reading.organization.zone.clone());
        reading.tx.roll_back().await?;
        Ok((today, zone))
    }

    /// Begins an export of a sensor's measurements in `[from, to)`, or of all there are.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization; [`Refusal::Invalid`] when the range is
    /// empty.
    pub async fn export_measurements(
        &self,
        organization: OrganizationId,
        sensor: SensorId,
        channel: Option<u8>,
        from: Option<Instant>,
        to: Option<Instant>,
    ) -> Result<MeasurementExport, AppError> {
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            let expected = "an instant before `to`".to_owned();
            return Err(Refusal::Invalid { field: "from", expected }.into());
        }
        let mut tx = self.db.read().await?;
        let row = sensors::get(&mut tx, organization, sensor).await?;
        let row = row.ok_or(Refusal::NotFound { what: "sensor" })?;
        let days = history::days(&mut tx, row.number).await?;
        tx.roll_back().await?;
        let range = |days: &[(Instant, Instant)]| {
            let start = from.map_or(days.first()?.0, |from| from.max(days.first().map_or(from, |day| day.0)));
            let end = to.map_or(days.last()?.1, |to| to.min(days.last().map_or(to, |day| day.1)));
            (start < end).then_some((start, end))
        };
        let mut left: Vec<_> = days.chunks(DAYS).filter_map(range).collect();
        left.reverse();
        Ok(MeasurementExport { serial: row.serial, number: row.number, channel, left })
    }

    /// The next piece of an export, in the order of time; none when that was all.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn next_measurements(
        &self,
        export: &mut MeasurementExport,
    ) -> Result<Option<Vec<Measured>>, AppError> {
        let Some((from, to)) = export.left.pop() else { return Ok(None) };
        let mut tx = self.db.read().await?;
        let series = history::read(&mut tx, export.number, export.channel, from, to).await?;
        tx.roll_back().await?;
        let mut measured: Vec<Measured> = Vec::new();
        for history::Series { channel, kind, samples } in series {
            let sample = |sample: tenure_domain::measurement::Sample| Measured {
                at: sample.at,
                channel,
                kind,
                reading: sample.reading,
            };
            measured.extend(samples.into_iter().map(sample));
        }
        measured.sort_by_key(|sample| (sample.at, sample.channel));
        Ok(Some(measured))
    }
}
