//! R22: files of sensors, whole or not at all.

use tenure_domain::Refusal;
use tenure_store::on_both;
use tenure_store::testing::{Dump, TestDb};

use super::{Customer, World, serial_number};
use crate::import_sensors::{Changed, Imported, Item, Progress, Report, What};
use crate::sensors::SensorChange;

async fn import(world: &World, customer: &Customer, text: &str, dry_run: bool) -> Imported {
    let ctx = world.app.ctx(customer.caller.actor());
    let quiet = |_: Progress| {};
    world.app.import_sensors(&ctx, customer.id, text.as_bytes(), dry_run, &quiet).await.unwrap()
}

async fn dry_run(world: &World, customer: &Customer, text: &str) -> Report {
    let before = but_counters(world.test.dump().await);
    let Imported::DryRun(report) = import(world, customer, text, true).await else { panic!("no dry run") };
    world.unchanged(&before).await;
    report
}

async fn done(world: &World, customer: &Customer, text: &str) -> Report {
    let told = dry_run(world, customer, text).await;
    let imported = import(world, customer, text, false).await;
    let Imported::Done(report) = imported else { panic!("{imported:?}") };
    assert_eq!(report, Report { items: Vec::new(), ..told.clone() }, "it was done as the dry run said");
    told
}

/// What must not change. Numbers of sensors may be lost.
fn but_counters(mut dump: Dump) -> Dump {
    dump.remove("counters");
    dump
}

/// A line of a report, in short.
fn short(item: &Item) -> String {
    match &item.outcome {
        Ok(deed) => {
            let what = match deed.what {
                What::Add => "add",
                What::ComesBack => "comes_back",
                What::Assign => "assign",
                What::Change => "change",
                What::Unchanged => "unchanged",
            };
            let licenses: Vec<String> = deed
                .licenses
                .iter()
                .map(|given| format!("{} {}..{}", given.term, given.activation_date, given.expires_on))
                .collect();
            let changes: Vec<String> = deed.changes.iter().map(|change| format!("{change:?}")).collect();
            format!("{} {what} {} [{}] {}", item.line, item.name, licenses.join(", "), changes.join(" "))
        }
        Err(refusal) => format!("{} {}", item.line, refusal.code()),
    }
}

fn shorts(report: &Report) -> Vec<String> {
    report.items.iter().map(short).collect()
}

async fn r22_a_file_adds_assigns_renames_and_switches(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 4, "P1M").await;
    let years = world.stock(&harbor, 4, "P1Y").await;
    let first = world.add(&harbor, 1).await;
    let second = world.add(&harbor, 2).await;
    let (s1, s2, s3, s4) = (serial_number(1), serial_number(2), serial_number(3), serial_number(4));
    let text = format!(
        "serial;name;key;auto_renewal;licenses\r\n\
         {s3};Cold room;;;\r\n\
         {s1};Hall;{years};no;2\r\n\
         {s2};;;;\r\n\
         {s4};;{};no;2\r\n",
        years.to_lowercase()
    );
    let report = done(&world, &harbor, &text).await;
    assert_eq!(
        shorts(&report),
        [
            "2 add Cold room [P1M 2026-03-01..2026-04-01] ",
            "3 assign Hall [P1Y 2026-04-02..2027-04-01, P1Y 2027-04-02..2028-04-01] Renamed AutoRenewalOff",
            &format!("4 unchanged {s2} [] "),
            &format!("5 add {s4} [P1Y 2026-03-01..2027-03-01, P1Y 2027-03-02..2028-03-01] "),
        ]
    );
    let Report {
        lines, added, assigned, assigned_licenses, renamed, auto_renewal_changed, unchanged, ..
    } = report;
    assert_eq!((lines, added, assigned, assigned_licenses), (4, 2, 1, 2));
    assert_eq!((renamed, auto_renewal_changed, unchanged), (1, 1, 1));
    assert_eq!((report.licenses_needed, report.licenses_left), (5, 6));
    assert_eq!(world.left(&harbor).await, 1);
    let row = world.row(&harbor, first).await;
    assert_eq!((row.sensor.name.as_str(), row.sensor.auto_renewal, row.queued.len()), ("Hall", false, 2));
    assert!(world.row(&harbor, second).await.queued.is_empty());
    let ledger = world.ledger(&harbor).await;
    let mut actions: Vec<&str> = ledger.audit.iter().map(|entry| entry.action.as_str()).collect();
    let actions = actions.split_off(actions.len() - 9);
    assert_eq!(
        actions,
        [
            "sensor_added",
            "sensor_renamed",
            "auto_renewal_switched",
            "sensor_added",
            "license_activated",
            "license_queued",
            "license_queued",
            "license_activated",
            "license_queued",
        ]
    );
    let actor = harbor.caller.actor().to_string();
    assert!(ledger.audit[ledger.audit.len() - 9..].iter().all(|entry| entry.actor == actor));
}

async fn r22_a_file_with_an_error_changes_nothing(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let other = world.customer("Other", "UTC").await;
    let key = world.stock(&harbor, 3, "P1Y").await;
    world.stock(&other, 1, "P1Y").await;
    world.add(&other, 9).await;
    let there = world.add(&harbor, 1).await;
    let serial = |number: u64| serial_number(number).to_string();
    let lines = [
        "serial,name,key,licenses".to_owned(),
        format!("{},new,,", serial(2)),
        format!("{},taken,,", serial(9)),
        format!("{},no such key,AAAAA,", serial(3)),
        format!("{},none,,0", serial(4)),
        format!("{},old,{key},2", serial(1)),
        format!("{},short,{key},", serial(5)),
        format!("{},enough,,", serial(6)),
    ];
    let text = lines.join("\n");
    let report = dry_run(&world, &harbor, &text).await;
    let told = shorts(&report);
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "2 add new [P1Y 2026-03-01..2027-03-01] ",
            "3 serial_in_use_elsewhere",
            "4 not_found",
            "5 invalid",
            "6 key_not_available",
            "7 add short [P1Y 2026-03-01..2027-03-01] ",
            "8 no_license_left",
        ]
    );
    // What is missing counts as needed.
    assert_eq!((report.errors, report.licenses_needed, report.licenses_left), (5, 5, 2));
    let before = but_counters(world.test.dump().await);
    let Imported::Refused(refused) = import(&world, &harbor, &text, false).await else {
        panic!("not refused")
    };
    world.unchanged(&before).await;
    assert_eq!(refused.items.len(), 5);
    assert!(refused.items.iter().all(|item| item.outcome.is_err()));
    assert_eq!(Report { items: Vec::new(), ..refused }, Report { items: Vec::new(), ..report });
    let name = world.row(&harbor, there).await.sensor.name;
    assert_eq!(name, serial(1));
    assert_eq!(
        super::refusal(
            world.app.import_sensors(&world.ctx(), harbor.id, b"\xff", false, &|_: Progress| {}).await
        ),
        Refusal::ImportNotUtf8 { line: 1 }
    );
}

/// The pool's and the keys' licenses go in the order of the lines, and no license goes twice.
async fn r13_lines_take_licenses_in_their_order(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let months = world.stock(&harbor, 3, "P1M").await;
    world.set("2026-03-02T11:00:00Z");
    let years = world.stock(&harbor, 2, "P1Y").await;
    let line = |number: u64, key: &str| format!("{},,{key}\n", serial_number(number));
    let text = [line(1, &years), line(2, ""), line(3, &months), line(4, ""), line(5, "")].concat();
    let report = done(&world, &harbor, &text).await;
    let terms: Vec<String> =
        report.items.iter().map(|item| item.outcome.as_ref().unwrap().licenses[0].term.to_string()).collect();
    assert_eq!(terms, ["P1Y", "P1M", "P1M", "P1M", "P1Y"]);
    assert_eq!(world.left(&harbor).await, 0);
    let ledger = world.ledger(&harbor).await;
    assert_eq!(ledger.count("active"), 5);
}

async fn r21_what_was_removed_comes_back_by_a_file(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 4, "P1M").await;
    let (kept, over) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    world.assign(&harbor, kept).await;
    let change = SensorChange { name: Some("Cold room"), auto_renewal: Some(false) };
    world.app.change_sensor(&world.ctx(), harbor.id, kept, change).await.unwrap();
    world.app.remove_sensor(&world.ctx(), harbor.id, over).await.unwrap();
    world.set("2026-04-05T11:00:00Z");
    world.app.remove_sensor(&world.ctx(), harbor.id, kept).await.unwrap();
    world.set("2026-04-06T11:00:00Z");
    assert_eq!(world.left(&harbor).await, 1);
    let (s1, s2) = (serial_number(1), serial_number(2));
    let report = done(&world, &harbor, &format!("serial,name,auto_renewal\n{s1},,\n{s2},Cellar,no\n")).await;
    assert_eq!(
        shorts(&report),
        [
            "2 comes_back Cold room [P1M 2026-04-02..2026-05-01] ",
            "3 comes_back Cellar [P1M 2026-04-06..2026-05-06] Renamed",
        ]
    );
    assert_eq!((report.brought_back, report.licenses_needed, report.licenses_left), (2, 1, 1));
    let row = world.row(&harbor, kept).await;
    assert_eq!((row.sensor.name.as_str(), row.sensor.auto_renewal), ("Cold room", false));
    let row = world.row(&harbor, over).await;
    assert_eq!((row.sensor.name.as_str(), row.sensor.auto_renewal), ("Cellar", false));
    let ledger = world.ledger(&harbor).await;
    let states: Vec<&str> = ledger.of(over).iter().map(|cover| cover.0).collect();
    assert_eq!(states, ["ended", "active"], "the gap stays a gap");
}

/// What the lines leave in the pool goes to the expired sensors that are switched on, who expired first being first.
async fn r12_expired_sensors_that_a_file_switches_on_renew_from_what_is_left(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 3, "P1M").await;
    for number in 1..=3 {
        let sensor = world.add(&harbor, number).await;
        let change = SensorChange { auto_renewal: Some(false), ..SensorChange::default() };
        world.app.change_sensor(&world.ctx(), harbor.id, sensor, change).await.unwrap();
        world.set(&format!("2026-03-0{}T11:00:00Z", number + 1));
    }
    world.set("2026-05-01T11:00:00Z");
    world.stock(&harbor, 3, "P1Y").await;
    let serial = serial_number;
    let text = format!(
        "serial,auto_renewal,licenses\n{},yes,\n{},yes,\n{},yes,1\n{},,\n",
        serial(3),
        serial(1),
        serial(2),
        serial(4)
    );
    let report = done(&world, &harbor, &text).await;
    let year = "P1Y 2026-05-01..2027-05-01";
    assert_eq!(
        shorts(&report),
        [
            format!("2 change {} [] AutoRenewalOn", serial(3)),
            format!("3 change {} [{year}] AutoRenewalOn Renewed", serial(1)),
            format!("4 assign {} [{year}] AutoRenewalOn", serial(2)),
            format!("5 add {} [{year}] ", serial(4)),
        ]
    );
    assert_eq!((report.renewed, report.licenses_needed, report.auto_renewal_changed), (1, 3, 3));
    assert!(matches!(report.items[1].outcome.as_ref().unwrap().changes[1], Changed::Renewed));
    let ledger = world.ledger(&harbor).await;
    let by: Vec<&str> = ledger
        .audit
        .iter()
        .filter(|entry| entry.actor == "auto_renewal")
        .map(|entry| entry.action.as_str())
        .collect();
    assert_eq!(by, ["license_activated"]);
}

/// A file does what its lines would do one after another.
async fn r22_a_file_is_its_lines_one_after_another(test: TestDb) {
    let world = World::new(test);
    let (at_once, singly) =
        (world.customer("AtOnce", "Europe/Warsaw").await, world.customer("Singly", "Europe/Warsaw").await);
    let mut keys = Vec::new();
    for (day, term) in [(1, "P1M"), (2, "P1Y"), (3, "P30D")] {
        // One after another: of codes that were redeemed at the same instant the order is that of their ids.
        world.set(&format!("2026-03-0{day}T12:00:00Z"));
        keys.push((world.stock(&at_once, 60, term).await, world.stock(&singly, 60, term).await));
    }
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..3_u64 {
        world.set(&format!("2026-0{}-20T11:00:00Z", round + 3));
        let mut text = String::from("serial,name,key,auto_renewal,licenses\n");
        let mut numbers: Vec<u64> = (1..=15).map(|number| number + round * 8).collect();
        for place in (1..numbers.len()).rev() {
            numbers.swap(place, usize::try_from(random(u64::try_from(place).unwrap() + 1)).unwrap());
        }
        for number in numbers {
            let new = number > 15 + round.saturating_sub(1) * 8 || round == 0;
            let key = keys.get(usize::try_from(random(6)).unwrap());
            let name = ["", "Hall", "Cellar"][usize::try_from(random(3)).unwrap()];
            // An expired sensor that is switched on takes what is left at the end: that is another test.
            let renewal = ["", "no"][usize::try_from(random(2)).unwrap()];
            let licenses = if new { 1 + random(2) } else { random(3) };
            let asked = key.map_or("", |key| key.0.as_str());
            text.push_str(&format!("{},{name},{asked},{renewal},{licenses}\n", serial_number(number)));
            let own = key.map(|key| key.1.as_str());
            let (ctx, serial) = (world.ctx(), serial_number(number + 1_000));
            let there = world.rows(&singly).await.into_iter().find(|row| row.sensor.serial == serial);
            let mut left = licenses;
            let id = match there {
                Some(row) => row.sensor.id,
                None => {
                    left -= 1;
                    world.try_add(&singly, number + 1_000, own).await.unwrap()
                }
            };
            for _ in 0..left {
                world.app.assign_license(&ctx, singly.id, id, own).await.unwrap();
            }
            let (name, auto_renewal) =
                (Some(name).filter(|name| !name.is_empty()), (renewal == "no").then_some(false));
            world.app.change_sensor(&ctx, singly.id, id, SensorChange { name, auto_renewal }).await.unwrap();
        }
        done(&world, &at_once, &text).await;
        let mut seen = Vec::new();
        for customer in [&at_once, &singly] {
            let ledger = world.ledger(customer).await;
            let mut rows: Vec<_> = world
                .rows(customer)
                .await
                .into_iter()
                .map(|row| {
                    let number = row.sensor.serial.number() - serial_number(0).number();
                    let name = row.sensor.name.replace("020003", "0200000000");
                    let name = if name.len() > 10 { String::new() } else { name };
                    (number % 1_000, name, row.sensor.auto_renewal, ledger.of(row.sensor.id))
                })
                .collect();
            rows.sort();
            seen.push((rows, ledger.codes.iter().map(|code| code.tally).collect::<Vec<_>>()));
        }
        assert_eq!(seen[0], seen[1], "round {round}");
    }
}

/// More lines than are done at once, and a head of the pool that keys reach behind.
async fn r22_many_lines_are_one_deed(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 3_000, "P1M").await;
    let years = world.stock(&harbor, 2_000, "P1Y").await;
    let line = |number: u64| {
        let key = if number % 5 < 2 { years.as_str() } else { "" };
        format!("{},N {number},{key}\n", serial_number(number))
    };
    let text: String = (0..5_000).map(line).collect();
    let report = done(&world, &harbor, &text).await;
    assert_eq!(
        (report.added, report.errors, report.licenses_needed, report.licenses_left),
        (5_000, 0, 5_000, 5_000)
    );
    let summary = world.app.summarize(&world.ctx(), harbor.id).await.unwrap();
    assert_eq!((summary.licenses_left, summary.sensors.covered + summary.sensors.expiring), (0, 5_000));
    world.ledger(&harbor).await;
    let again = dry_run(&world, &harbor, &text).await;
    assert_eq!((again.unchanged, again.licenses_needed), (5_000, 0));
}

on_both!(
    r22_a_file_adds_assigns_renames_and_switches,
    r22_a_file_with_an_error_changes_nothing,
    r13_lines_take_licenses_in_their_order,
    r21_what_was_removed_comes_back_by_a_file,
    r12_expired_sensors_that_a_file_switches_on_renew_from_what_is_left,
    r22_a_file_is_its_lines_one_after_another,
    r22_many_lines_are_one_deed,
);
