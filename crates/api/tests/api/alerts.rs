//! Alert rules and alerts.

use serde_json::{Value, json};
use tenure_app::judge_alerts::{Observed, Rules};
use tenure_domain::alert::Kept;
use tenure_domain::measurement::{Channel, ChannelType, Reading, Sample};
use tenure_domain::{Role, SensorId};
use tenure_store::{alert_rules, sensors};

use crate::support::{Administrator, Analyst, Manager, World};

fn too_warm(sensors: &Value) -> Value {
    let condition =
        json!({ "kind": "above", "channel_type": "temperature", "threshold": 8.05, "hysteresis": 0.5 });
    json!({ "name": "Too warm", "condition": condition, "sensors": sensors })
}

/// Judges temperatures in tenths, a minute apart up to the clock's instant, as the hot path does.
async fn judge(world: &World, sensor: &str, tenths: &[i32]) {
    let id: SensorId = sensor.parse().unwrap();
    let mut tx = world.app.db.begin().await.unwrap();
    let sensor = sensors::get(&mut tx, world.harbor, id).await.unwrap().unwrap().number;
    let (arrived, minutes) = (world.app.clock.now(), i64::try_from(tenths.len()).unwrap() - 1);
    let sample = |(minute, raw): (i64, &i32)| Sample {
        at: arrived.plus_seconds((minute - minutes) * 60),
        reading: Reading::Value(*raw),
    };
    let samples = (0..).zip(tenths).map(sample).collect();
    let message = Observed {
        organization: world.harbor,
        sensor,
        arrived,
        kept: Kept::All,
        low_battery: true,
        channels: vec![Channel { position: 1, kind: ChannelType::Temperature, samples }],
    };
    let rules = Rules::of(alert_rules::in_force(&mut tx, None).await.unwrap());
    world.app.judge_alerts(&mut tx, &rules, &[message]).await.unwrap();
    tx.commit().await.unwrap();
}

/// An alert of a new sensor with this serial number.
pub(crate) async fn open_alert(world: &World, serial: &str) -> String {
    let sensor = world.sensor(serial).await;
    let rule = world.by(Manager).post("…/alert-rules", &too_warm(&json!([sensor]))).await;
    let rule = rule.body["id"].as_str().unwrap_or_else(|| panic!("no rule: {rule}"));
    judge(world, &sensor, &[90]).await;
    world.by(Manager).get(&format!("…/alerts?rule_id={rule}")).await.ids()[0].clone()
}

async fn a_rule_is_made_changed_and_removed(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let made = world.by(Manager).post("…/alert-rules", &too_warm(&json!([sensor]))).await;
    assert_reads!(made, @r#"
    201
    {
      "condition": {
        "channel_type": "temperature",
        "hysteresis": 0.5,
        "kind": "above",
        "threshold": 8.05
      },
      "created_at": "2026-11-21T10:00:00Z",
      "enabled": true,
      "etag": "PE9xIBeo3Htpall2",
      "id": "rul_01m7yrrt80ctmhxeb7ty99g4xv",
      "name": "Too warm",
      "open_alerts": 0,
      "recipients": [],
      "sensors": [
        "sen_01m7yrrt801dh4faewcwwk4qxc"
      ]
    }
    "#);
    let path = format!("…/alert-rules/{}", made.body["id"].as_str().unwrap());
    let patch = json!({ "name": "Battery", "condition": { "kind": "low_battery" }, "sensors": "all", "enabled": false });
    let changed = world.by(Manager).patch(&path, &patch).await;
    assert_reads!(changed, @r#"
    200
    {
      "condition": {
        "kind": "low_battery"
      },
      "created_at": "2026-11-21T10:00:00Z",
      "enabled": false,
      "etag": "DtWZ6yruj2o5luJ_",
      "id": "rul_01m7yrrt80ctmhxeb7ty99g4xv",
      "name": "Battery",
      "open_alerts": 0,
      "recipients": [],
      "sensors": "all"
    }
    "#);
    let same = world.by(Manager).patch(&path, &json!({})).await;
    assert_eq!(same.body, changed.body);
    let list = world.by(Analyst).get("…/alert-rules").await;
    assert_eq!((&list.body["items"], &list.body["next_cursor"]), (&json!([changed.body]), &Value::Null));
    assert_eq!(world.by(Manager).delete(&path).await.status, 204);
    assert_eq!(world.by(Manager).delete(&path).await.refusal(), (404, "not_found"));
    assert_eq!(world.by(Analyst).get("…/alert-rules").await.ids(), Vec::<String>::new());
}

async fn members_are_told_of_a_rules_alerts(world: World) {
    let member = async |name: &str| {
        let email = format!("{name}@harbor.example");
        world.user_without_password(&email, "Harbor", Role::Analyst).await
    };
    let (ewa, jan) = (member("ewa").await, member("jan").await);
    let stranger = world.user_without_password("zoe@harbor.example", "Elsewhere", Role::Analyst).await;
    let with = |recipients: &Value| {
        let mut rule = too_warm(&json!("all"));
        rule["recipients"] = recipients.clone();
        rule
    };
    let made = world.by(Manager).post("…/alert-rules", &with(&json!([jan, ewa, jan]))).await;
    assert_eq!((made.status, &made.body["recipients"]), (201, &json!([ewa, jan])), "{made}");
    let path = format!("…/alert-rules/{}", made.body["id"].as_str().unwrap());
    let patch = async |body: Value| world.by(Manager).patch(&path, &body).await;
    assert_eq!(patch(json!({ "name": "Warm" })).await.body["recipients"], json!([ewa, jan]));
    for nobody in [&stranger, "usr_00000000000000000000000000"] {
        assert_eq!(patch(json!({ "recipients": [ewa, nobody] })).await.refusal(), (404, "not_found"));
        let refused = world.by(Manager).post("…/alert-rules", &with(&json!([nobody]))).await;
        assert_eq!(refused.refusal(), (404, "not_found"));
    }
    assert_eq!(patch(json!({ "recipients": [jan] })).await.body["recipients"], json!([jan]));
    let trail = world.by(Manager).get("…/audit?action=alert_rule_changed&limit=1").await;
    let row = &trail.body["items"][0];
    assert_eq!(
        (&row["before"]["recipients"], &row["after"]["recipients"]),
        (&json!([ewa, jan]), &json!([jan]))
    );
    // Who leaves is told no more.
    assert_eq!(world.by(Administrator).delete(&format!("…/users/{jan}")).await.status, 204);
    let list = world.by(Analyst).get("…/alert-rules").await;
    assert_eq!(list.body["items"][0]["recipients"], json!([]));
}

async fn a_rule_that_cannot_be_is_refused(world: World) {
    let post = async |condition: Value, sensors: Value| {
        let body = json!({ "name": "Watch", "condition": condition, "sensors": sensors });
        world.by(Manager).post("…/alert-rules", &body).await
    };
    let above = |channel_type: &str, threshold: Value| json!({ "kind": "above", "channel_type": channel_type, "threshold": threshold });
    for (condition, sensors, refusal) in [
        (above("temperature", json!(1e300)), json!("all"), (400, "body_malformed")),
        (above("temperature", json!(1e9)), json!("all"), (422, "invalid")),
        (above("warmth", json!(1)), json!("all"), (400, "body_malformed")),
        (above("flooding", json!(1)), json!("all"), (422, "invalid")),
        (json!({ "kind": "low_battery", "threshold": 1 }), json!("all"), (400, "body_malformed")),
        (json!({ "kind": "lost_connection" }), json!("all"), (400, "body_malformed")),
        (json!({ "kind": "lost_connection", "after_minutes": 0 }), json!("all"), (422, "invalid")),
        (json!({ "kind": "low_battery" }), json!("some"), (422, "invalid")),
        (json!({ "kind": "low_battery" }), json!([]), (422, "invalid")),
        (json!({ "kind": "low_battery" }), json!(["sen_00000000000000000000000000"]), (404, "not_found")),
    ] {
        let reply = post(condition.clone(), sensors).await;
        assert_eq!(reply.refusal(), refusal, "{condition}: {reply}");
    }
    for _ in 0..100 {
        assert_eq!(post(json!({ "kind": "low_battery" }), json!("all")).await.status, 201);
    }
    let reply = post(json!({ "kind": "low_battery" }), json!("all")).await;
    assert_eq!(reply.refusal(), (409, "too_many_alert_rules"));
    let (mut whole, mut cursor) = (0, String::new());
    loop {
        let page = world.by(Manager).get(&format!("…/alert-rules?limit=30{cursor}")).await;
        whole += page.ids().len();
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(whole, 100);
}

async fn alerts_are_listed_counted_and_told_apart(world: World) {
    world.key(2, "P1Y").await;
    let (one, two) = (world.sensor("282c02424eed").await, world.sensor("282c02424eee").await);
    let rule = world.by(Administrator).post("…/alert-rules", &too_warm(&json!("all"))).await;
    let rule = rule.body["id"].as_str().unwrap().to_owned();
    world.at("2026-11-21T11:00:00Z");
    judge(&world, &one, &[80, 81, 95, 75]).await;
    world.at("2026-11-21T12:00:00Z");
    judge(&world, &two, &[79, 81]).await;
    let analyst = world.by(Analyst);
    assert_reads!(analyst.get("…/alerts").await, @r#"
    200
    {
      "items": [
        {
          "closed_at": null,
          "closed_because": null,
          "condition": {
            "channel_type": "temperature",
            "hysteresis": 0.5,
            "kind": "above",
            "threshold": 8.05
          },
          "id": "alr_01m7yzmhg0fwwkh14n0rfb0v71",
          "opened_at": "2026-11-21T12:00:00Z",
          "opened_value": 8.1,
          "rule_id": "rul_01m7yrrt80tntv1tr99sqhvkvk",
          "rule_name": "Too warm",
          "sensor_id": "sen_01m7yrrt80ctmhxeb7ty99g4xv",
          "sensor_name": "282c02424eee",
          "serial": "282c02424eee",
          "unit": "°C",
          "worst_value": 8.1
        },
        {
          "closed_at": "2026-11-21T11:00:00Z",
          "closed_because": "back_to_normal",
          "condition": {
            "channel_type": "temperature",
            "hysteresis": 0.5,
            "kind": "above",
            "threshold": 8.05
          },
          "id": "alr_01m7yw6nw06c77gy438xm6d1t3",
          "opened_at": "2026-11-21T10:58:00Z",
          "opened_value": 8.1,
          "rule_id": "rul_01m7yrrt80tntv1tr99sqhvkvk",
          "rule_name": "Too warm",
          "sensor_id": "sen_01m7yrrt801dh4faewcwwk4qxc",
          "sensor_name": "282c02424eed",
          "serial": "282c02424eed",
          "unit": "°C",
          "worst_value": 9.5
        }
      ],
      "next_cursor": null
    }
    "#);
    assert_eq!(analyst.get("…/alert-counts").await.body, json!({ "open": 1 }));
    assert_eq!(analyst.get("…/alert-rules").await.body["items"][0]["open_alerts"], 1);
    for (query, count) in [
        ("state=open".to_owned(), 1),
        ("state=closed".to_owned(), 1),
        (format!("sensor_id={one}"), 1),
        (format!("sensor_id={one}&state=open"), 0),
        (format!("rule_id={rule}"), 2),
        ("rule_id=rul_00000000000000000000000000".to_owned(), 0),
    ] {
        assert_eq!(analyst.get(&format!("…/alerts?{query}")).await.ids().len(), count, "{query}");
    }
    let first = analyst.get("…/alerts?limit=1").await;
    let next = first.body["next_cursor"].as_str().unwrap();
    let second = analyst.get(&format!("…/alerts?limit=1&cursor={next}")).await;
    assert_eq!((second.ids().len(), &second.body["next_cursor"]), (1, &Value::Null));
    assert_ne!(first.ids(), second.ids());
    for query in ["state=ajar", "sensor_id=x", "rule_id=x", "cursor=x", "limit=0"] {
        assert_eq!(analyst.get(&format!("…/alerts?{query}")).await.refusal(), (422, "invalid"), "{query}");
    }
    assert_eq!(world.by(Manager).delete(&format!("…/alert-rules/{rule}")).await.status, 204);
    let alerts = analyst.get("…/alerts").await;
    assert_eq!(alerts.body["items"][0]["rule_id"], Value::Null);
    assert_eq!(alerts.body["items"][0]["closed_because"], "rule_removed");
    assert_eq!(alerts.body["items"][0]["rule_name"], "Too warm");
}

on_both_engines!(
    a_rule_is_made_changed_and_removed,
    members_are_told_of_a_rules_alerts,
    a_rule_that_cannot_be_is_refused,
    alerts_are_listed_counted_and_told_apart,
);
