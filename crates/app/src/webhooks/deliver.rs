//! Sending what lies in the outbox for webhooks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tenure_domain::WebhookId;
use tenure_store::outbox::{self, Event, Posted, State};
use tenure_store::webhooks::{self, DisabledBecause, Webhook};
use tenure_store::{Tx, deliveries};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::http::{Answer, Post};
use super::{shown, signature};
use crate::mail::{MOST_ATTEMPTS, wait_after};
use crate::{Actor, App, AppError};

/// How often the worker looks whether there is something to send.
const TICK: Duration = Duration::from_secs(1);
/// How many events are sent at once.
const AT_ONCE: usize = 32;
/// How many of them to one webhook: one that is slow does not hold up the others.
const TO_ONE: u32 = 4;
/// How long a worker has for what it has leased, in microseconds: 2 minutes, of which it needs 17 seconds.
const LEASE_US: i64 = 120 * 1_000_000;
/// After how long without a success a webhook is switched off, in microseconds: 5 days.
const PATIENCE_US: i64 = 5 * 86_400 * 1_000_000;
/// How often what fails at the end of that time was tried at the least: after a quiet week, one hiccup is no reason.
const TRIED_AT_LEAST: u32 = 5;

impl App {
    /// Sends events until `stop` is told, and waits then for those that are on their way.
    pub async fn run_webhooks(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let worker = format!("{:032x}", self.entropy.bits());
        let mut sending: JoinSet<()> = JoinSet::new();
        let mut busy: HashMap<tokio::task::Id, WebhookId> = HashMap::new();
        while !*stop.borrow() {
            let free = AT_ONCE.saturating_sub(sending.len());
            let leased = self.lease_events(&worker, free, busy.values().copied().collect()).await;
            let leased = leased.unwrap_or_else(|error| {
                tracing::warn!(%error, "could not look after the webhooks; trying again");
                Vec::new()
            });
            let none = leased.is_empty();
            for posted in leased {
                let (app, worker, webhook) = (self.clone(), worker.clone(), posted.post.webhook);
                let task = sending.spawn(async move { app.send_event(&posted, &worker).await });
                busy.insert(task.id(), webhook);
            }
            tokio::select! {
                () = tokio::time::sleep(TICK), if none || sending.len() >= AT_ONCE => {}
                () = std::future::ready(()), if !none && sending.len() < AT_ONCE => {}
                Some(done) = sending.join_next_with_id() => {
                    let id = match done {
                        Ok((id, ())) => id,
                        // A task that has panicked has said so itself; its lease runs out.
                        Err(error) => error.id(),
                    };
                    busy.remove(&id);
                }
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        while sending.join_next().await.is_some() {}
    }

    /// Sends what is to be sent now, and waits for it; returns how much it was. `worker` is a name that no other worker
    /// has.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn send_events(self: &Arc<Self>, worker: &str) -> Result<usize, AppError> {
        let leased = self.lease_events(worker, AT_ONCE, BTreeSet::new()).await?;
        let count = leased.len();
        let mut sending = JoinSet::new();
        for posted in leased {
            let (app, worker) = (self.clone(), worker.to_owned());
            sending.spawn(async move { app.send_event(&posted, &worker).await });
        }
        while sending.join_next().await.is_some() {}
        Ok(count)
    }

    async fn lease_events(
        &self,
        worker: &str,
        most: usize,
        busy: BTreeSet<WebhookId>,
    ) -> Result<Vec<Posted<Event>>, AppError> {
        let (now, most) = (self.people_now(), u32::try_from(most).unwrap_or(0));
        if most == 0 {
            return Ok(Vec::new());
        }
        let mut tx = self.db.read().await?;
        let due = outbox::any_due::<Event>(&mut tx, now).await?;
        tx.roll_back().await?;
        if !due {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin().await?;
        let until = now.plus_micros(LEASE_US);
        let leased = deliveries::lease(&mut tx, worker, (now, until), (most, TO_ONE), &busy).await?;
        tx.commit().await?;
        Ok(leased)
    }

    async fn send_event(&self, posted: &Posted<Event>, worker: &str) {
        if let Err(error) = self.try_send_event(posted, worker).await {
            tracing::warn!(id = %posted.post.id, %error, "could not send an event; it is sent when its lease has run out");
        }
    }

    async fn try_send_event(&self, posted: &Posted<Event>, worker: &str) -> Result<(), AppError> {
        let mut tx = self.db.read().await?;
        let webhook = webhooks::get(&mut tx, posted.post.webhook).await?;
        tx.roll_back().await?;
        // One that was removed meanwhile has taken its events with it.
        let Some(webhook) = webhook else { return Ok(()) };
        if !webhook.enabled {
            let mut tx = self.db.begin().await?;
            self.settle_event(&mut tx, posted, worker, State::Failed, "the webhook is switched off").await?;
            return Ok(tx.commit().await?);
        }
        let answer = self.call_webhook(posted, &webhook).await?;
        self.write_down_event(posted, worker, &webhook, &answer).await
    }

    async fn call_webhook(&self, posted: &Posted<Event>, webhook: &Webhook) -> Result<Answer, AppError> {
        let now = self.people_now();
        let owner = webhook.id.to_string();
        let before = webhook.secret_before.as_ref().filter(|(_, until)| now < *until);
        let sealed = std::iter::once(&webhook.secret).chain(before.map(|(sealed, _)| sealed));
        let unseal = |sealed: &Vec<u8>| self.secret.unseal(&owner, sealed).ok_or(AppError::Unsealed);
        let secrets: Vec<Vec<u8>> = sealed.map(unseal).collect::<Result<_, _>>()?;
        let (id, seconds) = (posted.post.id.to_string(), now.as_micros().div_euclid(1_000_000));
        let body = posted.post.body.clone();
        let signature = signature::signatures(&secrets, &id, seconds, &body);
        let caller = self.webhook_caller()?;
        let answer = match caller.targets().read(&webhook.url) {
            Ok(url) => caller.call(&url, &Post { id, seconds, signature, body }).await,
            // The operator allows less than when it was made.
            Err(refusal) => Answer::none(refusal.to_string()),
        };
        Ok(answer)
    }

    async fn write_down_event(
        &self,
        posted: &Posted<Event>,
        worker: &str,
        webhook: &Webhook,
        answer: &Answer,
    ) -> Result<(), AppError> {
        let now = self.people_now();
        let (id, kind) = (posted.post.id, &posted.post.kind);
        let reply = match answer {
            Answer::Taken(reply) => {
                let mut tx = self.db.begin().await?;
                self.settle_event(&mut tx, posted, worker, State::Sent, reply).await?;
                webhooks::taken(&mut tx, webhook.id).await?;
                return Ok(tx.commit().await?);
            }
            Answer::Gone(reply) => {
                return self.switch_off(posted, worker, DisabledBecause::Gone, reply).await;
            }
            Answer::NotTaken { reply, .. } => reply,
        };
        let failing = webhook.failing_since.is_some_and(|since| now.micros_since(since) >= PATIENCE_US);
        if failing && posted.attempts >= TRIED_AT_LEAST {
            return self.switch_off(posted, worker, DisabledBecause::Failing, reply).await;
        }
        let state = if posted.attempts < MOST_ATTEMPTS { State::Queued } else { State::Failed };
        tracing::info!(%id, kind, reply, attempts = posted.attempts, "a webhook has not taken an event");
        let mut tx = self.db.begin().await?;
        self.settle_event(&mut tx, posted, worker, state, reply).await?;
        webhooks::not_taken(&mut tx, webhook.id, now).await?;
        Ok(tx.commit().await?)
    }

    async fn settle_event(
        &self,
        tx: &mut Tx,
        posted: &Posted<Event>,
        worker: &str,
        state: State,
        reply: &str,
    ) -> Result<(), AppError> {
        let now = self.people_now();
        let next_try = match state {
            State::Queued => now.plus_micros(wait_after(posted.attempts, self.entropy.bits())),
            State::Sent | State::Failed => now,
        };
        Ok(outbox::settle(tx, worker, posted.post.id, (state, next_try), now, reply).await?)
    }

    /// Switches a webhook off, and gives up what waits for it.
    async fn switch_off(
        &self,
        posted: &Posted<Event>,
        worker: &str,
        because: DisabledBecause,
        reply: &str,
    ) -> Result<(), AppError> {
        let (ctx, id) = (self.ctx(Actor::Service), posted.post.webhook);
        let mut settled = self.settled(&ctx, posted.post.organization).await?;
        self.settle_event(&mut settled.tx, posted, worker, State::Failed, reply).await?;
        let before = webhooks::get(&mut settled.tx, id).await?.filter(|webhook| webhook.enabled);
        if let Some(before) = before {
            tracing::warn!(%id, %because, reply, "a webhook is switched off");
            let after = Webhook { enabled: false, disabled_because: Some(because), ..before.clone() };
            webhooks::update(&mut settled.tx, &after).await?;
            let why = "the webhook was switched off";
            deliveries::give_up(&mut settled.tx, id, self.people_now(), why).await?;
            let (was, is) = (shown(&before), shown(&after));
            settled.audit("webhook_disabled", id.to_string(), Some(was), Some(is)).await?;
        }
        settled.commit(self).await
    }
}
