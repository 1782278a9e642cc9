//! R18: the ledger of each license key, the time line of each sensor, and the trail searched and exported.

use serde_json::{Value, json};

use crate::support::{Administrator, Analyst, Manager, Operator, Reply, Stranger, World};

const STATES: [&str; 6] = ["available", "queued", "active", "ended", "released", "revoked"];

/// The six counts of a key, and their sum checked (R18).
fn counts(key: &Value) -> [i64; 6] {
    let counts = STATES.map(|state| key[state].as_i64().unwrap());
    assert_eq!(counts.iter().sum::<i64>(), key["licenses"].as_i64().unwrap(), "{key}");
    counts
}

async fn add_license(world: &World, sensor: &str) -> String {
    let reply = world.by(Manager).call("POST", &format!("…/sensors/{sensor}/licenses"), None).await;
    assert_eq!(reply.status, 201, "{reply}");
    reply.body["license_id"].as_str().unwrap().to_owned()
}

/// All items of a list, read a few at a time.
async fn all(world: &World, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = world.by(Manager).get(&format!("{path}{mark}limit=2{cursor}")).await;
        assert_eq!(page.status, 200, "{page}");
        let part = page.body["items"].as_array().unwrap();
        assert!(part.len() <= 2);
        items.extend(part.clone());
        let Some(next) = page.body["next_cursor"].as_str() else { return items };
        cursor = format!("&cursor={next}");
    }
}

async fn r18_every_key_adds_up_in_the_list_and_by_itself(world: World) {
    let old = world.key(5, "P1M").await;
    let sensors = [world.sensor("282c02424ee1").await, world.sensor("282c02424ee2").await];
    add_license(&world, &sensors[0]).await;
    world.at("2026-11-22T10:00:00Z");
    let young = world.key(2, "P2Y").await;
    assert_eq!(world.by(Manager).delete(&format!("…/sensors/{}", sensors[1])).await.status, 200);
    let keys = world.by(Manager).get("…/license-keys").await.body["items"].clone();
    assert_eq!((&keys[0]["key"], &keys[1]["key"]), (&json!(young), &json!(old)), "the last redeemed first");
    assert_eq!((counts(&keys[0]), counts(&keys[1])), ([2, 0, 0, 0, 0, 0], [2, 1, 1, 0, 1, 0]));
    assert_eq!(
        (&keys[1]["first_expires_on"], &keys[1]["last_expires_on"]),
        (&json!("2026-12-21"), &json!("2027-01-21"))
    );
    assert_eq!((&keys[0]["first_expires_on"], &keys[0]["revoked_at"]), (&Value::Null, &Value::Null));
    assert_eq!(keys[1]["redeemed_by"], "administrator@harbor.example");
    assert_eq!(keys[1]["redeemed_at"], "2026-11-21T10:00:00Z");
    let id = keys[1]["id"].as_str().unwrap();
    let path = format!("…/license-keys/{id}");
    assert_eq!(world.by(Manager).get(&path).await.body, keys[1]);

    // Asking settles, so that the sum is that of now.
    world.at("2026-12-25T10:00:00Z");
    assert_eq!(counts(&world.by(Manager).get(&path).await.body), [2, 0, 1, 2, 0, 0]);
    let revocation = format!("/api/v1/operator/activation-codes/{id}/revocation");
    let revoked = world.by(Operator).post(&revocation, &json!({ "end_active": true })).await;
    assert_eq!(revoked.status, 200, "{revoked}");
    let key = world.by(Manager).get(&path).await.body;
    assert_eq!((counts(&key), &key["revoked_at"]), ([0, 0, 0, 2, 0, 3], &json!("2026-12-25T10:00:00Z")));

    let found = async |query: &str| {
        let reply = world.by(Manager).get(&format!("…/license-keys?{query}")).await;
        reply.body["items"].as_array().unwrap().iter().map(|key| key["key"].clone()).collect::<Vec<_>>()
    };
    let part: String = old.chars().skip(3).take(7).collect();
    assert_eq!(found(&format!("search={}", part.to_lowercase())).await, [json!(old)]);
    assert_eq!(found("search=ADMINISTRATOR@").await.len(), 2, "by whoever redeemed it");
    assert_eq!(found("search=usr_").await.len(), 0);
    assert_eq!(found("search=%25").await.len(), 0);
    assert_eq!(found("state=revoked").await, [json!(old)]);
    assert_eq!(found("state=queued").await.len(), 0);
    for (n, keys) in [("P1W", 3), ("P1M", 5)] {
        for _ in 0..keys {
            world.key(1, n).await;
        }
    }
    let all = all(&world, "…/license-keys").await;
    let mut ids: Vec<&str> = all.iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 10);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10, "each once");
    for query in ["state=fine", "cursor=x", "limit=0", "colour=red", "search=%00"] {
        assert_eq!(world.by(Manager).get(&format!("…/license-keys?{query}")).await.status, 422, "{query}");
    }
    for path in [path.clone(), format!("{path}/licenses"), format!("{path}/audit")] {
        let path = path.replace('…', &format!("/api/v1/organizations/{}", world.elsewhere));
        assert_eq!(world.by(Stranger).get(&path).await.refusal(), (404, "not_found"), "{path}");
    }
    world.at("2026-12-26T10:00:00Z");
    world.code(1, "P1Y").await;
    let codes = world.by(Operator).get("/api/v1/operator/activation-codes?limit=1").await.ids();
    let reply = world.by(Manager).get(&format!("…/license-keys/{}", codes[0])).await;
    assert_eq!(reply.refusal(), (404, "not_found"), "what nobody has redeemed is no key");
}

async fn r18_a_keys_licenses_are_listed_with_their_sensors(world: World) {
    world.key(5, "P1M").await;
    let (first, second) = (world.sensor("282c02424ee1").await, world.sensor("282c02424ee2").await);
    add_license(&world, &first).await;
    world.by(Manager).patch(&format!("…/sensors/{first}"), &json!({ "name": "Cold room" })).await;
    world.by(Manager).delete(&format!("…/sensors/{second}")).await;
    let key = world.by(Manager).get("…/license-keys").await.ids()[0].clone();
    let path = format!("…/license-keys/{key}/licenses");
    let licenses = all(&world, &path).await;
    let short: Vec<_> = licenses
        .iter()
        .map(|one| (one["number"].as_i64().unwrap(), one["state"].as_str().unwrap()))
        .collect();
    assert_eq!(short, [(1, "active"), (2, "released"), (3, "queued"), (4, "available"), (5, "available")]);
    assert_eq!(
        licenses[2]["sensor"],
        json!({ "id": first, "serial": "282c02424ee1", "name": "Cold room", "removed_at": null })
    );
    assert_eq!(licenses[2]["activation_date"], "2026-12-22");
    assert_eq!(licenses[2]["expires_on"], "2027-01-21");
    assert_eq!(licenses[1]["sensor"]["removed_at"], "2026-11-21T10:00:00Z");
    assert_eq!((&licenses[3]["sensor"], &licenses[3]["ends_at"]), (&Value::Null, &Value::Null));
    let left = all(&world, &format!("{path}?state=available")).await;
    assert_eq!(left.iter().map(|one| one["number"].as_i64().unwrap()).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(world.by(Manager).get(&format!("{path}?state=x")).await.status, 422);
}

fn actions(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{reply}");
    reply.body["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect()
}

async fn r18_a_keys_history_is_who_redeemed_it_and_all_of_its_licenses_since(world: World) {
    world.key(2, "P1M").await;
    let sensor = world.sensor("282c02424ee1").await;
    let key = world.by(Manager).get("…/license-keys").await.ids()[0].clone();
    world.at("2026-11-21T11:00:00Z");
    world.key(1, "P1Y").await;
    let other = world.sensor("282c02424ee2").await;
    let queued = add_license(&world, &sensor).await;
    world.by(Manager).delete(&format!("…/sensors/{sensor}/licenses/{queued}")).await;
    let path = format!("…/license-keys/{key}/audit");
    let history = world.by(Manager).get(&path).await;
    let whole = ["license_activated", "license_activated", "code_redeemed"];
    assert_eq!(actions(&history), whole, "the second sensor took the second license of the oldest key");
    let redeemed = &history.body["items"][2];
    assert_eq!(redeemed["actor"]["email"], "administrator@harbor.example");
    assert_eq!(redeemed["after"], json!({ "licenses": 2, "term": "P1M" }));
    assert_eq!(history.body["items"][0]["sensor"]["id"], json!(other));
    assert_eq!(
        actions(&world.by(Manager).get(&format!("{path}?action=code_redeemed")).await),
        ["code_redeemed"]
    );
    assert_eq!(
        actions(&world.by(Manager).get(&format!("{path}?search=282c02424ee2")).await),
        ["license_activated"]
    );
    let first = world.by(Manager).get(&format!("{path}?limit=2")).await;
    let rest = format!("{path}?cursor={}", first.body["next_cursor"].as_str().unwrap());
    assert_eq!(actions(&world.by(Manager).get(&rest).await), ["code_redeemed"]);
}

async fn r18_the_trail_is_searched_by_what_things_are_called(world: World) {
    let key = world.key(3, "P1M").await;
    let (cold, warm) = (world.sensor("282c02424ee1").await, world.sensor("282c02424ee2").await);
    world.by(Manager).patch(&format!("…/sensors/{cold}"), &json!({ "name": "Chłodnia 100%" })).await;
    let replacement = json!({ "serial": "aabbcc001122" });
    let path = format!("…/sensors/{warm}");
    assert_eq!(world.by(Manager).post(&format!("{path}/replacement"), &replacement).await.status, 200);
    world.by(Manager).delete(&path).await;
    let queued = add_license(&world, &cold).await;
    let search =
        async |query: &str| world.by(Manager).get(&format!("…/audit?limit=200&search={query}")).await;
    let of_cold = ["license_queued", "sensor_renamed", "license_activated", "sensor_added"];
    for query in ["CH%C5%81OD", "nia%20100%25", "282c02424ee1", "24ee1", cold.as_str()] {
        assert_eq!(actions(&search(query).await), of_cold, "{query}");
    }
    let of_warm =
        ["license_released", "sensor_removed", "sensor_replaced", "license_activated", "sensor_added"];
    for query in ["aabbcc001122", "282c02424ee2"] {
        assert_eq!(
            actions(&search(query).await),
            of_warm,
            "a removed sensor, by its serial numbers: {query}"
        );
    }
    let part: String = key.chars().skip(6).take(11).collect();
    let of_key = actions(&search(&part).await).into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        of_key,
        ["license_queued", "license_released", "license_activated", "license_activated", "code_redeemed"]
    );
    assert_eq!(actions(&search(&queued).await), ["license_queued"], "one license by its id");
    let by = search("MANAGER@harbor").await;
    assert!(actions(&by).contains(&"sensor_renamed"), "what she did: {by}");
    assert!(actions(&by).contains(&"user_added"), "and what was done to her: {by}");
    assert!(!actions(&by).contains(&"code_redeemed"), "not what others did: {by}");
    assert_eq!(actions(&search("nothing%20has%20this").await), [""; 0]);
    assert_eq!(actions(&search("%20").await).len(), actions(&search("").await).len(), "nothing is no search");
    let both = search("CH%C5%81OD&action=sensor_renamed&actor=manager@harbor.example").await;
    assert_eq!(actions(&both), ["sensor_renamed"]);
    assert_eq!(actions(&search("CH%C5%81OD&actor=nobody@harbor.example").await), [""; 0]);
    assert_eq!(actions(&search("CH%C5%81OD&from=2030-01-01T00:00:00Z").await), [""; 0]);
    let paged = all(&world, "…/audit?search=24ee1").await;
    assert_eq!(paged.iter().map(|row| row["action"].as_str().unwrap()).collect::<Vec<_>>(), of_cold);
    let elsewhere = format!("/api/v1/organizations/{}/audit?search=24ee1", world.elsewhere);
    assert_eq!(actions(&world.by(Stranger).get(&elsewhere).await), [""; 0]);
    assert_eq!(search(&"x".repeat(301)).await.status, 422);
    world.sensors(300).await;
    assert_eq!(search("sensor").await.refusal(), (422, "search_too_broad"));
    let reply = world.by(Manager).get("…/audit.csv?search=sensor").await;
    assert_eq!(reply.refusal(), (422, "search_too_broad"));
}

async fn r18_the_trail_is_exported_whole_and_filtered(world: World) {
    world.key(700, "P1M").await;
    let sensor = world.sensor("282c02424ee1").await;
    let name = "=HYPERLINK(\"http://x\",\"y\")";
    world.by(Manager).patch(&format!("…/sensors/{sensor}"), &json!({ "name": name })).await;
    for _ in 0..3 {
        // Several pieces: each switch is a row.
        for on in [false, true] {
            let change = json!({ "auto_renewal": on });
            world.by(Manager).patch(&format!("…/sensors/{sensor}"), &change).await;
        }
    }
    let list: Vec<Value> = (0..540).map(|n| json!({ "serial": format!("{:012x}", 0x1000 + n) })).collect();
    let added = world.by(Manager).post("…/sensors/additions", &json!({ "sensors": list })).await;
    assert_eq!(added.status, 201, "{added}");
    let reply = world.by(Manager).get("…/audit.csv").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"audit-2026-11-21.csv\"");
    let text = reply.body.as_str().unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "seq,at,actor_kind,actor_id,actor_email,action,subject_kind,subject_id,subject_name,sensor_id,sensor_name,before,after"
        )
    );
    let places: Vec<i64> =
        lines.clone().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert!(places.len() > 1_080, "{}", places.len());
    let expected: Vec<i64> = (1..=i64::try_from(places.len()).unwrap()).rev().collect();
    assert_eq!(places, expected, "every row once, newest first");
    let renamed = world.by(Manager).get("…/audit.csv?action=sensor_renamed").await;
    let line = renamed.body.as_str().unwrap().lines().nth(1).unwrap().to_owned();
    assert!(line.contains(",2026-11-21T10:00:00Z,token,tok_"), "{line}");
    assert!(line.contains(&format!(",manager@harbor.example,sensor_renamed,sensor,{sensor},\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",,,")), "{line}");
    assert_eq!(renamed.body.as_str().unwrap().lines().count(), 2);
    let lines = async |query: &str| {
        let reply = world.by(Manager).get(&format!("…/audit.csv?{query}")).await;
        assert_eq!(reply.status, 200, "{reply}");
        reply.body.as_str().unwrap().lines().count() - 1
    };
    assert_eq!(lines("search=282c02424ee1").await, 9);
    assert_eq!(lines("actor=manager@harbor.example&action=auto_renewal_switched").await, 6);
    assert_eq!(lines(&format!("subject={sensor}")).await, 8);
    assert_eq!(lines("to=2020-01-01T00:00:00Z").await, 0);
    assert_eq!(lines("search=nobody%20has%20this").await, 0);
    for query in ["from=yesterday", "limit=3", "colour=red"] {
        assert_eq!(world.by(Manager).get(&format!("…/audit.csv?{query}")).await.status, 422, "{query}");
    }
    assert_eq!(world.by(Analyst).get("…/audit.csv").await.refusal(), (403, "forbidden"));
}

async fn r16_a_time_line_is_read_from_the_first_day_on(world: World) {
    let key = world.key(1, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    world.at("2027-01-15T10:00:00Z");
    let young = world.key(1, "P1Y").await;
    let path = format!("…/sensors/{sensor}/timeline");
    let line = world.by(Manager).get(&path).await;
    assert_eq!(line.body["since"], "2026-11-21T10:00:00Z");
    let items = &line.body["items"];
    assert_eq!(items.as_array().unwrap().len(), 4, "{line}");
    assert_eq!((&items[0]["kind"], &items[0]["serial"]), (&json!("added"), &json!("282c02424eed")));
    assert_eq!(items[0]["by"]["email"], "administrator@harbor.example");
    let license = &items[1];
    assert_eq!(license["license_id"].as_str().unwrap().get(..4), Some("lic_"));
    assert_eq!(license["key_id"].as_str().unwrap().get(..4), Some("cod_"));
    for (field, expected) in [
        ("kind", json!("license")),
        ("starts_at", json!("2026-11-21T10:00:00Z")),
        ("ends_at", json!("2026-12-21T23:00:00Z")),
        ("cause", json!("assigned")),
        ("key", json!(key)),
        ("term", json!("P1M")),
        ("state", json!("ended")),
        ("activation_date", json!("2026-11-21")),
        ("expires_on", json!("2026-12-21")),
    ] {
        assert_eq!(license[field], expected, "{field}");
    }
    assert_eq!(
        items[2],
        json!({
            "kind": "gap", "starts_at": "2026-12-21T23:00:00Z", "ends_at": "2027-01-15T10:00:00Z",
            "cause": "no_license_left", "by": null, "license_id": null, "key_id": null, "key": null, "term": null,
            "state": null, "activation_date": null, "expires_on": null, "serial": null, "serial_before": null,
        })
    );
    assert_eq!((&items[3]["key"], &items[3]["cause"]), (&json!(young), &json!("auto_renewal")));
    assert_eq!(items[3]["by"]["kind"], "auto_renewal");
    assert_eq!(&json!(all(&world, &path).await), items);
    assert_eq!(world.by(Administrator).delete(&format!("…/sensors/{sensor}")).await.status, 200);
    assert_eq!(world.by(Manager).get(&path).await.refusal(), (404, "not_found"));
    let removed = world.by(Manager).get(&format!("…/removed-sensors/{sensor}/timeline")).await;
    let items = removed.body["items"].as_array().unwrap().clone();
    assert_eq!(items.last().unwrap()["cause"], "removed", "{removed}");
    assert_eq!(items.last().unwrap()["ends_at"], Value::Null);
    for query in ["limit=0", "cursor=x", "colour=red"] {
        let reply = world.by(Manager).get(&format!("…/removed-sensors/{sensor}/timeline?{query}")).await;
        assert_eq!(reply.status, 422, "{query}");
    }
    let bare = world.sensors(1).await;
    let line = world.by(Manager).get(&format!("…/sensors/{}/timeline", bare[0])).await;
    assert_eq!(line.body["items"][0]["cause"], "unlicensed");
}

on_both_engines!(
    r18_every_key_adds_up_in_the_list_and_by_itself,
    r18_a_keys_licenses_are_listed_with_their_sensors,
    r18_a_keys_history_is_who_redeemed_it_and_all_of_its_licenses_since,
    r18_the_trail_is_searched_by_what_things_are_called,
    r18_the_trail_is_exported_whole_and_filtered,
    r16_a_time_line_is_read_from_the_first_day_on,
);
