//! The calendar feed, read by a parser that is not ours.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tenure_domain::Role;

use crate::support::{Administrator, Analyst, Client, Manager, Nobody, ReadOnly, Reply, World};

const PUBLIC: &str = "https://tenure.harbor.example";

/// Makes the caller's feed; returns the path of its address.
async fn feed(by: &Client<'_>) -> String {
    let made = by.call("POST", "…/calendar-feed", None).await;
    assert_eq!(made.status, 201, "{made}");
    made.body["url"].as_str().unwrap().strip_prefix(PUBLIC).unwrap().to_owned()
}

fn text(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply}");
    assert_eq!(reply.header("content-type"), "text/calendar; charset=utf-8");
    reply.body.as_str().unwrap().to_owned()
}

/// What PyPI's icalendar reads.
#[expect(clippy::disallowed_methods, reason = "tests are told of Python by their environment")]
fn parsed(text: &str) -> Value {
    let python = std::env::var("TENURE_TEST_PYTHON")
        .unwrap_or_else(|_| panic!("TENURE_TEST_PYTHON is not set: run the tests with `make test`"));
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/read_calendar.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "not read:\n{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn read(world: &World, path: &str) -> Value {
    parsed(&text(&world.by(Nobody).get(path).await))
}

fn event<'a>(calendar: &'a Value, sensor: &str) -> &'a Value {
    &calendar["events"][format!("{sensor}@tenure.harbor.example")]
}

async fn r28_each_sensor_is_an_event_on_its_last_day(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let rename = json!({ "name": "Cold store 1", "auto_renewal": false });
    assert_eq!(world.by(Manager).patch(&format!("…/sensors/{sensor}"), &rename).await.status, 200);
    let path = feed(&world.by(Manager)).await;
    let written = text(&world.by(Nobody).get(&path).await)
        .replace("\r\n ", "")
        .replace('\r', "")
        .replace(&sensor, "SENSOR");
    assert_reads!(written, @r"
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//Tenure//License expirations//EN
    CALSCALE:GREGORIAN
    NAME:License expirations: Harbor
    X-WR-CALNAME:License expirations: Harbor
    REFRESH-INTERVAL;VALUE=DURATION:PT6H
    X-PUBLISHED-TTL:PT6H
    BEGIN:VEVENT
    UID:SENSOR@tenure.harbor.example
    DTSTAMP:20261121T100000Z
    LAST-MODIFIED:20261121T100000Z
    SEQUENCE:9
    DTSTART;VALUE=DATE:20271121
    DTEND;VALUE=DATE:20271122
    SUMMARY:Cold store 1: license expires
    DESCRIPTION:Auto renewal is off: what it measures after this day is not saved.\nSerial number: 282c02424eed\nhttps://tenure.harbor.example/sensors/SENSOR
    URL:https://tenure.harbor.example/sensors/SENSOR
    TRANSP:TRANSPARENT
    END:VEVENT
    END:VCALENDAR
    ");
    let calendar = parsed(&text(&world.by(Nobody).get(&path).await));
    assert_eq!(calendar["every_seconds"], 6.0 * 3600.0);
    assert_eq!(calendar["name"], "License expirations: Harbor");
    assert_eq!(calendar["shown_name"], calendar["name"]);
    let event = event(&calendar, &sensor);
    assert_eq!((&event["start"], &event["end"]), (&json!("2027-11-21"), &json!("2027-11-22")));
    assert_eq!((&event["transparent"], &event["alarms"]), (&json!(true), &json!(0)));
    // Another clock and another node write the same, byte by byte.
    let before = text(&world.by(Nobody).get(&path).await);
    world.at("2026-12-24T18:00:00Z");
    assert_eq!(text(&world.by(Nobody).get(&path).await), before);
}

async fn whatever_a_sensor_is_called_is_read_back(world: World) {
    world.key(5, "P1Y").await;
    let names = [
        "Kühlraum 1; links, hinten \\ unten",
        "❄️🧊 Chłodnia 👩🏽‍🔬 nr 2",
        "a:b;VALUE=\"c\"",
        "BEGIN:VEVENT",
        &"ż".repeat(100),
    ];
    let mut sensors = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        let sensor = world.sensor(&format!("{:012x}", place + 1)).await;
        let renamed = world.by(Manager).patch(&format!("…/sensors/{sensor}"), &json!({ "name": name })).await;
        assert_eq!(renamed.status, 200, "{renamed}");
        sensors.push((sensor, name));
    }
    let calendar = read(&world, &feed(&world.by(Manager)).await).await;
    for (sensor, name) in sensors {
        let event = event(&calendar, &sensor);
        assert_eq!(event["summary"], format!("{name}: license expires"));
        assert_eq!(event["url"], format!("{PUBLIC}/sensors/{sensor}"));
        let lines: Vec<&str> = event["description"].as_str().unwrap().lines().collect();
        assert_eq!(lines.len(), 3, "{event}");
        assert_eq!(lines[2], event["url"]);
    }
}

async fn a_renewal_moves_the_event_and_a_removal_takes_it_away(world: World) {
    world.key(3, "P1M").await;
    let (goes_on, other) = (world.sensor("282c02424eed").await, world.sensor("282c02424eee").await);
    let path = feed(&world.by(Manager)).await;
    let first = read(&world, &path).await;
    world.at("2026-11-22T10:00:00Z");
    let by_hand = world.by(Manager).call("POST", &format!("…/sensors/{goes_on}/licenses"), None).await;
    assert_eq!(by_hand.status, 201, "{by_hand}");
    let second = read(&world, &path).await;
    let part = |calendar: &Value, part: &str| event(calendar, &goes_on)[part].clone();
    assert_eq!(part(&first, "start"), "2026-12-21");
    assert_eq!(part(&second, "start"), "2027-01-21");
    assert!(part(&second, "sequence").as_i64() > part(&first, "sequence").as_i64());
    assert_eq!(part(&second, "stamp"), "2026-11-22T10:00:00+00:00");
    assert_eq!(part(&second, "stamp"), part(&second, "modified"));
    assert_eq!(event(&second, &other), event(&first, &other), "nothing was done to the other");
    // The other one finds no license: its event stays, says so, and is gone after 90 days.
    world.at("2027-01-05T10:00:00Z");
    let third = read(&world, &path).await;
    assert_eq!(event(&third, &other)["summary"], "282c02424eee: license has expired");
    world.at("2027-03-21T22:59:59.999999Z");
    assert!(event(&read(&world, &path).await, &other).is_object());
    world.at("2027-03-21T23:00:00Z");
    assert!(event(&read(&world, &path).await, &other).is_null(), "the 91st day");
    // Auto renewal moves an event as well.
    world.key(1, "P1M").await;
    let fourth = read(&world, &path).await;
    assert_eq!(event(&fourth, &goes_on)["start"], "2027-01-21", "it waits behind the other");
    assert_eq!(event(&fourth, &other)["start"], "2027-04-22");
    assert_eq!(world.by(Manager).delete(&format!("…/sensors/{goes_on}")).await.status, 200);
    assert!(event(&read(&world, &path).await, &goes_on).is_null());
}

async fn r32_it_says_what_will_happen_by_itself(world: World) {
    world.key(3, "P1M").await;
    let sensors = [
        world.sensor("282c02424ee1").await,
        world.sensor("282c02424ee2").await,
        world.sensor("282c02424ee3").await,
    ];
    let off = json!({ "auto_renewal": false });
    assert_eq!(world.by(Manager).patch(&format!("…/sensors/{}", sensors[2]), &off).await.status, 200);
    world.key(1, "P1Y").await;
    world.user("ewa@harbor.example", Some("Harbor"), Role::Manager).await;
    let ewa = world.log_in("ewa@harbor.example").await;
    let (path, hers) = (feed(&world.by(Manager)).await, feed(&ewa).await);
    let says = async |path: &str| -> Vec<String> {
        let calendar = read(&world, path).await;
        let says = sensors.iter().map(|sensor| event(&calendar, sensor)["description"].clone());
        says.map(|says| says.as_str().unwrap_or("-").lines().next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        says(&path).await,
        [
            "Will be renewed automatically from the pool.",
            "No license left for it: what it measures after this day is not saved.",
            "Auto renewal is off: what it measures after this day is not saved.",
        ]
    );
    for (language, name, first) in [
        ("pl", "Wygasanie licencji: Harbor", "Zostanie automatycznie odnowiona z puli."),
        ("de", "Ablauf der Lizenzen: Harbor", "Wird automatisch aus dem Vorrat verlängert."),
    ] {
        assert_eq!(ewa.patch("/api/v1/me", &json!({ "language": language })).await.status, 200);
        assert_eq!(
            (read(&world, &hers).await["name"].as_str(), says(&hers).await[0].as_str()),
            (Some(name), first)
        );
    }
    world.at("2026-12-22T10:00:00Z");
    assert_eq!(
        says(&path).await,
        [
            "Auto renewal is on: it will be renewed from the pool if a license is left then.",
            "No license was left for it: what it measures is not saved. It takes the next one that enters the pool.",
            "Auto renewal is off: what it measures is not saved.",
        ]
    );
}

async fn r7_a_chain_may_end_on_29_february(world: World) {
    world.at("2028-01-29T10:00:00Z");
    world.key(1, "P1M").await;
    let sensor = world.sensor("282c02424eed").await;
    let calendar = read(&world, &feed(&world.by(Manager)).await).await;
    let event = event(&calendar, &sensor);
    assert_eq!((&event["start"], &event["end"]), (&json!("2028-02-29"), &json!("2028-03-01")));
}

async fn who_has_it_already_is_not_sent_it_again(world: World) {
    world.key(2, "P1Y").await;
    world.sensor("282c02424eed").await;
    let path = feed(&world.by(Manager)).await;
    let ask = async |method: &str, header: &str, value: &str| {
        let request = Request::builder().method(method).uri(&path).header(header, value);
        world.send(request.body(Body::empty()).unwrap()).await
    };
    let first = world.by(Nobody).get(&path).await;
    let tag = first.header("etag").to_owned();
    assert_eq!(first.header("cache-control"), "private, no-cache");
    for known in [tag.clone(), format!("\"other\", W/{tag}")] {
        let again = ask("GET", "if-none-match", &known).await;
        assert_eq!((again.status, again.body.as_str()), (304, Some("")));
        assert_eq!((again.header("etag"), again.header("content-type")), (tag.as_str(), ""));
    }
    assert_eq!(ask("GET", "if-none-match", "\"other\"").await.status, 200);
    let head = ask("HEAD", "accept", "text/calendar").await;
    assert_eq!((head.status, head.header("etag")), (200, tag.as_str()));
    assert_eq!(ask("GET", "accept-encoding", "gzip").await.header("content-encoding"), "gzip");
    world.sensor("282c02424eee").await;
    assert_eq!(ask("GET", "if-none-match", &tag).await.status, 200);
}

async fn r34_the_address_opens_while_its_owner_may_read_licenses(world: World) {
    let email = "ewa@harbor.example";
    world.user(email, Some("Harbor"), Role::Manager).await;
    let ewa = world.log_in(email).await;
    let none = json!({ "created_at": null, "used_at": null });
    assert_eq!(ewa.get("…/calendar-feed").await.body, none);
    let first = feed(&ewa).await;
    assert!(first.len() > "/calendar/.ics".len() + 22, "at least 128 bits: {first}");
    let second = feed(&ewa).await;
    let status = async |path: &str| world.by(Nobody).get(path).await.status;
    let (nobodys, not_found) = ("/calendar/nonsense.ics", (404, "not_found"));
    for path in [first.as_str(), nobodys, "/calendar/nonsense", "/calendar/.ics", "/calendar/%ff.ics"] {
        assert_eq!(world.by(Nobody).get(path).await.refusal(), not_found, "{path}");
    }
    world.at("2026-11-21T10:05:00Z");
    assert_eq!(status(&second).await, 200);
    let used = json!({ "created_at": "2026-11-21T10:00:00Z", "used_at": "2026-11-21T10:05:00Z" });
    assert_eq!(ewa.get("…/calendar-feed").await.body, used);
    assert_eq!(world.by(Manager).get("…/calendar-feed").await.body, none, "one's own");
    // An Analyst has no license pages, and a Manager again has them again.
    let id = ewa.get("/api/v1/sessions/current").await.body["user"]["id"].as_str().unwrap().to_owned();
    let me = format!("…/users/{id}");
    for (role, expected) in [("analyst", 404), ("administrator", 200)] {
        let changed = world.by(Administrator).patch(&me, &json!({ "role": role })).await;
        assert_eq!((changed.status, status(&second).await), (200, expected), "{changed}");
    }
    let sentence = |reply: Reply| reply.body["detail"].clone();
    assert_eq!(ewa.delete("…/calendar-feed").await.status, 204);
    assert_eq!(ewa.delete("…/calendar-feed").await.status, 204);
    assert_eq!(status(&second).await, 404);
    let third = feed(&ewa).await;
    assert_eq!(status(&third).await, 200);
    assert_eq!(world.by(Administrator).delete(&me).await.status, 204);
    let gone = world.by(Nobody).get(&third).await;
    assert_eq!(sentence(gone), sentence(world.by(Nobody).get(nobodys).await));
    // Whoever comes back makes a new one.
    world.user(email, Some("Harbor"), Role::Manager).await;
    assert_eq!(status(&third).await, 404);
    assert_eq!(world.by(Analyst).call("POST", "…/calendar-feed", None).await.status, 403);
    assert_eq!(world.by(ReadOnly).get("…/calendar-feed").await.status, 200);
    let trail = world.by(Administrator).get("…/audit?limit=50").await;
    let actions: Vec<&str> = trail.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["action"].as_str())
        .filter(|action| action.starts_with("calendar_"))
        .collect();
    assert_eq!(
        actions,
        ["calendar_feed_made", "calendar_feed_removed", "calendar_feed_made", "calendar_feed_made"]
    );
    let secret = third.strip_prefix("/calendar/").unwrap().strip_suffix(".ics").unwrap();
    assert!(!trail.body.to_string().contains(secret));
}

on_both_engines!(
    r28_each_sensor_is_an_event_on_its_last_day,
    whatever_a_sensor_is_called_is_read_back,
    a_renewal_moves_the_event_and_a_removal_takes_it_away,
    r32_it_says_what_will_happen_by_itself,
    r7_a_chain_may_end_on_29_february,
    who_has_it_already_is_not_sent_it_again,
    r34_the_address_opens_while_its_owner_may_read_licenses,
);
