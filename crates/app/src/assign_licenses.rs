//! "+" for several sensors at once, and looking at what that would do.

#[allow(unused_imports, reason = "documentation")]
use tenure_domain::Refusal;
use tenure_domain::{OrganizationId, Sensor, SensorId};
use tenure_store::codes;

use crate::ahead::{Ending, Outlook, PREVIEW_DAYS, licenses_left};
use crate::{App, AppError, Ctx};

/// What giving several sensors a license each would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignmentsPreview {
    /// The sensors with their chains as they would be; none when there are too few licenses.
    pub sensors: Vec<Sensor>,
    /// Who goes without within a year because of it, in R14's order.
    pub goes_without: Vec<Ending>,
    /// How many licenses are missing: it would be refused.
    pub short: i64,
    /// How many licenses would be left.
    pub licenses_left: i64,
}

impl App {
    /// Gives each of these sensors a license, in their order: of a key, or those that are next (R13). Either all get
    /// one or none does. Returns the sensors with their chains.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for too many sensors or one twice; else as [`App::assign_license`].
    pub async fn assign_licenses(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensors: &[SensorId],
        key: Option<&str>,
    ) -> Result<Vec<Sensor>, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensors = settled.sensors(sensors).await?;
        let sensors = settled.assign_each(sensors, key).await?;
        settled.commit(self).await?;
        Ok(sensors)
    }

    /// What [`App::assign_licenses`] would do at this instant.
    ///
    /// # Errors
    ///
    /// As [`App::assign_licenses`], but for too few licenses: how many are missing is told.
    pub async fn preview_assignments(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensors: &[SensorId],
        key: Option<&str>,
    ) -> Result<AssignmentsPreview, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let wanted = i64::try_from(sensors.len()).unwrap_or(i64::MAX);
        let sensors = settled.sensors(sensors).await?;
        let left = licenses_left(&mut settled.tx, organization).await?;
        let of_key = match key {
            None => left,
            Some(key) => {
                let code = settled.key(key).await?;
                codes::get(&mut settled.tx, code).await?.map_or(0, |code| code.tally.available)
            }
        };
        if of_key < wanted {
            settled.roll_back().await?;
            let short = wanted - of_key;
            return Ok(AssignmentsPreview { short, licenses_left: left, ..AssignmentsPreview::default() });
        }
        let sensors = settled.assign_each(sensors, key).await?;
        let licenses_left = licenses_left(&mut settled.tx, organization).await?;
        settled.roll_back().await?;

        let mut reading = self.read_settled(ctx, organization).await?;
        let mut outlook = Outlook::load(&mut reading, PREVIEW_DAYS).await?;
        let goes_without = outlook.newly_without(&mut reading.tx, &sensors).await?;
        reading.tx.roll_back().await?;
        Ok(AssignmentsPreview { sensors, goes_without, short: 0, licenses_left })
    }

    /// The license keys of an organization's codes.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn license_keys(
        &self,
        organization: OrganizationId,
    ) -> Result<std::collections::HashMap<tenure_domain::CodeId, String>, AppError> {
        let mut tx = self.db.read().await?;
        let codes = codes::of_organization(&mut tx, organization).await?;
        tx.roll_back().await?;
        Ok(codes.into_iter().filter_map(|code| Some((code.id, code.redemption?.key))).collect())
    }
}
