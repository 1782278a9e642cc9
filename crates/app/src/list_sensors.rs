//! The License Manager's table.

use std::collections::HashMap;

use tenure_domain::{Date, Instant, OrganizationId, Refusal, SensorId, Standing, standing};
use tenure_store::messages::{self, SensorState};
use tenure_store::sensors::{self, Place, Query, QueuedRow, SensorRow, Sort};

use crate::settle::Reading;
use crate::{App, AppError, Ctx};

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The sensor and its shown license.
    pub sensor: SensorRow,
    /// How it stands.
    pub standing: Standing,
    /// Days until the shown license expires (R10); negative when it has.
    pub days_remaining: Option<i32>,
    /// What follows the active license.
    pub queued: Vec<QueuedRow>,
    /// What its messages say.
    pub state: Option<SensorState>,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Part of a name or serial number.
    pub search: String,
    /// Only sensors that stand so.
    pub standing: Option<Standing>,
    /// The order.
    pub sort: Sort,
    /// Whether the order is turned round.
    pub descending: bool,
    /// Rows behind this place.
    pub after: Option<Place>,
    /// As many at the most.
    pub limit: u32,
}

impl App {
    /// A page of the table, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn list_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        asked: Asked,
    ) -> Result<(Vec<Row>, Option<Place>), AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let Asked { search, standing, sort, descending, after, limit } = asked;
        let (now, today) = (reading.now, reading.today);
        let query = Query { search, standing, sort, descending, after, limit, now, today };
        let (page, place) = sensors::page(&mut reading.tx, organization, &query).await?;
        let rows = rows(&mut reading, page).await?;
        reading.tx.roll_back().await?;
        Ok((rows, place))
    }

    /// One sensor's row.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization.
    pub async fn sensor(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: SensorId,
    ) -> Result<Row, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let sensor = sensors::get(&mut reading.tx, organization, id).await?;
        let rows = rows(&mut reading, sensor.into_iter().collect()).await?;
        reading.tx.roll_back().await?;
        rows.into_iter().next().ok_or_else(|| Refusal::NotFound { what: "sensor" }.into())
    }
}

async fn rows(reading: &mut Reading, page: Vec<SensorRow>) -> Result<Vec<Row>, AppError> {
    let ids: Vec<SensorId> = page.iter().map(|sensor| sensor.id).collect();
    let numbers: Vec<i64> = page.iter().map(|sensor| sensor.number).collect();
    let mut queued: HashMap<SensorId, Vec<QueuedRow>> = HashMap::new();
    for row in sensors::queued(&mut reading.tx, &ids).await? {
        queued.entry(row.sensor).or_default().push(row);
    }
    let states = messages::states(&mut reading.tx, &numbers).await?;
    let row = |sensor: SensorRow| {
        let state = states.get(&sensor.number).copied();
        let queued = queued.remove(&sensor.id).unwrap_or_default();
        Row::new(sensor, queued, state, reading.now, reading.today)
    };
    Ok(page.into_iter().map(row).collect())
}

impl Row {
    fn new(
        sensor: SensorRow,
        queued: Vec<QueuedRow>,
        state: Option<SensorState>,
        now: Instant,
        today: Date,
    ) -> Self {
        let standing = Standing::of(sensor.chain_end, now, today);
        let days_remaining =
            sensor.shown.as_ref().map(|shown| standing::days_remaining(shown.expires_on, today));
        Self { sensor, standing, days_remaining, queued, state }
    }
}
