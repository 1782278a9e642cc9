//! The users of an organization.

use serde_json::{Value, json};
use tenure_domain::Role;

use crate::support::{Administrator, Manager, World};

fn id_of(list: &Value, email: &str) -> String {
    let items = list["items"].as_array().unwrap();
    let member = items.iter().find(|member| member["email"] == email).unwrap();
    member["id"].as_str().unwrap().to_owned()
}

async fn users_are_listed_with_what_they_are(world: World) {
    world.user("zoe@harbor.example", Some("Harbor"), Role::Analyst).await;
    world.at("2026-11-21T10:05:00Z");
    world.log_in("zoe@harbor.example").await;
    let list = world.by(Manager).get("…/users").await;
    let emails: Vec<&Value> =
        list.body["items"].as_array().unwrap().iter().map(|member| &member["email"]).collect();
    assert_eq!(
        emails,
        [
            "administrator@harbor.example",
            "analyst@harbor.example",
            "manager@harbor.example",
            "zoe@harbor.example"
        ]
    );
    assert_reads!(list.body["items"][3], @r#"{"email":"zoe@harbor.example","etag":"6r6HSIG7dnhk1zzd","id":"usr_01m7yrrt80faqjfkazkv4cd56c","language":"en","last_seen_at":"2026-11-21T10:05:00Z","name":"","one_time_codes":false,"role":"analyst","since":"2026-11-21T10:00:00Z"}"#);
    assert_eq!(list.body["items"][0]["last_seen_at"], Value::Null);
}

async fn the_last_administrator_stays(world: World) {
    let list = world.by(Administrator).get("…/users").await;
    let administrator = format!("…/users/{}", id_of(&list.body, "administrator@harbor.example"));
    let manager = format!("…/users/{}", id_of(&list.body, "manager@harbor.example"));
    let by = world.by(Administrator);
    let last = (409, "last_administrator");
    assert_eq!(by.patch(&administrator, &json!({ "role": "manager" })).await.refusal(), last);
    assert_eq!(by.delete(&administrator).await.refusal(), last);
    assert_eq!(by.patch(&administrator, &json!({ "role": "administrator" })).await.status, 200);
    let raised = by.patch(&manager, &json!({ "role": "administrator" })).await;
    assert_eq!((raised.status, &raised.body["role"]), (200, &json!("administrator")), "{raised}");
    assert_eq!(by.patch(&administrator, &json!({ "role": "analyst" })).await.status, 200);
    assert_eq!(by.get("…/users").await.refusal(), (403, "forbidden"), "today's role");
    assert_eq!(world.by(Manager).delete(&manager).await.refusal(), last);
    for (body, refusal) in [
        (json!({ "role": "operator" }), (422, "invalid")),
        (json!({ "role": "king" }), (400, "body_malformed")),
    ] {
        assert_eq!(world.by(Manager).patch(&administrator, &body).await.refusal(), refusal, "{body}");
    }
}

async fn who_is_removed_has_neither_log_in_nor_token_there(world: World) {
    world.user("zoe@harbor.example", Some("Harbor"), Role::Manager).await;
    world.user("zoe@harbor.example", Some("Elsewhere"), Role::Manager).await;
    let zoe = world.log_in("zoe@harbor.example").await;
    let list = world.by(Administrator).get("…/users").await;
    let path = format!("…/users/{}", id_of(&list.body, "zoe@harbor.example"));
    let manager = format!("…/users/{}", id_of(&list.body, "manager@harbor.example"));
    assert_eq!(world.by(Administrator).delete(&path).await.status, 204);
    assert_eq!(zoe.get("…").await.refusal(), (404, "not_found"));
    assert_eq!(zoe.get(&format!("/api/v1/organizations/{}", world.elsewhere)).await.status, 200);
    assert_eq!(world.by(Administrator).delete(&path).await.refusal(), (404, "not_found"));
    // A token does not come back to life with its user.
    assert_eq!(world.by(Administrator).delete(&manager).await.status, 204);
    assert_eq!(world.by(Manager).get("…").await.refusal(), (401, "unauthenticated"));
    world.user_without_password("manager@harbor.example", "Harbor", Role::Manager).await;
    assert_eq!(world.by(Manager).get("…").await.refusal(), (401, "unauthenticated"));
}

async fn a_token_may_no_more_than_it_was_given(world: World) {
    let body = json!({ "name": "Monthly report", "role": "analyst" });
    let made = world.by(Administrator).post("…/tokens", &body).await;
    assert_eq!((made.status, &made.body["role"]), (201, &json!("analyst")), "{made}");
    assert_eq!((&made.body["name"], &made.body["last_used_at"]), (&json!("Monthly report"), &Value::Null));
    let token = made.body["token"].as_str().unwrap();
    assert_eq!(world.with_token(token).get("…/sensors").await.status, 200);
    assert_eq!(world.with_token(token).get("…/license-summary").await.refusal(), (403, "forbidden"));
    let used = async || {
        let list = world.by(Administrator).get("…/tokens").await;
        let items = list.body["items"].as_array().unwrap().clone();
        items.into_iter().find(|row| row["id"] == made.body["id"]).unwrap()["last_used_at"].clone()
    };
    assert_eq!(used().await, "2026-11-21T10:00:00Z");
    world.at("2026-11-21T10:00:59.999999Z");
    world.with_token(token).get("…").await;
    assert_eq!(used().await, "2026-11-21T10:00:00Z", "written at most once a minute");
    world.at("2026-11-21T10:01:00Z");
    world.with_token(token).get("…").await;
    assert_eq!(used().await, "2026-11-21T10:01:00Z");
    for body in [json!({ "role": "operator" }), json!({ "name": "x".repeat(101) })] {
        assert_ne!(world.by(Administrator).post("…/tokens", &body).await.status, 201, "{body}");
    }
}

on_both_engines!(
    users_are_listed_with_what_they_are,
    the_last_administrator_stays,
    who_is_removed_has_neither_log_in_nor_token_there,
    a_token_may_no_more_than_it_was_given,
);
