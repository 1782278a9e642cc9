//! What the OpenAPI document says of the headers that many routes share: `Idempotency-Key`, `ETag`, `If-Match`,
//! `Location`, and those of the limits.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required};

use crate::document::problem;

/// What two people may edit: `ETag` tells of it, and a change may name it in `If-Match`.
const EDITED: [&str; 6] = [
    "/api/v1/organizations/{organization_id}",
    "/api/v1/organizations/{organization_id}/sensors/{sensor_id}",
    "/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}",
    "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    "/api/v1/organizations/{organization_id}/users/{user_id}",
    "/api/v1/organizations/{organization_id}/notification-recipients",
];

/// Where a key has no meaning: what is asked for by POST because it is long, and changes nothing, as every preview; and
/// logging out, after which nobody knows the caller.
const WITHOUT_KEY: [&str; 6] = [
    "/api/v1/sessions/current",
    "/api/v1/cover",
    "/api/v1/cover/mqtt-authorization",
    "/api/v1/organizations/{organization_id}/forecast",
    "/api/v1/organizations/{organization_id}/forecast/sensors",
    "/api/v1/organizations/{organization_id}/common-date/dates",
];

/// What makes several things at once, each of which has a place of its own.
const MADE_IN_LISTS: [&str; 1] = ["/api/v1/organizations/{organization_id}/sensors/additions"];

const TAG: &str = "The tag of what people edit of it";

/// Adds the headers of requests and answers, and what they may be answered.
pub(crate) fn complete(method: &str, path: &str, operation: &mut Operation) {
    if EDITED.contains(&path) {
        edited(method, operation);
    }
    if method == "post" && EDITED.iter().any(|edited| is_in(edited, path)) {
        add_header(operation, "201", "ETag", TAG);
    }
    // Nothing is remembered of a look at what would happen, or of a question for covers.
    let looks = path.ends_with("/preview") || path.starts_with("/api/v1/cover");
    let without = method == "get" || looks || WITHOUT_KEY.contains(&path);
    if path.starts_with("/api/v1/") && !without {
        keyed(operation);
    }
}

/// Adds the limit of what one caller may send, and the headers that tell of it.
pub(crate) fn limited(path: &str, operation: &mut Operation) {
    if !path.starts_with("/api/v1/") {
        return;
    }
    say(operation, "429", "`too_many_requests`: come back after the seconds in `Retry-After`");
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for (name, description) in [
            (
                "RateLimit-Policy",
                "How many requests the caller may send within how many seconds, where it is limited",
            ),
            ("RateLimit", "How many of them are left, and in how many seconds all are again"),
        ] {
            response.headers.entry(name.to_owned()).or_insert_with(|| RefOr::T(header(description)));
        }
    }
}

/// Adds where that can be read alone which was made, or is on its way.
pub(crate) fn made(path: &str, operation: &mut Operation) {
    if !path.starts_with("/api/v1/") || MADE_IN_LISTS.contains(&path) {
        return;
    }
    add_header(operation, "201", "Location", "Where it is read alone");
    if let Some(RefOr::T(response)) = operation.responses.responses.get("202")
        && !response.content.is_empty()
    {
        add_header(operation, "202", "Location", "Where it is read how far it is");
    }
}

/// Whether a path is that of one thing in the list of this path.
fn is_in(path: &str, list: &str) -> bool {
    path.strip_prefix(list).is_some_and(|rest| rest.starts_with("/{") && rest.matches('/').count() == 1)
}

/// Adds a header with text in it to the answer with this status, if there is one.
fn add_header(operation: &mut Operation, status: &str, name: &str, description: &str) {
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
        response.headers.insert(name.to_owned(), RefOr::T(header(description)));
    }
}

fn edited(method: &str, operation: &mut Operation) {
    if method != "delete" {
        add_header(operation, "200", "ETag", TAG);
    }
    if method == "get" {
        return;
    }
    let description = "A tag: the request is carried out only while it still is the tag of what is there.";
    let only_if = ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(only_if));
    say(operation, "412", "`changed_meanwhile`: the tag of `If-Match` is not that of what is there");
}

/// A header with text in it.
fn header(description: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
    header.description = Some(description.to_owned());
    header
}

fn keyed(operation: &mut Operation) {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A request that is sent again with the same key within 24 hours is carried out once; the answer is the \
             first one, with `Idempotent-Replayed: true`.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some("^[!-~]{1,255}$")),
        ))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(key));
    for status in ["200", "201", "202", "204"] {
        add_header(
            operation,
            status,
            "Idempotent-Replayed",
            "`true`: it was carried out before, and was answered so then",
        );
    }
    say(operation, "413", "`body_too_large`");
    say(operation, "400", "`idempotency_key_malformed`");
    say(operation, "409", "`idempotency_in_progress`, `idempotency_answer_lost`");
    add_header(operation, "409", "Retry-After", "In how many seconds to come back, while it is in progress");
    say(operation, "422", "`idempotency_key_reused`");
}

/// Adds what an answer with this status may say.
pub(crate) fn say(operation: &mut Operation, status: &str, codes: &str) {
    let responses = &mut operation.responses.responses;
    match responses.get_mut(status) {
        None => {
            responses.insert(status.to_owned(), RefOr::T(problem(codes)));
        }
        Some(RefOr::T(response)) if response.description.contains(codes) => {}
        Some(RefOr::T(response)) => response.description = format!("{}, {codes}", response.description),
        Some(_) => {}
    }
}
