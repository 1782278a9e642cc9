//! API tokens: making, listing and revoking them.

use tenure_domain::{OrganizationId, Refusal, Role, TokenId, UserId};
use tenure_store::audit::{self, Entry};
use tenure_store::tokens::{self, Token};
use tenure_store::users;

use crate::me::checked_person_name;
use crate::users::checked_role;
use crate::{App, AppError, Ctx, cut};

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// The address of the user whose role it carries.
    pub email: &'a str,
    /// What it is for, in words; may be empty.
    pub name: &'a str,
    /// Whether it only reads.
    pub read_only: bool,
    /// The most that it may; none for all that its user may.
    pub role: Option<Role>,
}

/// A token that was made.
#[derive(Clone, Debug)]
pub struct MadeToken {
    /// Its row.
    pub token: Token,
    /// The token itself, which is not stored and cannot be shown again.
    pub secret: String,
}

impl App {
    /// Makes an API token that carries the role its user has in an organization, today and later.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the user is no member.
    pub async fn create_token(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        email: &str,
        read_only: bool,
    ) -> Result<MadeToken, AppError> {
        let new = NewToken { email, name: "", read_only, role: None };
        self.create_token_with(ctx, organization, new).await
    }

    /// As [`App::create_token`], with a name and a role that is no more than its user's.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the user is no member; [`Refusal::Forbidden`] when the role is more than theirs;
    /// [`Refusal::Invalid`].
    pub async fn create_token_with(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        new: NewToken<'_>,
    ) -> Result<MadeToken, AppError> {
        let name = checked_person_name(new.name)?;
        let most = new.role.map(checked_role).transpose()?;
        let mut settled = self.settled(ctx, organization).await?;
        let user =
            users::by_email(&mut settled.tx, new.email).await?.ok_or(Refusal::NotFound { what: "user" })?;
        let role = users::role_in(&mut settled.tx, user.id, organization).await?;
        let role = role.ok_or(Refusal::NotFound { what: "user" })?;
        if most.is_some_and(|most| role.at_most(most) != most) {
            return Err(Refusal::Forbidden.into());
        }
        let role = most.unwrap_or(role);
        let (token, secret) =
            self.new_token(ctx, user.id, user.email, Some(organization), role, new.read_only);
        let token = Token { most, name: name.to_owned(), ..token };
        tokens::insert(&mut settled.tx, &token, &self.secret.hash_token(&secret)).await?;
        let after = serde_json::json!({ "user": token.email, "read_only": token.read_only, "role": role });
        settled.audit("token_created", token.id.to_string(), None, Some(after)).await?;
        settled.commit(self).await?;
        Ok(MadeToken { token, secret })
    }

    /// Makes an API token for a member of an organization that is named, or for an operator.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization, member or operator.
    pub async fn create_token_by_name(
        &self,
        ctx: &Ctx,
        organization: Option<&str>,
        email: &str,
        read_only: bool,
    ) -> Result<MadeToken, AppError> {
        if let Some(name) = organization {
            let organization = self.organization_named(name).await?;
            return self.create_token(ctx, organization.id, email, read_only).await;
        }
        let mut tx = self.db.read().await?;
        let user = users::by_email(&mut tx, email).await?.filter(|user| user.operator);
        tx.roll_back().await?;
        let user = user.ok_or(Refusal::NotFound { what: "operator" })?;
        let (token, secret) = self.new_token(ctx, user.id, user.email, None, Role::Operator, read_only);
        let mut tx = self.db.begin().await?;
        tokens::insert(&mut tx, &token, &self.secret.hash_token(&secret)).await?;
        let entry = Entry {
            at: ctx.now,
            actor: ctx.actor.to_string(),
            action: "token_created".to_owned(),
            subject: token.id.to_string(),
            before: None,
            after: Some(serde_json::json!({ "user": token.email, "read_only": read_only }).to_string()),
        };
        audit::add_to_service(&mut tx, entry).await?;
        self.commit(tx, ctx.mark.as_ref()).await?;
        Ok(MadeToken { token, secret })
    }

    /// A page of the organization's tokens, oldest first, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_tokens(
        &self,
        organization: OrganizationId,
        after: Option<TokenId>,
        limit: u32,
    ) -> Result<(Vec<Token>, Option<TokenId>), AppError> {
        let mut tx = self.db.read().await?;
        let tokens = tokens::page(&mut tx, organization, after, limit.saturating_add(1)).await?;
        tx.roll_back().await?;
        Ok(cut(tokens, limit, |token| token.id))
    }

    /// One of the organization's tokens.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has no such token.
    pub async fn token(&self, organization: OrganizationId, id: TokenId) -> Result<Token, AppError> {
        let mut tx = self.db.read().await?;
        let token = tokens::of(&mut tx, organization, id).await?;
        tx.roll_back().await?;
        Ok(token.ok_or(Refusal::NotFound { what: "token" })?)
    }

    /// Revokes a token: from now on it opens nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has no such token.
    pub async fn revoke_token(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: TokenId,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        if !tokens::revoke(&mut settled.tx, organization, id, settled.now).await? {
            return Err(Refusal::NotFound { what: "token" }.into());
        }
        settled.audit("token_revoked", id.to_string(), None, None).await?;
        settled.commit(self).await
    }

    fn new_token(
        &self,
        ctx: &Ctx,
        user: UserId,
        email: String,
        organization: Option<OrganizationId>,
        role: Role,
        read_only: bool,
    ) -> (Token, String) {
        let id = TokenId::new(ctx.now, self.entropy.bits());
        let secret = format!("tenure_{}", self.new_secret());
        let token = Token {
            id,
            user,
            email,
            organization,
            role,
            most: None,
            name: String::new(),
            read_only,
            created_at: ctx.now,
            last_used_at: None,
        };
        (token, secret)
    }
}
