//! Telling webhooks of what happens, in the transaction in which it happens (R33).

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};
use tenure_domain::standing::ChainEnd;
use tenure_domain::{
    AtEnd, Cause, Chain, Change, Date, DeliveryId, Instant, OrganizationId, Sensor, SensorId, Serial, State,
    WebhookEvent, WebhookId,
};
use tenure_store::organizations::{self, Organization};
use tenure_store::outbox::{self, Event};
use tenure_store::webhooks::{self, Listening, Refused};
use tenure_store::{Tx, covers};

use crate::settled::SettledOrganization;
use crate::{App, AppError};

/// The most sensors of one event; of more, several events tell.
pub const MOST_SENSORS: usize = 100;
/// How many refusals of an organization are told in one round at the most; the others in the next.
const MOST_REFUSALS: u32 = 1_000;

/// What an event is about besides its organization.
pub(crate) type Facts = Map<String, Value>;

/// A sensor, as events name it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventSensor {
    pub(crate) id: SensorId,
    pub(crate) serial: Serial,
    pub(crate) name: String,
    /// The last date that its licenses cover, or covered.
    pub(crate) expires_on: Option<Date>,
    /// The first instant after that.
    pub(crate) expires_at: Option<Instant>,
    /// What happens then, or what has happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_end: Option<AtEnd>,
    /// Since when its data is refused, and how many messages were.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<EventRefused>,
}

/// What was refused of a sensor.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct EventRefused {
    refused_since: Instant,
    refused_messages: i64,
}

/// What has happened to a sensor's chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainStep {
    sensor: SensorId,
    end: ChainEnd,
    what: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// It has ended, and nothing follows.
    Expired(AtEnd),
    /// It goes on by itself.
    AutoRenewal,
    /// It goes on, as somebody gave it a license.
    Person,
}

/// What the work at a desk has done to chains: `pairs` are sensors before and after it.
///
/// A first license renews nothing, and a license that is taken back (R19) lets nothing expire.
pub(crate) fn chain_steps<'a>(
    changes: &[Change],
    pairs: impl Iterator<Item = (&'a Sensor, &'a Sensor)>,
) -> Vec<ChainStep> {
    let (mut ended, mut renewed) = (HashSet::new(), HashSet::new());
    for change in changes {
        match (&change.after, change.cause) {
            (State::Ended(placed) | State::Revoked(Some(placed)), _) => ended.insert(placed.sensor),
            (State::Active(placed) | State::Queued(placed), Cause::AutoRenewal) => {
                renewed.insert(placed.sensor)
            }
            _ => continue,
        };
    }
    let step = |(before, after): (&Sensor, &Sensor)| {
        let (was, end) = (before.chain.end()?, after.chain.end()?);
        let what = match (&before.chain, &after.chain) {
            (Chain::Running { .. }, Chain::Lapsed(_)) if ended.contains(&after.id) => {
                Step::Expired(AtEnd::of_lapsed(after.auto_renewal))
            }
            (_, Chain::Running { .. }) if end.ends > was.ends => {
                if renewed.contains(&after.id) {
                    Step::AutoRenewal
                } else {
                    Step::Person
                }
            }
            _ => return None,
        };
        Some(ChainStep { sensor: after.id, end, what })
    };
    pairs.filter_map(step).collect()
}

/// Tells the organization's webhooks that want to know it of an event at `at`, once its transaction is committed.
///
/// # Errors
///
/// Those of the store.
pub(crate) async fn tell(
    app: &App,
    tx: &mut Tx,
    organization: &Organization,
    (event, at): (WebhookEvent, Instant),
    facts: &Facts,
) -> Result<(), AppError> {
    let listening = wanting(tx, organization.id, &[event]).await?;
    send(app, tx, organization, &listening, (event, at), facts).await
}

/// Tells of an event that is about sensors: of many, in several events.
///
/// # Errors
///
/// Those of the store.
pub(crate) async fn tell_of_sensors(
    app: &App,
    tx: &mut Tx,
    organization: &Organization,
    (event, at): (WebhookEvent, Instant),
    facts: &Facts,
    sensors: &[EventSensor],
) -> Result<(), AppError> {
    let listening = wanting(tx, organization.id, &[event]).await?;
    send_of_sensors(app, tx, organization, &listening, (event, at), facts, sensors).await
}

/// Tells of what has happened to chains.
pub(crate) async fn tell_of_chains(
    app: &App,
    settled: &mut SettledOrganization,
    steps: &[ChainStep],
) -> Result<(), AppError> {
    let events = [WebhookEvent::LicenseExpired, WebhookEvent::LicenseRenewed];
    let listening = wanting(&mut settled.tx, settled.organization.id, &events).await?;
    if listening.is_empty() {
        return Ok(());
    }
    let ids: Vec<SensorId> = steps.iter().map(|step| step.sensor).collect();
    let names = covers::names(&mut settled.tx, settled.organization.id, &ids).await?;
    let mut told: BTreeMap<(WebhookEvent, &str), Vec<EventSensor>> = BTreeMap::new();
    for ChainStep { sensor, end, what } in steps {
        let Some(named) = names.get(sensor) else { continue };
        let (event, at_end) = match what {
            Step::Expired(at_end) => ((WebhookEvent::LicenseExpired, ""), Some(*at_end)),
            Step::AutoRenewal => ((WebhookEvent::LicenseRenewed, "auto_renewal"), None),
            Step::Person => ((WebhookEvent::LicenseRenewed, "person"), None),
        };
        told.entry(event).or_default().push(EventSensor {
            id: *sensor,
            serial: named.serial,
            name: named.name.clone(),
            expires_on: Some(end.expires_on),
            expires_at: Some(end.ends),
            at_end,
            refused: None,
        });
    }
    let (now, organization) = (settled.now, &settled.organization);
    for ((event, by), sensors) in told {
        let mut facts = Facts::new();
        if !by.is_empty() {
            facts.insert("by".to_owned(), by.into());
        }
        send_of_sensors(app, &mut settled.tx, organization, &listening, (event, now), &facts, &sensors)
            .await?;
    }
    Ok(())
}

impl App {
    /// Tells of the sensors whose data is refused for the first time since their covers ended; returns how many there
    /// were. Nobody is told of what was so before the webhook was made.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn tell_refusals(&self) -> Result<usize, AppError> {
        let event = WebhookEvent::SensorRefused;
        let mut tx = self.db.read().await?;
        let mut organizations: BTreeMap<OrganizationId, Vec<Listening>> = BTreeMap::new();
        for webhook in webhooks::listening_for(&mut tx, event).await? {
            organizations.entry(webhook.organization).or_default().push(webhook);
        }
        let mut found = Vec::new();
        for (id, listening) in organizations {
            let since = listening.iter().map(|webhook| webhook.created_at).min().unwrap_or(Instant::EPOCH);
            let refused = webhooks::refused(&mut tx, id, since, MOST_REFUSALS).await?;
            if !refused.is_empty()
                && let Some(organization) = organizations::get(&mut tx, id).await?
            {
                found.push((organization, listening, refused));
            }
        }
        tx.roll_back().await?;
        let (now, mut told) = (self.clock.now(), 0);
        for (organization, listening, refused) in found {
            let mut tx = self.db.begin().await?;
            if !webhooks::refusals_told(&mut tx, &refused).await? {
                // Another node was quicker with some of them; the next round finds the others.
                tx.roll_back().await?;
                continue;
            }
            for webhook in &listening {
                let sensors: Vec<EventSensor> = refused
                    .iter()
                    .filter(|refused| refused.since >= webhook.created_at)
                    .map(|refused| EventSensor::from(refused.clone()))
                    .collect();
                let (webhook, facts) = (std::slice::from_ref(webhook), Facts::new());
                send_of_sensors(self, &mut tx, &organization, webhook, (event, now), &facts, &sensors)
                    .await?;
            }
            tx.commit().await?;
            told += refused.len();
        }
        Ok(told)
    }
}

impl From<Refused> for EventSensor {
    fn from(refused: Refused) -> Self {
        let Refused { id, serial, name, ended, since, refused, .. } = refused;
        Self {
            id,
            serial,
            name,
            expires_on: ended.map(|(date, _)| date),
            expires_at: ended.map(|(_, instant)| instant),
            at_end: None,
            refused: Some(EventRefused { refused_since: since, refused_messages: refused }),
        }
    }
}

/// The organization's webhooks that want one of these events.
async fn wanting(
    tx: &mut Tx,
    organization: OrganizationId,
    events: &[WebhookEvent],
) -> Result<Vec<Listening>, AppError> {
    let mut listening = webhooks::listening_in(tx, organization).await?;
    listening.retain(|webhook| events.iter().any(|event| webhook.events.contains(event)));
    Ok(listening)
}

async fn send_of_sensors(
    app: &App,
    tx: &mut Tx,
    organization: &Organization,
    listening: &[Listening],
    event: (WebhookEvent, Instant),
    facts: &Facts,
    sensors: &[EventSensor],
) -> Result<(), AppError> {
    for part in sensors.chunks(MOST_SENSORS) {
        let mut facts = facts.clone();
        facts.insert("sensors".to_owned(), serde_json::to_value(part)?);
        send(app, tx, organization, listening, event, &facts).await?;
    }
    Ok(())
}

async fn send(
    app: &App,
    tx: &mut Tx,
    organization: &Organization,
    listening: &[Listening],
    (event, at): (WebhookEvent, Instant),
    facts: &Facts,
) -> Result<(), AppError> {
    for Listening { id, url, .. } in listening.iter().filter(|webhook| webhook.events.contains(&event)) {
        let event = event_for(app, organization, (*id, url), event, at, facts.clone())?;
        outbox::insert_event(tx, &event).await?;
    }
    Ok(())
}

/// An event for one webhook, as it lies in the outbox.
pub(crate) fn event_for(
    app: &App,
    organization: &Organization,
    (webhook, url): (WebhookId, &str),
    event: WebhookEvent,
    at: Instant,
    facts: Facts,
) -> Result<Event, AppError> {
    let now = app.people_now();
    let mut data = Facts::new();
    data.insert("organization_id".to_owned(), organization.id.to_string().into());
    data.insert("organization".to_owned(), organization.name.as_str().into());
    data.extend(facts);
    let body = serde_json::json!({ "type": event.name(), "timestamp": at, "data": data });
    Ok(Event {
        id: DeliveryId::new(now, app.entropy.bits()),
        organization: organization.id,
        webhook,
        kind: event.name().to_owned(),
        url: url.to_owned(),
        body: serde_json::to_string(&body)?,
        created_at: now,
    })
}
