//! Files of sensors: what is answered to them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{Manager, Reply, Stranger, World};

async fn import(world: &World, query: &str, text: &str) -> Reply {
    let path = format!("…/sensors/import{query}");
    world.by(Manager).call("POST", &path, Some(&Value::String(text.to_owned()))).await
}

/// As [`import`], with this header `Accept`.
async fn import_as(world: &World, accept: &str, query: &str, text: &str) -> Reply {
    let request = Request::post(world.path(&format!("…/sensors/import{query}")))
        .header("Authorization", format!("Bearer {}", world.token("manager")))
        .header("Content-Type", "text/csv; charset=utf-8")
        .header("Accept", accept);
    world.send(request.body(Body::from(text.to_owned())).unwrap()).await
}

/// The events of a stream: their names and data.
fn events(reply: &Reply) -> Vec<(String, Value)> {
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/event-stream"), "{reply}");
    let text = reply.body.as_str().unwrap();
    let event = |text: &str| {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some((field("event:")?.to_owned(), serde_json::from_str(field("data:")?).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

async fn count(world: &World) -> usize {
    world.by(Manager).get("…/sensors?limit=200").await.ids().len()
}

async fn r22_a_dry_run_tells_what_each_line_does(world: World) {
    let key = world.key(4, "P1Y").await;
    world.sensor("282c02424ee1").await;
    let text = format!(
        "Serial number;Name;Licenses;License key;Shelf\r\n282c02424ee1;Hall;1;;3\r\n282c02424ee2;;;{key};4\r\n"
    );
    let reply = import(&world, "?dry_run=true", &text).await;
    assert_eq!(reply.status, 200, "{reply}");
    let license = |from: &str, until: &str| json!({ "key": key, "term": "P1Y", "activation_date": from, "expires_on": until });
    assert_eq!(
        reply.body,
        json!({
            "dry_run": true, "lines": 2, "added": 1, "brought_back": 0, "assigned": 1, "assigned_licenses": 1,
            "renamed": 1, "auto_renewal_changed": 0, "renewed": 0, "unchanged": 0, "errors": 0,
            "licenses_needed": 2, "licenses_left": 3, "ignored_columns": ["Shelf"],
            "items": [
                {
                    "line": 2, "serial": "282c02424ee1", "name": "Hall", "outcome": "assign",
                    "licenses": [license("2027-11-22", "2028-11-21")], "changes": ["renamed"],
                    "code": null, "detail": null,
                },
                {
                    "line": 3, "serial": "282c02424ee2", "name": "282c02424ee2", "outcome": "add",
                    "licenses": [license("2026-11-21", "2027-11-21")], "changes": [], "code": null, "detail": null,
                },
            ],
        })
    );
    assert_eq!(count(&world).await, 1);
    let lines = import_as(&world, "text/csv", "?dry_run=true", &text).await;
    assert_eq!(lines.header("content-disposition"), "attachment; filename=\"import-2026-11-21.csv\"");
    let expected = format!(
        "line,serial,name,outcome,licenses,key,activation_date,expires_on,changes,code,detail\r\n\
         2,282c02424ee1,Hall,assign,1,{key},2027-11-22,2028-11-21,renamed,,\r\n\
         3,282c02424ee2,282c02424ee2,add,1,{key},2026-11-21,2027-11-21,,,\r\n"
    );
    assert_eq!(lines.body, json!(expected));
    let reply = import(&world, "", &text).await;
    assert_eq!(
        (reply.status, &reply.body["dry_run"], &reply.body["items"]),
        (200, &json!(false), &json!([]))
    );
    assert_eq!(count(&world).await, 2);
    // Once more, it is all there.
    let reply = import(&world, "?dry_run=true", "serial,name\n282c02424ee1,Hall\n282c02424ee2,").await;
    assert_eq!((&reply.body["unchanged"], &reply.body["licenses_needed"]), (&json!(2), &json!(0)), "{reply}");
}

async fn r22_lines_with_errors_are_told_and_nothing_is_done(world: World) {
    world.key(1, "P1Y").await;
    let text = "serial,name\n282c02424ee1,a\nxyz,b\n282c02424ee2,c\n282c02424ee2,d\n";
    let reply = import(&world, "", text).await;
    assert_eq!(reply.refusal(), (409, "import_refused"), "{reply}");
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let report = &reply.body["report"];
    assert_eq!((&report["errors"], &report["lines"], &report["added"]), (&json!(3), &json!(4), &json!(1)));
    let told: Vec<_> = report["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["line"].as_u64().unwrap(),
                item["outcome"].as_str().unwrap(),
                item["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(3, "error", "serial_malformed"), (4, "error", "serial_repeated"), (5, "error", "serial_repeated")]
    );
    assert_eq!(count(&world).await, 0);
    for (text, code) in [
        ("", "import_empty"),
        ("name\nx", "import_no_serials"),
        ("serial\n\"282c02424ee1", "import_quote_open"),
    ] {
        assert_eq!(import(&world, "", text).await.refusal(), (422, code), "{text}");
    }
    let reply = import(&world, "?dry_run=perhaps", text).await;
    assert_eq!(reply.refusal(), (422, "query_malformed"));
    let by = world.by(Manager);
    let reply =
        by.call_raw("POST", "…/sensors/import", Some("application/json"), Some("[]".to_owned())).await;
    assert_eq!(reply.refusal(), (415, "content_type_unsupported"));
    let large = "x".repeat(33 * 1024 * 1024);
    let reply = by.call_raw("POST", "…/sensors/import", Some("text/csv"), Some(large)).await;
    assert_eq!(reply.refusal(), (413, "body_too_large"));
    let path = format!("/api/v1/organizations/{}/sensors/import", world.harbor);
    let text = Value::String("282c02424ee1".to_owned());
    assert_eq!(world.by(Stranger).call("POST", &path, Some(&text)).await.status, 404);
}

async fn events_tell_how_far_an_import_is(world: World) {
    world.key(3_000, "P1Y").await;
    let lines: Vec<String> = (0..3_000).map(|number| format!("2800{number:08x}")).collect();
    let text = lines.join("\n");
    let told = events(&import_as(&world, "text/event-stream", "?dry_run=true", &text).await);
    let (name, report) = told.last().unwrap();
    assert_eq!(
        (name.as_str(), report["added"].as_u64(), report["items"][0]["line"].as_u64()),
        ("report", Some(3_000), Some(1))
    );
    let progress: Vec<&Value> = told[..told.len() - 1].iter().map(|(_, data)| data).collect();
    assert!(told[..told.len() - 1].iter().all(|(name, _)| name == "progress"));
    // How many of them are seen depends on how fast who listens is; they never go back.
    assert!(!progress.is_empty());
    assert!(
        progress
            .iter()
            .all(|data| ["waiting", "lines", "finishing"].contains(&data["phase"].as_str().unwrap()))
    );
    assert!(progress.is_sorted_by_key(|data| data["done"].as_u64().unwrap()));
    assert_eq!(count(&world).await, 0);

    let told = events(&import_as(&world, "text/event-stream", "", "282c02424ee1\nx").await);
    let (name, problem) = told.last().unwrap();
    assert_eq!(
        (name.as_str(), problem["code"].as_str(), problem["status"].as_u64()),
        ("problem", Some("import_refused"), Some(409))
    );
    assert_eq!(problem["report"]["items"][0]["line"], 2);
    let told = events(&import_as(&world, "text/event-stream", "", "name\nx").await);
    let (name, problem) = told.last().unwrap();
    assert_eq!(
        (name.as_str(), problem["code"].as_str(), &problem["report"]),
        ("problem", Some("import_no_serials"), &Value::Null)
    );
}

/// Whose line breaks while a large file is imported asks again, and is told what came of it.
async fn events_are_told_again_to_the_same_key(world: World) {
    world.key(3, "P1Y").await;
    let headers = [("Idempotency-Key", "k"), ("Content-Type", "text/csv"), ("Accept", "text/event-stream")];
    let send = async |text: &str| {
        let text = Some(text.to_owned());
        world.by(Manager).call_with("POST", "…/sensors/import", &headers, text).await
    };
    // Refused, it has changed nothing: put right, it may be sent with the same key.
    let refused = events(&send("x").await);
    assert_eq!(refused.last().unwrap().0, "problem");
    let first = send("282c02424ee1").await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let report = events(&first).pop().unwrap();
    assert_eq!((report.0.as_str(), &report.1["added"]), ("report", &json!(1)), "{first}");
    let again = send("282c02424ee1").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(events(&again), [report]);
    assert_eq!(send("282c02424ee2").await.refusal(), (422, "idempotency_key_reused"));
    assert_eq!(count(&world).await, 1);
}

/// Whoever hangs up does not stop it half-way: it is done whole.
async fn r22_an_import_outlives_who_asked_for_it(world: World) {
    world.key(3_000, "P1Y").await;
    let lines: Vec<String> = (0..3_000).map(|number| format!("2800{number:08x}")).collect();
    let request = Request::post(world.path("…/sensors/import"))
        .header("Authorization", format!("Bearer {}", world.token("manager")))
        .header("Content-Type", "text/csv")
        .header("Accept", "text/event-stream");
    // The head is answered, and nobody reads on.
    world.hang_up(request.body(Body::from(lines.join("\n"))).unwrap()).await;
    // The next command of the organization comes after it, or before it: so this waits until it is there.
    loop {
        let reply = world.by(Manager).get("…/sensors/count").await;
        let all = reply.body["all"].as_u64().unwrap();
        assert!(all == 0 || all == 3_000, "{all} of 3000");
        if all == 3_000 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

on_both_engines!(
    r22_a_dry_run_tells_what_each_line_does,
    r22_lines_with_errors_are_told_and_nothing_is_done,
    events_tell_how_far_an_import_is,
    events_are_told_again_to_the_same_key,
    r22_an_import_outlives_who_asked_for_it,
);
