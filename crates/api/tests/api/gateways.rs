//! Where gateways post.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenure_api::{Delivery, GatewayDoor, GatewayOutcome};
use tenure_domain::Instant;
use tenure_wire::gateway::Entry;
use tokio::sync::Notify;

use crate::support::{Nobody, Reply, World};

const PATH: &str = "/api/v2/measurements";

fn entry(handle: i64) -> Value {
    json!({
        "serial": "282c02424eed", "response_handle": handle, "battery": "ok", "signal": -70,
        "measured_at": "2026-11-21 09:59:00 UTC", "measurement_interval": 60,
        "next_measurement_at": "2026-11-21 10:00:00 UTC",
        "params": [{ "channel": 1, "type": "temperature", "value": 21.5 }],
    })
}

async fn post(world: &World, token: &str, entries: &[Value]) -> Reply {
    let body = json!({ "measurements": entries }).to_string();
    let request = Request::post(PATH).header("X-Api-Token", token).body(Body::from(body));
    world.send(request.unwrap()).await
}

async fn r26_a_gateway_is_answered_entry_by_entry(world: World) {
    let reply = post(&world, "s3cret", &[entry(1), entry(2), entry(3)]).await;
    assert_eq!((reply.status, &reply.body), (201, &json!({ "Y": [1, 2], "N": [3] })));
    assert_eq!(reply.header("content-type"), "application/json");
    // The server adds Date, and perhaps Connection; a gateway takes ten at the most.
    assert!(reply.headers.len() <= 8, "{:?}", reply.headers);
    let delivered = world.door.delivered.lock().unwrap().clone();
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    assert_eq!(delivered, [(Some("s3cret".to_owned()), vec![1, 2, 3], now)]);
}

async fn a_broken_entry_does_not_hold_up_the_others(world: World) {
    let broken = json!({ "serial": "nonsense", "response_handle": 9 });
    world.door.answer(GatewayOutcome::Done { accepted: vec![1], refused: vec![] });
    let reply = post(&world, "", &[entry(1), broken.clone(), json!({})]).await;
    assert_eq!((reply.status, &reply.body), (201, &json!({ "Y": [1], "N": [9] })));
    assert_eq!(world.door.delivered.lock().unwrap()[0].0, None, "an empty token is none");
    assert_reads!(post(&world, "", &[json!({})]).await, @r#"
    400
    {
      "code": "message_malformed",
      "detail": "The post cannot be read: measurements[0].measured_at: missing.",
      "status": 400,
      "title": "Message malformed",
      "type": "/problems/message_malformed"
    }
    "#);
    for body in ["", "[]", "{", r#"{"measurements": 1}"#] {
        let reply = world.by(Nobody).call_raw("POST", PATH, None, Some(body.to_owned())).await;
        assert_eq!(reply.refusal(), (400, "message_malformed"), "{body}: {reply}");
    }
}

async fn r26_trouble_and_a_wrong_token_are_told(world: World) {
    world.door.answer(GatewayOutcome::Unavailable);
    let reply = post(&world, "s3cret", &[entry(1)]).await;
    assert_eq!((reply.refusal(), reply.header("retry-after")), ((503, "unavailable"), "5"));
    world.door.answer(GatewayOutcome::WrongToken);
    let reply = post(&world, "wrong", &[entry(1)]).await;
    assert_reads!(reply, @r#"
    401
    {
      "code": "device_token_wrong",
      "detail": "The device token is not the one of the sensor's organization. Set it on the sensor (cloud token).",
      "status": 401,
      "title": "Device token wrong",
      "type": "/problems/device_token_wrong"
    }
    "#);
    assert_eq!(reply.header("www-authenticate"), "ApiToken header=\"X-Api-Token\"");
}

async fn a_panic_is_a_problem_and_ends_nothing_else(world: World) {
    let reply = post(&world, "panic", &[entry(1)]).await;
    assert_reads!(reply, @r#"
    500
    {
      "code": "internal",
      "detail": "The service has a fault. It is in its log, under this answer's x-request-id.",
      "status": 500,
      "title": "Internal",
      "type": "/problems/internal"
    }
    "#);
    assert!(reply.header("x-request-id").starts_with("req_"));
    assert_eq!(post(&world, "s3cret", &[entry(1)]).await.status, 201);
}

async fn a_post_after_an_outage_may_be_large(world: World) {
    let many: Vec<Value> = (0..10_000).map(entry).collect();
    assert_eq!(post(&world, "s3cret", &many).await.status, 201);
    let padding = " ".repeat(8 * 1024 * 1024);
    let reply = world.by(Nobody).call_raw("POST", PATH, None, Some(padding + "{}")).await;
    assert_eq!(reply.refusal(), (413, "body_too_large"), "{reply}");
}

/// A hot path that is slow: it says when it has begun, waits to be told to go on, and says when it has ended.
#[derive(Default)]
struct Slow {
    begun: Notify,
    go_on: Notify,
    ended: Notify,
}

impl GatewayDoor for Slow {
    fn deliver(&self, _: Option<String>, _: Vec<Entry>, _: Instant) -> Delivery<'_> {
        Box::pin(async {
            self.begun.notify_one();
            self.go_on.notified().await;
            self.ended.notify_one();
            GatewayOutcome::Unavailable
        })
    }
}

async fn r25_a_caller_who_hangs_up_does_not_stop_what_has_begun(mut world: World) {
    let slow = Arc::new(Slow::default());
    world.rebuild(slow.clone(), None);
    let entries = [entry(1)];
    tokio::select! {
        biased;
        _ = post(&world, "", &entries) => panic!("it waits"),
        () = slow.begun.notified() => {}
    }
    slow.go_on.notify_one();
    let ended = tokio::time::timeout(Duration::from_secs(30), slow.ended.notified()).await;
    assert!(ended.is_ok(), "what had begun was stopped");
}

on_both_engines!(
    r25_a_caller_who_hangs_up_does_not_stop_what_has_begun,
    r26_a_gateway_is_answered_entry_by_entry,
    a_broken_entry_does_not_hold_up_the_others,
    r26_trouble_and_a_wrong_token_are_told,
    a_panic_is_a_problem_and_ends_nothing_else,
    a_post_after_an_outage_may_be_large,
);
