//! Redeeming activation codes.

use serde_json::json;
use tenure_domain::ActivationCode;

use crate::support::{Administrator, Manager, Operator, Stranger, World};

async fn r3_redeeming_brings_all_licenses_and_again_brings_none(world: World) {
    let code = world.code(5, "P2Y").await;
    let typed = json!({ "code": code.to_lowercase().replace('-', " ") });
    let preview = world.by(Manager).post("…/activation-codes/preview", &typed).await;
    assert_reads!(preview, @r#"
    200
    {
      "already_added": null,
      "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
      "licenses": 5,
      "licenses_left": 5,
      "renewed": [],
      "term": "P2Y"
    }
    "#);
    let before = world.by(Manager).get("…/license-summary").await;
    assert_eq!(before.body["licenses_left"], 0);

    let redeemed = world.by(Manager).post("…/activation-codes", &typed).await;
    assert_eq!((redeemed.status, &redeemed.body), (201, &preview.body));

    world.at("2026-11-22T08:00:00Z");
    let again = world.by(Administrator).post("…/activation-codes", &typed).await;
    assert_reads!(again, @r#"
    200
    {
      "already_added": {
        "at": "2026-11-21T10:00:00Z",
        "by": "manager@harbor.example"
      },
      "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
      "licenses": 5,
      "licenses_left": 5,
      "renewed": [],
      "term": "P2Y"
    }
    "#);
    let preview = world.by(Administrator).post("…/activation-codes/preview", &typed).await;
    assert_eq!((preview.status, &preview.body), (200, &again.body));
}

async fn r3_one_answer_for_every_code_that_cannot_be_redeemed(world: World) {
    let elsewhere = world.code(1, "P1Y").await;
    let path = format!("/api/v1/organizations/{}/activation-codes", world.elsewhere);
    assert_eq!(world.by(Stranger).post(&path, &json!({ "code": elsewhere })).await.status, 201);
    let issue = json!({ "licenses": 1, "term": "P1Y", "redeem_by": "2026-11-20" });
    let late = world.by(Operator).post("/api/v1/operator/activation-codes", &issue).await;
    let revoked = world
        .by(Operator)
        .post("/api/v1/operator/activation-codes", &json!({ "licenses": 1, "term": "P1Y" }))
        .await;
    let path =
        format!("/api/v1/operator/activation-codes/{}/revocation", revoked.body["id"].as_str().unwrap());
    assert_eq!(world.by(Operator).call("POST", &path, None).await.status, 200);
    let unknown = ActivationCode::from_random(1).to_string();

    let first = world.by(Manager).post("…/activation-codes", &json!({ "code": unknown })).await;
    assert_reads!(first, @r#"
    422
    {
      "code": "code_not_valid",
      "detail": "This activation code cannot be redeemed here. Check that it is the code of your order, or ask who sold it.",
      "status": 422,
      "title": "Code not valid",
      "type": "/problems/code_not_valid"
    }
    "#);
    for code in [json!(elsewhere), late.body["code"].clone(), revoked.body["code"].clone()] {
        let reply = world.by(Manager).post("…/activation-codes", &json!({ "code": code })).await;
        assert_eq!((reply.status, &reply.body), (first.status, &first.body), "{code}");
    }
}

async fn r1_a_typo_is_told_as_a_typo_and_counts_as_no_guess(world: World) {
    let code = world.code(1, "P1Y").await;
    let wrong = if code.starts_with('7') { "8" } else { "7" };
    let typo = json!({ "code": format!("{wrong}{}", &code[1..]) });
    for _ in 0..12 {
        let reply = world.by(Manager).post("…/activation-codes", &typo).await;
        assert_eq!(reply.refusal(), (422, "code_typo"), "{reply}");
    }
    assert_reads!(world.by(Manager).post("…/activation-codes", &typo).await, @r#"
    422
    {
      "code": "code_typo",
      "detail": "This activation code has a typo in its first group. Compare it with your order.",
      "status": 422,
      "title": "Code typo",
      "type": "/problems/code_typo"
    }
    "#);
    let reply = world.by(Manager).post("…/activation-codes", &json!({ "code": "ABC" })).await;
    assert_eq!(reply.refusal(), (422, "code_malformed"));
    assert_eq!(world.by(Manager).post("…/activation-codes", &json!({ "code": code })).await.status, 201);
}

async fn r4_guessing_is_limited_and_the_limit_survives_a_restart(mut world: World) {
    let code = world.code(1, "P1Y").await;
    for guess in 0..10 {
        let path = if guess % 2 == 0 { "…/activation-codes" } else { "…/activation-codes/preview" };
        let unknown = json!({ "code": ActivationCode::from_random(guess).to_string() });
        assert_eq!(world.by(Manager).post(path, &unknown).await.refusal(), (422, "code_not_valid"));
    }
    world.restart();
    world.at("2026-11-21T10:59:00.5Z");
    let reply = world.by(Manager).post("…/activation-codes", &json!({ "code": code })).await;
    assert_reads!(reply, @r#"
    429
    {
      "code": "too_many_attempts",
      "detail": "Too many activation codes were not valid. Try again after 2026-11-21T11:00:00Z.",
      "status": 429,
      "title": "Too many attempts",
      "type": "/problems/too_many_attempts"
    }
    "#);
    assert_eq!(reply.header("retry-after"), "60");

    // Another user of the organization is not held up by ten guesses of one.
    let reply = world.by(Administrator).post("…/activation-codes/preview", &json!({ "code": code })).await;
    assert_eq!(reply.status, 200, "{reply}");
    world.at("2026-11-21T11:00:00Z");
    let reply = world.by(Manager).post("…/activation-codes", &json!({ "code": code })).await;
    assert_eq!(reply.status, 201, "{reply}");
}

async fn r15_redeeming_names_the_sensors_that_it_renews(world: World) {
    world.key(1, "P1M").await;
    world.sensor("282c02424eed").await;
    world.at("2027-01-10T12:00:00Z");
    let code = world.code(2, "P1Y").await;
    let reply = world.by(Manager).post("…/activation-codes", &json!({ "code": code })).await;
    assert_reads!(reply, @r#"
    201
    {
      "already_added": null,
      "key": "BV47W-05H1Q-8BGS3-WKKJ9-V29CC",
      "licenses": 2,
      "licenses_left": 1,
      "renewed": [
        {
          "expires_on": "2028-01-10",
          "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
          "name": "282c02424eed",
          "serial": "282c02424eed"
        }
      ],
      "term": "P1Y"
    }
    "#);
}

async fn the_summary_counts_licenses_and_sensors(world: World) {
    world.key(1, "P1M").await;
    world.sensor("282c02424eed").await;
    world.key(3, "P2Y").await;
    world.sensor("282c02424eee").await;
    assert_reads!(world.by(Manager).get("…/license-summary").await, @r#"
    200
    {
      "by_term": {
        "P2Y": 2
      },
      "keys": [
        {
          "active": 1,
          "available": 2,
          "ended": 0,
          "id": "cod_01m7yrrt80ctmhxeb7ty99g4xv",
          "key": "BV47W-05H1Q-8BGS3-WKKJ9-V29CC",
          "licenses": 3,
          "queued": 0,
          "redeemed_at": "2026-11-21T10:00:00Z",
          "redeemed_by": "administrator@harbor.example",
          "released": 0,
          "revoked": 0,
          "revoked_at": null,
          "term": "P2Y"
        },
        {
          "active": 1,
          "available": 0,
          "ended": 0,
          "id": "cod_01m7yrrt80faqjfkazkv4cd56c",
          "key": "F5V3N-KW47C-XCH7A-9V23P-G5TZ2",
          "licenses": 1,
          "queued": 0,
          "redeemed_at": "2026-11-21T10:00:00Z",
          "redeemed_by": "administrator@harbor.example",
          "released": 0,
          "revoked": 0,
          "revoked_at": null,
          "term": "P1M"
        }
      ],
      "licenses_left": 2,
      "sensors": {
        "covered": 1,
        "expired": 0,
        "expiring": 1,
        "unlicensed": 0
      },
      "time_zone": "Europe/Warsaw",
      "today": "2026-11-21"
    }
    "#);
    world.at("2026-12-22T12:00:00Z");
    let reply = world.by(Manager).get("…/license-summary").await;
    assert_eq!(reply.body["licenses_left"], 1, "{reply}");
    assert_eq!(reply.body["today"], "2026-12-22");
}

on_both_engines!(
    r3_redeeming_brings_all_licenses_and_again_brings_none,
    r3_one_answer_for_every_code_that_cannot_be_redeemed,
    r1_a_typo_is_told_as_a_typo_and_counts_as_no_guess,
    r4_guessing_is_limited_and_the_limit_survives_a_restart,
    r15_redeeming_names_the_sensors_that_it_renews,
    the_summary_counts_licenses_and_sensors,
);
