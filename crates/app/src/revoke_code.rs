//! Revoking an activation code (R5).

use tenure_domain::{CodeId, Refusal};
use tenure_store::audit::{self, Entry};
use tenure_store::codes::{self, Code};
use tenure_store::{Tx, ledger};

use crate::settled::Stop;
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
                tx.commit().await?;
                return Ok(Revoked { was_revoked: !revoked, ..Revoked::default() });
            }
        }
        tx.roll_back().await?;
        let mut tx = self.db.read().await?;
        let code = codes::get(&mut tx, id).await?.ok_or_else(|| not_found.clone())?;
        tx.roll_back().await?;
        let organization = code.redemption.ok_or_else(|| not_found.clone())?.organization;

        let mut settled = self.settled(ctx, organization).await?;
        let was_revoked = !codes::revoke(&mut settled.tx, id, settled.now).await?;
        let available = ledger::available_of_code(&mut settled.tx, id, u32::MAX).await?;
        let zone = settled.organization.zone.clone();
        let mut desk = settled.desk(&zone);
        for license in &available {
            desk.revoke_available(license);
        }
        settled.keep(&desk.into_changes(), &[]).await?;
        let holders = ledger::holders(&mut settled.tx, organization, id).await?;
        settled
            .at_desk(holders, |desk, sensors| {
                for sensor in sensors.iter_mut() {
                    desk.revoke_on(sensor, id, end_active)?;
                }
                // Those that it left uncovered take what the pool still has (R12).
                desk.renew_waiting(sensors).map_err(Stop::from)
            })
            .await?;
        let after = serde_json::json!({ "end_active": end_active });
        settled.audit("code_revoked", id.to_string(), None, Some(after)).await?;
        let code = codes::get(&mut settled.tx, id).await?.ok_or(not_found)?;
        audit_revocation(&mut settled.tx, ctx, &code, end_active).await?;
        settled.commit(self).await?;
        Ok(Revoked { was_revoked, revoked: code.tally.revoked, still_active: code.tally.active })
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
