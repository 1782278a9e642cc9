//! Group commit: one transaction for each batch, one batch after the other.

use std::time::Duration;

use serde_json::Value;
use tenure_domain::Instant;
use tenure_store::device::{self, Document};
use tenure_store::messages::{self, NewMessage};
use tenure_store::{Db, StoreError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Control;

/// A database that takes longer for a batch counts as away: the sensors hear 5.03, and send again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is committed at once.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<NewMessage>,
    pub(crate) documents: Vec<NewDocument>,
}

/// A document that a sensor has sent about itself.
pub(crate) struct NewDocument {
    pub(crate) sensor: i64,
    pub(crate) kind: Document,
    pub(crate) received: Instant,
    pub(crate) json: Value,
    /// Whether its fields replace those of the document before, and the others stay: a later part of a whole.
    pub(crate) adds: bool,
}

/// Starts the task that commits. It ends when the batches end, after the last one.
pub(crate) fn start(
    db: Db,
    control: mpsc::UnboundedSender<Control>,
) -> (mpsc::UnboundedSender<Batch>, JoinHandle<()>) {
    let (batches, mut inbox) = mpsc::unbounded_channel::<Batch>();
    let task = tokio::spawn(async move {
        while let Some(batch) = inbox.recv().await {
            let durable = match tokio::time::timeout(PATIENCE, commit(&db, batch)).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::error!(%error, cause = ?error, "a batch of messages was not stored; its sensors are told");
                    false
                }
                Err(_) => {
                    tracing::error!(
                        "the database did not take a batch of messages in time; its sensors are told"
                    );
                    false
                }
            };
            // Nobody waits any more when the service has stopped.
            let _ = control.send(Control::Committed { durable });
        }
    });
    (batches, task)
}

async fn commit(db: &Db, batch: Batch) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    messages::append(&mut tx, batch.messages).await?;
    for NewDocument { sensor, kind, received, json, adds } in batch.documents {
        let mut whole = Value::Null;
        if adds && let Some((_, before)) = device::get(&mut tx, sensor, kind).await? {
            whole = serde_json::from_str(&before).unwrap_or_default();
        }
        match (&mut whole, json) {
            (Value::Object(before), Value::Object(part)) => before.extend(part),
            (before, json) => *before = json,
        }
        device::keep(&mut tx, sensor, kind, received, &whole.to_string()).await?;
    }
    tx.commit().await
}
