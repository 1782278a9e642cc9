//! Organizations, and the lock that every command on one takes first.

use tenure_domain::{Instant, OrganizationId, Zone};

use crate::args::args;
use crate::{Row, StoreError, Tx};

/// An organization's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The zone that decides its dates (R6).
    pub zone: Zone,
    /// The language of its mails, an ISO 639-1 code.
    pub language: String,
    /// The token that its sensors must send, once it is set.
    pub device_token: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// Everything due up to here has happened (R17).
    pub settled_until: Instant,
    /// The earliest end of an active or released license.
    pub next_due: Option<Instant>,
    /// Grows with every command.
    pub rev: i64,
    /// How many rows its audit trail has.
    pub audit_seq: i64,
    /// When it was last looked at for notices (R29).
    pub notices_looked_at: Option<Instant>,
    /// The next morning at which it is looked at, even if nothing is due of its sensors.
    pub notices_morning: Instant,
    /// When it is looked at next: that morning, or earlier when something is due of a sensor.
    pub notices_next: Instant,
    /// Since when its pool has held less than the next 60 days need.
    pub pool_low_since: Option<Instant>,
}

impl Organization {
    /// An organization in which nothing has happened yet.
    #[must_use]
    pub fn new(id: OrganizationId, name: &str, zone: Zone, language: &str, now: Instant) -> Self {
        Self {
            id,
            name: name.to_owned(),
            zone,
            language: language.to_owned(),
            device_token: None,
            created_at: now,
            settled_until: now,
            next_due: None,
            rev: 0,
            audit_seq: 0,
            notices_looked_at: None,
            notices_morning: Instant::from_micros(0),
            notices_next: Instant::from_micros(0),
            pool_low_since: None,
        }
    }
}

const COLUMNS: &str =
    "id, name, time_zone, language, device_token, created_us, settled_until_us, next_due_us, rev, audit_seq,
    notices_looked_us, notices_morning_us, notices_next_us, pool_low_since_us";

fn read(row: &Row) -> Result<Organization, StoreError> {
    Ok(Organization {
        id: row.parsed("id")?,
        name: row.text("name")?,
        zone: row.parsed("time_zone")?,
        language: row.text("language")?,
        device_token: row.text_or_null("device_token")?,
        created_at: row.instant("created_us")?,
        settled_until: row.instant("settled_until_us")?,
        next_due: row.instant_or_null("next_due_us")?,
        rev: row.int("rev")?,
        audit_seq: row.int("audit_seq")?,
        notices_looked_at: row.instant_or_null("notices_looked_us")?,
        notices_morning: row.instant("notices_morning_us")?,
        notices_next: row.instant("notices_next_us")?,
        pool_low_since: row.instant_or_null("pool_low_since_us")?,
    })
}

/// Makes an organization. Returns whether it is new: its name may be taken, in any case of letters.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, organization: &Organization) -> Result<bool, StoreError> {
    let Organization { id, name, zone, language, device_token, created_at, settled_until, .. } = organization;
    let made = tx
        .execute(
            "INSERT INTO organizations (id, name, name_folded, time_zone, language, device_token, created_us,
                settled_until_us, next_due_us, rev, audit_seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, 0, 0) ON CONFLICT DO NOTHING",
            args![
                *id,
                name.as_str(),
                name.to_lowercase(),
                zone,
                language.as_str(),
                device_token.as_deref(),
                *created_at,
                *settled_until
            ],
        )
        .await?;
    Ok(made == 1)
}

/// The organization, locked until the transaction ends: the first statement of every command on it.
pub async fn lock(tx: &mut Tx, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let sql = format!("UPDATE organizations SET rev = rev + 1 WHERE id = $1 RETURNING {COLUMNS}");
    tx.all_text(sql, args![id]).await?.first().map(read).transpose()
}

/// The organization as it is, without locking it.
pub async fn get(tx: &mut Tx, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM organizations WHERE id = $1");
    tx.all_text(sql, args![id]).await?.first().map(read).transpose()
}

/// The organization of this name, in any case of letters.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Organization>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM organizations WHERE name_folded = $1");
    tx.all_text(sql, args![name.to_lowercase()]).await?.first().map(read).transpose()
}

/// All organizations, in the order in which they were made.
pub async fn all(tx: &mut Tx) -> Result<Vec<Organization>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM organizations ORDER BY id");
    tx.all_text(sql, args![]).await?.iter().map(read).collect()
}

/// An organization in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its identifier.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The name in one case of letters, by which the list is sorted.
    pub name_folded: String,
    /// The zone that decides its dates.
    pub zone: Zone,
    /// When it was made.
    pub created_at: Instant,
    /// How many users are in it.
    pub users: i64,
    /// How many sensors it has.
    pub sensors: i64,
    /// How many licenses are in its pool.
    pub licenses_left: i64,
}

const LISTED: &str = "SELECT o.id, o.name, o.name_folded, o.time_zone, o.created_us,
        (SELECT count(*) FROM memberships m WHERE m.organization_id = o.id) AS users,
        (SELECT count(*) FROM sensors s WHERE s.organization_id = o.id AND s.removed_us IS NULL) AS sensors,
        (SELECT CAST(coalesce(sum(c.available), 0) AS bigint) FROM activation_codes c
            WHERE c.organization_id = o.id) AS licenses_left
    FROM organizations o";

fn read_listed(row: &Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        id: row.parsed("id")?,
        name: row.text("name")?,
        name_folded: row.text("name_folded")?,
        zone: row.parsed("time_zone")?,
        created_at: row.instant("created_us")?,
        users: row.int("users")?,
        sensors: row.int("sensors")?,
        licenses_left: row.int("licenses_left")?,
    })
}

/// One organization as the operator's list has it.
pub async fn listed(tx: &mut Tx, id: OrganizationId) -> Result<Option<Listed>, StoreError> {
    let sql = format!("{LISTED} WHERE o.id = $1");
    tx.all_text(sql, args![id]).await?.first().map(read_listed).transpose()
}

/// A page of all organizations by name, from behind the one of this folded name; `search` is part of a name.
pub async fn page(
    tx: &mut Tx,
    search: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Listed>, StoreError> {
    let sql = format!(
        "{LISTED} WHERE o.name_folded LIKE $1 ESCAPE '\\' AND o.name_folded > $2
        ORDER BY o.name_folded LIMIT $3"
    );
    let pattern = crate::table::containing(&search.to_lowercase());
    let rows = tx.all_text(sql, args![pattern, after.unwrap_or_default(), limit]).await?;
    rows.iter().map(read_listed).collect()
}

/// Organizations in which something is due at `now`, the most overdue first.
pub async fn due(tx: &mut Tx, now: Instant) -> Result<Vec<OrganizationId>, StoreError> {
    let sql = "SELECT id FROM organizations WHERE next_due_us IS NOT NULL AND next_due_us <= $1 ORDER BY next_due_us";
    tx.all(sql, args![now]).await?.iter().map(|row| row.parsed("id")).collect()
}

/// Each organization's `rev`: where it has grown, covers may have changed.
pub async fn revs(tx: &mut Tx) -> Result<Vec<(OrganizationId, i64)>, StoreError> {
    let rows = tx.all("SELECT id, rev FROM organizations", args![]).await?;
    rows.iter().map(|row| Ok((row.parsed("id")?, row.int("rev")?))).collect()
}

/// Keeps name, zone, language and device token, which a command has changed.
pub async fn update(tx: &mut Tx, organization: &Organization) -> Result<(), StoreError> {
    let Organization { id, name, zone, language, device_token, .. } = organization;
    let sql = "UPDATE organizations SET name = $2, name_folded = $3, time_zone = $4, language = $5, device_token = $6 WHERE id = $1";
    let args =
        args![*id, name.as_str(), name.to_lowercase(), zone, language.as_str(), device_token.as_deref()];
    tx.execute(sql, args).await?;
    // The gates of other nodes hold the device token.
    tx.notify_cover().await
}

/// Organizations that are to be looked at for notices at `now` (R29), those that wait longest first.
pub async fn to_look_at(tx: &mut Tx, now: Instant) -> Result<Vec<OrganizationId>, StoreError> {
    let sql = "SELECT id FROM organizations WHERE notices_next_us <= $1 ORDER BY notices_next_us, id";
    tx.all(sql, args![now]).await?.iter().map(|row| row.parsed("id")).collect()
}

/// Lets an organization, and all its sensors of which something is still to be told, be looked at for notices again:
/// its zone has changed.
pub async fn look_again(tx: &mut Tx, id: OrganizationId, now: Instant) -> Result<(), StoreError> {
    let sql = "UPDATE sensors SET notice_due_us = $2
        WHERE organization_id = $1 AND notice_due_us IS NOT NULL AND removed_us IS NULL";
    tx.execute(sql, args![id, now]).await?;
    let sql = "UPDATE organizations SET notices_morning_us = $2 WHERE id = $1";
    tx.execute(sql, args![id, now]).await.map(drop)
}

/// Keeps that the organization was looked at for notices.
pub async fn looked(tx: &mut Tx, organization: &Organization) -> Result<(), StoreError> {
    let sql =
        "UPDATE organizations SET notices_looked_us = $2, notices_morning_us = $3, pool_low_since_us = $4
        WHERE id = $1";
    let Organization { id, notices_looked_at, notices_morning, pool_low_since, .. } = organization;
    tx.execute(sql, args![*id, *notices_looked_at, *notices_morning, *pool_low_since]).await.map(drop)
}

/// Keeps how far the organization is settled and audited, and finds what is due next, and when people are to be told
/// of something: the last statement of every command. Returns the new `next_due`.
pub async fn finish(tx: &mut Tx, organization: &Organization) -> Result<Option<Instant>, StoreError> {
    let sql = "UPDATE organizations SET settled_until_us = $2, audit_seq = $3, next_due_us =
            (SELECT min(first_us) FROM (
                SELECT min(ends_us) AS first_us FROM licenses WHERE organization_id = $1 AND state = 'active'
                UNION ALL
                SELECT min(ends_us) AS first_us FROM licenses WHERE organization_id = $1 AND state = 'released'
            ) ends),
            notices_next_us = (SELECT min(first_us) FROM (
                SELECT notices_morning_us AS first_us
                UNION ALL
                SELECT min(notice_due_us) AS first_us FROM sensors
                    WHERE organization_id = $1 AND notice_due_us IS NOT NULL AND removed_us IS NULL
            ) mornings)
        WHERE id = $1 RETURNING next_due_us";
    let args = args![organization.id, organization.settled_until, organization.audit_seq];
    tx.one(sql, args).await?.instant_or_null("next_due_us")
}
