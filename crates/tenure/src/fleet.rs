//! Simulated sensors that really send CoAP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tenure_app::Clock;
use tenure_domain::measurement::{Channel, ChannelType, Reading, Sample};
use tenure_domain::{Instant, Serial};
use tenure_wire::coap::client::{Post, Reply};
use tenure_wire::coap::{Code, Token};
use tenure_wire::measurements;
use tokio::net::UdpSocket;

use crate::Failure;
use crate::places;
use crate::sensor::uplink;

/// A simulated sensor: a temperature and a humidity that follow the time of day.
#[derive(Clone, Debug)]
pub struct Member {
    serial: Serial,
    token: Option<String>,
    last_sample: Option<Instant>,
}

/// The most samples of a message, as sensors keep at most an hour of minutes back.
const MOST_SAMPLES: i64 = 60;

impl Member {
    /// A sensor that has sent nothing yet.
    pub const fn new(serial: Serial, token: Option<String>) -> Self {
        Self { serial, token, last_sample: None }
    }

    /// The samples, one a minute, that it has taken since its last message.
    fn channels(&mut self, now: Instant) -> Vec<Channel> {
        let last = Instant::from_seconds(now.as_seconds() / 60 * 60);
        let earliest = last.plus_seconds(-60 * (MOST_SAMPLES - 1));
        let first = self.last_sample.map_or(last, |before| before.plus_seconds(60)).clamp(earliest, last);
        self.last_sample = Some(last);
        let instants = || (first.as_seconds()..=last.as_seconds()).step_by(60).map(Instant::from_seconds);
        let channel = |position, kind, value: fn(Serial, Instant) -> i32| {
            let sample = |at| Sample { at, reading: Reading::Value(value(self.serial, at)) };
            Channel { position, kind, samples: instants().map(sample).collect() }
        };
        vec![channel(1, ChannelType::Temperature, temperature), channel(2, ChannelType::Humidity, humidity)]
    }
}

/// A number that is the same for the same sensor and moment, from 0 to below `range`.
fn noise(serial: Serial, moment: i64, range: i32) -> i32 {
    let mixed = serial.number().wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ moment.unsigned_abs().wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33;
    i32::try_from(mixed).unwrap_or(0).rem_euclid(range)
}

/// A wave between −100 and 100 with this period in seconds.
fn wave(at: Instant, period: i64) -> i32 {
    let quarter = (at.as_seconds().rem_euclid(period) * 400 / period) - 100;
    i32::try_from(if quarter <= 100 { quarter } else { 200 - quarter }).unwrap_or(0)
}

/// The temperature of a sensor in tenths of a degree: the level of its place, the year, the day, and a little noise.
pub fn temperature(serial: Serial, at: Instant) -> i32 {
    let level = places::level(serial).unwrap_or_else(|| 40 + noise(serial, 0, 170));
    level + wave(at, 31_557_600) / 5 + wave(at, 86_400) / 8 + noise(serial, at.as_seconds() / 1_800, 5)
}

/// The relative humidity of a sensor in percent.
pub fn humidity(serial: Serial, at: Instant) -> i32 {
    45 + noise(serial, 1, 20) - wave(at, 86_400) / 20 + noise(serial, at.as_seconds() / 3_600, 3)
}

/// Simulated sensors behind one socket.
pub struct Fleet {
    socket: UdpSocket,
    members: Vec<Member>,
    clock: Arc<dyn Clock>,
}

/// What a fleet has sent and heard.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Messages sent.
    pub sent: u64,
    /// Answers by their code.
    pub answers: BTreeMap<String, u64>,
}

impl Fleet {
    /// A fleet that sends through this socket, and measures at this clock's instants.
    pub fn new(socket: UdpSocket, members: Vec<Member>, clock: Arc<dyn Clock>) -> Self {
        Self { socket, members, clock }
    }

    /// Sends a message of each sensor, spread over each period, `rounds` times or without end.
    ///
    /// A message that is not answered within a second is not sent again: its samples are in the history of a real
    /// sensor's memory, and here they are the next message's neighbors.
    pub async fn run(mut self, period: Duration, rounds: Option<u32>) -> Result<Told, Failure> {
        let mut told = Told::default();
        let count = u32::try_from(self.members.len()).unwrap_or(u32::MAX).max(1);
        let mut pace = tokio::time::interval(period / count);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut round = 0;
        let mut id = 0_u16;
        let (mut datagram, mut buffer) = (Vec::new(), vec![0; 2_048]);
        while rounds.is_none_or(|rounds| round < rounds) {
            for member in &mut self.members {
                pace.tick().await;
                let now = self.clock.now();
                let uplink = uplink(member.serial, member.token.clone(), member.channels(now), now);
                let body =
                    measurements::encode(&uplink).map_err(|error| Failure::Failed(error.to_string()))?;
                id = id.wrapping_add(1);
                let token = Token::new(&id.to_be_bytes()).unwrap_or_default();
                datagram.clear();
                Post { confirmable: true, id, token, path: "m", block: None, payload: &body }
                    .encode(&mut datagram);
                // A server that is not there yet refuses the datagram; the sensor tries again in its next period.
                if self.socket.send(&datagram).await.is_err() {
                    continue;
                }
                told.sent += 1;
                let answer =
                    tokio::time::timeout(Duration::from_secs(1), self.socket.recv(&mut buffer)).await;
                let code = match answer {
                    Ok(Ok(length)) => {
                        Reply::parse(buffer.get(..length).unwrap_or_default()).map(|reply| reply.code)
                    }
                    _ => Ok(Code::EMPTY),
                };
                let code = match code {
                    Ok(Code::EMPTY) => "no answer".to_owned(),
                    Ok(code) => code.to_string(),
                    Err(_) => "unreadable".to_owned(),
                };
                *told.answers.entry(code).or_default() += 1;
            }
            round += 1;
        }
        Ok(told)
    }
}
