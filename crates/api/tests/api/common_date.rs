//! Bringing sensors to a common date.

use serde_json::{Value, json};

use crate::support::{Manager, World};

async fn r11_a_common_date_is_seen_before_and_then_done(world: World) {
    let (month, months) = (world.key(1, "P1M").await, world.key(1, "P3M").await);
    let mut ids = Vec::new();
    for (serial, key) in [("000000000001", &month), ("000000000002", &months)] {
        let body = json!({ "serial": serial, "key": key });
        let reply = world.by(Manager).post("…/sensors", &body).await;
        ids.push(reply.body["id"].as_str().unwrap().to_owned());
    }
    world.at("2026-11-21T10:01:00Z");
    let key = world.key(3, "P1M").await;
    let question = json!({ "sensor_ids": ids });
    let dates = world.by(Manager).post("…/common-date/dates", &question).await;
    assert_eq!(
        dates.body["items"][0],
        json!({ "date": "2027-02-21", "spread_days": 0, "licenses_needed": 2, "uncovered": 0 })
    );
    let mut wish = json!({ "sensor_ids": ids, "date": "2027-02-21" });
    let preview = world.by(Manager).post("…/common-date/preview", &wish).await;
    let plan = preview.body["plan"].as_str().unwrap();
    let given = |from: &str, to: &str| json!({ "key": key, "term": "P1M", "activation_date": from, "expires_on": to });
    let item = |place: usize, ends: &str, licenses: Value| {
        let serial = format!("{:012}", place + 1);
        json!({
            "sensor_id": ids[place], "serial": serial, "name": serial, "ends_on": ends, "licenses": licenses,
            "expires_on": "2027-02-21", "days_from_date": 0,
        })
    };
    let two = json!([given("2026-12-22", "2027-01-21"), given("2027-01-22", "2027-02-21")]);
    assert_eq!(
        preview.body,
        json!({
            "date": "2027-02-21",
            "plan": plan,
            "items": [item(0, "2026-12-21", two), item(1, "2027-02-21", json!([]))],
            "licenses_needed": 2,
            "licenses_left": 1,
            "short": 0,
            "spread_days_before": 62,
            "spread_days_after": 0,
            "goes_without": [],
        })
    );
    wish["expected"] = json!("another");
    let refused = world.by(Manager).post("…/common-date", &wish).await;
    assert_eq!(refused.refusal(), (409, "plan_changed"));
    wish["expected"] = preview.body["plan"].clone();
    let done = world.by(Manager).post("…/common-date", &wish).await;
    assert_eq!(done.status, 200, "{done}");
    for part in ["date", "items", "licenses_needed", "licenses_left"] {
        assert_eq!(done.body[part], preview.body[part]);
    }
    let row = world.by(Manager).get(&format!("…/sensors/{}", ids[0])).await.body;
    assert_eq!(row["covered_until_on"], "2027-02-21");
    let again = world.by(Manager).post("…/common-date", &wish).await;
    assert_eq!(again.refusal(), (409, "plan_changed"), "it is there by now");
    for (body, refusal) in [
        (json!({ "sensor_ids": [], "date": "2027-02-21" }), (422, "invalid")),
        (json!({ "sensor_ids": [ids[0], ids[0]], "date": "2027-02-21" }), (422, "invalid")),
        (json!({ "sensor_ids": ids, "date": "2026-11-20" }), (422, "invalid")),
        (json!({ "sensor_ids": ids, "date": "2037-01-01" }), (422, "invalid")),
        (json!({ "sensor_ids": ids, "date": "soon" }), (422, "invalid")),
        (json!({ "sensor_ids": ids, "date": "2027-02-21", "key": "nothing" }), (404, "not_found")),
        (json!({ "sensor_ids": ids }), (400, "body_malformed")),
    ] {
        let reply = world.by(Manager).post("…/common-date/preview", &body).await;
        assert_eq!(reply.refusal(), refusal, "{body}");
    }
    assert_eq!(done.body.get("plan"), None::<&Value>);
}

on_both_engines!(r11_a_common_date_is_seen_before_and_then_done);
