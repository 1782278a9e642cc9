//! How many requests a caller may send.

use serde_json::json;

use crate::support::{Administrator, Manager, Nobody, World};

async fn a_caller_who_sends_too_much_is_told_when_to_come_back(mut world: World) {
    // One a minute: no test waits as long.
    world.limit(1);
    let first = world.by(Manager).get("…").await;
    assert_eq!(first.status, 200, "{first}");
    assert_eq!(first.header("ratelimit-policy"), "\"caller\";q=1;w=60");
    assert_eq!(first.header("ratelimit"), "\"caller\";r=0;t=60");
    let second = world.by(Manager).patch("…", &json!({ "name": "x" })).await;
    assert_eq!(second.refusal(), (429, "too_many_requests"));
    let seconds: u32 = second.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(second.header("ratelimit-policy"), first.header("ratelimit-policy"));
    // It is another caller's own.
    assert_eq!(world.by(Administrator).get("…").await.status, 200);
    // Whoever is not known counts by their address, with whatever they have made up.
    assert_eq!(world.by(Nobody).get("/api/v1/service").await.status, 200);
    assert_eq!(world.with_token("made up").get("…").await.refusal(), (429, "too_many_requests"));
    // A gateway's posts are measurements.
    let post = json!({ "measurements": [] });
    for _ in 0..3 {
        let reply = world.by(Nobody).post("/api/v2/measurements", &post).await;
        assert_eq!((reply.status, reply.header("ratelimit")), (201, ""));
    }
}

async fn without_a_limit_nothing_is_said_of_one(world: World) {
    for _ in 0..3 {
        let reply = world.by(Manager).get("…").await;
        assert_eq!((reply.status, reply.header("ratelimit")), (200, ""));
    }
}

on_both_engines!(
    a_caller_who_sends_too_much_is_told_when_to_come_back,
    without_a_limit_nothing_is_said_of_one,
);
