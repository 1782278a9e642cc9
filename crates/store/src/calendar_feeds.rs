//! Calendar feeds: who has one, and what it tells.

use tenure_domain::standing::ChainEnd;
use tenure_domain::{Instant, OrganizationId, Role, SensorId, Serial, UserId};

use crate::args::args;
use crate::{StoreError, Tx};

/// A user's feed of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarFeed {
    /// When it was made.
    pub created_at: Instant,
    /// The last use that was written down.
    pub used_at: Option<Instant>,
}

/// Who reads a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The organization.
    pub organization: OrganizationId,
    /// Their role in it today.
    pub role: Role,
    /// Their language, an ISO 639-1 code.
    pub language: String,
    /// The last use that was written down.
    pub used_at: Option<Instant>,
}

/// The user's feed of an organization.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn get(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<CalendarFeed>, StoreError> {
    let sql = "SELECT created_us, used_us FROM calendar_feeds WHERE organization_id = $1 AND user_id = $2";
    let Some(row) = tx.one_or_none(sql, args![organization, user]).await? else { return Ok(None) };
    Ok(Some(CalendarFeed {
        created_at: row.instant("created_us")?,
        used_at: row.instant_or_null("used_us")?,
    }))
}

/// Keeps the user's feed of an organization under the hash of its address, in the place of the one before.
pub async fn replace(
    tx: &mut Tx,
    hash: &[u8],
    organization: OrganizationId,
    user: UserId,
    now: Instant,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO calendar_feeds (hash, organization_id, user_id, created_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (organization_id, user_id)
        DO UPDATE SET hash = excluded.hash, created_us = excluded.created_us, used_us = NULL";
    tx.execute(sql, args![hash, organization, user, now]).await.map(drop)
}

/// Removes the user's feed of an organization; returns whether there was one.
pub async fn remove(tx: &mut Tx, organization: OrganizationId, user: UserId) -> Result<bool, StoreError> {
    let sql = "DELETE FROM calendar_feeds WHERE organization_id = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![organization, user]).await? > 0)
}

/// Who reads the feed with this hash, while they are a member.
pub async fn reader(tx: &mut Tx, hash: &[u8]) -> Result<Option<Reader>, StoreError> {
    let sql = "SELECT f.organization_id, m.role, u.language, f.used_us FROM calendar_feeds f
        JOIN memberships m ON m.user_id = f.user_id AND m.organization_id = f.organization_id
        JOIN users u ON u.id = f.user_id
        WHERE f.hash = $1";
    let Some(row) = tx.one_or_none(sql, args![hash]).await? else { return Ok(None) };
    Ok(Some(Reader {
        organization: row.parsed("organization_id")?,
        role: row.parsed("role")?,
        language: row.text("language")?,
        used_at: row.instant_or_null("used_us")?,
    }))
}

/// Writes down that a feed was read.
pub async fn used(tx: &mut Tx, hash: &[u8], now: Instant) -> Result<(), StoreError> {
    tx.execute("UPDATE calendar_feeds SET used_us = $2 WHERE hash = $1", args![hash, now]).await.map(drop)
}

/// The end of a sensor's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The sensor.
    pub sensor: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// Whether it takes a license of the pool when its chain ends (R12).
    pub auto_renewal: bool,
    /// When its chain ends or ended.
    pub end: ChainEnd,
    /// The organization's `rev` at the last change of its cover.
    pub cover_rev: i64,
    /// When something was last done to it or its licenses, as the audit trail says.
    pub changed_at: Instant,
}

/// The ends of the chains of an organization's sensors that lie after an instant, in the order of time.
pub async fn ends_after(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Instant,
) -> Result<Vec<End>, StoreError> {
    let sql =
        "SELECT s.id, s.serial, s.name, s.auto_renewal, s.chain_ends_us, s.chain_expires_on, s.cover_rev,
            coalesce((SELECT a.at_us FROM audit a WHERE a.trail = s.organization_id AND a.about = s.id
                ORDER BY a.seq DESC LIMIT 1), s.added_us) AS changed_us
        FROM sensors s
        WHERE s.organization_id = $1 AND s.chain_ends_us > $2 AND s.removed_us IS NULL
        ORDER BY s.chain_ends_us, s.id";
    let rows = tx.all(sql, args![organization, after]).await?;
    rows.iter()
        .map(|row| {
            Ok(End {
                sensor: row.parsed("id")?,
                serial: row.parsed("serial")?,
                name: row.text("name")?,
                auto_renewal: row.bool("auto_renewal")?,
                end: ChainEnd {
                    ends: row.instant("chain_ends_us")?,
                    expires_on: row.parsed("chain_expires_on")?,
                },
                cover_rev: row.int("cover_rev")?,
                changed_at: row.instant("changed_us")?,
            })
        })
        .collect()
}
