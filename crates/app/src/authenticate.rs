//! Who is calling, and what they may (R34).

use tenure_domain::session::WRITTEN_EVERY_US;
use tenure_domain::{OrganizationId, Permission, Refusal, Role, TokenId, UserId};
use tenure_store::tokens::{self, Token};

use crate::{Actor, App, AppError};

/// A caller of the API, by an API token or logged in: who they are in one organization, or an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user who calls, or whose token it is.
    pub user: UserId,
    /// Their e-mail address.
    pub email: String,
    /// The token that they sent; none for a person who is logged in.
    pub token: Option<TokenId>,
    /// The organization in which they call; none for an operator.
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) role: Role,
    /// The most that their token was given, where that is less than all.
    pub(crate) most: Option<Role>,
    pub(crate) read_only: bool,
}

impl App {
    /// The caller with this API token.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unauthenticated`] when there is no such token, or it is revoked, or its user is no member any more.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, AppError> {
        let mut tx = self.db.read().await?;
        let token = tokens::by_hash(&mut tx, &self.secret.hash_token(token)).await?;
        tx.roll_back().await?;
        let token = token.ok_or(Refusal::Unauthenticated)?;
        self.write_down_use(&token).await?;
        let Token { id, user, email, organization, role, most, read_only, .. } = token;
        Ok(Caller { user, email, token: Some(id), organization, role, most, read_only })
    }

    /// Writes down that a token is used, at most once a minute.
    async fn write_down_use(&self, token: &Token) -> Result<(), AppError> {
        let now = self.clock.now();
        let fresh = |used: tenure_domain::Instant| now.micros_since(used) < WRITTEN_EVERY_US;
        if token.last_used_at.is_some_and(fresh) {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        tokens::used(&mut tx, token.id, now).await?;
        Ok(tx.commit().await?)
    }
}

impl Caller {
    /// Checks that the caller may do this in this organization (R34).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for another organization, which does not exist for them; [`Refusal::Forbidden`] when
    /// their role does not allow it; [`Refusal::ReadOnlyToken`] when their token only reads and this is no reading.
    pub fn may(&self, organization: OrganizationId, permission: Permission) -> Result<(), Refusal> {
        if self.organization != Some(organization) {
            return Err(Refusal::NotFound { what: "organization" });
        }
        self.allowed(permission)
    }

    /// Checks that the caller is an operator who may do this.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`] when they are not; [`Refusal::ReadOnlyToken`].
    pub fn may_operate(&self) -> Result<(), Refusal> {
        self.allowed(Permission::Operate)
    }

    /// Whether their role allows it, whatever their token.
    #[must_use]
    pub const fn role_allows(&self, permission: Permission) -> bool {
        self.role.allows(permission)
    }

    /// Their role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The most that their token was given; none for a person, and for a token that may all that its user may.
    #[must_use]
    pub const fn given_role(&self) -> Option<Role> {
        self.most
    }

    /// Checks that the caller may give somebody this role: no more than their own.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`].
    pub fn may_pass_on(&self, role: Option<Role>) -> Result<(), Refusal> {
        if role.is_some_and(|role| self.role.at_most(role) != role) {
            Err(Refusal::Forbidden)
        } else {
            Ok(())
        }
    }

    /// How the audit trail names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let email = self.email.clone();
        match self.token {
            Some(id) => Actor::Token { id, email },
            None => Actor::User { id: self.user, email },
        }
    }

    fn allowed(&self, permission: Permission) -> Result<(), Refusal> {
        if !self.role.allows(permission) {
            return Err(Refusal::Forbidden);
        }
        if self.read_only && !permission.reads_only() {
            return Err(Refusal::ReadOnlyToken);
        }
        Ok(())
    }
}
