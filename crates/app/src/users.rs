//! The users of an organization: who they are, their roles, and their leaving.

use tenure_domain::{OrganizationId, Refusal, Role, UserId};
use tenure_store::users::{self, Member};

use crate::recipients::forget_recipient;
use crate::settled::SettledOrganization;
use crate::tag::Tagged;
use crate::{App, AppError, Ctx, cut};

impl App {
    /// A page of the organization's users, by e-mail address, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_users(
        &self,
        organization: OrganizationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<(Vec<Member>, Option<UserId>), AppError> {
        let mut tx = self.db.read().await?;
        let members = users::page(&mut tx, organization, after, limit.saturating_add(1)).await?;
        tx.roll_back().await?;
        Ok(cut(members, limit, |member| member.id))
    }

    /// One user.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when they are no member.
    pub async fn user(&self, organization: OrganizationId, id: UserId) -> Result<Member, AppError> {
        let mut tx = self.db.read().await?;
        let member = users::member(&mut tx, organization, id).await?;
        tx.roll_back().await?;
        Ok(member.ok_or(Refusal::NotFound { what: "user" })?)
    }

    /// Gives a user another role. An API token of theirs carries it from now on.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`], [`Refusal::LastAdministrator`], [`Refusal::Invalid`] for the operator's role,
    /// [`Refusal::ChangedMeanwhile`].
    pub async fn change_role(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        user: UserId,
        role: Role,
    ) -> Result<Member, AppError> {
        checked_role(role)?;
        let mut settled = self.settled(ctx, organization).await?;
        let mut member = member_that_may_change(&mut settled, user, role).await?;
        ctx.only_if.check(self, Tagged::Member(&member))?;
        if member.role != role {
            users::set_membership(&mut settled.tx, user, organization, role, settled.now).await?;
            let told = |role: Role| Some(serde_json::json!({ "email": member.email, "role": role }));
            settled.audit("user_role_changed", user.to_string(), told(member.role), told(role)).await?;
            member.role = role;
        }
        settled.commit(self).await?;
        Ok(member)
    }

    /// Ends a user's membership. Their API tokens of this organization open nothing any more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`], [`Refusal::LastAdministrator`], [`Refusal::ChangedMeanwhile`].
    pub async fn remove_user(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let member = member_that_may_change(&mut settled, user, Role::Analyst).await?;
        ctx.only_if.check(self, Tagged::Member(&member))?;
        forget_recipient(&mut settled.tx, organization, user).await?;
        users::end_membership(&mut settled.tx, user, organization, settled.now).await?;
        let before = serde_json::json!({ "email": member.email, "role": member.role });
        settled.audit("user_removed", user.to_string(), Some(before), None).await?;
        settled.commit(self).await
    }
}

/// The member, unless they are the only Administrator and would be none any more.
async fn member_that_may_change(
    settled: &mut SettledOrganization,
    user: UserId,
    role: Role,
) -> Result<Member, AppError> {
    let members = users::of_organization(&mut settled.tx, settled.organization.id).await?;
    let administrators = members.iter().filter(|member| member.role == Role::Administrator).count();
    let member = members.into_iter().find(|member| member.id == user);
    let member = member.ok_or(Refusal::NotFound { what: "user" })?;
    if member.role == Role::Administrator && role != Role::Administrator && administrators == 1 {
        return Err(Refusal::LastAdministrator.into());
    }
    Ok(member)
}

/// A role that one can have in an organization.
pub(crate) fn checked_role(role: Role) -> Result<Role, Refusal> {
    let expected = || "administrator, manager or analyst".to_owned();
    if role == Role::Operator {
        Err(Refusal::Invalid { field: "role", expected: expected() })
    } else {
        Ok(role)
    }
}
