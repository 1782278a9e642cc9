//! The sensors that were removed, and what they have left behind (R21).

use std::collections::HashMap;

use tenure_domain::{CodeId, Instant, OrganizationId, Refusal, SensorId};
use tenure_store::removed::{self, RemovedSensor};
use tenure_store::{Tx, codes, released};

use crate::remove_sensor::Released;
use crate::{App, AppError, Ctx};

impl App {
    /// A page of an organization's removed sensors, the last removed first, from behind one that was removed at an
    /// instant; each with the license that it left behind and that still runs.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn removed_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        after: Option<(Instant, SensorId)>,
        limit: u32,
    ) -> Result<Vec<(RemovedSensor, Option<Released>)>, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let page = removed::page(&mut reading.tx, organization, after, limit).await?;
        let rows = with_released(&mut reading.tx, organization, page).await?;
        reading.tx.roll_back().await?;
        Ok(rows)
    }

    /// One of an organization's removed sensors, with the license that it left behind and that still runs.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor, or it was not removed.
    pub async fn removed_sensor(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: SensorId,
    ) -> Result<(RemovedSensor, Option<Released>), AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let sensor = removed::get(&mut reading.tx, organization, id).await?;
        let rows = with_released(&mut reading.tx, organization, sensor.into_iter().collect()).await?;
        reading.tx.roll_back().await?;
        Ok(rows.into_iter().next().ok_or(Refusal::NotFound { what: "removed sensor" })?)
    }
}

/// Each of these removed sensors with the license that it left behind and that still runs.
async fn with_released(
    tx: &mut Tx,
    organization: OrganizationId,
    sensors: Vec<RemovedSensor>,
) -> Result<Vec<(RemovedSensor, Option<Released>)>, AppError> {
    let ids: Vec<SensorId> = sensors.iter().map(|sensor| sensor.id).collect();
    let rests = released::of_sensors(tx, &ids).await?;
    let keys: HashMap<CodeId, String> = if rests.is_empty() {
        HashMap::new()
    } else {
        let codes = codes::of_organization(tx, organization).await?;
        codes.into_iter().filter_map(|code| Some((code.id, code.redemption?.key))).collect()
    };
    let mut left: HashMap<SensorId, Released> = HashMap::new();
    for rest in rests {
        let (license, cover) = (rest.license, rest.placed.cover);
        let row = Released {
            license: license.id,
            key: keys.get(&license.code).cloned().unwrap_or_default(),
            term: license.term,
            expires_on: cover.expires_on,
            expires_at: cover.ends,
        };
        left.insert(rest.placed.sensor, row);
    }
    let row = |sensor: RemovedSensor| {
        let released = left.remove(&sensor.id);
        (sensor, released)
    };
    Ok(sensors.into_iter().map(row).collect())
}
