//! Removing, replacing and adding lists of sensors; what the operator sees of it.

use serde_json::json;

use crate::support::{Administrator, Analyst, Manager, Operator, Stranger, World};

async fn r21_a_sensor_is_removed_and_comes_back(world: World) {
    let key = world.key(3, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}");
    let queued = world.by(Manager).call("POST", &format!("{path}/licenses"), None).await;
    assert_eq!(queued.status, 201, "{queued}");
    let before = world.by(Manager).get(&path).await;

    let preview = world.by(Manager).call("POST", &format!("{path}/removal/preview"), None).await;
    assert_eq!(world.by(Manager).get(&path).await.body, before.body, "a preview changes nothing");
    let removal = world.by(Manager).delete(&path).await;
    assert_eq!((removal.status, &removal.body), (200, &preview.body));
    assert_reads!(removal, @r#"
    200
    {
      "released": {
        "expires_on": "2027-11-21",
        "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
        "license_id": "lic_01m7yrrt80sra1305j7887bdw0"
      },
      "returned_to_pool": 1
    }
    "#);
    assert_eq!(world.by(Manager).get(&path).await.refusal(), (404, "not_found"));
    assert_eq!(world.by(Manager).delete(&path).await.refusal(), (404, "not_found"));
    assert_eq!(world.by(Manager).get("…/sensors").await.ids(), Vec::<String>::new());
    let removed = world.by(Manager).get("…/removed-sensors").await;
    assert_reads!(removed, @r#"
    200
    {
      "items": [
        {
          "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
          "name": "282c02424eed",
          "released": {
            "expires_at": "2027-11-21T23:00:00Z",
            "expires_on": "2027-11-21",
            "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
            "license_id": "lic_01m7yrrt80sra1305j7887bdw0",
            "term": "P1Y"
          },
          "removed_at": "2026-11-21T10:00:00Z",
          "serial": "282c02424eed"
        }
      ],
      "next_cursor": null
    }
    "#);
    let seen = world.by(Analyst).get("…/removed-sensors").await;
    assert_eq!((seen.ids(), &seen.body["items"][0]["released"]), (vec![sensor.clone()], &json!(null)));
    let summary = world.by(Manager).get("…/license-summary").await.body;
    assert_eq!((&summary["licenses_left"], &summary["keys"][0]["released"]), (&json!(2), &json!(1)));

    world.at("2026-12-24T10:00:00Z");
    let back = world.by(Manager).post("…/sensors", &json!({ "serial": "282C02424EED", "key": key })).await;
    assert_eq!((back.status, &back.body["id"]), (201, &json!(sensor)));
    for field in ["license_id", "activation_date", "expires_at", "added_at", "name"] {
        assert_eq!(back.body[field], before.body[field], "{field}");
    }
    assert_eq!(world.by(Manager).get("…/removed-sensors").await.ids(), Vec::<String>::new());
}

async fn r21_the_rest_of_a_license_is_given_by_hand(world: World) {
    world.key(1, "P1M").await;
    let (gone, other) = (world.sensor("282c02424eed").await, "…/sensors");
    world.key(1, "P1D").await;
    let other = format!("{other}/{}", world.sensor("282c02424eee").await);
    let removal = world.by(Manager).delete(&format!("…/sensors/{gone}")).await;
    let license = removal.body["released"]["license_id"].as_str().unwrap();
    let path = format!("{other}/licenses");
    let give = async |body: serde_json::Value| world.by(Manager).post(&path, &body).await;
    assert_eq!(give(json!({ "license_id": license })).await.refusal(), (409, "sensor_covered"));
    world.at("2026-12-01T12:00:00Z");
    for (body, refusal) in [
        (json!({ "license_id": license, "key": "x" }), (422, "invalid")),
        (json!({ "license_id": "x" }), (404, "not_found")),
        (json!({ "license_id": "lic_00000000000000000000000000" }), (404, "not_found")),
    ] {
        assert_eq!(give(body.clone()).await.refusal(), refusal, "{body}");
    }
    let given = give(json!({ "license_id": license })).await;
    assert_reads!(given, @r#"
    201
    {
      "activation_date": "2026-12-01",
      "ends_at": "2026-12-21T23:00:00Z",
      "expires_on": "2026-12-21",
      "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
      "license_id": "lic_01m7yrrt80sra1305j7887bdw0",
      "starts_at": "2026-12-01T12:00:00Z",
      "state": "active",
      "term": "P1M"
    }
    "#);
    assert_eq!(give(json!({ "license_id": license })).await.refusal(), (409, "license_not_released"));
}

async fn r21_history_is_erased_when_the_serial_number_is_typed(world: World) {
    world.key(1, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/removed-sensors/{sensor}");
    let typed = json!({ "serial": "282c02424eed" });
    let erase =
        async |body: serde_json::Value| world.by(Administrator).post(&format!("{path}/erasure"), &body).await;
    assert_eq!(erase(typed.clone()).await.refusal(), (404, "not_found"), "it is not removed");
    let read = world.by(Analyst).get(&format!("{path}/measurements")).await;
    assert_eq!(read.refusal(), (404, "not_found"), "it is not removed");
    world.by(Manager).delete(&format!("…/sensors/{sensor}")).await;
    let read = world.by(Analyst).get(&format!("{path}/measurements")).await;
    assert_eq!((read.status, &read.body), (200, &json!({ "channels": [] })));
    assert_eq!(erase(json!({ "serial": "yes" })).await.refusal(), (422, "serial_not_confirmed"));
    assert_eq!(erase(json!({})).await.refusal(), (400, "body_malformed"));
    assert_eq!(erase(typed.clone()).await.status, 204);
}

async fn r21_removed_sensors_come_in_pages(world: World) {
    world.key(5, "P1M").await;
    let mut removed = Vec::new();
    for number in 0..5 {
        let sensor = world.sensor(&format!("282c0242000{number}")).await;
        if number != 3 {
            world.at(&format!("2026-11-21T10:00:0{number}Z"));
        }
        world.by(Manager).delete(&format!("…/sensors/{sensor}")).await;
        removed.insert(0, sensor);
    }
    let whole = world.by(Manager).get("…/removed-sensors").await.ids();
    assert_eq!((whole.len(), &whole[0], whole.last()), (5, &removed[0], removed.last()));
    let (mut put_together, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.by(Manager).get(&format!("…/removed-sensors?limit=2{cursor}")).await;
        put_together.extend(page.ids());
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(put_together, whole);
    for query in ["limit=0", "cursor=x", "colour=red"] {
        assert_eq!(world.by(Manager).get(&format!("…/removed-sensors?{query}")).await.status, 422, "{query}");
    }
}

async fn r20_a_sensor_is_replaced(world: World) {
    world.key(3, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    world.sensor("282c02424ee1").await;
    let before = world.by(Manager).get(&format!("…/sensors/{sensor}")).await;
    let path = format!("…/sensors/{sensor}/replacement");
    let replace = async |serial: &str| world.by(Manager).post(&path, &json!({ "serial": serial })).await;
    let there = world.code(1, "P1Y").await;
    let own = format!("/api/v1/organizations/{}", world.elsewhere);
    world.by(Stranger).post(&format!("{own}/activation-codes"), &json!({ "code": there })).await;
    world.by(Stranger).post(&format!("{own}/sensors"), &json!({ "serial": "282c02424ee2" })).await;
    for (serial, refusal) in [
        ("282c02424eed", (409, "serial_already_added")),
        ("282c02424ee1", (409, "serial_already_added")),
        ("282c02424ee2", (409, "serial_in_use_elsewhere")),
        ("282c", (422, "serial_malformed")),
    ] {
        assert_eq!(replace(serial).await.refusal(), refusal, "{serial}");
    }
    let replaced = replace("282C02424EEE").await;
    let mut expected = before.body.clone();
    expected["serial"] = json!("282c02424eee");
    // It was never given a name of its own.
    expected["name"] = json!("282c02424eee");
    assert_eq!((replaced.status, &replaced.body), (200, &expected), "nothing else changes");
    let found = world.by(Manager).get("…/sensors?search=2424eee").await;
    assert_eq!(found.ids(), [sensor.as_str()]);
    assert_eq!(world.by(Manager).get("…/sensors?search=2424eed").await.ids(), Vec::<String>::new());
    let fresh = world.sensor("282c02424eed").await;
    assert_ne!(fresh, sensor);
}

async fn r22_a_list_is_previewed_and_added(world: World) {
    world.key(1, "P1M").await;
    world.key(1, "P1Y").await;
    let list = json!({ "sensors": [
        { "serial": "282C02424EED", "name": " Cold room " },
        { "serial": "282c02424eee" },
        { "serial": "282c02424eee" },
        { "serial": "282c", "name": "Gate" },
        { "serial": "282c02424ee1", "name": "" },
        { "serial": "282c02424ee2" },
    ] });
    let preview = world.by(Manager).post("…/sensors/additions/preview", &list).await;
    assert_reads!(preview, @r#"
    200
    {
      "can_be_added": false,
      "items": [
        {
          "activation_date": "2026-11-21",
          "detail": null,
          "expires_on": "2027-11-21",
          "key": "VJMX1-05WM4-EH8YY-ZM8Y2-8D623",
          "name": "Cold room",
          "outcome": "takes_license",
          "serial": "282C02424EED",
          "term": "P1Y"
        },
        {
          "activation_date": "2026-11-21",
          "detail": null,
          "expires_on": "2026-12-21",
          "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
          "name": "282c02424eee",
          "outcome": "takes_license",
          "serial": "282c02424eee",
          "term": "P1M"
        },
        {
          "activation_date": null,
          "detail": "This serial number is in the list more than once. Keep one of its lines.",
          "expires_on": null,
          "key": null,
          "name": "282c02424eee",
          "outcome": "serial_listed_twice",
          "serial": "282c02424eee",
          "term": null
        },
        {
          "activation_date": null,
          "detail": "A serial number has 12 hexadecimal digits (0 to 9, a to f). Copy it from the sensor's label.",
          "expires_on": null,
          "key": null,
          "name": "Gate",
          "outcome": "serial_malformed",
          "serial": "282c",
          "term": null
        },
        {
          "activation_date": null,
          "detail": "name: 1 to 100 characters, on one line",
          "expires_on": null,
          "key": null,
          "name": "",
          "outcome": "invalid",
          "serial": "282c02424ee1",
          "term": null
        },
        {
          "activation_date": null,
          "detail": "No license is left. Add an activation code, or remove a sensor.",
          "expires_on": null,
          "key": null,
          "name": "282c02424ee2",
          "outcome": "no_license_left",
          "serial": "282c02424ee2",
          "term": null
        }
      ],
      "licenses_left": 2,
      "licenses_needed": 3
    }
    "#);
    let refused = world.by(Manager).post("…/sensors/additions", &list).await;
    assert_reads!(refused, @r#"
    409
    {
      "code": "list_refused",
      "detail": "No sensor was added. Sensor 3 of the list, 282c02424eee: This serial number is in the list more than once. Keep one of its lines.",
      "status": 409,
      "title": "List refused",
      "type": "/problems/list_refused"
    }
    "#);
    let short = json!({ "sensors": &list["sensors"].as_array().unwrap()[..2], "auto_renewal": false });
    let preview = world.by(Manager).post("…/sensors/additions/preview", &short).await;
    assert_eq!(preview.body["can_be_added"], json!(true), "{preview}");
    let added = world.by(Manager).post("…/sensors/additions", &short).await;
    assert_eq!((added.status, added.ids().len()), (201, 2), "{added}");
    for (row, planned) in
        added.body["items"].as_array().unwrap().iter().zip(preview.body["items"].as_array().unwrap())
    {
        for field in ["name", "key", "activation_date", "expires_on"] {
            assert_eq!(row[field], planned[field], "{field}");
        }
        assert_eq!(row["auto_renewal"], json!(false));
    }
    for (body, refusal) in [
        (json!({ "sensors": [] }), (422, "invalid")),
        (json!({ "sensors": [{ "serial": "282c02424ee5" }] }), (409, "no_license_left")),
        (json!({ "sensors": [{ "serial": "282c02424ee5" }], "key": "x" }), (404, "not_found")),
        (json!({ "sensors": [{ "name": "x" }] }), (400, "body_malformed")),
    ] {
        assert_eq!(world.by(Manager).post("…/sensors/additions", &body).await.refusal(), refusal, "{body}");
    }
}

async fn r22_ten_thousand_long_names_fit_into_a_list(world: World) {
    let name = "ł".repeat(100);
    let sensors: Vec<_> =
        (0..10_000_u64).map(|number| json!({ "serial": format!("{number:012x}"), "name": name })).collect();
    let refused = world.by(Manager).post("…/sensors/additions", &json!({ "sensors": sensors })).await;
    assert_eq!(refused.refusal(), (409, "no_license_left"));
}

async fn r22_the_operator_finds_and_frees_a_serial_number(world: World) {
    world.key(2, "P1Y").await;
    world.sensor("282c02424eed").await;
    let list = world.by(Operator).get("/api/v1/operator/organizations").await;
    assert_reads!(list, @r#"
    200
    {
      "items": [
        {
          "created_at": "2026-11-21T10:00:00Z",
          "id": "org_01m7yrrt805hpq0rbf5x4dsr0w",
          "licenses_left": 0,
          "name": "Elsewhere",
          "sensors": 0,
          "time_zone": "Europe/Warsaw",
          "users": 1
        },
        {
          "created_at": "2026-11-21T10:00:00Z",
          "id": "org_01m7yrrt80anf73gc6j3q45j8b",
          "licenses_left": 1,
          "name": "Harbor",
          "sensors": 1,
          "time_zone": "Europe/Warsaw",
          "users": 3
        }
      ],
      "next_cursor": null
    }
    "#);
    let search =
        async |query: &str| world.by(Operator).get(&format!("/api/v1/operator/organizations?{query}")).await;
    assert_eq!(search("search=HARB").await.ids(), [world.harbor.to_string()]);
    assert_eq!(search("search=nobody").await.ids(), Vec::<String>::new());
    let first = search("limit=1").await;
    assert_eq!(first.ids(), [world.elsewhere.to_string()]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    assert_eq!(search(&format!("limit=1&cursor={cursor}")).await.ids(), [world.harbor.to_string()]);
    let path = "/api/v1/operator/serial-numbers/282C02424EED";
    let found = world.by(Operator).get(path).await;
    assert_reads!(found, @r#"
    200
    {
      "added_at": "2026-11-21T10:00:00Z",
      "organization": {
        "id": "org_01m7yrrt80anf73gc6j3q45j8b",
        "name": "Harbor"
      },
      "serial": "282c02424eed"
    }
    "#);
    let freed = world.by(Operator).call("POST", &format!("{path}/release"), None).await;
    assert_eq!((freed.status, &freed.body["released"]["key"]), (200, &json!(null)), "{freed}");
    assert_eq!(world.by(Operator).get(path).await.refusal(), (404, "not_found"));
    let again = world.by(Operator).call("POST", &format!("{path}/release"), None).await;
    assert_eq!(again.refusal(), (404, "not_found"));
    for bad in ["282c", "%FF"] {
        let reply = world.by(Operator).get(&format!("/api/v1/operator/serial-numbers/{bad}")).await;
        assert_eq!(reply.refusal(), (422, "serial_malformed"), "{bad}");
    }
}

async fn r5_a_revocation_is_previewed(world: World) {
    let codes = "/api/v1/operator/activation-codes";
    world.code(2, "P1Y").await;
    let id = world.by(Operator).get(codes).await.ids()[0].clone();
    let nobody = world.by(Operator).call("POST", &format!("{codes}/{id}/revocation/preview"), None).await;
    assert_eq!((nobody.status, &nobody.body["organization"]), (200, &json!(null)), "{nobody}");
    world.at("2026-11-21T10:00:01Z");
    world.key(3, "P1Y").await;
    let id = world.by(Operator).get(codes).await.ids()[0].clone();
    let sensor = world.sensor("282c02424eed").await;
    let gone = world.sensor("282c02424eee").await;
    world.by(Manager).delete(&format!("…/sensors/{gone}")).await;
    let path = format!("{codes}/{id}/revocation/preview");
    let kept = world.by(Operator).call("POST", &path, None).await;
    assert_eq!((kept.status, &kept.body["sensors_losing_cover"]), (200, &json!(0)), "{kept}");
    let ended = world.by(Operator).post(&path, &json!({ "end_active": true })).await;
    assert_reads!(ended, @r#"
    200
    {
      "active": 1,
      "available": 1,
      "organization": {
        "id": "org_01m7yrrt80anf73gc6j3q45j8b",
        "name": "Harbor"
      },
      "queued": 0,
      "released": 1,
      "sensors": [
        {
          "id": "sen_01m7yrrv786c77gy438xm6d1t3",
          "name": "282c02424eed",
          "serial": "282c02424eed"
        }
      ],
      "sensors_losing_cover": 1
    }
    "#);
    let row = world.by(Manager).get(&format!("…/sensors/{sensor}")).await;
    assert_eq!(row.body["standing"], json!("covered"), "nothing has changed");
    let unknown = format!("{codes}/cod_00000000000000000000000000/revocation/preview");
    assert_eq!(world.by(Operator).call("POST", &unknown, None).await.refusal(), (404, "not_found"));
}

on_both_engines!(
    r21_a_sensor_is_removed_and_comes_back,
    r21_the_rest_of_a_license_is_given_by_hand,
    r21_history_is_erased_when_the_serial_number_is_typed,
    r21_removed_sensors_come_in_pages,
    r20_a_sensor_is_replaced,
    r22_a_list_is_previewed_and_added,
    r22_ten_thousand_long_names_fit_into_a_list,
    r22_the_operator_finds_and_frees_a_serial_number,
    r5_a_revocation_is_previewed,
);
