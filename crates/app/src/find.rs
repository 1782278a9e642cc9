//! Finding by what people call things: an organization by its name, a sensor by its serial number.

use tenure_domain::{OrganizationId, Refusal, SensorId, Serial};
use tenure_store::organizations::{self, Organization};
use tenure_store::removed::{self, RemovedSensor};
use tenure_store::sensors;

use crate::{App, AppError};

impl App {
    /// The organization with a name.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is none.
    pub async fn organization_named(&self, name: &str) -> Result<Organization, AppError> {
        let mut tx = self.db.read().await?;
        let organization = organizations::by_name(&mut tx, name).await?;
        tx.roll_back().await?;
        organization.ok_or_else(|| Refusal::NotFound { what: "organization" }.into())
    }

    /// The sensor of an organization that has a serial number.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has none, also when another has.
    pub async fn sensor_with_serial(
        &self,
        organization: OrganizationId,
        serial: Serial,
    ) -> Result<SensorId, AppError> {
        let mut tx = self.db.read().await?;
        let found = sensors::find(&mut tx, serial).await?;
        tx.roll_back().await?;
        let found = found.filter(|found| found.organization == organization);
        found.map(|found| found.id).ok_or_else(|| Refusal::NotFound { what: "sensor" }.into())
    }

    /// The sensor that an organization has removed with a serial number: the one that would come back.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is none.
    pub async fn removed_with_serial(
        &self,
        organization: OrganizationId,
        serial: Serial,
    ) -> Result<RemovedSensor, AppError> {
        let mut tx = self.db.read().await?;
        let mut found = removed::by_serials(&mut tx, organization, &[serial]).await?;
        tx.roll_back().await?;
        found.remove(&serial).ok_or_else(|| Refusal::NotFound { what: "removed sensor" }.into())
    }
}
