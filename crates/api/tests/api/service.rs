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

async fn metrics_are_told_where_they_are_on(mut world: World) {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    world.rebuild(world.door.clone(), Some(recorder.handle()));
    let reply = world.by(Nobody).get("/metrics").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; version=0.0.4"));
}

on_both_engines!(the_service_tells_that_it_lives_and_is_ready, metrics_are_told_where_they_are_on);

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
                assert_eq!(schema, "#/components/schemas/Problem", "{route} {status}");
            }
            let public = operation["security"] == serde_json::json!([{}]);
            assert_eq!(public, !path.starts_with("/api/v1/"), "{route}");
            assert_eq!(responses.contains_key("401"), path.starts_with("/api/"), "{route}");
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
