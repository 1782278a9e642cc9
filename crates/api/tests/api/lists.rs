//! Pages, orders, searches.

use serde_json::{Value, json};

use crate::support::{Administrator, Analyst, Manager, Operator, World};

const SORTS: [&str; 9] = [
    "expires_at",
    "name",
    "serial",
    "standing",
    "activation_date",
    "key",
    "auto_renewal",
    "covered_until",
    "last_seen_at",
];

/// Nine sensors of which some share a name, a key, a date, or have no license.
async fn furnish(world: &World) {
    for (place, (term, names)) in
        [("P1M", ["b", "a", "Ä"]), ("P1Y", ["a", "50% off", "5_0"]), ("P2Y", ["500", "c\\d", "z"])]
            .iter()
            .enumerate()
    {
        let key = world.key(3, term).await;
        for (nth, name) in names.iter().enumerate() {
            let serial = format!("28{place:05}{nth:05}");
            let renewal = nth != 0;
            let body = json!({ "serial": serial, "name": name, "key": key, "auto_renewal": renewal });
            let reply = world.by(Manager).post("…/sensors", &body).await;
            assert_eq!(reply.status, 201, "{reply}");
            if name == &"z" {
                let license = reply.body["license_id"].as_str().unwrap();
                let path = format!("…/sensors/{}/licenses/{license}", reply.body["id"].as_str().unwrap());
                assert_eq!(world.by(Manager).delete(&path).await.body["standing"], "unlicensed");
            }
        }
        world.at(&format!("2026-11-2{}T10:00:00Z", place + 2));
    }
}

async fn pages_put_together_are_the_whole_list_in_every_order(world: World) {
    furnish(&world).await;
    let unlicensed = world.by(Manager).get("…/sensors?standing=unlicensed").await.ids()[0].clone();
    for sort in SORTS {
        let mut orders = Vec::new();
        for order in ["asc", "desc"] {
            let query = format!("…/sensors?sort={sort}&order={order}");
            let whole = world.by(Manager).get(&query).await;
            assert_eq!(whole.body["next_cursor"], Value::Null);
            let (mut put_together, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = world.by(Manager).get(&format!("{query}&limit=2{cursor}")).await;
                assert_eq!(page.status, 200, "{page}");
                put_together.extend(page.ids());
                let Some(next) = page.body["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(put_together, whole.ids(), "{sort} {order}");
            assert_eq!(put_together.len(), 9, "{sort} {order}");
            orders.push(put_together);
        }
        // What is missing comes last in both directions; the rest of one order is the other one turned round.
        if ["expires_at", "standing", "activation_date", "key", "covered_until"].contains(&sort) {
            assert!(orders.iter().all(|ids| ids.last() == Some(&unlicensed)), "{sort}");
        }
        orders.iter_mut().for_each(|ids| ids.retain(|id| id != &unlicensed));
        orders[1].reverse();
        assert_eq!(orders[0], orders[1], "{sort}");
    }
    let by_name = world.by(Manager).get("…/sensors?sort=name").await;
    let names: Vec<&str> =
        by_name.body["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["50% off", "500", "5_0", "a", "a", "b", "c\\d", "z", "Ä"]);
}

/// What the pages of a list hold when they are read one by one, by this field.
async fn page_by_page(world: &World, path: &str, field: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.by(Administrator).get(&format!("{path}?limit=1{cursor}")).await;
        assert_eq!(page.status, 200, "{page}");
        let items = page.body["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{path}: {page}");
        found.extend(items.iter().map(|item| item[field].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

async fn users_tokens_invitations_and_licenses_come_in_pages(world: World) {
    world.key(4, "P1Y").await;
    let added = world.by(Manager).post("…/sensors", &json!({ "serial": "282c02424eed" })).await;
    let licenses = format!("…/sensors/{}/licenses", added.body["id"].as_str().unwrap());
    for number in 1..4 {
        assert_eq!(world.by(Manager).post(&licenses, &json!({})).await.status, 201);
        let guest = json!({ "email": format!("guest{number}@harbor.example"), "role": "analyst" });
        assert_eq!(world.by(Administrator).post("…/invitations", &guest).await.status, 201);
        assert_eq!(world.by(Administrator).post("…/tokens", &json!({})).await.status, 201);
    }
    for (path, field, at_least) in [
        ("…/users", "id", 3),
        ("…/tokens", "id", 4),
        ("…/invitations", "id", 3),
        (&licenses, "license_id", 4),
    ] {
        let whole = world.by(Administrator).get(path).await;
        assert_eq!(whole.body["next_cursor"], Value::Null, "{path}");
        let items = whole.body["items"].as_array().unwrap();
        let ids: Vec<&str> = items.iter().map(|item| item[field].as_str().unwrap()).collect();
        assert!(ids.len() >= at_least, "{path}: {whole}");
        assert_eq!(page_by_page(&world, path, field).await, ids, "{path}");
        for query in ["limit=0", "limit=201", "cursor=nonsense"] {
            let refused = world.by(Administrator).get(&format!("{path}?{query}")).await;
            assert_eq!(refused.refusal(), (422, "invalid"), "{path} {query}");
        }
    }
}

async fn a_search_finds_what_is_written(world: World) {
    furnish(&world).await;
    for (search, count) in [
        ("", 9),
        ("50%25", 1),
        ("%25", 1),
        ("_", 1),
        ("%5C", 1),
        ("50", 2),
        ("A", 2),
        ("%C3%A4", 1),
        ("2800001", 3),
        ("nothing", 0),
    ] {
        let reply = world.by(Manager).get(&format!("…/sensors?search={search}")).await;
        assert_eq!(reply.ids().len(), count, "{search}: {reply}");
    }
    let reply = world.by(Manager).get("…/sensors?standing=unlicensed").await;
    assert_eq!(reply.ids().len(), 1);
    let reply = world.by(Manager).get("…/sensors?standing=expiring&search=%C3%A4").await;
    assert_eq!(reply.ids().len(), 1);
}

/// A license key is found whole or in part, as a person types it, by those who may read licenses.
async fn a_search_finds_license_keys(world: World) {
    furnish(&world).await;
    let key = world.by(Manager).get("…/sensors?search=50%25").await.body["items"][0]["key"].clone();
    let key = key.as_str().unwrap();
    let bare = key.replace('-', "");
    let (part, straddling) = (bare[..4].to_lowercase(), &bare[3..9]);
    for search in
        [key, &bare, &part, straddling, &key.replace('-', "%20"), &bare.replace('0', "o").replace('1', "l")]
    {
        let found = world.by(Manager).get(&format!("…/sensors?search={search}&sort=name")).await;
        assert_eq!(found.ids().len(), 3, "{search}: {found}");
        assert!(found.body["items"].as_array().unwrap().iter().all(|row| row["key"] == key));
        let count = world.by(Manager).get(&format!("…/sensors/count?search={search}")).await;
        assert_eq!(count.body["all"], 3, "{count}");
        let analyst = world.by(Analyst).get(&format!("…/sensors?search={search}")).await;
        assert_eq!(analyst.ids(), Vec::<String>::new(), "{search}");
        let count = world.by(Analyst).get(&format!("…/sensors/count?search={search}")).await;
        assert_eq!(count.body["all"], 0, "{count}");
    }
}

async fn sensors_are_counted_by_their_standing(world: World) {
    furnish(&world).await;
    for (search, all) in [("", 9), ("a", 2), ("50", 2), ("nothing", 0)] {
        let counts = world.by(Manager).get(&format!("…/sensors/count?search={search}")).await;
        assert_eq!(counts.body["all"], all, "{counts}");
        for standing in ["covered", "expiring", "expired", "unlicensed"] {
            let list = world.by(Manager).get(&format!("…/sensors?search={search}&standing={standing}")).await;
            assert_eq!(counts.body[standing], list.ids().len(), "{search} {standing}");
        }
    }
}

async fn what_a_list_cannot_be_asked_is_told(world: World) {
    furnish(&world).await;
    let page = world.by(Manager).get("…/sensors?sort=name&limit=1").await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let long = "x".repeat(101);
    for (query, code) in [
        ("limit=0", "invalid"),
        ("limit=201", "invalid"),
        ("limit=-1", "invalid"),
        ("limit=ten", "invalid"),
        ("limit=99999999999999999999", "invalid"),
        ("sort=colour", "invalid"),
        ("order=down", "invalid"),
        ("standing=fine", "invalid"),
        ("cursor=x", "invalid"),
        ("cursor=e30", "invalid"),
        ("search=%00", "invalid"),
        (&format!("search={long}"), "invalid"),
        (&format!("sort=serial&cursor={cursor}"), "invalid"),
        (&format!("sort=name&order=desc&cursor={cursor}"), "invalid"),
        ("colour=red", "query_malformed"),
        ("limit=1&limit=2", "query_malformed"),
    ] {
        let reply = world.by(Manager).get(&format!("…/sensors?{query}")).await;
        assert_eq!(reply.refusal(), (422, code), "{query}: {reply}");
    }
    assert_eq!(world.by(Manager).get("…/sensors?limit=200").await.status, 200);
    let reply = world.by(Operator).get("/api/v1/operator/activation-codes?limit=0").await;
    assert_eq!(reply.refusal(), (422, "invalid"));
    let reply = world.by(Operator).get("/api/v1/operator/activation-codes?cursor=e30").await;
    assert_eq!(reply.refusal(), (422, "invalid"));
}

on_both_engines!(
    pages_put_together_are_the_whole_list_in_every_order,
    a_search_finds_what_is_written,
    a_search_finds_license_keys,
    sensors_are_counted_by_their_standing,
    what_a_list_cannot_be_asked_is_told,
    users_tokens_invitations_and_licenses_come_in_pages,
);
