//! What webhooks are told of.

use serde_json::{Value, json};
use tenure_store::testing::TestDb;
use tenure_store::{on_both, sensors};

use super::{ALL_EVENTS, add, deliveries};
use crate::tests::{Customer, World, at};
use tenure_domain::WebhookId;

/// An organization whose webhook wants these events.
async fn listening(test: TestDb, events: &[&str]) -> (World, Customer, WebhookId) {
    let world = World::new(test);
    let caller = crate::webhooks::Caller::with(
        crate::webhooks::Targets::Any,
        super::Answers::of(&["127.0.0.1"]),
        Vec::new(),
    );
    world.app.set_webhook_caller(caller.unwrap());
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    let (id, _) = add(&world, &harbor, "https://hooks.harbor.example/", events).await;
    (world, harbor, id)
}

/// What was told since `skip`, oldest first.
async fn told(world: &World, harbor: &Customer, id: WebhookId, skip: usize) -> Vec<Value> {
    let mut all = deliveries(&world.app, harbor, id).await;
    all.sort_by_key(|posted| (posted.post.created_at, posted.post.id));
    all.iter().skip(skip).map(|posted| serde_json::from_str(&posted.post.body).unwrap()).collect()
}

async fn a_chain_that_ends_or_goes_on_is_told(test: TestDb) {
    let (world, harbor, id) = listening(test, &ALL_EVENTS).await;
    world.stock(&harbor, 3, "P1M").await;
    let sensors = [world.add(&harbor, 1).await, world.add(&harbor, 2).await];
    world.app.set_auto_renewal(&world.ctx(), harbor.id, &[sensors[1]], false).await.unwrap();
    assert_eq!(told(&world, &harbor, id, 0).await.len(), 0, "a first license renews nothing");

    // One license is left: the first sensor takes it, the second one stops.
    world.set("2026-04-02T06:00:00Z");
    world.app.settle_due().await.unwrap();
    let mut both = told(&world, &harbor, id, 0).await;
    both.sort_by_key(|event| event["type"].to_string());
    assert_eq!(
        both[0],
        json!({
            "type": "license.expired",
            "timestamp": "2026-04-02T06:00:00Z",
            "data": {
                "organization_id": harbor.id,
                "organization": "Harbor",
                "sensors": [{
                    "id": sensors[1], "serial": "282c02000002", "name": "282c02000002",
                    "expires_on": "2026-04-01", "expires_at": "2026-04-01T22:00:00Z", "at_end": "stops",
                }],
            },
        })
    );
    assert_eq!(
        (&both[1]["type"], &both[1]["data"]["by"]),
        (&json!("license.renewed"), &json!("auto_renewal"))
    );
    assert_eq!(both[1]["data"]["sensors"][0]["expires_on"], "2026-05-01");
    assert_eq!(both.len(), 2);
    world.app.settle_due().await.unwrap();
    assert_eq!(told(&world, &harbor, id, 2).await.len(), 0, "once");

    world.stock(&harbor, 2, "P1M").await;
    assert_eq!(told(&world, &harbor, id, 2).await.len(), 0, "the second sensor does not wait");
    world.set("2026-04-02T06:00:01Z");
    world.assign(&harbor, sensors[1]).await;
    world.set("2026-04-02T06:00:02Z");
    world.assign(&harbor, sensors[0]).await;
    let renewed = told(&world, &harbor, id, 2).await;
    let by = |event: &Value| (event["type"].clone(), event["data"]["by"].clone());
    assert_eq!(
        renewed.iter().map(by).collect::<Vec<_>>(),
        vec![(json!("license.renewed"), json!("person")); 2]
    );

    // Taking back is not expiring.
    let ledger = world.ledger(&harbor).await;
    let queued = crate::tests::license_of(&ledger, sensors[0], "queued");
    world.app.take_back(&world.ctx(), harbor.id, sensors[0], queued).await.unwrap();
    let active = crate::tests::license_of(&world.ledger(&harbor).await, sensors[1], "active");
    world.app.take_back(&world.ctx(), harbor.id, sensors[1], active).await.unwrap();
    assert_eq!(told(&world, &harbor, id, 4).await.len(), 0);
}

async fn a_webhook_is_told_what_it_wants_and_of_100_sensors_at_once(test: TestDb) {
    let (world, harbor, id) = listening(test, &["license.expired"]).await;
    let (off, _) = add(&world, &harbor, "https://hooks.harbor.example/", &ALL_EVENTS).await;
    let change = crate::change_webhook::WebhookChange { enabled: Some(false), ..Default::default() };
    world.app.change_webhook(&world.ctx(), harbor.id, off, change).await.unwrap();
    world.stock(&harbor, 230, "P1M").await;
    for serial in 0..205 {
        world.add(&harbor, serial).await;
    }
    world.set("2026-04-02T06:00:00Z");
    world.app.settle_due().await.unwrap();
    let events = told(&world, &harbor, id, 0).await;
    let mut counts: Vec<usize> =
        events.iter().map(|event| event["data"]["sensors"].as_array().unwrap().len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [80, 100], "25 have renewed themselves");
    assert!(events.iter().all(|event| event["data"]["sensors"][0]["at_end"] == "no_license"));
    assert_eq!(deliveries(&world.app, &harbor, off).await.len(), 0);
    // What waits takes what comes (R15).
    world.stock(&harbor, 5, "P1M").await;
    assert_eq!(told(&world, &harbor, id, 2).await.len(), 0);
}

async fn what_is_rolled_back_is_not_told(test: TestDb) {
    let (world, harbor, id) = listening(test, &ALL_EVENTS).await;
    world.stock(&harbor, 2, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.set("2026-03-02T06:00:00Z");
    world.app.preview_assignment(&world.ctx(), harbor.id, sensor, None).await.unwrap();
    assert_eq!(told(&world, &harbor, id, 0).await.len(), 0);
    world.assign(&harbor, sensor).await;
    assert_eq!(told(&world, &harbor, id, 0).await.len(), 1);
}

async fn refused_data_is_told_once(test: TestDb) {
    let (world, harbor, id) = listening(test, &["sensor.refused"]).await;
    world.stock(&harbor, 2, "P1M").await;
    let sensors = [world.add(&harbor, 1).await, world.add(&harbor, 2).await];
    let mut tx = world.test.db.read().await.unwrap();
    let mut numbers = Vec::new();
    for sensor in sensors {
        numbers.push(sensors::get(&mut tx, harbor.id, sensor).await.unwrap().unwrap().number);
    }
    tx.roll_back().await.unwrap();
    let refused = async |sensor: usize, since: &str| {
        let (number, since) = (numbers[sensor], at(since).as_micros());
        let blob = if world.test.db.engine() == tenure_store::Engine::Sqlite { "x''" } else { "''" };
        let sql = format!(
            "INSERT INTO sensor_state (sensor, last_seen_us, status, refused, refused_since_us)
            VALUES ({number}, {since}, {blob}, 3, {since})
            ON CONFLICT (sensor) DO UPDATE SET refused_since_us = excluded.refused_since_us"
        );
        world.test.execute(&sql).await.unwrap();
    };
    world.set("2026-04-03T06:00:00Z");
    world.app.settle_due().await.unwrap();
    refused(0, "2026-04-02T06:00:00Z").await;
    refused(1, "2026-02-02T06:00:00Z").await;
    let other = world.node().await;
    let (here, there) = tokio::join!(world.app.tell_refusals(), other.tell_refusals());
    assert_eq!(here.unwrap() + there.unwrap(), 1, "what was refused before the webhook was made is no news");
    assert_eq!(world.app.tell_refusals().await.unwrap(), 0);
    let events = told(&world, &harbor, id, 0).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "sensor.refused");
    assert_eq!(
        events[0]["data"]["sensors"],
        json!([{
            "id": sensors[0], "serial": "282c02000001", "name": "282c02000001",
            "expires_on": "2026-04-01", "expires_at": "2026-04-01T22:00:00Z",
            "refused_since": "2026-04-02T06:00:00Z", "refused_messages": 3,
        }])
    );
    // After the next cover it is news again.
    refused(0, "2026-04-03T05:00:00Z").await;
    assert_eq!(world.app.tell_refusals().await.unwrap(), 1);
}

on_both!(
    a_chain_that_ends_or_goes_on_is_told,
    a_webhook_is_told_what_it_wants_and_of_100_sensors_at_once,
    what_is_rolled_back_is_not_told,
    refused_data_is_told_once,
);
