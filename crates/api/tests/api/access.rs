//! R34: every route with every role, and nothing of another organization.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenure_domain::Role;

use crate::alerts::open_alert;
use crate::support::{
    Actor, Administrator, Analyst, Client, Manager, Nobody, Operator, PASSWORD, ReadOnly, Stranger, World,
};

pub(crate) const ROLES: [&str; 7] = [
    Administrator::NAME,
    Manager::NAME,
    Analyst::NAME,
    ReadOnly::NAME,
    Stranger::NAME,
    Operator::NAME,
    Nobody::NAME,
];

/// The routes that a token does not open.
const SESSION: [&str; 2] = ["/api/v1/sessions", "/api/v1/me"];

const ORGANIZATION: &str = "/api/v1/organizations/{organization_id}";

/// Every route, and what the roles are answered, in the order of [`ROLES`]. A new route needs a new row.
pub(crate) const TABLE: &[(&str, &str, [u16; 7])] = &[
    ("get", "…", [200, 200, 200, 200, 404, 404, 401]),
    ("patch", "…", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/activation-codes", [201, 201, 403, 403, 404, 404, 401]),
    ("post", "…/activation-codes/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/license-summary", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/notice-outlook", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/notification-recipients", [200, 200, 403, 403, 404, 404, 401]),
    ("put", "…/notification-recipients", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/calendar-feed", [200, 200, 403, 200, 404, 404, 401]),
    ("post", "…/calendar-feed", [201, 201, 403, 403, 404, 404, 401]),
    ("delete", "…/calendar-feed", [204, 204, 403, 403, 404, 404, 401]),
    // Whoever has the address reads it.
    ("get", "/calendar/{file}", [200; 7]),
    ("get", "…/notices", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/notices/{notice_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/notices/{notice_id}/retry", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/notices/test", [202, 202, 403, 403, 404, 404, 401]),
    ("get", "…/sensor-values", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/sensors.csv", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/sensors.xlsx", [200, 200, 403, 200, 404, 404, 401]),
    ("post", "…/sensors/import", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/names", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/measurements.csv", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/ahead", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/forecast", [200, 200, 403, 200, 404, 404, 401]),
    // Reading, with a body that says what is supposed.
    ("post", "…/forecast", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/forecast/sensors", [200, 200, 403, 200, 404, 404, 401]),
    ("post", "…/forecast/sensors", [200, 200, 403, 200, 404, 404, 401]),
    ("post", "…/common-date/dates", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/common-date/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/common-date", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/license-assignments", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/license-assignments/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/auto-renewal", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/auto-renewal/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/audit", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/audit", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/audit.csv", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/license-keys", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/license-keys/{activation_code_id}", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/license-keys/{activation_code_id}/licenses", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/license-keys/{activation_code_id}/licenses/{license_id}", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/license-keys/{activation_code_id}/audit", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/timeline", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/removed-sensors/{sensor_id}/timeline", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/licenses", [200, 200, 403, 200, 404, 404, 401]),
    ("post", "…/sensors/{sensor_id}/licenses/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/sensors", [200, 200, 200, 200, 404, 404, 401]),
    ("post", "…/sensors", [201, 201, 403, 403, 404, 404, 401]),
    ("get", "…/sensors/count", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}", [200, 200, 200, 200, 404, 404, 401]),
    ("patch", "…/sensors/{sensor_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("delete", "…/sensors/{sensor_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/{sensor_id}/removal/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/{sensor_id}/replacement", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/additions", [201, 201, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/additions/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/removed-sensors", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/removed-sensors/{sensor_id}", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/removed-sensors/{sensor_id}/measurements", [200, 200, 200, 200, 404, 404, 401]),
    ("post", "…/removed-sensors/{sensor_id}/erasure", [204, 403, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/{sensor_id}/licenses", [201, 201, 403, 403, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/licenses/{license_id}", [200, 200, 403, 200, 404, 404, 401]),
    ("delete", "…/sensors/{sensor_id}/licenses/{license_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/measurements", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/device", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/alert-rules", [200, 200, 200, 200, 404, 404, 401]),
    ("post", "…/alert-rules", [201, 201, 403, 403, 404, 404, 401]),
    ("get", "…/alert-rules/{alert_rule_id}", [200, 200, 200, 200, 404, 404, 401]),
    ("patch", "…/alert-rules/{alert_rule_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("delete", "…/alert-rules/{alert_rule_id}", [204, 204, 403, 403, 404, 404, 401]),
    ("get", "…/alerts", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/alerts/{alert_id}", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/alert-counts", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/webhooks", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/webhooks", [201, 403, 403, 403, 404, 404, 401]),
    ("get", "…/webhooks/{webhook_id}", [200, 403, 403, 403, 404, 404, 401]),
    ("patch", "…/webhooks/{webhook_id}", [200, 403, 403, 403, 404, 404, 401]),
    ("delete", "…/webhooks/{webhook_id}", [204, 403, 403, 403, 404, 404, 401]),
    ("post", "…/webhooks/{webhook_id}/secret", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/webhooks/{webhook_id}/test", [202, 403, 403, 403, 404, 404, 401]),
    ("get", "…/webhooks/{webhook_id}/deliveries", [200, 403, 403, 403, 404, 404, 401]),
    ("get", "…/webhooks/{webhook_id}/deliveries/{delivery_id}", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", [200, 403, 403, 403, 404, 404, 401]),
    ("get", "…/tokens", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/tokens", [201, 403, 403, 403, 404, 404, 401]),
    ("get", "…/tokens/{token_id}", [200, 403, 403, 403, 404, 404, 401]),
    ("delete", "…/tokens/{token_id}", [204, 403, 403, 403, 404, 404, 401]),
    ("get", "/api/v1/operator/activation-codes", [403, 403, 403, 403, 403, 200, 401]),
    ("post", "/api/v1/operator/activation-codes", [403, 403, 403, 403, 403, 201, 401]),
    ("get", "/api/v1/operator/activation-codes/{activation_code_id}", [403, 403, 403, 403, 403, 200, 401]),
    (
        "post",
        "/api/v1/operator/activation-codes/{activation_code_id}/revocation",
        [403, 403, 403, 403, 403, 200, 401],
    ),
    (
        "post",
        "/api/v1/operator/activation-codes/{activation_code_id}/revocation/preview",
        [403, 403, 403, 403, 403, 200, 401],
    ),
    ("get", "/api/v1/operator/forwarding", [403, 403, 403, 403, 403, 200, 401]),
    ("get", "/api/v1/operator/organizations", [403, 403, 403, 403, 403, 200, 401]),
    ("get", "/api/v1/operator/organizations/{organization_id}", [403, 403, 403, 403, 403, 200, 401]),
    ("get", "/api/v1/operator/serial-numbers/{serial}", [403, 403, 403, 403, 403, 200, 401]),
    ("post", "/api/v1/operator/serial-numbers/{serial}/release", [403, 403, 403, 403, 403, 200, 401]),
    ("get", "…/users", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/users/{user_id}", [200, 200, 403, 200, 404, 404, 401]),
    ("patch", "…/users/{user_id}", [200, 403, 403, 403, 404, 404, 401]),
    ("delete", "…/users/{user_id}", [204, 403, 403, 403, 404, 404, 401]),
    ("get", "…/invitations", [200, 200, 403, 200, 404, 404, 401]),
    ("post", "…/invitations", [201, 403, 403, 403, 404, 404, 401]),
    ("get", "…/invitations/{invitation_id}", [200, 200, 403, 200, 404, 404, 401]),
    ("delete", "…/invitations/{invitation_id}", [204, 403, 403, 403, 404, 404, 401]),
    ("post", "/api/v1/operator/organizations", [403, 403, 403, 403, 403, 201, 401]),
    ("get", "/api/v1/service", [200; 7]),
    // Whoever has the link of a mail is who it was sent to.
    ("post", "/api/v1/sign-up", [201; 7]),
    ("post", "/api/v1/password-resets", [202; 7]),
    ("post", "/api/v1/password-resets/redemption", [410; 7]),
    ("post", "/api/v1/invitations/look-up", [200; 7]),
    ("post", "/api/v1/invitations/acceptance", [201; 7]),
    ("get", "/api/v1/unsubscriptions/{token}", [200; 7]),
    ("post", "/api/v1/unsubscriptions/{token}", [200; 7]),
    ("post", "/api/v1/unsubscriptions/{token}/undo", [200; 7]),
    // Everybody may try; nobody's password is empty.
    ("post", "/api/v1/sessions", [401; 7]),
    // A token is no log-in.
    ("get", "/api/v1/sessions/current", [403, 403, 403, 403, 403, 403, 401]),
    ("delete", "/api/v1/sessions/current", [403, 403, 403, 403, 403, 403, 401]),
    ("patch", "/api/v1/me", [403, 403, 403, 403, 403, 403, 401]),
    ("put", "/api/v1/me/password", [403, 403, 403, 403, 403, 403, 401]),
    ("post", "/api/v1/me/one-time-codes", [403, 403, 403, 403, 403, 403, 401]),
    ("post", "/api/v1/me/one-time-codes/confirmation", [403, 403, 403, 403, 403, 403, 401]),
    ("post", "/api/v1/me/one-time-codes/removal", [403, 403, 403, 403, 403, 403, 401]),
    ("post", "/api/v1/me/recovery-codes", [403, 403, 403, 403, 403, 403, 401]),
    ("get", "…/events", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "/api/v1/operator/events", [403, 403, 403, 403, 403, 200, 401]),
    // Operators know all covers; another organization's are not known.
    ("get", "/api/v1/cover/{serial}", [200, 200, 403, 200, 404, 200, 401]),
    ("post", "/api/v1/cover", [200, 200, 403, 200, 200, 200, 401]),
    ("post", "/api/v1/cover/mqtt-authorization", [200, 200, 403, 200, 200, 200, 401]),
    // A gateway has no user: it sends the organization's device token.
    ("post", "/api/v2/measurements", [201; 7]),
    ("get", "/livez", [200; 7]),
    ("get", "/readyz", [200; 7]),
    ("get", "/openapi.json", [200; 7]),
    // Off, as this service was not given any.
    ("get", "/metrics", [404; 7]),
];

fn low_battery() -> Value {
    json!({ "name": "Batteries", "condition": { "kind": "low_battery" }, "sensors": "all" })
}

fn webhook() -> Value {
    json!({ "url": "https://hooks.harbor.example/tenure", "events": ["license.expired"] })
}

/// The only webhook of the organization, and an event for it that was given up.
async fn webhook_and_delivery(administrator: &Client<'_>) -> (String, String) {
    for id in administrator.get("…/webhooks").await.ids() {
        assert_eq!(administrator.delete(&format!("…/webhooks/{id}")).await.status, 204);
    }
    let made = administrator.post("…/webhooks", &webhook()).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    let delivery = administrator.call("POST", &format!("…/webhooks/{id}/test"), None).await;
    for enabled in [false, true] {
        let change = json!({ "enabled": enabled });
        assert_eq!(administrator.patch(&format!("…/webhooks/{id}"), &change).await.status, 200);
    }
    (id, delivery.body["id"].as_str().unwrap().to_owned())
}

/// What the route needs to succeed once, made anew for each role.
pub(crate) async fn prepare(world: &World, method: &str, path: &str, serial: u64) -> (String, Option<Value>) {
    let administrator = world.by(Administrator);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut filled = path.to_owned();
    if path.contains("{sensor_id}") {
        let id = world.sensor(&format!("{serial:012x}")).await;
        if path.contains("/removed-sensors/") {
            assert_eq!(administrator.delete(&format!("…/sensors/{id}")).await.status, 200);
        }
        filled = filled.replace("{sensor_id}", &id);
    }
    if path.contains("{serial}") {
        world.sensor(&format!("{serial:012x}")).await;
        filled = filled.replace("{serial}", &format!("{serial:012x}"));
    }
    if path.contains("{organization_id}") {
        filled = filled.replace("{organization_id}", &world.harbor.to_string());
    }
    if path.contains("{alert_id}") {
        filled = filled.replace("{alert_id}", &open_alert(world, &format!("{serial:012x}")).await);
    }
    if path.contains("/license-keys/{activation_code_id}") {
        let keys = administrator.get("…/license-keys?limit=1").await;
        filled = filled.replace("{activation_code_id}", &keys.ids()[0]);
        let licenses = administrator.get(&format!("…/license-keys/{}/licenses", keys.ids()[0])).await;
        filled = filled.replace("{license_id}", &text(&licenses.body["items"][0]["license_id"]));
    }
    if filled.contains("{license_id}") {
        let (licenses, _) = filled.split_once("/{").unwrap();
        let reply = administrator.call("POST", licenses, None).await;
        filled = filled.replace("{license_id}", &text(&reply.body["license_id"]));
    }
    if path.contains("{alert_rule_id}") {
        let reply = administrator.post("…/alert-rules", &low_battery()).await;
        filled = filled.replace("{alert_rule_id}", &text(&reply.body["id"]));
    }
    if path.contains("{notice_id}") {
        filled = filled.replace("{notice_id}", &world.failed_notice().await);
    }
    if path.contains("{token}") {
        filled = filled.replace("{token}", &world.unsubscription().await);
    }
    if path.contains("/webhooks") {
        let (webhook, delivery) = webhook_and_delivery(&administrator).await;
        filled = filled.replace("{webhook_id}", &webhook).replace("{delivery_id}", &delivery);
    }
    if path.contains("{token_id}") {
        let reply = administrator.call("POST", "…/tokens", None).await;
        filled = filled.replace("{token_id}", &text(&reply.body["id"]));
    }
    if filled.contains("{activation_code_id}") {
        world.code(1, "P1Y").await;
        let codes = world.by(Operator).get("/api/v1/operator/activation-codes?limit=1").await;
        filled = filled.replace("{activation_code_id}", &codes.ids()[0]);
    }
    if path.contains("{file}") {
        let reply = administrator.call("POST", "…/calendar-feed", None).await;
        filled = text(&reply.body["url"]).replace("https://tenure.harbor.example", "");
    }
    if path.ends_with("/sensor-values") {
        filled.push_str(&format!("?ids={}", world.sensor(&format!("{serial:012x}")).await));
    }
    let email = format!("somebody{serial}@harbor.example");
    if path.contains("{user_id}") {
        let role = Role::Analyst;
        filled = filled.replace("{user_id}", &world.user_without_password(&email, "Harbor", role).await);
    }
    let mut token = String::new();
    if path.contains("invitations/") {
        let body = json!({ "email": email, "role": "analyst" });
        let reply = administrator.post("…/invitations", &body).await;
        filled = filled.replace("{invitation_id}", &text(&reply.body["id"]));
        token = text(&reply.body["link"]).split_once('#').unwrap().1.to_owned();
    }
    let body = match (method, path) {
        ("put", "…/notification-recipients") => Some(json!({ "license_expiration": [] })),
        ("patch", "…/users/{user_id}") => Some(json!({ "role": "manager" })),
        ("post", "…/invitations") => Some(json!({ "email": email, "role": "analyst" })),
        ("post", "/api/v1/operator/organizations") => Some(json!({
            "name": format!("Organization {serial}"), "time_zone": "UTC", "administrator_email": email,
        })),
        ("post", "/api/v1/sign-up") => Some(json!({
            "email": email, "password": PASSWORD, "organization_name": format!("Organization {serial}"),
            "time_zone": "UTC",
        })),
        ("post", "/api/v1/password-resets") => Some(json!({ "email": email })),
        ("post", "/api/v1/password-resets/redemption") => Some(json!({ "token": "x", "password": PASSWORD })),
        ("post", "/api/v1/invitations/look-up") => Some(json!({ "token": token })),
        ("post", "/api/v1/invitations/acceptance") => Some(json!({ "token": token, "password": PASSWORD })),
        ("patch", "…") => Some(json!({ "language": "pl" })),
        ("post", "…/activation-codes" | "…/activation-codes/preview") => {
            Some(json!({ "code": world.code(1, "P1Y").await }))
        }
        ("post", "…/forecast" | "…/forecast/sensors") => {
            let sensor = world.sensor(&format!("{serial:012x}")).await;
            Some(json!({ "what_if": [{ "do": "remove", "sensor_ids": [sensor] }] }))
        }
        ("post", "…/common-date/dates") => {
            let sensor = world.sensor(&format!("{serial:012x}")).await;
            Some(json!({ "sensor_ids": [sensor] }))
        }
        ("post", "…/common-date" | "…/common-date/preview") => {
            let sensor = world.sensor(&format!("{serial:012x}")).await;
            let mut body = json!({ "sensor_ids": [sensor], "date": "2028-11-21" });
            if path == "…/common-date" {
                let preview = administrator.post("…/common-date/preview", &body).await;
                body["expected"] = preview.body["plan"].clone();
            }
            Some(body)
        }
        ("post", "…/license-assignments" | "…/license-assignments/preview") => {
            let sensor = world.sensor(&format!("{serial:012x}")).await;
            Some(json!({ "sensor_ids": [sensor] }))
        }
        ("post", "…/auto-renewal" | "…/auto-renewal/preview") => {
            let sensor = world.sensor(&format!("{serial:012x}")).await;
            Some(json!({ "sensor_ids": [sensor], "auto_renewal": false }))
        }
        ("post", "…/sensors/import") => Some(Value::String(format!("{serial:012x}"))),
        ("post", "…/sensors/names") => {
            let sensor = world.sensor(&format!("{serial:012x}")).await;
            Some(json!({ "items": [{ "sensor_id": sensor, "name": "Cold room" }] }))
        }
        ("post", "…/alert-rules") => Some(low_battery()),
        ("post", "…/webhooks") => Some(webhook()),
        ("patch", "…/webhooks/{webhook_id}") => Some(json!({ "enabled": false })),
        ("patch", "…/alert-rules/{alert_rule_id}") => Some(json!({ "enabled": false })),
        ("post", "…/sensors") => Some(json!({ "serial": format!("{serial:012x}") })),
        ("post", "…/sensors/additions" | "…/sensors/additions/preview") => {
            Some(json!({ "sensors": [{ "serial": format!("{serial:012x}") }] }))
        }
        ("post", "…/sensors/{sensor_id}/replacement") => {
            Some(json!({ "serial": format!("{:012x}", serial + 0xff_0000) }))
        }
        ("post", "…/removed-sensors/{sensor_id}/erasure") => {
            Some(json!({ "serial": format!("{serial:012x}") }))
        }
        ("patch", "…/sensors/{sensor_id}") => Some(json!({ "name": "Cold room", "auto_renewal": false })),
        ("post", "/api/v1/operator/activation-codes") => Some(json!({ "licenses": 1, "term": "P1Y" })),
        ("post", "/api/v1/sessions") => Some(json!({ "email": format!("nobody{serial}@x"), "password": "" })),
        ("post", "/api/v1/cover/mqtt-authorization") => {
            Some(json!({ "username": format!("{serial:012x}"), "topic": "t", "action": "publish" }))
        }
        ("post", "/api/v1/cover") => Some(json!({ "serials": [format!("{serial:012x}")] })),
        ("post", "/api/v2/measurements") => Some(json!({ "measurements": [] })),
        _ => None,
    };
    (filled, body)
}

#[test]
fn every_route_of_the_document_is_in_the_table() {
    let document = serde_json::to_value(tenure_api::openapi()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            routes.insert((method.clone(), path.replace(ORGANIZATION, "…")));
        }
    }
    let rows = TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), routes);
}

async fn r34_every_route_with_every_role(mut world: World) {
    world.open_gate().await;
    world.key(2_000, "P1Y").await;
    let mut serial = 0;
    let mut wrong = Vec::new();
    for (method, path, expected) in TABLE {
        for (role, expected) in ROLES.iter().zip(expected) {
            serial += 1;
            let (filled, body) = prepare(&world, method, path, serial).await;
            let reply = world.by_name(role).call(&method.to_uppercase(), &filled, body.as_ref()).await;
            if reply.status != *expected {
                wrong.push(format!("{method} {path} as {role}: expected {expected}, was {reply}"));
            }
            assert_eq!(reply.status == 401, !reply.header("www-authenticate").is_empty(), "{path} {reply}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Who is logged in may what their token may, and no more.
async fn r34_a_log_in_opens_what_a_token_of_the_same_role_opens(mut world: World) {
    world.open_gate().await;
    world.key(1_000, "P1Y").await;
    let mut people = Vec::new();
    for (place, organization, role) in [
        (0, Some("Harbor"), Role::Administrator),
        (1, Some("Harbor"), Role::Manager),
        (2, Some("Harbor"), Role::Analyst),
        (4, Some("Elsewhere"), Role::Manager),
        (5, None, Role::Operator),
    ] {
        let email = format!("person{place}@harbor.example");
        world.user(&email, organization, role).await;
        people.push((place, world.log_in(&email).await));
    }
    let (mut serial, mut wrong) = (100_000, Vec::new());
    for (method, path, expected) in
        TABLE.iter().filter(|(_, path, _)| !SESSION.iter().any(|start| path.starts_with(start)))
    {
        for (place, person) in &people {
            serial += 1;
            let (filled, body) = prepare(&world, method, path, serial).await;
            let reply = person.call(&method.to_uppercase(), &filled, body.as_ref()).await;
            if reply.status != expected[*place] {
                wrong
                    .push(format!("{method} {path} as {}: {}, was {reply}", ROLES[*place], expected[*place]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn r34_what_is_asked_for_is_looked_at_after_who_asks(world: World) {
    for (role, expected) in [(Nobody::NAME, 401), (Analyst::NAME, 403), (Stranger::NAME, 404)] {
        for body in ["{", "{}", r#"{"serial": "x", "colour": 1}"#] {
            let body = Some(body.to_owned());
            let reply =
                world.by_name(role).call_raw("POST", "…/sensors", Some("application/json"), body).await;
            assert_eq!(reply.status, expected, "{role}: {reply}");
        }
    }
}

async fn r34_another_organizations_objects_do_not_exist(world: World) {
    world.key(4, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let license = world.by(Administrator).call("POST", &format!("…/sensors/{sensor}/licenses"), None).await;
    let license = license.body["license_id"].as_str().unwrap().to_owned();
    let token = world.by(Administrator).call("POST", "…/tokens", None).await;
    let token = token.body["id"].as_str().unwrap().to_owned();
    let rule = world.by(Administrator).post("…/alert-rules", &low_battery()).await;
    let rule = rule.body["id"].as_str().unwrap().to_owned();
    let (webhook, delivery) = webhook_and_delivery(&world.by(Administrator)).await;
    let (alert, notice) = (open_alert(&world, "282c02424ee2").await, world.failed_notice().await);
    let user = world.by(Administrator).get("…/users").await.ids()[0].clone();
    let guest = json!({ "email": "guest@harbor.example", "role": "analyst" });
    let invitation = world.by(Administrator).post("…/invitations", &guest).await;
    let invitation = invitation.body["id"].as_str().unwrap().to_owned();
    let key = world.by(Administrator).get("…/license-keys").await.ids()[0].clone();
    let removed = world.sensor("282c02424ee1").await;
    assert_eq!(world.by(Administrator).delete(&format!("…/sensors/{removed}")).await.status, 200);
    let own = format!("/api/v1/organizations/{}", world.elsewhere);
    for (method, path, body) in [
        ("GET", format!("{own}/sensors/{sensor}"), None),
        ("PATCH", format!("{own}/sensors/{sensor}"), Some(json!({ "name": "mine" }))),
        ("POST", format!("{own}/sensors/{sensor}/licenses"), None),
        ("DELETE", format!("{own}/sensors/{sensor}/licenses/{license}"), None),
        ("GET", format!("{own}/sensors/{sensor}/licenses/{license}"), None),
        ("GET", format!("{own}/sensors/{sensor}/measurements"), None),
        ("GET", format!("{own}/sensors/{sensor}/measurements.csv"), None),
        ("GET", format!("{own}/sensors/{sensor}/licenses"), None),
        ("GET", format!("{own}/sensors/{sensor}/audit"), None),
        ("GET", format!("{own}/sensors/{sensor}/timeline"), None),
        ("GET", format!("{own}/removed-sensors/{removed}"), None),
        ("GET", format!("{own}/removed-sensors/{removed}/timeline"), None),
        ("GET", format!("{own}/license-keys/{key}"), None),
        ("GET", format!("{own}/license-keys/{key}/licenses"), None),
        ("GET", format!("{own}/license-keys/{key}/licenses/{license}"), None),
        ("GET", format!("{own}/license-keys/{key}/audit"), None),
        ("POST", format!("{own}/sensors/{sensor}/licenses/preview"), None),
        ("POST", format!("{own}/license-assignments"), Some(json!({ "sensor_ids": [sensor] }))),
        ("POST", format!("{own}/license-assignments/preview"), Some(json!({ "sensor_ids": [sensor] }))),
        (
            "POST",
            format!("{own}/auto-renewal"),
            Some(json!({ "sensor_ids": [sensor], "auto_renewal": false })),
        ),
        (
            "POST",
            format!("{own}/auto-renewal/preview"),
            Some(json!({ "sensor_ids": [sensor], "auto_renewal": false })),
        ),
        (
            "POST",
            format!("{own}/sensors/names"),
            Some(json!({ "items": [{ "sensor_id": sensor, "name": "mine" }] })),
        ),
        ("POST", format!("{own}/common-date/dates"), Some(json!({ "sensor_ids": [sensor] }))),
        (
            "POST",
            format!("{own}/common-date/preview"),
            Some(json!({ "sensor_ids": [sensor], "date": "2027-11-21" })),
        ),
        (
            "POST",
            format!("{own}/common-date"),
            Some(json!({ "sensor_ids": [sensor], "date": "2027-11-21", "expected": "" })),
        ),
        (
            "POST",
            format!("{own}/forecast"),
            Some(json!({ "what_if": [{ "do": "remove", "sensor_ids": [sensor] }] })),
        ),
        (
            "POST",
            format!("{own}/forecast/sensors"),
            Some(json!({ "what_if": [{ "do": "replace", "sensor_id": sensor, "serial": "282c02424eee" }] })),
        ),
        ("GET", format!("{own}/sensors/{sensor}/device"), None),
        ("GET", format!("{own}/alert-rules/{rule}"), None),
        ("GET", format!("{own}/alerts/{alert}"), None),
        ("GET", format!("{own}/notices/{notice}"), None),
        ("GET", format!("{own}/users/{user}"), None),
        ("GET", format!("{own}/invitations/{invitation}"), None),
        ("GET", format!("{own}/tokens/{token}"), None),
        ("GET", format!("{own}/webhooks/{webhook}"), None),
        ("GET", format!("{own}/webhooks/{webhook}/deliveries/{delivery}"), None),
        ("PATCH", format!("{own}/alert-rules/{rule}"), Some(json!({ "enabled": false }))),
        ("DELETE", format!("{own}/alert-rules/{rule}"), None),
        ("PATCH", format!("{own}/webhooks/{webhook}"), Some(json!({ "enabled": false }))),
        ("POST", format!("{own}/webhooks/{webhook}/secret"), None),
        ("POST", format!("{own}/webhooks/{webhook}/test"), None),
        ("GET", format!("{own}/webhooks/{webhook}/deliveries"), None),
        ("POST", format!("{own}/webhooks/{webhook}/deliveries/{delivery}/retry"), None),
        ("DELETE", format!("{own}/webhooks/{webhook}"), None),
        ("DELETE", format!("{own}/sensors/{sensor}"), None),
        ("POST", format!("{own}/sensors/{sensor}/removal/preview"), None),
        ("POST", format!("{own}/sensors/{sensor}/replacement"), Some(json!({ "serial": "282c02424eee" }))),
        ("GET", format!("{own}/removed-sensors/{removed}/measurements"), None),
        (
            "POST",
            format!("{own}/removed-sensors/{removed}/erasure"),
            Some(json!({ "serial": "282c02424ee1" })),
        ),
        ("DELETE", format!("{own}/tokens/{token}"), None),
    ] {
        let reply = world.by(Stranger).call(method, &path, body.as_ref()).await;
        assert_eq!(reply.refusal(), (404, "not_found"), "{method} {path}: {reply}");
    }
    let values = world.by(Stranger).get(&format!("{own}/sensor-values?ids={sensor}")).await;
    assert_eq!(values.body, json!({ "items": [] }));
    for query in ["", &format!("?ids={sensor}")] {
        let table = world.by(Stranger).get(&format!("{own}/sensors.csv{query}")).await;
        assert_eq!(table.body.as_str().unwrap().lines().count(), 1, "only the header: {table}");
    }
    assert_eq!(world.by(Stranger).get(&format!("{own}/sensors")).await.ids(), Vec::<String>::new());
    assert_eq!(world.by(Stranger).get(&format!("{own}/removed-sensors")).await.ids(), Vec::<String>::new());
}

async fn r34_an_analyst_sees_sensors_without_their_licenses(world: World) {
    world.key(3, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    world.by(Administrator).call("POST", &format!("…/sensors/{sensor}/licenses"), None).await;
    let analyst = world.by(Analyst);
    let row = analyst.get(&format!("…/sensors/{sensor}")).await;
    assert_reads!(row, @r#"
    200
    {
      "activation_date": null,
      "added_at": "2026-11-21T10:00:00Z",
      "at_end": null,
      "auto_renewal": true,
      "battery": null,
      "covered_until": null,
      "covered_until_on": null,
      "days_remaining": null,
      "earlier_cover": [],
      "expires_at": null,
      "expires_on": null,
      "id": "sen_01m7yrrt801dh4faewcwwk4qxc",
      "key": null,
      "key_licenses_assigned": null,
      "last_seen_at": null,
      "license_id": null,
      "name": "282c02424eed",
      "queued": [],
      "refused_messages": 0,
      "refused_since": null,
      "serial": "282c02424eed",
      "signal_dbm": null,
      "standing": "covered"
    }
    "#);
    let list = analyst.get("…/sensors").await;
    assert_eq!(list.body["items"][0], row.body);
    for sort in ["expires_at", "standing", "activation_date", "key", "covered_until"] {
        let reply = analyst.get(&format!("…/sensors?sort={sort}")).await;
        assert_eq!(reply.refusal(), (403, "forbidden"), "{sort}");
    }
}

on_both_engines!(
    r34_every_route_with_every_role,
    r34_a_log_in_opens_what_a_token_of_the_same_role_opens,
    r34_what_is_asked_for_is_looked_at_after_who_asks,
    r34_another_organizations_objects_do_not_exist,
    r34_an_analyst_sees_sensors_without_their_licenses,
);
