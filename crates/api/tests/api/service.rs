//! The service itself, and its document.

use serde_json::Value;

use crate::support::{Nobody, World};

async fn the_service_tells_that_it_lives_and_is_ready(world: World) {
    for path in ["/livez", "/readyz"] {
        let reply = world.by(Nobody).get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, Some("ok")));
    }
    let reply = world.by(Nobody).get("/openapi.json").await;
    assert_eq!(reply.body, serde_json::to_value(tenure_api::openapi()).unwrap());
}

async fn the_service_tells_what_it_is(world: World) {
    assert_reads!(world.by(Nobody).get("/api/v1/service").await, @r#"
    200
    {
      "http_address": "https://tenure.harbor.example",
      "mail": "folder",
      "now": "2026-11-21T10:00:00Z",
      "sensor_server": {
        "host": "tenure.harbor.example",
        "port": 5683
      },
      "sign_up": "open",
      "version": "0.1.0"
    }
    "#);
}

async fn metrics_are_told_where_they_are_on(mut world: World) {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    world.rebuild(world.door.clone(), Some(recorder.handle()));
    let reply = world.by(Nobody).get("/metrics").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; version=0.0.4"));
}

on_both_engines!(
    the_service_tells_that_it_lives_and_is_ready,
    the_service_tells_what_it_is,
    metrics_are_told_where_they_are_on,
);

/// The routes of the API that ask nobody who they are.
const PUBLIC: [&str; 9] = [
    "post /api/v1/sessions",
    "post /api/v1/sign-up",
    "post /api/v1/password-resets",
    "post /api/v1/password-resets/redemption",
    "post /api/v1/invitations/look-up",
    "get /api/v1/service",
    "get /api/v1/unsubscriptions/{token}",
    "post /api/v1/unsubscriptions/{token}",
    "post /api/v1/unsubscriptions/{token}/undo",
];

/// The one that asks only those who have an account.
const HALF_PUBLIC: &str = "post /api/v1/invitations/acceptance";

/// Those that answer 401 nevertheless.
const ANSWERS_401: [&str; 2] = ["post /api/v1/sessions", "post /api/v2/measurements"];

#[test]
fn the_document_names_every_parameter_and_a_problem_for_every_error() {
    let document = serde_json::to_value(tenure_api::openapi()).unwrap();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let route = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{route} has no summary");
            let empty = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&empty);
            let named = |place: &str| -> Vec<&str> {
                let here = parameters.iter().filter(|parameter| parameter["in"] == place);
                here.map(|parameter| parameter["name"].as_str().unwrap()).collect()
            };
            let in_path: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(named("path"), in_path, "{route}");
            for parameter in parameters {
                assert!(parameter["description"].is_string(), "{route}: {}", parameter["name"]);
            }
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                // A refused import is a problem with its report.
                let reports = path.ends_with("/sensors/import") && status == "409";
                let name = if reports { "ImportProblem" } else { "Problem" };
                assert_eq!(schema, &format!("#/components/schemas/{name}"), "{route} {status}");
            }
            let public = operation["security"] == serde_json::json!([{}]);
            let asks_nobody = !path.starts_with("/api/v1/") || PUBLIC.contains(&route.as_str());
            assert_eq!(public, asks_nobody, "{route}");
            if route == HALF_PUBLIC {
                continue;
            }
            let known = !public || ANSWERS_401.contains(&route.as_str());
            assert_eq!(responses.contains_key("401"), known, "{route}");
        }
    }
    references_resolve(&document, &document);
}

/// Every `$ref` leads somewhere.
fn references_resolve(document: &Value, value: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let place = document.pointer(reference.strip_prefix('#').unwrap());
                assert!(place.is_some(), "{reference} leads nowhere");
            }
            fields.values().for_each(|value| references_resolve(document, value));
        }
        Value::Array(items) => items.iter().for_each(|value| references_resolve(document, value)),
        _ => {}
    }
}
