//! A CoAP server that acknowledges whatever it understands, to try real clients on:
//! `cargo run -p tenure-wire --example listen -- 127.0.0.1:5683`, then for instance
//! `coap-client -m post -b 64 -f body.bin coap://127.0.0.1/m`.
//!
//! A second argument is how many of ten datagrams are lost, in each direction.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::error::Error;
use std::net::UdpSocket;
use std::time::SystemTime;

use tenure_domain::Instant;
use tenure_wire::coap::{Code, Endpoint, Layer, Limits, Received, Response};
use tenure_wire::{measurements, time};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let socket = UdpSocket::bind(arguments.next().as_deref().unwrap_or("127.0.0.1:5683"))?;
    let lost: u32 = arguments.next().as_deref().unwrap_or("0").parse()?;
    let mut layer = Layer::new(Limits::default());
    let mut datagram = vec![0; 65_536];
    let mut out = Vec::new();
    // Which datagrams are lost is the same in each run.
    let mut dice = 1_u32;
    let mut is_lost = move || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 16) % 10 < lost
    };
    loop {
        let (length, peer) = socket.recv_from(&mut datagram)?;
        if is_lost() {
            println!("lost {length} bytes");
            continue;
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let now = Instant::from_micros(i64::try_from(since.as_micros())?);
        let answered = match layer.receive(now, peer, datagram.get(..length).unwrap_or_default(), &mut out) {
            Received::Nothing => false,
            Received::Reply => true,
            Received::Request { endpoint, payload, exchange } => {
                let sum =
                    payload.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
                println!("{endpoint:?}: {} bytes, sum {sum}", payload.len());
                if endpoint == Endpoint::Measurements {
                    println!("{:?}", measurements::decode(payload));
                }
                let time = time::answer(now);
                let response = match endpoint {
                    Endpoint::Time => Response { payload: &time, ..Response::of(Code::CONTENT) },
                    _ => Response::of(Code::CREATED),
                };
                layer.respond(now, exchange, response, &mut out)
            }
        };
        if answered && !is_lost() {
            socket.send_to(&out, peer)?;
        }
    }
}
