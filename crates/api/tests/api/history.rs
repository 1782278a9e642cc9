//! Measurements, and what sensors tell of themselves.

use serde_json::json;
use tenure_domain::measurement::{Battery, Channel, ChannelType, Reading, Sample};
use tenure_domain::{Instant, SensorId};
use tenure_store::device::{self, Document};
use tenure_store::messages::{self, Fate, NewMessage, Status};
use tenure_store::sensors;

use crate::support::{Analyst, Manager, World};

/// The number under which a sensor's measurements are kept.
async fn number(world: &World, sensor: &str) -> i64 {
    let id: SensorId = sensor.parse().unwrap();
    let mut tx = world.app.db.read().await.unwrap();
    let row = sensors::get(&mut tx, world.harbor, id).await.unwrap().unwrap();
    tx.roll_back().await.unwrap();
    row.number
}

async fn keep(world: &World, sensor: &str, at: &str, fate: Fate, channels: &[Channel]) {
    let arrived: Instant = at.parse().unwrap();
    let battery = Battery { low: true, centivolts: Some(312), source: None };
    let status = Status { battery, signal_dbm: Some(-71), next_transmission_at: None };
    let mut body = Vec::new();
    messages::body(&status, fate, channels, &mut body);
    let sensor = number(world, sensor).await;
    let saved = fate != Fate::Refused;
    let message = NewMessage { number: arrived.as_micros(), sensor, arrived, saved, body };
    let mut tx = world.app.db.begin().await.unwrap();
    messages::append(&mut tx, vec![message]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Saves temperatures in tenths of a degree, one a minute, in a message that arrives with the last.
pub(crate) async fn save(world: &World, sensor: &str, at: &str, tenths: &[i32]) {
    let last: Instant = at.parse().unwrap();
    let minutes = i64::try_from(tenths.len()).unwrap() - 1;
    let sample = |(minute, raw): (i64, &i32)| Sample {
        at: last.plus_seconds((minute - minutes) * 60),
        reading: Reading::Value(*raw),
    };
    let samples = (0..).zip(tenths).map(sample).collect();
    let channel = Channel { position: 1, kind: ChannelType::Temperature, samples };
    keep(world, sensor, at, Fate::Saved, &[channel]).await;
}

async fn measurements_are_told_as_points_or_slices(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    save(&world, &sensor, "2026-11-21T09:59:00Z", &[215, 217, -3, 0]).await;
    let path = format!("…/sensors/{sensor}/measurements");
    let points = world.by(Manager).get(&path).await;
    assert_reads!(points, @r#"
    200
    {
      "channels": [
        {
          "channel": 1,
          "points": [
            {
              "at": "2026-11-21T09:56:00Z",
              "errors": 0,
              "max": 21.5,
              "min": 21.5,
              "value": 21.5
            },
            {
              "at": "2026-11-21T09:57:00Z",
              "errors": 0,
              "max": 21.7,
              "min": 21.7,
              "value": 21.7
            },
            {
              "at": "2026-11-21T09:58:00Z",
              "errors": 0,
              "max": -0.3,
              "min": -0.3,
              "value": -0.3
            },
            {
              "at": "2026-11-21T09:59:00Z",
              "errors": 0,
              "max": 0.0,
              "min": 0.0,
              "value": 0.0
            }
          ],
          "type": "temperature",
          "unit": "°C"
        }
      ]
    }
    "#);
    let slices = world.by(Manager).get(&format!("{path}?points=2&channel=1")).await;
    assert_reads!(slices, @r#"
    200
    {
      "channels": [
        {
          "channel": 1,
          "points": [
            {
              "at": "2026-11-21T09:56:00Z",
              "errors": 0,
              "max": 21.7,
              "min": 21.5,
              "value": 21.6
            },
            {
              "at": "2026-11-21T09:57:30.000001Z",
              "errors": 0,
              "max": 0.0,
              "min": -0.3,
              "value": -0.15
            }
          ],
          "type": "temperature",
          "unit": "°C"
        }
      ]
    }
    "#);
    let range = "from=2026-11-21T09:57:00Z&to=2026-11-21T09:58:00Z";
    let one = world.by(Manager).get(&format!("{path}?{range}")).await;
    assert_eq!(one.body["channels"][0]["points"].as_array().unwrap().len(), 1, "{one}");
    let none = world.by(Manager).get(&format!("{path}?channel=2")).await;
    assert_eq!(none.body, json!({ "channels": [] }));
}

async fn what_a_history_cannot_be_asked_is_told(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    for (query, code) in [
        ("points=0", "invalid"),
        ("points=10001", "invalid"),
        ("points=many", "invalid"),
        ("channel=0", "invalid"),
        ("channel=7", "invalid"),
        ("channel=300", "invalid"),
        ("from=yesterday", "invalid"),
        ("to=2026-11-21", "invalid"),
        ("from=2026-11-21T10:00:00Z&to=2026-11-21T10:00:00Z", "invalid"),
        ("until=2026-11-21T10:00:00Z", "query_malformed"),
    ] {
        let reply = world.by(Manager).get(&format!("…/sensors/{sensor}/measurements?{query}")).await;
        assert_eq!(reply.refusal(), (422, code), "{query}: {reply}");
    }
}

async fn r27_r28_an_expired_sensor_is_seen_and_its_history_is_read(world: World) {
    world.key(1, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    save(&world, &sensor, "2026-11-21T10:30:00Z", &[215]).await;
    world.at("2027-01-05T12:00:00Z");
    keep(&world, &sensor, "2027-01-05T11:00:00Z", Fate::Refused, &[]).await;
    keep(&world, &sensor, "2027-01-05T11:59:00Z", Fate::Refused, &[]).await;
    let row = world.by(Manager).get(&format!("…/sensors/{sensor}")).await;
    assert_reads!(row, @r#"
    200
    {
      "activation_date": "2026-11-21",
      "added_at": "2026-11-21T10:00:00Z",
      "at_end": "no_license",
      "auto_renewal": true,
      "battery": {
        "low": true,
        "volts": 3.12
      },
      "covered_until": "2026-12-21T23:00:00Z",
      "covered_until_on": "2026-12-21",
      "days_remaining": -15,
      "earlier_cover": [],
      "expires_at": "2026-12-21T23:00:00Z",
      "expires_on": "2026-12-21",
      "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
      "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
      "key_licenses_assigned": 1,
      "last_seen_at": "2027-01-05T11:59:00Z",
      "license_id": null,
      "name": "282c02424eed",
      "queued": [],
      "refused_messages": 2,
      "refused_since": "2027-01-05T11:00:00Z",
      "serial": "282c02424eed",
      "signal_dbm": -71,
      "standing": "expired"
    }
    "#);
    let path = format!("…/sensors/{sensor}/measurements?from=2026-11-21T00:00:00Z");
    let history = world.by(Analyst).get(&path).await;
    assert_eq!(history.body["channels"][0]["points"][0]["value"], 21.5, "{history}");
}

async fn a_sensor_tells_of_itself(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}/device");
    let nothing = world.by(Manager).get(&path).await;
    let expected = json!({
        "info": null, "info_received_at": null, "configuration": null, "configuration_received_at": null,
    });
    assert_eq!((nothing.status, nothing.body), (200, expected));
    let number = number(&world, &sensor).await;
    let mut tx = world.app.db.begin().await.unwrap();
    let received = "2026-11-21T09:00:00Z".parse().unwrap();
    device::keep(&mut tx, number, Document::Info, received, r#"{"firmware":"07.02.01"}"#).await.unwrap();
    tx.commit().await.unwrap();
    let reply = world.by(Manager).get(&path).await;
    assert_eq!(reply.body["info"], json!({ "firmware": "07.02.01" }));
    assert_eq!(reply.body["info_received_at"], "2026-11-21T09:00:00Z");
}

on_both_engines!(
    measurements_are_told_as_points_or_slices,
    what_a_history_cannot_be_asked_is_told,
    r27_r28_an_expired_sensor_is_seen_and_its_history_is_read,
    a_sensor_tells_of_itself,
);
