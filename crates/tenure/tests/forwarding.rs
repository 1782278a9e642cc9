//! Accepted messages are handed on, also by a service that is killed in the middle of it.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Database, Engine, Server, needed, tenure};
use tenure_domain::measurement::{ChannelType, Reading, Sample};
use tenure_domain::{Instant, Serial};

on_both_engines!(kill_9_loses_no_message_that_is_handed_on, messages_reach_a_broker_by_tls);

const SERIAL: Serial = Serial::from_number(0x282c_0242_4eed);
const CLOCK: &str = "2030-05-01T00:00:00Z";
/// When what the killed service was doing is taken over.
const LATER: &str = "2030-05-01T00:00:30Z";
const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAI=";

/// A process whose lines are read, ended with the test.
struct Peer {
    child: Child,
    lines: Receiver<String>,
}

impl Peer {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a peer");
        let lines = support::lines_of(child.stdout.take().expect("standard output"));
        Self { child, lines }
    }

    /// The next line that holds this text.
    fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).expect("the peer says something");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The ids of the messages in the next post.
    fn posted(&self) -> (String, Vec<String>) {
        let request: Value = serde_json::from_str(&self.wait_for("{")).expect("JSON");
        let body: Value = serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON");
        let messages = body["data"]["messages"].as_array().expect("messages").iter();
        let ids = messages.map(|message| message["id"].as_str().expect("an id").to_owned()).collect();
        (request["path"].as_str().expect("a path").to_owned(), ids)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes an organization with a covered sensor; returns the organization and its Administrator's token.
fn organization(database: &Database) -> (String, String) {
    let ana = "ana@harbor.example";
    let words = ["user", "create", "--email", ana, "--organization", "Harbor", "--role", "administrator"];
    let made = support::json(database, &words);
    let organization = made["organization_id"].as_str().expect("an organization").to_owned();
    let words = ["token", "create", "--email", ana, "--organization", "Harbor"];
    let token = support::json(database, &words)["token"].as_str().expect("a token").to_owned();
    (organization, token)
}

fn cover(database: &Database, client: &Client) {
    let code = support::json(database, &["code", "issue", "--licenses", "1", "--term", "P1Y"]);
    assert_eq!(client.post("/activation-codes", &json!({ "code": code["code"] })).0, 201);
    assert_eq!(client.post("/sensors", &json!({ "serial": SERIAL })).0, 201);
}

/// Sends a message with one value by libcoap's client.
fn send(server: &Server, minute: i64) {
    let at = CLOCK.parse::<Instant>().expect("an instant").plus_seconds(minute * 60);
    let sample = Sample { at, reading: Reading::Value(215) };
    let code = server.libcoap("m", &support::frame(SERIAL, ChannelType::Temperature, vec![sample]));
    assert_eq!(code, "2.01");
}

fn kill_9_loses_no_message_that_is_handed_on(engine: Engine) {
    let database = Database::new(engine, "forward");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/webhook_receiver.py");
    let mut receiver = Command::new(needed("TENURE_TEST_PYTHON"));
    receiver.arg(script);
    let receiver = Peer::start(receiver);
    let first: Value = serde_json::from_str(&receiver.wait_for("port")).expect("JSON");
    let serve = |path: &str, clock: &str| {
        let mut command = tenure(&database);
        let url = format!("http://127.0.0.1:{}/{path}", first["port"]);
        command.args(["serve", "--trial-clock", clock]).env("TENURE_FORWARD_URL", url);
        Server::spawn({
            command.env("TENURE_FORWARD_SECRET", SECRET);
            command
        })
    };
    let (organization, token) = organization(&database);
    let server = serve("slow", CLOCK);
    cover(&database, &Client::new(&server, &organization, &token));
    // The receiver takes its time with the first, and more arrive meanwhile.
    send(&server, 0);
    let (path, begun) = receiver.posted();
    assert_eq!((path.as_str(), begun.len()), ("/slow", 1));
    send(&server, 1);
    send(&server, 2);
    server.kill_9();

    let server = serve("200", LATER);
    let mut taken: Vec<String> = Vec::new();
    while taken.len() < 3 {
        let (path, ids) = receiver.posted();
        assert_eq!(path, "/200");
        taken.extend(ids);
    }
    assert_eq!(taken.first(), begun.first(), "the one that was on its way is sent again, and first");
    send(&server, 3);
    let (_, ids) = receiver.posted();
    assert_eq!(ids.len(), 1, "and what has arrived since goes alone: nothing is sent a third time");
    assert!(!taken.contains(&ids[0]));
    server.terminate();
}

fn messages_reach_a_broker_by_tls(engine: Engine) {
    let database = Database::new(engine, "broker");
    let folder = database.folder().to_owned();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/certificate.py");
    let made = Command::new(needed("TENURE_TEST_PYTHON")).arg(script).arg(&folder).status().expect("Python");
    assert!(made.success());
    let passwords = folder.join("passwords");
    let words = ["-b", "-c", passwords.to_str().expect("a path"), "tenure", "p@ss"];
    assert!(Command::new("mosquitto_passwd").args(words).status().expect("mosquitto_passwd").success());
    // Somebody else may take the free port before the broker does: then another is tried.
    let (broker, port) = (0..5)
        .find_map(|_| {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = free.local_addr().expect("an address").port();
            drop(free);
            let file = folder.join("mosquitto.conf");
            let (pem, passwords) = (folder.join("server.pem"), passwords.display());
            let pem = pem.display();
            let configuration = format!(
                "listener {port} 127.0.0.1\nuser root\ncertfile {pem}\nkeyfile {pem}\n\
                 allow_anonymous false\npassword_file {passwords}\n"
            );
            std::fs::write(&file, configuration).expect("a file");
            // What it logs goes to standard error, line by line.
            let mut command = Command::new("sh");
            command.args(["-c", "exec \"$0\" -v -c \"$1\" 2>&1", &needed("TENURE_TEST_MOSQUITTO")]).arg(file);
            let broker = Peer::start(command);
            let says = |line: &String| line.contains(" running") || line.contains("Error");
            let patience = Duration::from_secs(60);
            let said = std::iter::from_fn(|| broker.lines.recv_timeout(patience).ok()).find(says);
            said.is_some_and(|line| line.contains(" running")).then_some((broker, port))
        })
        .expect("a broker");
    // Lines come when they are written, and not by the block.
    let mut subscriber = Command::new("stdbuf");
    subscriber.args(["-oL", "mosquitto_sub", "-h", "localhost", "-p", &port.to_string(), "-V", "mqttv5"]);
    subscriber.args(["-u", "tenure", "-P", "p@ss", "-q", "1", "-t", "plant/#", "-F", "%t %p", "--cafile"]);
    subscriber.arg(folder.join("ca.pem"));
    let subscriber = Peer::start(subscriber);
    broker.wait_for("Sending SUBACK");

    let mut command = tenure(&database);
    command
        .args(["serve", "--trial-clock", CLOCK])
        .env("TENURE_FORWARD_URL", format!("mqtts://tenure:p%40ss@localhost:{port}/plant/accepted"))
        .env("SSL_CERT_FILE", folder.join("ca.pem"));
    let server = Server::spawn(command);
    let (organization, token) = organization(&database);
    cover(&database, &Client::new(&server, &organization, &token));
    for minute in 0..3 {
        send(&server, minute);
        let line = subscriber.wait_for("plant/");
        let (topic, body) = line.split_once(' ').expect("a topic and a body");
        assert_eq!(topic, format!("plant/accepted/{organization}/{SERIAL}"));
        let message: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(message["channels"][0]["points"][0]["at"], format!("2030-05-01T00:0{minute}:00Z"));
    }
    server.terminate();
    broker.wait_for("disconnected");
}
