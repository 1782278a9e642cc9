//! How long the hot path's pure parts take: `cargo run --release -p tenure-wire --example speed`.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::error::Error;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time;

use tenure_domain::measurement::{Reading, Sample, packed};
use tenure_domain::{Instant, Serial};
use tenure_wire::coap::client::Post;
use tenure_wire::coap::{Code, Layer, Limits, Received, Response, Token};
use tenure_wire::{gateway, measurements};

const FRAME: &[u8] = include_bytes!("frame.bin");

/// Nanoseconds of one call, the least of five rounds.
fn least(rounds: u32, mut call: impl FnMut(u32)) -> u128 {
    let mut least = u128::MAX;
    for round in 0..5 {
        let start = time::Instant::now();
        for i in 0..rounds {
            call(round * rounds + i);
        }
        least = least.min(start.elapsed().as_nanos() / u128::from(rounds.max(1)));
    }
    least
}

fn main() -> Result<(), Box<dyn Error>> {
    let uplink = measurements::decode(FRAME)?;
    println!(
        "decode, 2 channels of 10 samples: {} ns",
        least(200_000, |_| {
            let _ = black_box(measurements::decode(black_box(FRAME)));
        })
    );
    println!(
        "encode: {} ns",
        least(200_000, |_| {
            let _ = black_box(measurements::encode(black_box(&uplink)));
        })
    );

    let mut blob = Vec::new();
    println!(
        "pack: {} ns",
        least(200_000, |_| {
            blob.clear();
            packed::pack(black_box(&uplink.channels), &mut blob);
        })
    );
    println!(
        "unpack {} bytes: {} ns",
        blob.len(),
        least(200_000, |_| {
            let _ = black_box(packed::unpack(black_box(&blob)));
        })
    );
    let sample = |i: i64| Sample {
        at: Instant::from_seconds(1_750_000_000 + i * 60),
        reading: Reading::Value(233 + i32::from(i % 7 == 0)),
    };
    let day: Vec<Sample> = (0..1_440).map(sample).collect();
    let sealed = packed::seal(&day);
    println!(
        "seal 1,440 samples: {} ns, {} bytes",
        least(5_000, |_| drop(packed::seal(black_box(&day)))),
        sealed.len()
    );
    println!(
        "unseal: {} ns",
        least(5_000, |_| {
            let _ = black_box(packed::unseal(black_box(&sealed)));
        })
    );

    // A fleet in which each sensor sends one message, and four busy peers.
    for (what, sensors) in
        [("4 busy peers", 4_u32), ("100,000 peers", 100_000), ("1,000,000 peers", 1_000_000)]
    {
        let mut layer = Layer::new(Limits::default());
        let mut out = Vec::new();
        let mut datagram = Vec::new();
        let build = |i: u32, datagram: &mut Vec<u8>| {
            let id = u16::try_from((i / sensors) & 0xffff).unwrap_or(0);
            datagram.clear();
            Post { confirmable: true, id, token: Token::default(), path: "m", block: None, payload: FRAME }
                .encode(datagram);
            SocketAddr::from(((0x0a00_0000 + i % sensors).to_be_bytes(), 5683))
        };
        let alone = least(1_000_000, |i| {
            black_box(build(i, &mut datagram));
        });
        let both = least(1_000_000, |i| {
            let now = Instant::from_micros(1_750_000_000_000_000 + i64::from(i) * 10);
            let peer = build(i, &mut datagram);
            if let Received::Request { exchange, .. } = layer.receive(now, peer, &datagram, &mut out) {
                layer.respond(now, exchange, Response::of(Code::CREATED), &mut out);
            }
        });
        println!("receive and respond, {what}: {} ns", both.saturating_sub(alone));
    }

    let entry = format!(
        r#"{{"serial":"{}","response_handle":1,"battery":"ok","signal":-70,"measured_at":"2025-06-11 20:34:00","measurement_interval":180,"next_measurement_at":"2025-06-11 20:37:00","params":[{{"channel":1,"type":"temperature","value":23.3}},{{"channel":2,"type":"humidity","value":57}}]}}"#,
        Serial::from_number(1)
    );
    let post = format!(r#"{{"measurements":[{}]}}"#, vec![entry; 100].join(","));
    println!(
        "gateway entry: {} ns",
        least(1_000, |_| drop(black_box(gateway::parse(post.as_bytes())))) / 100
    );
    Ok(())
}
