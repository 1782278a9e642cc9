//! Adding sensors and changing them (R12, R22).

use tenure_domain::{OrganizationId, Refusal, Sensor, SensorId, Serial};
use tenure_store::counters::Counter;
use tenure_store::sensors as rows;

use crate::add_sensors::{Additions, Listed};
use crate::tag::Tagged;
use crate::{App, AppError, Ctx};

/// The longest name of a sensor, in characters.
pub const LONGEST_NAME: usize = 100;

/// A sensor that is to be added.
#[derive(Clone, Debug)]
pub struct Addition<'a> {
    /// Its serial number.
    pub serial: Serial,
    /// Its name. When none is given: the name that it had here before, or its serial number.
    pub name: Option<&'a str>,
    /// The license key to take a license of; the next license of the pool when none is given (R13).
    pub key: Option<&'a str>,
    /// Whether it renews itself. When nothing is said: as it did before, or yes (R12).
    pub auto_renewal: Option<bool>,
}

/// What is to be changed of a sensor.
#[derive(Clone, Copy, Debug, Default)]
pub struct SensorChange<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// Whether it renews itself.
    pub auto_renewal: Option<bool>,
}

/// A name without the space around it.
pub(crate) fn checked_name(name: &str) -> Result<&str, Refusal> {
    let name = name.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let expected = || format!("1 to {LONGEST_NAME} characters, on one line");
    if fits { Ok(name) } else { Err(Refusal::Invalid { field: "name", expected: expected() }) }
}

impl App {
    /// Adds a sensor; it takes one license (R22). One that was removed comes back with its identifier, its name and its
    /// history, and with what it left behind if that still runs; then it takes no license (R21).
    ///
    /// # Errors
    ///
    /// [`Refusal::SerialAlreadyAdded`], [`Refusal::SerialInUseElsewhere`], [`Refusal::NoLicenseLeft`],
    /// [`Refusal::KeyNotAvailable`], [`Refusal::NotFound`] for an unknown key, [`Refusal::Invalid`] for the name.
    pub async fn add_sensor(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        addition: Addition<'_>,
    ) -> Result<SensorId, AppError> {
        let Addition { serial, name, key, auto_renewal } = addition;
        let name = name.map(checked_name).transpose()?;
        let number = self.db.take_numbers(Counter::Sensor, 1).await?;
        let first_id = self.entropy.bits();
        let mut settled = self.settled(ctx, organization).await?;
        let sensors = [Listed { serial: &serial.to_string(), name }];
        let additions = Additions { sensors: &sensors, key, auto_renewal };
        let planned = settled.add(ctx, number, first_id, &additions).await?;
        let planned = planned.into_iter().next().map(|planned| planned.outcome);
        let added = planned.unwrap_or(Err(Refusal::NotFound { what: "sensor" }))?;
        settled.commit(self).await?;
        Ok(added.id)
    }

    /// Renames a sensor, or switches its auto renewal. Switched on, an expired sensor renews at once from the pool
    /// (R12).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor, [`Refusal::Invalid`] for the name,
    /// [`Refusal::ChangedMeanwhile`].
    pub async fn change_sensor(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: SensorId,
        change: SensorChange<'_>,
    ) -> Result<(), AppError> {
        let name = change.name.map(checked_name).transpose()?;
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.sensor(id).await?;
        let row = rows::get(&mut settled.tx, organization, id).await?;
        let row = row.ok_or(Refusal::NotFound { what: "sensor" })?;
        ctx.only_if.check(self, Tagged::Sensor(&row))?;
        if let Some(name) = name {
            let before = row.name;
            if before != name {
                rows::rename(&mut settled.tx, id, sensor.serial, name).await?;
                let (before, after) =
                    (serde_json::json!({ "name": before }), serde_json::json!({ "name": name }));
                settled.audit("sensor_renamed", id.to_string(), Some(before), Some(after)).await?;
            }
        }
        if let Some(on) = change.auto_renewal
            && on != sensor.auto_renewal
        {
            rows::set_auto_renewal(&mut settled.tx, id, on).await?;
            let json = |on| Some(serde_json::json!({ "auto_renewal": on }));
            settled.audit("auto_renewal_switched", id.to_string(), json(!on), json(on)).await?;
            let switched = Sensor { auto_renewal: on, ..sensor };
            settled.at_desk(vec![switched], |desk, sensors| Ok(desk.renew_waiting(sensors)?)).await?;
        }
        settled.commit(self).await
    }
}
