//! Who is told of what by e-mail (R30).

use tenure_domain::{OrganizationId, Role, UserId, Zone};

use crate::args::args;
use crate::{Row, StoreError, Tx, calendar_feeds, untold};

/// What users are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notification {
    /// That the covers of sensors end (R29).
    LicenseExpiration,
    /// That the pool holds less than the renewals of the next 60 days need.
    PoolLow,
}

/// Somebody who is told by e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The user.
    pub user: UserId,
    /// Their e-mail address.
    pub email: String,
    /// Their language, an ISO 639-1 code.
    pub language: String,
    /// The zone in which they read instants; none for the organization's.
    pub zone: Option<Zone>,
}

impl Notification {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::LicenseExpiration, Self::PoolLow];

    /// The name on record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LicenseExpiration => "license_expiration",
            Self::PoolLow => "pool_low",
        }
    }
}

/// The members of an organization who are told of this, in the order in which they were made.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn of(
    tx: &mut Tx,
    organization: OrganizationId,
    notification: Notification,
) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT r.user_id FROM notification_recipients r
        JOIN memberships m ON m.user_id = r.user_id AND m.organization_id = r.organization_id
        WHERE r.organization_id = $1 AND r.kind = $2 ORDER BY r.user_id";
    let rows = tx.all(sql, args![organization, notification.name()]).await?;
    rows.iter().map(|row| row.parsed("user_id")).collect()
}

const PERSON: &str = "SELECT u.id, u.email, u.language, u.time_zone FROM users u";

pub(crate) fn recipient(row: &Row) -> Result<Recipient, StoreError> {
    Ok(Recipient {
        user: row.parsed("id")?,
        email: row.text("email")?,
        language: row.text("language")?,
        zone: row.parsed_or_null("time_zone")?,
    })
}

/// Where those who are told of this are reached, in the order in which they were made.
pub async fn reached(
    tx: &mut Tx,
    organization: OrganizationId,
    notification: Notification,
) -> Result<Vec<Recipient>, StoreError> {
    let sql = format!(
        "{PERSON} JOIN notification_recipients r ON r.user_id = u.id
         JOIN memberships m ON m.user_id = r.user_id AND m.organization_id = r.organization_id
         WHERE r.organization_id = $1 AND r.kind = $2 ORDER BY u.id"
    );
    tx.all_text(sql, args![organization, notification.name()]).await?.iter().map(recipient).collect()
}

/// Where the Administrators of an organization are reached (R5), in the order in which they were made.
pub async fn administrators(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Recipient>, StoreError> {
    let sql = format!(
        "{PERSON} JOIN memberships m ON m.user_id = u.id
         WHERE m.organization_id = $1 AND m.role = $2 ORDER BY u.id"
    );
    let args = args![organization, Role::Administrator.name()];
    tx.all_text(sql, args).await?.iter().map(recipient).collect()
}

/// Ticks a user; returns whether they were not ticked.
pub async fn add(
    tx: &mut Tx,
    organization: OrganizationId,
    notification: Notification,
    user: UserId,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO notification_recipients (organization_id, kind, user_id) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, args![organization, notification.name(), user]).await? > 0)
}

/// Ticks these users and no others.
pub async fn set(
    tx: &mut Tx,
    organization: OrganizationId,
    notification: Notification,
    users: &[UserId],
) -> Result<(), StoreError> {
    let sql = "DELETE FROM notification_recipients WHERE organization_id = $1 AND kind = $2";
    tx.execute(sql, args![organization, notification.name()]).await?;
    for user in users {
        add(tx, organization, notification, *user).await?;
    }
    Ok(())
}

/// A user who leaves an organization is told of nothing of it any more, by mail or by their calendar.
pub async fn forget(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
    let sql = "DELETE FROM notification_recipients WHERE organization_id = $1 AND user_id = $2";
    tx.execute(sql, args![organization, user]).await?;
    untold::forget_user(tx, organization, user).await?;
    calendar_feeds::remove(tx, organization, user).await.map(drop)
}
