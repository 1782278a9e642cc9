//! "+": giving a sensor one more license (R11, R13).

use tenure_domain::{CodeId, Desk, OrganizationId, Refusal, Sensor, SensorId};
use tenure_store::{Tx, codes, ledger};

use crate::settled::{SettledOrganization, Stop};
use crate::{App, AppError, Ctx};

impl App {
    /// Gives a sensor a license of a key, or the one that is next (R13): active now, or behind its queue (R11).
    /// Returns the sensor with its chain.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor or key; [`Refusal::NoLicenseLeft`];
    /// [`Refusal::KeyNotAvailable`]; [`Refusal::ChainTooLong`].
    pub async fn assign_license(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        key: Option<&str>,
    ) -> Result<Sensor, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.sensor(sensor).await?;
        let sensor = settled.assign(sensor, key).await?;
        settled.commit(self).await?;
        Ok(sensor)
    }
}

impl SettledOrganization {
    /// A sensor of the organization with its chain.
    pub(crate) async fn sensor(&mut self, id: SensorId) -> Result<Sensor, AppError> {
        let sensor = ledger::sensor(&mut self.tx, self.organization.id, id).await?;
        sensor.ok_or_else(|| Refusal::NotFound { what: "sensor" }.into())
    }

    /// Gives a sensor a license of a key, or the one that is next.
    pub(crate) async fn assign(&mut self, sensor: Sensor, key: Option<&str>) -> Result<Sensor, AppError> {
        let changed = self.assign_each(vec![sensor], key).await?;
        changed.into_iter().next().ok_or_else(|| Refusal::NotFound { what: "sensor" }.into())
    }

    /// Gives each sensor a license, in their order: of a key, or those that are next. Either all get one or none does.
    pub(crate) async fn assign_each(
        &mut self,
        sensors: Vec<Sensor>,
        key: Option<&str>,
    ) -> Result<Vec<Sensor>, AppError> {
        let Some(key) = key else {
            let next = |desk: &mut Desk<'_>, sensors: &mut [Sensor]| {
                sensors.iter_mut().try_for_each(|sensor| {
                    let license = desk.take_next()?.ok_or(Refusal::NoLicenseLeft)?;
                    Ok(desk.assign(sensor, license)?)
                })
            };
            return self.at_desk(sensors, next).await;
        };
        let code = self.key(key).await?;
        let wanted = u32::try_from(sensors.len()).unwrap_or(u32::MAX);
        let licenses = ledger::available_of_code(&mut self.tx, code, wanted).await?;
        if licenses.len() < sensors.len() {
            return Err(Refusal::KeyNotAvailable.into());
        }
        self.at_desk(sensors, |desk, sensors| {
            sensors
                .iter_mut()
                .zip(&licenses)
                .try_for_each(|(sensor, license)| desk.assign(sensor, *license).map_err(Stop::from))
        })
        .await
    }

    /// The code with this license key, or with this id.
    pub(crate) async fn key(&mut self, key: &str) -> Result<CodeId, AppError> {
        key_of(&mut self.tx, self.organization.id, key).await
    }
}

/// The code of an organization with this license key, or with this id.
pub(crate) async fn key_of(tx: &mut Tx, organization: OrganizationId, key: &str) -> Result<CodeId, AppError> {
    // A key may be typed as a code is; what does not read as one is looked for as it stands.
    let not_found = || Refusal::NotFound { what: "license key" };
    if key.contains('\0') {
        // PostgreSQL has no text with a NUL in it, and would answer with an error.
        return Err(not_found().into());
    }
    let written =
        key.parse::<tenure_domain::ActivationCode>().map_or_else(|_| key.to_owned(), |code| code.to_string());
    let code = codes::by_key(tx, organization, &written).await?;
    code.ok_or_else(|| not_found().into())
}
