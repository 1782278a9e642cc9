//! API tokens.

use tenure_domain::{Instant, OrganizationId, Role, TokenId, UserId};

use crate::args::args;
use crate::{Row, StoreError, Tx};

/// A token's row. Its secret is kept as a hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its identifier.
    pub id: TokenId,
    /// Whose role it carries.
    pub user: UserId,
    /// That user's address.
    pub email: String,
    /// The organization it is for; none for an operator's.
    pub organization: Option<OrganizationId>,
    /// The user's role there today.
    pub role: Role,
    /// Whether it only reads.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Instant,
}

/// A token without a role is one of a user who is not a member any more: it is no token.
fn read(row: &Row) -> Result<Option<Token>, StoreError> {
    let organization = row.parsed_or_null("organization_id")?;
    let role = match organization {
        None if row.bool("operator")? => Some(Role::Operator),
        None => None,
        Some(_) => row.parsed_or_null("role")?,
    };
    let Some(role) = role else { return Ok(None) };
    Ok(Some(Token {
        id: row.parsed("id")?,
        user: row.parsed("user_id")?,
        email: row.text("email")?,
        organization,
        role,
        read_only: row.bool("read_only")?,
        created_at: row.instant("created_us")?,
    }))
}

/// Keeps a new token under the hash of its secret.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, token: &Token, hash: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO tokens (id, hash, user_id, organization_id, read_only, created_us) VALUES ($1, $2, $3, $4, $5, $6)";
    let Token { id, user, organization, read_only, created_at, .. } = token;
    tx.execute(sql, args![*id, hash, *user, *organization, *read_only, *created_at]).await.map(drop)
}

/// The token with this hash, unless it is revoked.
pub async fn by_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Token>, StoreError> {
    let sql =
        "SELECT t.id, t.user_id, u.email, u.operator, t.organization_id, m.role, t.read_only, t.created_us
        FROM tokens t JOIN users u ON u.id = t.user_id
        LEFT JOIN memberships m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
        WHERE t.hash = $1 AND t.revoked_us IS NULL";
    Ok(tx.one_or_none(sql, args![hash]).await?.as_ref().map(read).transpose()?.flatten())
}

/// The organization's tokens that are not revoked, oldest first.
pub async fn of_organization(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Token>, StoreError> {
    let sql =
        "SELECT t.id, t.user_id, u.email, u.operator, t.organization_id, m.role, t.read_only, t.created_us
        FROM tokens t JOIN users u ON u.id = t.user_id
        LEFT JOIN memberships m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
        WHERE t.organization_id = $1 AND t.revoked_us IS NULL ORDER BY t.id";
    let rows = tx.all(sql, args![organization]).await?;
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

/// Revokes a token of an organization; returns whether there was one.
pub async fn revoke(
    tx: &mut Tx,
    organization: OrganizationId,
    id: TokenId,
    now: Instant,
) -> Result<bool, StoreError> {
    let sql =
        "UPDATE tokens SET revoked_us = $3 WHERE id = $1 AND organization_id = $2 AND revoked_us IS NULL";
    Ok(tx.execute(sql, args![id, organization, now]).await? == 1)
}
