//! Webhooks: `kill -9` in the middle of a delivery loses no event.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Database, Engine, Server, needed, tenure};

/// A receiver that answers by the path.
struct Hooks {
    child: Child,
    said: Receiver<String>,
    port: u64,
}

impl Hooks {
    fn start() -> Self {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/webhook_receiver.py");
        let mut child = Command::new(needed("TENURE_TEST_PYTHON"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python");
        let said = support::lines_of(child.stdout.take().expect("standard output"));
        let mut hooks = Self { child, said, port: 0 };
        hooks.port = hooks.next()["port"].as_u64().expect("a port");
        hooks
    }

    fn next(&self) -> Value {
        let line = self.said.recv_timeout(Duration::from_secs(60)).expect("somebody calls");
        serde_json::from_str(&line).expect("JSON")
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(database: &Database, clock: &str) -> Server {
    let mut command = tenure(database);
    command.args(["serve", "--trial-clock", clock]).env("TENURE_WEBHOOK_TARGETS", "any");
    Server::spawn(command)
}

fn kill_9_loses_no_event(engine: Engine) {
    let database = Database::new(engine, "hooks");
    let hooks = Hooks::start();
    let ana = "ana@harbor.example";
    let words = ["user", "create", "--email", ana, "--organization", "Harbor", "--role", "administrator"];
    let made = support::json(&database, &words);
    let organization = made["organization_id"].as_str().expect("an organization").to_owned();
    let words = ["token", "create", "--email", ana, "--organization", "Harbor"];
    let token = support::json(&database, &words)["token"].as_str().expect("a token").to_owned();
    let code = support::json(&database, &["code", "issue", "--licenses", "1", "--term", "P1D"]);

    let mut server = serve(&database, "2030-03-01T11:00:00Z");
    let client = Client::new(&server, &organization, &token);
    assert_eq!(client.post("/activation-codes", &json!({ "code": code["code"] })).0, 201);
    assert_eq!(client.post("/sensors", &json!({ "serial": "282c02424eed" })).0, 201);
    let new = json!({ "url": hooks.url("slow"), "events": ["license.expired"] });
    let (status, webhook) = client.post("/webhooks", &new);
    assert_eq!(status, 201, "{webhook}");

    // The scheduler finds that the cover has ended, and tells it; the receiver takes its time.
    server.move_clock("2030-03-04T11:00:00Z");
    let first = hooks.next();
    assert_eq!(first["path"], "/slow");
    server.kill_9();

    let mut server = serve(&database, "2030-03-04T11:00:00Z");
    let client = Client::new(&server, &organization, &token);
    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
    assert_eq!(client.patch(&path, &json!({ "url": hooks.url("200") })).0, 200);
    server.move_clock("2030-03-04T11:02:01Z");
    let second = hooks.next();
    assert_eq!(second["path"], "/200");
    assert_eq!(second["headers"]["webhook-id"], first["headers"]["webhook-id"]);
    assert_eq!(second["body"], first["body"]);
    let body: Value = serde_json::from_str(second["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(body["type"], "license.expired");
    assert_eq!(body["data"]["sensors"][0]["serial"], "282c02424eed");
    let deliveries = client.get(&format!("{path}/deliveries")).1;
    assert_eq!(deliveries["items"].as_array().map(Vec::len), Some(1), "{deliveries}");
}

on_both_engines!(kill_9_loses_no_event);
