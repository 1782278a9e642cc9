use data_encoding::HEXLOWER_PERMISSIVE;
use proptest::prelude::*;
use tenure_domain::Serial;

use super::*;

/// Captured in 2025: two channels of two samples, and an explicit empty token.
const FRAME_A: &str = "0a06282c02424eed1001183c220f080110b8d0a7c20620d2032a020000220e080210b8d0a7c20620722a0200002896d5a7c20640014809820100";
/// Captured in 2021: two channels of ten samples, a signal and a token.
const FRAME_C: &str = "0a06282c02403cf61001183c2217080110f48cf386062096042a0a000000000000000000002216080210f48cf3860620642a0a0000000000000000000028ed98f38606381a4001482582010f343930313534323033323337353138";
/// Temperatures and an error.
const WITH_ERROR: &str = "0a06282c020000011001183c221308011094affefd0520c8012a061e289affff074001";
/// Alarm, OK, alarm.
const BINARY: &str = "0a06282c0200000210011801220d08051094affefd052a0302111a400e";

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Each sample as seconds after the first one, and its value as text.
fn shown(channel: &Channel) -> Vec<(i64, String)> {
    let first = channel.samples[0].at;
    let text = |reading| match reading {
        Reading::Value(raw) => channel.kind.read(raw).value.to_string(),
        Reading::Error(code) => format!("error {code}"),
    };
    channel.samples.iter().map(|s| (s.at.micros_since(first) / 1_000_000, text(s.reading))).collect()
}

fn proto(change: impl FnOnce(&mut Measurements)) -> Result<Uplink, DecodeError> {
    let mut message = Measurements {
        serial_number: vec![0x28, 0x2c, 2, 0, 0, 1],
        measurement_period_base: 60,
        channels: vec![MeasuredChannel { r#type: 1, timestamp: 1_606_391_700, ..Default::default() }],
        ..Default::default()
    };
    change(&mut message);
    decode(&message.encode_to_vec())
}

fn reason(result: Result<Uplink, DecodeError>) -> ChannelError {
    match result {
        Err(DecodeError::Channel { position: 1, reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn frame_a_is_read_as_it_was_measured() {
    let uplink = decode(&bytes(FRAME_A)).unwrap();
    assert_eq!(uplink.serial.to_string(), "282c02424eed");
    assert_eq!(uplink.device_token, None, "an explicit empty token is no token");
    assert_eq!(uplink.battery, Battery { low: false, centivolts: None, source: None });
    assert_eq!(uplink.signal_dbm, None);
    assert_eq!(uplink.next_transmission_at, Some(at("2025-06-11T20:44:06Z")));
    assert_eq!(uplink.period, Period { base_seconds: 60, factor: 1 });
    assert_eq!((uplink.configuration_hash, uplink.transfer_reason), (Some(9), TransferReason(0)));
    let [temperature, humidity] = uplink.channels.as_slice() else { panic!() };
    assert_eq!((temperature.position, temperature.kind), (1, ChannelType::Temperature));
    assert_eq!((humidity.position, humidity.kind), (2, ChannelType::Humidity));
    assert_eq!(temperature.samples[0].at, at("2025-06-11T20:34:00Z"));
    assert_eq!(shown(temperature), [(0, "23.3".to_owned()), (60, "23.3".to_owned())]);
    assert_eq!(shown(humidity), [(0, "57".to_owned()), (60, "57".to_owned())]);
}

#[test]
fn frame_c_is_read_and_written_back_byte_for_byte() {
    let frame = bytes(FRAME_C);
    let uplink = decode(&frame).unwrap();
    assert_eq!(uplink.serial.to_string(), "282c02403cf6");
    assert_eq!(uplink.device_token.as_deref(), Some("490154203237518"));
    assert_eq!((uplink.signal_dbm, uplink.configuration_hash), (Some(-84), Some(37)));
    assert_eq!(uplink.next_transmission_at, Some(at("2021-06-30T19:56:29Z")));
    let [temperature, humidity] = uplink.channels.as_slice() else { panic!() };
    assert_eq!(temperature.samples[0].at, at("2021-06-30T19:31:00Z"));
    assert_eq!(shown(temperature), (0..10).map(|i| (i * 60, "26.7".to_owned())).collect::<Vec<_>>());
    assert_eq!(shown(humidity), (0..10).map(|i| (i * 60, "50".to_owned())).collect::<Vec<_>>());
    assert_eq!(encode(&uplink).unwrap(), frame);
}

#[test]
fn an_error_code_is_an_error_and_the_start_point_is_not_added() {
    let uplink = decode(&bytes(WITH_ERROR)).unwrap();
    let expected = [(0, "11.5".to_owned()), (60, "12.0".to_owned()), (120, "error 8388557".to_owned())];
    assert_eq!(shown(&uplink.channels[0]), expected);
    assert_eq!(decode(&encode(&uplink).unwrap()), Ok(uplink));
}

#[test]
fn a_binary_channel_keeps_its_changes_and_the_end_of_its_range() {
    let uplink = decode(&bytes(BINARY)).unwrap();
    assert_eq!(uplink.channels[0].kind, ChannelType::OkAlarm);
    assert_eq!(shown(&uplink.channels[0]), [(0, "1".to_owned()), (8, "0".to_owned()), (12, "1".to_owned())]);
    assert_eq!(uplink.period, Period { base_seconds: 1, factor: 14 });
    assert_eq!(encode(&uplink).unwrap(), bytes(BINARY));
}

#[test]
fn a_missing_factor_is_14_with_a_binary_channel_and_1_without() {
    assert_eq!(proto(|_| {}).unwrap().period.seconds(), 60);
    let mixed = proto(|message| {
        message.channels.push(MeasuredChannel { r#type: 5, ..Default::default() });
    });
    assert_eq!(mixed.unwrap().period, Period { base_seconds: 60, factor: 14 });
}

#[test]
fn an_empty_channel_keeps_the_positions_of_those_after_it() {
    let uplink = proto(|message| {
        message.channels.insert(0, MeasuredChannel::default());
        message.channels.insert(0, MeasuredChannel::default());
    });
    let uplink = uplink.unwrap();
    assert_eq!(uplink.channels.iter().map(|channel| channel.position).collect::<Vec<_>>(), [3]);
}

#[test]
fn the_battery_level_holds_volts_and_source() {
    let battery = |level| proto(|message| message.battery_level = level).unwrap().battery;
    let charging = battery(2_474);
    assert_eq!((charging.centivolts, charging.source), (Some(412), Some(PowerSource::Charging)));
    let unmeasured = battery(10_921 * 6 + 1);
    assert_eq!((unmeasured.centivolts, unmeasured.source), (None, Some(PowerSource::Rechargeable)));
    assert_eq!(battery(0).source, None);
    assert!(battery(0).low);
}

#[test]
fn a_signal_of_0_or_99_is_not_known() {
    let signal = |signal| proto(|message| message.signal = signal).unwrap().signal_dbm;
    assert_eq!([0, 1, 63, 64, 99, u32::MAX].map(signal), [None, Some(-109), Some(-47), None, None, None]);
}

#[test]
fn what_is_out_of_bounds_is_refused_with_its_reason() {
    assert_eq!(proto(|m| m.serial_number.truncate(5)), Err(DecodeError::Serial { length: 5 }));
    assert_eq!(
        proto(|m| m.channels.resize(7, MeasuredChannel::default())),
        Err(DecodeError::TooManyChannels { count: 7 })
    );
    let period = DecodeError::Period { base: 65_536, factor: 0 };
    assert_eq!(proto(|m| m.measurement_period_base = 65_536), Err(period));
    assert_eq!(reason(proto(|m| m.channels[0].r#type = 44)), ChannelError::UnknownType(44));
    assert_eq!(reason(proto(|m| m.channels[0].r#type = -1)), ChannelError::UnknownType(-1));
    assert_eq!(
        reason(proto(|m| m.channels[0].sample_offsets = vec![0; 4_097])),
        ChannelError::TooManySamples(4_097)
    );
    let before_1970 = proto(|m| {
        m.channels[0].timestamp = -1;
        m.channels[0].sample_offsets = vec![0];
    });
    assert_eq!(reason(before_1970), ChannelError::Time);
    let after_2106 = proto(|m| {
        m.measurement_period_base = 65_535;
        m.measurement_period_factor = 65_535;
        m.channels[0].sample_offsets = vec![0, 0];
    });
    assert_eq!(reason(after_2106), ChannelError::Time);
    let overflow = proto(|m| {
        m.channels[0].start_point = i32::MAX;
        m.channels[0].sample_offsets = vec![1];
    });
    assert_eq!(reason(overflow), ChannelError::Value);
    let stateless = proto(|m| {
        m.channels[0].r#type = 5;
        m.channels[0].sample_offsets = vec![1, 0];
    });
    assert_eq!(reason(stateless), ChannelError::BinaryOffset);
    assert!(matches!(decode(&[0xff; 20]), Err(DecodeError::Protobuf(_))));
}

#[test]
fn an_uplink_that_no_sensor_can_send_is_not_encoded() {
    let uplink = decode(&bytes(FRAME_C)).unwrap();
    let changed = |change: &dyn Fn(&mut Uplink)| {
        let mut uplink = uplink.clone();
        change(&mut uplink);
        encode(&uplink)
    };
    assert_eq!(changed(&|u| u.channels.reverse()), Err(EncodeError::Position));
    assert_eq!(changed(&|u| u.channels[1].position = 7), Err(EncodeError::Position));
    assert_eq!(changed(&|u| u.period.base_seconds = 61), Err(EncodeError::Time));
    assert_eq!(changed(&|u| u.channels[0].samples[0].at = Instant::from_micros(1)), Err(EncodeError::Time));
    assert_eq!(changed(&|u| u.channels[0].samples[1].reading = Reading::Error(5)), Err(EncodeError::Value));
    assert_eq!(
        changed(&|u| u.channels[0].samples[1].reading = Reading::Value(267 + 8_355_840)),
        Err(EncodeError::Value)
    );
}

fn any_samples(kind: ChannelType, step: i64) -> impl Strategy<Value = Vec<Sample>> {
    let raw = if kind.is_binary() { 0..=1 } else { -100_000..=100_000 };
    let reading = prop_oneof![
        9 => raw.prop_map(Reading::Value),
        1 => (8_355_840..=8_388_607).prop_map(Reading::Error),
    ];
    let first = 0_i64..=2_000_000_000;
    (first, prop::collection::vec((reading, 0_i64..500), 0..20)).prop_map(move |(first, readings)| {
        let mut at = first;
        let mut samples: Vec<Sample> = Vec::new();
        for (reading, gap) in readings {
            // An error on a binary channel has the time of the sample before it.
            let stays = kind.is_binary() && matches!(reading, Reading::Error(_));
            let step = if kind.is_binary() { gap } else { step };
            at += if samples.is_empty() || stays { 0 } else { step };
            samples.push(Sample { at: Instant::from_seconds(at), reading });
        }
        samples
    })
}

fn any_uplink() -> impl Strategy<Value = Uplink> {
    let channels = |step: i64| {
        prop::collection::btree_map(1_u8..=6, 1_u8..44, 0..6).prop_flat_map(move |kinds| {
            let one = |(position, kind): (u8, u8)| {
                let kind = ChannelType::from_number(kind).unwrap();
                any_samples(kind, step).prop_map(move |samples| Channel { position, kind, samples })
            };
            kinds.into_iter().map(one).collect::<Vec<_>>()
        })
    };
    let level = prop_oneof![Just(None), (prop::option::of(1_u16..10_921), 0_u32..4).prop_map(Some)];
    let head = (
        any::<[u8; 6]>(),
        prop::option::of("[a-z0-9]{1,36}"),
        any::<bool>(),
        level,
        prop::option::of(-109_i16..=-47),
    );
    let tail = (prop::option::of(1..u32::MAX), prop::option::of(1..u32::MAX), any::<u32>());
    (1_u32..3_600, 1_u32..20).prop_flat_map(move |(base_seconds, factor)| {
        let period = Period { base_seconds, factor };
        (head.clone(), tail.clone(), channels(period.seconds().into())).prop_map(
            move |(head, tail, channels)| {
                let (serial, device_token, low, level, signal_dbm) = head;
                let (next, hash, reason) = tail;
                let source = level.map(|(_, source)| battery(false, 6 * NO_VOLTAGE + source).source.unwrap());
                Uplink {
                    serial: Serial::from_bytes(serial),
                    device_token,
                    battery: Battery { low, centivolts: level.and_then(|(volts, _)| volts), source },
                    signal_dbm,
                    next_transmission_at: next.map(|next| Instant::from_seconds(next.into())),
                    period,
                    configuration_hash: hash,
                    extended_configuration_hash: hash.map(|hash| hash ^ 1).filter(|hash| *hash != 0),
                    transfer_reason: TransferReason(reason),
                    channels,
                }
            },
        )
    })
}

/// What is scanned is what prost reads; whether it was scanned.
fn scans_like_prost(body: &[u8]) -> bool {
    let Some(scanned) = Frame::scan(body) else {
        return false;
    };
    let message = Measurements::decode(body).unwrap();
    let read = Frame::of(&message).unwrap();
    for (ours, theirs) in scanned.channels().iter().zip(read.channels()) {
        assert_eq!(ours.offsets.collect::<Vec<_>>(), theirs.offsets.collect::<Vec<_>>());
        assert_eq!(ours.offsets.length(), theirs.offsets.length());
    }
    assert_eq!(scanned, read);
    true
}

#[test]
fn what_sensors_send_is_scanned_without_prost() {
    for frame in [FRAME_A, FRAME_C, WITH_ERROR, BINARY] {
        assert!(scans_like_prost(&bytes(frame)));
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_scanned(uplink in any_uplink()) {
        prop_assert!(scans_like_prost(&encode(&uplink).unwrap()));
    }

    #[test]
    fn what_is_encoded_is_decoded(uplink in any_uplink()) {
        prop_assert_eq!(decode(&encode(&uplink).unwrap()), Ok(uplink));
    }

    #[test]
    fn damaged_frames_never_panic(frame in 0_usize..4, cut in 0_usize..100, changes in prop::collection::vec((0_usize..100, any::<u8>()), 0..6)) {
        let mut frame = bytes([FRAME_A, FRAME_C, WITH_ERROR, BINARY][frame]);
        for (place, byte) in changes {
            if let Some(slot) = frame.get_mut(place) {
                *slot = byte;
            }
        }
        frame.truncate(frame.len().max(cut) - cut / 3);
        scans_like_prost(&frame);
        if let Ok(uplink) = decode(&frame) {
            let _ = encode(&uplink);
        }
    }

    #[test]
    fn random_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        scans_like_prost(&body);
        let _ = (decode(&body), crate::device_info::DeviceInfo::decode(&body), crate::configuration::Configuration::decode(&body));
    }
}
