//! Looking at what "+" would do: it is done, and then undone.

use tenure_domain::{Chain, Held, License, LicenseId, OrganizationId, Sensor, SensorId};
use tenure_store::ledger;

use crate::ahead::{Ending, Outlook, PREVIEW_DAYS, licenses_left};
use crate::{App, AppError, Ctx};

/// What giving a sensor a license would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentPreview {
    /// The sensor with its chain as it would be: the license is its last one.
    pub sensor: Sensor,
    /// Whether it is the license that is taken when no key is chosen (R13).
    pub takes_by_itself: bool,
    /// Who goes without within a year because of it, in R14's order.
    pub goes_without: Vec<Ending>,
    /// How many licenses would be left.
    pub licenses_left: i64,
}

/// The license at the end of a chain, where a new one goes, and whether it covers now.
pub fn last(chain: &Chain) -> Option<(bool, Held)> {
    match chain {
        Chain::Unlicensed | Chain::Lapsed(_) => None,
        Chain::Running { active, queue } => {
            Some(queue.back().map_or((true, *active), |queued| (false, *queued)))
        }
    }
}

impl App {
    /// What [`App::assign_license`] would do at this instant.
    ///
    /// # Errors
    ///
    /// As [`App::assign_license`].
    pub async fn preview_assignment(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        key: Option<&str>,
    ) -> Result<AssignmentPreview, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.sensor(sensor).await?;
        let next: Option<License> = ledger::pool(&mut settled.tx, organization, 1).await?.next().copied();
        let sensor = settled.assign(sensor, key).await?;
        let licenses_left = licenses_left(&mut settled.tx, organization).await?;
        settled.roll_back().await?;

        let given = last(&sensor.chain).map(|(_, held)| held.license.id);
        let mut reading = self.read_settled(ctx, organization).await?;
        let mut outlook = Outlook::load(&mut reading, PREVIEW_DAYS).await?;
        let changed = std::slice::from_ref(&sensor);
        let goes_without = outlook.newly_without(&mut reading.tx, changed).await?;
        reading.tx.roll_back().await?;
        let takes_by_itself = given.is_some() && given == next.map(|license| license.id);
        Ok(AssignmentPreview { sensor, takes_by_itself, goes_without, licenses_left })
    }

    /// What [`App::give_released`] would do at this instant.
    ///
    /// # Errors
    ///
    /// As [`App::give_released`].
    pub async fn preview_released(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        license: LicenseId,
    ) -> Result<AssignmentPreview, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.give_released(sensor, license).await?;
        let licenses_left = licenses_left(&mut settled.tx, organization).await?;
        settled.roll_back().await?;
        let mut reading = self.read_settled(ctx, organization).await?;
        let mut outlook = Outlook::load(&mut reading, PREVIEW_DAYS).await?;
        let changed = std::slice::from_ref(&sensor);
        let goes_without = outlook.newly_without(&mut reading.tx, changed).await?;
        reading.tx.roll_back().await?;
        Ok(AssignmentPreview { sensor, takes_by_itself: false, goes_without, licenses_left })
    }
}
