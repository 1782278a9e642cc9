//! The change stream: what is told of covers, and that nothing is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{Administrator, Manager, Operator, Stranger, World};

const EVENTS: &str = "…/events";
const ALL: &str = "/api/v1/operator/events";
const SERIAL: &str = "282c02424eed";
/// The first instant that a license of a day does not cover which a sensor receives at the beginning of a scenario.
const END: &str = "2026-11-22T23:00:00Z";

/// An event: its name, its id if it has one, its data.
#[derive(Clone, Debug, PartialEq)]
struct Heard {
    name: String,
    id: Option<String>,
    data: Value,
}

impl Heard {
    /// What it says of a sensor, in short.
    fn short(&self) -> String {
        if self.name != "cover" {
            return self.name.clone();
        }
        let text = |key: &str| self.data[key].as_str().unwrap_or("-");
        format!("{} {} {}", text("serial"), text("standing"), text("covered_until"))
    }
}

/// Somebody who listens.
struct Stream {
    body: BodyDataStream,
    text: String,
    /// The id that a browser would send when it connects again.
    last_id: String,
}

impl Stream {
    async fn open(world: &World, name: &str, path: &str, last_id: Option<&str>) -> Self {
        let mut request = Request::get(world.path(path));
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let request = request.header("Authorization", format!("Bearer {}", world.token(name)));
        Self::of(world, request).await
    }

    async fn of(world: &World, request: axum::http::request::Builder) -> Self {
        let response = world.answer(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = response.into_body().into_data_stream();
        Self { body, text: String::new(), last_id: String::new() }
    }

    /// The next event; none at the stream's end.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|line| line.trim_start_matches(':').trim().to_owned())
                };
                let Some(data) = field("data") else { continue };
                let id = field("id");
                self.last_id = id.clone().unwrap_or(std::mem::take(&mut self.last_id));
                let data = serde_json::from_str(&data).unwrap();
                return Some(Heard { name: field("event").unwrap(), id, data });
            }
            let more = tokio::time::timeout(Duration::from_secs(30), self.body.next());
            let bytes = more.await.expect("something is told").transpose().unwrap()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// What is told until nothing is missing.
    async fn until_caught_up(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let event = self.next().await.expect("it goes on").short();
            if event == "caught_up" {
                return told;
            }
            told.push(event);
        }
    }

    async fn short(&mut self) -> String {
        self.next().await.expect("it goes on").short()
    }
}

async fn a_change_is_told_with_all_that_matters(mut world: World) {
    world.stream_until_dropped();
    let mut stream = Stream::open(&world, "manager", EVENTS, None).await;
    assert_eq!(stream.until_caught_up().await, [""; 0]);
    world.key(1, "P1D").await;
    world.sensor(SERIAL).await;
    let event = stream.next().await.unwrap();
    assert_eq!(event.name, "cover");
    let sensor = event.data["sensor_id"].as_str().unwrap();
    assert_eq!(world.by(Manager).get(&format!("…/sensors/{sensor}")).await.body["serial"], SERIAL);
    let expected = json!({
        "sensor_id": sensor,
        "organization_id": world.harbor,
        "serial": SERIAL,
        "standing": "covered",
        "covered": true,
        "covered_until": END,
        "expires_on": "2026-11-22",
    });
    assert_eq!(event.data, expected);
}

/// Nobody asks for anything but the clock: the scheduler settles.
async fn r17_what_time_alone_changes_is_told(mut world: World) {
    world.stream_until_dropped();
    world.key(2, "P1D").await;
    world.sensor(SERIAL).await;
    let mut stream = Stream::open(&world, "manager", EVENTS, None).await;
    stream.until_caught_up().await;
    world.at(END);
    world.app.settle_due().await.unwrap();
    assert_eq!(stream.short().await, format!("{SERIAL} covered 2026-11-23T23:00:00Z"), "renewed");
    world.at("2026-11-23T23:00:00Z");
    world.app.settle_due().await.unwrap();
    assert_eq!(stream.short().await, format!("{SERIAL} expired 2026-11-23T23:00:00Z"));
}

/// Whoever follows is not told what a clock alone would make of a chain that is not settled yet.
async fn r17_a_snapshot_is_of_what_is_settled(mut world: World) {
    world.stream_until_dropped();
    world.key(2, "P1D").await;
    world.sensor(SERIAL).await;
    world.at(END);
    let path = format!("{EVENTS}?snapshot=true");
    let mut stream = Stream::open(&world, "manager", &path, None).await;
    assert_eq!(stream.until_caught_up().await, [format!("{SERIAL} covered 2026-11-23T23:00:00Z")]);
}

async fn who_was_away_hears_the_last_state_of_all_that_changed(mut world: World) {
    world.stream_until_dropped();
    world.key(4, "P1D").await;
    let ids = ["282c02424ee0", "282c02424ee1", "282c02424ee2", "282c02424ee3"];
    let mut sensors = Vec::new();
    for serial in ids {
        sensors.push(world.sensor(serial).await);
    }
    let mut stream = Stream::open(&world, "manager", &format!("{EVENTS}?snapshot=true"), None).await;
    assert_eq!(stream.until_caught_up().await.len(), 4);
    let known = stream.last_id.clone();
    drop(stream);
    // The first expires and is renewed, the second is removed, the third is replaced, the fourth is replaced and its
    // old serial number comes back; then all of it is heard of a stream that begins where the first one ended.
    let manager = world.by(Manager);
    for (sensor, serial) in [(&sensors[2], "282c02424ef2"), (&sensors[3], "282c02424ef3")] {
        let path = format!("…/sensors/{sensor}/replacement");
        assert_eq!(manager.post(&path, &json!({ "serial": serial })).await.status, 200);
    }
    assert_eq!(manager.delete(&format!("…/sensors/{}", sensors[1])).await.status, 200);
    world.at(END);
    world.app.settle_due().await.unwrap();
    world.key(3, "P1Y").await;
    world.key(1, "P1Y").await;
    world.sensor("282c02424ee3").await;
    let mut again = Stream::open(&world, "manager", EVENTS, Some(&known)).await;
    let mut told = again.until_caught_up().await;
    told.sort();
    // A renewal at the very instant goes on with the dates of its chain (R7).
    let (until, day_later) = ("2027-11-22T23:00:00Z", "2027-11-23T23:00:00Z");
    assert_eq!(
        told,
        [
            format!("282c02424ee0 covered {until}"),
            "282c02424ee1 unknown -".to_owned(),
            "282c02424ee2 unknown -".to_owned(),
            format!("282c02424ee3 covered {day_later}"),
            format!("282c02424ef2 covered {until}"),
            format!("282c02424ef3 covered {until}"),
        ]
    );
    let nothing = Stream::open(&world, "manager", EVENTS, Some(&again.last_id)).await.until_caught_up().await;
    assert_eq!(nothing, [""; 0], "all is known");
    // An id that has not been reached is one of before a backup was restored: all is told.
    let all =
        Stream::open(&world, "manager", &format!("{EVENTS}?after=99999"), None).await.until_caught_up().await;
    assert_eq!(all.len(), 6);
}

/// Wherever a stream breaks, going on from its last id leaves nothing out; also within one command.
async fn a_stream_may_break_anywhere(mut world: World) {
    world.stream_until_dropped();
    world.key(9, "P1Y").await;
    let sensors: Vec<Value> = (0..9).map(|number| json!({ "serial": format!("{number:012x}") })).collect();
    let added = world.by(Manager).post("…/sensors/additions", &json!({ "sensors": sensors })).await;
    assert_eq!(added.status, 201, "{added}");
    let path = format!("{EVENTS}?snapshot=true");
    for broken_after in 1..9 {
        let mut stream = Stream::open(&world, "manager", &path, None).await;
        let mut heard = BTreeMap::new();
        for _ in 0..broken_after {
            let event = stream.next().await.unwrap();
            heard.insert(event.data["serial"].to_string(), event);
        }
        let id = stream.last_id.clone();
        drop(stream);
        let mut again = Stream::open(&world, "manager", EVENTS, Some(&id)).await;
        while let Some(event) = again.next().await.filter(|event| event.name == "cover") {
            let twice = heard.insert(event.data["serial"].to_string(), event);
            assert_eq!(twice, None);
        }
        assert_eq!(heard.len(), 9, "broken after {broken_after}");
    }
}

/// Who does not read is left behind, and finds all that it has missed.
async fn a_slow_reader_misses_nothing(mut world: World) {
    world.stream_until_dropped();
    world.key(60, "P1Y").await;
    let mut slow = Stream::open(&world, "manager", EVENTS, None).await;
    slow.until_caught_up().await;
    let mut quick = Stream::open(&world, "manager", EVENTS, None).await;
    quick.until_caught_up().await;
    let mut expected = Vec::new();
    for number in 0..60 {
        let serial = format!("{number:012x}");
        world.sensor(&serial).await;
        expected.push(serial.clone());
        // More than a listener may be behind, each told before the next one comes.
        assert!(quick.short().await.starts_with(&serial));
    }
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        let event = slow.next().await.unwrap();
        heard.extend(event.data["serial"].as_str().map(str::to_owned));
    }
    assert_eq!(heard, expected);
}

async fn the_operator_follows_all_organizations(mut world: World) {
    world.stream_until_dropped();
    world.key(2, "P1Y").await;
    world.sensor(SERIAL).await;
    let mut stream = Stream::open(&world, "operator", &format!("{ALL}?snapshot=true"), None).await;
    let until = "2027-11-21T23:00:00Z";
    assert_eq!(stream.until_caught_up().await, [format!("{SERIAL} covered {until}")]);
    let own = format!("/api/v1/organizations/{}", world.elsewhere);
    let code = world.code(1, "P1Y").await;
    let stranger = world.by(Stranger);
    assert_eq!(stranger.post(&format!("{own}/activation-codes"), &json!({ "code": code })).await.status, 201);
    let added = stranger.post(&format!("{own}/sensors"), &json!({ "serial": "282c02424eee" })).await;
    assert_eq!(added.status, 201, "{added}");
    let event = stream.next().await.unwrap();
    assert_eq!(event.data["organization_id"], world.elsewhere.to_string());
    assert_eq!(event.short(), format!("282c02424eee covered {until}"));
    let known = event.id.unwrap();
    drop(stream);
    // Meanwhile the serial number moves from one organization to the other, and a third one is made.
    let free = format!("/api/v1/operator/serial-numbers/{SERIAL}/release");
    assert_eq!(world.by(Operator).call("POST", &free, None).await.status, 200);
    let code = world.code(1, "P1Y").await;
    assert_eq!(stranger.post(&format!("{own}/activation-codes"), &json!({ "code": code })).await.status, 201);
    assert_eq!(stranger.post(&format!("{own}/sensors"), &json!({ "serial": SERIAL })).await.status, 201);
    world.user("third@harbor.example", Some("Third"), tenure_domain::Role::Administrator).await;
    let mut again = Stream::open(&world, "operator", ALL, Some(&known)).await;
    let mut told = again.until_caught_up().await;
    told.sort();
    assert_eq!(told, [format!("{SERIAL} covered {until}"), format!("{SERIAL} unknown -")]);
    let third = world.log_in("third@harbor.example").await;
    let session = third.get("/api/v1/sessions/current").await;
    let third_id = session.body["organizations"][0]["id"].as_str().unwrap().to_owned();
    let code = world.code(1, "P1Y").await;
    let third_own = format!("/api/v1/organizations/{third_id}");
    let redeemed = third.post(&format!("{third_own}/activation-codes"), &json!({ "code": code })).await;
    assert_eq!(redeemed.status, 201, "{redeemed}");
    let added = third.post(&format!("{third_own}/sensors"), &json!({ "serial": "282c02424eef" })).await;
    assert_eq!(added.status, 201, "{added}");
    assert_eq!(
        again.short().await,
        format!("282c02424eef covered {until}"),
        "of an organization made meanwhile"
    );
}

async fn r34_a_stream_ends_with_the_token(mut world: World) {
    world.stream_with_heartbeat(Duration::from_millis(20));
    let made = world.by(Administrator).call("POST", "…/tokens", None).await;
    let (id, token) = (made.body["id"].as_str().unwrap(), made.body["token"].as_str().unwrap());
    let request = Request::get(world.path(EVENTS)).header("Authorization", format!("Bearer {token}"));
    let mut stream = Stream::of(&world, request).await;
    stream.until_caught_up().await;
    assert_eq!(world.by(Administrator).delete(&format!("…/tokens/{id}")).await.status, 204);
    assert_eq!(stream.next().await, None);
}

async fn r34_a_stream_ends_with_the_log_in_and_does_not_keep_it_alive(mut world: World) {
    world.stream_with_heartbeat(Duration::from_millis(20));
    world.user("rosa@harbor.example", Some("Harbor"), tenure_domain::Role::Manager).await;
    for ends in ["by logging out", "by itself"] {
        let rosa = world.log_in("rosa@harbor.example").await;
        let request = Request::get(world.path(EVENTS)).header("Cookie", rosa.cookie());
        let mut stream = Stream::of(&world, request).await;
        stream.until_caught_up().await;
        if ends == "by itself" {
            world.at("2026-11-21T22:00:00Z");
        } else {
            assert_eq!(rosa.delete("/api/v1/sessions/current").await.status, 204);
        }
        assert_eq!(stream.next().await, None, "{ends}");
    }
}

async fn a_stream_ends_with_the_service(mut world: World) {
    world.stream_until_dropped();
    let mut stream = Stream::open(&world, "manager", EVENTS, None).await;
    stream.until_caught_up().await;
    world.stop();
    assert_eq!(stream.next().await, None);
}

async fn who_asks_now_and_then_is_not_kept(mut world: World) {
    world.stream_until_dropped();
    world.key(1, "P1Y").await;
    world.sensor(SERIAL).await;
    let mut stream =
        Stream::open(&world, "manager", &format!("{EVENTS}?snapshot=true&follow=false"), None).await;
    assert_eq!(stream.until_caught_up().await.len(), 1);
    assert_eq!(stream.next().await, None);
}

async fn an_id_of_something_else_is_refused(mut world: World) {
    world.stream_until_dropped();
    for path in [EVENTS, ALL] {
        let by = if path == ALL { "operator" } else { "manager" };
        let wrong = world.by_name(by).get_with(path, "Last-Event-ID", "yesterday!").await;
        assert_eq!(wrong.refusal(), (422, "invalid"), "{path}");
        assert_eq!(world.by_name(by).get(&format!("{path}?after=%21")).await.refusal(), (422, "invalid"));
        assert_eq!(
            world.by_name(by).get(&format!("{path}?since=1")).await.refusal(),
            (422, "query_malformed")
        );
    }
}

on_both_engines!(
    a_change_is_told_with_all_that_matters,
    r17_what_time_alone_changes_is_told,
    r17_a_snapshot_is_of_what_is_settled,
    who_was_away_hears_the_last_state_of_all_that_changed,
    a_stream_may_break_anywhere,
    a_slow_reader_misses_nothing,
    the_operator_follows_all_organizations,
    r34_a_stream_ends_with_the_token,
    r34_a_stream_ends_with_the_log_in_and_does_not_keep_it_alive,
    a_stream_ends_with_the_service,
    who_asks_now_and_then_is_not_kept,
    an_id_of_something_else_is_refused,
);
