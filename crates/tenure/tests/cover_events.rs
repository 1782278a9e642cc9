//! The change stream of the built binary, heard by a real HTTP client: `kill -9` loses no change, and stopping waits
//! for no listener.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Database, Engine, Server};

/// What a listener hears, line by line, until its stream ends.
struct Listener {
    lines: Receiver<String>,
    last_id: String,
}

impl Listener {
    fn connect(server: &Server, organization: &str, token: &str, last_id: Option<&str>) -> Self {
        let url = format!("{}/api/v1/organizations/{organization}/events?snapshot=true", server.http);
        let mut request = ureq::get(url).header("Authorization", format!("Bearer {token}"));
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.call().expect("an answer");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let reader = BufReader::new(response.into_body().into_reader());
            for line in reader.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { lines, last_id: String::new() }
    }

    /// The next event in short; nothing at the end of the stream.
    fn next(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let line = match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => line,
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("nothing is told"),
            };
            let (field, value) = line.split_once(':').unwrap_or_default();
            let value = value.trim_start();
            match field {
                "event" => value.clone_into(&mut name),
                "id" => value.clone_into(&mut self.last_id),
                "data" => {
                    let data: Value = serde_json::from_str(value).expect("JSON");
                    let text = |key: &str| data[key].as_str().unwrap_or("-").to_owned();
                    // The id may stand behind the data.
                    let told = match name.as_str() {
                        "cover" => {
                            format!("{} {} {}", text("serial"), text("standing"), text("covered_until"))
                        }
                        _ => name.clone(),
                    };
                    while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(60)) {
                        if let Some(id) = line.strip_prefix("id:") {
                            id.trim_start().clone_into(&mut self.last_id);
                        }
                        if line.is_empty() {
                            break;
                        }
                    }
                    return Some(told);
                }
                _ => {}
            }
        }
    }

    fn hears(&mut self, expected: &str) {
        assert_eq!(self.next().as_deref(), Some(expected));
    }
}

fn kill_9_loses_no_change(engine: Engine) {
    let database = Database::new(engine, "events");
    let ana = "ana@harbor.example";
    let words = ["user", "create", "--email", ana, "--organization", "Harbor", "--role", "administrator"];
    let made = support::json(&database, &words);
    let organization = made["organization_id"].as_str().expect("an organization").to_owned();
    let words = ["token", "create", "--email", ana, "--organization", "Harbor"];
    let token = support::json(&database, &words)["token"].as_str().expect("a token").to_owned();
    let code = |licenses: &str, term: &str| -> Value {
        let code = support::json(&database, &["code", "issue", "--licenses", licenses, "--term", term]);
        json!({ "code": code["code"] })
    };

    let mut server = Server::start(&database, Some("2030-03-01T11:00:00Z"));
    let client = Client::new(&server, &organization, &token);
    assert_eq!(client.post("/activation-codes", &code("2", "P1D")).0, 201);
    assert_eq!(client.post("/sensors", &json!({ "serial": "282c02424ee1" })).0, 201);
    let mut listener = Listener::connect(&server, &organization, &token, None);
    listener.hears("282c02424ee1 covered 2030-03-03T00:00:00Z");
    listener.hears("caught_up");
    // Another process, and then nobody but the clock.
    let words = ["sensor", "add", "282c02424ee2", "--organization", "Harbor"];
    let added = support::tenure(&database).args(words).output().expect("the binary");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    // The command's clock is today's; only that it is told counts.
    let told = listener.next().expect("it goes on");
    assert!(told.starts_with("282c02424ee2 "), "{told}");
    server.move_clock("2035-03-03T00:00:00Z");
    let mut expired = [listener.next(), listener.next()].map(Option::unwrap_or_default);
    expired.sort();
    assert_eq!(expired[0], "282c02424ee1 expired 2030-03-03T00:00:00Z");
    assert!(expired[1].starts_with("282c02424ee2 expired "), "{}", expired[1]);
    let known = listener.last_id.clone();
    server.kill_9();
    assert_eq!(listener.next(), None, "the stream has broken");

    // What happens while nobody listens, and is killed right after it was answered.
    let server = Server::start(&database, Some("2035-03-03T00:00:00Z"));
    let client = Client::new(&server, &organization, &token);
    assert_eq!(client.post("/activation-codes", &code("1", "P1Y")).0, 201);
    let (_, sensors) = client.get("/sensors?search=282c02424ee1");
    let id = sensors["items"][0]["id"].as_str().expect("a sensor");
    assert_eq!(
        client.post(&format!("/sensors/{id}/replacement"), &json!({ "serial": "282c02424ef1" })).0,
        200
    );
    server.kill_9();

    let server = Server::start(&database, Some("2035-03-03T00:00:00Z"));
    let mut listener = Listener::connect(&server, &organization, &token, Some(&known));
    let mut told = Vec::new();
    while let Some(event) = listener.next().filter(|event| event != "caught_up") {
        told.push(event);
    }
    told.sort();
    assert_eq!(told, ["282c02424ee1 unknown -", "282c02424ef1 covered 2036-03-04T00:00:00Z"]);
    server.terminate();
    assert_eq!(listener.next(), None, "the service has stopped");
}

on_both_engines!(kill_9_loses_no_change);
