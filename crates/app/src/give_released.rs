//! Giving the rest of a released license to a sensor by hand (R21).

use tenure_domain::license::Rest;
use tenure_domain::{LicenseId, OrganizationId, Refusal, Sensor, SensorId, State};
use tenure_store::released;

use crate::settled::SettledOrganization;
use crate::{App, AppError, Ctx};

impl App {
    /// Gives a sensor that is not covered what a removed one has left behind: from now to the end that it had. Returns
    /// the sensor with its chain.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor or license, [`Refusal::LicenseNotReleased`],
    /// [`Refusal::SensorCovered`].
    pub async fn give_released(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        license: LicenseId,
    ) -> Result<Sensor, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.give_released(sensor, license).await?;
        settled.commit(self).await?;
        Ok(sensor)
    }
}

impl SettledOrganization {
    /// Gives a sensor that is not covered the rest of a released license.
    pub(crate) async fn give_released(
        &mut self,
        sensor: SensorId,
        license: LicenseId,
    ) -> Result<Sensor, AppError> {
        let sensor = self.sensor(sensor).await?;
        let found = released::license(&mut self.tx, self.organization.id, license).await?;
        let found = found.ok_or(Refusal::NotFound { what: "license" })?;
        let State::Released(placed) = found.state else { return Err(Refusal::LicenseNotReleased.into()) };
        let rest = Rest { license: found.license, placed };
        let changed = self
            .at_desk(vec![sensor], |desk, sensors| {
                Ok(sensors.iter_mut().try_for_each(|sensor| desk.give_released(sensor, &rest))?)
            })
            .await?;
        changed.into_iter().next().ok_or_else(|| Refusal::LicenseNotReleased.into())
    }
}
