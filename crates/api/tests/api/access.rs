//! R34: every route with every role, and nothing of another organization.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Actor, Administrator, Analyst, Manager, Nobody, Operator, ReadOnly, Stranger, World};

const ROLES: [&str; 7] = [
    Administrator::NAME,
    Manager::NAME,
    Analyst::NAME,
    ReadOnly::NAME,
    Stranger::NAME,
    Operator::NAME,
    Nobody::NAME,
];

const ORGANIZATION: &str = "/api/v1/organizations/{organization_id}";

/// Every route, and what the roles are answered, in the order of [`ROLES`]. A new route needs a new row.
const TABLE: &[(&str, &str, [u16; 7])] = &[
    ("get", "…", [200, 200, 200, 200, 404, 404, 401]),
    ("patch", "…", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/activation-codes", [201, 201, 403, 403, 404, 404, 401]),
    ("post", "…/activation-codes/preview", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/license-summary", [200, 200, 403, 200, 404, 404, 401]),
    ("get", "…/sensors", [200, 200, 200, 200, 404, 404, 401]),
    ("post", "…/sensors", [201, 201, 403, 403, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}", [200, 200, 200, 200, 404, 404, 401]),
    ("patch", "…/sensors/{sensor_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("post", "…/sensors/{sensor_id}/licenses", [201, 201, 403, 403, 404, 404, 401]),
    ("delete", "…/sensors/{sensor_id}/licenses/{license_id}", [200, 200, 403, 403, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/measurements", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/sensors/{sensor_id}/device", [200, 200, 200, 200, 404, 404, 401]),
    ("get", "…/tokens", [200, 403, 403, 403, 404, 404, 401]),
    ("post", "…/tokens", [201, 403, 403, 403, 404, 404, 401]),
    ("delete", "…/tokens/{token_id}", [204, 403, 403, 403, 404, 404, 401]),
    ("get", "/api/v1/operator/activation-codes", [403, 403, 403, 403, 403, 200, 401]),
    ("post", "/api/v1/operator/activation-codes", [403, 403, 403, 403, 403, 201, 401]),
    (
        "post",
        "/api/v1/operator/activation-codes/{activation_code_id}/revocation",
        [403, 403, 403, 403, 403, 200, 401],
    ),
    // A gateway has no user: it sends the organization's device token.
    ("post", "/api/v2/measurements", [201; 7]),
    ("get", "/livez", [200; 7]),
    ("get", "/readyz", [200; 7]),
    ("get", "/openapi.json", [200; 7]),
    // Off, as this service was not given any.
    ("get", "/metrics", [404; 7]),
];

/// What the route needs to succeed once, made anew for each role.
async fn prepare(world: &World, method: &str, path: &str, serial: u64) -> (String, Option<Value>) {
    let administrator = world.by(Administrator);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut filled = path.to_owned();
    if path.contains("{sensor_id}") {
        filled = filled.replace("{sensor_id}", &world.sensor(&format!("{serial:012x}")).await);
    }
    if path.contains("{license_id}") {
        let (licenses, _) = filled.split_once("/{").unwrap();
        let reply = administrator.call("POST", licenses, None).await;
        filled = filled.replace("{license_id}", &text(&reply.body["license_id"]));
    }
    if path.contains("{token_id}") {
        let reply = administrator.call("POST", "…/tokens", None).await;
        filled = filled.replace("{token_id}", &text(&reply.body["id"]));
    }
    if path.contains("{activation_code_id}") {
        world.code(1, "P1Y").await;
        let codes = world.by(Operator).get("/api/v1/operator/activation-codes?limit=1").await;
        filled = filled.replace("{activation_code_id}", &codes.ids()[0]);
    }
    let body = match (method, path) {
        ("patch", "…") => Some(json!({ "language": "pl" })),
        ("post", "…/activation-codes" | "…/activation-codes/preview") => {
            Some(json!({ "code": world.code(1, "P1Y").await }))
        }
        ("post", "…/sensors") => Some(json!({ "serial": format!("{serial:012x}") })),
        ("patch", "…/sensors/{sensor_id}") => Some(json!({ "name": "Cold room", "auto_renewal": false })),
        ("post", "/api/v1/operator/activation-codes") => Some(json!({ "licenses": 1, "term": "P1Y" })),
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

async fn r34_every_route_with_every_role(world: World) {
    world.key(1_000, "P1Y").await;
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
    world.key(3, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let license = world.by(Administrator).call("POST", &format!("…/sensors/{sensor}/licenses"), None).await;
    let license = license.body["license_id"].as_str().unwrap().to_owned();
    let token = world.by(Administrator).call("POST", "…/tokens", None).await;
    let token = token.body["id"].as_str().unwrap().to_owned();
    let own = format!("/api/v1/organizations/{}", world.elsewhere);
    for (method, path, body) in [
        ("GET", format!("{own}/sensors/{sensor}"), None),
        ("PATCH", format!("{own}/sensors/{sensor}"), Some(json!({ "name": "mine" }))),
        ("POST", format!("{own}/sensors/{sensor}/licenses"), None),
        ("DELETE", format!("{own}/sensors/{sensor}/licenses/{license}"), None),
        ("GET", format!("{own}/sensors/{sensor}/measurements"), None),
        ("GET", format!("{own}/sensors/{sensor}/device"), None),
        ("DELETE", format!("{own}/tokens/{token}"), None),
    ] {
        let reply = world.by(Stranger).call(method, &path, body.as_ref()).await;
        assert_eq!(reply.refusal(), (404, "not_found"), "{method} {path}: {reply}");
    }
    assert_eq!(world.by(Stranger).get(&format!("{own}/sensors")).await.ids(), Vec::<String>::new());
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
      "auto_renewal": true,
      "battery": null,
      "covered_until": null,
      "covered_until_on": null,
      "days_remaining": null,
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
    for sort in ["expires_at", "activation_date", "key", "covered_until"] {
        let reply = analyst.get(&format!("…/sensors?sort={sort}")).await;
        assert_eq!(reply.refusal(), (403, "forbidden"), "{sort}");
    }
}

on_both_engines!(
    r34_every_route_with_every_role,
    r34_what_is_asked_for_is_looked_at_after_who_asks,
    r34_another_organizations_objects_do_not_exist,
    r34_an_analyst_sees_sensors_without_their_licenses,
);
