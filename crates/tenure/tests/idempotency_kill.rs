//! A client that repeats a request with an `Idempotency-Key` until it hears an answer, through `kill -9`, has it
//! carried out once.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use support::{Client, Database, Engine, Server};
use tenure_domain::Instant;

on_both_engines!(kill_9_carries_out_no_request_twice);

/// How often the server is killed.
const KILLS: u64 = 8;
/// How many requests the client has answered.
const REQUESTS: u32 = 95;

const START: &str = "2030-05-01T00:00:00Z";

/// One request after the other, each repeated until it is answered.
struct Story<'a> {
    client: &'a Client,
    /// The sensor that takes license after license.
    sensor: String,
    /// The request that is not answered yet.
    turn: u32,
    /// How many answers were lost.
    lost: u32,
}

impl Story<'_> {
    /// Goes on until the server is gone; false when `enough` requests are answered.
    fn go_on(&mut self, enough: u32) -> bool {
        while self.turn < enough {
            let key = format!("turn-{}", self.turn);
            let path = format!("/sensors/{}/licenses", self.sensor);
            match self.client.try_post(&path, &json!({}), &key) {
                None => return true,
                Some((201, _)) => self.turn += 1,
                Some((409, body)) if body["code"] == "idempotency_answer_lost" => {
                    self.lost += 1;
                    self.turn += 1;
                }
                // The clock stands: whoever repeats it moves it first.
                Some((409, body)) if body["code"] == "idempotency_in_progress" => return true,
                // It is going down.
                Some((500.., _)) => return true,
                Some(other) => panic!("{other:?}"),
            }
        }
        false
    }
}

/// How many licenses have left the pool.
fn taken(client: &Client) -> u64 {
    let (status, body) = client.get("/license-summary");
    assert_eq!(status, 200, "{body}");
    100 - body["licenses_left"].as_u64().unwrap()
}

fn kill_9_carries_out_no_request_twice(engine: Engine) {
    let database = Database::new(engine, "once");
    let email = "maria@harbor.example";
    let user = ["user", "create", "--email", email, "--organization", "Harbor Foods", "--role", "manager"];
    let organization = support::json(&database, &user)["organization_id"].as_str().unwrap().to_owned();
    let token =
        support::json(&database, &["token", "create", "--email", email, "--organization", "Harbor Foods"]);
    let token = token["token"].as_str().unwrap();
    let code = support::json(&database, &["code", "issue", "--licenses", "100", "--term", "P1M"]);
    let mut now: Instant = START.parse().unwrap();
    let mut server = Server::start(&database, Some(START));
    let mut client = Client::new(&server, &organization, token);
    // Redeeming and adding are repeated as well.
    let (mut sensor, mut turn, mut lost) = (None::<String>, 0, 0);
    for kill in 0..KILLS {
        let killed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let teller = &killed;
            let running = scope.spawn(|| {
                if sensor.is_none() {
                    client.try_post("/activation-codes", &json!({ "code": code["code"] }), "redeem");
                    let added = client.try_post("/sensors", &json!({ "serial": "282c02424eed" }), "add");
                    sensor = added.and_then(|(_, body)| body["id"].as_str().map(str::to_owned));
                }
                let Some(sensor) = sensor.clone() else { return };
                let mut story = Story { client: &client, sensor, turn, lost };
                while story.go_on(REQUESTS) && !teller.load(Ordering::Acquire) {}
                (turn, lost) = (story.turn, story.lost);
            });
            // At another place in its work each time.
            std::thread::park_timeout(Duration::from_millis(150 + 61 * kill));
            server.kill();
            killed.store(true, Ordering::Release);
            running.join().unwrap();
        });
        now = now.plus_seconds(31);
        server = Server::start(&database, Some(&now.to_string()));
        client = Client::new(&server, &organization, token);
    }
    if sensor.is_none() {
        let (_, list) = client.get("/sensors");
        sensor = list["items"][0]["id"].as_str().map(str::to_owned);
    }
    let sensor = sensor.unwrap();
    let mut story = Story { client: &client, sensor, turn, lost };
    assert!(!story.go_on(REQUESTS), "the last server lives");
    // The one with which it was added, and one for each request.
    let lost = story.lost;
    assert_eq!(taken(&client), u64::from(REQUESTS) + 1, "{lost} answers were lost");
}
