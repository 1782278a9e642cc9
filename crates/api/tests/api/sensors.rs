//! Adding and changing sensors.

use serde_json::json;

use crate::support::{Administrator, Manager, Stranger, World};

async fn r22_adding_a_sensor_takes_a_license(world: World) {
    world.key(2, "P2Y").await;
    let new = json!({ "serial": "282C02424EED", "name": " Cold room ", "auto_renewal": false });
    let reply = world.by(Manager).post("…/sensors", &new).await;
    assert_reads!(reply, @r#"
    201
    {
      "activation_date": "2026-11-21",
      "added_at": "2026-11-21T10:00:00Z",
      "at_end": null,
      "auto_renewal": false,
      "battery": null,
      "covered_until": "2028-11-21T23:00:00Z",
      "covered_until_on": "2028-11-21",
      "days_remaining": 731,
      "earlier_cover": [],
      "expires_at": "2028-11-21T23:00:00Z",
      "expires_on": "2028-11-21",
      "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
      "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
      "key_licenses_assigned": 1,
      "last_seen_at": null,
      "license_id": "lic_01m7yrrt80sra1305j7887bdw0",
      "name": "Cold room",
      "queued": [],
      "refused_messages": 0,
      "refused_since": null,
      "serial": "282c02424eed",
      "signal_dbm": null,
      "standing": "covered"
    }
    "#);
    let path = format!("…/sensors/{}", reply.body["id"].as_str().unwrap());
    assert_eq!(world.by(Manager).get(&path).await.body, reply.body);
}

async fn r22_adding_a_sensor_is_refused_with_the_reason(world: World) {
    let add = async |body: serde_json::Value| world.by(Manager).post("…/sensors", &body).await;
    let refused = add(json!({ "serial": "282c02424eed" })).await;
    assert_eq!(refused.refusal(), (409, "no_license_left"), "{refused}");

    let short = world.key(1, "P1M").await;
    world.key(5, "P2Y").await;
    let first = add(json!({ "serial": "282c02424eed", "key": short })).await;
    assert_eq!((first.status, &first.body["key"]), (201, &json!(short)));
    let path = format!("/api/v1/organizations/{}/activation-codes", world.elsewhere);
    let code = world.code(1, "P1Y").await;
    assert_eq!(world.by(Stranger).post(&path, &json!({ "code": code })).await.status, 201);
    let path = format!("/api/v1/organizations/{}/sensors", world.elsewhere);
    assert_eq!(world.by(Stranger).post(&path, &json!({ "serial": "282c02424ee0" })).await.status, 201);

    let long = "x".repeat(101);
    for (body, refusal) in [
        (json!({ "serial": "282c02424eed" }), (409, "serial_already_added")),
        (json!({ "serial": "282c02424ee0" }), (409, "serial_in_use_elsewhere")),
        (json!({ "serial": "282c02424eee", "key": short }), (409, "key_not_available")),
        (json!({ "serial": "282c02424eee", "key": code }), (404, "not_found")),
        (json!({ "serial": "282c02424eee", "key": "\u{0}" }), (404, "not_found")),
        (json!({ "serial": "282c" }), (422, "serial_malformed")),
        (json!({ "serial": "282c02424eee", "name": "" }), (422, "invalid")),
        (json!({ "serial": "282c02424eee", "name": long }), (422, "invalid")),
        (json!({ "serial": "282c02424eee", "name": "a\nb" }), (422, "invalid")),
        (json!({ "serial": 5 }), (400, "body_malformed")),
        (json!({ "name": "a" }), (400, "body_malformed")),
    ] {
        let reply = add(body.clone()).await;
        assert_eq!(reply.refusal(), refusal, "{body}: {reply}");
    }
    let summary = world.by(Manager).get("…/license-summary").await;
    assert_eq!(summary.body["licenses_left"], 5, "a refusal takes nothing: {summary}");
}

async fn r12_auto_renewal_switched_on_renews_an_expired_sensor_at_once(world: World) {
    world.key(1, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}");
    let off = world.by(Manager).patch(&path, &json!({ "auto_renewal": false, "name": "Cellar" })).await;
    assert_eq!((off.status, &off.body["name"]), (200, &json!("Cellar")));
    world.key(1, "P1Y").await;
    world.at("2027-03-01T12:00:00Z");
    let expired = world.by(Administrator).get(&path).await;
    assert_eq!(
        (&expired.body["standing"], &expired.body["days_remaining"]),
        (&json!("expired"), &json!(-70))
    );
    let on = world.by(Manager).patch(&path, &json!({ "auto_renewal": true })).await;
    assert_reads!(on, @r#"
    200
    {
      "activation_date": "2027-03-01",
      "added_at": "2026-11-21T10:00:00Z",
      "at_end": null,
      "auto_renewal": true,
      "battery": null,
      "covered_until": "2028-03-01T23:00:00Z",
      "covered_until_on": "2028-03-01",
      "days_remaining": 366,
      "earlier_cover": [
        {
          "from": "2026-11-21",
          "until": "2026-12-21"
        }
      ],
      "expires_at": "2028-03-01T23:00:00Z",
      "expires_on": "2028-03-01",
      "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
      "key": "VX4G9-9YT7B-EXHMT-CY63T-MPK9T",
      "key_licenses_assigned": 1,
      "last_seen_at": null,
      "license_id": "lic_01m7yrrt806c77gy438xm6d1t4",
      "name": "Cellar",
      "queued": [],
      "refused_messages": 0,
      "refused_since": null,
      "serial": "282c02424eed",
      "signal_dbm": null,
      "standing": "covered"
    }
    "#);
}

on_both_engines!(
    r22_adding_a_sensor_takes_a_license,
    r22_adding_a_sensor_is_refused_with_the_reason,
    r12_auto_renewal_switched_on_renews_an_expired_sensor_at_once,
);
