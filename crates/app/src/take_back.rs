//! Taking a license back into the pool (R19).

use tenure_domain::{Chain, LicenseId, OrganizationId, Refusal, Sensor, SensorId};
use tenure_store::{codes, ledger, sensors};

use crate::{App, AppError, Ctx};

impl App {
    /// Takes a license of a sensor back: a queued one, or the active one while nothing is saved under it. What is
    /// behind it moves up, and sensors that wait take from the pool (R15). Returns the sensor as it was left by the
    /// taking back, before that.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor, [`Refusal::LicenseNotHeld`], [`Refusal::LicenseInUse`].
    pub async fn take_back(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        license: LicenseId,
    ) -> Result<Sensor, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.sensor(sensor).await?;
        let (mut previous, mut saved) = (None, false);
        if let Chain::Running { active, .. } = &sensor.chain
            && active.license.id == license
        {
            let row = sensors::get(&mut settled.tx, organization, sensor.id).await?;
            let number = row.ok_or(Refusal::NotFound { what: "sensor" })?.number;
            saved = settled.saved_under(active, number).await?;
            previous = ledger::last_ended(&mut settled.tx, sensor.id, settled.now).await?;
        }
        // A license of a code that was revoked meanwhile does not come back into the pool (R5).
        let revoked = match sensor.chain.license(license) {
            Some(license) => {
                codes::get(&mut settled.tx, license.code).await?.filter(|code| code.revoked_at.is_some())
            }
            None => None,
        };
        let changed = settled
            .at_desk(vec![sensor], |desk, sensors| {
                let mut sensors = sensors.iter_mut();
                sensors.try_for_each(|sensor| desk.take_back(sensor, license, previous, saved))?;
                if let Some(code) = &revoked
                    && let Some(license) = desk.take_of_key(code.id)?
                {
                    desk.revoke_available(&license);
                }
                Ok(())
            })
            .await?;
        settled.renew_waiting(1).await?;
        settled.commit(self).await?;
        changed.into_iter().next().ok_or_else(|| Refusal::LicenseNotHeld.into())
    }
}
