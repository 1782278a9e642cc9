//! Sensors that are chosen together.

use std::collections::BTreeSet;

use tenure_domain::{OrganizationId, Refusal, Sensor, SensorId};
use tenure_store::covers::{self, Named};
use tenure_store::{Tx, ledger};

use crate::AppError;
use crate::settled::SettledOrganization;

/// The most sensors that one command takes.
pub const MOST_SENSORS: usize = 10_000;

/// For more sensors than these statements are planned anew: a plan that was made for few is slow for many.
const FEW: usize = 100;

/// Checks that there are neither too many sensors nor one twice.
pub(crate) fn checked(sensors: &[SensorId]) -> Result<(), Refusal> {
    let once: BTreeSet<&SensorId> = sensors.iter().collect();
    if sensors.len() <= MOST_SENSORS && once.len() == sensors.len() && !sensors.is_empty() {
        return Ok(());
    }
    let expected = format!("1 to {MOST_SENSORS} sensors, each once");
    Err(Refusal::Invalid { field: "sensor_ids", expected })
}

impl SettledOrganization {
    /// Sensors of the organization with their chains, in the order in which they are asked for.
    pub(crate) async fn sensors(&mut self, ids: &[SensorId]) -> Result<Vec<Sensor>, AppError> {
        checked(ids)?;
        if ids.len() > FEW {
            self.tx.plan_anew().await?;
        }
        let sensors = ledger::sensors(&mut self.tx, self.organization.id, ids).await?;
        if sensors.len() < ids.len() {
            return Err(Refusal::NotFound { what: "sensor" }.into());
        }
        Ok(sensors)
    }
}

/// How sensors are called, in their order.
pub(crate) async fn names(
    tx: &mut Tx,
    organization: OrganizationId,
    sensors: &[SensorId],
) -> Result<Vec<Named>, AppError> {
    let mut names = covers::names(tx, organization, sensors).await?;
    Ok(sensors.iter().filter_map(|id| names.remove(id)).collect())
}
