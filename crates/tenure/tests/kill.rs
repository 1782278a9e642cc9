//! `kill -9` in the middle of a load of 100,000 messages loses none of the acknowledged ones.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::collections::HashSet;
use std::net::UdpSocket;
use std::time::Duration;

use serde_json::json;
use support::{Client, Database, Engine, Server};
use tenure_domain::measurement::{ChannelType, Reading, Sample};
use tenure_domain::{Instant, Serial};
use tenure_wire::coap::client::{Post, Reply};
use tenure_wire::coap::{Code, Token};

on_both_engines!(kill_9_loses_no_acknowledged_message);

const MESSAGES: u32 = 100_000;
const SENSORS: u32 = 20;
const IN_FLIGHT: usize = 1_000;
/// The server is killed when so many are acknowledged.
const KILLED_AT: usize = 40_000;

const FIRST: i64 = 1_900_000_000;

fn serial(turn: u32) -> Serial {
    Serial::from_number(0x4000_0000_0000 + u64::from(turn % SENSORS))
}

/// The instant of the one sample of a message: each message of a sensor has its own.
fn measured(turn: u32) -> Instant {
    Instant::from_seconds(FIRST + i64::from(turn / SENSORS))
}

fn datagram(turn: u32, out: &mut Vec<u8>) {
    let sample = Sample { at: measured(turn), reading: Reading::Value(i32::try_from(turn).unwrap()) };
    let body = support::frame(serial(turn), ChannelType::Resistance, vec![sample]);
    let id = u16::try_from(turn & 0xffff).unwrap();
    out.clear();
    let token = Token::new(&turn.to_be_bytes()).unwrap();
    Post { confirmable: true, id, token, path: "m", block: None, payload: &body }.encode(out);
}

/// Sends messages with a window in flight until so many are acknowledged; returns which.
fn send_until(server: &Server, enough: usize) -> HashSet<u32> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.coap.trim_start_matches("coap://")).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut acknowledged = HashSet::new();
    let mut in_flight: HashSet<u32> = HashSet::new();
    let (mut out, mut buffer) = (Vec::new(), [0; 2_048]);
    let mut turns = 0..MESSAGES;
    while acknowledged.len() < enough {
        while in_flight.len() < IN_FLIGHT {
            let Some(turn) = turns.next() else { break };
            datagram(turn, &mut out);
            socket.send(&out).unwrap();
            in_flight.insert(turn);
        }
        match socket.recv(&mut buffer) {
            Ok(length) => {
                let reply = Reply::parse(&buffer[..length]).unwrap();
                let turn = u32::from_be_bytes(reply.token.bytes().try_into().unwrap());
                assert_eq!(reply.code, Code::CREATED);
                if in_flight.remove(&turn) {
                    acknowledged.insert(turn);
                }
            }
            // Lost in a full socket: sent again.
            Err(_) => {
                for turn in &in_flight {
                    datagram(*turn, &mut out);
                    socket.send(&out).unwrap();
                }
            }
        }
    }
    acknowledged
}

/// A whole number that came as a decimal one.
fn whole(value: f64) -> u32 {
    format!("{value:.0}").parse().unwrap()
}

fn kill_9_loses_no_acknowledged_message(engine: Engine) {
    let database = Database::new(engine, "kill");
    let email = "maria@harbor.example";
    let user = ["user", "create", "--email", email, "--organization", "Harbor Foods", "--role", "manager"];
    let organization = support::json(&database, &user)["organization_id"].as_str().unwrap().to_owned();
    let token =
        support::json(&database, &["token", "create", "--email", email, "--organization", "Harbor Foods"]);
    let token = token["token"].as_str().unwrap();
    let clock = Some("2030-05-01T00:00:00Z");
    let server = Server::start(&database, clock);
    let client = Client::new(&server, &organization, token);
    let code = support::json(&database, &["code", "issue", "--licenses", "20", "--term", "P1Y"]);
    assert_eq!(client.post("/activation-codes", &json!({ "code": code["code"] })).0, 201);
    let sensors: Vec<String> = (0..SENSORS)
        .map(|turn| {
            let (status, sensor) = client.post("/sensors", &json!({ "serial": serial(turn) }));
            assert_eq!(status, 201, "{sensor}");
            sensor["id"].as_str().unwrap().to_owned()
        })
        .collect();

    let acknowledged = send_until(&server, KILLED_AT);
    server.kill_9();

    let server = Server::start(&database, clock);
    let client = Client::new(&server, &organization, token);
    let mut kept: HashSet<u32> = HashSet::new();
    for sensor in &sensors {
        let (from, to) = (Instant::from_seconds(FIRST), Instant::from_seconds(FIRST + i64::from(MESSAGES)));
        let (status, body) =
            client.get(&format!("/sensors/{sensor}/measurements?from={from}&to={to}&points=10000"));
        assert_eq!(status, 200, "{body}");
        let points = body["channels"][0]["points"].as_array().unwrap();
        kept.extend(points.iter().map(|point| point["value"].to_string().parse::<f64>().unwrap()).map(whole));
    }
    let lost = acknowledged.difference(&kept).count();
    assert_eq!(lost, 0, "of {} acknowledged messages", acknowledged.len());
}
