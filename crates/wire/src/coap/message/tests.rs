use std::collections::LinkedList;

use coap_lite::{CoapOption, MessageClass, MessageType, Packet};
use proptest::prelude::*;

use super::*;

type Parts = (Type, Code, u16, Vec<u8>, Vec<(u16, Vec<u8>)>, Vec<u8>);

fn any_message() -> impl Strategy<Value = Parts> {
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(any::<u8>(), 260..290),
        prop::collection::vec(any::<u8>(), 12..14),
    ];
    let number = prop_oneof![0_u16..40, any::<u16>()];
    (
        (0_u8..4).prop_map(Type::from_bits),
        prop::sample::select(vec![Code::GET, Code::POST, Code::CREATED, Code::CONTINUE, Code::new(5, 3)]),
        any::<u16>(),
        prop::collection::vec(any::<u8>(), 0..=8),
        prop::collection::vec((number, value), 0..6).prop_map(|mut options| {
            options.sort_by_key(|(number, _)| *number);
            options
        }),
        prop::collection::vec(any::<u8>(), 0..60),
    )
}

fn encoded((kind, code, id, token, options, payload): &Parts) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, *kind, *code, *id, Token::new(token).unwrap());
    for (number, value) in options {
        encoder.option(*number, value);
    }
    encoder.payload(payload);
    out
}

/// What our parser reads is what the other parser reads.
fn agrees_with_the_oracle(datagram: &[u8]) {
    let Ok(ours) = Message::parse(datagram) else {
        return;
    };
    let theirs = Packet::from_bytes(datagram).unwrap();
    let kind = match theirs.header.get_type() {
        MessageType::Confirmable => Type::Confirmable,
        MessageType::NonConfirmable => Type::NonConfirmable,
        MessageType::Acknowledgement => Type::Acknowledgement,
        MessageType::Reset => Type::Reset,
    };
    assert_eq!((ours.kind, ours.id), (kind, theirs.header.message_id));
    assert_eq!(ours.code.to_string(), theirs.header.get_code());
    assert_eq!(ours.token.bytes(), theirs.get_token());
    assert_eq!(ours.payload, theirs.payload);
    let mut options = Vec::new();
    for (number, values) in theirs.options() {
        options.extend(values.iter().map(|value| (*number, value.clone())));
    }
    assert_eq!(ours.options().map(|(number, value)| (number, value.to_vec())).collect::<Vec<_>>(), options);
}

proptest! {
    #[test]
    fn what_is_encoded_is_parsed(parts in any_message()) {
        let datagram = encoded(&parts);
        let message = Message::parse(&datagram).unwrap();
        let (kind, code, id, token, options, payload) = parts;
        prop_assert_eq!((message.kind, message.code, message.id), (kind, code, id));
        prop_assert_eq!(message.token.bytes(), token);
        prop_assert_eq!(message.options().map(|(number, value)| (number, value.to_vec())).collect::<Vec<_>>(), options);
        prop_assert_eq!(message.payload, payload);
        agrees_with_the_oracle(&datagram);
    }

    #[test]
    fn what_another_encoder_writes_is_parsed((id, token, path, payload) in (any::<u16>(), prop::collection::vec(any::<u8>(), 0..=8), "[a-z]{1,20}", prop::collection::vec(any::<u8>(), 1..40))) {
        let mut packet = Packet::new();
        packet.header.message_id = id;
        packet.header.code = MessageClass::Request(coap_lite::RequestType::Post);
        packet.set_token(token.clone());
        packet.set_option(CoapOption::UriPath, LinkedList::from([path.clone().into_bytes()]));
        packet.payload = payload.clone();
        let datagram = packet.to_bytes().unwrap();
        let message = Message::parse(&datagram).unwrap();
        prop_assert_eq!((message.id, message.token.bytes(), message.payload), (id, token.as_slice(), payload.as_slice()));
        prop_assert_eq!(message.options().collect::<Vec<_>>(), vec![(11, path.as_bytes())]);
    }

    #[test]
    fn damaged_messages_never_panic_and_are_not_read_differently(parts in any_message(), changes in prop::collection::vec((0_usize..40, any::<u8>()), 1..5), cut in 0_usize..20) {
        let mut datagram = encoded(&parts);
        for (place, byte) in changes {
            if let Some(slot) = datagram.get_mut(place) {
                *slot = byte;
            }
        }
        datagram.truncate(datagram.len().saturating_sub(cut));
        agrees_with_the_oracle(&datagram);
    }

    #[test]
    fn random_bytes_never_panic(datagram in prop::collection::vec(any::<u8>(), 0..60)) {
        agrees_with_the_oracle(&datagram);
    }
}

fn format_error(kind: Type) -> Result<Message<'static>, Malformed> {
    Err(Malformed::Format { kind, id: 0x1234 })
}

#[test]
fn tokens_beyond_eight_bytes_are_a_format_error() {
    for length in 9..=15 {
        let mut datagram = vec![0x40 | length, 0x02, 0x12, 0x34];
        datagram.extend([0; 15]);
        assert_eq!(Message::parse(&datagram), format_error(Type::Confirmable), "{length}");
    }
    assert_eq!(Token::new(&[0; 9]), None);
}

#[test]
fn other_versions_and_short_datagrams_are_no_coap() {
    for datagram in [&[0x80, 0x02, 0x12, 0x34][..], &[0x00, 0x02, 0x12, 0x34], &[0x40, 0x02, 0x12], &[]] {
        assert_eq!(Message::parse(datagram), Err(Malformed::NotCoap));
    }
}

#[test]
fn each_format_error_is_found() {
    for (rest, why) in [
        (&[0xff_u8][..], "a payload marker without a payload"),
        (&[0xf0], "a delta of 15"),
        (&[0x0f], "a length of 15"),
        (&[0xd0], "a delta that ends too early"),
        (&[0x01], "a value that ends too early"),
        (&[0xe0, 0xff, 0xff], "an option number beyond 65535"),
    ] {
        let mut datagram = vec![0x50, 0x02, 0x12, 0x34];
        datagram.extend(rest);
        assert_eq!(Message::parse(&datagram), format_error(Type::NonConfirmable), "{why}");
    }
    assert_eq!(
        Message::parse(&[0x41, 0x00, 0x12, 0x34, 0x01]),
        format_error(Type::Confirmable),
        "an empty message"
    );
    assert_eq!(
        Message::parse(&[0x40, 0x21, 0x12, 0x34]),
        format_error(Type::Confirmable),
        "a reserved class"
    );
    assert!(Message::parse(&[0x40, 0x00, 0x12, 0x34]).is_ok());
}
