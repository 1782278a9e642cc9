//! Switching the auto renewal of several sensors (R12), and looking at what that would do.

use std::collections::BTreeSet;

use tenure_domain::standing::covers;
use tenure_domain::{OrganizationId, Sensor, SensorId};
use tenure_store::covers::Named;
use tenure_store::sensors as rows;

use crate::ahead::{Ending, Outlook, PREVIEW_DAYS};
use crate::chosen;
use crate::settled::SettledOrganization;
use crate::{App, AppError, Ctx};

/// What switching has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switched {
    /// How many sensors were switched; the others were so before.
    pub changed: usize,
    /// How many of them took a license at once (R12).
    pub renewed_now: usize,
}

/// What switching would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchPreview {
    /// How many sensors would be switched.
    pub changed: usize,
    /// Those that would take a license at once (R12), in R14's order.
    pub renewed_now: Vec<Named>,
    /// Those that are covered and would stop, with the last covered date of their chains, however far that is.
    pub stops: Vec<Ending>,
    /// Who goes without within a year because of it, in R14's order.
    pub goes_without: Vec<Ending>,
}

/// The sensors that were switched, and how they are afterwards.
struct Work {
    switched: Vec<Sensor>,
    renewed: Vec<Sensor>,
}

impl App {
    /// Switches the auto renewal of these sensors. Switched on, expired ones renew at once from the pool, in R14's
    /// order, as far as it goes (R12).
    ///
    /// # Errors
    ///
    /// [`tenure_domain::Refusal::Invalid`] for too many sensors or one twice;
    /// [`tenure_domain::Refusal::NotFound`] when there is no such sensor.
    pub async fn set_auto_renewal(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensors: &[SensorId],
        on: bool,
    ) -> Result<Switched, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let work = settled.switch(sensors, on).await?;
        settled.commit(self).await?;
        Ok(Switched { changed: work.switched.len(), renewed_now: work.renewed.len() })
    }

    /// What [`App::set_auto_renewal`] would do at this instant.
    ///
    /// # Errors
    ///
    /// As [`App::set_auto_renewal`].
    pub async fn preview_auto_renewal(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensors: &[SensorId],
        on: bool,
    ) -> Result<SwitchPreview, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let Work { switched, mut renewed } = settled.switch(sensors, on).await?;
        let now = settled.now;
        settled.roll_back().await?;

        // In R14's order as they were while they waited.
        let turn = |id: SensorId| switched.iter().find(|sensor| sensor.id == id).map(Sensor::turn);
        renewed.sort_by_key(|sensor| turn(sensor.id));
        let taken: BTreeSet<SensorId> = renewed.iter().map(|sensor| sensor.id).collect();
        let mut reading = self.read_settled(ctx, organization).await?;
        let ids: Vec<SensorId> = renewed.iter().map(|sensor| sensor.id).collect();
        let renewed_now = chosen::names(&mut reading.tx, organization, &ids).await?;
        let mut stopping: Vec<&Sensor> = switched
            .iter()
            .filter(|sensor| {
                !sensor.auto_renewal && sensor.chain.end().is_some_and(|end| covers(end.ends, now))
            })
            .collect();
        stopping.sort_by_key(|sensor| sensor.turn());
        let ids: Vec<SensorId> = stopping.iter().map(|sensor| sensor.id).collect();
        let names = chosen::names(&mut reading.tx, organization, &ids).await?;
        let ends = stopping.iter().filter_map(|sensor| sensor.chain.end());
        let stops =
            names.into_iter().zip(ends).map(|(sensor, end)| Ending { sensor, on: end.expires_on }).collect();
        let mut outlook = Outlook::load(&mut reading, PREVIEW_DAYS).await?;
        let others = switched.iter().filter(|sensor| !taken.contains(&sensor.id)).cloned();
        let changed: Vec<Sensor> = renewed.into_iter().chain(others).collect();
        let goes_without = outlook.newly_without(&mut reading.tx, &changed).await?;
        reading.tx.roll_back().await?;
        Ok(SwitchPreview { changed: switched.len(), renewed_now, stops, goes_without })
    }
}

impl SettledOrganization {
    async fn switch(&mut self, sensors: &[SensorId], on: bool) -> Result<Work, AppError> {
        let mut switched = self.sensors(sensors).await?;
        switched.retain(|sensor| sensor.auto_renewal != on);
        for sensor in &mut switched {
            sensor.auto_renewal = on;
        }
        let ids: Vec<SensorId> = switched.iter().map(|sensor| sensor.id).collect();
        rows::set_auto_renewal_of(&mut self.tx, &ids, on).await?;
        let json = |on: bool| serde_json::json!({ "auto_renewal": on });
        let changes: Vec<_> = ids.iter().map(|id| (id.to_string(), json(!on), json(on))).collect();
        self.audit_each("auto_renewal_switched", changes).await?;
        let renewed =
            self.at_desk(switched.clone(), |desk, sensors| Ok(desk.renew_waiting(sensors)?)).await?;
        Ok(Work { switched, renewed })
    }
}
