//! Invitations to organizations, and links by which a password is set anew.

use tenure_domain::{Instant, InvitationId, OrganizationId, Role, UserId};

use crate::args::args;
use crate::{Row, StoreError, Tx};

/// An invitation. What its link holds is kept as a hash only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its identifier.
    pub id: InvitationId,
    /// The organization.
    pub organization: OrganizationId,
    /// Who is invited.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// Who has invited, as a person reads it.
    pub invited_by: String,
    /// When.
    pub created_at: Instant,
    /// From when on its link opens nothing.
    pub expires_at: Instant,
}

const COLUMNS: &str = "id, organization_id, email, role, invited_by, created_us, expires_us";

fn read(row: &Row) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        email: row.text("email")?,
        role: row.parsed("role")?,
        invited_by: row.text("invited_by")?,
        created_at: row.instant("created_us")?,
        expires_at: row.instant("expires_us")?,
    })
}

/// Keeps an invitation; an earlier one of the same address to the same organization is no more.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, invitation: &Invitation, hash: &[u8]) -> Result<(), StoreError> {
    let Invitation { id, organization, email, role, invited_by, created_at, expires_at } = invitation;
    let earlier = "DELETE FROM invitations WHERE organization_id = $1 AND email_folded = $2";
    tx.execute(earlier, args![*organization, email.to_lowercase()]).await?;
    let sql = "INSERT INTO invitations (id, hash, organization_id, email, email_folded, role, invited_by,
            created_us, expires_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let args = args![
        *id,
        hash,
        *organization,
        email.as_str(),
        email.to_lowercase(),
        *role,
        invited_by.as_str(),
        *created_at,
        *expires_at
    ];
    tx.execute(sql, args).await.map(drop)
}

/// The invitation with this hash, which may have expired.
pub async fn by_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Invitation>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM invitations WHERE hash = $1");
    tx.all_text(sql, args![hash]).await?.first().map(read).transpose()
}

/// At most `limit` of the organization's invitations that have not expired, oldest first, from behind one on.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    now: Instant,
    after: Option<InvitationId>,
    limit: u32,
) -> Result<Vec<Invitation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invitations
        WHERE organization_id = $1 AND expires_us > $2 AND id > $3 ORDER BY id LIMIT $4"
    );
    let after = after.map_or_else(String::new, |id| id.to_string());
    tx.all_text(sql, args![organization, now, after, limit]).await?.iter().map(read).collect()
}

/// An invitation of an organization, unless it has expired.
pub async fn of(
    tx: &mut Tx,
    organization: OrganizationId,
    now: Instant,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM invitations WHERE organization_id = $1 AND expires_us > $2 AND id = $3"
    );
    tx.all_text(sql, args![organization, now, id]).await?.first().map(read).transpose()
}

/// Takes an invitation of an organization away; returns whether there was one.
pub async fn delete(tx: &mut Tx, organization: OrganizationId, id: InvitationId) -> Result<bool, StoreError> {
    let sql = "DELETE FROM invitations WHERE organization_id = $1 AND id = $2";
    Ok(tx.execute(sql, args![organization, id]).await? == 1)
}

/// Keeps the link by which a user sets a new password; earlier ones open nothing any more.
pub async fn insert_reset(
    tx: &mut Tx,
    hash: &[u8],
    user: UserId,
    expires_at: Instant,
) -> Result<(), StoreError> {
    delete_resets(tx, user).await?;
    let sql = "INSERT INTO password_resets (hash, user_id, expires_us) VALUES ($1, $2, $3)";
    tx.execute(sql, args![hash, user, expires_at]).await.map(drop)
}

/// Uses the link with this hash up; returns whose it was, if it has not expired at `now`.
pub async fn take_reset(tx: &mut Tx, hash: &[u8], now: Instant) -> Result<Option<UserId>, StoreError> {
    let sql = "DELETE FROM password_resets WHERE hash = $1 AND expires_us > $2 RETURNING user_id";
    tx.one_or_none(sql, args![hash, now]).await?.map(|row| row.parsed("user_id")).transpose()
}

/// Forgets a user's links.
pub async fn delete_resets(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM password_resets WHERE user_id = $1", args![user]).await.map(drop)
}

/// Forgets invitations and links that have expired.
pub async fn forget_old(tx: &mut Tx, now: Instant) -> Result<u64, StoreError> {
    let resets = tx.execute("DELETE FROM password_resets WHERE expires_us <= $1", args![now]).await?;
    Ok(resets + tx.execute("DELETE FROM invitations WHERE expires_us <= $1", args![now]).await?)
}
