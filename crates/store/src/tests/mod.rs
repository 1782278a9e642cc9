//! Tests of the store, each on both engines, and what they share.

mod audit;
mod codes;
mod engine;
mod forwards;
mod history;
mod messages;
mod migrations;
mod people;
mod table;

use tenure_domain::id::Kind;
use tenure_domain::license::License;
use tenure_domain::{CodeId, Id, Instant, OrganizationId, SensorId, Serial, Term, Zone};

use crate::codes::{Code, Redemption, Tally};
use crate::organizations::Organization;
use crate::sensors::NewSensor;
use crate::{Db, Tx, codes as code_rows, organizations, sensors};

/// The instant at which the tests' rows are made.
const START: Instant = Instant::from_seconds(1_780_000_000);

/// The identifier with this number.
fn id<K: Kind>(number: u64) -> Id<K> {
    Id::from_bits(u128::from(number))
}

fn organization(number: u64) -> Organization {
    Organization::new(
        id(number),
        &format!("Harbor {number}"),
        "Europe/Warsaw".parse::<Zone>().unwrap(),
        "en",
        START,
    )
}

/// Makes an organization in a transaction of its own.
async fn make_organization(db: &Db, number: u64) -> OrganizationId {
    let mut tx = db.begin().await.unwrap();
    assert!(organizations::insert(&mut tx, &organization(number)).await.unwrap());
    tx.commit().await.unwrap();
    id(number)
}

fn code(number: u64, licenses: u32) -> Code {
    Code {
        id: id(number),
        licenses,
        term: "P1Y".parse::<Term>().unwrap(),
        order: Some(format!("Order {number}")),
        redeem_by: Some("2027-02-28".parse().unwrap()),
        issued_at: START,
        revoked_at: None,
        redemption: None,
        tally: Tally::default(),
    }
}

fn redemption(organization: OrganizationId) -> Redemption {
    Redemption { organization, at: START, by: "ana@harbor.example".to_owned(), key: "KEY".to_owned() }
}

/// Issues and redeems a code, with its licenses.
async fn make_redeemed_code(tx: &mut Tx, organization: OrganizationId, number: u64, count: u32) -> CodeId {
    let code = code(number, count);
    let hash = number.to_be_bytes();
    code_rows::insert(tx, &code, &hash).await.unwrap();
    let key = format!("KEY-{number}");
    assert!(code_rows::redeem(tx, code.id, &Redemption { key, ..redemption(organization) }).await.unwrap());
    code_rows::insert_licenses(tx, organization, &licenses(number, count)).await.unwrap();
    code.id
}

fn licenses(code: u64, count: u32) -> Vec<License> {
    (1..=count)
        .map(|number| License {
            id: id(code * 1_000_000 + u64::from(number)),
            code: id(code),
            number,
            term: "P1Y".parse().unwrap(),
            redeemed_at: START,
        })
        .collect()
}

fn sensor(organization: OrganizationId, number: u32, name: &str) -> NewSensor {
    NewSensor {
        id: id(u64::from(number)),
        number: i64::from(number),
        organization,
        serial: Serial::from_number(0x282c_0200_0000 + u64::from(number)),
        name: name.to_owned(),
        added_at: START,
        auto_renewal: true,
    }
}

async fn make_sensor(db: &Db, organization: OrganizationId, number: u32, name: &str) -> SensorId {
    let sensor = sensor(organization, number, name);
    let mut tx = db.begin().await.unwrap();
    assert_eq!(sensors::insert(&mut tx, std::slice::from_ref(&sensor)).await.unwrap(), 1);
    tx.commit().await.unwrap();
    sensor.id
}
