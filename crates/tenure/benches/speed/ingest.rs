//! Messages a second over CoAP, judged and durable, against an echo over loopback and a broker that stores nothing.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Stopwatch};

use tenure_app::{Clock, SystemClock};
use tenure_store::Db;

use crate::load::Load;
use crate::world::World;

const SENSORS: u32 = 10_000;
const EXPIRED: u32 = 100;
const MESSAGES: u32 = 1_000_000;
/// Messages that are handed on to a broker.
const FORWARDED: u32 = 100_000;
/// Messages that wait for their answer: sensors that send at the same moment.
const IN_FLIGHT: usize = 1_000;
const FIRST_SERIAL: u64 = 0x3000_0000_0000;
const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// A server that is stopped when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a server"))
    }

    /// Seconds of CPU that it has used.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }
}

fn pinned(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core, program]);
    command
}

fn free_address() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Runs a load on its core, and returns the messages a second and what else it printed.
fn generate(kind: &str, load: &Load) -> (f64, String) {
    let this = std::env::current_exe().unwrap();
    let output = pinned(LOAD_CORE, this.to_str().unwrap()).arg(kind).args(load.words()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{kind}: {text}{error}");
    let (rate, rest) = text.split_once(' ').unwrap_or((&text, ""));
    (rate.parse().unwrap(), rest.to_owned())
}

pub fn run() {
    println!(
        "ingest: {MESSAGES} messages of 2 channels × 10 samples, {SENSORS} sensors, server and load on a core each"
    );
    let this = std::env::current_exe().unwrap();
    let this = this.to_str().unwrap();
    let load = |server, messages| Load {
        server,
        messages,
        sensors: SENSORS,
        first_serial: FIRST_SERIAL,
        in_flight: IN_FLIGHT,
    };

    let address = free_address();
    let server = Server::start(pinned(SERVER_CORE, this).args(["echo", &address.port().to_string()]));
    // A datagram that comes before its server is lost, and sent again.
    let (echo, _) = generate("coap-load", &load(address, MESSAGES));
    let echo_cpu = server.cpu() / f64::from(MESSAGES) * 1e6;
    drop(server);
    println!("  echo over loopback      {echo:9.0} /s  {echo_cpu:5.2} µs of CPU each");

    let (ours, cpu, told) = tenure(&load, MESSAGES, None);
    println!(
        "  tenure, SQLite (FULL)   {ours:9.0} /s  {cpu:5.2} µs of CPU each   resent and answers: {told}"
    );
    println!("    of the echo           {:9.2}      (aim: 0.5)", ours / echo);
    println!("    of 100,000 /s         {:9.2}      (aim: 1)", ours / 100_000.0);

    match mosquitto(&load) {
        Some((broker, cpu)) => {
            println!(
                "  mosquitto, QoS 1        {broker:9.0} /s  {cpu:5.2} µs of CPU each   (stores nothing)"
            );
            println!("    ours is               {:9.2}      of it (aim: above 1)", ours / broker);
        }
        None => println!("  mosquitto is not installed: run `make bench`, which installs it"),
    }
    let folder = tempfile::tempdir().unwrap();
    if let Some((broker, address)) = start_mosquitto(&folder, LOAD_CORE) {
        let (forwarding, cpu, drained) = tenure(&load, FORWARDED, Some(address));
        drop(broker);
        println!("  tenure, forwarding      {forwarding:9.0} /s  {cpu:5.2} µs of CPU each");
        println!("    without forwarding is {:9.2}      of it", ours / forwarding);
        println!("    handed on by MQTT     {drained} (accepted at the same time, then what was left)");
    }
}

/// Loads a server that perhaps hands on to a broker; returns the messages a second, its CPU for each, and what else
/// there is to say.
fn tenure(
    load: &dyn Fn(SocketAddr, u32) -> Load,
    messages: u32,
    forward_to: Option<SocketAddr>,
) -> (f64, f64, String) {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("bench.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::open(&database).await.unwrap();
        db.migrate().await.unwrap();
        let now = SystemClock.now();
        let covered = World {
            sensors: SENSORS - EXPIRED,
            pool: 0,
            term: "P1Y",
            started: now,
            first_serial: FIRST_SERIAL + u64::from(EXPIRED),
            name: "Covered",
        };
        covered.make(&db).await;
        let expired = World {
            sensors: EXPIRED,
            started: now.plus_seconds(-86_400 * 100),
            term: "P30D",
            first_serial: FIRST_SERIAL,
            name: "Expired",
            ..covered
        };
        expired.make(&db).await;
        db.close().await;
    });
    let coap = free_address();
    let mut command = pinned(SERVER_CORE, env!("CARGO_BIN_EXE_tenure"));
    command
        .arg("serve")
        .env_clear()
        .env("TENURE_DATABASE_URL", &database)
        .env("TENURE_SECRET_FILE", folder.path().join("secret"))
        .env("TENURE_HTTP_ADDRESS", "127.0.0.1:0")
        .env("TENURE_COAP_ADDRESS", coap.to_string());
    if let Some(broker) = forward_to {
        command.env("TENURE_FORWARD_URL", format!("mqtt://{broker}"));
    }
    let server = Server::start(&mut command);
    // The first load waits for the server, and settles the organization whose sensors have expired.
    generate("coap-load", &load(coap, 20_000));
    let (before, started) = (server.cpu(), Stopwatch::now());
    let later = Load { first_serial: FIRST_SERIAL, ..load(coap, messages) };
    let (rate, mut told) = generate("coap-load", &later);
    if forward_to.is_some() {
        runtime.block_on(drained(&database));
        told = format!("{:9.0} /s", f64::from(messages) / started.elapsed().as_secs_f64());
    }
    let cpu = (server.cpu() - before) / f64::from(messages) * 1e6;
    (rate, cpu, told)
}

/// Waits until all is handed on.
async fn drained(database: &str) {
    let db = Db::open(database).await.unwrap();
    loop {
        let mut tx = db.read().await.unwrap();
        let waiting = tenure_store::forwards::standing(&mut tx).await.unwrap().waiting;
        tx.roll_back().await.unwrap();
        if waiting == 0 {
            return db.close().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn mosquitto(load: &dyn Fn(SocketAddr, u32) -> Load) -> Option<(f64, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = start_mosquitto(&folder, SERVER_CORE)?;
    let before = server.cpu();
    let (rate, _) = generate("mqtt-load", &load(address, MESSAGES));
    Some((rate, (server.cpu() - before) / f64::from(MESSAGES) * 1e6))
}

/// Starts a broker that stores nothing, if it is installed.
fn start_mosquitto(folder: &tempfile::TempDir, core: &str) -> Option<(Server, SocketAddr)> {
    let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"]
        .into_iter()
        .find(|path| std::fs::exists(path).is_ok_and(|there| there))?;
    let address = free_address();
    let file = folder.path().join("mosquitto.conf");
    let settings = format!(
        "listener {} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\nlog_type none\n",
        address.port()
    );
    std::fs::write(&file, settings).unwrap();
    let server = Server::start(pinned(core, program).arg("-c").arg(&file));
    let patience = Stopwatch::now();
    while TcpStream::connect(address).is_err() {
        assert!(patience.elapsed() < Duration::from_secs(10), "mosquitto does not listen");
    }
    Some((server, address))
}
