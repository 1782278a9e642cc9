//! The OpenAPI document: what all routes share is added here, the rest stands at each route.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::document_writes;
use crate::events::CoverEventBody;
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
    components(schemas(ProblemBody, CoverEventBody)),
    security(("bearer" = []), ("session" = [])),
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

/// Adds to each operation the problems that it shares with others.
pub(crate) fn complete(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, post, patch, put, delete, .. } = item;
        for operation in [&mut *get, post, patch, put, delete].into_iter().flatten() {
            complete_operation(path, operation);
        }
        for operation in [&mut *get, &mut *post, &mut *patch, &mut *put, &mut *delete].into_iter().flatten() {
            if path.starts_with("/api/v1/") {
                document_writes::say(
                    operation,
                    "429",
                    "`too_many_requests`: come back after the seconds in `Retry-After`",
                );
            }
        }
        let methods = [("get", get), ("post", post), ("patch", patch), ("put", put), ("delete", delete)];
        for (method, operation) in methods {
            if let Some(operation) = operation.as_mut().filter(|operation| !is_public(operation)) {
                document_writes::complete(method, path, operation);
            }
        }
    }
}

/// Whether a route also hears those who are nobody.
fn is_public(operation: &Operation) -> bool {
    let nobody = |security: &SecurityRequirement| *security == SecurityRequirement::default();
    operation.security.as_ref().is_some_and(|security| security.iter().any(nobody))
}

fn complete_operation(path: &str, operation: &mut Operation) {
    let public = is_public(operation);
    let mut add = |status: &str, description: &str| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
    };
    if path.starts_with("/api/") {
        add("503", "`unavailable`: come back after the seconds in `Retry-After`");
        add("500", "`internal`");
    }
    if path.starts_with("/api/v1/") {
        if !public {
            add("401", "`unauthenticated`");
            add("403", "`forbidden`, `read_only_token`, `cross_site`, `session_needed`");
        }
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
