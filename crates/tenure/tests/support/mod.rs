//! The built binary, driven as its users drive it: commands, HTTP, and real CoAP clients.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test may panic, and has no other configuration"
)]

pub mod mail_server;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tenure_domain::Serial;
use tenure_domain::measurement::{Battery, Channel, ChannelType, Period, Sample, TransferReason, Uplink};

/// How long a started process may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the tests need from their surroundings; `make test` sets it.
pub fn needed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `make test`"))
}

/// One engine's database for one test, removed at the end.
pub struct Database {
    pub address: String,
    admin: Option<(String, String)>,
    folder: tempfile::TempDir,
}

/// The engine that a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

fn psql(admin: &str, sql: &str) {
    let output = Command::new("psql").args([admin, "-qc", sql]).output().expect("psql");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Database {
    pub fn new(engine: Engine, name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        match engine {
            Engine::Sqlite => {
                let address = format!("sqlite:{}", folder.path().join("tenure.db").display());
                Self { address, admin: None, folder }
            }
            Engine::Postgres => {
                let admin = needed("TENURE_TEST_POSTGRES");
                let name = format!("{name}_{}", std::process::id());
                psql(&admin, &format!("CREATE DATABASE {name}"));
                let (server, _) = admin.rsplit_once('/').expect("a database's address");
                Self { address: format!("{server}/{name}"), admin: Some((admin, name)), folder }
            }
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((admin, name)) = &self.admin {
            let _ = Command::new("psql")
                .args([admin, "-qc", &format!("DROP DATABASE {name} WITH (FORCE)")])
                .output();
        }
    }
}

/// The binary with the configuration of one test.
pub fn tenure(database: &Database) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    command
        .env_clear()
        .env("TENURE_DATABASE_URL", &database.address)
        .env("TENURE_SECRET_FILE", database.folder().join("secret"))
        .env("TENURE_HTTP_ADDRESS", "127.0.0.1:0")
        .env("TENURE_COAP_ADDRESS", "127.0.0.1:0")
        // A test sends in a second what people send in an hour.
        .env("TENURE_RATE_LIMIT", "0")
        .current_dir(database.folder());
    command
}

/// Runs a command with `--json`, and returns its one object.
pub fn json(database: &Database, words: &[&str]) -> Value {
    let output = tenure(database).args(words).arg("--json").output().expect("the binary");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?} prints one JSON object"))
}

/// The lines that a process writes, read as they come.
pub fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// A running `tenure serve`, or `tenure demo`.
pub struct Server {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    pub http: String,
    pub coap: String,
}

impl Server {
    /// Starts the service. With an instant, its clock stands there until it is moved.
    pub fn start(database: &Database, clock: Option<&str>) -> Self {
        let mut command = tenure(database);
        command.arg("serve");
        if let Some(clock) = clock {
            command.args(["--trial-clock", clock]);
        }
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary");
        let input = child.stdin.take().expect("standard input");
        let lines = lines_of(child.stdout.take().expect("standard output"));
        let mut server = Self { child, input, lines, http: String::new(), coap: String::new() };
        let line = server.wait_for("listens on");
        let mut addresses = line.split_whitespace().filter(|word| word.contains("://"));
        server.http = addresses.next().expect("an HTTP address").to_owned();
        server.coap = addresses.next().expect("a CoAP address").to_owned();
        server
    }

    /// Waits for a line on standard output that holds this text.
    pub fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("the server does not say {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Moves the clock.
    pub fn move_clock(&mut self, instant: &str) {
        writeln!(self.input, "{instant}").expect("the server reads");
        self.wait_for(&format!("The clock stands at {instant}"));
    }

    /// The worst that can happen.
    pub fn kill_9(mut self) {
        self.kill();
    }

    /// The same while others still use it.
    pub fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("the end");
    }

    /// Asks it to stop, and waits until it has.
    pub fn terminate(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        assert!(asked.success());
        assert!(self.child.wait().expect("the end").success());
    }

    /// Posts a body with libcoap's client, and returns the code of the answer.
    pub fn libcoap(&self, path: &str, body: &[u8]) -> String {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(body).expect("the body");
        let output = Command::new(needed("TENURE_TEST_COAP_CLIENT"))
            .args(["-v", "7", "-B", "20", "-m", "post", "-f"])
            .arg(file.path())
            .arg(format!("{}/{path}", self.coap))
            .output()
            .expect("libcoap's coap-client");
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let mut codes =
            text.lines().filter(|line| line.contains("t:ACK")).filter_map(|line| line.split("c:").nth(1));
        let code = codes.next_back().and_then(|rest| rest.split_whitespace().next());
        code.unwrap_or_else(|| panic!("no answer in {text}")).to_owned()
    }

    /// Posts a body with aiocoap, and returns the code of the answer.
    pub fn aiocoap(&self, path: &str, body: &[u8]) -> String {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/coap_post.py");
        let output = Command::new(needed("TENURE_TEST_PYTHON"))
            .arg(script)
            .arg(format!("{}/{path}", self.coap))
            .arg(data_encoding::HEXLOWER.encode(body))
            .output()
            .expect("aiocoap");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        text.split_whitespace().next().expect("a code").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A person or script with a token, at one organization's API.
pub struct Client {
    base: String,
    token: String,
    agent: ureq::Agent,
}

impl Client {
    pub fn new(server: &Server, organization: &str, token: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let base = format!("{}/api/v1/organizations/{organization}", server.http);
        Self { base, token: token.to_owned(), agent }
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let request = self.agent.get(format!("{}{path}", self.base));
        read(request.header("Authorization", format!("Bearer {}", self.token)).call())
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.agent.post(format!("{}{path}", self.base));
        read(request.header("Authorization", format!("Bearer {}", self.token)).send_json(body))
    }

    /// Posts with an `Idempotency-Key`; none when no answer comes.
    pub fn try_post(&self, path: &str, body: &Value, key: &str) -> Option<(u16, Value)> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("Idempotency-Key", key);
        let mut response =
            request.header("Authorization", format!("Bearer {}", self.token)).send_json(body).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), serde_json::from_str(&text).ok()?))
    }

    pub fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.agent.patch(format!("{}{path}", self.base));
        read(request.header("Authorization", format!("Bearer {}", self.token)).send_json(body))
    }
}

fn read(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, Value) {
    let mut response = response.expect("an answer");
    let text = response.body_mut().read_to_string().expect("a body");
    (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The body of a message with one channel, of a sensor in good health that measures once a minute.
pub fn frame(serial: Serial, kind: ChannelType, samples: Vec<Sample>) -> Vec<u8> {
    let uplink = Uplink {
        serial,
        device_token: None,
        battery: Battery { low: false, centivolts: None, source: None },
        signal_dbm: None,
        next_transmission_at: None,
        period: Period { base_seconds: 60, factor: 1 },
        configuration_hash: None,
        extended_configuration_hash: None,
        transfer_reason: TransferReason(0),
        channels: vec![Channel { position: 1, kind, samples }],
    };
    tenure_wire::measurements::encode(&uplink).expect("a message")
}

/// Makes the test once for each engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $(#[test] fn $name() { super::$name($crate::support::Engine::Sqlite); })* }
        mod postgres { $(#[test] fn $name() { super::$name($crate::support::Engine::Postgres); })* }
    };
}
