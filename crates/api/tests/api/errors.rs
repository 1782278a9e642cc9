//! What goes wrong before a use case is called, and what all answers have.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::{Administrator, Nobody, World};

async fn every_error_is_a_problem(world: World) {
    let json = Some("application/json");
    let large = format!("{{\"serial\": \"{}\"}}", "x".repeat(1024 * 1024));
    for (method, path, content_type, body, refusal) in [
        ("POST", "…/sensors", json, "{", (400, "body_malformed")),
        ("POST", "…/sensors", json, "", (400, "body_malformed")),
        ("POST", "…/sensors", json, "{} {}", (400, "body_malformed")),
        ("POST", "…/sensors", Some("text/plain"), "{}", (415, "content_type_unsupported")),
        ("POST", "…/sensors", None, "{}", (415, "content_type_unsupported")),
        ("POST", "…/sensors", json, &large, (413, "body_too_large")),
        ("POST", "…/tokens", None, "{}", (415, "content_type_unsupported")),
        ("POST", "…/tokens", json, "", (400, "body_malformed")),
        ("GET", "/nowhere", None, "", (404, "route_unknown")),
        ("GET", "/api/v1/nowhere", None, "", (404, "route_unknown")),
        ("DELETE", "…/sensors", None, "", (405, "method_not_allowed")),
        ("GET", "…/sensors/nonsense", None, "", (404, "not_found")),
        ("GET", "…/sensors/%FF", None, "", (404, "not_found")),
        ("GET", "…/sensors/sen_00000000000000000000000000", None, "", (404, "not_found")),
        ("GET", "/api/v1/organizations/nonsense", None, "", (404, "not_found")),
    ] {
        let reply = world.by(Administrator).call_raw(method, path, content_type, Some(body.to_owned())).await;
        assert_eq!(reply.refusal(), refusal, "{method} {path} {body:.40}: {reply}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{method} {path}");
        assert_eq!(reply.body["status"], refusal.0);
        assert_eq!(reply.body["type"], format!("/problems/{}", refusal.1));
    }
}

async fn a_body_that_cannot_be_read_is_told_where(world: World) {
    let post = async |body: serde_json::Value| world.by(Administrator).post("…/sensors", &body).await;
    assert_reads!(post(json!({ "serial": "282c02424eed", "colour": "red" })).await, @r#"
    400
    {
      "code": "body_malformed",
      "detail": "The body cannot be read: colour: unknown field `colour`, expected one of `serial`, `name`, `key`, `auto_renewal` at line 1 column 9.",
      "status": 400,
      "title": "Body malformed",
      "type": "/problems/body_malformed"
    }
    "#);
    assert_reads!(post(json!({ "serial": 12 })).await.body["detail"], @r#""The body cannot be read: serial: invalid type: integer `12`, expected a string at line 1 column 12.""#);
    let broken = Some("{\n  \"serial\": \n}".to_owned());
    let reply = world.by(Administrator).call_raw("POST", "…/sensors", Some("application/json"), broken).await;
    assert_reads!(reply.body["detail"], @r#""The body cannot be read: serial: expected value at line 3 column 1.""#);
    let reply = world.by(Administrator).get("…/sensors?colour=red").await;
    assert_reads!(reply.body["detail"], @r#""The query cannot be read: colour: unknown field `colour`, expected one of `search`, `standing`, `sort`, `order`, `limit`, `cursor`.""#);
}

async fn a_list_of_values_is_no_object(world: World) {
    for (method, path, body) in [
        ("PATCH", "…", json!(["Harbor", null, null, null])),
        ("PUT", "…/notification-recipients", json!([null, null])),
        ("POST", "…/sensors/additions", json!({ "sensors": [["282c02424eed", null]] })),
    ] {
        let body = Some(body.to_string());
        let reply = world.by(Administrator).call_raw(method, path, Some("application/json"), body).await;
        assert_eq!(reply.refusal(), (400, "body_malformed"), "{method} {path}: {reply}");
    }
}

async fn a_token_that_is_none_is_told(world: World) {
    assert_reads!(world.by(Nobody).get("…").await, @r#"
    401
    {
      "code": "unauthenticated",
      "detail": "Log in, or send an API token: \"Authorization: Bearer TOKEN\". `tenure token create` makes one.",
      "status": 401,
      "title": "Unauthenticated",
      "type": "/problems/unauthenticated"
    }
    "#);
    let header = |value: &str| {
        Request::get(world.path("…")).header("Authorization", value).body(Body::empty()).unwrap()
    };
    for value in ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dXNlcjpwYXNz", "tenure_x"] {
        let reply = world.send(header(value)).await;
        assert_eq!(reply.refusal(), (401, "unauthenticated"), "{value}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

async fn every_answer_has_the_headers_that_protect_it(world: World) {
    for (path, cache) in [("…", "no-store"), ("/api/nowhere", "no-store"), ("/livez", ""), ("/nowhere", "")]
    {
        let reply = world.by(Administrator).get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("cache-control"), cache, "{path}");
        assert!(reply.header("x-request-id").starts_with("req_"), "{path}");
    }
    let own = |id: &str| Request::get("/livez").header("x-request-id", id).body(Body::empty()).unwrap();
    assert_eq!(world.send(own("my-7")).await.header("x-request-id"), "my-7");
    assert!(world.send(own("two words")).await.header("x-request-id").starts_with("req_"));
    let reply = world.by(Administrator).call("DELETE", "…/sensors", None).await;
    assert_eq!(reply.header("allow"), "GET,HEAD,POST");
}

async fn a_database_that_is_away_is_told_without_its_details(world: World) {
    world.app.db.close().await;
    let reply = world.by(Administrator).get("…").await;
    assert_reads!(reply, @r#"
    503
    {
      "code": "unavailable",
      "detail": "The service cannot answer now. Try again in a few seconds.",
      "status": 503,
      "title": "Unavailable",
      "type": "/problems/unavailable"
    }
    "#);
    assert_eq!(reply.header("retry-after"), "5");
    assert_eq!(world.by(Nobody).get("/livez").await.status, 200);
    assert_eq!(world.by(Nobody).get("/readyz").await.refusal(), (503, "unavailable"));
}

on_both_engines!(
    every_error_is_a_problem,
    a_body_that_cannot_be_read_is_told_where,
    a_list_of_values_is_no_object,
    a_token_that_is_none_is_told,
    every_answer_has_the_headers_that_protect_it,
    a_database_that_is_away_is_told_without_its_details,
);
