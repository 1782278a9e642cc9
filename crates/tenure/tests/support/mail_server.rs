//! A real mail server that does as it is told: `tests/tools/smtp_server.py`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::{Server, needed};

fn tool(name: &str) -> Command {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools").join(name);
    let mut command = Command::new(needed("TENURE_TEST_PYTHON"));
    command.arg(script);
    command
}

/// Makes `ca.pem` and `server.pem` in a folder.
pub fn make_certificate(folder: &Path) {
    let made = tool("certificate.py").arg(folder).status().expect("Python");
    assert!(made.success(), "trustme makes a certificate");
}

/// A running mail server.
pub struct MailServer {
    child: Child,
    said: Receiver<Value>,
    pub port: u64,
}

impl MailServer {
    /// Starts it with the options of the script.
    pub fn start(options: &[&str]) -> Self {
        let mut child = tool("smtp_server.py").args(options).stdout(Stdio::piped()).spawn().expect("Python");
        let output = BufReader::new(child.stdout.take().expect("standard output"));
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let said = serde_json::from_str(&line).expect("JSON");
                if sender.send(said).is_err() {
                    break;
                }
            }
        });
        let mut server = Self { child, said, port: 0 };
        server.port = server.next().as_u64().expect("a port");
        server
    }

    /// The next thing that it says.
    pub fn next(&self) -> Value {
        self.said.recv_timeout(Duration::from_secs(60)).expect("the mail server says something")
    }

    /// The next thing that it says, if it says something in time.
    pub fn next_within(&self, limit: Duration) -> Option<Value> {
        self.said.recv_timeout(limit).ok()
    }

    /// The next thing that it says, while the clock goes on minute by minute from 11:01.
    pub fn next_while_time_passes(&self, server: &mut Server) -> Value {
        for minute in 1..60 {
            server.move_clock(&format!("2026-03-01T11:{minute:02}:00Z"));
            if let Ok(said) = self.said.recv_timeout(Duration::from_secs(3)) {
                return said;
            }
        }
        panic!("the mail does not come again");
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
