//! R18: the audit trail, read.

use serde_json::{Value, json};

use crate::support::{Administrator, Manager, Reply, World};

fn actions(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{reply}");
    reply.body["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect()
}

async fn r18_the_trail_is_read_newest_first(world: World) {
    let key = world.key(2, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    world.sensor("282c02424eee").await;
    let path = format!("…/sensors/{sensor}");
    world.by(Manager).patch(&path, &json!({ "name": "Cold room" })).await;
    world.at("2027-01-15T10:00:00Z");
    let whole = world.by(Manager).get("…/audit?limit=200").await;
    let of_sensor = world.by(Manager).get(&format!("{path}/audit")).await;
    assert_eq!(
        actions(&of_sensor),
        ["sensor_renamed", "license_activated", "sensor_added"],
        "nobody has looked, so nothing is settled: {of_sensor}"
    );
    world.by(Manager).get("…/sensors").await;
    let of_sensor = world.by(Manager).get(&format!("{path}/audit")).await;
    assert_eq!(actions(&of_sensor), ["license_ended", "sensor_renamed", "license_activated", "sensor_added"]);
    let items = &of_sensor.body["items"];
    assert_eq!(items[0]["actor"], json!({ "kind": "calendar", "id": null, "email": null }));
    assert_eq!(items[0]["at"], "2026-12-21T23:00:00Z");
    assert_eq!(items[0]["subject"]["kind"], "license");
    assert_eq!(items[0]["sensor"], json!({ "id": sensor, "name": "Cold room" }));
    assert_eq!(items[1]["subject"], json!({ "kind": "sensor", "id": sensor, "name": "Cold room" }));
    assert_eq!(
        (&items[1]["before"]["name"], &items[1]["after"]["name"]),
        (&json!("282c02424eed"), &json!("Cold room"))
    );
    assert_eq!(items[1]["actor"]["kind"], "token");
    assert_eq!(items[1]["actor"]["email"], "manager@harbor.example");
    assert!(items[1]["actor"]["id"].as_str().unwrap().starts_with("tok_"));

    assert!(actions(&whole).contains(&"token_created"));
    let whole = world.by(Manager).get("…/audit?limit=200").await;
    let redeemed = world.by(Manager).get("…/audit?action=code_redeemed").await;
    assert_eq!(redeemed.body["items"][0]["subject"]["name"], json!(key));
    let (mut put_together, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.by(Manager).get(&format!("…/audit?limit=3{cursor}")).await;
        put_together.extend(page.body["items"].as_array().unwrap().clone());
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&Value::Array(put_together.clone()), &whole.body["items"]);
    let places: Vec<i64> = put_together.iter().map(|row| row["seq"].as_i64().unwrap()).collect();
    assert!(places.windows(2).all(|pair| pair[0] == pair[1] + 1) && places.last() == Some(&1));
}

async fn r18_the_trail_is_filtered(world: World) {
    world.key(3, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    world.at("2026-11-22T10:00:00Z");
    let path = format!("…/sensors/{sensor}");
    world.by(Manager).patch(&path, &json!({ "name": "Cold room" })).await;
    let queued = world.by(Manager).call("POST", &format!("{path}/licenses"), None).await;
    let license = queued.body["license_id"].as_str().unwrap();
    world.by(Administrator).delete(&format!("{path}/licenses/{license}")).await;
    world.at("2026-12-25T10:00:00Z");
    world.by(Manager).get("…/sensors").await;
    let get = async |query: &str| world.by(Manager).get(&format!("…/audit?limit=200&{query}")).await;
    for (query, expected) in [
        ("actor=manager@harbor.example", &["license_queued", "sensor_renamed"][..]),
        ("actor=MANAGER@harbor.example&action=license_queued", &["license_queued"]),
        ("actor=nobody@harbor.example", &[]),
        ("action=sensor_renamed", &["sensor_renamed"]),
        ("action=license_ended", &["license_ended"]),
        ("action=unheard_of", &[]),
        (
            "from=2026-11-22T10:00:00Z&to=2026-11-22T10:00:00.000001Z",
            &["license_taken_back", "license_queued", "sensor_renamed"],
        ),
        ("from=2026-11-22T10:00:00.000001Z&to=2026-12-21T23:00:00Z", &[]),
        ("from=2026-12-21T23:00:00Z", &["license_activated", "license_ended"]),
        ("from=2030-01-01T00:00:00Z", &[]),
        ("to=2020-01-01T00:00:00Z", &[]),
    ] {
        assert_eq!(actions(&get(query).await), expected, "{query}");
    }
    let subject = get(&format!("subject={sensor}")).await;
    assert_eq!(actions(&subject), ["sensor_renamed", "sensor_added"], "what was done to the sensor itself");
    let subject = get(&format!("subject={license}")).await;
    // Taken back and then taken by itself: the pool gives the same license again (R13).
    assert_eq!(actions(&subject), ["license_activated", "license_taken_back", "license_queued"]);
    let of_sensor = world.by(Manager).get(&format!("{path}/audit?action=license_taken_back")).await;
    assert_eq!(actions(&of_sensor), ["license_taken_back"], "also what is on it no more");
    for query in ["from=yesterday", "limit=0", "cursor=x", "action=%00"] {
        assert_eq!(get(query).await.status, 422, "{query}");
    }
}

on_both_engines!(r18_the_trail_is_read_newest_first, r18_the_trail_is_filtered);
