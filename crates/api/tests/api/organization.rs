//! The organization.

use serde_json::json;

use crate::support::{Administrator, Manager, World};

async fn an_organization_is_changed(world: World) {
    let change = json!({
        "name": "Port", "time_zone": "Europe/Lisbon", "language": "de", "device_token": "s3cret",
    });
    let changed = world.by(Administrator).patch("…", &change).await;
    assert_reads!(changed, @r#"
    200
    {
      "device_token": "s3cret",
      "device_token_required": true,
      "id": "org_01m7yrrt80anf73gc6j3q45j8b",
      "language": "de",
      "name": "Port",
      "time_zone": "Europe/Lisbon"
    }
    "#);
    assert_eq!(world.by(Administrator).get("…").await.body, changed.body);
    let seen = world.by(Manager).get("…").await;
    assert_eq!(
        (&seen.body["device_token"], &seen.body["device_token_required"]),
        (&json!(null), &json!(true))
    );

    // What is absent stays; null is no token any more.
    let same = world.by(Administrator).patch("…", &json!({})).await;
    assert_eq!(same.body, changed.body);
    let none = world.by(Administrator).patch("…", &json!({ "device_token": null })).await;
    assert_eq!(none.body["device_token_required"], false);
}

async fn what_an_organization_cannot_be_is_told(world: World) {
    for (change, refusal) in [
        (json!({ "name": " " }), (422, "invalid")),
        (json!({ "name": "elsewhere" }), (409, "organization_name_in_use")),
        (json!({ "time_zone": "Mars/Olympus" }), (422, "zone_unknown")),
        (json!({ "language": "xx" }), (422, "invalid")),
        (json!({ "device_token": "" }), (422, "invalid")),
        (json!({ "device_token": "x".repeat(37) }), (422, "invalid")),
        (json!({ "colour": "red" }), (400, "body_malformed")),
    ] {
        let reply = world.by(Administrator).patch("…", &change).await;
        assert_eq!(reply.refusal(), refusal, "{change}: {reply}");
    }
}

on_both_engines!(an_organization_is_changed, what_an_organization_cannot_be_is_told);
