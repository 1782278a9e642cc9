//! R6 to R22: assigning, renewing, taking back, adding.

use tenure_domain::measurement::Battery;
use tenure_domain::{Refusal, SensorId, Standing};
use tenure_store::messages::{self, Fate, NewMessage, Status};
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{Customer, START, World, at, license_of, refusal, serial_number};
use crate::AppError;
use crate::change_organization::OrganizationChange;
use crate::sensors::{Addition, SensorChange};

/// A sensor's covers as short lines.
async fn covers(world: &World, customer: &Customer, sensor: SensorId) -> Vec<String> {
    let ledger = world.ledger(customer).await;
    ledger.of(sensor).into_iter().map(|(state, from, to)| format!("{state} {from} {to}")).collect()
}

async fn switch(world: &World, customer: &Customer, sensor: SensorId, on: bool) {
    let change = SensorChange { auto_renewal: Some(on), ..SensorChange::default() };
    world.app.change_sensor(&world.ctx(), customer.id, sensor, change).await.unwrap();
}

async fn take_back(
    world: &World,
    customer: &Customer,
    sensor: SensorId,
    state: &str,
) -> Result<(), AppError> {
    let license = license_of(&world.ledger(customer).await, sensor, state);
    world.app.take_back(&world.ctx(), customer.id, sensor, license).await.map(drop)
}

/// A message of a sensor arrives.
pub(super) async fn arrive(world: &World, customer: &Customer, sensor: SensorId, number: i64, fate: Fate) {
    let battery = Battery { low: false, centivolts: None, source: None };
    let mut body = Vec::new();
    let status = Status { battery, signal_dbm: None, next_transmission_at: None };
    messages::body(&status, fate, &[], &mut body);
    let of = world.row(customer, sensor).await.sensor.number;
    let mut tx = world.test.db.begin().await.unwrap();
    let saved = fate != Fate::Refused;
    let message = NewMessage { number, sensor: of, arrived: world.ctx().now, saved, body };
    messages::append(&mut tx, vec![message]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn r8_a_moved_zone_moves_no_promise(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    world.stock(&harbor, 5, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    let promised = covers(&world, &harbor, sensor).await;
    assert_eq!(
        promised,
        [
            "active 2026-03-01T11:00:00Z 2026-04-01".to_owned(),
            "queued 2026-04-01T22:00:00Z 2026-05-01".to_owned(),
        ]
    );
    let zone = Some("America/New_York".parse().unwrap());
    let change = OrganizationChange { zone, ..OrganizationChange::default() };
    world.app.change_organization(&world.ctx(), harbor.id, change).await.unwrap();
    assert_eq!(covers(&world, &harbor, sensor).await, promised);
    // What is queued from now on ends at a midnight of the new zone, without a gap.
    let queued = world.assign(&harbor, sensor).await;
    assert_eq!(queued.chain.end().unwrap().ends, at("2026-06-02T04:00:00Z"));
    // 1 May is over in Warsaw at 22:00 UTC, when the promise ends, and the next license begins.
    world.set("2026-05-01T22:00:00Z");
    assert_eq!(covers(&world, &harbor, sensor).await.len(), 3);
    assert_eq!(world.row(&harbor, sensor).await.standing, Standing::Covered);
    assert_eq!(covers(&world, &harbor, sensor).await[1], "ended 2026-04-01T22:00:00Z 2026-05-01");
    assert_eq!(covers(&world, &harbor, sensor).await[2], "active 2026-05-01T22:00:00Z 2026-06-01");
}

async fn r9_a_clock_that_steps_back_opens_nothing_again(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 1, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.set("2026-04-02T00:00:00Z");
    assert_eq!(world.row(&harbor, sensor).await.standing, Standing::Expired);
    world.set("2026-03-15T00:00:00Z");
    let row = world.row(&harbor, sensor).await;
    assert_eq!((row.standing, row.days_remaining), (Standing::Expired, Some(-1)), "it stays ended");
    let ledger = world.ledger(&harbor).await;
    let key = world.stock(&harbor, 2, "P1M").await;
    assert_eq!(covers(&world, &harbor, sensor).await[1], "active 2026-04-02T00:00:00Z 2026-05-01");
    let added = world.try_add(&harbor, 2, Some(&key)).await.unwrap();
    assert_eq!(covers(&world, &harbor, added).await, ["active 2026-04-02T00:00:00Z 2026-05-02"]);
    let settled = world.app.organization(&world.ctx(), harbor.id).await.unwrap().settled_until;
    assert_eq!(settled, at("2026-04-02T00:00:00Z"));
    for entry in &world.ledger(&harbor).await.audit[ledger.audit.len()..] {
        assert!(entry.at >= settled, "{entry:?}");
    }
}

async fn r10_a_row_turns_with_the_first_microsecond_after_the_last_day(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    world.stock(&harbor, 1, "P2Y").await;
    let sensor = world.add(&harbor, 1).await;
    let end = at("2028-03-01T23:00:00Z");
    for (step, standing, days) in
        [(-1, Standing::Expiring, 0), (0, Standing::Expired, -1), (1, Standing::Expired, -1)]
    {
        world.clock.set(end.plus_micros(step));
        let row = world.row(&harbor, sensor).await;
        assert_eq!((row.standing, row.days_remaining), (standing, Some(days)), "{step}");
        let counts = world.app.summarize(&world.ctx(), harbor.id).await.unwrap().sensors;
        assert_eq!((counts.expiring, counts.expired), (i64::from(step < 0), i64::from(step >= 0)));
    }
}

async fn r11_a_license_covers_at_once_or_queues_behind_the_last(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let (first, second) = (world.stock(&harbor, 2, "P1M").await, world.stock(&harbor, 2, "P1Y").await);
    let sensor = world.try_add(&harbor, 1, Some(&second)).await.unwrap();
    world.try_assign(&harbor, sensor, Some(&first.to_lowercase().replace('-', ""))).await.unwrap();
    world.try_assign(&harbor, sensor, Some(&second)).await.unwrap();
    assert_eq!(
        covers(&world, &harbor, sensor).await,
        [
            "active 2026-03-01T11:00:00Z 2027-03-01",
            "queued 2027-03-02T00:00:00Z 2027-04-01",
            "queued 2027-04-02T00:00:00Z 2028-04-01",
        ]
    );
    let row = world.row(&harbor, sensor).await;
    assert_eq!(
        row.queued.iter().map(|queued| queued.key.clone()).collect::<Vec<_>>(),
        [first, second.clone()]
    );
    assert_eq!(row.sensor.shown.as_ref().unwrap().key, second);
    assert_eq!(row.sensor.shown.as_ref().unwrap().key_assigned, 2);
    let refused = refusal(world.try_assign(&harbor, sensor, Some(&second)).await);
    assert_eq!(refused, Refusal::KeyNotAvailable);
    let nothing = refusal(world.try_assign(&harbor, sensor, Some("NO-KEY")).await);
    assert_eq!(nothing, Refusal::NotFound { what: "license key" });
    world.assign(&harbor, sensor).await;
    assert_eq!(refusal(world.try_assign(&harbor, sensor, None).await), Refusal::NoLicenseLeft);
}

async fn r12_auto_renewal_takes_from_the_pool_at_the_very_end_and_the_queue_goes_first(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 10, "P1M").await;
    let (on, off) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    world.assign(&harbor, on).await;
    switch(&world, &harbor, off, false).await;
    world.set("2026-05-02T00:00:00Z");
    assert_eq!(world.row(&harbor, on).await.days_remaining, Some(30));
    assert_eq!(
        covers(&world, &harbor, on).await,
        [
            "ended 2026-03-01T11:00:00Z 2026-04-01",
            "ended 2026-04-02T00:00:00Z 2026-05-01",
            "active 2026-05-02T00:00:00Z 2026-06-01",
        ]
    );
    assert_eq!(world.row(&harbor, off).await.standing, Standing::Expired, "also with licenses left");
    assert_eq!(world.left(&harbor).await, 6);
    // Switched on, it renews at once, from today.
    world.set("2026-05-10T12:00:00Z");
    switch(&world, &harbor, off, true).await;
    assert_eq!(covers(&world, &harbor, off).await[1], "active 2026-05-10T12:00:00Z 2026-06-10");
    let ledger = world.ledger(&harbor).await;
    assert_eq!(
        ledger.trail(ledger.audit.len() - 2),
        [
            "2026-05-10T12:00:00Z service auto_renewal_switched",
            "2026-05-10T12:00:00Z auto_renewal license_activated",
        ]
    );
}

async fn r13_the_oldest_redemption_goes_first(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let issued_first = world.issue(2, "P3M").await.code.to_string();
    let issued_second = world.issue(2, "P6M").await.code.to_string();
    world.redeem(&harbor, &issued_second).await.unwrap();
    world.set("2026-03-01T12:00:00Z");
    world.redeem(&harbor, &issued_first).await.unwrap();
    let mut keys = Vec::new();
    for number in 1..=4 {
        let sensor = world.add(&harbor, number).await;
        let ledger = world.ledger(&harbor).await;
        let id = license_of(&ledger, sensor, "active");
        let taken = ledger.licenses.iter().find(|recorded| recorded.license.id == id).unwrap().license;
        keys.push((taken.term.to_string(), taken.number));
    }
    let expected = [("P6M", 1), ("P6M", 2), ("P3M", 1), ("P3M", 2)];
    assert_eq!(keys, expected.map(|(term, number)| (term.to_owned(), number)));
}

async fn r14_the_earliest_end_goes_first_then_the_first_added_then_the_serial_number(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let (day, month) = (world.stock(&harbor, 1, "P1W").await, world.stock(&harbor, 3, "P1M").await);
    let late = world.try_add(&harbor, 9, Some(&month)).await.unwrap();
    let tied_by_serial = world.try_add(&harbor, 5, Some(&month)).await.unwrap();
    world.set("2026-03-01T12:00:00Z");
    let added_later = world.try_add(&harbor, 1, Some(&month)).await.unwrap();
    let early = world.try_add(&harbor, 8, Some(&day)).await.unwrap();
    // All have ended by May; three licenses come for four sensors.
    world.set("2026-05-01T08:00:00Z");
    let code = world.issue(3, "P1Y").await.code.to_string();
    let renewed = world.redeem(&harbor, &code).await.unwrap().renewed;
    let order: Vec<SensorId> = renewed.iter().map(|sensor| sensor.id).collect();
    assert_eq!(order, [early, tied_by_serial, late]);
    assert_eq!(world.row(&harbor, added_later).await.standing, Standing::Expired);
}

async fn r15_licenses_that_come_back_meet_waiting_sensors_first(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let (short, long) = (world.stock(&harbor, 1, "P1W").await, world.stock(&harbor, 2, "P1Y").await);
    let waiting = world.try_add(&harbor, 1, Some(&short)).await.unwrap();
    let rich = world.try_add(&harbor, 2, Some(&long)).await.unwrap();
    world.assign(&harbor, rich).await;
    world.set("2026-04-01T00:00:00Z");
    assert_eq!(world.row(&harbor, waiting).await.standing, Standing::Expired);
    take_back(&world, &harbor, rich, "queued").await.unwrap();
    assert_eq!(covers(&world, &harbor, waiting).await[1], "active 2026-04-01T00:00:00Z 2027-04-01");
    assert_eq!(world.left(&harbor).await, 0);
    assert_eq!(refusal(world.try_assign(&harbor, rich, None).await), Refusal::NoLicenseLeft);
}

async fn r16_a_gap_stays_a_gap(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    world.stock(&harbor, 1, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.set("2026-04-20T15:30:00Z");
    world.stock(&harbor, 1, "P1M").await;
    assert_eq!(
        covers(&world, &harbor, sensor).await,
        ["ended 2026-03-01T11:00:00Z 2026-04-01", "active 2026-04-20T15:30:00Z 2026-05-20",]
    );
}

async fn r18_no_license_is_made_or_lost_in_a_year_of_use(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "America/Sao_Paulo").await;
    world.stock(&harbor, 40, "P1W").await;
    let revoked = world.issue(40, "P10D").await;
    world.redeem(&harbor, &revoked.code.to_string()).await.unwrap();
    let mut sensors = Vec::new();
    for number in 1..=6 {
        sensors.push(world.add(&harbor, number).await);
    }
    let mut now = at(START);
    for step in 0..12_usize {
        now = now.plus_seconds(86_400 * 9 + 3_601);
        world.clock.set(now);
        let sensor = sensors[step % 6];
        let _ = world.try_assign(&harbor, sensor, None).await;
        if step == 5 {
            world.app.revoke_code(&world.ctx(), revoked.id, true).await.unwrap();
        }
        let has_active = world.row(&harbor, sensor).await.standing.is_covered();
        if step % 4 == 3 && has_active {
            let _ = take_back(&world, &harbor, sensor, "active").await;
        }
        let ledger = world.ledger(&harbor).await;
        assert_eq!(ledger.licenses.len(), 80);
    }
    let ledger = world.ledger(&harbor).await;
    assert!(ledger.count("ended") > 10 && ledger.count("revoked") > 10, "{ledger:?}");
}

async fn r19_a_queued_license_goes_back_and_its_queue_moves_up(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 3, "P1M").await;
    world.stock(&harbor, 2, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    let first_queued = license_of(&world.ledger(&harbor).await, sensor, "queued");
    world.assign(&harbor, sensor).await;
    world.assign(&harbor, sensor).await;
    let left = world.app.take_back(&world.ctx(), harbor.id, sensor, first_queued).await.unwrap();
    assert_eq!(left.chain.end().unwrap().expires_on.to_string(), "2027-05-01");
    assert_eq!(
        covers(&world, &harbor, sensor).await,
        [
            "active 2026-03-01T11:00:00Z 2026-04-01",
            "queued 2026-04-02T00:00:00Z 2026-05-01",
            "queued 2026-05-02T00:00:00Z 2027-05-01",
        ]
    );
    assert_eq!(world.left(&harbor).await, 2);
    let again = world.app.take_back(&world.ctx(), harbor.id, sensor, first_queued).await;
    assert_eq!(refusal(again), Refusal::LicenseNotHeld);
}

async fn r19_an_active_license_goes_back_only_while_nothing_is_saved_under_it(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 2, "P1M").await;
    let (by_mistake, in_use) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    world.set("2026-03-02T00:00:00Z");
    arrive(&world, &harbor, by_mistake, 1, Fate::Refused).await;
    arrive(&world, &harbor, in_use, 2, Fate::Saved).await;
    world.set("2026-03-03T00:00:00Z");
    for sealed in [0, 2] {
        assert_eq!(refusal(take_back(&world, &harbor, in_use, "active").await), Refusal::LicenseInUse);
        assert_eq!(world.test.db.seal_some().await.unwrap(), 2 - sealed);
    }
    take_back(&world, &harbor, by_mistake, "active").await.unwrap();
    let row = world.row(&harbor, by_mistake).await;
    assert_eq!((row.standing, row.sensor.shown), (Standing::Unlicensed, None));
    assert_eq!(world.left(&harbor).await, 1, "an unlicensed sensor does not wait");
}

/// What was saved under the license before is not saved under this one.
async fn r19_what_an_earlier_license_saved_does_not_hold_a_later_one(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 3, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    switch(&world, &harbor, sensor, false).await;
    arrive(&world, &harbor, sensor, 1, Fate::Saved).await;
    world.set("2026-04-05T00:00:00Z");
    arrive(&world, &harbor, sensor, 2, Fate::SavedLate).await;
    world.set("2026-04-10T00:00:00Z");
    world.assign(&harbor, sensor).await;
    world.assign(&harbor, sensor).await;
    let queue_starts_now = "active 2026-04-10T00:00:00Z 2026-05-10";
    assert_eq!(covers(&world, &harbor, sensor).await[1], queue_starts_now);
    world.set("2026-04-11T00:00:00Z");
    take_back(&world, &harbor, sensor, "active").await.unwrap();
    let after = covers(&world, &harbor, sensor).await;
    assert_eq!(after[1..], ["active 2026-04-11T00:00:00Z 2026-05-11"], "its queue starts now");
    take_back(&world, &harbor, sensor, "active").await.unwrap();
    let row = world.row(&harbor, sensor).await;
    assert_eq!(row.standing, Standing::Expired, "as it was before");
    assert_eq!(row.sensor.shown.unwrap().expires_on.to_string(), "2026-04-01");
    assert_eq!(world.left(&harbor).await, 2);
}

async fn r22_a_sensor_takes_one_license_and_without_one_it_is_refused(test: TestDb) {
    let world = World::new(test);
    let (harbor, orchard) = (world.customer("Harbor", "UTC").await, world.customer("Orchard", "UTC").await);
    assert_eq!(refusal(world.try_add(&harbor, 1, None).await), Refusal::NoLicenseLeft);
    assert_eq!(world.rows(&harbor).await.len(), 0, "a refused sensor is not there");
    let key = world.stock(&harbor, 2, "P1Y").await;
    let foreign = world.stock(&orchard, 1, "P1Y").await;
    world.add(&harbor, 1).await;
    assert_eq!(refusal(world.try_add(&harbor, 1, None).await), Refusal::SerialAlreadyAdded);
    assert_eq!(refusal(world.try_add(&orchard, 1, None).await), Refusal::SerialInUseElsewhere);
    let other_key = refusal(world.try_add(&harbor, 2, Some(&foreign)).await);
    assert_eq!(other_key, Refusal::NotFound { what: "license key" });
    let before = world.test.dump().await;
    let long = "x".repeat(101);
    for name in ["", " ", &long, "two\nlines"] {
        let addition = Addition { serial: serial_number(3), name: Some(name), key: None, auto_renewal: None };
        let refused = refusal(world.app.add_sensor(&world.ctx(), harbor.id, addition).await);
        assert_eq!(refused.code(), "invalid", "{name:?}");
    }
    world.unchanged(&before).await;
    let addition = Addition {
        serial: serial_number(3),
        name: Some(" Żuraw "),
        key: Some(&key),
        auto_renewal: Some(false),
    };
    let id = world.app.add_sensor(&world.ctx(), harbor.id, addition).await.unwrap();
    let row = world.row(&harbor, id).await.sensor;
    assert_eq!((row.name.as_str(), row.auto_renewal, row.serial), ("Żuraw", false, serial_number(3)));
    assert_eq!(refusal(world.try_add(&harbor, 4, Some(&key)).await), Refusal::KeyNotAvailable);
    assert_eq!(refusal(world.try_add(&harbor, 4, None).await), Refusal::NoLicenseLeft);
    assert_eq!(world.rows(&orchard).await.len(), 0);
}

async fn r34_another_organizations_sensor_does_not_exist(test: TestDb) {
    let world = World::new(test);
    let (harbor, orchard) = (world.customer("Harbor", "UTC").await, world.customer("Orchard", "UTC").await);
    world.stock(&harbor, 2, "P1Y").await;
    world.stock(&orchard, 2, "P1Y").await;
    let sensor = world.add(&harbor, 1).await;
    let license = license_of(&world.ledger(&harbor).await, sensor, "active");
    let before = world.test.dump().await;
    let missing = Refusal::NotFound { what: "sensor" };
    let ctx = world.ctx();
    assert_eq!(refusal(world.try_assign(&orchard, sensor, None).await), missing);
    assert_eq!(refusal(world.app.sensor(&ctx, orchard.id, sensor).await), missing);
    assert_eq!(refusal(world.app.take_back(&ctx, orchard.id, sensor, license).await), missing);
    let change = SensorChange { name: Some("Mine"), auto_renewal: Some(false) };
    assert_eq!(refusal(world.app.change_sensor(&ctx, orchard.id, sensor, change).await), missing);
    world.unchanged(&before).await;
    let nowhere = tenure_domain::OrganizationId::from_bits(1);
    let gone = refusal(world.app.settle(&ctx, nowhere).await);
    assert_eq!(gone, Refusal::NotFound { what: "organization" });
}

on_both!(
    r8_a_moved_zone_moves_no_promise,
    r9_a_clock_that_steps_back_opens_nothing_again,
    r10_a_row_turns_with_the_first_microsecond_after_the_last_day,
    r11_a_license_covers_at_once_or_queues_behind_the_last,
    r12_auto_renewal_takes_from_the_pool_at_the_very_end_and_the_queue_goes_first,
    r13_the_oldest_redemption_goes_first,
    r14_the_earliest_end_goes_first_then_the_first_added_then_the_serial_number,
    r15_licenses_that_come_back_meet_waiting_sensors_first,
    r16_a_gap_stays_a_gap,
    r18_no_license_is_made_or_lost_in_a_year_of_use,
    r19_a_queued_license_goes_back_and_its_queue_moves_up,
    r19_an_active_license_goes_back_only_while_nothing_is_saved_under_it,
    r19_what_an_earlier_license_saved_does_not_hold_a_later_one,
    r22_a_sensor_takes_one_license_and_without_one_it_is_refused,
    r34_another_organizations_sensor_does_not_exist,
);
