//! The OpenAPI document as a whole: what holds for all routes, so that it holds for a new one too.
//!
//! Besides, each answer of each test is compared with it, in [`World::send`](crate::support::World::send).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::access::{ROLES, TABLE, prepare};
use crate::support::document::{document, operations};
use crate::support::{Administrator, Operator, Reply, World};

const ORGANIZATION: &str = "/api/v1/organizations/{organization_id}";

/// Lists whose items are no things of their own, and why.
const OF_NOTHING: [&str; 6] = [
    // What has happened; each row is its whole.
    "…/audit",
    "…/sensors/{sensor_id}/audit",
    "…/license-keys/{activation_code_id}/audit",
    "…/sensors/{sensor_id}/timeline",
    "…/removed-sensors/{sensor_id}/timeline",
    // What would happen, computed for the question.
    "…/forecast/sensors",
];

/// Answers with items that are no pages, for who asks names the items.
const NO_PAGES: [&str; 1] = ["…/sensor-values"];

/// What makes several things at once.
const MADE_IN_LISTS: [&str; 1] = ["…/sensors/additions"];

fn short(path: &str) -> String {
    path.replace(ORGANIZATION, "…")
}

/// A schema, where one stands or is referred to.
fn resolved(schema: &'static Value) -> &'static Value {
    let place = schema["$ref"].as_str();
    place.map_or(schema, |place| document().pointer(place.trim_start_matches('#')).unwrap())
}

fn answer(operation: &'static Value, status: &str) -> &'static Value {
    resolved(&operation["responses"][status]["content"]["application/json"]["schema"])
}

fn parameter(operation: &'static Value, name: &str) -> &'static Value {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().find(|parameter| parameter["name"] == name).unwrap_or(&Value::Null)
}

/// The lists: what is asked for by GET and answered by `items`.
fn lists() -> impl Iterator<Item = (&'static str, &'static Value)> {
    operations().filter_map(|(method, path, operation)| {
        let items = &answer(operation, "200")["properties"]["items"];
        (method == "get" && !items.is_null()).then_some((path, operation))
    })
}

/// The path of one thing of a list, if there is one.
fn alone(list: &str) -> Option<&'static str> {
    let found = operations().find(|(method, path, _)| {
        let rest = path.strip_prefix(list).unwrap_or_default();
        *method == "get" && rest.starts_with("/{") && rest.ends_with('}') && rest.matches('/').count() == 1
    });
    found.map(|(_, path, _)| path)
}

#[test]
fn every_list_comes_in_pages() {
    let found: Vec<(&str, &Value)> = lists().collect();
    assert!(found.len() >= 20, "{found:?}");
    for (path, operation) in found {
        if NO_PAGES.contains(&short(path).as_str()) {
            continue;
        }
        let limit = resolved(&parameter(operation, "limit")["schema"]);
        assert_eq!((&limit["minimum"], &limit["maximum"]), (&json!(1), &json!(200)), "{path}");
        assert!(!parameter(operation, "cursor").is_null(), "{path}");
        assert!(!answer(operation, "200")["properties"]["next_cursor"].is_null(), "{path}");
    }
}

#[test]
fn what_is_listed_can_be_read_alone() {
    let without = lists().map(|(path, _)| path).filter(|path| alone(path).is_none());
    let known = OF_NOTHING.into_iter().chain(NO_PAGES).map(str::to_owned);
    assert_eq!(without.map(short).collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
}

#[test]
fn what_is_made_has_a_place() {
    for (method, path, operation) in operations() {
        let made = &operation["responses"]["201"];
        if made.is_null() || !path.starts_with("/api/v1/") {
            continue;
        }
        let place = &made["headers"]["Location"];
        assert_eq!(place.is_null(), MADE_IN_LISTS.contains(&short(path).as_str()), "{method} {path}");
    }
}

/// A change may say of what it is one, and whoever reads learns what to say.
#[test]
fn what_several_people_may_edit_has_a_tag() {
    let mut edited = 0;
    for (method, path, operation) in operations() {
        if !path.starts_with(ORGANIZATION) || !["patch", "put"].contains(&method) {
            continue;
        }
        edited += 1;
        let item = &document()["paths"][path];
        for method in ["patch", "put", "delete"] {
            let Some(operation) = item.get(method) else { continue };
            assert_eq!(parameter(operation, "If-Match")["in"], "header", "{method} {path}");
            assert!(!operation["responses"]["412"].is_null(), "{method} {path}");
        }
        for operation in [&item["get"], operation] {
            assert!(!operation["responses"]["200"]["headers"]["ETag"].is_null(), "{path}");
        }
        let (list, _) = path.rsplit_once('/').unwrap();
        let made = &document()["paths"][list]["post"]["responses"]["201"];
        assert!(made.is_null() || !made["headers"]["ETag"].is_null(), "post {list}");
    }
    assert!(edited >= 6, "{edited}");
}

#[test]
fn every_answer_is_described() {
    for (method, path, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let text = response["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{method} {path} {status}");
        }
    }
}

/// What a request has to hold for an answer to be possible, and which answers that makes possible.
#[test]
fn an_answer_has_its_reason_in_the_request() {
    for (method, path, operation) in operations().filter(|(_, path, _)| path.starts_with("/api/v1/")) {
        let has = |name: &str| !parameter(operation, name).is_null();
        let (body, repeatable) = (!operation["requestBody"].is_null(), has("Idempotency-Key"));
        for (status, possible) in [
            ("404", path.contains('{')),
            ("412", has("If-Match")),
            // To compare a request with the one before, it is read even where it says nothing.
            ("413", body || repeatable),
            ("415", body),
        ] {
            assert_eq!(!operation["responses"][status].is_null(), possible, "{method} {path} {status}");
        }
        let asks = body || repeatable || !operation["parameters"].as_array().is_none_or(Vec::is_empty);
        for status in ["400", "422"] {
            assert!(asks || operation["responses"][status].is_null(), "{method} {path} {status}");
        }
        let writes = method != "get";
        assert!(writes || operation["responses"]["409"].is_null(), "{method} {path}");
    }
}

#[test]
fn every_answer_tells_of_the_limits() {
    for (method, path, operation) in operations().filter(|(_, path, _)| path.starts_with("/api/v1/")) {
        assert!(!operation["responses"]["429"].is_null(), "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let told = |name: &str| !response["headers"][name].is_null();
            assert!(told("RateLimit") && told("RateLimit-Policy"), "{method} {path} {status}");
            let comes_back = ["429", "503"].contains(&status.as_str());
            assert!(told("Retry-After") || !comes_back, "{method} {path} {status}");
        }
    }
}

/// Something of each kind that is listed.
async fn furnish(world: &World) {
    world.key(50, "P1Y").await;
    for (serial, (method, path)) in (1..).zip([
        ("get", "…/alerts/{alert_id}"),
        ("get", "…/notices/{notice_id}"),
        ("get", "…/invitations/{invitation_id}"),
        ("get", "…/removed-sensors/{sensor_id}"),
    ]) {
        prepare(world, method, path, serial).await;
    }
}

/// A list as one of those sees it who may.
async fn ask(world: &World, path: &str) -> Reply {
    if path.starts_with("/api/v1/operator/") {
        world.by(Operator).get(path).await
    } else {
        world.by(Administrator).get(path).await
    }
}

async fn what_is_listed_is_the_same_when_it_is_read_alone(world: World) {
    furnish(&world).await;
    let (mut serial, mut seen) = (1_000, 0);
    for (path, _) in lists() {
        let Some(one) = alone(path) else { continue };
        serial += 1;
        let (list, _) = prepare(&world, "get", &short(path), serial).await;
        let name = one.rsplit_once('{').unwrap().1.trim_end_matches('}');
        let page = ask(&world, &list).await;
        let items = page.body["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{path}: {page}");
        for item in items {
            let id = item.get(name).unwrap_or(&item["id"]).as_str().unwrap();
            let reply = ask(&world, &format!("{list}/{id}")).await;
            assert_eq!((reply.status, &reply.body), (200, item), "{list}/{id}");
            if let Some(tag) = item.get("etag") {
                assert_eq!(reply.header("etag"), format!("\"{}\"", tag.as_str().unwrap()));
            }
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

async fn every_list_takes_a_limit_of_1_to_200_and_its_own_cursors(world: World) {
    furnish(&world).await;
    let mut serial = 1_000;
    for (path, _) in lists().filter(|(path, _)| !NO_PAGES.contains(&short(path).as_str())) {
        serial += 1;
        let (list, _) = prepare(&world, "get", &short(path), serial).await;
        for query in ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=e30"] {
            let refused = ask(&world, &format!("{list}?{query}")).await;
            assert_eq!(refused.refusal(), (422, "invalid"), "{path} {query}");
        }
        let most = ask(&world, &format!("{list}?limit=200")).await;
        assert_eq!((most.status, &most.body["next_cursor"]), (200, &Value::Null), "{path}: {most}");
    }
}

async fn what_is_made_is_read_at_its_location(world: World) {
    world.key(50, "P1Y").await;
    let (mut serial, mut seen) = (1_000, 0);
    for (method, path, expected) in TABLE.iter().filter(|(method, _, _)| *method == "post") {
        let own = MADE_IN_LISTS.contains(path) || !(path.starts_with('…') || path.starts_with("/api/v1/"));
        let Some(place) = expected.iter().position(|status| [201, 202].contains(status)).filter(|_| !own)
        else {
            continue;
        };
        serial += 1;
        let (filled, body) = prepare(&world, method, path, serial).await;
        let by = world.by_name(ROLES[place]);
        let made = by.call("POST", &filled, body.as_ref()).await;
        if made.status == 202 && made.body.is_string() {
            continue;
        }
        let location = made.header("location").to_owned();
        assert!(location.starts_with("/api/v1/"), "{path}: {location:?}");
        let read = match made.cookie() {
            none if none.is_empty() => by.get(&location).await,
            cookie => world.with_cookie(&cookie).get(&location).await,
        };
        assert_eq!(read.status, 200, "{path}: {location}: {read}");
        assert_eq!(read.header("etag"), made.header("etag"), "{path}");
        for name in ["id", "license_id", "key", "user"] {
            if let Some(id) = made.body.get(name) {
                assert_eq!(read.body.get(name), Some(id), "{path}: {location}");
            }
        }
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}

/// Who is not let in hears what the document says of the route, and it says nothing else.
async fn r34_the_document_says_who_is_not_let_in(mut world: World) {
    world.open_gate().await;
    world.key(2_000, "P1Y").await;
    world.user("ana@harbor.example", Some("Harbor"), tenure_domain::Role::Administrator).await;
    let (ctx, email) = (world.app.ctx(tenure_app::Actor::CommandLine), "operator@harbor.example");
    let operator = world.app.create_token_by_name(&ctx, None, email, true).await.unwrap();
    let ana = world.log_in("ana@harbor.example").await;
    let (cookie, mut serial, mut wrong) = (ana.cookie(), 0, Vec::new());
    for (method, path, _) in TABLE {
        let full = path.replace('…', ORGANIZATION);
        let operation = &document()["paths"][&full][*method];
        let public = operation["security"].as_array().into_iter().flatten().any(|way| *way == json!({}));
        if public {
            continue;
        }
        let mut heard = BTreeSet::new();
        for role in ROLES {
            serial += 1;
            let (mut filled, body) = prepare(&world, method, path, serial).await;
            if (*method, *path) == ("get", "…/sensors") {
                // Everybody may list the sensors, but not by their licenses.
                filled.push_str("?sort=key");
            }
            let reply = world.by_name(role).call(&method.to_uppercase(), &filled, body.as_ref()).await;
            if reply.status == 403 {
                heard.insert(reply.refusal().1.to_owned());
            }
        }
        let (filled, body) = prepare(&world, method, path, serial + 1).await;
        let reader = world.with_token(&operator.secret);
        let reply = reader.call(&method.to_uppercase(), &filled, body.as_ref()).await;
        if reply.status == 403 && path.starts_with("/api/v1/operator/") {
            heard.insert(reply.refusal().1.to_owned());
        }
        let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "cross-site")];
        let reply = world.by_name("nobody").call_with(&method.to_uppercase(), &filled, &headers, None).await;
        if reply.status == 403 && reply.refusal().1 == "cross_site" {
            heard.insert("cross_site".to_owned());
        }
        serial += 1;
        let told = operation["responses"]["403"]["description"].as_str().unwrap_or_default();
        let codes = ["forbidden", "read_only_token", "session_needed", "cross_site"];
        let told = codes.into_iter().filter(|code| told.contains(&format!("`{code}`")));
        let told: BTreeSet<String> = told.map(str::to_owned).collect();
        if told != heard {
            wrong.push(format!("{method} {path}: told {told:?}, heard {heard:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

on_both_engines!(
    what_is_listed_is_the_same_when_it_is_read_alone,
    every_list_takes_a_limit_of_1_to_200_and_its_own_cursors,
    what_is_made_is_read_at_its_location,
    r34_the_document_says_who_is_not_let_in,
);
