//! Signing up, one's own account, and a new password by mail.

use serde_json::{Value, json};
use tenure_domain::Role;

use crate::support::{Nobody, Operator, PASSWORD, Reply, World};

const SIGN_UP: &str = "/api/v1/sign-up";
const CURRENT: &str = "/api/v1/sessions/current";
const ANA: &str = "ana@harbor.example";
const OTHER: &str = "another good password";

fn newcomer() -> Value {
    json!({
        "email": "Zoe@orchard.example", "password": PASSWORD, "organization_name": "Orchard",
        "time_zone": "Europe/Berlin", "name": "Zoe", "language": "de",
    })
}

fn with(body: &Value, field: &str, value: &Value) -> Value {
    let mut body = body.clone();
    body[field] = value.clone();
    body
}

async fn put(world: &World, cookie: &str, path: &str, body: Value) -> Reply {
    world.with_cookie(cookie).call("PUT", path, Some(&body)).await
}

async fn whoever_signs_up_is_the_administrator_of_a_new_organization(world: World) {
    let code = world.code(3, "P1Y").await;
    let body = with(&newcomer(), "activation_code", &json!(code));
    let reply = world.by(Nobody).post(SIGN_UP, &body).await;
    assert_eq!(reply.status, 201, "{reply}");
    assert_eq!(reply.body["user"]["email"], "Zoe@orchard.example");
    assert_eq!((&reply.body["user"]["name"], &reply.body["user"]["language"]), (&json!("Zoe"), &json!("de")));
    let organization = &reply.body["organizations"][0];
    assert_eq!((&organization["name"], &organization["role"]), (&json!("Orchard"), &json!("administrator")));
    assert_eq!(
        (&organization["time_zone"], &organization["language"]),
        (&json!("Europe/Berlin"), &json!("de"))
    );
    let zoe = world.with_cookie(&reply.cookie());
    let place = format!("/api/v1/organizations/{}", organization["id"].as_str().unwrap());
    let summary = zoe.get(&format!("{place}/license-summary")).await;
    assert_eq!(summary.body["licenses_left"], 3, "{summary}");
    assert_eq!(world.log_in("zoe@ORCHARD.example").await.get(CURRENT).await.status, 200);
}

async fn signing_up_is_done_whole_or_not_at_all(mut world: World) {
    world.user(ANA, Some("Harbor"), Role::Manager).await;
    let redeemed = world.code(1, "P1Y").await;
    let elsewhere = with(&newcomer(), "activation_code", &json!(redeemed));
    let first = with(&with(&elsewhere, "email", &json!("x@y.example")), "organization_name", &json!("Y"));
    assert_eq!(world.by(Nobody).post(SIGN_UP, &first).await.status, 201);
    for (field, value, refusal) in [
        ("email", json!("ANA@harbor.example"), (409, "email_in_use")),
        ("organization_name", json!("HARBOR"), (409, "organization_name_in_use")),
        ("organization_name", json!(" "), (422, "invalid")),
        ("email", json!("zoe"), (422, "invalid")),
        ("password", json!("123456789"), (422, "invalid")),
        ("password", json!("x".repeat(201)), (422, "invalid")),
        ("time_zone", json!("Mars/Olympus"), (422, "zone_unknown")),
        ("language", json!("xx"), (422, "invalid")),
        ("activation_code", json!("7K3QD"), (422, "code_malformed")),
        // Redeemed elsewhere: refused after everything else was made.
        ("activation_code", json!(redeemed), (422, "code_not_valid")),
    ] {
        let reply = world.by(Nobody).post(SIGN_UP, &with(&newcomer(), field, &value)).await;
        assert_eq!(reply.refusal(), refusal, "{field} {value}: {reply}");
        assert_eq!(reply.header("set-cookie"), "");
    }
    // Nothing of it is there: the same address and name are free.
    assert_eq!(world.by(Nobody).post(SIGN_UP, &newcomer()).await.status, 201);
    world.close_sign_up();
    let third = with(&newcomer(), "email", &json!("third@orchard.example"));
    assert_eq!(world.by(Nobody).post(SIGN_UP, &third).await.refusal(), (403, "sign_up_closed"));
}

async fn r4_guessing_codes_by_signing_up_is_limited(world: World) {
    let unknown = tenure_domain::ActivationCode::from_random(7).to_string();
    let guess = with(&newcomer(), "activation_code", &json!(unknown));
    for _ in 0..30 {
        assert_eq!(world.by(Nobody).post(SIGN_UP, &guess).await.refusal(), (422, "code_not_valid"));
    }
    let reply = world.by(Nobody).post(SIGN_UP, &guess).await;
    assert_eq!((reply.refusal(), reply.header("retry-after")), ((429, "too_many_attempts"), "3600"));
}

async fn a_person_changes_their_account(world: World) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    let ana = world.log_in(ANA).await;
    let patch = json!({ "name": " Ana Kowalska ", "language": "pl", "time_zone": "Asia/Tokyo" });
    let reply = ana.patch("/api/v1/me", &patch).await;
    assert_eq!(reply.status, 200, "{reply}");
    let (name, zone) = (&reply.body["name"], &reply.body["time_zone"]);
    assert_eq!((name, zone), (&json!("Ana Kowalska"), &json!("Asia/Tokyo")));
    assert_eq!(ana.get(CURRENT).await.body["user"], reply.body);
    let reply = ana.patch("/api/v1/me", &json!({ "time_zone": null })).await;
    assert_eq!((&reply.body["time_zone"], &reply.body["language"]), (&Value::Null, &json!("pl")));
    for (patch, refusal) in [
        (json!({ "name": "x".repeat(101) }), (422, "invalid")),
        (json!({ "name": "a\nb" }), (422, "invalid")),
        (json!({ "language": "fr" }), (422, "invalid")),
        (json!({ "time_zone": "Nowhere" }), (422, "zone_unknown")),
        (json!({ "email": "x@y" }), (400, "body_malformed")),
    ] {
        assert_eq!(ana.patch("/api/v1/me", &patch).await.refusal(), refusal, "{patch}");
    }
}

async fn a_new_password_ends_the_other_log_ins(world: World) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    let body = json!({ "email": ANA, "password": PASSWORD });
    let here = world.by(Nobody).post("/api/v1/sessions", &body).await.cookie();
    let there = world.log_in(ANA).await;
    world.by(Nobody).post("/api/v1/password-resets", &json!({ "email": ANA })).await;
    let link = world.mailed_token("reset").await;
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let path = "/api/v1/me/password";
    assert_eq!(put(&world, &here, path, change("wrong", OTHER)).await.refusal(), (403, "password_wrong"));
    assert_eq!(put(&world, &here, path, change(PASSWORD, "short")).await.refusal(), (422, "invalid"));
    assert_eq!(there.get(CURRENT).await.status, 200);
    assert_eq!(put(&world, &here, path, change(PASSWORD, OTHER)).await.status, 204);
    assert_eq!(there.get(CURRENT).await.status, 401);
    assert_eq!(world.with_cookie(&here).get(CURRENT).await.status, 200);
    assert_eq!(world.by(Nobody).post("/api/v1/sessions", &body).await.refusal(), (401, "credentials_wrong"));
    let redemption = json!({ "token": link, "password": PASSWORD });
    let old = world.by(Nobody).post("/api/v1/password-resets/redemption", &redemption).await;
    assert_eq!(old.refusal(), (410, "link_expired"), "a link of before opens nothing");
    assert!(world.service_trail().await.contains(&format!("{ANA} password_changed")));
    // Somebody at an open browser does not guess without end.
    for _ in 0..10 {
        put(&world, &here, path, change("wrong", OTHER)).await;
    }
    assert_eq!(put(&world, &here, path, change(OTHER, PASSWORD)).await.refusal(), (429, "too_many_log_ins"));
}

async fn a_forgotten_password_is_set_anew_once_within_an_hour(world: World) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    let ana = world.log_in(ANA).await;
    let ask = async |email: &str| {
        let reply = world.by(Nobody).post("/api/v1/password-resets", &json!({ "email": email })).await;
        assert_eq!((reply.status, reply.body.as_str()), (202, Some("")), "{email}");
    };
    let redeem = async |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        world.by(Nobody).post("/api/v1/password-resets/redemption", &body).await
    };
    ask("nobody@harbor.example").await;
    let no_address = world.by(Nobody).post("/api/v1/password-resets", &json!({ "email": "ana" })).await;
    assert_eq!(no_address.refusal(), (422, "invalid"), "{no_address}");
    assert_eq!(world.mails().await.len(), 0);
    ask(" ANA@harbor.example").await;
    let replaced = world.mailed_token("reset").await;
    world.at("2026-11-21T10:00:01Z");
    ask(ANA).await;
    let mails = world.mails().await;
    let mail = &mails[1];
    assert_eq!((mails.len(), mail.recipient.as_str(), mail.kind.as_str()), (2, ANA, "password_reset"));
    let token = world.mailed_token("reset").await;
    assert!(mail.text.contains(&format!("https://tenure.harbor.example/reset#{token}\n")), "{}", mail.text);
    assert_eq!(redeem(&replaced, OTHER).await.refusal(), (410, "link_expired"));
    assert_eq!(redeem(&token, "short").await.refusal(), (422, "invalid"));
    for (instant, status) in [
        ("2026-11-21T11:00:01.000001Z", 410),
        ("2026-11-21T11:00:01Z", 410),
        ("2026-11-21T11:00:00.999999Z", 204),
    ] {
        world.at(instant);
        assert_eq!(redeem(&token, OTHER).await.status, status, "{instant}");
    }
    assert_eq!(redeem(&token, OTHER).await.refusal(), (410, "link_expired"));
    assert_eq!(ana.get(CURRENT).await.status, 401, "all log-ins end");
    let body = json!({ "email": ANA, "password": OTHER });
    assert_eq!(world.by(Nobody).post("/api/v1/sessions", &body).await.status, 201);
    assert!(world.service_trail().await.contains(&format!("{ANA} password_reset")));
}

async fn nobodys_letter_box_is_filled(world: World) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    for _ in 0..8 {
        let reply = world.by(Nobody).post("/api/v1/password-resets", &json!({ "email": ANA })).await;
        assert_eq!(reply.status, 202);
    }
    assert_eq!(world.mails().await.len(), 5);
    assert_eq!(world.log_in(ANA).await.get(CURRENT).await.status, 200, "these are no failed log-ins");
}

async fn the_operator_makes_an_organization_and_invites_its_administrator(world: World) {
    let path = "/api/v1/operator/organizations";
    let body = json!({
        "name": "Orchard", "time_zone": "Europe/Berlin", "language": "de", "administrator_email": "zoe@orchard.example",
    });
    let made = world.by(Operator).post(path, &body).await;
    assert_eq!((made.status, &made.body["name"]), (201, &json!("Orchard")), "{made}");
    let link = made.body["invitation_link"].as_str().unwrap();
    let mails = world.mails().await;
    assert!(mails[0].text.contains(link) && mails[0].subject == "Einladung zu Orchard", "{mails:?}");
    assert_eq!((mails[0].language.as_str(), mails[0].recipient.as_str()), ("de", "zoe@orchard.example"));
    let acceptance = json!({ "token": world.mailed_token("invitation").await, "password": PASSWORD });
    let accepted = world.by(Nobody).post("/api/v1/invitations/acceptance", &acceptance).await;
    assert_eq!(accepted.body["organizations"][0]["role"], "administrator", "{accepted}");
    assert_eq!(accepted.body["organizations"][0]["id"], made.body["id"]);
    let again = with(&body, "name", &json!("ORCHARD"));
    assert_eq!(world.by(Operator).post(path, &again).await.refusal(), (409, "organization_name_in_use"));
}

on_both_engines!(
    whoever_signs_up_is_the_administrator_of_a_new_organization,
    signing_up_is_done_whole_or_not_at_all,
    r4_guessing_codes_by_signing_up_is_limited,
    a_person_changes_their_account,
    a_new_password_ends_the_other_log_ins,
    a_forgotten_password_is_set_anew_once_within_an_hour,
    nobodys_letter_box_is_filled,
    the_operator_makes_an_organization_and_invites_its_administrator,
);
