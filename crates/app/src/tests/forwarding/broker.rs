//! A real MQTT broker, mosquitto, and somebody who listens to it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// How long a started process may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

/// A broker of one test.
pub(super) struct Broker {
    child: Child,
    said: Receiver<String>,
    port: u16,
    _folder: tempfile::TempDir,
}

/// What is published to a broker.
pub(super) struct Heard {
    child: Child,
    lines: Receiver<String>,
}

#[expect(clippy::disallowed_methods, reason = "tests have no other configuration")]
fn mosquitto() -> String {
    std::env::var("TENURE_TEST_MOSQUITTO").expect("`make test` says where mosquitto is")
}

fn lines_of(output: impl std::io::Read + Send + 'static) -> Receiver<String> {
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

/// The first line that holds this text; nothing when the process ends before.
fn wait_for(lines: &Receiver<String>, text: &str) -> Option<String> {
    loop {
        let line = tokio::task::block_in_place(|| lines.recv_timeout(PATIENCE)).ok()?;
        if line.contains(text) {
            return Some(line);
        }
    }
}

impl Broker {
    /// Starts a broker that lets everybody in, unless its configuration says something else. `FOLDER` stands for one
    /// with a list of rights that gives none (`acl`) and a list of users without any (`passwords`).
    pub(super) fn start(more: &str) -> Self {
        // Somebody else may take the free port before the broker does: then another is tried.
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        (0..5).find_map(|_| Self::try_at(free(), more)).expect("a broker")
    }

    pub(super) fn start_at(port: u16, more: &str) -> Self {
        Self::try_at(port, more).expect("the broker's own port")
    }

    fn try_at(port: u16, more: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        std::fs::write(folder.path().join("acl"), "topic read #\n").unwrap();
        std::fs::write(folder.path().join("passwords"), "").unwrap();
        let allow = if more.contains("allow_anonymous") { "" } else { "allow_anonymous true\n" };
        let more = more.replace("FOLDER", &path);
        let file = folder.path().join("mosquitto.conf");
        std::fs::write(
            &file,
            format!("listener {port} 127.0.0.1\nuser root\nset_tcp_nodelay true\n{allow}{more}"),
        )
        .unwrap();
        let mut child = Command::new(mosquitto())
            .arg("-v")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = lines_of(child.stderr.take().unwrap());
        if wait_for(&said, " running").is_none() {
            let _ = child.wait();
            return None;
        }
        Some(Self { child, said, port, _folder: folder })
    }

    pub(super) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Listens to everything from here on.
    pub(super) fn subscribe(&self) -> Heard {
        let port = self.port.to_string();
        // Lines come when they are written, and not by the block.
        let mut child = Command::new("stdbuf")
            .args(["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", &port, "-V", "mqttv5"])
            .args(["-q", "1", "-t", "#", "-F", "%t %p"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto_sub");
        let lines = lines_of(child.stdout.take().unwrap());
        wait_for(&self.said, "Sending SUBACK").expect("a subscription");
        Heard { child, lines }
    }

    /// Ends it; returns its port.
    pub(super) fn stop(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    /// The topic and the body of the next message.
    pub(super) fn next(&self) -> (String, Value) {
        let line = wait_for(&self.lines, "tenure/").expect("a message");
        let (topic, body) = line.split_once(' ').unwrap();
        (topic.to_owned(), serde_json::from_str(body).unwrap())
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
