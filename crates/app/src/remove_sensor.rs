//! Removing a sensor (R21), and looking at what that would do.

use tenure_domain::alert::Because;
use tenure_domain::{Chain, Date, Instant, LicenseId, OrganizationId, Refusal, SensorId, Term};
use tenure_store::{alerts, codes, released, removed, sensors};

use crate::settled::SettledOrganization;
use crate::tag::Tagged;
use crate::{App, AppError, Ctx};

/// What removing a sensor has done, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// How many queued licenses have gone back to the pool. Sensors that wait may have taken some of them (R15).
    pub returned_to_pool: u32,
    /// The active license, which keeps its end.
    pub released: Option<Released>,
}

/// A license that a removed sensor has left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// The license.
    pub license: LicenseId,
    /// Its license key.
    pub key: String,
    /// Its term.
    pub term: Term,
    /// The last local date that it covers.
    pub expires_on: Date,
    /// The first instant that it does not cover any more.
    pub expires_at: Instant,
}

impl App {
    /// Removes a sensor: its queue goes back to the pool, where waiting sensors take from it (R15), its active license
    /// is released, its open alerts close, and its serial number is free. Its history stays.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such sensor, [`Refusal::ChangedMeanwhile`].
    pub async fn remove_sensor(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: SensorId,
    ) -> Result<Removal, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        if let Some(row) = sensors::get(&mut settled.tx, organization, id).await? {
            ctx.only_if.check(self, Tagged::Sensor(&row))?;
        }
        let removal = settled.remove(id).await?;
        settled.commit(self).await?;
        Ok(removal)
    }

    /// What removing a sensor would do: it is removed, and that is undone.
    ///
    /// # Errors
    ///
    /// As [`App::remove_sensor`].
    pub async fn preview_removal(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: SensorId,
    ) -> Result<Removal, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let removal = settled.remove(id).await?;
        settled.roll_back().await?;
        Ok(removal)
    }
}

impl SettledOrganization {
    /// Removes a sensor of the organization.
    pub(crate) async fn remove(&mut self, id: SensorId) -> Result<Removal, AppError> {
        let sensor = self.sensor(id).await?;
        let row = sensors::get(&mut self.tx, self.organization.id, id).await?;
        let row = row.ok_or(Refusal::NotFound { what: "sensor" })?;
        let mut removal = Removal { returned_to_pool: 0, released: None };
        if let Chain::Running { active, queue } = &sensor.chain {
            removal.returned_to_pool = u32::try_from(queue.len()).unwrap_or(u32::MAX);
            let code = codes::get(&mut self.tx, active.license.code).await?;
            removal.released = Some(Released {
                license: active.license.id,
                key: code.and_then(|code| code.redemption).map_or_else(String::new, |redeemed| redeemed.key),
                term: active.license.term,
                expires_on: active.cover.expires_on,
                expires_at: active.cover.ends,
            });
            if self.saved_under(active, row.number).await? {
                released::set_saved_before(&mut self.tx, active.license.id).await?;
            }
        }
        let before = serde_json::json!({ "serial": sensor.serial, "name": row.name });
        self.audit("sensor_removed", id.to_string(), Some(before), None).await?;
        let serial = sensor.serial;
        self.at_desk(vec![sensor], |desk, sensors| {
            for sensor in sensors {
                desk.remove(sensor);
            }
            Ok(())
        })
        .await?;
        removed::remove(&mut self.tx, id, self.now, self.organization.rev).await?;
        let (now, because) = (self.now, Because::SensorRemoved);
        alerts::close_of_sensor(&mut self.tx, id, now, because).await?;
        self.forget(serial, row.number);
        if removal.returned_to_pool > 0 {
            self.renew_waiting(removal.returned_to_pool).await?;
        }
        Ok(removal)
    }
}
