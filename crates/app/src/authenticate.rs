//! Who is calling, and what they may (R34).

use tenure_domain::{OrganizationId, Permission, Refusal, Role};
use tenure_store::tokens::{self, Token};

use crate::{Actor, App, AppError};

/// A caller of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token that they sent.
    pub token: Token,
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
        token.map(|token| Caller { token }).ok_or_else(|| Refusal::Unauthenticated.into())
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
        if self.token.organization != Some(organization) {
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
        self.token.role.allows(permission)
    }

    /// Their role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.token.role
    }

    /// How the audit trail names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Token { id: self.token.id, email: self.token.email.clone() }
    }

    fn allowed(&self, permission: Permission) -> Result<(), Refusal> {
        if !self.token.role.allows(permission) {
            return Err(Refusal::Forbidden);
        }
        if self.token.read_only && !permission.reads_only() {
            return Err(Refusal::ReadOnlyToken);
        }
        Ok(())
    }
}
