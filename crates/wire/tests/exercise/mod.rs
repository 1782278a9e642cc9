//! What strangers can make the decoders do, as functions of bytes. The fuzz targets in `fuzz/` and the tests beside
//! this file run the same ones. Each returns how many messages were understood.

use std::net::SocketAddr;

use tenure_domain::Instant;
use tenure_wire::coap::client::Reply;
use tenure_wire::coap::{Code, Layer, Limits, MAX_BODY, Received, Response, Type};
use tenure_wire::configuration::Configuration;
use tenure_wire::device_info::DeviceInfo;
use tenure_wire::{gateway, measurements};

/// Whatever is decoded can be encoded and says the same again, or is something that no sensor can say.
pub(crate) fn measurements(body: &[u8]) -> usize {
    let mut understood = 0;
    if let Ok(uplink) = measurements::decode(body)
        && let Ok(encoded) = measurements::encode(&uplink)
    {
        assert_eq!(measurements::decode(&encoded), Ok(uplink));
        understood += 1;
    }
    if let Ok(info) = DeviceInfo::decode(body) {
        assert!(info.to_json().is_object());
    }
    if let Ok(configuration) = Configuration::decode(body) {
        assert!(configuration.to_json().is_object());
    }
    understood
}

/// A conversation: each datagram follows its length and a byte that says who sends it, after how long, and what
/// becomes of its request. Whatever is sent back is a message.
pub(crate) fn coap(mut conversation: &[u8]) -> usize {
    let mut understood = 0;
    let limits = Limits { peers: 3, transfers: 2, also_understood: vec![65_001] };
    let mut layer = Layer::new(limits);
    let mut now = Instant::from_seconds(1_750_000_000);
    let mut out = Vec::new();
    let mut pending = Vec::new();
    while let [length, how, rest @ ..] = conversation {
        let (datagram, rest) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
        conversation = rest;
        let peer = SocketAddr::from(([192, 0, 2, how & 7], 5683));
        now = now.plus_seconds(i64::from(how >> 3 & 7) * 40);
        match layer.receive(now, peer, datagram, &mut out) {
            Received::Nothing => {}
            Received::Reply => {
                let kind = Reply::parse(&out).map(|reply| reply.kind);
                assert!(matches!(kind, Ok(Type::Acknowledgement | Type::Reset)), "{kind:?}");
            }
            Received::Request { payload, exchange, .. } => {
                assert!(payload.len() <= MAX_BODY);
                pending.push(exchange);
                understood += 1;
            }
        }
        let code = if how & 0x40 == 0 { Code::CREATED } else { Code::SERVICE_UNAVAILABLE };
        if how & 0x80 == 0
            && let Some(exchange) = pending.pop()
        {
            let sent = layer.respond(now, exchange, Response::of(code), &mut out);
            assert_eq!(sent, exchange.is_confirmable());
            assert!(!sent || Reply::parse(&out).is_ok_and(|reply| reply.code == code));
        }
    }
    understood
}

/// Whatever is read has values and an instant.
pub(crate) fn gateway(body: &[u8]) -> usize {
    let entries = gateway::parse(body).unwrap_or_default();
    for entry in &entries {
        assert!(entry.uplink.channels.len() <= 6);
        assert!(entry.uplink.channels.iter().all(|channel| channel.samples.len() == 1));
    }
    entries.len()
}
