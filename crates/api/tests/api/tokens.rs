//! API tokens.

use serde_json::json;

use crate::support::{Administrator, World};

async fn a_token_is_made_used_and_revoked(world: World) {
    let made = world.by(Administrator).post("…/tokens", &json!({ "read_only": true })).await;
    assert_reads!(made, @r#"
    201
    {
      "created_at": "2026-11-21T10:00:00Z",
      "email": "administrator@harbor.example",
      "id": "tok_01m7yrrt80faqjfkazkv4cd56c",
      "last_used_at": null,
      "name": "",
      "read_only": true,
      "role": "administrator",
      "token": "tenure_9VVAsr_wYlLgKFKSWk3IUobF0bBc4s4UEYCyOhB1t38"
    }
    "#);
    let (token, id) = (made.body["token"].as_str().unwrap(), made.body["id"].as_str().unwrap());
    let list = world.by(Administrator).get("…/tokens").await;
    assert!(list.ids().contains(&id.to_owned()));
    assert!(!list.to_string().contains(token), "a token is shown once");

    assert_eq!(world.with_token(token).get("…").await.status, 200);
    let reply = world.with_token(token).patch("…", &json!({ "name": "Port" })).await;
    assert_eq!(reply.refusal(), (403, "read_only_token"));

    let path = format!("…/tokens/{id}");
    let revoked = world.by(Administrator).delete(&path).await;
    assert_eq!((revoked.status, revoked.body.as_str()), (204, Some("")));
    assert_eq!(world.with_token(token).get("…").await.refusal(), (401, "unauthenticated"));
    assert_eq!(world.by(Administrator).delete(&path).await.refusal(), (404, "not_found"));
}

on_both_engines!(a_token_is_made_used_and_revoked);
