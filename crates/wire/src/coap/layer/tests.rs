use proptest::prelude::*;

use super::super::client::{Post, Reply};
use super::*;

const PEER: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);

/// A layer, one sensor, and a clock.
struct Scene {
    layer: Layer,
    now: i64,
    peer: SocketAddr,
}

/// What the sensor sees and what the server was asked.
#[derive(Debug, PartialEq)]
enum Heard {
    Nothing,
    Reply(Vec<u8>),
    Request(Endpoint, Vec<u8>, Exchange),
}

impl Scene {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self { layer: Layer::new(limits), now: 1_750_000_000, peer: PEER.into() }
    }

    fn send(&mut self, datagram: &[u8]) -> Heard {
        let mut out = vec![1, 2, 3];
        match self.layer.receive(Instant::from_seconds(self.now), self.peer, datagram, &mut out) {
            Received::Nothing => Heard::Nothing,
            Received::Reply => Heard::Reply(out),
            Received::Request { endpoint, payload, exchange } => {
                Heard::Request(endpoint, payload.to_vec(), exchange)
            }
        }
    }

    /// Sends a request that reaches the server.
    fn request(&mut self, datagram: &[u8]) -> (Vec<u8>, Exchange) {
        match self.send(datagram) {
            Heard::Request(_, payload, exchange) => (payload, exchange),
            other => panic!("{other:?}"),
        }
    }

    /// Sends something that the layer answers by itself, with this code.
    fn refused(&mut self, datagram: &[u8]) -> Code {
        match self.send(datagram) {
            Heard::Reply(reply) => Reply::parse(&reply).unwrap().code,
            other => panic!("{other:?}"),
        }
    }

    fn respond(&mut self, exchange: Exchange, response: Response<'_>) -> Option<Vec<u8>> {
        let mut out = vec![1, 2, 3];
        self.layer.respond(Instant::from_seconds(self.now), exchange, response, &mut out).then_some(out)
    }
}

fn post(id: u16, payload: &[u8]) -> Vec<u8> {
    message(true, Code::POST, id, &[(11, b"m")], payload)
}

fn message(confirmable: bool, method: Code, id: u16, options: &[(u16, &[u8])], payload: &[u8]) -> Vec<u8> {
    let kind = if confirmable { Type::Confirmable } else { Type::NonConfirmable };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, kind, method, id, Token::new(&[0xca, 0xfe]).unwrap());
    for (number, value) in options {
        encoder.option(*number, value);
    }
    encoder.payload(payload);
    out
}

fn block(id: u16, number: u32, more: bool, payload: &[u8]) -> Vec<u8> {
    sized(id, Block { number, more, size_exponent: 0 }, payload)
}

fn sized(id: u16, block: Block, payload: &[u8]) -> Vec<u8> {
    let token = Token::new(&id.to_be_bytes()).unwrap();
    let mut out = Vec::new();
    Post { confirmable: true, id, token, path: "m", block: Some(block), payload }.encode(&mut out);
    out
}

#[test]
fn a_confirmable_request_is_answered_in_its_acknowledgement() {
    let mut scene = Scene::new();
    let (payload, exchange) = scene.request(&post(7, b"data"));
    assert_eq!(payload, b"data");
    let response = Response { code: Code::CREATED, max_age: None, payload: &[0x40, 1] };
    let answer = scene.respond(exchange, response).unwrap();
    assert_eq!(answer, [0x62, 0x41, 0x00, 0x07, 0xca, 0xfe, 0xff, 0x40, 0x01]);
}

#[test]
fn a_duplicate_is_dropped_while_pending_and_then_answered_with_the_same_bytes() {
    let mut scene = Scene::new();
    let datagram = post(7, b"data");
    let (_, exchange) = scene.request(&datagram);
    assert_eq!(scene.send(&datagram), Heard::Nothing);
    for payload in [&b"short"[..], b"an answer that is longer than the short ones"] {
        let mut scene = Scene::new();
        let (_, exchange) = scene.request(&datagram);
        let answer = scene.respond(exchange, Response { payload, ..Response::of(Code::CREATED) }).unwrap();
        scene.now += 247;
        assert_eq!(scene.send(&datagram), Heard::Reply(answer));
        scene.now += 1;
        assert!(matches!(scene.send(&datagram), Heard::Request(..)), "the identifier may be used again");
    }
    let answer = scene.respond(exchange, Response::of(Code::CREATED)).unwrap();
    scene.peer = ([192, 0, 2, 2], 40_000).into();
    assert!(matches!(scene.send(&datagram), Heard::Request(..)), "another peer's message");
    scene.peer = PEER.into();
    assert_eq!(scene.send(&datagram), Heard::Reply(answer));
}

#[test]
fn a_non_confirmable_request_hears_nothing_whatever_the_response() {
    let mut scene = Scene::new();
    let datagram = message(false, Code::POST, 7, &[(11, b"m")], b"data");
    for code in [Code::CREATED, Code::BAD_REQUEST] {
        let (_, exchange) = scene.request(&datagram);
        assert_eq!(scene.respond(exchange, Response::of(code)), None);
        scene.now += 145;
        assert_eq!(scene.send(&datagram), Heard::Nothing, "a duplicate");
        scene.now += 1;
    }
    for options in [&[(11, &b"x"[..])][..], &[(9, b"x")], &[]] {
        assert_eq!(scene.send(&message(false, Code::POST, 8, options, b"")), Heard::Nothing);
    }
    assert_eq!(scene.send(&message(false, Code::GET, 9, &[(11, b"m")], b"")), Heard::Nothing);
}

#[test]
fn the_servers_own_trouble_is_not_kept_as_the_answer() {
    let mut scene = Scene::new();
    let (_, exchange) = scene.request(&post(7, b"data"));
    let trouble = Response { max_age: Some(300), ..Response::of(Code::SERVICE_UNAVAILABLE) };
    let answer = scene.respond(exchange, trouble).unwrap();
    let reply = Reply::parse(&answer).unwrap();
    assert_eq!((reply.kind, reply.code, reply.max_age), (Type::Acknowledgement, Code::new(5, 3), Some(300)));
    let (_, again) = scene.request(&post(7, b"data"));
    scene.layer.forget(Instant::from_seconds(scene.now), again);
    let (_, exchange) = scene.request(&post(7, b"data"));
    let answer = scene.respond(exchange, Response::of(Code::CREATED)).unwrap();
    assert_eq!(scene.send(&post(7, b"data")), Heard::Reply(answer));
}

#[test]
fn pings_and_malformed_confirmable_messages_are_reset_and_all_else_is_ignored() {
    let mut scene = Scene::new();
    let reset = |id| Heard::Reply(vec![0x70, 0, 0x12, id]);
    assert_eq!(scene.send(&[0x40, 0x00, 0x12, 1]), reset(1), "a ping");
    assert_eq!(
        scene.send(&[0x49, 0x02, 0x12, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        reset(2),
        "a token of nine bytes"
    );
    assert_eq!(scene.send(&[0x40, 0x45, 0x12, 3]), reset(3), "a response that nobody waits for");
    for first in [0x50, 0x60, 0x70] {
        assert_eq!(scene.send(&[first, 0x00, 0x12, 4]), Heard::Nothing);
        assert_eq!(scene.send(&[first | 9, 0x02, 0x12, 4]), Heard::Nothing);
        assert_eq!(scene.send(&[first, 0x45, 0x12, 4]), Heard::Nothing);
    }
    assert_eq!(scene.send(&[0x16, 0xfe, 0xfd, 0, 0]), Heard::Nothing, "DTLS");
}

#[test]
fn each_end_point_is_found_by_its_path_and_nothing_else_is() {
    let found = |method, segments: &[&str]| {
        let options: Vec<(u16, &[u8])> = segments.iter().map(|segment| (11, segment.as_bytes())).collect();
        match Scene::new().send(&message(true, method, 1, &options, b"")) {
            Heard::Request(endpoint, ..) => Ok(endpoint),
            Heard::Reply(reply) => Err(Reply::parse(&reply).unwrap().code),
            Heard::Nothing => panic!(),
        }
    };
    let endpoints = [
        ("m", Endpoint::Measurements),
        ("i", Endpoint::DeviceInfo),
        ("c", Endpoint::Configuration),
        ("t", Endpoint::Time),
    ];
    for (path, endpoint) in endpoints {
        assert_eq!(found(Code::POST, &[path]), Ok(endpoint));
        assert_eq!(found(Code::POST, &["efento", path]), Ok(endpoint));
        assert_eq!(found(Code::POST, &[&format!("efento/{path}")]), Ok(endpoint));
        assert_eq!(found(Code::new(0, 3), &[path]), Err(Code::METHOD_NOT_ALLOWED));
        let get = found(Code::GET, &[path]);
        assert_eq!(get, if path == "t" { Ok(Endpoint::Time) } else { Err(Code::METHOD_NOT_ALLOWED) });
    }
    for path in [
        &[][..],
        &["x"],
        &["m", ""],
        &["", "m"],
        &["m", "m"],
        &["efento"],
        &["other", "m"],
        &["efento", "m", "m"],
    ] {
        assert_eq!(found(Code::POST, path), Err(Code::NOT_FOUND), "{path:?}");
    }
}

#[test]
fn a_critical_option_that_is_not_understood_is_refused_and_an_elective_one_skipped() {
    let with = |scene: &mut Scene, number: u16, value: &[u8]| {
        let mut options: Vec<(u16, &[u8])> = vec![(11, b"m"), (number, value)];
        options.sort_by_key(|(number, _)| *number);
        match scene.send(&message(true, Code::POST, number, &options, b"data")) {
            Heard::Request(..) => Code::CREATED,
            Heard::Reply(reply) => Reply::parse(&reply).unwrap().code,
            Heard::Nothing => panic!(),
        }
    };
    let mut scene = Scene::with(Limits { also_understood: vec![64_001], ..Limits::default() });
    for (number, value) in [
        (3, &b"host"[..]),
        (7, &[0x16, 0x33]),
        (12, &[42]),
        (15, b"a=b"),
        (17, &[42]),
        (23, &[6]),
        (60, &[9]),
        (64_000, b"token"),
        (64_001, b"token"),
    ] {
        assert_eq!(with(&mut scene, number, value), Code::CREATED, "option {number}");
    }
    for (number, value) in
        [(1, &b""[..]), (9, b"oscore"), (35, b"coap://other"), (64_003, b"token"), (7, &[1, 2, 3]), (3, b"")]
    {
        assert_eq!(with(&mut scene, number, value), Code::BAD_OPTION, "option {number}");
    }
    let twice = [(3, &b"host"[..]), (3, b"host"), (11, b"m")];
    assert_eq!(scene.refused(&message(true, Code::POST, 900, &twice, b"")), Code::BAD_OPTION);
}

#[test]
fn blocks_become_one_body_and_each_is_acknowledged_with_its_block() {
    let mut scene = Scene::new();
    let Heard::Reply(reply) = scene.send(&block(1, 0, true, &[1; 16])) else { panic!() };
    let reply = Reply::parse(&reply).unwrap();
    assert_eq!((reply.code, reply.token), (Code::CONTINUE, Token::new(&[0, 1]).unwrap()));
    assert_eq!(reply.block, Some(Block { number: 0, more: true, size_exponent: 0 }));
    assert_eq!(scene.refused(&block(2, 1, true, &[2; 16])), Code::CONTINUE);
    let (body, exchange) = scene.request(&block(3, 2, false, &[3; 5]));
    assert_eq!(body, [[1; 16].as_slice(), &[2; 16], &[3; 5]].concat());
    assert_eq!(scene.send(&block(3, 2, false, &[3; 5])), Heard::Nothing, "pending");
    let answer = scene.respond(exchange, Response::of(Code::CREATED)).unwrap();
    assert_eq!(
        Reply::parse(&answer).unwrap().block,
        Some(Block { number: 2, more: false, size_exponent: 0 })
    );
    assert_eq!(scene.send(&block(3, 2, false, &[3; 5])), Heard::Reply(answer));
    assert_eq!(
        scene.refused(&block(4, 2, false, &[3; 5])),
        Code::REQUEST_ENTITY_INCOMPLETE,
        "the body is gone"
    );
}

#[test]
fn a_hole_is_told_and_filled() {
    let mut scene = Scene::new();
    assert_eq!(scene.refused(&block(1, 0, true, &[1; 16])), Code::CONTINUE);
    assert_eq!(scene.refused(&block(3, 2, false, &[3; 5])), Code::REQUEST_ENTITY_INCOMPLETE);
    assert_eq!(scene.refused(&block(4, 1, true, &[2; 16])), Code::CONTINUE);
    assert_eq!(scene.refused(&block(1, 0, true, &[1; 16])), Code::CONTINUE, "its acknowledgement was lost");
    assert_eq!(scene.request(&block(5, 2, false, &[3; 5])).0.len(), 37);
}

#[test]
fn a_body_is_kept_for_the_retransmission_of_its_last_block_when_the_server_is_in_trouble() {
    let mut scene = Scene::new();
    assert_eq!(scene.refused(&block(1, 0, true, &[1; 16])), Code::CONTINUE);
    let (_, exchange) = scene.request(&block(2, 1, false, &[2; 5]));
    assert!(scene.respond(exchange, Response::of(Code::SERVICE_UNAVAILABLE)).is_some());
    assert_eq!(scene.request(&block(2, 1, false, &[2; 5])).0.len(), 21);
}

#[test]
fn a_late_answer_does_not_drop_the_next_body() {
    let mut scene = Scene::new();
    let (_, exchange) = scene.request(&block(1, 0, false, &[1; 5]));
    assert_eq!(scene.refused(&block(2, 0, true, &[2; 16])), Code::CONTINUE);
    assert!(scene.respond(exchange, Response::of(Code::CREATED)).is_some());
    assert_eq!(scene.request(&block(3, 1, false, &[3; 5])).0.len(), 21);
}

#[test]
fn bodies_are_bounded_in_size_number_and_time() {
    let mut scene = Scene::with(Limits { transfers: 2, ..Limits::default() });
    let large = Block { number: 16, more: true, size_exponent: 6 };
    let Heard::Reply(reply) = scene.send(&sized(1, large, &[0; 1024])) else { panic!() };
    assert_eq!(Reply::parse(&reply).unwrap().code, Code::REQUEST_ENTITY_TOO_LARGE);
    let announced = [(11, &b"m"[..]), (27, &[0x08]), (60, &[0x40, 0x01])];
    assert_eq!(
        scene.refused(&message(true, Code::POST, 2, &announced, &[0; 16])),
        Code::REQUEST_ENTITY_TOO_LARGE
    );
    let reserved = [(11, &b"m"[..]), (27, &[0x0f])];
    assert_eq!(scene.refused(&message(true, Code::POST, 3, &reserved, &[0; 16])), Code::BAD_REQUEST);
    assert_eq!(scene.refused(&block(4, 0, true, &[0; 15])), Code::BAD_REQUEST);

    assert_eq!(scene.refused(&block(5, 0, true, &[0; 16])), Code::CONTINUE);
    scene.now += 248;
    assert_eq!(scene.refused(&block(6, 1, false, &[0; 5])), Code::REQUEST_ENTITY_INCOMPLETE);

    assert_eq!(scene.refused(&block(7, 0, true, &[0; 16])), Code::CONTINUE);
    for other in 2..40 {
        scene.now += 1;
        scene.peer = ([192, 0, 2, other], 40_000).into();
        assert_eq!(scene.refused(&block(8, 0, true, &[0; 16])), Code::CONTINUE);
    }
    assert_eq!(scene.request(&block(9, 1, false, &[0; 5])).0.len(), 21, "the newest stays");
    scene.peer = PEER.into();
    assert_eq!(
        scene.refused(&block(9, 1, false, &[0; 5])),
        Code::REQUEST_ENTITY_INCOMPLETE,
        "the oldest went"
    );
}

#[test]
fn four_thousand_requests_of_one_peer_are_each_answered() {
    let mut scene = Scene::new();
    let exchanges: Vec<Exchange> =
        (0..4_096).map(|id| scene.request(&post(id, &id.to_be_bytes())).1).collect();
    for (id, exchange) in (0..4_096_u16).zip(exchanges) {
        let answer =
            scene.respond(exchange, Response { payload: &id.to_be_bytes(), ..Response::of(Code::CREATED) });
        let answer = answer.unwrap();
        let reply = Reply::parse(&answer).unwrap();
        assert_eq!((reply.id, reply.payload), (id, &id.to_be_bytes()[..]));
    }
}

#[test]
fn peers_are_bounded_and_those_that_were_forgotten_are_still_answered() {
    let mut scene = Scene::with(Limits { peers: 100, ..Limits::default() });
    let (_, exchange) = scene.request(&post(7, b"data"));
    for port in 1..1_000 {
        scene.peer.set_port(port);
        scene.now += 1;
        let _ = scene.request(&post(7, b"data"));
    }
    scene.peer = PEER.into();
    assert!(matches!(scene.send(&post(7, b"data")), Heard::Request(..)));
    assert!(scene.respond(exchange, Response::of(Code::CREATED)).is_some());
}

proptest! {
    #[test]
    fn damaged_requests_never_panic(datagrams in prop::collection::vec((any::<bool>(), 0_u32..40, 0_u8..16, prop::collection::vec((0_usize..30, any::<u8>()), 0..4)), 0..20)) {
        let mut scene = Scene::new();
        for (random, number, low, changes) in datagrams {
            let mut datagram = block(u16::try_from(number).unwrap(), number, low & 8 != 0, &vec![7; low.into()]);
            if random {
                datagram.clear();
                datagram.resize(20, low);
            }
            for (place, byte) in changes {
                if let Some(slot) = datagram.get_mut(place) {
                    *slot = byte;
                }
            }
            if let Heard::Request(_, _, exchange) = scene.send(&datagram) {
                let answer = scene.respond(exchange, Response::of(Code::CREATED));
                prop_assert_eq!(answer.is_some(), exchange.is_confirmable());
            }
        }
    }

    #[test]
    fn a_client_that_retransmits_over_a_lossy_link_delivers_its_body_once(
        length in 1_usize..600,
        losses in prop::collection::vec(any::<(bool, bool)>(), 200),
    ) {
        let body: Vec<u8> = (0..=255).cycle().take(length).collect();
        let last = length.div_ceil(16) - 1;
        let mut scene = Scene::new();
        let mut losses = losses.into_iter().chain(std::iter::repeat((false, false)));
        let mut delivered = Vec::new();
        for (number, part) in body.chunks(16).enumerate() {
            let number = u16::try_from(number).unwrap();
            let datagram = block(number, number.into(), usize::from(number) < last, part);
            loop {
                let (request_lost, reply_lost) = losses.next().unwrap();
                if request_lost {
                    continue;
                }
                let reply = match scene.send(&datagram) {
                    Heard::Reply(reply) => reply,
                    Heard::Request(_, payload, exchange) => {
                        delivered.push(payload);
                        scene.respond(exchange, Response::of(Code::CREATED)).unwrap()
                    }
                    Heard::Nothing => panic!(),
                };
                prop_assert_eq!(Reply::parse(&reply).unwrap().code.class(), 2);
                if !reply_lost {
                    break;
                }
            }
        }
        prop_assert_eq!(delivered, vec![body]);
    }
}
