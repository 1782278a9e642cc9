//! Logging in and out.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenure_domain::Role;

use crate::support::{Administrator, Nobody, PASSWORD, Reply, World};

const SESSIONS: &str = "/api/v1/sessions";
const CURRENT: &str = "/api/v1/sessions/current";
const ANA: &str = "ana@harbor.example";

async fn try_in(world: &World, email: &str, password: &str) -> Reply {
    world.by(Nobody).post(SESSIONS, &json!({ "email": email, "password": password })).await
}

async fn a_person_logs_in_and_out(world: World) {
    world.user(ANA, Some("Harbor"), Role::Manager).await;
    world.user(ANA, Some("Elsewhere"), Role::Analyst).await;
    let reply = try_in(&world, "ANA@Harbor.example ", PASSWORD).await;
    assert_reads!(reply, @r#"
    201
    {
      "idle_ends_at": "2026-11-21T22:00:00Z",
      "operator": false,
      "organizations": [
        {
          "id": "org_01m7yrrt805hpq0rbf5x4dsr0w",
          "language": "en",
          "name": "Elsewhere",
          "role": "analyst",
          "time_zone": "Europe/Warsaw"
        },
        {
          "id": "org_01m7yrrt80anf73gc6j3q45j8b",
          "language": "en",
          "name": "Harbor",
          "role": "manager",
          "time_zone": "Europe/Warsaw"
        }
      ],
      "user": {
        "email": "ana@harbor.example",
        "id": "usr_01m7yrrt80faqjfkazkv4cd56c",
        "language": "en",
        "name": "",
        "one_time_codes": false,
        "recovery_codes_left": 0,
        "time_zone": null
      }
    }
    "#);
    let attributes = reply.header("set-cookie").split_once(';').unwrap().1;
    assert_eq!(attributes, " Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax");
    let cookie = reply.cookie();
    assert!(cookie.starts_with("__Host-tenure=") && cookie.len() > 14 + 42, "{cookie}");
    let ana = world.with_cookie(&cookie);
    let current = ana.get(CURRENT).await;
    assert_eq!((current.status, &current.body), (200, &reply.body));
    // The role is that of the organization in the path.
    assert_eq!(ana.get("…/license-summary").await.status, 200);
    let elsewhere = format!("/api/v1/organizations/{}", world.elsewhere);
    assert_eq!(ana.get(&elsewhere).await.status, 200);
    assert_eq!(ana.get(&format!("{elsewhere}/license-summary")).await.refusal(), (403, "forbidden"));

    let other = world.log_in(ANA).await;
    let out = ana.delete(CURRENT).await;
    assert_eq!((out.status, out.body.as_str()), (204, Some("")));
    let cleared = "__Host-tenure=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(out.header("set-cookie"), cleared);
    assert_eq!(ana.get(CURRENT).await.refusal(), (401, "unauthenticated"));
    assert_eq!(ana.get("…").await.refusal(), (401, "unauthenticated"));
    assert_eq!(other.get(CURRENT).await.status, 200, "another log-in goes on");
}

async fn an_operator_logs_in_and_sees_no_organization(world: World) {
    world.user("op@vendor.example", None, Role::Operator).await;
    let operator = world.log_in("op@vendor.example").await;
    let session = operator.get(CURRENT).await;
    assert_eq!((&session.body["operator"], &session.body["organizations"]), (&json!(true), &json!([])));
    assert_eq!(operator.get("/api/v1/operator/activation-codes").await.status, 200);
    assert_eq!(operator.get("…").await.refusal(), (404, "not_found"));
}

async fn what_a_person_does_is_audited_under_their_name(world: World) {
    world.user(ANA, Some("Harbor"), Role::Manager).await;
    let code = world.code(1, "P1Y").await;
    let ana = world.log_in(ANA).await;
    ana.post("…/activation-codes", &json!({ "code": code })).await;
    let again = ana.post("…/activation-codes", &json!({ "code": code })).await;
    assert_eq!(again.body["already_added"]["by"], ANA, "{again}");
}

async fn wrong_credentials_have_one_answer(world: World) {
    world.user(ANA, Some("Harbor"), Role::Manager).await;
    let wrong = try_in(&world, ANA, "wrong horse battery").await;
    assert_reads!(wrong, @r#"
    401
    {
      "code": "credentials_wrong",
      "detail": "The e-mail address or the password is not right. Try again, or ask for a new password.",
      "status": 401,
      "title": "Credentials wrong",
      "type": "/problems/credentials_wrong"
    }
    "#);
    assert_eq!(wrong.header("set-cookie"), "");
    for (email, password) in [
        ("nobody@harbor.example", PASSWORD),
        // Has no password.
        ("manager@harbor.example", PASSWORD),
        ("manager@harbor.example", ""),
        ("", ""),
        (ANA, &"x".repeat(100_000)),
    ] {
        assert_eq!(try_in(&world, email, password).await.body, wrong.body, "{email}");
    }
}

async fn failed_log_ins_are_limited_and_right_ones_are_not_counted(mut world: World) {
    world.user(ANA, Some("Harbor"), Role::Manager).await;
    for minute in 0..9 {
        world.at(&format!("2026-11-21T10:0{minute}:00Z"));
        assert_eq!(try_in(&world, ANA, "wrong horse").await.refusal(), (401, "credentials_wrong"));
    }
    world.at("2026-11-21T10:10:00Z");
    for _ in 0..3 {
        assert_eq!(try_in(&world, ANA, PASSWORD).await.status, 201);
    }
    assert_eq!(try_in(&world, "Ana@harbor.example", "wrong").await.status, 401);
    world.restart();
    let refused = try_in(&world, ANA, PASSWORD).await;
    assert_eq!((refused.refusal(), refused.header("retry-after")), ((429, "too_many_log_ins"), "3000"));
    world.at("2026-11-21T10:59:59.999999Z");
    assert_eq!(try_in(&world, ANA, PASSWORD).await.status, 429);
    world.at("2026-11-21T11:00:00Z");
    assert_eq!(try_in(&world, ANA, PASSWORD).await.status, 201);
    assert_eq!(try_in(&world, ANA, "wrong").await.status, 401);
    assert_eq!(
        try_in(&world, ANA, PASSWORD).await.status,
        429,
        "the wrong ones are not forgotten by a right one"
    );
}

async fn failed_log_ins_are_limited_by_network_address(world: World) {
    for number in 0..30 {
        let reply = try_in(&world, &format!("guess{number}@harbor.example"), "wrong").await;
        assert_eq!(reply.status, 401);
    }
    let reply = try_in(&world, "another@harbor.example", "wrong").await;
    assert_eq!((reply.refusal(), reply.header("retry-after")), ((429, "too_many_log_ins"), "3600"));
}

/// Many at once find no gap: ten are looked at, however many come.
async fn guesses_at_once_are_counted_as_they_come(world: World) {
    let tries = (0..14).map(|_| try_in(&world, "nobody@harbor.example", "wrong"));
    let statuses: Vec<u16> =
        futures_util::future::join_all(tries).await.into_iter().map(|reply| reply.status).collect();
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (10, 4), "{statuses:?}");
}

async fn an_idle_log_in_ends_after_twelve_hours_to_the_microsecond(world: World) {
    world.user(ANA, Some("Harbor"), Role::Manager).await;
    let ana = world.log_in(ANA).await;
    // Within a minute of the last use nothing is written.
    world.at("2026-11-21T10:00:59.999999Z");
    assert_eq!(ana.get(CURRENT).await.body["idle_ends_at"], "2026-11-21T22:00:00Z");
    world.at("2026-11-21T10:01:00Z");
    assert_eq!(ana.get("…").await.status, 200);
    assert_eq!(ana.get(CURRENT).await.body["idle_ends_at"], "2026-11-21T22:01:00Z");
    for (instant, status) in [
        ("2026-11-21T22:01:00Z", 401),
        ("2026-11-21T22:01:00.000001Z", 401),
        ("2026-11-21T22:00:59.999999Z", 200),
        ("2026-11-22T10:00:59.999998Z", 200),
    ] {
        world.at(instant);
        assert_eq!(ana.get(CURRENT).await.status, status, "{instant}");
    }
    // However much it is used, it ends after thirty days.
    for hour in 0..=(30 * 4) {
        let now =
            "2026-11-21T10:00:00Z".parse::<tenure_domain::Instant>().unwrap().plus_seconds(hour * 6 * 3_600);
        world.clock.set(now);
        assert_eq!(ana.get(CURRENT).await.status, if hour == 120 { 401 } else { 200 }, "{now}");
    }
}

async fn another_sites_page_changes_nothing(world: World) {
    world.user(ANA, Some("Harbor"), Role::Administrator).await;
    let reply = try_in(&world, ANA, PASSWORD).await;
    let request = |method: &str, headers: &[(&str, &str)]| {
        let request = Request::builder().method(method).uri(world.path("…")).header("Cookie", reply.cookie());
        let request =
            headers.iter().fold(request.header("Host", "127.0.0.1:8080"), |request, (name, value)| {
                request.header(*name, *value)
            });
        let request = request.header("Content-Type", "application/json");
        request.body(Body::from(json!({ "language": "de" }).to_string())).unwrap()
    };
    for (headers, status) in [
        (&[][..], 403),
        (&[("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "http://127.0.0.1:8080")], 403),
        (&[("Origin", "http://evil.example")], 403),
        (&[("Origin", "null")], 403),
        (&[("Sec-Fetch-Site", "same-origin")], 200),
        (&[("Sec-Fetch-Site", "none")], 200),
        (&[("Origin", "http://127.0.0.1:8080")], 200),
        (&[("Origin", "https://tenure.harbor.example")], 200),
    ] {
        let answer = world.send(request("PATCH", headers)).await;
        assert_eq!(answer.status, status, "{headers:?}: {answer}");
        if status == 403 {
            assert_eq!(answer.refusal(), (403, "cross_site"));
            let language = &world.by(Administrator).get("…").await.body["language"];
            assert_eq!(language, "en", "{headers:?}");
        }
    }
    // Reading changes nothing; its answer is kept from the other page by the browser.
    assert_eq!(world.send(request("GET", &[("Sec-Fetch-Site", "cross-site")])).await.status, 200);
    // Nor is somebody logged in by another site's page.
    let foreign = Request::post(SESSIONS).header("Sec-Fetch-Site", "cross-site");
    let credentials = json!({ "email": ANA, "password": PASSWORD }).to_string();
    let foreign = foreign.header("Content-Type", "application/json").body(Body::from(credentials)).unwrap();
    assert_eq!(world.send(foreign).await.refusal(), (403, "cross_site"));
}

async fn a_cookie_is_kept_as_a_hash_and_the_token_wins(world: World) {
    world.user(ANA, Some("Harbor"), Role::Analyst).await;
    let ana = try_in(&world, ANA, PASSWORD).await.cookie();
    for wrong in ["__Host-tenure=", "__Host-tenure=x", &format!("{ana}x"), &ana.to_uppercase()] {
        assert_eq!(
            world.with_cookie(wrong).get(CURRENT).await.refusal(),
            (401, "unauthenticated"),
            "{wrong}"
        );
    }
    let both = Request::get(world.path("…")).header("Cookie", &ana).header("Authorization", "Bearer wrong");
    assert_eq!(world.send(both.body(Body::empty()).unwrap()).await.refusal(), (401, "unauthenticated"));
    let token = world.by(Administrator).get(CURRENT).await;
    assert_eq!(token.refusal(), (403, "session_needed"));
    assert_eq!(token.body.get("user"), None::<&Value>);
}

on_both_engines!(
    a_person_logs_in_and_out,
    an_operator_logs_in_and_sees_no_organization,
    what_a_person_does_is_audited_under_their_name,
    wrong_credentials_have_one_answer,
    failed_log_ins_are_limited_and_right_ones_are_not_counted,
    failed_log_ins_are_limited_by_network_address,
    guesses_at_once_are_counted_as_they_come,
    an_idle_log_in_ends_after_twelve_hours_to_the_microsecond,
    another_sites_page_changes_nothing,
    a_cookie_is_kept_as_a_hash_and_the_token_wins,
);
