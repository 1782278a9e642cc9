//! The rules as whole stories, each on both engines, with a clock that stands and randomness that repeats.

mod alerts;
mod at_once;
mod audit;
mod codes;
mod common_date;
mod forecast;
mod forwarding;
mod import;
mod licenses;
mod lists;
mod lost_connections;
mod notices;
mod people;
mod sensor_life;
mod settling;
mod tell_alerts;
mod three_years;
mod timeline;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tenure_domain::license::State;
use tenure_domain::{
    Instant, LicenseId, OrganizationId, Refusal, Role, Sensor, SensorId, Serial, Term, Zone,
};
use tenure_store::audit::{Entry, of_organization};
use tenure_store::codes::{Code, Tally};
use tenure_store::ledger::{self, Recorded};
use tenure_store::testing::{Dump, TestDb};

use crate::create_user::NewUser;
use crate::issue_code::{Issued, Order};
use crate::list_sensors::{Asked, Row};
use crate::redeem_code::{Attempt, Redeemed};
use crate::sensors::Addition;
use crate::{Actor, App, AppError, Caller, Clock, Ctx, ManualClock, Secret, SeededEntropy};

/// Noon in Warsaw on 1 March 2026.
const START: &str = "2026-03-01T11:00:00Z";

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// One service with its clock.
#[derive(Clone)]
pub(crate) struct World {
    test: TestDb,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) app: Arc<App>,
    nodes: Arc<AtomicU64>,
}

/// An organization and a person who manages its licenses.
#[derive(Clone)]
struct Customer {
    id: OrganizationId,
    caller: Caller,
}

impl World {
    pub(crate) fn new(test: TestDb) -> Self {
        let clock = Arc::new(ManualClock::at(at(START)));
        let port: Arc<dyn Clock> = clock.clone();
        let app = App::new(test.db.clone(), port, Arc::new(SeededEntropy::new(1)), Secret::new([7; 32]));
        Self { test, clock, app: Arc::new(app), nodes: Arc::new(AtomicU64::new(2)) }
    }

    /// Another node over the same database.
    pub(crate) async fn node(&self) -> Arc<App> {
        let seed = self.nodes.fetch_add(1, Ordering::Relaxed);
        let (clock, entropy) = (self.clock.clone(), Arc::new(SeededEntropy::new(seed)));
        Arc::new(App::new(self.test.again().await, clock, entropy, Secret::new([7; 32])))
    }

    fn set(&self, instant: &str) {
        self.clock.set(at(instant));
    }

    fn ctx(&self) -> Ctx {
        self.app.ctx(Actor::Service)
    }

    async fn customer(&self, name: &str, zone: &str) -> Customer {
        let (clerk, role) = (format!("clerk@{}.example", name.to_lowercase()), Role::Manager);
        let new = NewUser {
            email: clerk.clone(),
            organization: Some(name.to_owned()),
            zone: zone.parse::<Zone>().unwrap(),
            role,
            password: None,
        };
        let id = self.app.create_user(&self.ctx(), new).await.unwrap().organization.unwrap();
        let token = self.app.create_token(&self.ctx(), id, &clerk, false).await.unwrap();
        Customer { id, caller: self.app.authenticate(&token.secret).await.unwrap() }
    }

    async fn issue(&self, licenses: u32, term: &str) -> Issued {
        let order = Order { licenses, term: term.parse::<Term>().unwrap(), order: None, redeem_by: None };
        self.app.issue_code(&self.ctx(), order).await.unwrap()
    }

    async fn redeem(&self, customer: &Customer, code: &str) -> Result<Redeemed, AppError> {
        let attempt = Attempt { organization: customer.id, code, address: "192.0.2.1" };
        let ctx = self.app.ctx(customer.caller.actor());
        self.app.redeem_code(&ctx, &customer.caller, attempt).await
    }

    /// Issues a code and redeems it; returns the license key.
    async fn stock(&self, customer: &Customer, licenses: u32, term: &str) -> String {
        let code = self.issue(licenses, term).await.code.to_string();
        self.redeem(customer, &code).await.unwrap().key
    }

    async fn try_add(
        &self,
        customer: &Customer,
        serial: u64,
        key: Option<&str>,
    ) -> Result<SensorId, AppError> {
        let addition = Addition { serial: serial_number(serial), name: None, key, auto_renewal: None };
        self.app.add_sensor(&self.app.ctx(customer.caller.actor()), customer.id, addition).await
    }

    async fn add(&self, customer: &Customer, serial: u64) -> SensorId {
        self.try_add(customer, serial, None).await.unwrap()
    }

    async fn assign(&self, customer: &Customer, sensor: SensorId) -> Sensor {
        self.try_assign(customer, sensor, None).await.unwrap()
    }

    async fn try_assign(
        &self,
        customer: &Customer,
        sensor: SensorId,
        key: Option<&str>,
    ) -> Result<Sensor, AppError> {
        self.app.assign_license(&self.app.ctx(customer.caller.actor()), customer.id, sensor, key).await
    }

    async fn row(&self, customer: &Customer, sensor: SensorId) -> Row {
        self.app.sensor(&self.ctx(), customer.id, sensor).await.unwrap()
    }

    async fn rows(&self, customer: &Customer) -> Vec<Row> {
        let asked = Asked { limit: 10_000, ..Asked::default() };
        self.app.list_sensors(&self.ctx(), customer.id, asked).await.unwrap().0
    }

    async fn left(&self, customer: &Customer) -> i64 {
        self.app.summarize(&self.ctx(), customer.id).await.unwrap().licenses_left
    }

    /// The ledger as it is on record, checked.
    async fn ledger(&self, customer: &Customer) -> Ledger {
        let mut tx = self.test.db.read().await.unwrap();
        let ledger = Ledger {
            licenses: ledger::all(&mut tx, customer.id).await.unwrap(),
            codes: tenure_store::codes::of_organization(&mut tx, customer.id).await.unwrap(),
            audit: of_organization(&mut tx, customer.id).await.unwrap(),
        };
        tx.roll_back().await.unwrap();
        ledger.check();
        ledger
    }

    /// Asserts that something changes nothing in the database.
    async fn unchanged(&self, before: &Dump) {
        let after = self.test.dump().await;
        for (table, rows) in before {
            assert_eq!(&after[table], rows, "{table}");
        }
    }
}

fn serial_number(number: u64) -> Serial {
    Serial::from_number(0x282c_0200_0000 + number)
}

/// The refusal that something ended with.
fn refusal<T>(outcome: Result<T, AppError>) -> Refusal {
    match outcome {
        Err(AppError::Refused(refusal)) => refusal,
        Err(other) => panic!("no refusal, but {other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// All that is on record of an organization's licenses.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ledger {
    licenses: Vec<Recorded>,
    codes: Vec<Code>,
    audit: Vec<Entry>,
}

impl Ledger {
    /// What R18 says of every ledger: it adds up, nothing overlaps, and the audit trail tells all of it in the order
    /// of time.
    fn check(&self) {
        let mut tallies: BTreeMap<_, Tally> = BTreeMap::new();
        let mut covers: BTreeMap<SensorId, Vec<(Instant, Instant)>> = BTreeMap::new();
        for Recorded { license, state } in &self.licenses {
            *tallies.entry(license.code).or_default().of(state.name()).unwrap() += 1;
            if let Some(placed) = state.placed()
                && placed.cover.starts < placed.cover.ends
            {
                covers.entry(placed.sensor).or_default().push((placed.cover.starts, placed.cover.ends));
            }
        }
        for code in &self.codes {
            assert_eq!(code.tally, tallies[&code.id], "{}", code.id);
            assert_eq!(code.tally.total(), i64::from(code.licenses), "{}", code.id);
        }
        for (sensor, mut covers) in covers {
            covers.sort_unstable();
            assert!(covers.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{sensor} overlaps: {covers:?}");
        }
        assert!(
            self.audit.windows(2).all(|pair| pair[0].at <= pair[1].at),
            "the trail is in the order of time"
        );
        let mut last: BTreeMap<LicenseId, serde_json::Value> = BTreeMap::new();
        for entry in self.audit.iter().filter(|entry| entry.action.starts_with("license_")) {
            let json = |text: &Option<String>| serde_json::from_str(text.as_ref().unwrap()).unwrap();
            let (before, after): (serde_json::Value, serde_json::Value) =
                (json(&entry.before), json(&entry.after));
            let available = serde_json::json!({ "state": "available" });
            let known = last.insert(entry.subject.parse().unwrap(), after).unwrap_or(available);
            assert_eq!(before, known, "{entry:?} follows the row before it");
        }
        for Recorded { license, state } in &self.licenses {
            let told = last.get(&license.id).map_or("available", |after| after["state"].as_str().unwrap());
            assert_eq!(told, state.name(), "the trail's last word of {}", license.id);
            let ends = last.get(&license.id).and_then(|after| after["ends_at"].as_str()).map(at);
            assert_eq!(ends, state.placed().map(|placed| placed.cover.ends));
        }
    }

    /// The covers that a sensor has or had, first to last: state, start, last date.
    fn of(&self, sensor: SensorId) -> Vec<(&'static str, String, String)> {
        let mut covers: Vec<_> = self
            .licenses
            .iter()
            .filter_map(|recorded| Some((recorded.state.name(), recorded.state.placed()?)))
            .filter(|(_, placed)| placed.sensor == sensor)
            .map(|(name, placed)| (placed.cover.starts, placed.cover.ends, name, placed.cover.expires_on))
            .collect();
        covers.sort_unstable();
        covers
            .into_iter()
            .map(|(starts, _, name, date)| (name, starts.to_string(), date.to_string()))
            .collect()
    }

    /// The audit rows behind the first `skip`, as short lines.
    fn trail(&self, skip: usize) -> Vec<String> {
        self.audit[skip..]
            .iter()
            .map(|entry| format!("{} {} {}", entry.at, entry.actor, entry.action))
            .collect()
    }

    fn count(&self, state: &str) -> usize {
        self.licenses.iter().filter(|recorded| recorded.state.name() == state).count()
    }
}

/// The identifier of a sensor's license in this state, the latest of several.
fn license_of(ledger: &Ledger, sensor: SensorId, state: &str) -> LicenseId {
    let on = |state: &State| state.placed().is_some_and(|placed| placed.sensor == sensor);
    let mut found: Vec<_> = ledger
        .licenses
        .iter()
        .filter(|recorded| recorded.state.name() == state && on(&recorded.state))
        .map(|recorded| (recorded.state.placed().map(|placed| placed.cover.starts), recorded.license.id))
        .collect();
    found.sort_unstable();
    found.last().unwrap().1
}
