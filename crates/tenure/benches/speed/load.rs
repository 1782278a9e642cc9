//! The load generator and the echo, each a process of its own on one core.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant as Stopwatch};

use tenure_domain::measurement::{
    Battery, Channel, ChannelType, Period, Reading, Sample, TransferReason, Uplink,
};
use tenure_domain::{Instant, Serial};
use tenure_wire::coap::client::{Post, Reply};
use tenure_wire::coap::{Code, Token};
use tenure_wire::measurements;

/// What to send where.
pub struct Load {
    pub server: SocketAddr,
    pub messages: u32,
    pub sensors: u32,
    pub first_serial: u64,
    pub in_flight: usize,
}

impl Load {
    pub fn parse(words: &[&str]) -> Self {
        let [server, messages, sensors, first_serial, in_flight] = words else { panic!("five words") };
        Self {
            server: server.parse().unwrap(),
            messages: messages.parse().unwrap(),
            sensors: sensors.parse().unwrap(),
            first_serial: first_serial.parse().unwrap(),
            in_flight: in_flight.parse().unwrap(),
        }
    }

    pub fn words(&self) -> Vec<String> {
        let Self { server, messages, sensors, first_serial, in_flight } = self;
        vec![
            server.to_string(),
            messages.to_string(),
            sensors.to_string(),
            first_serial.to_string(),
            in_flight.to_string(),
        ]
    }

    /// The body of a message of 2 channels × 10 samples, each different from the one before it.
    pub fn body(&self, turn: u32) -> Vec<u8> {
        let serial = Serial::from_number(self.first_serial + u64::from(turn % self.sensors));
        let start = Instant::from_seconds(1_800_000_000 + i64::from(turn / self.sensors) * 600);
        let samples = |base: i32| {
            (0..10).map(move |index| {
                let wobble = (i32::try_from(turn % 7).unwrap() + index) % 3;
                Sample {
                    at: start.plus_seconds(60 * i64::from(index)),
                    reading: Reading::Value(base + wobble),
                }
            })
        };
        let channel = |position, kind, base| Channel { position, kind, samples: samples(base).collect() };
        let uplink = Uplink {
            serial,
            device_token: None,
            battery: Battery { low: false, centivolts: None, source: None },
            signal_dbm: None,
            next_transmission_at: Some(start.plus_seconds(1_200)),
            period: Period { base_seconds: 60, factor: 1 },
            configuration_hash: Some(9),
            extended_configuration_hash: None,
            transfer_reason: TransferReason(0),
            channels: vec![channel(1, ChannelType::Temperature, 233), channel(2, ChannelType::Humidity, 57)],
        };
        measurements::encode(&uplink).unwrap()
    }
}

/// A socket with the same room for waiting datagrams as the server's.
fn roomy(address: SocketAddr) -> UdpSocket {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    socket.set_recv_buffer_size(8 << 20).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.into()
}

/// Answers each datagram with its first four bytes: an acknowledgement without any work.
pub fn echo(port: u16) {
    let socket = roomy(([127, 0, 0, 1], port).into());
    let mut buffer = [0; 2_048];
    loop {
        let Ok((_, peer)) = socket.recv_from(&mut buffer) else { continue };
        buffer[0] = 0x60;
        buffer[1] = Code::CREATED.byte();
        let _ = socket.send_to(&buffer[..4], peer);
    }
}

/// Sends confirmable messages with a window in flight until all are acknowledged, and prints how it went.
pub fn coap(load: &Load) {
    let socket = roomy(([127, 0, 0, 1], 0).into());
    socket.connect(load.server).unwrap();
    socket.set_nonblocking(true).unwrap();
    // Made before the clock starts: the other core is for sending.
    let bodies: Vec<Vec<u8>> = (0..load.messages).map(|turn| load.body(turn)).collect();
    let mut datagram = Vec::with_capacity(256);
    let mut buffer = [0; 2_048];
    let mut waiting: Vec<Option<u32>> = vec![None; 1 << 16];
    let mut codes = std::collections::BTreeMap::<String, u32>::new();
    let (mut next, mut in_flight, mut done, mut resent) = (0_u32, 0_usize, 0_u32, 0_u32);
    let started = Stopwatch::now();
    let mut last_answer = Stopwatch::now();
    let mut send = |id: u16, body: &[u8]| {
        datagram.clear();
        let token = Token::new(&id.to_be_bytes()).unwrap();
        Post { confirmable: true, id, token, path: "m", block: None, payload: body }.encode(&mut datagram);
        socket.send(&datagram).is_ok()
    };
    while done < load.messages {
        while in_flight < load.in_flight && next < load.messages {
            let id = (next & 0xffff) as u16;
            if waiting[usize::from(id)].is_some() || !send(id, &bodies[next as usize]) {
                break;
            }
            waiting[usize::from(id)] = Some(next);
            next += 1;
            in_flight += 1;
        }
        let mut heard = false;
        while let Ok(length) = socket.recv(&mut buffer) {
            heard = true;
            let Ok(reply) = Reply::parse(&buffer[..length]) else { continue };
            if waiting[usize::from(reply.id)].take().is_some() {
                *codes.entry(reply.code.to_string()).or_default() += 1;
                done += 1;
                in_flight -= 1;
            }
        }
        if heard {
            last_answer = Stopwatch::now();
        } else if last_answer.elapsed() > Duration::from_millis(200) {
            // Lost on the way: sent again, as a sensor does.
            for (id, turn) in waiting.iter().enumerate().filter_map(|(id, turn)| Some((id, (*turn)?))) {
                resent += u32::from(send(id as u16, &bodies[turn as usize]));
            }
            last_answer = Stopwatch::now();
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{:.0} {resent} {codes:?}", f64::from(load.messages) / seconds);
}
