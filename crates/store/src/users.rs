//! Users and their memberships.

use tenure_domain::{Instant, OrganizationId, Role, UserId};

use crate::args::args;
use crate::{Row, StoreError, Tx};

/// A user's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their identifier.
    pub id: UserId,
    /// Their e-mail address, as they wrote it.
    pub email: String,
    /// The argon2 hash of their password, in PHC form.
    pub password_hash: Option<String>,
    /// Whether they run the service (R34).
    pub operator: bool,
    /// When they were made.
    pub created_at: Instant,
}

fn read(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.parsed("id")?,
        email: row.text("email")?,
        password_hash: row.text_or_null("password_hash")?,
        operator: row.bool("operator")?,
        created_at: row.instant("created_us")?,
    })
}

/// Makes a user; returns whether the address was free.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<bool, StoreError> {
    let sql = "INSERT INTO users (id, email, email_folded, password_hash, operator, created_us)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let User { id, email, password_hash, operator, created_at } = user;
    let args =
        args![*id, email.as_str(), email.to_lowercase(), password_hash.as_deref(), *operator, *created_at];
    Ok(tx.execute(sql, args).await? == 1)
}

/// The user with this address, in any case of letters.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<User>, StoreError> {
    let sql = "SELECT id, email, password_hash, operator, created_us FROM users WHERE email_folded = $1";
    tx.one_or_none(sql, args![email.to_lowercase()]).await?.as_ref().map(read).transpose()
}

/// Makes a user a member of an organization, or changes their role in it.
pub async fn set_membership(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
    role: Role,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO memberships (user_id, organization_id, role) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, organization_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, args![user, organization, role]).await.map(drop)
}

/// The user's role in an organization, if they are a member.
pub async fn role_in(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
) -> Result<Option<Role>, StoreError> {
    let sql = "SELECT role FROM memberships WHERE user_id = $1 AND organization_id = $2";
    tx.one_or_none(sql, args![user, organization]).await?.map(|row| row.parsed("role")).transpose()
}
