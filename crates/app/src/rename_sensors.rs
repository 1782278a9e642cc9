//! Giving several sensors other names, all of them or none.

use std::collections::{BTreeSet, HashMap};

use tenure_domain::{OrganizationId, Refusal, SensorId};
use tenure_store::sensors::{self as rows, Renamed};

use crate::chosen::MOST_SENSORS;
use crate::sensors::checked_name;
use crate::{App, AppError, Ctx};

/// A sensor and the name that it is to have.
#[derive(Clone, Copy, Debug)]
pub struct Renaming<'a> {
    /// The sensor.
    pub sensor: SensorId,
    /// Its new name.
    pub name: &'a str,
}

impl App {
    /// Gives each of these sensors its new name; returns how many had another one before.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a name, for too many sensors or one twice; [`Refusal::NotFound`] when there is no such
    /// sensor.
    pub async fn rename_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        renamings: &[Renaming<'_>],
    ) -> Result<usize, AppError> {
        let ids: Vec<SensorId> = renamings.iter().map(|renaming| renaming.sensor).collect();
        let once: BTreeSet<&SensorId> = ids.iter().collect();
        if once.len() != ids.len() || !(1..=MOST_SENSORS).contains(&ids.len()) {
            let expected = format!("1 to {MOST_SENSORS} sensors, each once");
            return Err(Refusal::Invalid { field: "items", expected }.into());
        }
        let names = renamings.iter().map(|renaming| Ok((renaming.sensor, checked_name(renaming.name)?)));
        let names: HashMap<SensorId, &str> = names.collect::<Result<_, Refusal>>()?;
        let mut settled = self.settled(ctx, organization).await?;
        let before = rows::by_ids(&mut settled.tx, organization, &ids).await?;
        if before.len() < ids.len() {
            return Err(Refusal::NotFound { what: "sensor" }.into());
        }
        let (mut renamed, mut trail) = (Vec::new(), Vec::new());
        for row in before {
            let Some(name) = names.get(&row.id).filter(|name| **name != row.name) else { continue };
            let json = |name: &str| serde_json::json!({ "name": name });
            trail.push((row.id.to_string(), json(&row.name), json(name)));
            renamed.push(Renamed { id: row.id, serial: row.serial, name: (*name).to_owned() });
        }
        rows::rename_all(&mut settled.tx, &renamed).await?;
        settled.audit_each("sensor_renamed", trail).await?;
        settled.commit(self).await?;
        Ok(renamed.len())
    }
}
