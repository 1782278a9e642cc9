//! `tenure sensor`: a sensor, and a fleet of them, for trials and load.

use std::net::SocketAddr;
use std::time::Duration;

use tenure_app::{Clock, Entropy, OsEntropy, SystemClock};
use tenure_domain::measurement::{
    Battery, Channel, ChannelType, Decimal, Period, Reading, Sample, TransferReason, Uplink,
};
use tenure_domain::{Instant, Serial};
use tenure_wire::coap::client::{Post, Reply};
use tenure_wire::coap::{Code, Token, Type};
use tenure_wire::measurements;
use tokio::net::UdpSocket;

use crate::cli::{Send, Simulate};
use crate::fleet::{Fleet, Member};
use crate::{Failure, output};

/// How often a message is sent before it is given up, and how long the first answer is waited for: `MAX_RETRANSMIT`
/// and `ACK_TIMEOUT` (RFC 7252 §4.8).
const TRIES: u32 = 5;
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends one message and prints the answer.
pub async fn send(send: Send) -> Result<(), Failure> {
    let body = match &send.frame {
        Some(hex) => data_encoding::HEXLOWER_PERMISSIVE
            .decode(hex.as_bytes())
            .map_err(|error| Failure::Usage(format!("--frame: {error}")))?,
        None => {
            let at = send.at.unwrap_or_else(|| SystemClock.now());
            let channels = send.values.iter().zip(1..).map(|(text, position)| channel(text, position, at));
            let uplink = uplink(send.serial, send.token.clone(), channels.collect::<Result<_, _>>()?, at);
            measurements::encode(&uplink).map_err(|error| Failure::Usage(error.to_string()))?
        }
    };
    let socket = connect(&send.server).await?;
    let [id_high, id_low, token @ ..] = OsEntropy.bits().to_be_bytes();
    let token = Token::new(token.get(..4).unwrap_or_default()).unwrap_or_default();
    let id = u16::from_be_bytes([id_high, id_low]);
    let mut datagram = Vec::new();
    Post { confirmable: true, id, token, path: "m", block: None, payload: &body }.encode(&mut datagram);
    let mut timeout = ACK_TIMEOUT;
    let mut buffer = vec![0; 2_048];
    for _ in 0..TRIES {
        socket.send(&datagram).await?;
        if let Ok(length) = tokio::time::timeout(timeout, socket.recv(&mut buffer)).await {
            let reply = Reply::parse(buffer.get(..length?).unwrap_or_default());
            let reply = reply.map_err(|_| Failure::Failed("the answer is no CoAP message".to_owned()))?;
            if reply.id == id {
                return told(&reply);
            }
        }
        timeout *= 2;
    }
    Err(Failure::Failed(format!("no answer from {}", send.server)))
}

fn told(reply: &Reply<'_>) -> Result<(), Failure> {
    let meaning = match reply.code {
        Code::CREATED => "acknowledged",
        Code::BAD_REQUEST => "the message cannot be read",
        Code::UNAUTHORIZED => "the device token is wrong",
        Code::NOT_FOUND => "no organization has this serial number",
        Code::SERVICE_UNAVAILABLE => "not now",
        _ if reply.kind == Type::Reset => "reset: this is no message for the server",
        _ => "unexpected",
    };
    let wait = reply.max_age.map(|seconds| format!(", try again after {seconds} s")).unwrap_or_default();
    output::line(&format!("{} {meaning}{wait}", reply.code));
    if reply.code.class() == 2 {
        Ok(())
    } else {
        Err(Failure::Failed(format!("the server answered {}", reply.code)))
    }
}

/// A UDP socket to `coap://HOST:PORT`; the port is 5683 when none is given.
pub async fn connect(server: &str) -> Result<UdpSocket, Failure> {
    let place = server.strip_prefix("coap://").map(|rest| rest.trim_end_matches('/'));
    let place = place.ok_or_else(|| Failure::Usage(format!("{server} is not like coap://HOST:PORT")))?;
    let place = if place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        place.to_owned()
    } else {
        format!("{place}:5683")
    };
    let unknown = || Failure::Usage(format!("there is no host {place}"));
    let address: SocketAddr =
        tokio::net::lookup_host(&place).await.map_err(|_| unknown())?.next().ok_or_else(unknown)?;
    let local: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(local).await?;
    socket.connect(address).await?;
    Ok(socket)
}

/// A channel with one sample, from `temperature=21.5`.
fn channel(text: &str, position: u8, at: Instant) -> Result<Channel, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::Usage(format!("--value {text}: {why}"));
    let (name, value) = text.split_once('=').ok_or_else(|| wrong(&"write TYPE=VALUE"))?;
    let kind: ChannelType =
        name.parse().map_err(|error: tenure_domain::measurement::UnknownChannelType| wrong(&error))?;
    let value: Decimal =
        value.parse().map_err(|error: tenure_domain::measurement::DecimalError| wrong(&error))?;
    let raw = kind.raw_of(value).map_err(|error| wrong(&error))?;
    // Sensors count in seconds.
    let at = Instant::from_seconds(at.as_seconds());
    Ok(Channel { position, kind, samples: vec![Sample { at, reading: Reading::Value(raw) }] })
}

/// A message of a sensor in good health that measures once a minute.
pub fn uplink(serial: Serial, device_token: Option<String>, channels: Vec<Channel>, at: Instant) -> Uplink {
    Uplink {
        serial,
        device_token,
        battery: Battery { low: false, centivolts: None, source: None },
        signal_dbm: None,
        next_transmission_at: Some(at.plus_seconds(600)),
        period: Period { base_seconds: 60, factor: 1 },
        configuration_hash: Some(1),
        extended_configuration_hash: None,
        transfer_reason: TransferReason(0),
        channels,
    }
}

/// Sends messages of many sensors, and says once in a while how it goes.
pub async fn simulate(simulate: Simulate) -> Result<(), Failure> {
    let Simulate { server, sensors, first_serial, token, period, messages } = simulate;
    let members = (0..u64::from(sensors)).map(|offset| {
        let serial = Serial::from_number(first_serial.number().wrapping_add(offset));
        Member::new(serial, token.clone())
    });
    let socket = connect(&server).await?;
    let fleet = Fleet::new(socket, members.collect(), std::sync::Arc::new(SystemClock));
    let period = Duration::from_secs(u64::from(period.max(1)));
    let told = fleet.run(period, messages).await?;
    let answers: Vec<String> = told.answers.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    output::line(&format!("{} messages sent, answers {}", told.sent, answers.join(", ")));
    Ok(())
}
