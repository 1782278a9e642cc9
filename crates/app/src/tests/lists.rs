//! R22: lists of sensors, whole or not at all.

use tenure_domain::{Refusal, SensorId};
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{Customer, World, refusal, serial_number};
use crate::AppError;
use crate::add_sensors::{Additions, Listed, MOST_ADDED, Outlook};

async fn add(
    world: &World,
    customer: &Customer,
    serials: &[&str],
    key: Option<&str>,
) -> Result<Vec<SensorId>, AppError> {
    let sensors: Vec<Listed<'_>> = serials.iter().map(|serial| Listed { serial, name: None }).collect();
    let additions = Additions { sensors: &sensors, key, auto_renewal: None };
    world.app.add_sensors(&world.ctx(), customer.id, additions).await
}

/// What adding would do, which changes nothing.
async fn preview(world: &World, customer: &Customer, serials: &[&str], key: Option<&str>) -> Outlook {
    let before = world.test.dump().await;
    let sensors: Vec<Listed<'_>> = serials.iter().map(|serial| Listed { serial, name: None }).collect();
    let additions = Additions { sensors: &sensors, key, auto_renewal: None };
    let outlook = world.app.preview_additions(&world.ctx(), customer.id, additions).await.unwrap();
    world.unchanged(&before).await;
    outlook
}

/// Each line of an outlook: what happens, and with which license until when.
fn lines(outlook: &Outlook) -> Vec<String> {
    let line = |planned: &crate::add_sensors::Planned| match &planned.outcome {
        Ok(placed) if placed.comes_back => format!("{} comes back until {}", planned.name, placed.expires_on),
        Ok(placed) => format!("{} takes {} until {}", planned.name, placed.term, placed.expires_on),
        Err(refusal) => format!("{} {}", planned.name, refusal.code()),
    };
    outlook.sensors.iter().map(line).collect()
}

async fn r22_a_dry_run_shows_what_the_list_then_does(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 2, "P1M").await;
    world.stock(&harbor, 2, "P1Y").await;
    let old = world.add(&harbor, 1).await;
    world.app.remove_sensor(&world.ctx(), harbor.id, old).await.unwrap();
    let list = ["282C02000002", "282c02000001", "282c02000003"];
    let outlook = preview(&world, &harbor, &list, None).await;
    assert_eq!(
        lines(&outlook),
        [
            "282c02000002 takes P1M until 2026-04-01",
            "282c02000001 comes back until 2026-04-01",
            "282c02000003 takes P1Y until 2027-03-01",
        ]
    );
    assert_eq!((outlook.licenses_needed, outlook.licenses_left), (2, 3));
    let added = add(&world, &harbor, &list, None).await.unwrap();
    assert_eq!((added.len(), added[1]), (3, old));
    for (planned, id) in outlook.sensors.iter().zip(&added) {
        let row = world.row(&harbor, *id).await.sensor;
        let (placed, shown) = (planned.outcome.as_ref().unwrap(), row.shown.unwrap());
        assert_eq!((&row.name, row.auto_renewal), (&planned.name, true));
        assert_eq!(
            (shown.key, shown.activation_date, shown.expires_on),
            (placed.key.clone(), placed.activation_date, placed.expires_on)
        );
    }
    assert_eq!(world.left(&harbor).await, 1);
    world.ledger(&harbor).await;
}

async fn r22_a_list_is_added_whole_or_not_at_all(test: TestDb) {
    let world = World::new(test);
    let (harbor, elsewhere) =
        (world.customer("Harbor", "UTC").await, world.customer("Elsewhere", "UTC").await);
    world.stock(&harbor, 4, "P1M").await;
    let year = world.stock(&harbor, 1, "P1Y").await;
    world.stock(&elsewhere, 1, "P1M").await;
    world.add(&harbor, 1).await;
    world.add(&elsewhere, 2).await;
    let list = ["282c02000003", "282c02000001", "282c02000002", "cold store", "282c02000003", "282c02000004"];
    let outlook = preview(&world, &harbor, &list, None).await;
    assert_eq!(
        lines(&outlook),
        [
            "282c02000003 takes P1M until 2026-04-01",
            "282c02000001 serial_already_added",
            "282c02000002 serial_in_use_elsewhere",
            "cold store serial_malformed",
            "282c02000003 serial_listed_twice",
            "282c02000004 takes P1M until 2026-04-01",
        ]
    );
    assert_eq!((outlook.licenses_needed, outlook.licenses_left), (2, 4));
    let before = world.ledger(&harbor).await;
    let why = Refusal::SerialAlreadyAdded.to_string();
    let first = Refusal::ListRefused { place: 2, serial: "282c02000001".to_owned(), why };
    assert_eq!(refusal(add(&world, &harbor, &list, None).await), first);
    // One license too few: the last of the list would get none.
    let five = ["282c02000003", "282c02000004", "282c02000005", "282c02000006", "282c02000007"];
    let outlook = preview(&world, &harbor, &five, None).await;
    assert_eq!(outlook.sensors[4].outcome, Err(Refusal::NoLicenseLeft));
    assert_eq!((outlook.licenses_needed, outlook.licenses_left), (5, 4));
    assert_eq!(refusal(add(&world, &harbor, &five, None).await), Refusal::NoLicenseLeft);
    let outlook = preview(&world, &harbor, &five[..2], Some(&year)).await;
    assert_eq!(
        lines(&outlook),
        ["282c02000003 takes P1Y until 2027-03-01", "282c02000004 key_not_available"]
    );
    assert_eq!((outlook.licenses_needed, outlook.licenses_left), (2, 1));
    assert_eq!(refusal(add(&world, &harbor, &five[..2], Some(&year)).await), Refusal::KeyNotAvailable);
    let unknown = add(&world, &harbor, &five[..1], Some("a key")).await;
    assert_eq!(refusal(unknown), Refusal::NotFound { what: "license key" });
    assert_eq!(world.ledger(&harbor).await, before);
    assert_eq!(world.rows(&harbor).await.len(), 1);
    assert_eq!(add(&world, &harbor, &five[..4], None).await.unwrap().len(), 4);
    assert_eq!(world.left(&harbor).await, 0);
}

async fn r22_a_list_has_one_to_ten_thousand_sensors(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 10_000, "P1M").await;
    let serials: Vec<String> = (0..=10_000).map(|number| serial_number(number).to_string()).collect();
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    for list in [&serials[..0], &serials[..]] {
        let refused = refusal(add(&world, &harbor, list, None).await);
        assert!(matches!(refused, Refusal::Invalid { field: "sensors", .. }), "{refused}");
    }
    assert_eq!(add(&world, &harbor, &serials[..MOST_ADDED], None).await.unwrap().len(), MOST_ADDED);
    assert_eq!(world.left(&harbor).await, 0);
    let counts = world.app.summarize(&world.ctx(), harbor.id).await.unwrap().sensors;
    assert_eq!(counts.covered + counts.expiring, 10_000);
}

on_both!(
    r22_a_dry_run_shows_what_the_list_then_does,
    r22_a_list_is_added_whole_or_not_at_all,
    r22_a_list_has_one_to_ten_thousand_sensors,
);
