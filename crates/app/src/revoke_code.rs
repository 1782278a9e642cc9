//! Revoking an activation code (R5).

use tenure_domain::{Chain, CodeId, OrganizationId, Refusal, Sensor, SensorId, Serial};
use tenure_store::audit::{self, Entry};
use tenure_store::codes::{self, Code, Tally};
use tenure_store::covers::{self, Named};
use tenure_store::{Tx, ledger, recipients, released};

use crate::mail::{CodeRevoked, Content};
use crate::settled::{SettledOrganization, Stop};
use crate::{App, AppError, Ctx};

/// What revoking has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Whether it was revoked before, so that only `--end-active` may have changed something now.
    pub was_revoked: bool,
    /// How many of its licenses are revoked by now.
    pub revoked: i64,
    /// How many still cover a sensor until their end.
    pub still_active: i64,
    /// How many are left behind by removed sensors, and still run until their end (R21).
    pub still_released: i64,
}

/// What revoking would do. All is zero, and nobody concerned, while nobody has redeemed the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationPreview {
    /// How many of its licenses are in the pool: they are revoked.
    pub available: i64,
    /// How many are queued: they are revoked.
    pub queued: i64,
    /// How many cover a sensor: they are revoked when the active ones are to end.
    pub active: i64,
    /// How many are left behind by removed sensors: they are treated as the active ones.
    pub released: i64,
    /// Who has redeemed it, and that organization's name.
    pub organization: Option<(OrganizationId, String)>,
    /// The sensors that have no cover any more once it is done.
    pub losing_cover: Vec<(SensorId, Serial, String)>,
}

impl App {
    /// Revokes a code: not redeemed, it can no longer be; redeemed, its licenses in the pool and in queues are
    /// revoked, and the active ones as well when `end_active` (R5).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such code.
    pub async fn revoke_code(&self, ctx: &Ctx, id: CodeId, end_active: bool) -> Result<Revoked, AppError> {
        let not_found = Refusal::NotFound { what: "activation code" };
        let mut tx = self.db.begin().await?;
        let code = codes::get(&mut tx, id).await?.ok_or_else(|| not_found.clone())?;
        if code.redemption.is_none() {
            // On PostgreSQL an organization may redeem it just now: one of the two updates of its row waits.
            let revoked = codes::revoke(&mut tx, id, ctx.now).await?;
            let code = codes::get(&mut tx, id).await?.ok_or_else(|| not_found.clone())?;
            if code.redemption.is_none() {
                audit_revocation(&mut tx, ctx, &code, end_active).await?;
                self.commit(tx, ctx.mark.as_ref()).await?;
                return Ok(Revoked { was_revoked: !revoked, ..Revoked::default() });
            }
        }
        tx.roll_back().await?;
        let mut tx = self.db.read().await?;
        let code = codes::get(&mut tx, id).await?.ok_or_else(|| not_found.clone())?;
        tx.roll_back().await?;
        let organization = code.redemption.ok_or_else(|| not_found.clone())?.organization;

        let mut settled = self.settled(ctx, organization).await?;
        let before = codes::get(&mut settled.tx, id).await?.ok_or_else(|| not_found.clone())?;
        let (was_revoked, touched) = settled.revoke(id, end_active).await?;
        let after = serde_json::json!({ "end_active": end_active });
        settled.audit("code_revoked", id.to_string(), None, Some(after)).await?;
        let code = codes::get(&mut settled.tx, id).await?.ok_or(not_found)?;
        audit_revocation(&mut settled.tx, ctx, &code, end_active).await?;
        if before.tally != code.tally {
            settled.tell_administrators(self, (&before, &code), &touched).await?;
        }
        settled.commit(self).await?;
        let Tally { active, released, revoked, .. } = code.tally;
        Ok(Revoked { was_revoked, revoked, still_active: active, still_released: released })
    }

    /// What revoking a code would do: it is revoked, and that is undone.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such code.
    pub async fn preview_revocation(
        &self,
        ctx: &Ctx,
        id: CodeId,
        end_active: bool,
    ) -> Result<RevocationPreview, AppError> {
        let not_found = Refusal::NotFound { what: "activation code" };
        let mut tx = self.db.read().await?;
        let code = codes::get(&mut tx, id).await?.ok_or_else(|| not_found.clone())?;
        tx.roll_back().await?;
        let Some(redemption) = code.redemption else { return Ok(RevocationPreview::default()) };
        let mut settled = self.settled(ctx, redemption.organization).await?;
        let before = codes::get(&mut settled.tx, id).await?.ok_or(not_found)?.tally;
        let (_, touched) = settled.revoke(id, end_active).await?;
        let organization = (settled.organization.id, settled.organization.name.clone());
        let losing = settled.uncovered(&touched).await?;
        settled.roll_back().await?;
        Ok(RevocationPreview {
            available: before.available,
            queued: before.queued,
            active: before.active,
            released: before.released,
            organization: Some(organization),
            losing_cover: losing.into_iter().map(|sensor| (sensor.id, sensor.serial, sensor.name)).collect(),
        })
    }
}

impl SettledOrganization {
    /// Revokes a code of the organization. Returns whether it was revoked before, and the sensors whose chains have
    /// changed.
    async fn revoke(&mut self, id: CodeId, end_active: bool) -> Result<(bool, Vec<Sensor>), AppError> {
        let organization = self.organization.id;
        let was_revoked = !codes::revoke(&mut self.tx, id, self.now).await?;
        let available = ledger::available_of_code(&mut self.tx, id, u32::MAX).await?;
        let rests = if end_active { released::of_code(&mut self.tx, id).await? } else { Vec::new() };
        let zone = self.organization.zone.clone();
        let mut desk = self.desk(&zone);
        for license in &available {
            desk.revoke_available(license);
        }
        for rest in &rests {
            desk.revoke_released(rest);
        }
        self.keep(&desk.into_changes(), &[]).await?;
        let holders = ledger::holders(&mut self.tx, organization, id).await?;
        let touched = self
            .at_desk(holders, |desk, sensors| {
                for sensor in sensors.iter_mut() {
                    desk.revoke_on(sensor, id, end_active)?;
                }
                // Those that it left uncovered take what the pool still has (R12).
                desk.renew_waiting(sensors).map_err(Stop::from)
            })
            .await?;
        Ok((was_revoked, touched))
    }
}

impl SettledOrganization {
    /// Those of these sensors that have no cover.
    async fn uncovered(&mut self, sensors: &[Sensor]) -> Result<Vec<Named>, AppError> {
        let uncovered = sensors.iter().filter(|sensor| !matches!(sensor.chain, Chain::Running { .. }));
        let ids: Vec<SensorId> = uncovered.map(|sensor| sensor.id).collect();
        let mut names = covers::names(&mut self.tx, self.organization.id, &ids).await?;
        Ok(ids.iter().filter_map(|id| names.remove(id)).collect())
    }

    /// Mails the Administrators what a revocation has done (R5).
    async fn tell_administrators(
        &mut self,
        app: &App,
        (before, after): (&Code, &Code),
        touched: &[Sensor],
    ) -> Result<(), AppError> {
        let losing = self.uncovered(touched).await?;
        let ended = |code: &Code| code.tally.active + code.tally.released;
        let content = CodeRevoked {
            organization: self.organization.name.clone(),
            key: after.redemption.as_ref().map(|redemption| redemption.key.clone()).unwrap_or_default(),
            revoked: after.tally.revoked - before.tally.revoked,
            ended_active: ended(before) - ended(after),
            losing_cover: losing.into_iter().map(|sensor| (sensor.name, sensor.serial)).collect(),
        };
        let told = recipients::administrators(&mut self.tx, self.organization.id).await?;
        app.post(&mut self.tx, self.organization.id, &told, None, &Content::CodeRevoked(&content)).await?;
        Ok(())
    }
}

async fn audit_revocation(tx: &mut Tx, ctx: &Ctx, code: &Code, end_active: bool) -> Result<(), AppError> {
    let entry = Entry {
        at: ctx.now,
        actor: ctx.actor.to_string(),
        action: "code_revoked".to_owned(),
        subject: code.id.to_string(),
        before: None,
        after: Some(serde_json::json!({ "end_active": end_active }).to_string()),
    };
    Ok(audit::add_to_service(tx, entry).await?)
}
