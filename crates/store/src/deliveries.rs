//! Events on their way to webhooks, which are rows of the outbox.

use std::collections::BTreeSet;

use tenure_domain::{DeliveryId, Instant, WebhookId};

use crate::args::{Arg, args};
use crate::outbox::{COLUMNS, Event, Posted, State, read};
use crate::{Args, StoreError, Tx};

/// Leases up to `most` events that are to be sent now to a worker, who alone may send them `until` then: of each webhook
/// `of_each` at the most, and none of those that are `busy`. Each counts as tried.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn lease(
    tx: &mut Tx,
    worker: &str,
    (now, until): (Instant, Instant),
    (most, of_each): (u32, u32),
    busy: &BTreeSet<WebhookId>,
) -> Result<Vec<Posted<Event>>, StoreError> {
    let places: Vec<String> = (6..busy.len() + 6).map(|place| format!("${place}")).collect();
    let others = if busy.is_empty() {
        String::new()
    } else {
        format!("AND webhook_id NOT IN ({})", places.join(", "))
    };
    // The condition stands twice: on PostgreSQL the outer one is looked at again after waiting for another worker.
    let sql = format!(
        "UPDATE outbox SET lease_until_us = $3, lease_by = $2, attempts = attempts + 1
        WHERE state = 'queued' AND (lease_until_us IS NULL OR lease_until_us <= $1) AND id IN (
            SELECT id FROM (
                SELECT id, next_try_us, row_number() OVER (PARTITION BY webhook_id ORDER BY next_try_us, id) AS turn
                FROM outbox WHERE state = 'queued' AND webhook_id IS NOT NULL AND next_try_us <= $1
                AND (lease_until_us IS NULL OR lease_until_us <= $1) {others}) due
            WHERE turn <= $5 ORDER BY turn, next_try_us, id LIMIT $4)
        RETURNING {COLUMNS}"
    );
    let mut args: Args = args![now, worker, until, most, of_each];
    args.extend(busy.iter().map(|id| Arg::from(*id)));
    let mut leased: Vec<Posted<Event>> =
        tx.all_text(sql, args).await?.iter().map(read).collect::<Result<_, _>>()?;
    leased.sort_by_key(|posted| posted.post.id);
    Ok(leased)
}

/// The events for a webhook, newest first, of a state if one is named, before one of them.
pub async fn list(
    tx: &mut Tx,
    webhook: WebhookId,
    state: Option<State>,
    before: Option<DeliveryId>,
    limit: u32,
) -> Result<Vec<Posted<Event>>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE webhook_id = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR id < $3)
        ORDER BY id DESC LIMIT $4"
    );
    let (state, before) =
        (state.map_or("", State::name), before.map(|id| id.to_string()).unwrap_or_default());
    tx.all_text(sql, args![webhook, state, before, limit]).await?.iter().map(read).collect()
}

/// An event for a webhook.
pub async fn get(
    tx: &mut Tx,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Option<Posted<Event>>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE webhook_id = $1 AND id = $2");
    tx.all_text(sql, args![webhook, id]).await?.first().map(read).transpose()
}

/// Gives up what waits for a webhook that is switched off. What is on its way right now is left to who sends it.
pub async fn give_up(tx: &mut Tx, webhook: WebhookId, now: Instant, why: &str) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET state = 'failed', settled_us = $2, last_reply = coalesce(last_reply, $3)
        WHERE webhook_id = $1 AND state = 'queued' AND (lease_until_us IS NULL OR lease_until_us <= $2)";
    tx.execute(sql, args![webhook, now, why]).await.map(drop)
}
