//! Webhooks: where other systems want to be told of what happens.

use std::fmt;
use std::str::FromStr;

use tenure_domain::{Instant, OrganizationId, SensorId, Serial, WebhookEvent, WebhookId};

use crate::args::args;
use crate::bulk::{Bulk, Column};
use crate::row::corrupt;
use crate::{Row, StoreError, Tx};

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Where events are sent.
    pub url: String,
    /// What it is for, in words; may be empty.
    pub description: String,
    /// The events that it wants, in their order.
    pub events: Vec<WebhookEvent>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The secret of its signatures, sealed.
    pub secret: Vec<u8>,
    /// The one before, sealed, and until when it signs as well.
    pub secret_before: Option<(Vec<u8>, Instant)>,
    /// When it was made.
    pub created_at: Instant,
    /// Since when nothing was taken.
    pub failing_since: Option<Instant>,
    /// Why the service has switched it off.
    pub disabled_because: Option<DisabledBecause>,
}

/// Why the service has switched a webhook off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledBecause {
    /// The receiver said that it is gone for good (410).
    Gone,
    /// Nothing was taken for days.
    Failing,
}

impl DisabledBecause {
    /// The word on record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

impl fmt::Display for DisabledBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is no such reason.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no reason for which a webhook is switched off")]
pub struct NoReason;

impl FromStr for DisabledBecause {
    type Err = NoReason;

    fn from_str(text: &str) -> Result<Self, NoReason> {
        [Self::Gone, Self::Failing].into_iter().find(|reason| reason.name() == text).ok_or(NoReason)
    }
}

const COLUMNS: &str = "id, organization_id, url, description, events, enabled, secret, secret_before,
    secret_before_until_us, created_us, failing_since_us, disabled_because";

fn events(row: &Row) -> Result<Vec<WebhookEvent>, StoreError> {
    let text = row.text("events")?;
    let names: Vec<String> =
        serde_json::from_str(&text).map_err(|error| corrupt("webhooks.events", &text, &error))?;
    let read = |name: &String| name.parse().map_err(|error| corrupt("webhooks.events", name, &error));
    names.iter().map(read).collect()
}

fn written(events: &[WebhookEvent]) -> String {
    // Their names need no escaping.
    let names: Vec<String> = events.iter().map(|event| format!("\"{event}\"")).collect();
    format!("[{}]", names.join(","))
}

fn read(row: &Row) -> Result<Webhook, StoreError> {
    let until = row.instant_or_null("secret_before_until_us")?;
    Ok(Webhook {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        url: row.text("url")?,
        description: row.text("description")?,
        events: events(row)?,
        enabled: row.bool("enabled")?,
        secret: row.blob("secret")?.to_vec(),
        secret_before: row.blob_or_null("secret_before")?.zip(until),
        created_at: row.instant("created_us")?,
        failing_since: row.instant_or_null("failing_since_us")?,
        disabled_because: row.parsed_or_null("disabled_because")?,
    })
}

/// Keeps a new webhook.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO webhooks (id, organization_id, url, description, events, enabled, secret, created_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Webhook { id, organization, url, description, events, enabled, secret, created_at, .. } = webhook;
    let (url, description, secret) = (url.as_str(), description.as_str(), secret.as_slice());
    let args = args![*id, *organization, url, description, written(events), *enabled, secret, *created_at];
    tx.execute(sql, args).await.map(drop)
}

/// Keeps what a person has changed of a webhook.
pub async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let sql =
        "UPDATE webhooks SET url = $2, description = $3, events = $4, enabled = $5, failing_since_us = $6,
            disabled_because = $7
        WHERE id = $1";
    let Webhook { id, url, description, events, enabled, failing_since, disabled_because, .. } = webhook;
    let because = disabled_because.map(DisabledBecause::name);
    let args =
        args![*id, url.as_str(), description.as_str(), written(events), *enabled, *failing_since, because];
    tx.execute(sql, args).await.map(drop)
}

/// Gives a webhook a new secret; the one that it had signs as well until then.
pub async fn set_secret(tx: &mut Tx, id: WebhookId, sealed: &[u8], until: Instant) -> Result<(), StoreError> {
    let sql =
        "UPDATE webhooks SET secret_before = secret, secret_before_until_us = $3, secret = $2 WHERE id = $1";
    tx.execute(sql, args![id, sealed, until]).await.map(drop)
}

/// Removes a webhook, and what was on its way to it.
pub async fn remove(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM outbox WHERE webhook_id = $1", args![id]).await?;
    tx.execute("DELETE FROM webhooks WHERE id = $1", args![id]).await.map(drop)
}

/// A webhook of an organization.
pub async fn of(
    tx: &mut Tx,
    organization: OrganizationId,
    id: WebhookId,
) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND organization_id = $2");
    tx.all_text(sql, args![id, organization]).await?.first().map(read).transpose()
}

/// A webhook.
pub async fn get(tx: &mut Tx, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1");
    tx.all_text(sql, args![id]).await?.first().map(read).transpose()
}

/// The webhooks of an organization, oldest first, behind one of them.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Option<WebhookId>,
    limit: u32,
) -> Result<Vec<Webhook>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM webhooks WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    tx.all_text(sql, args![organization, after, limit]).await?.iter().map(read).collect()
}

/// How many webhooks an organization has.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS n FROM webhooks WHERE organization_id = $1";
    tx.one(sql, args![organization]).await?.int("n")
}

/// A webhook that is switched on, and what it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The webhook.
    pub id: WebhookId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Where events are sent.
    pub url: String,
    /// The events that it wants.
    pub events: Vec<WebhookEvent>,
    /// When it was made.
    pub created_at: Instant,
}

fn listening(row: &Row) -> Result<Listening, StoreError> {
    Ok(Listening {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        url: row.text("url")?,
        events: events(row)?,
        created_at: row.instant("created_us")?,
    })
}

/// The webhooks of an organization that are switched on, oldest first.
pub async fn listening_in(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Listening>, StoreError> {
    let sql = "SELECT id, organization_id, url, events, created_us FROM webhooks
        WHERE organization_id = $1 AND enabled ORDER BY id";
    tx.all(sql, args![organization]).await?.iter().map(listening).collect()
}

/// The webhooks of all organizations that are switched on and want an event, by organization.
pub async fn listening_for(tx: &mut Tx, event: WebhookEvent) -> Result<Vec<Listening>, StoreError> {
    let sql = "SELECT id, organization_id, url, events, created_us FROM webhooks
        WHERE enabled AND events LIKE $1 ORDER BY organization_id, id";
    let pattern = format!("%\"{event}\"%");
    tx.all(sql, args![pattern]).await?.iter().map(listening).collect()
}

/// Something was taken.
pub async fn taken(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    let sql = "UPDATE webhooks SET failing_since_us = NULL WHERE id = $1 AND failing_since_us IS NOT NULL";
    tx.execute(sql, args![id]).await.map(drop)
}

/// Something was not taken.
pub async fn not_taken(tx: &mut Tx, id: WebhookId, now: Instant) -> Result<(), StoreError> {
    let sql = "UPDATE webhooks SET failing_since_us = $2 WHERE id = $1 AND failing_since_us IS NULL";
    tx.execute(sql, args![id, now]).await.map(drop)
}

/// A sensor whose data is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The sensor.
    pub id: SensorId,
    /// The number under which its measurements are kept.
    pub number: i64,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// The last date of its last cover, and the first instant after it; none for one that had no license.
    pub ended: Option<(tenure_domain::Date, Instant)>,
    /// Since when it is refused.
    pub since: Instant,
    /// How many messages were refused.
    pub refused: i64,
}

/// The sensors of an organization whose data is refused since `since` or later, and of whom nobody was told; `most`
/// at the most.
pub async fn refused(
    tx: &mut Tx,
    organization: OrganizationId,
    since: Instant,
    most: u32,
) -> Result<Vec<Refused>, StoreError> {
    let sql = "SELECT s.id, s.number, s.serial, s.name, s.chain_expires_on, s.chain_ends_us, st.refused_since_us,
            st.refused
        FROM sensors s JOIN sensor_state st ON st.sensor = s.number
        WHERE s.organization_id = $1 AND s.removed_us IS NULL AND s.chain <> 'running' AND st.refused_since_us >= $2
            AND NOT EXISTS (SELECT 1 FROM refusals_told t
                WHERE t.sensor = st.sensor AND t.since_us = st.refused_since_us)
        ORDER BY st.refused_since_us, s.id LIMIT $3";
    let rows = tx.all(sql, args![organization, since, most]).await?;
    let read = |row: &Row| {
        let expires_on = row.parsed_or_null("chain_expires_on")?;
        Ok(Refused {
            id: row.parsed("id")?,
            number: row.int("number")?,
            serial: row.parsed("serial")?,
            name: row.text("name")?,
            ended: expires_on.zip(row.instant_or_null("chain_ends_us")?),
            since: row.instant("refused_since_us")?,
            refused: row.int("refused")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Writes down that these refusals are told. Of several nodes that do so at once, all but the first find that some
/// were told, and are to begin anew: then it is false.
pub async fn refusals_told(tx: &mut Tx, refused: &[Refused]) -> Result<bool, StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO refusals_told (sensor, since_us)",
        columns: &[Column::Int, Column::Int],
        tail: " ON CONFLICT DO NOTHING",
    };
    let rows = refused.iter().map(|one| args![one.number, one.since]).collect();
    let told = INSERT.run(tx, rows).await?;
    Ok(usize::try_from(told) == Ok(refused.len()))
}

/// Forgets refusals that were told of and are over.
pub async fn forget_refusals(tx: &mut Tx) -> Result<u64, StoreError> {
    let sql = "DELETE FROM refusals_told WHERE NOT EXISTS (SELECT 1 FROM sensor_state st
            WHERE st.sensor = refusals_told.sensor AND st.refused_since_us = refusals_told.since_us)";
    tx.execute(sql, args![]).await
}
