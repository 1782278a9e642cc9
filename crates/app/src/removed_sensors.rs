//! The sensors that were removed, and what they have left behind (R21).

use std::collections::HashMap;

use tenure_domain::{CodeId, Instant, OrganizationId, SensorId};
use tenure_store::removed::{self, RemovedSensor};
use tenure_store::{codes, released};

use crate::remove_sensor::Released;
use crate::{App, AppError, Ctx};

impl App {
    /// A page of an organization's removed sensors, the last removed first, from behind one that was removed at an
    /// instant; each with the license that it left behind and that still runs.
    ///
    /// # Errors
    ///
    /// [`tenure_domain::Refusal::NotFound`] when there is no such organization.
    pub async fn removed_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        after: Option<(Instant, SensorId)>,
        limit: u32,
    ) -> Result<Vec<(RemovedSensor, Option<Released>)>, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let page = removed::page(&mut reading.tx, organization, after, limit).await?;
        let ids: Vec<SensorId> = page.iter().map(|sensor| sensor.id).collect();
        let rests = released::of_sensors(&mut reading.tx, &ids).await?;
        let keys: HashMap<CodeId, String> = if rests.is_empty() {
            HashMap::new()
        } else {
            let codes = codes::of_organization(&mut reading.tx, organization).await?;
            codes.into_iter().filter_map(|code| Some((code.id, code.redemption?.key))).collect()
        };
        reading.tx.roll_back().await?;
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
        Ok(page.into_iter().map(row).collect())
    }
}
