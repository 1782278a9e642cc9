//! Replacing a broken sensor (R20).

use tenure_domain::{OrganizationId, Refusal, Sensor, SensorId, Serial};
use tenure_store::{removed, sensors};

use crate::{App, AppError, Ctx};

impl App {
    /// Gives a sensor's place to another device: licenses, auto renewal, name and history go on under the new serial
    /// number, and no date changes. The old serial number is free.
    ///
    /// The new serial number may be that of a sensor which this organization has removed. That one stays removed, with
    /// its own history and what it left behind; it can come back only when the serial number is free again.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor, [`Refusal::SerialAlreadyAdded`],
    /// [`Refusal::SerialInUseElsewhere`].
    pub async fn replace_sensor(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: SensorId,
        serial: Serial,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let sensor = settled.sensor(id).await?;
        let row = sensors::get(&mut settled.tx, organization, id).await?;
        let row = row.ok_or(Refusal::NotFound { what: "sensor" })?;
        match sensors::find(&mut settled.tx, serial).await? {
            Some(found) if found.organization == organization => {
                return Err(Refusal::SerialAlreadyAdded.into());
            }
            Some(_) => return Err(Refusal::SerialInUseElsewhere.into()),
            None => {}
        }
        let (old, now, rev) = (sensor.serial, settled.now, settled.organization.rev);
        let place = (organization, rev);
        // A sensor that has no name of its own is called by its serial number, also after this.
        let name = if row.name == old.to_string() { serial.to_string() } else { row.name };
        if !removed::replace(&mut settled.tx, place, (id, &name), (old, serial), now).await? {
            return Err(Refusal::SerialInUseElsewhere.into());
        }
        let json = |serial: Serial| Some(serde_json::json!({ "serial": serial }));
        settled.audit("sensor_replaced", id.to_string(), json(old), json(serial)).await?;
        settled.forget(old, row.number);
        settled.added(id, row.number);
        settled.touch(&Sensor { serial, ..sensor });
        settled.commit(self).await
    }
}
