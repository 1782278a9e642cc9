//! "+", and taking back.

use serde_json::json;

use crate::support::{Manager, World};

async fn r11_a_license_goes_behind_the_one_that_covers(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let key = world.key(2, "P6M").await;
    let path = format!("…/sensors/{sensor}/licenses");
    let queued = world.by(Manager).post(&path, &json!({ "key": key })).await;
    assert_reads!(queued, @r#"
    201
    {
      "activation_date": "2027-11-22",
      "ends_at": "2028-05-21T22:00:00Z",
      "expires_on": "2028-05-21",
      "key": "BV47W-05H1Q-8BGS3-WKKJ9-V29CC",
      "license_id": "lic_01m7yrrt80tntv1tr99sqhvkvm",
      "starts_at": "2027-11-21T23:00:00Z",
      "state": "queued",
      "term": "P6M"
    }
    "#);
    let second = world.by(Manager).call("POST", &path, None).await;
    assert_eq!(second.body["starts_at"], queued.body["ends_at"]);
    let row = world.by(Manager).get(&format!("…/sensors/{sensor}")).await;
    assert_reads!(row, @r#"
    200
    {
      "activation_date": "2026-11-21",
      "added_at": "2026-11-21T10:00:00Z",
      "at_end": null,
      "auto_renewal": true,
      "battery": null,
      "covered_until": "2028-11-21T23:00:00Z",
      "covered_until_on": "2028-11-21",
      "days_remaining": 365,
      "earlier_cover": [],
      "expires_at": "2027-11-21T23:00:00Z",
      "expires_on": "2027-11-21",
      "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
      "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
      "key_licenses_assigned": 1,
      "last_seen_at": null,
      "license_id": "lic_01m7yrrt80sra1305j7887bdw0",
      "name": "282c02424eed",
      "queued": [
        {
          "activation_date": "2027-11-22",
          "expires_on": "2028-05-21",
          "key": "BV47W-05H1Q-8BGS3-WKKJ9-V29CC",
          "license_id": "lic_01m7yrrt80tntv1tr99sqhvkvm",
          "term": "P6M"
        },
        {
          "activation_date": "2028-05-22",
          "expires_on": "2028-11-21",
          "key": "BV47W-05H1Q-8BGS3-WKKJ9-V29CC",
          "license_id": "lic_01m7yrrt80tntv1tr99sqhvkvn",
          "term": "P6M"
        }
      ],
      "refused_messages": 0,
      "refused_since": null,
      "serial": "282c02424eed",
      "signal_dbm": null,
      "standing": "covered"
    }
    "#);
    assert_eq!(world.by(Manager).call("POST", &path, None).await.refusal(), (409, "no_license_left"));
    let reply = world.by(Manager).post(&path, &json!({ "key": key })).await;
    assert_eq!(reply.refusal(), (409, "key_not_available"));
}

async fn r19_a_queued_license_is_taken_back_and_its_queue_moves_up(world: World) {
    world.key(3, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}/licenses");
    let first = world.by(Manager).call("POST", &path, None).await;
    let second = world.by(Manager).call("POST", &path, None).await;
    let taken = format!("{path}/{}", first.body["license_id"].as_str().unwrap());
    let row = world.by(Manager).delete(&taken).await;
    assert_eq!(row.status, 200, "{row}");
    assert_eq!(row.body["queued"][0]["license_id"], second.body["license_id"]);
    assert_eq!(row.body["queued"][0]["activation_date"], first.body["activation_date"]);
    assert_eq!(world.by(Manager).delete(&taken).await.refusal(), (409, "license_not_held"));
    assert_eq!(world.by(Manager).delete(&format!("{path}/lic_x")).await.refusal(), (404, "not_found"));

    // The active one as well, while nothing is saved under it.
    let active = format!("{path}/{}", row.body["license_id"].as_str().unwrap());
    let row = world.by(Manager).delete(&active).await;
    assert_eq!(row.status, 200, "{row}");
    assert_eq!(row.body["license_id"], second.body["license_id"]);
    assert_eq!(row.body["queued"], json!([]));
}

async fn r19_a_license_under_which_something_was_saved_stays(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    crate::history::save(&world, &sensor, "2026-11-21T10:01:00Z", &[215]).await;
    let row = world.by(Manager).get(&format!("…/sensors/{sensor}")).await;
    let path = format!("…/sensors/{sensor}/licenses/{}", row.body["license_id"].as_str().unwrap());
    assert_eq!(world.by(Manager).delete(&path).await.refusal(), (409, "license_in_use"));
}

on_both_engines!(
    r11_a_license_goes_behind_the_one_that_covers,
    r19_a_queued_license_is_taken_back_and_its_queue_moves_up,
    r19_a_license_under_which_something_was_saved_stays,
);
