//! Damaged messages: whatever arrives, no decoder panics, and what is read is consistent.

#![allow(clippy::unwrap_used)]

mod exercise;

use data_encoding::HEXLOWER;
use proptest::prelude::*;

const FRAMES: [&str; 4] = [
    "0a06282c02424eed1001183c220f080110b8d0a7c20620d2032a020000220e080210b8d0a7c20620722a0200002896d5a7c20640014809820100",
    "0a06282c02403cf61001183c2217080110f48cf386062096042a0a000000000000000000002216080210f48cf3860620642a0a0000000000000000000028ed98f38606381a4001482582010f343930313534323033323337353138",
    "0a06282c020000011001183c221308011094affefd0520c8012a061e289affff074001",
    "0a06282c0200000210011801220d08051094affefd052a0302111a400e",
];

const POST: &str = r#"{"measurements":[{"serial":"282C024FFFB1","response_handle":17,"battery":"ok","signal":-70,"measured_at":"2025-06-11 20:34:00 UTC","measurement_interval":180,"next_measurement_at":"2025-06-11 20:37:00","params":[{"channel":1,"type":"temperature","value":23.3},{"channel":2,"type":"open-close","value":"open"}]}]}"#;

/// A request to `m` with a token, and the same in two blocks of 16 bytes.
const CONVERSATION: &str = concat!(
    "0c00",
    "42020001cafeb16dff010203",
    "1c00",
    "42020002cafeb16dd10308ff00000000000000000000000000000000",
    "0f00",
    "42020003cafeb16dd10310ff010203",
);

fn damaged(original: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let place = 0..original.len();
    let change = (place, any::<u8>(), 0_u8..4);
    prop::collection::vec(change, 0..8).prop_map(move |changes| {
        let mut bytes = original.clone();
        for (place, byte, how) in changes {
            match how {
                0 if place < bytes.len() => drop(bytes.remove(place)),
                1 if place < bytes.len() => bytes.insert(place, byte),
                2 => bytes.truncate(bytes.len() - usize::from(byte % 8).min(bytes.len())),
                _ => bytes.iter_mut().skip(place).take(1).for_each(|slot| *slot = byte),
            }
        }
        bytes
    })
}

fn frame(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

#[test]
fn undamaged_everything_is_understood() {
    assert!(FRAMES.iter().all(|hex| exercise::measurements(&frame(hex)) == 1));
    assert_eq!(exercise::coap(&frame(CONVERSATION)), 2);
    assert_eq!(exercise::gateway(POST.as_bytes()), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn measurements(body in prop::sample::select(FRAMES.to_vec()).prop_flat_map(|hex| damaged(frame(hex)))) {
        exercise::measurements(&body);
    }

    #[test]
    fn coap(conversation in damaged(frame(CONVERSATION))) {
        exercise::coap(&conversation);
    }

    #[test]
    fn gateway(post in damaged(POST.as_bytes().to_vec())) {
        exercise::gateway(&post);
    }

    #[test]
    fn anything(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        exercise::measurements(&bytes);
        exercise::coap(&bytes);
        exercise::gateway(&bytes);
    }
}
