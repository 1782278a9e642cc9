//! One-time codes and recovery codes.

use serde_json::{Value, json};
use tenure_app::one_time_codes::code_for;
use tenure_domain::{Instant, Role};

use crate::support::{Nobody, PASSWORD, Reply, World};

const ANA: &str = "ana@harbor.example";
const CODES: &str = "/api/v1/me/one-time-codes";
const CONFIRMATION: &str = "/api/v1/me/one-time-codes/confirmation";
const REMOVAL: &str = "/api/v1/me/one-time-codes/removal";
const RECOVERY: &str = "/api/v1/me/recovery-codes";

/// The code that the app shows at this instant.
fn code(secret: &str, instant: &str) -> String {
    code_for(secret, instant.parse::<Instant>().unwrap()).unwrap()
}

async fn log_in(world: &World, code: Option<&str>) -> Reply {
    let body = json!({ "email": ANA, "password": PASSWORD, "code": code });
    world.by(Nobody).post("/api/v1/sessions", &body).await
}

/// Switches one-time codes on at 10:00; returns the secret, the recovery codes and the cookie.
async fn switch_on(world: &World) -> (String, Vec<String>, String) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    let cookie = log_in(world, None).await.cookie();
    let ana = world.with_cookie(&cookie);
    let begun = ana.post(CODES, &json!({ "password": PASSWORD })).await;
    let secret = begun.body["secret"].as_str().unwrap().to_owned();
    let shown = code(&secret, "2026-11-21T10:00:00Z");
    let confirmed = ana.post(CONFIRMATION, &json!({ "code": shown })).await;
    assert_eq!(confirmed.status, 200, "{confirmed}");
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect(), cookie)
}

async fn one_time_codes_count_once_they_are_confirmed(world: World) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    let ana = world.log_in(ANA).await;
    assert_eq!(ana.post(CODES, &json!({ "password": "wrong" })).await.refusal(), (403, "password_wrong"));
    let nothing = ana.post(CONFIRMATION, &json!({ "code": "123456" })).await;
    assert_eq!(nothing.refusal(), (409, "one_time_codes_off"));
    assert_eq!(
        ana.post(RECOVERY, &json!({ "password": PASSWORD })).await.refusal(),
        (409, "one_time_codes_off")
    );
    let begun = ana.post(CODES, &json!({ "password": PASSWORD })).await;
    let secret = begun.body["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    let uri = format!("otpauth://totp/Tenure:ana%40harbor.example?secret={secret}&issuer=Tenure");
    assert_eq!(begun.body["uri"], json!(uri));
    let late = code(secret, "2026-11-21T10:05:00Z");
    assert_eq!(ana.post(CONFIRMATION, &json!({ "code": late })).await.refusal(), (422, "invalid"));
    assert_eq!(log_in(&world, None).await.status, 201, "not confirmed yet");
    let now = code(secret, "2026-11-21T10:00:00Z");
    assert_eq!(ana.post(CONFIRMATION, &json!({ "code": now })).await.status, 200);
    let session = ana.get("/api/v1/sessions/current").await;
    let user = &session.body["user"];
    assert_eq!((&user["one_time_codes"], &user["recovery_codes_left"]), (&json!(true), &json!(10)));
    assert_eq!(log_in(&world, None).await.refusal(), (401, "one_time_code_required"));
    assert!(world.service_trail().await.contains(&format!("{ANA} one_time_codes_switched_on")));
}

async fn a_one_time_code_opens_once(world: World) {
    let (secret, _, _) = switch_on(&world).await;
    let at = |instant: &str| code(&secret, instant);
    let used = at("2026-11-21T10:00:00Z");
    assert_eq!(log_in(&world, Some(&used)).await.refusal(), (401, "one_time_code_wrong"), "it confirmed");
    let next = at("2026-11-21T10:00:30Z");
    assert_eq!(log_in(&world, Some(&next)).await.status, 201, "the app's clock is ahead");
    assert_eq!(log_in(&world, Some(&next)).await.refusal(), (401, "one_time_code_wrong"));
    world.at("2026-11-21T10:01:00Z");
    let after = at("2026-11-21T10:01:30Z");
    assert_eq!(log_in(&world, Some(&after)).await.status, 201);
    let before = at("2026-11-21T10:01:00Z");
    assert_eq!(
        log_in(&world, Some(&before)).await.refusal(),
        (401, "one_time_code_wrong"),
        "an earlier step"
    );
}

async fn guessing_one_time_codes_is_limited(world: World) {
    let (secret, _, _) = switch_on(&world).await;
    world.at("2026-11-21T10:02:00Z");
    let right = code(&secret, "2026-11-21T10:02:00Z");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..9 {
        assert_eq!(log_in(&world, Some(wrong)).await.refusal(), (401, "one_time_code_wrong"));
        // A right password alone is not counted.
        assert_eq!(log_in(&world, None).await.refusal(), (401, "one_time_code_required"));
    }
    assert_eq!(log_in(&world, Some(wrong)).await.status, 401);
    assert_eq!(log_in(&world, Some(&right)).await.refusal(), (429, "too_many_log_ins"));
}

async fn a_recovery_code_opens_once(world: World) {
    let (_, codes, cookie) = switch_on(&world).await;
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
    let typed = codes[0].to_uppercase().replace('-', " ");
    let opened = log_in(&world, Some(&typed)).await;
    assert_eq!((opened.status, &opened.body["user"]["recovery_codes_left"]), (201, &json!(9)), "{opened}");
    assert_eq!(log_in(&world, Some(&codes[0])).await.refusal(), (401, "one_time_code_wrong"));
    let ana = world.with_cookie(&cookie);
    let renewed = ana.post(RECOVERY, &json!({ "password": PASSWORD })).await;
    let fresh: &Vec<Value> = renewed.body["recovery_codes"].as_array().unwrap();
    assert_eq!(fresh.len(), 10);
    assert_eq!(log_in(&world, Some(&codes[1])).await.refusal(), (401, "one_time_code_wrong"));
    assert_eq!(log_in(&world, fresh[1].as_str()).await.status, 201);
}

async fn one_time_codes_are_switched_off_by_the_password(world: World) {
    let (_, codes, cookie) = switch_on(&world).await;
    let ana = world.with_cookie(&cookie);
    assert_eq!(ana.post(REMOVAL, &json!({ "password": "wrong" })).await.refusal(), (403, "password_wrong"));
    assert_eq!(log_in(&world, None).await.refusal(), (401, "one_time_code_required"));
    assert_eq!(ana.post(REMOVAL, &json!({ "password": PASSWORD })).await.status, 204);
    assert_eq!(log_in(&world, None).await.status, 201);
    // A code that is not asked for does no harm.
    assert_eq!(log_in(&world, Some(&codes[0])).await.status, 201);
    let session = ana.get("/api/v1/sessions/current").await;
    assert_eq!(session.body["user"]["recovery_codes_left"], 0);
}

/// Neither an invitation nor a new password leads around them.
async fn nothing_leads_around_one_time_codes(world: World) {
    switch_on(&world).await;
    let invitation = json!({ "email": ANA, "role": "analyst" });
    let elsewhere = format!("/api/v1/organizations/{}/invitations", world.elsewhere);
    let made = world.by(crate::support::Stranger).post(&elsewhere, &invitation).await;
    let token = made.body["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let acceptance = json!({ "token": token, "password": PASSWORD });
    let reply = world.by(Nobody).post("/api/v1/invitations/acceptance", &acceptance).await;
    assert_eq!(reply.refusal(), (401, "one_time_code_required"));
    world.by(Nobody).post("/api/v1/password-resets", &json!({ "email": ANA })).await;
    let redemption = json!({ "token": world.mailed_token("reset").await, "password": PASSWORD });
    let reset = world.by(Nobody).post("/api/v1/password-resets/redemption", &redemption).await;
    assert_eq!((reset.status, reset.header("set-cookie")), (204, ""));
    assert_eq!(log_in(&world, None).await.refusal(), (401, "one_time_code_required"));
}

on_both_engines!(
    one_time_codes_count_once_they_are_confirmed,
    a_one_time_code_opens_once,
    guessing_one_time_codes_is_limited,
    a_recovery_code_opens_once,
    one_time_codes_are_switched_off_by_the_password,
    nothing_leads_around_one_time_codes,
);
