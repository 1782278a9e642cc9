//! Organizations of any size, made by the rules in one transaction.

use std::sync::Arc;

use tenure_app::{App, Clock, ManualClock, OsEntropy, Secret};
use tenure_domain::license::License;
use tenure_domain::{
    Chain, CodeId, Desk, Instant, LicenseId, OrganizationId, Pool, Sensor, SensorId, Serial, Zone,
};
use tenure_store::codes::{self, Code, Redemption, Tally};
use tenure_store::organizations::{self, Organization};
use tenure_store::sensors::{self, NewSensor};
use tenure_store::{Db, ledger};

/// What to make.
pub struct World {
    /// How many sensors, each with one license.
    pub sensors: u32,
    /// How many more licenses are in the pool.
    pub pool: u32,
    /// The licenses' term.
    pub term: &'static str,
    /// When the sensors were added.
    pub started: Instant,
    /// The first sensor's serial number; the others follow it.
    pub first_serial: u64,
    /// Told apart by it.
    pub name: &'static str,
}

impl World {
    /// Makes it, and returns the organization.
    pub async fn make(&self, db: &Db) -> OrganizationId {
        let World { sensors: count, pool, term, started, first_serial, name } = *self;
        let random = u128::from(first_serial) << 20;
        let id = OrganizationId::new(started, random);
        let organization = Organization::new(id, name, Zone::UTC, "en", started);
        let first_number =
            db.take_numbers(tenure_store::counters::Counter::Sensor, count).await.expect("sensor numbers");
        let mut tx = db.begin().await.expect("a transaction");
        assert!(organizations::insert(&mut tx, &organization).await.expect("an organization"));
        let mut organization =
            organizations::lock(&mut tx, id).await.expect("a lock").expect("the organization");
        let code = CodeId::new(started, random);
        let licenses = count + pool;
        let row = Code {
            id: code,
            licenses,
            term: term.parse().expect("a term"),
            order: None,
            redeem_by: None,
            issued_at: started,
            revoked_at: None,
            redemption: None,
            tally: Tally::default(),
        };
        codes::insert(&mut tx, &row, &random.to_be_bytes()).await.expect("a code");
        let redemption =
            Redemption { organization: id, at: started, by: "bench".to_owned(), key: name.to_owned() };
        assert!(codes::redeem(&mut tx, code, &redemption).await.expect("a redemption"));
        let made: Vec<License> = (1..=licenses)
            .map(|number| License {
                id: LicenseId::new(started, random + u128::from(number)),
                code,
                number,
                term: row.term,
                redeemed_at: started,
            })
            .collect();
        codes::insert_licenses(&mut tx, id, &made).await.expect("licenses");
        let mut desk = Desk::new(&organization.zone, started, Pool::new(made, false));
        let mut added = Vec::new();
        let mut rows = Vec::new();
        for index in 0..count {
            let serial = Serial::from_number(first_serial + u64::from(index));
            let sensor = SensorId::new(started, random + u128::from(index));
            // Added at different moments, so that sorting has something to do.
            let mut sensor = Sensor {
                id: sensor,
                serial,
                added_at: started,
                auto_renewal: true,
                chain: Chain::Unlicensed,
            };
            let license = desk.take_next().expect("the whole pool").expect("a license");
            desk.assign(&mut sensor, license).expect("a cover");
            rows.push(NewSensor {
                id: sensor.id,
                number: first_number + i64::from(index),
                organization: id,
                serial,
                name: format!("Sensor {} in hall {}", index, index % 97),
                added_at: started,
                auto_renewal: true,
            });
            added.push(sensor);
        }
        assert_eq!(sensors::insert(&mut tx, &rows).await.expect("sensors"), u64::from(count));
        let changes = desk.into_changes();
        ledger::keep(&mut tx, &mut organization, &changes, &added, "bench").await.expect("the ledger");
        organizations::finish(&mut tx, &organization).await.expect("the organization");
        tx.commit().await.expect("a commit");
        id
    }
}

/// Use cases over a database whose clock stands.
pub fn app(db: &Db, now: Instant) -> (App, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(now));
    let app =
        App::new(db.clone(), Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(OsEntropy), Secret::new([7; 32]));
    (app, clock)
}
