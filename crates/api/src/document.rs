//! The OpenAPI document: what all routes share is added here, the rest stands at each route.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::problem::{PROBLEM_JSON, ProblemBody};

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
        (name = "tokens", description = "API tokens"),
        (name = "operator", description = "What the vendor does"),
        (name = "gateways", description = "Where Bluetooth gateways post"),
        (name = "service", description = "The service itself"),
    ),
    components(schemas(ProblemBody)),
    security(("bearer" = [])),
    modifiers(&Bearer),
)]
pub(crate) struct Head;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let description = "An API token. Make one under API tokens or with `tenure token create`.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

fn problem(description: &str) -> Response {
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, Content::new(Some(schema))).build()
}

/// Adds to each operation the problems that it shares with others.
pub(crate) fn complete(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, post, patch, put, delete, .. } = item;
        for operation in [get, post, patch, put, delete].into_iter().flatten() {
            complete_operation(path, operation);
        }
    }
}

fn complete_operation(path: &str, operation: &mut Operation) {
    let mut add = |status: &str, description: &str| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
    };
    if path.starts_with("/api/") {
        add("503", "`unavailable`: come back after the seconds in `Retry-After`");
        add("500", "`internal`");
    }
    if path.starts_with("/api/v1/") {
        add("401", "`unauthenticated`");
        add("403", "`forbidden`, `read_only_token`");
        if path.contains('{') {
            add("404", "`not_found`: there is no such thing, or it is another organization's");
        }
        if operation.request_body.is_some() {
            let mut add = |status: &str, description: &str| {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
            };
            add("400", "`body_malformed`: no JSON, or a field is missing, unknown or of another type");
            add("413", "`body_too_large`: more than 1 MiB");
            add("415", "`content_type_unsupported`");
        }
    }
}
