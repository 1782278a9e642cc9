//! Erasing the history of a removed sensor on purpose (R21).

use tenure_domain::{OrganizationId, Refusal, SensorId};
use tenure_store::{alerts, removed};

use crate::{App, AppError, Ctx};

impl App {
    /// Erases what a removed sensor has measured and told of itself, and its alerts. `typed` is its serial number, typed to confirm; it
    /// may be written as on a label.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such removed sensor, [`Refusal::SerialNotConfirmed`].
    pub async fn erase_history(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensor: SensorId,
        typed: &str,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let row = removed::get(&mut settled.tx, organization, sensor).await?;
        let row = row.ok_or(Refusal::NotFound { what: "removed sensor" })?;
        if typed.parse() != Ok(row.serial) {
            return Err(Refusal::SerialNotConfirmed.into());
        }
        removed::erase_history(&mut settled.tx, row.number).await?;
        alerts::erase_of_sensor(&mut settled.tx, sensor, row.number).await?;
        let before = serde_json::json!({ "serial": row.serial, "name": row.name });
        settled.audit("history_erased", sensor.to_string(), Some(before), None).await?;
        settled.commit(self).await
    }
}
