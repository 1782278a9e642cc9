//! The operator's look at a serial number, and freeing it (R22).

use tenure_domain::{Instant, OrganizationId, Refusal, Serial};
use tenure_store::audit::{self, Entry};
use tenure_store::{organizations, sensors};

use crate::remove_sensor::Removal;
use crate::{App, AppError, Ctx};

/// Which organization has a serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialOwner {
    /// The organization.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// When the sensor was added to it.
    pub added_at: Instant,
}

const NOT_FOUND: Refusal = Refusal::NotFound { what: "serial number in any organization" };

impl App {
    /// Which organization has a serial number.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when none has it.
    pub async fn serial_owner(&self, serial: Serial) -> Result<SerialOwner, AppError> {
        let mut tx = self.db.read().await?;
        let found = sensors::find(&mut tx, serial).await?.ok_or(NOT_FOUND)?;
        let organization = organizations::get(&mut tx, found.organization).await?.ok_or(NOT_FOUND)?;
        tx.roll_back().await?;
        Ok(SerialOwner { organization: organization.id, name: organization.name, added_at: found.added_at })
    }

    /// Removes the sensor with a serial number from the organization that has it (R21), so that another one can add it.
    /// It is in both audit trails.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when no organization has it.
    pub async fn free_serial(&self, ctx: &Ctx, serial: Serial) -> Result<Removal, AppError> {
        let organization = self.serial_owner(serial).await?.organization;
        let mut settled = self.settled(ctx, organization).await?;
        let found = sensors::find(&mut settled.tx, serial).await?;
        let found = found.filter(|found| found.organization == organization).ok_or(NOT_FOUND)?;
        let removal = settled.remove(found.id).await?;
        let after = serde_json::json!({ "organization_id": organization, "sensor_id": found.id });
        let entry = Entry {
            at: settled.now,
            actor: ctx.actor.to_string(),
            action: "serial_number_freed".to_owned(),
            subject: serial.to_string(),
            before: Some(after.to_string()),
            after: None,
        };
        audit::add_to_service(&mut settled.tx, entry).await?;
        settled.commit(self).await?;
        Ok(removal)
    }
}
