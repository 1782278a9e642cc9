//! R20 to R22: sensors that are removed, come back, are replaced, and what they leave behind.

use tenure_domain::{Refusal, SensorId, Standing};
use tenure_store::messages::Fate;
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::licenses::arrive;
use super::{Customer, World, at, license_of, refusal, serial_number};
use crate::history::Asked;
use crate::list_sensors::Row;
use crate::remove_sensor::{Released, Removal};
use crate::sensors::{Addition, SensorChange};

async fn remove(world: &World, customer: &Customer, sensor: SensorId) -> Removal {
    world.app.remove_sensor(&world.ctx(), customer.id, sensor).await.unwrap()
}

/// What the removed sensors have left behind, the last removed first.
async fn left_behind(world: &World, customer: &Customer) -> Vec<Option<Released>> {
    let removed = world.app.removed_sensors(&world.ctx(), customer.id, None, 100).await.unwrap();
    removed.into_iter().map(|(_, released)| released).collect()
}

/// A sensor's covers as short lines.
async fn covers(world: &World, customer: &Customer, sensor: SensorId) -> Vec<String> {
    let ledger = world.ledger(customer).await;
    ledger.of(sensor).into_iter().map(|(state, from, to)| format!("{state} {from} {to}")).collect()
}

async fn r21_a_sensor_that_is_added_again_comes_back_with_the_rest(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let key = world.stock(&harbor, 3, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    let change = SensorChange { name: Some("Cold room"), auto_renewal: Some(false) };
    world.app.change_sensor(&world.ctx(), harbor.id, sensor, change).await.unwrap();
    arrive(&world, &harbor, sensor, 1, Fate::Saved).await;
    let before = world.row(&harbor, sensor).await;

    let ctx = world.ctx();
    let unchanged = world.test.dump().await;
    let preview = world.app.preview_removal(&ctx, harbor.id, sensor).await.unwrap();
    world.unchanged(&unchanged).await;
    let removal = remove(&world, &harbor, sensor).await;
    assert_eq!(preview, removal);
    assert_eq!(removal.returned_to_pool, 1);
    let released = removal.released.unwrap();
    assert_eq!(
        (released.key.as_str(), released.expires_on.to_string().as_str()),
        (key.as_str(), "2026-04-01")
    );
    assert_eq!(left_behind(&world, &harbor).await, [Some(released)]);
    assert_eq!(covers(&world, &harbor, sensor).await, ["released 2026-03-01T11:00:00Z 2026-04-01"]);

    assert_eq!(
        refusal(world.app.sensor(&ctx, harbor.id, sensor).await),
        Refusal::NotFound { what: "sensor" }
    );
    assert_eq!(refusal(world.try_assign(&harbor, sensor, None).await), Refusal::NotFound { what: "sensor" });
    assert!(world.rows(&harbor).await.is_empty());
    let summary = world.app.summarize(&ctx, harbor.id).await.unwrap();
    assert_eq!((summary.sensors, summary.licenses_left), (Default::default(), 2));
    assert_eq!((summary.keys[0].tally.released, summary.keys[0].tally.total()), (1, 3));

    world.clock.set(at("2026-04-02T00:00:00Z").plus_micros(-1));
    let back = world.add(&harbor, 1).await;
    assert_eq!(back, sensor);
    let row = world.row(&harbor, back).await;
    assert_eq!(row.sensor.number, before.sensor.number, "its history is its own again");
    assert_eq!((row.sensor.name.as_str(), row.sensor.auto_renewal), ("Cold room", false));
    assert_eq!(row.sensor.active, before.sensor.active);
    let shown = |row: &Row| {
        let shown = row.sensor.shown.clone().unwrap();
        (shown.key, shown.activation_date, shown.expires_on, shown.expires_at)
    };
    assert_eq!(shown(&row), shown(&before), "the same license with the same dates");
    assert_eq!(world.left(&harbor).await, 2, "it takes no license");
    assert!(left_behind(&world, &harbor).await.is_empty());
    world.set("2026-04-02T00:00:00Z");
    assert_eq!(world.row(&harbor, back).await.standing, Standing::Expired);
    let trail = world.ledger(&harbor).await.trail(0);
    let told = |action: &str| trail.iter().filter(|line| line.ends_with(action)).count();
    assert_eq!((told(" sensor_removed"), told(" license_released"), told(" sensor_brought_back")), (1, 1, 1));
}

async fn r22_a_sensor_that_comes_back_after_the_rest_takes_a_license_and_the_gap_stays(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 2, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    remove(&world, &harbor, sensor).await;
    world.clock.set(at("2026-04-02T00:00:00Z").plus_micros(-1));
    assert_eq!(world.app.settle_due().await.unwrap(), 0);
    world.set("2026-04-02T00:00:00Z");
    assert_eq!(world.app.settle_due().await.unwrap(), 1, "what is released ends by itself");
    assert_eq!(left_behind(&world, &harbor).await, [None]);
    let ended = world.ledger(&harbor).await.audit.last().unwrap().clone();
    assert_eq!(
        (ended.at, ended.actor.as_str(), ended.action.as_str()),
        (at("2026-04-02T00:00:00Z"), "calendar", "license_ended")
    );
    world.set("2026-05-10T09:00:00Z");
    assert_eq!(world.add(&harbor, 1).await, sensor);
    assert_eq!(
        covers(&world, &harbor, sensor).await,
        ["ended 2026-03-01T11:00:00Z 2026-04-01", "active 2026-05-10T09:00:00Z 2026-06-10"]
    );
    remove(&world, &harbor, sensor).await;
    world.set("2026-07-01T00:00:00Z");
    assert_eq!(refusal(world.try_add(&harbor, 1, None).await), Refusal::NoLicenseLeft);
    assert_eq!(left_behind(&world, &harbor).await, [None], "it stays removed");
}

async fn r15_what_a_removed_sensor_returns_meets_a_waiting_one(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let short = world.stock(&harbor, 1, "P1D").await;
    let waiting = world.try_add(&harbor, 1, Some(&short)).await.unwrap();
    let long = world.stock(&harbor, 2, "P1Y").await;
    let rich = world.try_add(&harbor, 2, Some(&long)).await.unwrap();
    world.try_assign(&harbor, rich, Some(&long)).await.unwrap();
    world.set("2026-03-10T00:00:00Z");
    assert_eq!(world.row(&harbor, waiting).await.standing, Standing::Expired);
    assert_eq!(remove(&world, &harbor, rich).await.returned_to_pool, 1);
    assert_eq!(covers(&world, &harbor, waiting).await[1], "active 2026-03-10T00:00:00Z 2027-03-10");
    assert_eq!(world.left(&harbor).await, 0);
}

async fn r21_a_rest_is_given_by_hand_and_not_sold_twice(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 3, "P1M").await;
    let (used, unused) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    let third = world.add(&harbor, 3).await;
    arrive(&world, &harbor, used, 1, Fate::Saved).await;
    let first = remove(&world, &harbor, used).await.released.unwrap().license;
    let second = remove(&world, &harbor, unused).await.released.unwrap().license;
    let give = async |license| world.app.give_released(&world.ctx(), harbor.id, third, license).await;
    assert_eq!(refusal(give(first).await), Refusal::SensorCovered);
    let own = world.row(&harbor, third).await.sensor.active.unwrap();
    assert_eq!(refusal(give(own).await), Refusal::LicenseNotReleased);
    let nobodys = tenure_domain::LicenseId::from_bits(5);
    assert_eq!(refusal(give(nobodys).await), Refusal::NotFound { what: "license" });

    // What nothing was saved under may go back whole, even after a change of hands.
    let take_back = async |license| world.app.take_back(&world.ctx(), harbor.id, third, license).await;
    let change = SensorChange { auto_renewal: Some(false), ..SensorChange::default() };
    world.app.change_sensor(&world.ctx(), harbor.id, third, change).await.unwrap();
    world.set("2026-03-20T09:00:00Z");
    take_back(own).await.unwrap();
    give(second).await.unwrap();
    assert_eq!(covers(&world, &harbor, third).await, ["active 2026-03-20T09:00:00Z 2026-04-01"]);
    take_back(second).await.unwrap();
    assert_eq!(world.left(&harbor).await, 2);
    // What another sensor has used stays until it ends.
    give(first).await.unwrap();
    assert_eq!(refusal(give(first).await), Refusal::LicenseNotReleased);
    assert_eq!(refusal(take_back(first).await), Refusal::LicenseInUse);
    // Nor does a way round lead back to the pool: removed, erased, added again.
    remove(&world, &harbor, third).await;
    world.app.erase_history(&world.ctx(), harbor.id, third, &serial_number(3).to_string()).await.unwrap();
    assert_eq!(world.add(&harbor, 3).await, third);
    assert_eq!(refusal(take_back(first).await), Refusal::LicenseInUse);
    assert_eq!(left_behind(&world, &harbor).await, [None, None]);
    world.ledger(&harbor).await;
}

async fn r22_a_removed_sensors_serial_number_is_new_in_another_organization(test: TestDb) {
    let world = World::new(test);
    let (harbor, elsewhere) =
        (world.customer("Harbor", "UTC").await, world.customer("Elsewhere", "UTC").await);
    world.stock(&harbor, 1, "P1Y").await;
    world.stock(&elsewhere, 1, "P1Y").await;
    let here = world.add(&harbor, 1).await;
    assert_eq!(refusal(world.try_add(&elsewhere, 1, None).await), Refusal::SerialInUseElsewhere);
    let number = world.row(&harbor, here).await.sensor.number;
    arrive(&world, &harbor, here, 1, Fate::Saved).await;
    remove(&world, &harbor, here).await;
    let there = world.add(&elsewhere, 1).await;
    let row = world.row(&elsewhere, there).await;
    assert_ne!((there, row.sensor.number), (here, number));
    assert_eq!(row.state, None, "with no history");
    assert_eq!(refusal(world.try_add(&harbor, 1, None).await), Refusal::SerialInUseElsewhere);
    assert!(left_behind(&world, &harbor).await[0].is_some());
    remove(&world, &elsewhere, there).await;
    assert_eq!(world.add(&harbor, 1).await, here);
    assert_eq!(world.row(&harbor, here).await.sensor.number, number);
}

async fn r21_history_stays_until_it_is_erased_on_purpose(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 2, "P1Y").await;
    let (sensor, other) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    for (sensor, number) in [(sensor, 1), (other, 2)] {
        arrive(&world, &harbor, sensor, number, Fate::Saved).await;
    }
    world.app.seal_all().await.unwrap();
    arrive(&world, &harbor, sensor, 3, Fate::Saved).await;
    let asked = Asked { channel: None, from: None, to: None, points: 10 };
    let read = async || world.app.removed_measurements(&world.ctx(), harbor.id, sensor, asked).await;
    let erase = async |typed: &str| world.app.erase_history(&world.ctx(), harbor.id, sensor, typed).await;
    let nobody = Refusal::NotFound { what: "removed sensor" };
    assert_eq!(refusal(read().await), nobody);
    assert_eq!(refusal(erase("282c02000001").await), nobody, "it is not removed");
    remove(&world, &harbor, sensor).await;
    read().await.unwrap();
    let unchanged = world.test.dump().await;
    for typed in ["", "282c02000002", "yes"] {
        assert_eq!(refusal(erase(typed).await), Refusal::SerialNotConfirmed);
    }
    world.unchanged(&unchanged).await;
    erase("282c02000001").await.unwrap();
    let dump = world.test.dump().await;
    assert_eq!((dump["messages"].len(), dump["sensor_state"].len()), (0, 1), "only the other one's");
    let last = world.ledger(&harbor).await.audit.last().unwrap().clone();
    assert_eq!((last.action.as_str(), last.subject), ("history_erased", sensor.to_string()));
    assert_eq!(world.add(&harbor, 1).await, sensor);
    assert_eq!(world.row(&harbor, sensor).await.state, None);
}

async fn r5_a_released_license_is_revoked_only_with_the_active_ones(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(3, "P1Y").await;
    world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    let (sensor, stays) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    remove(&world, &harbor, sensor).await;
    let unchanged = world.test.dump().await;
    let preview = world.app.preview_revocation(&world.ctx(), code.id, true).await.unwrap();
    assert_eq!((preview.available, preview.queued, preview.active, preview.released), (1, 0, 1, 1));
    let losing: Vec<SensorId> = preview.losing_cover.iter().map(|(id, ..)| *id).collect();
    assert_eq!((losing, preview.organization.unwrap().1.as_str()), (vec![stays], "Harbor"));
    world.unchanged(&unchanged).await;

    let done = world.app.revoke_code(&world.ctx(), code.id, false).await.unwrap();
    assert_eq!((done.revoked, done.still_active, done.still_released), (1, 1, 1));
    assert_eq!(world.add(&harbor, 1).await, sensor, "its rest still runs");
    remove(&world, &harbor, sensor).await;
    world.set("2026-03-05T00:00:00Z");
    let done = world.app.revoke_code(&world.ctx(), code.id, true).await.unwrap();
    assert_eq!((done.revoked, done.still_active, done.still_released), (3, 0, 0));
    assert_eq!(left_behind(&world, &harbor).await, [None]);
    assert_eq!(covers(&world, &harbor, sensor).await, ["revoked 2026-03-01T11:00:00Z 2026-03-05"]);
    assert_eq!(refusal(world.try_add(&harbor, 1, None).await), Refusal::NoLicenseLeft);
}

async fn r20_a_replaced_sensor_goes_on_under_its_new_serial_number(test: TestDb) {
    let world = World::new(test);
    let (harbor, elsewhere) =
        (world.customer("Harbor", "UTC").await, world.customer("Elsewhere", "UTC").await);
    world.stock(&harbor, 6, "P1M").await;
    world.stock(&elsewhere, 1, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    let gone = world.add(&harbor, 4).await;
    world.assign(&harbor, sensor).await;
    world.add(&harbor, 2).await;
    world.add(&elsewhere, 3).await;
    remove(&world, &harbor, gone).await;
    arrive(&world, &harbor, sensor, 1, Fate::Saved).await;
    let change = SensorChange { name: Some("Gate"), auto_renewal: Some(false) };
    world.app.change_sensor(&world.ctx(), harbor.id, sensor, change).await.unwrap();
    let before = world.row(&harbor, sensor).await;
    let promised = covers(&world, &harbor, sensor).await;
    let replace =
        async |serial| world.app.replace_sensor(&world.ctx(), harbor.id, sensor, serial_number(serial)).await;
    assert_eq!(refusal(replace(1).await), Refusal::SerialAlreadyAdded);
    assert_eq!(refusal(replace(2).await), Refusal::SerialAlreadyAdded);
    assert_eq!(refusal(replace(3).await), Refusal::SerialInUseElsewhere);
    world.set("2026-03-05T00:00:00Z");
    // The serial number of a removed sensor will do; that one stays removed, with what it left behind.
    replace(4).await.unwrap();
    let mut after = world.row(&harbor, sensor).await;
    assert_eq!(after.sensor.serial, serial_number(4));
    // Time has passed meanwhile.
    (after.days_remaining, after.at_end) = (before.days_remaining, before.at_end);
    after.sensor.serial = before.sensor.serial;
    assert_eq!(after, before, "all else goes on: name, number, history, licenses, auto renewal");
    assert_eq!(covers(&world, &harbor, sensor).await, promised, "no date changes");
    assert!(left_behind(&world, &harbor).await[0].is_some());
    let last = world.ledger(&harbor).await.audit.last().unwrap().clone();
    assert_eq!((last.action.as_str(), last.subject), ("sensor_replaced", sensor.to_string()));
    let found = world.rows(&harbor).await.into_iter().filter(|row| row.sensor.name == "Gate").count();
    assert_eq!(found, 1);
    // The old serial number is free, for a sensor without a history.
    let next = world.add(&harbor, 1).await;
    assert_ne!(next, sensor);
    assert_eq!(world.row(&harbor, next).await.state, None);
    // Once it is free again, the sensor that was removed last is the one that comes back.
    world.set("2026-03-06T00:00:00Z");
    remove(&world, &harbor, sensor).await;
    assert_eq!(world.add(&harbor, 4).await, sensor);
}

async fn r22_the_operator_frees_a_serial_number(test: TestDb) {
    let world = World::new(test);
    let (harbor, elsewhere) =
        (world.customer("Harbor", "UTC").await, world.customer("Elsewhere", "UTC").await);
    world.stock(&harbor, 1, "P1M").await;
    world.stock(&elsewhere, 1, "P1M").await;
    world.add(&harbor, 1).await;
    let owner = world.app.serial_owner(serial_number(1)).await.unwrap();
    assert_eq!(
        (owner.organization, owner.name.as_str(), owner.added_at),
        (harbor.id, "Harbor", at(super::START))
    );
    let removal = world.app.free_serial(&world.ctx(), serial_number(1)).await.unwrap();
    assert!(removal.released.is_some());
    let nobody = Refusal::NotFound { what: "serial number in any organization" };
    assert_eq!(refusal(world.app.serial_owner(serial_number(1)).await), nobody);
    assert_eq!(refusal(world.app.free_serial(&world.ctx(), serial_number(1)).await), nobody);
    world.add(&elsewhere, 1).await;
    let told = |trail: &[String], action: &str| trail.iter().any(|line| line.ends_with(action));
    assert!(told(&world.ledger(&harbor).await.trail(0), " sensor_removed"));
    let dump = world.test.dump().await;
    assert!(dump["audit"].iter().any(|row| row.contains("serial_number_freed")));
    let listed = world.app.list_organizations("", None, 10).await.unwrap();
    let rows: Vec<_> =
        listed.iter().map(|row| (row.name.as_str(), row.users, row.sensors, row.licenses_left)).collect();
    assert_eq!(rows, [("Elsewhere", 1, 1, 0), ("Harbor", 1, 0, 0)]);
    let found = world.app.list_organizations("ARB", None, 10).await.unwrap();
    assert_eq!((found.len(), found[0].id), (1, harbor.id));
    let next = world.app.list_organizations("", Some("elsewhere"), 10).await.unwrap();
    assert_eq!((next.len(), next[0].id), (1, harbor.id));
    assert!(world.app.list_organizations("%", None, 10).await.unwrap().is_empty());
}

async fn r12_what_was_chosen_when_a_sensor_comes_back_counts(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 1, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    remove(&world, &harbor, sensor).await;
    let addition =
        Addition { serial: serial_number(1), name: Some("Cellar"), key: None, auto_renewal: Some(false) };
    let back = world.app.add_sensor(&world.ctx(), harbor.id, addition).await.unwrap();
    let row = world.row(&harbor, back).await.sensor;
    assert_eq!((back, row.name.as_str(), row.auto_renewal), (sensor, "Cellar", false));
    license_of(&world.ledger(&harbor).await, sensor, "active");
}

on_both!(
    r21_a_sensor_that_is_added_again_comes_back_with_the_rest,
    r22_a_sensor_that_comes_back_after_the_rest_takes_a_license_and_the_gap_stays,
    r15_what_a_removed_sensor_returns_meets_a_waiting_one,
    r21_a_rest_is_given_by_hand_and_not_sold_twice,
    r22_a_removed_sensors_serial_number_is_new_in_another_organization,
    r21_history_stays_until_it_is_erased_on_purpose,
    r5_a_released_license_is_revoked_only_with_the_active_ones,
    r20_a_replaced_sensor_goes_on_under_its_new_serial_number,
    r22_the_operator_frees_a_serial_number,
    r12_what_was_chosen_when_a_sensor_comes_back_counts,
);
