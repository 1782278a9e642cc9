//! Handing accepted messages on to another system, after the gate.
//!
//! What is to be handed on is a row of the transaction that saves the message, so it is handed on at least once,
//! whatever happens to the service in between. One worker at a time does it, on however many machines, in the order
//! of arrival.

mod http;
mod message;
mod mqtt;
mod target;

use std::sync::Arc;
use std::time::Duration;

use tenure_domain::Instant;
use tenure_store::forwards::{self, Standing};
use tokio::sync::watch;

use crate::webhooks::{Caller, Targets, TlsError, client_config, trusted_by_the_system};
use crate::{App, AppError};
use message::Outgoing;
use target::Place;

pub use target::{Target, TargetError};

/// How often the worker looks whether there is something to hand on, when nobody in this process says so.
const TICK: Duration = Duration::from_secs(1);
/// The most messages that are handed on at once.
pub(crate) const MOST_AT_ONCE: u16 = 200;
/// The most bytes of JSON at once; a message that is larger goes alone.
const MOST_BYTES: usize = 512 * 1_024;
/// How long a worker is the only one, in microseconds: 30 seconds, of which a turn needs 20 at the most.
const LEASE_US: i64 = 30 * 1_000_000;
/// The longest wait between two turns while the other system takes nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How many messages may be refused one after the other before it is the other system that is taken to be at fault.
const MOST_REFUSED: u32 = 10;
/// How long a message that was refused waits for its next turn, in microseconds: a minute, twice as long each time...
const AGAIN_US: i64 = 60 * 1_000_000;
/// ... up to this power of two: about eight hours.
const MOST_DOUBLINGS: u32 = 9;
/// For how long messages are kept for the other system, in microseconds: 7 days.
const KEPT_US: i64 = 7 * 86_400 * 1_000_000;

/// What the other system has said of messages.
enum Sent {
    /// Of each what became of it; of those that are not named, nothing is known.
    Each(Told),
    /// At least one of them is refused, nobody knows which: fewer are to be tried.
    Fewer,
}

#[derive(Default)]
struct Told {
    taken: Vec<i64>,
    /// Those that it will never take as they are, with its words.
    refused: Vec<(i64, String)>,
    /// Why others are neither.
    trouble: Option<String>,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There is nothing to hand on, or another worker does it.
    Nothing,
    /// Something has moved; there may be more.
    Moved,
    /// The other system takes nothing now.
    Trouble,
}

/// The one that hands on.
pub struct Forwarder {
    worker: String,
    way: Way,
    /// How many messages are tried at once now.
    at_once: usize,
    /// How many were refused since one was taken.
    refused: u32,
    /// Whether the last turn was one of those that were refused before.
    was_again: bool,
    /// Whether the log has told of trouble that goes on.
    troubled: bool,
}

enum Way {
    Http { caller: Box<Caller>, url: url::Url, secret: Vec<u8> },
    Mqtt(Box<mqtt::Mqtt>),
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarder").field("worker", &self.worker).finish_non_exhaustive()
    }
}

impl Forwarder {
    fn new(target: &Target, worker: String) -> Result<Self, TlsError> {
        let way = match target.place.clone() {
            // The operator chooses this address, so it may be any.
            Place::Http { url, secret } => {
                Way::Http { caller: Box::new(Caller::new(Targets::Any)?), url, secret }
            }
            Place::Mqtt(broker) => {
                let tls = broker.tls.then(|| client_config(trusted_by_the_system())).transpose()?;
                let name = format!("tenure-{}", worker.get(..12).unwrap_or(&worker));
                Way::Mqtt(Box::new(mqtt::Mqtt::new(broker, tls.map(Arc::new), name)))
            }
        };
        let (at_once, refused) = (usize::from(MOST_AT_ONCE), 0);
        Ok(Self { worker, way, at_once, refused, was_again: false, troubled: false })
    }

    async fn send(&mut self, messages: &[Outgoing], now: Instant) -> Sent {
        match &mut self.way {
            Way::Http { caller, url, secret } => http::post(caller, url, secret, messages, now).await,
            Way::Mqtt(mqtt) => mqtt.publish(messages).await,
        }
    }
}

impl App {
    /// Says that there may be something to hand on.
    pub fn messages_arrived(&self) {
        self.arrived.notify_one();
    }

    /// Where messages are handed on to, if they are, and how it goes.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn forwarding(&self) -> Result<(Option<String>, Standing), AppError> {
        let mut tx = self.db.read().await?;
        let standing = forwards::standing(&mut tx).await?;
        tx.roll_back().await?;
        Ok((self.settings.get().and_then(|settings| settings.forward_to.clone()), standing))
    }

    /// One that hands on to another system. It connects when there is something to hand on.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when TLS cannot be set up.
    pub fn forwarder(&self, target: &Target) -> Result<Forwarder, TlsError> {
        Forwarder::new(target, format!("{:032x}", self.entropy.bits()))
    }

    /// Hands messages on until `stop` is told.
    pub async fn run_forwarding(&self, mut forwarder: Forwarder, mut stop: watch::Receiver<bool>) {
        let mut troubles = 0;
        while !*stop.borrow() {
            let turn = self.forward(&mut forwarder).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "could not look after what is to be handed on; trying again");
                Turn::Trouble
            });
            troubles = if turn == Turn::Trouble { troubles + 1 } else { 0 };
            let (wait, hears) = match turn {
                Turn::Moved => continue,
                Turn::Nothing => (TICK, true),
                Turn::Trouble => (wait_after(troubles), false),
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.arrived.notified(), if hears => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        if let Way::Mqtt(mqtt) = &mut forwarder.way {
            mqtt.end().await;
        }
        if let Err(error) = self.release_forwarding(&forwarder).await {
            tracing::warn!(%error, "could not say that another machine may hand on; it does so in half a minute");
        }
    }

    /// Lets another machine hand on at once.
    pub(crate) async fn release_forwarding(&self, forwarder: &Forwarder) -> Result<(), AppError> {
        let mut tx = self.db.begin().await?;
        forwards::release(&mut tx, &forwarder.worker).await?;
        Ok(tx.commit().await?)
    }

    /// Hands on what stands at the head of the line, or one message that was refused before and whose time has come.
    pub(crate) async fn forward(&self, forwarder: &mut Forwarder) -> Result<Turn, AppError> {
        let messages = self.next_forwards(forwarder).await?;
        if messages.is_empty() {
            return Ok(Turn::Nothing);
        }
        match forwarder.send(&messages, self.people_now()).await {
            Sent::Fewer => {
                forwarder.at_once = (messages.len() / 2).max(1);
                Ok(Turn::Moved)
            }
            Sent::Each(told) => self.settle_forwards(forwarder, &messages, told).await,
        }
    }

    /// What is handed on next, if this worker is the one that does it.
    async fn next_forwards(&self, forwarder: &mut Forwarder) -> Result<Vec<Outgoing>, AppError> {
        let now = self.people_now();
        let mut tx = self.db.read().await?;
        let any = forwards::any(&mut tx, now).await?;
        tx.roll_back().await?;
        if !any {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin().await?;
        if !forwards::lease(&mut tx, &forwarder.worker, now, now.plus_micros(LEASE_US)).await? {
            tx.roll_back().await?;
            return Ok(Vec::new());
        }
        // By turns: neither a long line nor many refusals hold up the other.
        let at_once = u32::try_from(forwarder.at_once).unwrap_or(u32::MAX);
        let mut next = Vec::new();
        for again in [!forwarder.was_again, forwarder.was_again] {
            next = match again {
                true => forwards::put_back(&mut tx, now, 1).await?,
                false => forwards::in_line(&mut tx, at_once).await?,
            };
            if !next.is_empty() {
                forwarder.was_again = again;
                break;
            }
        }
        tx.commit().await?;
        let mut bytes = 0;
        let mut messages: Vec<Outgoing> = Vec::with_capacity(next.len());
        for forward in next {
            let message = Outgoing::of(forward)?;
            bytes += message.body.len();
            if bytes > MOST_BYTES && !messages.is_empty() {
                break;
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// Writes down what the other system has said.
    async fn settle_forwards(
        &self,
        forwarder: &mut Forwarder,
        messages: &[Outgoing],
        told: Told,
    ) -> Result<Turn, AppError> {
        let now = self.people_now();
        let Told { taken, refused, mut trouble } = told;
        if !taken.is_empty() {
            forwarder.refused = 0;
            forwarder.at_once = (forwarder.at_once * 2).min(usize::from(MOST_AT_ONCE));
        }
        let mut tx = self.db.begin().await?;
        if !taken.is_empty() {
            forwards::taken(&mut tx, &taken, now).await?;
        }
        for (number, reply) in &refused {
            forwarder.refused += 1;
            let before = messages.iter().find(|message| message.number == *number);
            let again = again_after(before.map_or(0, |message| message.refusals));
            tracing::warn!(number, reply, "a message that is handed on is refused; it is tried again later");
            forwards::refused(&mut tx, *number, now.plus_micros(again)).await?;
        }
        if forwarder.refused >= MOST_REFUSED {
            let reply = refused.last().map_or("", |(_, reply)| reply);
            trouble = trouble.or_else(|| Some(format!("one message after the other is refused: {reply}")));
        }
        if let Some(words) = &trouble {
            forwards::trouble(&mut tx, now, words).await?;
        }
        tx.commit().await?;
        metrics::counter!("tenure_forwarded_total").increment(u64::try_from(taken.len()).unwrap_or(0));
        match (&trouble, forwarder.troubled) {
            (Some(reply), false) => {
                tracing::error!(reply, "messages are not handed on; they are kept for 7 days");
            }
            (None, true) => tracing::info!("messages are handed on again"),
            _ => {}
        }
        forwarder.troubled = trouble.is_some();
        Ok(if trouble.is_some() { Turn::Trouble } else { Turn::Moved })
    }

    /// Gives up what the other system has not taken within 7 days. What was measured is kept here in any case.
    pub(crate) async fn give_up_forwards(&self, tx: &mut tenure_store::Tx) -> Result<(), AppError> {
        let given_up = forwards::give_up(tx, self.clock.now().plus_micros(-KEPT_US)).await?;
        if given_up > 0 {
            tracing::error!(
                messages = given_up,
                "messages were not handed on within 7 days, and are given up"
            );
        }
        Ok(())
    }
}

/// How long to wait after so many turns in vain: a second, twice as long each time, up to a minute.
fn wait_after(troubles: u32) -> Duration {
    let doublings = troubles.saturating_sub(1).min(6);
    Duration::from_secs(1 << doublings).min(LONGEST_WAIT)
}

/// After how many microseconds a message is tried again that was refused, so many times before.
fn again_after(refusals: u32) -> i64 {
    AGAIN_US << refusals.min(MOST_DOUBLINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_minute_and_to_eight_hours() {
        let seconds: Vec<u64> = (1..=9).map(|troubles| wait_after(troubles).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let minutes: Vec<i64> =
            [0, 1, 8, 9, 10, u32::MAX].map(|refusals| again_after(refusals) / AGAIN_US).into();
        assert_eq!(minutes, [1, 2, 256, 512, 512, 512]);
    }
}
