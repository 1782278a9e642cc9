//! The outbox: what is to be sent, mail and events for webhooks, is a row of the transaction that decides it (R33), and
//! is sent afterwards.
//!
//! A worker leases rows for a while. One that dies leaves a lease that runs out, and another sends the row, perhaps
//! a second time, under the same identifier.

use tenure_domain::id::Kind;
use tenure_domain::{AttachmentId, DeliveryId, Id, Instant, MailId, OrganizationId, WebhookId};

use crate::args::args;
use crate::row::corrupt;
use crate::{Row, StoreError, Tx};

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its identifier, of which its Message-ID is made.
    pub id: MailId,
    /// The organization that it is about, if it is about one.
    pub organization: Option<OrganizationId>,
    /// What it is for: `invitation`.
    pub kind: String,
    /// The e-mail address that it goes to.
    pub recipient: String,
    /// Its language, an ISO 639-1 code.
    pub language: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// The same in HTML.
    pub html: Option<String>,
    /// What is attached to it.
    pub attachment: Option<AttachmentId>,
    /// The address by which its recipient is told of this no more (RFC 8058).
    pub unsubscribe: Option<String>,
    /// When it was decided.
    pub created_at: Instant,
}

/// What a mail carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its identifier.
    pub id: AttachmentId,
    /// The name of the file.
    pub name: String,
    /// Its media type: `text/csv; charset=utf-8`.
    pub content_type: String,
    /// What is in it.
    pub body: Vec<u8>,
}

/// An event that is to be told to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its identifier, which the receiver knows it again by.
    pub id: DeliveryId,
    /// The organization.
    pub organization: OrganizationId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The type of the event: `license.expired`.
    pub kind: String,
    /// Where it is sent.
    pub url: String,
    /// What is sent: JSON.
    pub body: String,
    /// When it was decided.
    pub created_at: Instant,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be sent.
    Queued,
    /// The other side has taken it.
    Sent,
    /// It will not be sent: the other side refuses it, or has not taken it for too long.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Sent, Self::Failed];

    /// The word on record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// What lies in the outbox, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted<P = Mail> {
    /// What it is. The text of a mail is gone once it is sent.
    pub post: P,
    /// How far it is.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it is queued.
    pub next_try_at: Instant,
    /// When it was sent, or has failed.
    pub settled_at: Option<Instant>,
    /// What the other side said last.
    pub last_reply: Option<String>,
}

/// What can lie in the outbox.
pub trait Post: Sized {
    /// The condition that tells its rows from others.
    const IS: &'static str;
    /// Reads a row.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it makes no sense.
    fn read(row: &Row) -> Result<Self, StoreError>;
}

impl Post for Mail {
    const IS: &'static str = "webhook_id IS NULL";

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parsed("id")?,
            organization: row.parsed_or_null("organization_id")?,
            kind: row.text("kind")?,
            recipient: row.text("recipient")?,
            language: row.text("language")?,
            subject: row.text("subject")?,
            text: row.text("body")?,
            html: row.text_or_null("html")?,
            attachment: row.parsed_or_null("attachment_id")?,
            unsubscribe: row.text_or_null("unsubscribe")?,
            created_at: row.instant("created_us")?,
        })
    }
}

impl Post for Event {
    const IS: &'static str = "webhook_id IS NOT NULL";

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parsed("id")?,
            organization: row.parsed("organization_id")?,
            webhook: row.parsed("webhook_id")?,
            kind: row.text("kind")?,
            url: row.text("recipient")?,
            body: row.text("body")?,
            created_at: row.instant("created_us")?,
        })
    }
}

pub(crate) const COLUMNS: &str =
    "id, organization_id, kind, recipient, language, subject, body, html, attachment_id, unsubscribe,
    webhook_id, created_us, state, attempts, next_try_us, settled_us, last_reply";

pub(crate) fn read<P: Post>(row: &Row) -> Result<Posted<P>, StoreError> {
    let state = row.text("state")?;
    let known = State::ALL.into_iter().find(|known| known.name() == state);
    Ok(Posted {
        post: P::read(row)?,
        state: known.ok_or_else(|| corrupt("outbox.state", &state, &"no such state"))?,
        attempts: row.count("attempts")?,
        next_try_at: row.instant("next_try_us")?,
        settled_at: row.instant_or_null("settled_us")?,
        last_reply: row.text_or_null("last_reply")?,
    })
}

/// Puts a mail into the outbox.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, mail: &Mail) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO outbox (id, organization_id, kind, recipient, language, subject, body, html, attachment_id,
            unsubscribe, created_us, state, attempts, next_try_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'queued', 0, $11)";
    let args = args![
        mail.id,
        mail.organization,
        mail.kind.as_str(),
        mail.recipient.as_str(),
        mail.language.as_str(),
        mail.subject.as_str(),
        mail.text.as_str(),
        mail.html.as_deref(),
        mail.attachment,
        mail.unsubscribe.as_deref(),
        mail.created_at
    ];
    tx.execute(sql, args).await.map(drop)
}

/// Keeps what mails of this transaction carry.
pub async fn attach(tx: &mut Tx, attachment: &Attachment) -> Result<(), StoreError> {
    let Attachment { id, name, content_type, body } = attachment;
    let sql = "INSERT INTO attachments (id, name, content_type, body) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, args![*id, name.as_str(), content_type.as_str(), body.clone()]).await.map(drop)
}

/// What a mail carries.
pub async fn attachment(tx: &mut Tx, id: AttachmentId) -> Result<Option<Attachment>, StoreError> {
    let sql = "SELECT id, name, content_type, body FROM attachments WHERE id = $1";
    let Some(row) = tx.one_or_none(sql, args![id]).await? else { return Ok(None) };
    Ok(Some(Attachment {
        id: row.parsed("id")?,
        name: row.text("name")?,
        content_type: row.text("content_type")?,
        body: row.blob("body")?.to_vec(),
    }))
}

/// Puts an event for a webhook into the outbox.
pub async fn insert_event(tx: &mut Tx, event: &Event) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO outbox (id, organization_id, webhook_id, kind, recipient, language, subject, body, created_us,
            state, attempts, next_try_us)
        VALUES ($1, $2, $3, $4, $5, '', '', $6, $7, 'queued', 0, $7)";
    let Event { id, organization, webhook, kind, url, body, created_at } = event;
    let args = args![*id, *organization, *webhook, kind.as_str(), url.as_str(), body.as_str(), *created_at];
    tx.execute(sql, args).await.map(drop)
}

/// Whether anything of this sort is to be sent now.
pub async fn any_due<P: Post>(tx: &mut Tx, now: Instant) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT id FROM outbox WHERE state = 'queued' AND {} AND next_try_us <= $1
         AND (lease_until_us IS NULL OR lease_until_us <= $1) LIMIT 1",
        P::IS
    );
    Ok(!tx.all_text(sql, args![now]).await?.is_empty())
}

/// Leases up to `most` that are to be sent now to a worker, who alone may send them `until` then. Each counts as
/// tried.
pub async fn lease<P: Post>(
    tx: &mut Tx,
    worker: &str,
    now: Instant,
    until: Instant,
    most: u32,
) -> Result<Vec<Posted<P>>, StoreError> {
    // The condition stands twice: on PostgreSQL the outer one is looked at again after waiting for another worker.
    let sql = format!(
        "UPDATE outbox SET lease_until_us = $3, lease_by = $2, attempts = attempts + 1
        WHERE state = 'queued' AND (lease_until_us IS NULL OR lease_until_us <= $1) AND id IN (
            SELECT id FROM outbox WHERE state = 'queued' AND {} AND next_try_us <= $1
            AND (lease_until_us IS NULL OR lease_until_us <= $1) ORDER BY next_try_us, id LIMIT $4)
        RETURNING {COLUMNS}",
        P::IS
    );
    let rows = tx.all_text(sql, args![now, worker, until, most]).await?;
    // Identifiers begin with the instant at which they were made.
    let mut leased: Vec<(String, Posted<P>)> =
        rows.iter().map(|row| Ok((row.text("id")?, read(row)?))).collect::<Result<_, StoreError>>()?;
    leased.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(leased.into_iter().map(|(_, posted)| posted).collect())
}

/// Writes down what has become of something that this worker has leased, at `now`. The text of what is sent is
/// forgotten, as it may hold a link that opens something.
pub async fn settle<K: Kind>(
    tx: &mut Tx,
    worker: &str,
    id: Id<K>,
    (state, next_try): (State, Instant),
    now: Instant,
    reply: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET state = $3, next_try_us = $4, last_reply = $5, lease_until_us = NULL, lease_by = NULL,
            settled_us = CASE WHEN $3 = 'queued' THEN NULL ELSE CAST($6 AS bigint) END,
            body = CASE WHEN $3 = 'sent' THEN '' ELSE body END, html = CASE WHEN $3 = 'sent' THEN NULL ELSE html END
        WHERE id = $1 AND lease_by = $2";
    tx.execute(sql, args![id, worker, state.name(), next_try, reply, now]).await.map(drop)
}

/// Gives back what this worker has leased and not tried; it does not count as an attempt. A reason, if there is one, is
/// remembered.
pub async fn give_back(
    tx: &mut Tx,
    worker: &str,
    id: MailId,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET lease_until_us = NULL, lease_by = NULL, attempts = attempts - 1,
            last_reply = coalesce($3, last_reply)
        WHERE id = $1 AND lease_by = $2";
    tx.execute(sql, args![id, worker, reason]).await.map(drop)
}

/// Puts what has failed into the queue again, as if it were new, under the same identifier; returns whether it had
/// failed.
pub async fn queue_again<K: Kind>(tx: &mut Tx, id: Id<K>, now: Instant) -> Result<bool, StoreError> {
    let sql = "UPDATE outbox SET state = 'queued', attempts = 0, next_try_us = $2, settled_us = NULL
        WHERE id = $1 AND state = 'failed'";
    Ok(tx.execute(sql, args![id, now]).await? == 1)
}

/// All that lies in it of this sort, in the order in which it was decided.
pub async fn all<P: Post>(tx: &mut Tx) -> Result<Vec<Posted<P>>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE {} ORDER BY id", P::IS);
    tx.all_text(sql, args![]).await?.iter().map(read).collect()
}

/// Forgets what was decided before this and is sent or failed, and what only that has carried.
pub async fn forget_old(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    let sql = "DELETE FROM outbox WHERE state <> 'queued' AND created_us <= $1";
    let forgotten = tx.execute(sql, args![before]).await?;
    let sql = "DELETE FROM attachments WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.attachment_id = attachments.id)";
    tx.execute(sql, args![]).await?;
    Ok(forgotten)
}
