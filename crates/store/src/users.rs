//! Users and their memberships.

use tenure_domain::{Instant, OrganizationId, Role, UserId, Zone};

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
    /// Their name; empty when they have not told it.
    pub name: String,
    /// The language in which they read screens and mails, an ISO 639-1 code.
    pub language: String,
    /// The zone in which they read instants; none for the organization's.
    pub zone: Option<Zone>,
    /// Whether they have switched on one-time codes.
    pub one_time_codes: bool,
    /// When they were made.
    pub created_at: Instant,
}

/// What a user is in one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// The organization's name.
    pub name: String,
    /// Its zone.
    pub zone: Zone,
    /// Its language.
    pub language: String,
    /// The user's role in it.
    pub role: Role,
}

const COLUMNS: &str = "id, email, password_hash, operator, name, language, time_zone,
    otp_secret IS NOT NULL AS otp, created_us";

fn read(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.parsed("id")?,
        email: row.text("email")?,
        password_hash: row.text_or_null("password_hash")?,
        operator: row.bool("operator")?,
        name: row.text("name")?,
        language: row.text("language")?,
        zone: row.parsed_or_null("time_zone")?,
        one_time_codes: row.bool("otp")?,
        created_at: row.instant("created_us")?,
    })
}

/// Makes a user; returns whether the address was free.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, user: &User) -> Result<bool, StoreError> {
    let sql = "INSERT INTO users (id, email, email_folded, password_hash, operator, created_us, name, language, time_zone)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let User { id, email, password_hash, operator, name, language, zone, one_time_codes: _, created_at } =
        user;
    let args = args![
        *id,
        email.as_str(),
        email.to_lowercase(),
        password_hash.as_deref(),
        *operator,
        *created_at,
        name.as_str(),
        language.as_str(),
        zone.as_ref().map(Zone::name)
    ];
    Ok(tx.execute(sql, args).await? == 1)
}

/// The user with this address, in any case of letters.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE email_folded = $1");
    tx.all_text(sql, args![email.to_lowercase()]).await?.first().map(read).transpose()
}

/// The user with this identifier.
pub async fn get(tx: &mut Tx, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
    tx.all_text(sql, args![id]).await?.first().map(read).transpose()
}

/// What the user is in which organizations, by the organizations' names.
pub async fn memberships(tx: &mut Tx, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let sql = "SELECT o.id, o.name, o.time_zone, o.language, m.role
        FROM memberships m JOIN organizations o ON o.id = m.organization_id
        WHERE m.user_id = $1 ORDER BY o.name_folded, o.id";
    let rows = tx.all(sql, args![user]).await?;
    rows.iter()
        .map(|row| {
            Ok(Membership {
                organization: row.parsed("id")?,
                name: row.text("name")?,
                zone: row.parsed("time_zone")?,
                language: row.text("language")?,
                role: row.parsed("role")?,
            })
        })
        .collect()
}

/// Writes down that the user was here.
pub async fn seen(tx: &mut Tx, user: UserId, now: Instant) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET last_seen_us = $2 WHERE id = $1", args![user, now]).await.map(drop)
}

/// How many recovery codes the user has left.
pub async fn recovery_codes_left(tx: &mut Tx, user: UserId) -> Result<u32, StoreError> {
    let sql = "SELECT count(*) AS codes FROM recovery_codes WHERE user_id = $1";
    tx.one(sql, args![user]).await?.count("codes")
}

/// Makes a user a member of an organization from `now` on, or changes their role in it.
pub async fn set_membership(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
    role: Role,
    now: Instant,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO memberships (user_id, organization_id, role, since_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, organization_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, args![user, organization, role, now]).await.map(drop)
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

/// A member of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// The language of their screens and mails, ISO 639-1.
    pub language: String,
    /// Their role in the organization.
    pub role: Role,
    /// When they became a member.
    pub since: Instant,
    /// When they were last here, to the minute.
    pub last_seen_at: Option<Instant>,
    /// Whether they have switched on one-time codes.
    pub one_time_codes: bool,
}

const MEMBERS: &str = "SELECT u.id, u.email, u.name, u.language, m.role, m.since_us, u.last_seen_us,
        u.otp_secret IS NOT NULL AS otp
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.organization_id = $1";

fn read_member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        id: row.parsed("id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        language: row.text("language")?,
        role: row.parsed("role")?,
        since: row.instant("since_us")?,
        last_seen_at: row.instant_or_null("last_seen_us")?,
        one_time_codes: row.bool("otp")?,
    })
}

/// A member of an organization.
pub async fn member(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    let sql = format!("{MEMBERS} AND u.id = $2");
    tx.all_text(sql, args![organization, user]).await?.first().map(read_member).transpose()
}

/// The organization's members, by e-mail address.
pub async fn of_organization(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Member>, StoreError> {
    page(tx, organization, None, u32::MAX).await
}

/// At most `limit` of the organization's members, by e-mail address, from behind one on.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Member>, StoreError> {
    let sql = format!(
        "{MEMBERS} AND u.email_folded > coalesce((SELECT email_folded FROM users WHERE id = $2), '')
        ORDER BY u.email_folded LIMIT $3"
    );
    let after = after.map_or_else(String::new, |id| id.to_string());
    tx.all_text(sql, args![organization, after, limit]).await?.iter().map(read_member).collect()
}

/// Ends a membership, and revokes the tokens that carried it.
pub async fn end_membership(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
    now: Instant,
) -> Result<(), StoreError> {
    let tokens = "UPDATE tokens SET revoked_us = $3
        WHERE user_id = $1 AND organization_id = $2 AND revoked_us IS NULL";
    tx.execute(tokens, args![user, organization, now]).await?;
    let sql = "DELETE FROM memberships WHERE user_id = $1 AND organization_id = $2";
    tx.execute(sql, args![user, organization]).await.map(drop)
}

/// Keeps a user's name, language and zone, which a command has changed.
pub async fn update(tx: &mut Tx, user: &User) -> Result<(), StoreError> {
    let sql = "UPDATE users SET name = $2, language = $3, time_zone = $4 WHERE id = $1";
    let User { id, name, language, zone, .. } = user;
    let args = args![*id, name.as_str(), language.as_str(), zone.as_ref().map(Zone::name)];
    tx.execute(sql, args).await.map(drop)
}

/// Keeps the hash of a user's new password.
pub async fn set_password(tx: &mut Tx, user: UserId, hash: &str) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET password_hash = $2 WHERE id = $1", args![user, hash]).await.map(drop)
}
