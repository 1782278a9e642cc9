//! The outbox: mail is a row of the transaction that decides it (R33), and is sent afterwards.
//!
//! A worker leases rows for a while. One that dies leaves a lease that runs out, and another sends the mail, perhaps
//! a second time, under the same Message-ID.

use tenure_domain::{Instant, MailId, OrganizationId};

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
    /// When it was decided.
    pub created_at: Instant,
}

/// How far a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be sent.
    Queued,
    /// The mail server has taken it.
    Sent,
    /// It will not be sent: the mail server refuses it, or has not taken it for too long.
    Failed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A mail and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The mail. Its text is gone once it is sent.
    pub mail: Mail,
    /// How far it is.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it is queued.
    pub next_try_at: Instant,
    /// What the mail server said last.
    pub last_reply: Option<String>,
}

const COLUMNS: &str =
    "id, organization_id, kind, recipient, language, subject, body, html, created_us, state,
    attempts, next_try_us, last_reply";

fn read(row: &Row) -> Result<Posted, StoreError> {
    let state = row.text("state")?;
    let known = [State::Queued, State::Sent, State::Failed].into_iter().find(|known| known.name() == state);
    Ok(Posted {
        mail: Mail {
            id: row.parsed("id")?,
            organization: row.parsed_or_null("organization_id")?,
            kind: row.text("kind")?,
            recipient: row.text("recipient")?,
            language: row.text("language")?,
            subject: row.text("subject")?,
            text: row.text("body")?,
            html: row.text_or_null("html")?,
            created_at: row.instant("created_us")?,
        },
        state: known.ok_or_else(|| corrupt("outbox.state", &state, &"no such state"))?,
        attempts: row.count("attempts")?,
        next_try_at: row.instant("next_try_us")?,
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
        "INSERT INTO outbox (id, organization_id, kind, recipient, language, subject, body, html, created_us,
            state, attempts, next_try_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, $9)";
    let Mail { id, organization, kind, recipient, language, subject, text, html, created_at } = mail;
    let args = args![
        *id,
        *organization,
        kind.as_str(),
        recipient.as_str(),
        language.as_str(),
        subject.as_str(),
        text.as_str(),
        html.as_deref(),
        *created_at
    ];
    tx.execute(sql, args).await.map(drop)
}

/// Whether a mail is to be sent now.
pub async fn any_due(tx: &mut Tx, now: Instant) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM outbox WHERE state = 'queued' AND next_try_us <= $1
        AND (lease_until_us IS NULL OR lease_until_us <= $1) LIMIT 1";
    Ok(tx.one_or_none(sql, args![now]).await?.is_some())
}

/// Leases up to `most` mails that are to be sent now to a worker, who alone may send them `until` then. Each counts
/// as tried.
pub async fn lease(
    tx: &mut Tx,
    worker: &str,
    now: Instant,
    until: Instant,
    most: u32,
) -> Result<Vec<Posted>, StoreError> {
    // The condition stands twice: on PostgreSQL the outer one is looked at again after waiting for another worker.
    let sql = format!(
        "UPDATE outbox SET lease_until_us = $3, lease_by = $2, attempts = attempts + 1
        WHERE state = 'queued' AND (lease_until_us IS NULL OR lease_until_us <= $1) AND id IN (
            SELECT id FROM outbox WHERE state = 'queued' AND next_try_us <= $1
            AND (lease_until_us IS NULL OR lease_until_us <= $1) ORDER BY next_try_us, id LIMIT $4)
        RETURNING {COLUMNS}"
    );
    let rows = tx.all_text(sql, args![now, worker, until, most]).await?;
    let mut leased: Vec<Posted> = rows.iter().map(read).collect::<Result<_, _>>()?;
    leased.sort_by_key(|posted| posted.mail.id);
    Ok(leased)
}

/// Writes down what has become of a mail that this worker has leased. The text of one that is sent is forgotten, as
/// it may hold a link that opens something.
pub async fn settle(
    tx: &mut Tx,
    worker: &str,
    id: MailId,
    state: State,
    next_try: Instant,
    reply: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET state = $3, next_try_us = $4, last_reply = $5, lease_until_us = NULL, lease_by = NULL,
            body = CASE WHEN $3 = 'sent' THEN '' ELSE body END, html = CASE WHEN $3 = 'sent' THEN NULL ELSE html END
        WHERE id = $1 AND lease_by = $2";
    tx.execute(sql, args![id, worker, state.name(), next_try, reply]).await.map(drop)
}

/// All mails, in the order in which they were decided.
pub async fn all(tx: &mut Tx) -> Result<Vec<Posted>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox ORDER BY id");
    tx.all_text(sql, args![]).await?.iter().map(read).collect()
}

/// Forgets mails that were decided before this and are sent or failed.
pub async fn forget_old(tx: &mut Tx, before: Instant) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM outbox WHERE state <> 'queued' AND created_us <= $1", args![before]).await
}
