//! The reference of a broker: publishes of the same bytes with quality of service 1 (MQTT 3.1.1).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant as Stopwatch;

use crate::load::Load;

fn connect(load: &Load) -> TcpStream {
    let mut stream = TcpStream::connect(load.server).unwrap();
    stream.set_nodelay(true).unwrap();
    // CONNECT, protocol level 4, clean session, keep alive 60 s, client identifier "bench".
    let connect = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05bench";
    stream.write_all(connect).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0], "the broker's CONNACK");
    stream
}

/// Publishes with a window in flight until all are acknowledged, and prints how it went.
pub fn load(load: &Load) {
    let bodies: Vec<Vec<u8>> = (0..load.messages).map(|turn| load.body(turn)).collect();
    let mut stream = connect(load);
    let (mut next, mut done) = (0_u32, 0_u32);
    let mut out = Vec::with_capacity(1 << 16);
    let mut buffer = vec![0; 1 << 16];
    let mut rest = 0;
    let started = Stopwatch::now();
    while done < load.messages {
        out.clear();
        while next < load.messages && ((next - done) as usize) < load.in_flight && out.len() < (1 << 15) {
            let body = &bodies[next as usize];
            let length = 2 + 1 + 2 + body.len();
            out.push(0x32);
            assert!(length < 16_384);
            if length < 128 {
                out.push(length as u8);
            } else {
                out.extend([(length % 128) as u8 | 0x80, (length / 128) as u8]);
            }
            out.extend([0, 1, b'm']);
            out.extend(((next % 65_535 + 1) as u16).to_be_bytes());
            out.extend_from_slice(body);
            next += 1;
        }
        stream.write_all(&out).unwrap();
        let read = stream.read(&mut buffer[rest..]).unwrap();
        assert!(read > 0, "the broker has hung up");
        // A PUBACK has four bytes, of which some may still be under way.
        let bytes = rest + read;
        done += (bytes / 4) as u32;
        buffer.copy_within(bytes - bytes % 4..bytes, 0);
        rest = bytes % 4;
    }
    println!("{:.0}", f64::from(load.messages) / started.elapsed().as_secs_f64());
}
