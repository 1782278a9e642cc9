//! The License Manager's table.

use std::collections::HashMap;

use tenure_domain::{AtEnd, CodeId, OrganizationId, Refusal, SensorId, Standing, standing};
use tenure_store::covers::{self, Earlier};
use tenure_store::messages::{self, SensorState};
use tenure_store::sensors::{self, Place, Query, QueuedRow, SensorRow, Sort, StandingCounts};
use tenure_store::{Tx, codes, table};

use crate::ahead::{Question, RowEnds};
use crate::settle::Reading;
use crate::{App, AppError, Ctx};

/// How many letters of a license key are searched for at the least.
const SHORTEST_KEY_PART: usize = 4;

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
    /// What happens at the end of its chain if nobody does anything: of those that have lapsed, and those whose chain
    /// ends within 60 days.
    pub at_end: Option<AtEnd>,
    /// The last five covers that were over before the shown one, newest last.
    pub earlier: Vec<Earlier>,
    /// What its messages say.
    pub state: Option<SensorState>,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Part of a name or serial number; of a license key too for those who may read licenses.
    pub search: String,
    /// Whether the caller may read licenses. For others the search knows no keys, and rows do not say what happens at
    /// the end.
    pub licenses: bool,
    /// Only sensors that stand so.
    pub standing: Option<Standing>,
    /// Only these sensors.
    pub only: Option<Vec<SensorId>>,
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
        let Asked { search, licenses, standing, only, sort, descending, after, limit } = asked;
        let (now, today) = (reading.now, reading.today);
        let keys = if licenses { keys(&mut reading.tx, organization, &search).await? } else { Vec::new() };
        let query = Query { search, keys, standing, only, sort, descending, after, limit, now, today };
        let (page, place) = sensors::page(&mut reading.tx, organization, &query).await?;
        let rows = rows(&mut reading, page, licenses).await?;
        reading.tx.roll_back().await?;
        Ok((rows, place))
    }

    /// How many of the sensors that a search finds stand how.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn count_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        search: &str,
        licenses: bool,
    ) -> Result<StandingCounts, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let keys = if licenses { keys(&mut reading.tx, organization, search).await? } else { Vec::new() };
        let (now, today) = (reading.now, reading.today);
        let counts = table::count_found(&mut reading.tx, organization, search, &keys, now, today).await?;
        reading.tx.roll_back().await?;
        Ok(counts)
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
        let rows = rows(&mut reading, sensor.into_iter().collect(), true).await?;
        reading.tx.roll_back().await?;
        rows.into_iter().next().ok_or_else(|| Refusal::NotFound { what: "sensor" }.into())
    }
}

impl App {
    /// These sensors' rows, in the order in which they are asked for.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        ids: &[SensorId],
        licenses: bool,
    ) -> Result<Vec<Row>, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let page = sensors::by_ids(&mut reading.tx, organization, ids).await?;
        let rows = rows(&mut reading, page, licenses).await?;
        reading.tx.roll_back().await?;
        Ok(rows)
    }
}

/// The codes whose keys have what is searched for, if it can be a part of a key: at least four letters of it, in any
/// grouping and with its look-alikes (R1).
pub(crate) async fn keys(
    tx: &mut Tx,
    organization: OrganizationId,
    search: &str,
) -> Result<Vec<CodeId>, AppError> {
    let letters: Option<String> = search
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            'U' => None,
            letter => letter.is_ascii_alphanumeric().then_some(letter),
        })
        .collect();
    match letters.filter(|letters| letters.len() >= SHORTEST_KEY_PART) {
        Some(letters) => Ok(codes::with_key_part(tx, organization, &letters).await?),
        None => Ok(Vec::new()),
    }
}

pub(crate) async fn rows(
    reading: &mut Reading,
    page: Vec<SensorRow>,
    licenses: bool,
) -> Result<Vec<Row>, AppError> {
    let ids: Vec<SensorId> = page.iter().map(|sensor| sensor.id).collect();
    let numbers: Vec<i64> = page.iter().map(|sensor| sensor.number).collect();
    let mut queued: HashMap<SensorId, Vec<QueuedRow>> = HashMap::new();
    for row in sensors::queued(&mut reading.tx, &ids).await? {
        queued.entry(row.sensor).or_default().push(row);
    }
    let states = messages::states(&mut reading.tx, &numbers).await?;
    let told = if licenses { ids.as_slice() } else { &[] };
    let mut earlier = covers::earlier(&mut reading.tx, told).await?;
    let question = |sensor: &SensorRow| Question {
        sensor: sensor.id,
        auto_renewal: sensor.auto_renewal,
        chain_ends: sensor.chain_end.map(|end| end.ends),
    };
    let questions: Vec<Question> = page.iter().filter(|_| licenses).map(question).collect();
    let ends = RowEnds::load(reading, &questions).await?;
    let (now, today) = (reading.now, reading.today);
    let row = |sensor: SensorRow| {
        let shown = sensor.shown.as_ref();
        Row {
            standing: Standing::of(sensor.chain_end, now, today),
            days_remaining: shown.map(|shown| standing::days_remaining(shown.expires_on, today)),
            queued: queued.remove(&sensor.id).unwrap_or_default(),
            at_end: ends.of(question(&sensor), now).filter(|_| licenses),
            earlier: earlier.remove(&sensor.id).unwrap_or_default(),
            state: states.get(&sensor.number).copied(),
            sensor,
        }
    };
    Ok(page.into_iter().map(row).collect())
}
