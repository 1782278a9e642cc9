//! `Idempotency-Key`: a request that is sent again is carried out once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tenure_app::one_time_codes::code_for;
use tenure_domain::Role;
use tenure_store::idempotency;

use crate::access::{ROLES, TABLE, prepare};
use crate::support::{Administrator, Client, Manager, Nobody, Operator, PASSWORD, World};

/// The routes on which a key has no meaning, and why.
const WITHOUT: &[(&str, &str)] = &[
    // They look at what would happen, and undo it.
    ("post", "…/activation-codes/preview"),
    ("post", "…/license-assignments/preview"),
    ("post", "…/auto-renewal/preview"),
    ("post", "…/sensors/{sensor_id}/licenses/preview"),
    ("post", "…/sensors/{sensor_id}/removal/preview"),
    ("post", "…/sensors/additions/preview"),
    ("post", "/api/v1/operator/activation-codes/{activation_code_id}/revocation/preview"),
    ("post", "/api/v1/cover"),
    ("post", "/api/v1/cover/mqtt-authorization"),
    ("post", "…/forecast"),
    ("post", "…/forecast/sensors"),
    ("post", "…/common-date/dates"),
    ("post", "…/common-date/preview"),
    // Their caller is not known. Each is safe to be sent again: a link opens once, an address signs up once.
    ("post", "/api/v1/sign-up"),
    ("post", "/api/v1/password-resets"),
    ("post", "/api/v1/password-resets/redemption"),
    ("post", "/api/v1/invitations/look-up"),
    ("post", "/api/v1/invitations/acceptance"),
    ("post", "/api/v1/unsubscriptions/{token}"),
    ("post", "/api/v1/unsubscriptions/{token}/undo"),
    ("post", "/api/v1/sessions"),
    // Afterwards nobody knows the caller any more.
    ("delete", "/api/v1/sessions/current"),
    // A gateway's posts have their own way to be sent again.
    ("post", "/api/v2/measurements"),
];

/// The service is killed between its commit and its answer, and half a minute passes.
async fn lose_answers(world: &World) {
    let mut tx = world.app.db.begin().await.unwrap();
    idempotency::lose_answers(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    world.clock.set(world.app.clock.now().plus_seconds(31));
}

/// What is wrong with how a route takes a key, if something is.
async fn wrong(
    world: &World,
    by: &Client<'_>,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Option<String> {
    let (key, method) = ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", method.to_uppercase());
    let first = by.keyed(key, &method, path, body).await;
    if !(200..300).contains(&first.status) || !first.header("idempotent-replayed").is_empty() {
        return Some(format!("{method} {path}: {first}"));
    }
    let again = by.keyed(key, &method, path, body).await;
    if again.header("idempotent-replayed") != "true"
        || (again.status, &again.body) != (first.status, &first.body)
        || again.header("location") != first.header("location")
        || again.header("content-type") != first.header("content-type")
    {
        return Some(format!("{method} {path}: first {first}, then {again}"));
    }
    let other = by.keyed(key, &method, path, Some(&json!({ "else": 1 }))).await;
    if other.refusal() != (422, "idempotency_key_reused") {
        return Some(format!("{method} {path} with something else: {other}"));
    }
    // Whoever forgets the mark in the transaction carries it out once more here.
    lose_answers(world).await;
    let lost = by.keyed(key, &method, path, body).await;
    if lost.refusal() != (409, "idempotency_answer_lost") {
        return Some(format!("{method} {path} after a crash: {lost}"));
    }
    None
}

/// A new route that changes something says so by itself; one that does not is named above, and in `document_writes`.
#[test]
fn the_document_tells_of_the_key_where_it_counts() {
    let document = serde_json::to_value(tenure_api::openapi()).unwrap();
    for (method, path, _) in TABLE.iter().filter(|(method, _, _)| *method != "get") {
        let full = path.replace('…', "/api/v1/organizations/{organization_id}");
        let parameters =
            document["paths"][&full][*method]["parameters"].as_array().cloned().unwrap_or_default();
        let told = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(told, !WITHOUT.contains(&(*method, *path)), "{method} {path}");
    }
}

async fn every_route_that_changes_something_does_so_once(world: World) {
    world.key(2_000, "P1Y").await;
    let (mut serial, mut found) = (500_000, Vec::new());
    for (method, path, expected) in TABLE {
        let own = ["/api/v1/me", "/api/v1/sessions"].iter().any(|start| path.starts_with(start));
        if *method == "get" || own || WITHOUT.contains(&(*method, *path)) {
            continue;
        }
        let place = expected.iter().position(|status| (200..300).contains(status)).unwrap();
        serial += 1;
        let (filled, body) = prepare(&world, method, path, serial).await;
        let by = world.by_name(ROLES[place]);
        found.extend(wrong(&world, &by, method, &filled, body.as_ref()).await);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

async fn what_a_person_does_with_their_account_is_done_once(world: World) {
    world.user("ana@harbor.example", Some("Harbor"), Role::Analyst).await;
    let ana = world.log_in("ana@harbor.example").await;
    let password = json!({ "password": PASSWORD });
    let mut found = Vec::new();
    let mut done = Vec::new();
    for (method, path, body) in [
        ("patch", "/api/v1/me", json!({ "name": "Ana" })),
        ("put", "/api/v1/me/password", json!({ "current_password": PASSWORD, "new_password": PASSWORD })),
        ("post", "/api/v1/me/one-time-codes", password.clone()),
    ] {
        found.extend(wrong(&world, &ana, method, path, Some(&body)).await);
        done.push((method, path));
    }
    let begun = ana.post("/api/v1/me/one-time-codes", &password).await;
    let code = code_for(begun.body["secret"].as_str().unwrap(), world.app.clock.now()).unwrap();
    for (method, path, body) in [
        ("post", "/api/v1/me/one-time-codes/confirmation", json!({ "code": code })),
        ("post", "/api/v1/me/recovery-codes", password.clone()),
        ("post", "/api/v1/me/one-time-codes/removal", password),
    ] {
        found.extend(wrong(&world, &ana, method, path, Some(&body)).await);
        done.push((method, path));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (method, path, _) in TABLE.iter().filter(|(_, path, _)| path.starts_with("/api/v1/me")) {
        assert!(done.contains(&(*method, *path)), "{method} {path} is tried nowhere");
    }
}

/// Two nodes hear the same request four times each, all at once.
async fn of_many_at_once_one_is_carried_out(world: World) {
    world.key(50, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}/licenses");
    let other = world.another_node();
    let nodes = [&world, &other];
    let clients: Vec<Client<'_>> = (0..8).map(|place| nodes[place % 2].by(Manager)).collect();
    let replies = join_all(clients.iter().map(|by| by.keyed("k", "POST", &path, None))).await;
    let mut answers = Vec::new();
    for reply in &replies {
        match reply.status {
            201 => answers.push(reply.body.clone()),
            _ => assert_eq!(reply.refusal(), (409, "idempotency_in_progress"), "{reply}"),
        }
    }
    assert!(!answers.is_empty());
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    for node in nodes {
        let again = node.by(Manager).keyed("k", "POST", &path, None).await;
        assert_eq!((again.status, &again.body), (201, &answers[0]));
    }
    let summary = world.by(Manager).get("…/license-summary").await;
    assert_eq!(summary.body["licenses_left"], json!(48), "one for the sensor at first, and one more");
}

async fn a_key_is_its_callers_and_its_paths(world: World) {
    world.key(50, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let path = format!("…/sensors/{sensor}/licenses");
    for by in [world.by(Administrator), world.by(Manager)] {
        let reply = by.keyed("k", "POST", &path, None).await;
        assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, ""));
    }
    let body = json!({ "serial": "282c02424eee" });
    let elsewhere = world.by(Manager).keyed("k", "POST", "…/sensors", Some(&body)).await;
    assert_eq!(elsewhere.status, 201);
    // Who may not, may not with a key.
    let nobody = world.by(Nobody).keyed("k", "POST", &path, None).await;
    assert_eq!(nobody.refusal(), (401, "unauthenticated"));
    let operator = world.by(Operator).keyed("k", "POST", &path, None).await;
    assert_eq!(operator.refusal(), (404, "not_found"));
    for malformed in ["a b", "\"\""] {
        let reply = world.by(Manager).keyed(malformed, "POST", &path, None).await;
        assert_eq!(reply.refusal(), (400, "idempotency_key_malformed"), "{malformed}");
    }
}

/// Nothing was changed, so nothing is remembered: put right, the same key may be sent again.
async fn a_request_that_is_refused_leaves_no_trace(world: World) {
    let body = json!({ "serial": "282c02424eed" });
    let refused = world.by(Manager).keyed("k", "POST", "…/sensors", Some(&body)).await;
    assert_eq!(refused.refusal(), (409, "no_license_left"));
    let wrong = json!({ "code": "ABCDE-FGHJK-MNPQR-STVWX-YZ012" });
    let refused = world.by(Manager).keyed("c", "POST", "…/activation-codes", Some(&wrong)).await;
    assert_eq!(refused.status, 422, "{refused}");
    world.key(1, "P1Y").await;
    let added = world.by(Manager).keyed("k", "POST", "…/sensors", Some(&body)).await;
    assert_eq!((added.status, added.header("idempotent-replayed")), (201, ""));
    // What would be refused now was not when it was done.
    let again = world.by(Manager).keyed("k", "POST", "…/sensors", Some(&body)).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.body, added.body);
}

/// A code that is not valid is counted (R4), and that is committed; the command is not carried out by it.
async fn r4_a_code_that_is_not_valid_is_not_carried_out(world: World) {
    let code = world.code(1, "P1Y").await;
    let elsewhere = format!("/api/v1/organizations/{}/activation-codes", world.elsewhere);
    let taken = world.by_name("stranger").post(&elsewhere, &json!({ "code": code })).await;
    assert_eq!(taken.status, 201);
    for _ in 0..2 {
        let body = json!({ "code": code });
        let refused = world.by(Manager).keyed("k", "POST", "…/activation-codes", Some(&body)).await;
        assert_eq!(refused.refusal(), (422, "code_not_valid"));
        lose_answers(&world).await;
    }
}

async fn answers_are_sealed_and_forgotten_after_a_day(world: World) {
    let body = json!({ "licenses": 1, "term": "P1Y" });
    let path = "/api/v1/operator/activation-codes";
    let issued = world.by(Operator).keyed("k", "POST", path, Some(&body)).await;
    let code = issued.body["code"].as_str().unwrap().to_owned();
    let again = world.by(Operator).keyed("k", "POST", path, Some(&body)).await;
    assert_eq!(again.body["code"], json!(code));
    let kept = world.kept_answers().await;
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].windows(code.len()).any(|window| window == code.as_bytes()), "R2: a code is not stored");
    world.clock.set(world.app.clock.now().plus_seconds(24 * 3_600 - 1));
    world.app.keep_house_now().await.unwrap();
    assert_eq!(world.kept_answers().await.len(), 1);
    world.clock.set(world.app.clock.now().plus_seconds(1));
    world.app.keep_house_now().await.unwrap();
    assert_eq!(world.kept_answers().await.len(), 0);
    let new = world.by(Operator).keyed("k", "POST", path, Some(&body)).await;
    assert_ne!(new.body["code"], json!(code));
}

on_both_engines!(
    every_route_that_changes_something_does_so_once,
    what_a_person_does_with_their_account_is_done_once,
    of_many_at_once_one_is_carried_out,
    a_key_is_its_callers_and_its_paths,
    a_request_that_is_refused_leaves_no_trace,
    r4_a_code_that_is_not_valid_is_not_carried_out,
    answers_are_sealed_and_forgotten_after_a_day,
);
