//! `ETag` and `If-Match`: of two people who edit the same thing the second one is told.

use serde_json::{Value, json};

use crate::support::{Administrator, Client, Reply, World};

async fn only_if(by: &Client<'_>, tag: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let mut headers = vec![("If-Match", tag)];
    headers.extend(body.map(|_| ("Content-Type", "application/json")));
    by.call_with(method, path, &headers, body.map(Value::to_string)).await
}

/// The item of a list with this id.
async fn listed(by: &Client<'_>, list: &str, id: &str) -> Value {
    let page = by.get(list).await;
    let items = page.body["items"].as_array().unwrap().clone();
    items.into_iter().find(|item| item["id"] == id).unwrap()
}

/// Two people have seen the same; the first one's change is carried out, the second one's is not.
async fn check(by: &Client<'_>, tag: &str, method: &str, path: &str, first: Value, second: Value) -> String {
    let quoted = format!("\"{tag}\"");
    let done = only_if(by, &quoted, method, path, Some(&first)).await;
    assert_eq!(done.status, 200, "{path}: {done}");
    let new = done.header("etag").trim_matches('"').to_owned();
    assert!(!new.is_empty() && new != tag, "{path}: {tag} then {new}");
    let late = only_if(by, &quoted, method, path, Some(&second)).await;
    assert_eq!(late.refusal(), (412, "changed_meanwhile"), "{path}: {late}");
    // Whoever has seen both, or says that it does not matter, may.
    let list = format!("\"other\", W/\"{new}\"");
    assert_eq!(only_if(by, &list, method, path, Some(&second)).await.status, 200, "{path}");
    assert_eq!(only_if(by, "*", method, path, Some(&first)).await.status, 200, "{path}");
    assert_eq!(by.call(method, path, Some(&first)).await.status, 200, "{path}: as ever without a tag");
    new
}

async fn of_two_people_who_edit_the_same_the_second_is_told(world: World) {
    world.key(5, "P1Y").await;
    let ana = world.by(Administrator);
    let tag = |reply: &Reply| reply.header("etag").trim_matches('"').to_owned();

    let organization = tag(&ana.get("…").await);
    check(&ana, &organization, "PATCH", "…", json!({ "name": "Harbor A" }), json!({ "language": "pl" }))
        .await;

    let recipients = tag(&ana.get("…/notification-recipients").await);
    let administrator = ana.get("…/users").await.body["items"][0]["id"].clone();
    let (nobody, one) = (json!({ "pool_low": [] }), json!({ "pool_low": [administrator] }));
    let path = "…/notification-recipients";
    let now = check(&ana, &recipients, "PUT", path, nobody, one).await;
    assert_eq!(tag(&ana.get(path).await), now, "the same state has the same tag");

    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}");
    let seen = tag(&ana.get(&path).await);
    check(&ana, &seen, "PATCH", &path, json!({ "name": "Cold room" }), json!({ "auto_renewal": false }))
        .await;

    let rule = json!({ "name": "Batteries", "condition": { "kind": "low_battery" }, "sensors": "all" });
    let rule = ana.post("…/alert-rules", &rule).await.body;
    let path = format!("…/alert-rules/{}", rule["id"].as_str().unwrap());
    let seen = listed(&ana, "…/alert-rules", rule["id"].as_str().unwrap()).await["etag"].clone();
    assert_eq!(rule["etag"], seen);
    let seen = seen.as_str().unwrap();
    check(&ana, seen, "PATCH", &path, json!({ "name": "Low" }), json!({ "enabled": false })).await;

    let hook = json!({ "url": "https://hooks.harbor.example/tenure", "events": ["license.expired"] });
    let hook = ana.post("…/webhooks", &hook).await.body;
    let path = format!("…/webhooks/{}", hook["id"].as_str().unwrap());
    let seen = listed(&ana, "…/webhooks", hook["id"].as_str().unwrap()).await["etag"].clone();
    assert_eq!(hook["etag"], seen);
    let seen = seen.as_str().unwrap();
    check(&ana, seen, "PATCH", &path, json!({ "enabled": false }), json!({ "description": "ours" })).await;

    let user =
        world.user_without_password("bea@harbor.example", "Harbor A", tenure_domain::Role::Analyst).await;
    let path = format!("…/users/{user}");
    let seen = listed(&ana, "…/users", &user).await["etag"].as_str().unwrap().to_owned();
    check(&ana, &seen, "PATCH", &path, json!({ "role": "manager" }), json!({ "role": "analyst" })).await;
}

async fn what_was_changed_meanwhile_is_not_removed(world: World) {
    world.key(5, "P1Y").await;
    let ana = world.by(Administrator);
    let sensor = world.sensor("282c02424eed").await;
    let rule = json!({ "name": "Batteries", "condition": { "kind": "low_battery" }, "sensors": "all" });
    let rule = ana.post("…/alert-rules", &rule).await.body["id"].as_str().unwrap().to_owned();
    let hook = json!({ "url": "https://hooks.harbor.example/tenure", "events": ["license.expired"] });
    let hook = ana.post("…/webhooks", &hook).await.body["id"].as_str().unwrap().to_owned();
    let user =
        world.user_without_password("bea@harbor.example", "Harbor", tenure_domain::Role::Analyst).await;
    for (path, change) in [
        (format!("…/sensors/{sensor}"), json!({ "name": "Cold room" })),
        (format!("…/alert-rules/{rule}"), json!({ "name": "Low" })),
        (format!("…/webhooks/{hook}"), json!({ "enabled": false })),
        (format!("…/users/{user}"), json!({ "role": "manager" })),
    ] {
        let late = only_if(&ana, "\"seen long ago\"", "DELETE", &path, None).await;
        assert_eq!(late.refusal(), (412, "changed_meanwhile"), "{path}");
        let now = ana.patch(&path, &change).await.header("etag").to_owned();
        let done = only_if(&ana, &now, "DELETE", &path, None).await;
        assert!((200..300).contains(&done.status), "{path}: {done}");
        let gone = only_if(&ana, &now, "DELETE", &path, None).await;
        assert_eq!(gone.refusal(), (404, "not_found"), "{path}");
    }
}

/// What happens by itself stands in nobody's way.
async fn a_sensor_that_renews_itself_has_the_same_tag(world: World) {
    world.key(5, "P1M").await;
    let ana = world.by(Administrator);
    let path = format!("…/sensors/{}", world.sensor("282c02424eed").await);
    let seen = ana.get(&path).await;
    world.at("2027-01-15T12:00:00Z");
    let later = ana.get(&path).await;
    assert_ne!(seen.body["expires_on"], later.body["expires_on"], "it has renewed itself");
    let change = json!({ "name": "Cold room" });
    assert_eq!(only_if(&ana, seen.header("etag"), "PATCH", &path, Some(&change)).await.status, 200);
}

/// The tag is compared under the lock: of two changes at once that have seen the same, one is carried out.
async fn of_two_changes_at_once_one_is_carried_out(world: World) {
    let ana = world.by(Administrator);
    let seen = ana.get("…").await.header("etag").to_owned();
    let (a, b) = (json!({ "name": "Harbor A" }), json!({ "name": "Harbor B" }));
    let both = futures_util::future::join(
        only_if(&ana, &seen, "PATCH", "…", Some(&a)),
        only_if(&ana, &seen, "PATCH", "…", Some(&b)),
    );
    let (first, second) = both.await;
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{first} {second}");
}

on_both_engines!(
    of_two_people_who_edit_the_same_the_second_is_told,
    what_was_changed_meanwhile_is_not_removed,
    a_sensor_that_renews_itself_has_the_same_tag,
    of_two_changes_at_once_one_is_carried_out,
);
