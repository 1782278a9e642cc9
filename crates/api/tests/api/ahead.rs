//! Seeing before it happens: what lies ahead, and previews that say what the deed does.

use serde_json::{Value, json};

use crate::support::{Administrator, Analyst, Manager, Reply, World};

/// Makes a request first as a preview and then as a deed; nothing happens in between.
async fn previewed(world: &World, path: &str, body: &Value) -> (Reply, Reply) {
    let before = world.by(Manager).get("…/audit").await.body;
    let preview = world.by(Manager).post(&format!("{path}/preview"), body).await;
    assert_eq!(world.by(Manager).get("…/audit").await.body, before, "a preview changes nothing");
    (preview, world.by(Manager).post(path, body).await)
}

/// Who goes without within a year, by name.
async fn without(world: &World) -> Vec<String> {
    names(&world.by(Manager).get("…/ahead?days=365").await.body["goes_without"]["sensors"])
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

async fn sensor(world: &World, serial: u64, name: &str, key: Option<&str>, auto_renewal: bool) -> String {
    let body =
        json!({ "serial": format!("{serial:012x}"), "name": name, "key": key, "auto_renewal": auto_renewal });
    let reply = world.by(Manager).post("…/sensors", &body).await;
    assert_eq!(reply.status, 201, "{reply}");
    reply.body["id"].as_str().unwrap().to_owned()
}

/// A key that is redeemed some minutes later, so that its licenses come behind the others (R13).
async fn later_key(world: &World, minutes: u32, licenses: u32, term: &str) -> String {
    world.at(&format!("2026-11-21T10:{minutes:02}:00Z"));
    world.key(licenses, term).await
}

/// Three sensors of a month that renew themselves, one that does not, and a license of a year in the pool.
async fn furnish(world: &World) -> [String; 4] {
    let key = world.key(4, "P1M").await;
    let mut ids = Vec::new();
    for (serial, name) in (1..).zip(["first", "second", "third"]) {
        ids.push(sensor(world, serial, name, Some(&key), true).await);
    }
    ids.push(sensor(world, 4, "stops", Some(&key), false).await);
    later_key(world, 1, 1, "P1Y").await;
    ids.try_into().unwrap()
}

async fn r14_what_lies_ahead_is_told_and_happens(world: World) {
    let [first, second, third, stops] = furnish(&world).await;
    let ahead = world.by(Manager).get("…/ahead").await;
    let named = |id: &String, serial: u8, name: &str| json!({ "id": id, "serial": format!("{serial:012}"), "name": name, "on": "2026-12-21" });
    assert_eq!(
        ahead.body,
        json!({
            "until": "2027-01-20",
            "renewals_due": 3,
            "licenses_left": 1,
            "covered_by_pool": 1,
            "goes_without": {
                "count": 2,
                "first_on": "2026-12-21",
                "sensors": [named(&second, 2, "second"), named(&third, 3, "third")],
            },
            "stops": { "count": 1, "first_on": "2026-12-21", "sensors": [named(&stops, 4, "stops")] },
        })
    );
    let row = async |id: &str| world.by(Manager).get(&format!("…/sensors/{id}")).await.body;
    for (id, at_end) in
        [(&first, "renews"), (&second, "no_license"), (&third, "no_license"), (&stops, "stops")]
    {
        assert_eq!(row(id).await["at_end"], at_end);
    }
    let soon = world.by(Manager).get("…/ahead?days=29").await.body;
    assert_eq!((&soon["renewals_due"], &soon["stops"]["count"]), (&json!(0), &json!(0)));
    // The 30th day is the last that is covered, so it ends with it.
    let that_day = world.by(Manager).get("…/ahead?days=30").await.body;
    assert_eq!((&that_day["renewals_due"], &that_day["stops"]["count"]), (&json!(3), &json!(1)));

    world.at("2026-12-22T09:00:00Z");
    assert_eq!(row(&first).await["standing"], "covered");
    assert_eq!(row(&first).await["at_end"], Value::Null, "a year is far");
    assert_eq!(row(&first).await["earlier_cover"], json!([{ "from": "2026-11-21", "until": "2026-12-21" }]));
    for (id, at_end) in [(&second, "no_license"), (&third, "no_license"), (&stops, "stops")] {
        let row = row(id).await;
        assert_eq!((&row["standing"], &row["at_end"]), (&json!("expired"), &json!(at_end)));
        assert_eq!(row["earlier_cover"], json!([]), "the shown one is none of the earlier");
    }
    let ahead = world.by(Manager).get("…/ahead?days=1101").await;
    assert_eq!(ahead.refusal(), (422, "invalid"));
}

/// With licenses for all, and of long and of short terms, a row says the same as what lies ahead.
async fn r12_a_row_says_what_happens_at_its_end(world: World) {
    let [first, second, third, stops] = furnish(&world).await;
    let ends = async || {
        let mut ends = Vec::new();
        for id in [&first, &second, &third, &stops] {
            let row = world.by(Manager).get(&format!("…/sensors/{id}")).await;
            ends.push(row.body["at_end"].as_str().unwrap().to_owned());
        }
        let list = world.by(Manager).get("…/sensors?sort=serial").await;
        let listed: Vec<&Value> =
            list.body["items"].as_array().unwrap().iter().map(|row| &row["at_end"]).collect();
        assert_eq!(json!(listed), json!(ends));
        ends
    };
    assert_eq!(ends().await, ["renews", "no_license", "no_license", "stops"]);
    later_key(&world, 2, 2, "P1Y").await;
    assert_eq!(ends().await, ["renews", "renews", "renews", "stops"]);
    later_key(&world, 3, 1, "P1D").await;
    assert_eq!(ends().await, ["renews", "renews", "renews", "stops"]);
    let analyst = world.by(Analyst).get(&format!("…/sensors/{stops}")).await;
    assert_eq!(analyst.body["at_end"], Value::Null);
}

async fn r11_a_preview_has_the_dates_of_the_deed_and_who_goes_without(world: World) {
    let [first, second, _, stops] = furnish(&world).await;
    let long = later_key(&world, 2, 2, "P2Y").await;
    for (sensor, key, by_itself) in
        [(&second, None, true), (&stops, Some(&long), true), (&first, Some(&long), true)]
    {
        let before = without(&world).await;
        let body = key.map_or_else(|| json!({}), |key| json!({ "key": key }));
        let (preview, deed) = previewed(&world, &format!("…/sensors/{sensor}/licenses"), &body).await;
        assert_eq!((preview.status, deed.status), (200, 201), "{preview} {deed}");
        assert_eq!(preview.body["license"], deed.body);
        assert_eq!(preview.body["takes_by_itself"], by_itself, "{preview}");
        let summary = world.by(Manager).get("…/license-summary").await.body;
        assert_eq!(preview.body["licenses_left"], summary["licenses_left"]);
        let mut after = without(&world).await;
        after.retain(|name| !before.contains(name));
        assert_eq!(names(&preview.body["goes_without"]), after);
    }
    let (preview, deed) = previewed(&world, &format!("…/sensors/{first}/licenses"), &json!({})).await;
    assert_eq!((preview.refusal(), deed.refusal()), ((409, "no_license_left"), (409, "no_license_left")));
    let chosen = json!({ "key": long });
    let (preview, deed) = previewed(&world, &format!("…/sensors/{first}/licenses"), &chosen).await;
    assert_eq!((preview.refusal(), deed.refusal()), ((409, "key_not_available"), (409, "key_not_available")));
}

/// The only license is given to one who would not need it; the one who would have taken it goes without.
async fn r14_a_preview_names_who_goes_without_because_of_it(world: World) {
    let [first, _, third, stops] = furnish(&world).await;
    assert_eq!(without(&world).await, ["second", "third"]);
    let path = format!("…/sensors/{stops}/licenses");
    let (preview, _) = previewed(&world, &path, &json!({})).await;
    assert_eq!(names(&preview.body["goes_without"]), ["first"]);
    assert_eq!(preview.body["goes_without"][0]["on"], "2026-12-21");
    assert_eq!(without(&world).await, ["first", "second", "third"]);
    let other = later_key(&world, 2, 1, "P1Y").await;
    let body = json!({ "key": other });
    let preview = world.by(Manager).post(&format!("…/sensors/{third}/licenses/preview"), &body).await;
    assert_eq!(names(&preview.body["goes_without"]), ["first"], "{preview}");
    let preview = world.by(Manager).post(&format!("…/sensors/{first}/licenses/preview"), &body).await;
    assert_eq!(names(&preview.body["goes_without"]), Vec::<String>::new(), "{preview}");
    let younger = later_key(&world, 3, 1, "P1Y").await;
    let body = json!({ "key": younger });
    let preview = world.by(Manager).post(&format!("…/sensors/{first}/licenses/preview"), &body).await;
    assert_eq!(preview.body["takes_by_itself"], false, "{preview}");
}

async fn r11_several_sensors_are_given_licenses_or_none_is(world: World) {
    let [first, second, third, stops] = furnish(&world).await;
    let all = json!({ "sensor_ids": [third, first, stops] });
    let (preview, deed) = previewed(&world, "…/license-assignments", &all).await;
    assert_eq!((&preview.body["short"], &preview.body["items"]), (&json!(2), &json!([])));
    assert_eq!(preview.body["licenses_left"], 1);
    assert_eq!(deed.refusal(), (409, "no_license_left"));
    later_key(&world, 2, 2, "P2Y").await;
    let key = later_key(&world, 3, 3, "P1W").await;
    for body in [all.clone(), json!({ "sensor_ids": [second, third], "key": key })] {
        let before = without(&world).await;
        let (preview, deed) = previewed(&world, "…/license-assignments", &body).await;
        assert_eq!((preview.status, deed.status), (200, 200), "{preview} {deed}");
        assert_eq!(preview.body["items"], deed.body["items"]);
        assert_eq!(preview.body["short"], 0);
        let order: Vec<&Value> =
            deed.body["items"].as_array().unwrap().iter().map(|item| &item["sensor_id"]).collect();
        assert_eq!(order, body["sensor_ids"].as_array().unwrap().iter().collect::<Vec<_>>());
        let mut after = without(&world).await;
        after.retain(|name| !before.contains(name));
        assert_eq!(names(&preview.body["goes_without"]), after);
        let summary = world.by(Manager).get("…/license-summary").await.body;
        assert_eq!(preview.body["licenses_left"], summary["licenses_left"]);
    }
    let short = json!({ "sensor_ids": [first, second], "key": key });
    let (preview, deed) = previewed(&world, "…/license-assignments", &short).await;
    assert_eq!(preview.body["short"], 1);
    assert_eq!(deed.refusal(), (409, "key_not_available"));
    for body in [
        json!({ "sensor_ids": [] }),
        json!({ "sensor_ids": [first, first] }),
        json!({ "sensor_ids": vec![first.clone(); 10_001] }),
    ] {
        let (preview, deed) = previewed(&world, "…/license-assignments", &body).await;
        assert_eq!((preview.refusal(), deed.refusal()), ((422, "invalid"), (422, "invalid")));
    }
    let unknown = json!({ "sensor_ids": [first, "sen_0000000000000000000000000a"] });
    let (preview, deed) = previewed(&world, "…/license-assignments", &unknown).await;
    assert_eq!((preview.refusal(), deed.refusal()), ((404, "not_found"), (404, "not_found")));
}

async fn r12_switching_auto_renewal_is_seen_before(world: World) {
    let [first, second, third, stops] = furnish(&world).await;
    let body = json!({ "sensor_ids": [first, third, stops], "auto_renewal": false });
    let (preview, deed) = previewed(&world, "…/auto-renewal", &body).await;
    assert_eq!(preview.body["changed"], 2, "{preview}");
    assert_eq!(names(&preview.body["stops"]), ["first", "third"]);
    assert_eq!(preview.body["stops"][0]["on"], "2026-12-21");
    assert_eq!(preview.body["renewed_now"], json!([]));
    assert_eq!(names(&preview.body["goes_without"]), Vec::<String>::new());
    assert_eq!(deed.body, json!({ "changed": 2, "renewed_now": 0 }));
    assert_eq!(without(&world).await, Vec::<String>::new(), "the license is for the second now");

    world.at("2026-12-22T09:00:00Z");
    world.key(1, "P1Y").await;
    let body = json!({ "sensor_ids": [stops, third, first, second], "auto_renewal": true });
    let (preview, deed) = previewed(&world, "…/auto-renewal", &body).await;
    assert_eq!(names(&preview.body["renewed_now"]), ["first"], "{preview}");
    assert_eq!(deed.body, json!({ "changed": 3, "renewed_now": 1 }));
    let row = world.by(Manager).get(&format!("…/sensors/{first}")).await.body;
    assert_eq!(row["standing"], "covered");

    let far = sensor_that_ends_in(&world, "P2Y").await;
    let body = json!({ "sensor_ids": [far], "auto_renewal": false });
    let (preview, _) = previewed(&world, "…/auto-renewal", &body).await;
    assert_eq!(preview.body["stops"][0]["on"], "2028-12-22", "however far that is");
}

async fn sensor_that_ends_in(world: &World, term: &str) -> String {
    // The two that wait take what enters the pool (R15).
    world.key(2, "P1M").await;
    let key = world.key(1, term).await;
    sensor(world, 9, "far", Some(&key), true).await
}

async fn r7_a_sensors_licenses_are_told_in_the_order_of_time(world: World) {
    let key = world.key(3, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    world.at("2026-12-25T10:00:00Z");
    let queued = world.by(Manager).call("POST", &format!("…/sensors/{sensor}/licenses"), None).await;
    let list = world.by(Manager).get(&format!("…/sensors/{sensor}/licenses")).await;
    let items = list.body["items"].as_array().unwrap();
    let told: Vec<[&Value; 4]> = items
        .iter()
        .map(|item| {
            [&item["state"], &item["activation_date"], &item["expires_on"], &item["assigned_by"]["kind"]]
        })
        .collect();
    let expected = [
        ["ended", "2026-11-21", "2026-12-21", "token"],
        ["active", "2026-12-22", "2027-01-21", "auto_renewal"],
        ["queued", "2027-01-22", "2027-02-21", "token"],
    ];
    assert_eq!(json!(told), json!(expected), "{list}");
    assert_eq!(items[0]["assigned_by"]["email"], "administrator@harbor.example");
    assert_eq!(items[2]["license_id"], queued.body["license_id"]);
    assert!(items.iter().all(|item| item["key"] == json!(key) && item["term"] == "P1M"));
    // What is taken back is on it no more.
    let license = queued.body["license_id"].as_str().unwrap();
    let path = format!("…/sensors/{sensor}/licenses/{license}");
    assert_eq!(world.by(Administrator).delete(&path).await.status, 200);
    let list = world.by(Manager).get(&format!("…/sensors/{sensor}/licenses")).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
}

/// So many are the most of a command.
async fn ten_thousand_sensors_are_one_deed(world: World) {
    const MOST: usize = 10_000;
    let ids = world.sensors(10_000).await;
    world.key(15_000, "P1M").await;
    let length = |list: &Value| list.as_array().map(Vec::len);

    let (preview, deed) = previewed(&world, "…/license-assignments", &json!({ "sensor_ids": ids })).await;
    assert_eq!((preview.status, &preview.body["licenses_left"]), (200, &json!(5_000)));
    assert_eq!(length(&preview.body["goes_without"]), Some(MOST), "within a year");
    assert_eq!(length(&deed.body["items"]), Some(MOST), "{}", deed.status);

    let date = json!({ "sensor_ids": ids, "date": "2027-01-21" });
    let preview = world.by(Manager).post("…/common-date/preview", &date).await;
    assert_eq!(length(&preview.body["items"]), Some(MOST), "{}", preview.status);
    assert_eq!(preview.body["licenses_needed"], 5_000);
    let body = json!({ "sensor_ids": ids, "date": "2027-01-21", "expected": preview.body["plan"] });
    let deed = world.by(Manager).post("…/common-date", &body).await;
    assert_eq!(deed.body["items"], preview.body["items"], "{}", deed.status);

    let (preview, deed) =
        previewed(&world, "…/auto-renewal", &json!({ "sensor_ids": ids, "auto_renewal": false })).await;
    assert_eq!(length(&preview.body["stops"]), Some(MOST), "{}", preview.status);
    assert_eq!(deed.body, json!({ "changed": MOST, "renewed_now": 0 }));
}

on_both_engines!(
    ten_thousand_sensors_are_one_deed,
    r14_what_lies_ahead_is_told_and_happens,
    r12_a_row_says_what_happens_at_its_end,
    r11_a_preview_has_the_dates_of_the_deed_and_who_goes_without,
    r14_a_preview_names_who_goes_without_because_of_it,
    r11_several_sensors_are_given_licenses_or_none_is,
    r12_switching_auto_renewal_is_seen_before,
    r7_a_sensors_licenses_are_told_in_the_order_of_time,
);
