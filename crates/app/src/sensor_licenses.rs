//! A sensor's licenses in the order of time: what covered it, covers it and will cover it.

use tenure_domain::license::{License, Placed, State};
use tenure_domain::{LicenseId, OrganizationId, Refusal, SensorId};
use tenure_store::{codes, covers, ledger, sensors};

use crate::audit_trail::ActorShown;
use crate::{App, AppError, Ctx};

/// A license that is or was on a sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnSensor {
    /// The license.
    pub license: License,
    /// Its license key.
    pub key: String,
    /// Its state's name: `ended`, `revoked`, `active`, `queued`.
    pub state: &'static str,
    /// What it covers.
    pub placed: Placed,
    /// Who or what gave it to the sensor.
    pub assigned_by: Option<ActorShown>,
}

impl App {
    /// The licenses that cover, covered or will cover a sensor, in the order of time.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization.
    pub async fn sensor_licenses(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
    ) -> Result<Vec<OnSensor>, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let tx = &mut reading.tx;
        sensors::get(tx, organization, sensor).await?.ok_or(Refusal::NotFound { what: "sensor" })?;
        let recorded = ledger::of_sensor(tx, sensor).await?;
        let mut by = covers::assigned_by(tx, organization, sensor).await?;
        let keys = codes::of_organization(tx, organization).await?;
        reading.tx.roll_back().await?;
        let key = |license: &License| {
            let code = keys.iter().find(|code| code.id == license.code);
            code.and_then(|code| code.redemption.as_ref()).map(|redemption| redemption.key.clone())
        };
        let on_sensor = |ledger::Recorded { license, state }: ledger::Recorded| {
            let placed = *state.placed()?;
            // What was cut off at its very start covered nothing.
            let empty = matches!(state, State::Revoked(_)) && placed.cover.starts >= placed.cover.ends;
            let assigned_by = by.remove(&license.id).map(|actor| ActorShown::read(&actor));
            let on = OnSensor { license, key: key(&license)?, state: state.name(), placed, assigned_by };
            (!empty).then_some(on)
        };
        Ok(recorded.into_iter().filter_map(on_sensor).collect())
    }
    /// One of the licenses that cover, covered or will cover a sensor.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor in the organization, or no such license on it.
    pub async fn sensor_license(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        license: LicenseId,
    ) -> Result<OnSensor, AppError> {
        let licenses = self.sensor_licenses(ctx, organization, sensor).await?;
        let found = licenses.into_iter().find(|on| on.license.id == license);
        Ok(found.ok_or(Refusal::NotFound { what: "license" })?)
    }
}
