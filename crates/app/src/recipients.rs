//! The Notification manager: who is told of what by e-mail (R30).

use std::collections::BTreeSet;

use tenure_domain::{OrganizationId, Refusal, UserId};
use tenure_store::recipients::{self, Notification};
use tenure_store::{Tx, users};

use crate::{App, AppError, Ctx};

impl App {
    /// Who is told that the covers of sensors end.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn recipients(&self, organization: OrganizationId) -> Result<Vec<UserId>, AppError> {
        let mut tx = self.db.read().await?;
        let users = recipients::of(&mut tx, organization, Notification::LicenseExpiration).await?;
        tx.roll_back().await?;
        Ok(users)
    }

    /// Sets who is told that the covers of sensors end: these members and no others. Returns them.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for a user who is no member.
    pub async fn set_recipients(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        told: &[UserId],
    ) -> Result<Vec<UserId>, AppError> {
        let told: BTreeSet<UserId> = told.iter().copied().collect();
        let told: Vec<UserId> = told.into_iter().collect();
        let mut settled = self.settled(ctx, organization).await?;
        for user in &told {
            let role = users::role_in(&mut settled.tx, *user, organization).await?;
            role.ok_or(Refusal::NotFound { what: "user" })?;
        }
        let kind = Notification::LicenseExpiration;
        let before = recipients::of(&mut settled.tx, organization, kind).await?;
        if before != told {
            recipients::set(&mut settled.tx, organization, kind, &told).await?;
            let json = |users: &[UserId]| Some(serde_json::json!({ "license_expiration": users }));
            let (before, after) = (json(&before), json(&told));
            let subject = organization.to_string();
            settled.audit("notification_recipients_changed", subject, before, after).await?;
        }
        settled.commit(self).await?;
        Ok(told)
    }
}

/// Ticks the creator of a new organization, in the transaction that makes it (R30).
pub(crate) async fn tick_creator(
    tx: &mut Tx,
    organization: OrganizationId,
    creator: UserId,
) -> Result<(), AppError> {
    Ok(recipients::add(tx, organization, Notification::LicenseExpiration, creator).await?)
}

/// Takes a user who leaves an organization off its lists, in the transaction in which they leave.
pub(crate) async fn forget_recipient(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<(), AppError> {
    Ok(recipients::forget(tx, organization, user).await?)
}
