//! What the vendor does.

use serde_json::{Value, json};

use crate::support::{Manager, Operator, World};

const CODES: &str = "/api/v1/operator/activation-codes";

async fn r2_a_code_is_shown_once(world: World) {
    let order = json!({ "licenses": 10, "term": "P2Y", "order": "PO 4711", "redeem_by": "2027-01-31" });
    let issued = world.by(Operator).post(CODES, &order).await;
    assert_reads!(issued, @r#"
    201
    {
      "code": "C65DC-4VKZA-KFJQA-FDP6B-8EYX1",
      "id": "cod_01m7yrrt80c99e0a2jj9d4vj2j",
      "licenses": 10,
      "term": "P2Y"
    }
    "#);
    let code = issued.body["code"].as_str().unwrap();
    let redeemed = world.by(Manager).post("…/activation-codes", &json!({ "code": code })).await;
    assert_eq!(redeemed.status, 201, "{redeemed}");
    let list = world.by(Operator).get(CODES).await;
    assert_reads!(list, @r#"
    200
    {
      "items": [
        {
          "active": 0,
          "available": 10,
          "ended": 0,
          "id": "cod_01m7yrrt80c99e0a2jj9d4vj2j",
          "issued_at": "2026-11-21T10:00:00Z",
          "licenses": 10,
          "order": "PO 4711",
          "queued": 0,
          "redeem_by": "2027-01-31",
          "redemption": {
            "at": "2026-11-21T10:00:00Z",
            "by": "manager@harbor.example",
            "organization_id": "org_01m7yrrt80anf73gc6j3q45j8b"
          },
          "released": 0,
          "revoked": 0,
          "revoked_at": null,
          "term": "P2Y"
        }
      ],
      "next_cursor": null
    }
    "#);
    assert!(!list.to_string().contains(code));
}

async fn a_code_that_cannot_be_is_not_issued(world: World) {
    for (order, refusal) in [
        (json!({ "licenses": 0, "term": "P2Y" }), (422, "invalid")),
        (json!({ "licenses": 100_001, "term": "P2Y" }), (422, "invalid")),
        (json!({ "licenses": -1, "term": "P2Y" }), (400, "body_malformed")),
        (json!({ "licenses": 1, "term": "2 years" }), (422, "term_malformed")),
        (json!({ "licenses": 1, "term": "P1Y", "redeem_by": "soon" }), (422, "invalid")),
        (json!({ "licenses": 1, "term": "P1Y", "order": "x".repeat(201) }), (422, "invalid")),
        (json!({ "licenses": 1, "term": "P1Y", "order": "a\u{0}" }), (422, "invalid")),
    ] {
        let reply = world.by(Operator).post(CODES, &order).await;
        assert_eq!(reply.refusal(), refusal, "{order}: {reply}");
    }
}

async fn codes_come_in_pages_newest_first(world: World) {
    for second in 0..5 {
        world.at(&format!("2026-11-21T10:00:0{second}Z"));
        world.code(1, "P1Y").await;
    }
    let whole = world.by(Operator).get(CODES).await;
    let issued: Vec<&Value> =
        whole.body["items"].as_array().unwrap().iter().map(|code| &code["issued_at"]).collect();
    assert_eq!((issued.len(), issued[0]), (5, &json!("2026-11-21T10:00:04Z")));
    let (mut put_together, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.by(Operator).get(&format!("{CODES}?limit=2{cursor}")).await;
        put_together.extend(page.ids());
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(put_together, whole.ids());
}

async fn r5_a_code_is_revoked(world: World) {
    world.key(3, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let id = world.by(Operator).get(CODES).await.ids()[0].clone();
    let path = format!("{CODES}/{id}/revocation");
    let first = world.by(Operator).call("POST", &path, None).await;
    assert_eq!(
        first.body,
        json!({ "was_revoked": false, "revoked": 2, "still_active": 1, "still_released": 0 })
    );
    let second = world.by(Operator).post(&path, &json!({ "end_active": true })).await;
    assert_eq!(
        second.body,
        json!({ "was_revoked": true, "revoked": 3, "still_active": 0, "still_released": 0 })
    );
    let row = world.by(Manager).get(&format!("…/sensors/{sensor}")).await;
    assert_ne!(row.body["standing"], "covered", "{row}");
    let unknown = format!("{CODES}/cod_00000000000000000000000000/revocation");
    assert_eq!(world.by(Operator).call("POST", &unknown, None).await.refusal(), (404, "not_found"));
}

on_both_engines!(
    r2_a_code_is_shown_once,
    a_code_that_cannot_be_is_not_issued,
    codes_come_in_pages_newest_first,
    r5_a_code_is_revoked,
);
