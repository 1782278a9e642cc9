//! Group commit: one transaction for each batch, one batch after the other.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tenure_app::App;
use tenure_app::judge_alerts::{Observed, Rules};
use tenure_app::rows::RuleInForce;
use tenure_domain::{Instant, OrganizationId};
use tenure_store::StoreError;
use tenure_store::device::{self, Document};
use tenure_store::forwards::{self, NewForward};
use tenure_store::messages::{self, NewMessage};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Control;

/// A database that takes longer for a batch counts as away: the sensors hear 5.03, and send again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the task does, in the order in which it hears of it.
pub(crate) enum Work {
    /// Commits this.
    Commit(Batch),
    /// From here on judges the messages of an organization by these rules.
    AlertRules(OrganizationId, Vec<RuleInForce>),
}

/// What is committed at once.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<NewMessage>,
    /// Those of them that are handed on to another system.
    pub(crate) forwards: Vec<NewForward>,
    pub(crate) documents: Vec<NewDocument>,
    /// The messages of sensors that alert rules watch, to be judged by them.
    pub(crate) observed: Vec<Observed>,
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

/// Starts the task that commits, and judges by these alert rules. It ends when the batches end, after the last one.
pub(crate) fn start(
    app: Arc<App>,
    mut rules: Rules,
    control: mpsc::UnboundedSender<Control>,
) -> (mpsc::UnboundedSender<Work>, JoinHandle<()>) {
    let (batches, mut inbox) = mpsc::unbounded_channel::<Work>();
    let task = tokio::spawn(async move {
        while let Some(work) = inbox.recv().await {
            let batch = match work {
                Work::Commit(batch) => batch,
                Work::AlertRules(organization, newer) => {
                    rules.set(organization, newer);
                    continue;
                }
            };
            let durable = match tokio::time::timeout(PATIENCE, commit(&app, &rules, batch)).await {
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

async fn commit(app: &App, rules: &Rules, batch: Batch) -> Result<(), StoreError> {
    let mut tx = app.db.begin().await?;
    messages::append(&mut tx, batch.messages).await?;
    let forwards = !batch.forwards.is_empty();
    if forwards {
        forwards::append(&mut tx, batch.forwards).await?;
    }
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
    if !batch.observed.is_empty() {
        app.judge_alerts(&mut tx, rules, &batch.observed).await?;
    }
    tx.commit().await?;
    if forwards {
        app.messages_arrived();
    }
    Ok(())
}
