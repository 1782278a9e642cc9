//! Sensors at a glance.

use serde_json::{Value, json};

use crate::history::save;
use crate::support::{Analyst, World};

async fn sensors_are_seen_at_a_glance(world: World) {
    world.key(3, "P1Y").await;
    let [busy, silent, old] = [
        world.sensor("282c02424ee1").await,
        world.sensor("282c02424ee2").await,
        world.sensor("282c02424ee3").await,
    ];
    save(&world, &old, "2026-11-10T09:00:00Z", &[100, 110]).await;
    // Sealed: what is asked for a day after is in chunks, and what comes then is not yet.
    save(&world, &busy, "2026-11-20T10:29:00Z", &[10, 20]).await;
    assert_eq!(world.app.db.seal_some().await.unwrap(), 2);
    save(&world, &busy, "2026-11-21T09:59:00Z", &[30, 31]).await;
    world.at("2026-11-21T10:00:00Z");
    let path = format!("…/sensor-values?ids={busy},{silent},{old}");
    let reply = world.by(Analyst).get(&path).await;
    assert_eq!(reply.status, 200, "{reply}");
    let items = reply.body["items"].as_array().unwrap();
    let ids: Vec<&Value> = items.iter().map(|item| &item["sensor_id"]).collect();
    assert_eq!(json!(ids), json!([busy, silent, old]));
    let value = |value: f64, at: &str| json!([{ "channel": 1, "type": "temperature", "unit": "°C", "value": value, "at": at }]);
    assert_eq!(items[0]["values"], value(3.1, "2026-11-21T09:59:00Z"));
    assert_eq!(items[2]["values"], value(11.0, "2026-11-10T09:00:00Z"), "however long ago");
    assert_eq!((&items[1]["values"], &items[1]["sparkline"]), (&json!([]), &Value::Null));
    let mut points = vec![Value::Null; 48];
    assert_eq!(items[2]["sparkline"]["points"], json!(points));
    // 10:28 and 10:29 are in the first half hour since 10:00 of the day before.
    (points[0], points[47]) = (json!(1.5), json!(3.05));
    assert_eq!(
        items[0]["sparkline"],
        json!({ "channel": 1, "points": points, "from": "2026-11-20T10:00:00Z", "to": "2026-11-21T10:00:00Z" })
    );
    world.at("2026-11-21T10:29:00Z");
    let later = world.by(Analyst).get(&path).await;
    let points = later.body["items"][0]["sparkline"]["points"].as_array().unwrap();
    assert_eq!(points[0], 2.0, "10:28 is more than a day ago, 10:29 is not");
    for (query, code) in [
        ("", "query_malformed"),
        ("?ids=", "invalid"),
        ("?ids=lic_0000000000000000000000000b", "invalid"),
        (&format!("?ids={}", vec![busy.as_str(); 101].join(",")), "invalid"),
    ] {
        let reply = world.by(Analyst).get(&format!("…/sensor-values{query}")).await;
        assert_eq!(reply.refusal(), (422, code), "{query}");
    }
}

on_both_engines!(sensors_are_seen_at_a_glance);
