//! The Notification manager: who is told of what by e-mail (R30).

use std::collections::BTreeSet;

use serde::Serialize;
use tenure_domain::{OrganizationId, Refusal, UserId};
use tenure_store::recipients::{self, Notification};
use tenure_store::{Tx, users};

use crate::tag::Tagged;
use crate::{App, AppError, Ctx};

/// Who is told of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipients {
    /// That the covers of sensors end (R29).
    pub license_expiration: Vec<UserId>,
    /// That the pool holds less than the renewals of the next 60 days need.
    pub pool_low: Vec<UserId>,
}

/// Who is to be told of what.
#[derive(Clone, Debug, Default)]
pub struct RecipientsChange {
    /// That the covers of sensors end; none leaves it as it is.
    pub license_expiration: Option<Vec<UserId>>,
    /// That the pool runs low; none leaves it as it is.
    pub pool_low: Option<Vec<UserId>>,
}

impl App {
    /// Who is told of what.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn recipients(&self, organization: OrganizationId) -> Result<Recipients, AppError> {
        let mut tx = self.db.read().await?;
        let recipients = load(&mut tx, organization).await?;
        tx.roll_back().await?;
        Ok(recipients)
    }

    /// Sets who is told of what: these members and no others. Returns who is told now.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for a user who is no member, [`Refusal::ChangedMeanwhile`].
    pub async fn set_recipients(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        change: RecipientsChange,
    ) -> Result<Recipients, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let before = load(&mut settled.tx, organization).await?;
        ctx.only_if.check(self, Tagged::Recipients(&before))?;
        let lists = [
            (Notification::LicenseExpiration, change.license_expiration),
            (Notification::PoolLow, change.pool_low),
        ];
        for (kind, told) in lists {
            let Some(told) = told else { continue };
            let told: BTreeSet<UserId> = told.into_iter().collect();
            for user in &told {
                let role = users::role_in(&mut settled.tx, *user, organization).await?;
                role.ok_or(Refusal::NotFound { what: "user" })?;
            }
            recipients::set(&mut settled.tx, organization, kind, &Vec::from_iter(told)).await?;
        }
        let after = load(&mut settled.tx, organization).await?;
        if before != after {
            let json = |recipients: &Recipients| Some(serde_json::json!(recipients));
            let (subject, was, is) = (organization.to_string(), json(&before), json(&after));
            settled.audit("notification_recipients_changed", subject, was, is).await?;
        }
        settled.commit(self).await?;
        Ok(after)
    }
}

async fn load(tx: &mut Tx, organization: OrganizationId) -> Result<Recipients, AppError> {
    Ok(Recipients {
        license_expiration: recipients::of(tx, organization, Notification::LicenseExpiration).await?,
        pool_low: recipients::of(tx, organization, Notification::PoolLow).await?,
    })
}

/// Ticks the creator of a new organization, in the transaction that makes it (R30).
pub(crate) async fn tick_creator(
    tx: &mut Tx,
    organization: OrganizationId,
    creator: UserId,
) -> Result<(), AppError> {
    for kind in Notification::ALL {
        recipients::add(tx, organization, kind, creator).await?;
    }
    Ok(())
}

/// Takes a user who leaves an organization off its lists, in the transaction in which they leave.
pub(crate) async fn forget_recipient(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<(), AppError> {
    Ok(recipients::forget(tx, organization, user).await?)
}
