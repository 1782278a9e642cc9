//! Invitations: made, looked at, accepted, withdrawn.

use tenure_domain::{InvitationId, OrganizationId, Refusal, Role, UserId};
use tenure_store::invitations::{self, Invitation};
use tenure_store::users::{self, User};
use tenure_store::{organizations, outbox};

use crate::create_user::checked_email;
use crate::log_in::{Credentials, NewSession, SignedIn};
use crate::mail::{Content, in_hours};
use crate::me::{checked_language, checked_person_name};
use crate::recipients::tick_creator;
use crate::settled::SettledOrganization;
use crate::users::checked_role;
use crate::{Actor, App, AppError, Ctx, cut};

/// How long an invitation's link opens something, in hours: 7 days.
const HOURS: i64 = 7 * 24;

/// Who is to be invited.
#[derive(Clone, Copy)]
pub struct NewInvitation<'a> {
    /// Their e-mail address.
    pub email: &'a str,
    /// What they will be.
    pub role: Role,
    /// The language of the mail; none for the organization's.
    pub language: Option<&'a str>,
}

/// What an invitation's link shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The invitation.
    pub invitation: Invitation,
    /// The organization's name.
    pub organization: String,
    /// The organization's language, which a new user has when they choose none.
    pub language: String,
    /// Whether there is a user with that address, who accepts with their password.
    pub has_account: bool,
}

/// Who accepts an invitation.
#[derive(Clone, Copy)]
pub struct Acceptance<'a> {
    /// What the link holds.
    pub token: &'a str,
    /// The password: their own, or for a new user the one that they choose. A person who is logged in needs none.
    pub password: Option<&'a str>,
    /// The one-time code of a user who has switched them on.
    pub code: Option<&'a str>,
    /// The name of a new user.
    pub name: &'a str,
    /// The language of a new user; none for the organization's.
    pub language: Option<&'a str>,
    /// The network address that it comes from.
    pub address: &'a str,
}

impl App {
    /// Invites somebody by mail. Inviting the same address again replaces the invitation. Returns it with its link,
    /// which is not stored and cannot be shown again.
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyMember`], [`Refusal::Invalid`].
    pub async fn invite(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        new: NewInvitation<'_>,
    ) -> Result<(Invitation, String), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let made = self.invite_in(&mut settled, ctx, &new).await?;
        settled.commit(self).await?;
        Ok(made)
    }

    pub(crate) async fn invite_in(
        &self,
        settled: &mut SettledOrganization,
        ctx: &Ctx,
        new: &NewInvitation<'_>,
    ) -> Result<(Invitation, String), AppError> {
        let (email, role) = (checked_email(new.email)?, checked_role(new.role)?);
        let organization = settled.organization.clone();
        let language = match new.language {
            Some(language) => checked_language(language)?.to_owned(),
            None => organization.language.clone(),
        };
        if let Some(user) = users::by_email(&mut settled.tx, email).await?
            && users::role_in(&mut settled.tx, user.id, organization.id).await?.is_some()
        {
            return Err(Refusal::AlreadyMember.into());
        }
        let now = self.people_now();
        let actor = ctx.actor.to_string();
        let invitation = Invitation {
            id: InvitationId::new(now, self.entropy.bits()),
            organization: organization.id,
            email: email.to_owned(),
            role,
            invited_by: Actor::person(&actor).to_owned(),
            created_at: now,
            expires_at: in_hours(now, HOURS),
        };
        let secret = self.new_secret();
        invitations::insert(&mut settled.tx, &invitation, &self.secret.hash_token(&secret)).await?;
        let link = self.link("invitation", &secret);
        let language = language.as_str();
        let content = Content::Invitation {
            email,
            link: &link,
            organization: &organization.name,
            invited_by: &invitation.invited_by,
            role,
            until: organization.zone.date_at(invitation.expires_at),
        };
        let mail = self.mail(now, Some(organization.id), email, language, &content, None)?;
        outbox::insert(&mut settled.tx, &mail).await?;
        let after = serde_json::json!({ "email": email, "role": role });
        settled.audit("user_invited", invitation.id.to_string(), None, Some(after)).await?;
        Ok((invitation, link))
    }

    /// A page of the organization's invitations that have not expired, oldest first, and where it ends if there is
    /// more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_invitations(
        &self,
        organization: OrganizationId,
        after: Option<InvitationId>,
        limit: u32,
    ) -> Result<(Vec<Invitation>, Option<InvitationId>), AppError> {
        let mut tx = self.db.read().await?;
        let now = self.people_now();
        let list = invitations::page(&mut tx, organization, now, after, limit.saturating_add(1)).await?;
        tx.roll_back().await?;
        Ok(cut(list, limit, |invitation| invitation.id))
    }

    /// One of the organization's invitations.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such invitation, or it has expired.
    pub async fn invitation(
        &self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Invitation, AppError> {
        let mut tx = self.db.read().await?;
        let invitation = invitations::of(&mut tx, organization, self.people_now(), id).await?;
        tx.roll_back().await?;
        Ok(invitation.ok_or(Refusal::NotFound { what: "invitation" })?)
    }

    /// Withdraws an invitation: its link opens nothing any more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`].
    pub async fn withdraw_invitation(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        if !invitations::delete(&mut settled.tx, organization, id).await? {
            return Err(Refusal::NotFound { what: "invitation" }.into());
        }
        settled.audit("invitation_withdrawn", id.to_string(), None, None).await?;
        settled.commit(self).await
    }

    /// What an invitation's link shows.
    ///
    /// # Errors
    ///
    /// [`Refusal::LinkExpired`].
    pub async fn look_up_invitation(&self, token: &str) -> Result<Shown, AppError> {
        let mut tx = self.db.read().await?;
        let found = invitations::by_hash(&mut tx, &self.secret.hash_token(token)).await?;
        let invitation = found.filter(|found| self.people_now() < found.expires_at);
        let invitation = invitation.ok_or(Refusal::LinkExpired)?;
        let organization = organizations::get(&mut tx, invitation.organization).await?;
        let organization = organization.ok_or(Refusal::LinkExpired)?;
        let has_account = users::by_email(&mut tx, &invitation.email).await?.is_some();
        tx.roll_back().await?;
        Ok(Shown {
            invitation,
            organization: organization.name,
            language: organization.language,
            has_account,
        })
    }

    /// Accepts an invitation, and logs the person in. A user who exists shows by their password, or by being logged
    /// in, that they are the one who is invited.
    ///
    /// # Errors
    ///
    /// [`Refusal::LinkExpired`]; for a user who exists those of [`App::log_in`]; for a new one [`Refusal::Invalid`].
    pub async fn accept_invitation(
        &self,
        person: Option<&SignedIn>,
        acceptance: Acceptance<'_>,
    ) -> Result<NewSession, AppError> {
        let Shown { invitation, language, has_account, .. } =
            self.look_up_invitation(acceptance.token).await?;
        let email = invitation.email.as_str();
        let is_invited = |person: &&SignedIn| person.user.email.to_lowercase() == email.to_lowercase();
        let (user, new) = if let Some(person) = person.filter(is_invited) {
            (person.user.clone(), false)
        } else if has_account {
            let Acceptance { password, code, address, .. } = acceptance;
            let password = password.ok_or(Refusal::CredentialsWrong)?;
            (self.check_credentials(Credentials { email, password, code, address }).await?, false)
        } else {
            (self.invited_user(&invitation, &language, acceptance).await?, true)
        };
        let organization = invitation.organization;
        let ctx = self.ctx(Actor::User { id: user.id, email: user.email.clone() });
        let mut settled = self.settled(&ctx, organization).await?;
        if !invitations::delete(&mut settled.tx, organization, invitation.id).await? {
            return Err(Refusal::LinkExpired.into());
        }
        if new && !users::insert(&mut settled.tx, &user).await? {
            return Err(Refusal::EmailInUse.into());
        }
        if users::role_in(&mut settled.tx, user.id, organization).await?.is_none() {
            // Whoever is the first in an organization that the operator has made is told as a creator is (R30).
            if users::of_organization(&mut settled.tx, organization).await?.is_empty() {
                tick_creator(&mut settled.tx, organization, user.id).await?;
            }
            users::set_membership(&mut settled.tx, user.id, organization, invitation.role, settled.now)
                .await?;
            let after = serde_json::json!({ "email": user.email, "role": invitation.role });
            settled.audit("user_added", user.id.to_string(), None, Some(after)).await?;
        }
        let session = self.new_session(&mut settled.tx, user).await?;
        settled.commit(self).await?;
        Ok(session)
    }

    async fn invited_user(
        &self,
        invitation: &Invitation,
        language: &str,
        acceptance: Acceptance<'_>,
    ) -> Result<User, AppError> {
        let now = self.clock.now();
        let language = acceptance.language.unwrap_or(language);
        Ok(User {
            id: UserId::new(now, self.entropy.bits()),
            email: invitation.email.clone(),
            password_hash: Some(self.hash_password(acceptance.password.unwrap_or_default()).await?),
            operator: false,
            name: checked_person_name(acceptance.name)?.to_owned(),
            language: checked_language(language)?.to_owned(),
            zone: None,
            one_time_codes: false,
            created_at: now,
        })
    }
}
