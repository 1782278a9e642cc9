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
    /// What it may there today: its user's role, or the lesser one that it was given.
    pub role: Role,
    /// The most that it was given; none for all that its user may.
    pub most: Option<Role>,
    /// What it is for, in words; may be empty.
    pub name: String,
    /// Whether it only reads.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Instant>,
}

const COLUMNS: &str =
    "t.id, t.user_id, u.email, u.operator, t.organization_id, m.role, t.role AS most, t.name,
    t.read_only, t.created_us, t.last_used_us";

/// A token without a role is one of a user who is not a member any more: it is no token.
fn read(row: &Row) -> Result<Option<Token>, StoreError> {
    let organization = row.parsed_or_null("organization_id")?;
    let role = match organization {
        None if row.bool("operator")? => Some(Role::Operator),
        None => None,
        Some(_) => row.parsed_or_null("role")?,
    };
    let most: Option<Role> = row.parsed_or_null("most")?;
    let Some(role) = role.map(|role: Role| most.map_or(role, |most| role.at_most(most))) else {
        return Ok(None);
    };
    Ok(Some(Token {
        id: row.parsed("id")?,
        user: row.parsed("user_id")?,
        email: row.text("email")?,
        organization,
        role,
        most,
        name: row.text("name")?,
        read_only: row.bool("read_only")?,
        created_at: row.instant("created_us")?,
        last_used_at: row.instant_or_null("last_used_us")?,
    }))
}

/// Keeps a new token under the hash of its secret.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, token: &Token, hash: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO tokens (id, hash, user_id, organization_id, read_only, created_us, role, name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Token { id, user, organization, read_only, created_at, most, name, .. } = token;
    let args = args![*id, hash, *user, *organization, *read_only, *created_at, *most, name.as_str()];
    tx.execute(sql, args).await.map(drop)
}

/// The token with this hash, unless it is revoked.
pub async fn by_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Token>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tokens t JOIN users u ON u.id = t.user_id
        LEFT JOIN memberships m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
        WHERE t.hash = $1 AND t.revoked_us IS NULL"
    );
    Ok(tx.all_text(sql, args![hash]).await?.first().map(read).transpose()?.flatten())
}

/// Writes down that a token was used.
pub async fn used(tx: &mut Tx, id: TokenId, now: Instant) -> Result<(), StoreError> {
    tx.execute("UPDATE tokens SET last_used_us = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

/// At most `limit` of the organization's tokens that are not revoked, oldest first, from behind one on.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Option<TokenId>,
    limit: u32,
) -> Result<Vec<Token>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tokens t JOIN users u ON u.id = t.user_id
        JOIN memberships m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
        WHERE t.organization_id = $1 AND t.revoked_us IS NULL AND t.id > $2 ORDER BY t.id LIMIT $3"
    );
    let after = after.map_or_else(String::new, |id| id.to_string());
    let rows = tx.all_text(sql, args![organization, after, limit]).await?;
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

/// A token of an organization, unless it is revoked.
pub async fn of(tx: &mut Tx, organization: OrganizationId, id: TokenId) -> Result<Option<Token>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tokens t JOIN users u ON u.id = t.user_id
        JOIN memberships m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
        WHERE t.id = $1 AND t.organization_id = $2 AND t.revoked_us IS NULL"
    );
    Ok(tx.all_text(sql, args![id, organization]).await?.first().map(read).transpose()?.flatten())
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
