//! The OpenAPI document: what all routes share is added here, the rest stands at each route.

mod names;

pub(crate) use names::identifier;

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::events::CoverEventBody;
use crate::import_report::ImportProgress;
use crate::problem::{PROBLEM_JSON, ProblemBody};
use crate::shapes;
use crate::{document_access, document_writes};

/// The head of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tenure",
        description = "The license manager of a sensor cloud. The rules R1 to R34 are in docs/rules.md. Names are \
            in snake_case, instants RFC 3339 in UTC, dates in the organization's zone, terms ISO 8601; ids are opaque. \
            A field or parameter that is not known is refused."
    ),
    tags(
        (name = "organization", description = "Name, time zone, language, device token"),
        (name = "licenses", description = "Activation codes, the pool, licenses on sensors"),
        (name = "sensors", description = "The License Manager's table, measurements"),
        (name = "accounts", description = "Logging in, signing up, one's own account"),
        (name = "users", description = "Who is in the organization, and who is invited"),
        (name = "alerts", description = "Alerts, and the rules by which they open"),
        (name = "notices", description = "Mail: who is told of what, how far each mail is, and being told no more"),
        (name = "webhooks", description = "Telling other systems"),
        (name = "tokens", description = "API tokens"),
        (name = "operator", description = "What the vendor does"),
        (name = "covers", description = "The licensing alone, for systems that take in the data themselves"),
        (name = "gateways", description = "Where Bluetooth gateways post"),
        (name = "service", description = "The service itself"),
    ),
    components(schemas(
        ProblemBody,
        CoverEventBody,
        ImportProgress,
        // Only parameters refer to these, and what only parameters refer to is not collected.
        shapes::AlertState,
        shapes::Order,
        shapes::SensorSort,
    )),
    security(("bearer" = []), ("session" = [])),
    modifiers(&Bearer),
)]
pub(crate) struct Head;

/// What is kept as a file.
const FILES: [&str; 3] =
    ["text/csv", "text/calendar", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let description = "An API token. Make one under API tokens or with `tenure token create`.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let description = "The cookie that logging in sets. A request that changes something by it must come from \
            a page of this service: `Sec-Fetch-Site: same-origin`, or an `Origin` that is the `Host`.";
        let cookie = ApiKeyValue::with_description("__Host-tenure", description);
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

pub(crate) fn problem(description: &str) -> Response {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, Content::new(Some(schema))).build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, patch, put, delete, .. } = item;
    [get, post, patch, put, delete].into_iter().flatten()
}

/// Adds to each operation what it shares with others.
pub(crate) fn complete(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, post, patch, put, delete, .. } = item;
        let methods = [("get", get), ("post", post), ("patch", patch), ("put", put), ("delete", delete)];
        for (method, operation) in methods {
            let Some(operation) = operation else { continue };
            complete_operation(method, path, operation);
            if !is_public(operation) {
                document_writes::complete(method, path, operation);
            }
            document_writes::made(path, operation);
            document_writes::limited(path, operation);
        }
        for operation in operations(item) {
            operation.responses.responses.iter_mut().for_each(complete_response);
        }
    }
    names::complete(document);
}

/// Whether a route also hears those who are nobody.
fn is_public(operation: &Operation) -> bool {
    let nobody = |security: &SecurityRequirement| *security == SecurityRequirement::default();
    operation.security.as_ref().is_some_and(|security| security.iter().any(nobody))
}

fn complete_operation(method: &str, path: &str, operation: &mut Operation) {
    let public = is_public(operation);
    let has_query = operation.parameters.iter().flatten().any(
        |parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query),
    );
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, description: &str| {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
    };
    if path.starts_with("/api/") || path.starts_with("/calendar/") {
        add("503", "`unavailable`: come back after the seconds in `Retry-After`");
        add("500", "`internal`");
    }
    if !path.starts_with("/api/v1/") {
        return;
    }
    if path.contains('{') {
        add("404", "`not_found`: there is no such thing, or it is another organization's");
    }
    if has_query {
        add("422", "`invalid`, `query_malformed`");
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        add("400", "`body_malformed`: no JSON, or a field is missing, unknown or of another type");
        add("413", "`body_too_large`: more than 1 MiB");
        add("415", "`content_type_unsupported`");
        body.content.values_mut().for_each(not_null);
    }
    if !public {
        document_access::complete(method, path, operation);
    }
}

/// A body that may be left out is not null when it is there.
fn not_null(content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    if let Some(RefOr::T(Schema::OneOf(one_of))) = &mut content.schema {
        let null = |item: &RefOr<Schema>| matches!(item, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null));
        one_of.items.retain(|item| !null(item));
        if let [only] = one_of.items.as_slice() {
            content.schema = Some(only.clone());
        }
    }
}

/// Adds the headers that answers have by their status.
fn complete_response((status, response): (&String, &mut RefOr<Response>)) {
    let RefOr::T(response) = response else { return };
    if response.description.is_empty() {
        // OpenAPI 3.1 has a description of each answer.
        response.description = match status.as_str() {
            "201" => "It is made",
            "202" => "It is on its way",
            "204" => "It is done",
            _ => "What was asked for",
        }
        .to_owned();
    }
    let mut add = |name: &str, description: &str, kind: Type| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        response.headers.entry(name.to_owned()).or_insert_with(|| RefOr::T(header));
    };
    add("x-request-id", "By which the request is found in the service's log", Type::String);
    match status.as_str() {
        "304" => add("ETag", "What the caller has", Type::String),
        "401" => add("WWW-Authenticate", "How to say who one is", Type::String),
        "429" | "503" => add("Retry-After", "In how many seconds to come back", Type::Integer),
        _ => {}
    }
    if response.content.keys().any(|kind| FILES.contains(&kind.as_str())) {
        add("Content-Disposition", "The name under which it may be kept", Type::String);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn what_the_document_refers_to_is_in_it() {
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        let missing = |at: &&String| document.pointer(at.trim_start_matches('#')).is_none();
        assert_eq!(found.iter().filter(missing).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn every_pattern_reads_what_the_service_writes() {
        let document = serde_json::to_value(crate::openapi()).unwrap();
        let schema =
            |name: &str, field: &str| document["components"]["schemas"][name]["properties"][field].clone();
        assert_eq!(schema("Sensor", "serial")["pattern"], "^[0-9a-f]{12}$");
        assert_eq!(schema("Sensor", "id")["pattern"], "^sen_[0-7][0-9a-hjkmnp-tv-z]{25}$");
        assert_eq!(schema("NewSensor", "name")["maxLength"], 100);
        assert_eq!(schema("UserPatch", "name")["minLength"], Value::Null, "a person may have no name");
        assert_eq!(
            schema("NewListedSensor", "serial")["pattern"],
            Value::Null,
            "a list says what is wrong with it"
        );
    }
}
