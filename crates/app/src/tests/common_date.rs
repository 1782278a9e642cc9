//! R11: whole licenses that bring sensors to a common date, seen before and then done.

use tenure_domain::{Date, Refusal, SensorId};
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{Customer, World, refusal};
use crate::common_date::{Brought, PlanPreview, Wish};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// On 1 April four sensors whose covers end in April, May and July and (the last one's) ended in March; a year, two half
/// years and five months in the pool.
async fn furnish(world: &World) -> (Customer, Vec<SensorId>) {
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    let mut sensors = Vec::new();
    for (number, day, term) in [
        (1, "2026-03-15", "P1M"),
        (2, "2026-03-16", "P2M"),
        (3, "2026-03-17", "P4M"),
        (4, "2026-03-18", "P10D"),
    ] {
        world.set(&format!("{day}T08:00:00Z"));
        let key = world.stock(&harbor, 1, term).await;
        sensors.push(world.try_add(&harbor, number, Some(&key)).await.unwrap());
    }
    let off = crate::sensors::SensorChange { name: None, auto_renewal: Some(false) };
    world.app.change_sensor(&world.ctx(), harbor.id, sensors[3], off).await.unwrap();
    for (minute, licenses, term) in [(0, 1, "P1Y"), (1, 2, "P6M"), (2, 5, "P1M")] {
        world.set(&format!("2026-04-01T08:0{minute}:00Z"));
        world.stock(&harbor, licenses, term).await;
    }
    (harbor, sensors)
}

async fn preview(world: &World, customer: &Customer, wish: Wish<'_>) -> PlanPreview {
    let before = world.test.dump().await;
    let preview = world.app.preview_common_date(&world.ctx(), customer.id, wish).await.unwrap();
    world.unchanged(&before).await;
    preview
}

async fn r11_what_is_shown_is_done(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = furnish(&world).await;
    let wish = Wish { sensors: &sensors, date: date("2026-10-15"), key: None };
    let shown = preview(&world, &harbor, wish).await;
    let rows: Vec<_> = shown
        .plan
        .items
        .iter()
        .map(|item| {
            let place = sensors.iter().position(|sensor| *sensor == item.sensor.id).unwrap() + 1;
            let terms: Vec<String> =
                item.licenses.iter().map(|(held, _)| held.license.term.to_string()).collect();
            let ends = item.expires_on.map(|date| date.to_string());
            (place, terms, ends, item.days_from_date)
        })
        .collect();
    let terms = |terms: &[&str]| terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>();
    let on = |date: &str| Some(date.to_owned());
    assert_eq!(
        rows,
        [
            (4, terms(&["P6M"]), on("2026-10-01"), Some(-14)),
            (1, terms(&["P6M"]), on("2026-10-15"), Some(0)),
            (2, terms(&["P1M"; 5]), on("2026-10-16"), Some(1)),
            (3, terms(&[]), on("2026-07-17"), Some(-90)),
        ]
    );
    assert_eq!((shown.plan.licenses_needed, shown.plan.licenses_left), (7, 1));
    assert_eq!(shown.short, 3, "the third would take three months more");
    assert_eq!((shown.spread_before, shown.spread_after), (Some(93), Some(91)));

    let other = world.app.bring_to_date(&world.ctx(), harbor.id, wish, "another").await;
    assert_eq!(refusal(other), Refusal::PlanChanged);
    let done = world.app.bring_to_date(&world.ctx(), harbor.id, wish, &shown.plan.token).await.unwrap();
    assert_eq!(done, shown.plan);
    for item in &done.items {
        let row = world.row(&harbor, item.sensor.id).await;
        assert_eq!(row.sensor.chain_end.map(|end| end.expires_on), item.expires_on);
        assert_eq!(row.queued.len() + usize::from(item.ends_on.is_none()), item.licenses.len());
    }
    assert_eq!(world.left(&harbor).await, 1);
    world.ledger(&harbor).await;
    // They are as near as they can be: doing it again queues nothing.
    let again = preview(&world, &harbor, wish).await;
    // Only the year is left, of which the third would end too late.
    assert_eq!((again.plan.licenses_needed, again.short), (0, 0));
}

async fn r11_a_plan_that_has_changed_is_not_carried_out(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = furnish(&world).await;
    let wish = Wish { sensors: &sensors[..2], date: date("2026-10-15"), key: None };
    let shown = preview(&world, &harbor, wish).await;
    // Another order of the same sensors, and a minute later, is the same plan.
    let turned = [sensors[1], sensors[0]];
    world.set("2026-04-01T08:05:00Z");
    let same = preview(&world, &harbor, Wish { sensors: &turned, ..wish }).await;
    assert_eq!(same.plan, shown.plan);
    world.assign(&harbor, sensors[2]).await;
    let untouched = preview(&world, &harbor, wish).await;
    assert_eq!(untouched.plan.token, shown.plan.token, "the year was not part of it");
    world.assign(&harbor, sensors[2]).await;
    let before = world.test.dump().await;
    let done = world.app.bring_to_date(&world.ctx(), harbor.id, wish, &shown.plan.token).await;
    assert_eq!(refusal(done), Refusal::PlanChanged);
    world.unchanged(&before).await;
}

async fn r14_a_preview_names_who_goes_without_because_of_the_common_date(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = furnish(&world).await;
    let wish = Wish { sensors: &sensors[2..3], date: date("2028-03-17"), key: None };
    let shown = preview(&world, &harbor, wish).await;
    let terms: Vec<String> =
        shown.plan.items[0].licenses.iter().map(|(held, _)| held.license.term.to_string()).collect();
    assert_eq!(terms, ["P1Y", "P6M", "P1M", "P1M"], "the nearest of fewest licenses");
    let without: Vec<SensorId> = shown.goes_without.iter().map(|ending| ending.sensor.id).collect();
    assert!(without.contains(&sensors[0]), "{without:?}");
}

async fn r11_only_licenses_of_the_chosen_key_are_taken(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = furnish(&world).await;
    let key = world.stock(&harbor, 2, "P3M").await;
    let wish = Wish { sensors: &sensors[..1], date: date("2026-11-01"), key: Some(&key) };
    let shown = preview(&world, &harbor, wish).await;
    let item = &shown.plan.items[0];
    assert!(item.licenses.iter().all(|(_, of)| *of == key));
    assert_eq!((item.licenses.len(), item.expires_on), (2, Some(date("2026-10-15"))));
    let unknown = Wish { key: Some("nothing"), ..wish };
    let none = world.app.preview_common_date(&world.ctx(), harbor.id, unknown).await;
    assert_eq!(refusal(none), Refusal::NotFound { what: "license key" });
    for wrong in ["2026-03-31", "2037-01-01"] {
        let wish = Wish { date: date(wrong), ..wish };
        let none = world.app.preview_common_date(&world.ctx(), harbor.id, wish).await;
        assert_eq!(refusal(none).code(), "invalid");
    }
}

async fn r11_dates_are_suggested_that_can_be_reached(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = furnish(&world).await;
    let ask = async |sensors: &[SensorId]| {
        world.app.suggest_common_dates(&world.ctx(), harbor.id, sensors, None).await.unwrap()
    };
    let found = ask(&sensors).await;
    assert!(!found.is_empty());
    for suggestion in &found {
        let wish = Wish { sensors: &sensors, date: suggestion.date, key: None };
        let shown = preview(&world, &harbor, wish).await;
        // The one that is not covered counts as one that ended yesterday.
        let apart = |end: fn(&Brought) -> Option<Date>| {
            let ends = shown.plan.items.iter().map(|item| end(item).unwrap_or(date("2026-03-31")));
            (ends.clone().max().unwrap() - ends.min().unwrap()).get_days()
        };
        assert!(apart(|item| item.expires_on) < apart(|item| item.ends_on), "{suggestion:?}");
        assert!(shown.plan.licenses_needed > 0);
        assert_eq!(shown.spread_after, Some(suggestion.spread_days));
        assert_eq!(shown.plan.licenses_needed, suggestion.licenses_needed);
        let uncovered = shown.plan.items.iter().filter(|item| item.expires_on.is_none()).count();
        assert_eq!(uncovered, suggestion.uncovered);
    }
    assert!(found.is_sorted_by_key(|found| (found.uncovered, found.spread_days)));
    // Bringing three of them to the end of the third takes nothing that is not there.
    let [best, ..] = &ask(&sensors[..3]).await[..] else { panic!() };
    assert!(best.spread_days <= 2, "{best:?}");
    // One alone has nothing to come nearer to.
    assert_eq!(ask(&sensors[..1]).await, []);
    let none = world.app.suggest_common_dates(&world.ctx(), harbor.id, &[], None).await;
    assert_eq!(refusal(none).code(), "invalid");
}

on_both!(
    r11_what_is_shown_is_done,
    r11_a_plan_that_has_changed_is_not_carried_out,
    r14_a_preview_names_who_goes_without_because_of_the_common_date,
    r11_only_licenses_of_the_chosen_key_are_taken,
    r11_dates_are_suggested_that_can_be_reached,
);
