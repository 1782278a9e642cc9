//! Making an organization, from the operator's side: its first Administrator is invited.

use tenure_domain::{OrganizationId, Refusal, Role, Zone};
use tenure_store::organizations::{self, Organization};

use crate::create_user::checked_email;
use crate::invitations::NewInvitation;
use crate::me::checked_language;
use crate::sensors::checked_name;
use crate::{App, AppError, Ctx};

/// An organization that is to be made.
#[derive(Clone)]
pub struct NewOrganization<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its zone.
    pub zone: Zone,
    /// Its language, which is also the one of the invitation.
    pub language: &'a str,
    /// Who is to be its first Administrator.
    pub administrator_email: &'a str,
}

/// An organization that was made.
#[derive(Clone, Debug)]
pub struct MadeOrganization {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The link of the invitation, which is not stored and cannot be shown again.
    pub link: String,
}

impl App {
    /// Makes an organization, and invites its first Administrator by mail.
    ///
    /// # Errors
    ///
    /// [`Refusal::OrganizationNameInUse`], [`Refusal::Invalid`].
    pub async fn create_organization(
        &self,
        ctx: &Ctx,
        new: NewOrganization<'_>,
    ) -> Result<MadeOrganization, AppError> {
        let email = checked_email(new.administrator_email)?;
        let (name, language) = (checked_name(new.name)?, checked_language(new.language)?);
        let id = OrganizationId::new(ctx.now, self.entropy.bits());
        let organization = Organization::new(id, name, new.zone, language, ctx.now);
        let mut tx = self.db.begin().await?;
        if !organizations::insert(&mut tx, &organization).await? {
            return Err(Refusal::OrganizationNameInUse.into());
        }
        let mut settled = self.settled_in(tx, ctx, id).await?;
        let after = serde_json::json!({ "name": name, "time_zone": organization.zone.name() });
        settled.audit("organization_added", id.to_string(), None, Some(after)).await?;
        let invitation = NewInvitation { email, role: Role::Administrator, language: Some(language) };
        let (_, link) = self.invite_in(&mut settled, ctx, &invitation).await?;
        settled.commit(self).await?;
        Ok(MadeOrganization { id, name: name.to_owned(), link })
    }
}
