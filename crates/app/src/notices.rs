//! Telling people of the ends of covers: notices are due facts, decided and written in one transaction (R29 to R33).
//!
//! Each sensor has on record when something may be told of it next. Whoever looks then locks the organization, settles
//! it (R17), and asks the domain what is due. What was told is a row under its own key, so that it is told once, on
//! however many nodes and after whatever crash (R31).

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::notice::{self, Kind, POOL_DAYS};
use tenure_domain::{AtEnd, Date, OrganizationId, SensorId, WebhookEvent};
use tenure_store::Tx;
use tenure_store::notices::{self, Candidate};
use tenure_store::organizations::{self, Organization};
use tenure_store::recipients::{self, Notification};

use crate::ahead::{Outlook, licenses_left, named};
use crate::mail::{Content, Expirations, Expiring, PoolLow};
use crate::settled::SettledOrganization;
use crate::unsubscribe::Topic;
use crate::webhook_events::{EventSensor, Facts, tell, tell_of_sensors};
use crate::{Actor, App, AppError, Ctx};

/// The name under which the mails of a pool that runs low are kept.
const POOL_LOW: &str = "pool_low";

/// A notice: of which sensor, which end of its chain, and what about it.
pub(crate) type Key = (SensorId, Date, Kind);

/// What is to be told of sensors, and when to look at each again.
#[derive(Default)]
struct Due {
    digests: BTreeMap<Kind, Vec<Candidate>>,
    look_again: BTreeMap<SensorId, Option<tenure_domain::Instant>>,
}

impl App {
    /// Looks at every organization in which something may be due to be told; returns how many mails it wrote.
    ///
    /// What goes wrong in one organization is told in the log and keeps no other waiting.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn tell_due(&self) -> Result<usize, AppError> {
        let ctx = self.ctx(Actor::Service);
        let mut tx = self.db.read().await?;
        let due = organizations::to_look_at(&mut tx, ctx.now).await?;
        tx.roll_back().await?;
        let mut mails = 0;
        for organization in due {
            match self.tell(&ctx, organization).await {
                Ok(written) => mails += written,
                Err(error) => {
                    tracing::error!(%organization, %error, "could not look for notices; trying again");
                }
            }
        }
        Ok(mails)
    }

    /// Decides what is to be told in an organization now, and writes the mails; returns how many.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn tell(&self, ctx: &Ctx, organization: OrganizationId) -> Result<usize, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        if settled.now < settled.organization.notices_next {
            // Another node has just looked.
            settled.roll_back().await?;
            return Ok(0);
        }
        let zone = settled.organization.zone.clone();
        let due = settled.due_notices().await?;
        notices::look_again(&mut settled.tx, &due.look_again).await?;
        let mut mails = 0;
        for (kind, sensors) in due.digests {
            mails += settled.tell_expirations(self, kind, sensors).await?;
        }
        if settled.organization.notices_morning <= settled.now {
            mails += settled.tell_pool_low(self).await?;
            settled.organization.notices_morning = notice::next_morning(&zone, settled.now);
        }
        settled.organization.notices_looked_at = Some(settled.now);
        organizations::looked(&mut settled.tx, &settled.organization).await?;
        settled.commit(self).await?;
        Ok(mails)
    }
}

impl SettledOrganization {
    /// What is due of the sensors that are to be looked at now.
    async fn due_notices(&mut self) -> Result<Due, AppError> {
        let (id, now, zone) = (self.organization.id, self.now, self.organization.zone.clone());
        let candidates = notices::candidates(&mut self.tx, id, now).await?;
        let sensors: Vec<SensorId> = candidates.iter().map(|candidate| candidate.sensor).collect();
        let told = notices::told(&mut self.tx, &sensors).await?;
        let (today, morning) = (notice::day(&zone, now), notice::next_morning(&zone, now));
        let written = written_on(&mut self.tx, id, today).await?;
        let mut due = Due::default();
        for candidate in candidates {
            let (sensor, end) = (candidate.sensor, candidate.end());
            let mut again = end.next(&zone, now).map(|(_, at)| at);
            let kind = end.due(&zone, now).filter(|kind| !told.contains(&(sensor, end.expires_on, *kind)));
            match kind {
                // There is one mail of a kind a day (R31): what has come since waits for the next.
                Some(kind) if written.contains(&kind) => {
                    again = Some(again.map_or(morning, |at| at.min(morning)));
                }
                Some(kind) => due.digests.entry(kind).or_default().push(candidate),
                None => {}
            }
            due.look_again.insert(sensor, again);
        }
        Ok(due)
    }

    /// Records notices of one kind, and writes their mail to all who are ticked.
    async fn tell_expirations(
        &mut self,
        app: &App,
        kind: Kind,
        sensors: Vec<Candidate>,
    ) -> Result<usize, AppError> {
        let (id, now) = (self.organization.id, self.now);
        let today = notice::day(&self.organization.zone, now);
        let keys: Vec<Key> =
            sensors.iter().map(|sensor| (sensor.sensor, sensor.chain_end.expires_on, kind)).collect();
        notices::tell(&mut self.tx, &keys, now).await?;
        notices::add_digest(&mut self.tx, id, (kind.name(), today), now, sensors.len()).await?;
        let ends = at_ends(&mut self.tx, &self.organization, &sensors).await?;
        let licenses_left = licenses_left(&mut self.tx, id).await?;
        if kind == Kind::MonthBefore {
            // That they end is an event of the end itself.
            let facts = Facts::from_iter([("licenses_left".to_owned(), licenses_left.into())]);
            let told = sensors.iter().zip(&ends).map(|(sensor, at_end)| event_sensor(sensor, *at_end));
            let (tx, organization) = (&mut self.tx, &self.organization);
            let event = (WebhookEvent::LicenseExpiring, now);
            tell_of_sensors(app, tx, organization, event, &facts, &Vec::from_iter(told)).await?;
        }
        let sensors = sensors.into_iter().zip(ends).map(|(sensor, at_end)| Expiring {
            name: sensor.name,
            serial: sensor.serial,
            expires_on: sensor.chain_end.expires_on,
            over: !sensor.running,
            at_end,
        });
        let content = Expirations {
            kind,
            organization: self.organization.name.clone(),
            today: self.today(),
            licenses_left,
            sensors: sensors.collect(),
        };
        let told = recipients::reached(&mut self.tx, id, Notification::LicenseExpiration).await?;
        let topic = Topic::Notification(Notification::LicenseExpiration);
        app.post(&mut self.tx, id, &told, Some(topic), &Content::Expirations(&content)).await
    }

    /// Tells when the pool has come to hold less than the renewals of the next 60 days need: once, until it has been
    /// enough again.
    async fn tell_pool_low(&mut self, app: &App) -> Result<usize, AppError> {
        let (id, now) = (self.organization.id, self.now);
        let (day, today) = (notice::day(&self.organization.zone, now), self.today());
        let mut outlook = Outlook::load_days(&mut self.tx, &self.organization, today, POOL_DAYS).await?;
        let ahead = outlook.look(&mut self.tx, &[]).await?;
        if ahead.goes_without.is_empty() {
            self.organization.pool_low_since = None;
            return Ok(0);
        }
        let known = self.organization.pool_low_since.is_some();
        self.organization.pool_low_since.get_or_insert(now);
        if known || notices::has_digest(&mut self.tx, id, POOL_LOW, day).await? {
            return Ok(0);
        }
        notices::add_digest(&mut self.tx, id, (POOL_LOW, day), now, ahead.goes_without.len()).await?;
        let licenses_left = licenses_left(&mut self.tx, id).await?;
        let needed = ahead.wanted();
        let facts = Facts::from_iter([
            ("licenses_left".to_owned(), licenses_left.into()),
            ("licenses_needed".to_owned(), needed.into()),
            ("until".to_owned(), outlook.until.to_string().into()),
        ]);
        tell(app, &mut self.tx, &self.organization, (WebhookEvent::PoolLow, now), &facts).await?;
        let without = named(&mut self.tx, id, &ahead.goes_without).await?;
        let content = PoolLow {
            organization: self.organization.name.clone(),
            licenses_left,
            needed,
            days: POOL_DAYS,
            until: outlook.until,
            without: without
                .into_iter()
                .map(|ending| Expiring {
                    name: ending.sensor.name,
                    serial: ending.sensor.serial,
                    expires_on: ending.on,
                    over: false,
                    at_end: AtEnd::NoLicense,
                })
                .collect(),
        };
        let told = recipients::reached(&mut self.tx, id, Notification::PoolLow).await?;
        let topic = Topic::Notification(Notification::PoolLow);
        app.post(&mut self.tx, id, &told, Some(topic), &Content::PoolLow(&content)).await
    }
}

/// The kinds of which the mail of a notice day is written (R31).
pub(crate) async fn written_on(
    tx: &mut Tx,
    organization: OrganizationId,
    day: Date,
) -> Result<BTreeSet<Kind>, AppError> {
    let mut written = BTreeSet::new();
    for kind in Kind::ALL {
        if notices::has_digest(tx, organization, kind.name(), day).await? {
            written.insert(kind);
        }
    }
    Ok(written)
}

fn event_sensor(sensor: &Candidate, at_end: AtEnd) -> EventSensor {
    EventSensor {
        id: sensor.sensor,
        serial: sensor.serial,
        name: sensor.name.clone(),
        expires_on: Some(sensor.chain_end.expires_on),
        expires_at: Some(sensor.chain_end.ends),
        at_end: Some(at_end),
        refused: None,
    }
}

/// What happens by itself at the ends of these sensors' chains (R32), in their order.
pub(crate) async fn at_ends(
    tx: &mut Tx,
    organization: &Organization,
    sensors: &[Candidate],
) -> Result<Vec<AtEnd>, AppError> {
    let running = sensors.iter().filter(|sensor| sensor.running);
    let last = running.map(|sensor| (sensor.chain_end.ends, sensor.chain_end.expires_on)).max();
    let ends = match last {
        Some((horizon, until)) => {
            Outlook::load_until(tx, organization, until, horizon).await?.look(tx, &[]).await?.at_ends()
        }
        None => BTreeMap::new(),
    };
    let of = |sensor: &Candidate| {
        let lapsed = AtEnd::of_lapsed(sensor.auto_renewal);
        if sensor.running { ends.get(&sensor.sensor).copied().unwrap_or(lapsed) } else { lapsed }
    };
    Ok(sensors.iter().map(of).collect())
}
