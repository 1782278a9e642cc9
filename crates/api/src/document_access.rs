//! What the OpenAPI document says of those who are not let in (R34).

use utoipa::openapi::path::Operation;

use crate::document_writes::say;

/// What only a person who is logged in has: an API token is refused.
const OWN: [&str; 2] = ["/api/v1/me", "/api/v1/sessions/"];

/// What is asked for by POST because the question is long: a token that only reads may.
const READ_BY_POST: [&str; 4] = [
    "/api/v1/cover",
    "/api/v1/cover/mqtt-authorization",
    "/api/v1/organizations/{organization_id}/forecast",
    "/api/v1/organizations/{organization_id}/forecast/sensors",
];

/// What everybody in the organization may read, whatever their role.
const READ_BY_ALL: [&str; 15] = [
    "/api/v1/organizations/{organization_id}",
    "/api/v1/organizations/{organization_id}/alert-counts",
    "/api/v1/organizations/{organization_id}/alert-rules",
    "/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}",
    "/api/v1/organizations/{organization_id}/alerts",
    "/api/v1/organizations/{organization_id}/alerts/{alert_id}",
    "/api/v1/organizations/{organization_id}/removed-sensors",
    "/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}",
    "/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/measurements",
    "/api/v1/organizations/{organization_id}/sensor-values",
    "/api/v1/organizations/{organization_id}/sensors/count",
    "/api/v1/organizations/{organization_id}/sensors/{sensor_id}",
    "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/device",
    "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/measurements",
    "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/measurements.csv",
];

/// What only those read who may also change it: a token that only reads is refused. So it is on all of the operator's
/// routes.
const READ_TO_CHANGE: [&str; 10] = [
    "/api/v1/organizations/{organization_id}/notice-outlook",
    "/api/v1/organizations/{organization_id}/notices",
    "/api/v1/organizations/{organization_id}/notices/{notice_id}",
    "/api/v1/organizations/{organization_id}/notification-recipients",
    "/api/v1/organizations/{organization_id}/tokens",
    "/api/v1/organizations/{organization_id}/tokens/{token_id}",
    "/api/v1/organizations/{organization_id}/webhooks",
    "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries",
    "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries/{delivery_id}",
];

/// Adds what a route that is not for everybody answers to those whom it is not for.
pub(crate) fn complete(method: &str, path: &str, operation: &mut Operation) {
    say(operation, "401", "`unauthenticated`");
    let own = OWN.iter().any(|start| path.starts_with(start));
    let reads = method == "get";
    let changes = if reads {
        READ_TO_CHANGE.contains(&path) || path.starts_with("/api/v1/operator/")
    } else {
        !READ_BY_POST.contains(&path)
    };
    let codes = [
        ("`session_needed`: an API token is no log-in", own),
        ("`forbidden`", !(own || reads && READ_BY_ALL.contains(&path))),
        ("`read_only_token`", !own && changes),
        ("`cross_site`: another site's page made this request", !reads),
    ];
    for (codes, told) in codes {
        if told {
            say(operation, "403", codes);
        }
    }
}
