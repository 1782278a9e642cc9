use proptest::prelude::*;

use super::*;
use crate::measurement::{Reading, Sample};

const START: Instant = Instant::from_seconds(1_900_000_000);

fn minute(minute: i64) -> Instant {
    START.plus_seconds(60 * minute)
}

fn above(threshold: &str, hysteresis: &str) -> Condition {
    let (threshold, hysteresis) = (threshold.parse().unwrap(), hysteresis.parse().unwrap());
    Condition::Above(Threshold { channel_type: ChannelType::Temperature, threshold, hysteresis })
}

/// A channel with tenths of a degree, a minute apart.
fn channel(position: u8, from: i64, tenths: &[i32]) -> Channel {
    let sample =
        |(place, raw): (i64, &i32)| Sample { at: minute(from + place), reading: Reading::Value(*raw) };
    Channel { position, kind: ChannelType::Temperature, samples: (0..).zip(tenths).map(sample).collect() }
}

fn heard(arrived: i64, kept: Kept, channels: &[Channel]) -> Heard<'_> {
    Heard { arrived: minute(arrived), kept, low_battery: false, channels }
}

fn told(events: &[Event]) -> Vec<String> {
    let minutes = |at: Instant| at.micros_since(START) / 60_000_000;
    let worst = |open: &Open| open.worst.map_or_else(String::new, |worst| worst.to_string());
    let tell = |event: &Event| match event {
        Event::Opened(open) => format!("{} opened {}", minutes(open.since), worst(open)),
        Event::GoesOn(open) => format!("goes on {}", worst(open)),
        Event::Closed { was, at } => format!("{} closed {}", minutes(*at), worst(was)),
    };
    events.iter().map(tell).collect()
}

#[test]
fn a_value_must_pass_the_threshold_and_come_back_by_the_hysteresis() {
    let mut watch = Watch::default();
    let channels = [channel(1, 0, &[80, 81, 90, 85, 76, 75, 80, 74])];
    let events = above("8", "0.5").step(&mut watch, &heard(10, Kept::All, &channels));
    assert_eq!(told(&events), ["1 opened 8.1", "goes on 9.0", "5 closed 9.0"]);
    assert_eq!(watch, Watch { judged: Some(minute(7)), state: State::Normal });

    let threshold = Threshold {
        channel_type: ChannelType::Temperature,
        threshold: "-18".parse().unwrap(),
        hysteresis: Decimal::new(0, 0),
    };
    let channels = [channel(1, 0, &[-180, -181, -200, -180])];
    let events = Condition::Below(threshold).step(&mut Watch::default(), &heard(10, Kept::All, &channels));
    assert_eq!(told(&events), ["1 opened -18.1", "goes on -20.0", "3 closed -20.0"]);
}

#[test]
fn samples_are_judged_in_the_order_of_their_own_time_and_late_ones_open_nothing() {
    let rule = above("8", "0");
    let mut watch = Watch::default();
    let channels = [channel(1, 10, &[90, 70])];
    assert_eq!(
        told(&rule.step(&mut watch, &heard(12, Kept::All, &channels))),
        ["10 opened 9.0", "11 closed 9.0"]
    );
    for late in [channel(1, 10, &[90, 70]), channel(1, 5, &[100, 100]), channel(1, 11, &[100])] {
        assert_eq!(told(&rule.step(&mut watch, &heard(13, Kept::All, &[late]))), [""; 0]);
    }
    let mut turned = channel(1, 12, &[90, 70]);
    turned.samples.reverse();
    let events = rule.step(&mut watch, &heard(14, Kept::All, &[turned]));
    assert_eq!(told(&events), ["12 opened 9.0", "13 closed 9.0"]);
}

#[test]
fn a_clock_that_is_ahead_opens_at_the_arrival_and_is_still_heard_when_it_is_set_right() {
    let rule = above("8", "0");
    let mut watch = Watch::default();
    let ahead = [channel(1, 1_000_000, &[90])];
    assert_eq!(told(&rule.step(&mut watch, &heard(1, Kept::All, &ahead))), ["1 opened 9.0"]);
    assert_eq!(watch.judged, Some(minute(1)));
    let events = rule.step(&mut watch, &heard(2, Kept::All, &[channel(1, 2, &[70])]));
    assert_eq!(told(&events), ["2 closed 9.0"]);
}

#[test]
fn an_alert_stays_open_until_all_channels_of_the_type_are_back() {
    let rule = above("8", "0");
    let mut watch = Watch::default();
    let channels = [channel(1, 0, &[90, 91, 70, 70]), channel(3, 0, &[70, 70, 95, 80])];
    let events = rule.step(&mut watch, &heard(5, Kept::All, &channels));
    assert_eq!(told(&events), ["0 opened 9.0", "goes on 9.1", "goes on 9.5", "3 closed 9.5"]);
    let humidity = Channel { kind: ChannelType::Humidity, ..channel(1, 10, &[90]) };
    assert_eq!(rule.step(&mut watch, &heard(10, Kept::All, &[humidity])), []);
}

#[test]
fn an_error_of_the_sensor_is_no_value() {
    let mut broken = channel(1, 0, &[0, 70]);
    broken.samples[0].reading = Reading::Error(8_388_000);
    assert_eq!(above("8", "0").step(&mut Watch::default(), &heard(5, Kept::All, &[broken])), []);
}

#[test]
fn r23_what_is_not_covered_starts_no_alert() {
    let rule = above("8", "0");
    for kept in [Kept::Late, Kept::Nothing] {
        let mut watch = Watch::default();
        assert_eq!(rule.step(&mut watch, &heard(1, kept, &[channel(1, 0, &[90])])), []);
        let low = Heard { low_battery: true, ..heard(1, kept, &[]) };
        assert_eq!(Condition::LowBattery.step(&mut watch, &low), []);
        assert_eq!(watch.state, State::Normal);
    }
}

#[test]
fn r28_an_open_alert_stays_open_and_closes_by_what_was_paid_for() {
    let rule = above("8", "0");
    let mut watch = Watch::default();
    rule.step(&mut watch, &heard(1, Kept::All, &[channel(1, 0, &[90])]));
    let open = watch;
    assert_eq!(rule.step(&mut watch, &heard(2, Kept::Nothing, &[])), []);
    assert_eq!(watch, open);
    let events = rule.step(&mut watch, &heard(3, Kept::Late, &[channel(1, 1, &[70])]));
    assert_eq!(told(&events), ["1 closed 9.0"]);
}

#[test]
fn a_low_battery_opens_once_and_closes_with_the_first_message_that_does_not_warn() {
    let mut watch = Watch::default();
    let mut told_of = |at: i64, low_battery: bool, kept: Kept| {
        told(&Condition::LowBattery.step(&mut watch, &Heard { low_battery, ..heard(at, kept, &[]) }))
    };
    assert_eq!(told_of(0, false, Kept::All), [""; 0]);
    assert_eq!(told_of(1, true, Kept::All), ["1 opened "]);
    assert_eq!(told_of(2, true, Kept::All), [""; 0]);
    assert_eq!(told_of(3, false, Kept::Nothing), [""; 0]);
    assert_eq!(told_of(4, false, Kept::All), ["4 closed "]);
}

#[test]
fn r27_a_lost_connection_closes_with_any_message_also_a_refused_one() {
    let rule = Condition::LostConnection { after_minutes: 60 };
    for kept in [Kept::All, Kept::Late, Kept::Nothing] {
        let open = Open { since: minute(60), over: Positions::default(), worst: None };
        let mut watch = Watch { judged: None, state: State::Open(open) };
        assert_eq!(told(&rule.step(&mut watch, &heard(75, kept, &[]))), ["75 closed "]);
        assert_eq!(rule.step(&mut watch, &heard(76, kept, &[])), []);
    }
}

#[test]
fn r27_a_connection_is_lost_at_the_instant_and_only_while_the_sensor_is_covered() {
    let hour = Condition::LostConnection { after_minutes: 60 }.silence_us().unwrap();
    let silence = Silence {
        last_seen: minute(0),
        heard_since: minute(-1_000),
        covered_from: minute(-1_000),
        covered_until: minute(10_000),
        ruled_since: minute(-1_000),
    };
    assert_eq!(silence.lost_at(hour), Some(minute(60)));
    // The service was away: the time begins anew with its start.
    assert_eq!(Silence { heard_since: minute(500), ..silence }.lost_at(hour), Some(minute(560)));
    // It was silent before: lost as soon as there is a rule, and cover.
    assert_eq!(Silence { ruled_since: minute(500), ..silence }.lost_at(hour), Some(minute(500)));
    assert_eq!(Silence { covered_from: minute(600), ..silence }.lost_at(hour), Some(minute(600)));
    for (until, lost) in [(-1, None), (0, None), (1, Some(minute(60)))] {
        let covered_until = minute(60).plus_micros(until);
        assert_eq!(Silence { covered_until, ..silence }.lost_at(hour), lost, "{until}");
    }
}

#[test]
fn a_condition_that_cannot_be_is_refused() {
    assert!(above("8.05", "0.5").checked().is_ok());
    assert!(Condition::LowBattery.checked().is_ok());
    assert!(Condition::LostConnection { after_minutes: 60 }.checked().is_ok());
    for (condition, field) in [
        (above("3000000000", "0"), "threshold"),
        (above("8", "-0.1"), "hysteresis"),
        (above("-200000000", "200000000"), "hysteresis"),
        (Condition::LostConnection { after_minutes: 0 }, "after_minutes"),
        (Condition::LostConnection { after_minutes: LONGEST_SILENCE_MINUTES + 1 }, "after_minutes"),
    ] {
        let refusal = condition.checked().unwrap_err();
        assert!(matches!(refusal, Refusal::Invalid { field: named, .. } if named == field), "{refusal}");
    }
    let typed = |channel_type, threshold: i64| Threshold {
        channel_type,
        threshold: Decimal::new(threshold, 0),
        hysteresis: Decimal::new(0, 0),
    };
    for (condition, fits) in [
        (Condition::Above(typed(ChannelType::Flooding, 0)), true),
        (Condition::Above(typed(ChannelType::Flooding, 1)), false),
        (Condition::Below(typed(ChannelType::OkAlarm, 1)), true),
        (Condition::Below(typed(ChannelType::OkAlarm, 0)), false),
        (Condition::Above(typed(ChannelType::Co2Gas, 1_200)), true),
        (Condition::Above(typed(ChannelType::WaterMeterAccMinor, 1)), false),
        (Condition::Above(typed(ChannelType::NoSensor, 1)), false),
    ] {
        assert_eq!(condition.checked().is_ok(), fits, "{condition:?}");
    }
}

proptest! {
    /// However a sensor cuts its samples into messages, and whatever it sends twice: the alerts are the same.
    #[test]
    fn the_cut_into_messages_and_what_comes_twice_change_nothing(
        tenths in prop::collection::vec(60_i32..100, 1..60),
        cuts in prop::collection::vec(1_usize..8, 1..60),
        again in prop::collection::vec(any::<bool>(), 60),
        hysteresis in 0_i64..10,
    ) {
        let threshold = Threshold {
            channel_type: ChannelType::Temperature,
            threshold: Decimal::new(8, 0),
            hysteresis: Decimal::new(hysteresis, 1),
        };
        let rule = Condition::Above(threshold);
        let mut whole = Watch::default();
        let expected = rule.step(&mut whole, &heard(100, Kept::All, &[channel(1, 0, &tenths)]));
        let (mut watch, mut events, mut from) = (Watch::default(), Vec::new(), 0_usize);
        for (cut, again) in cuts.iter().cycle().zip(again.iter().cycle()) {
            if from >= tenths.len() {
                break;
            }
            let to = (from + cut).min(tenths.len());
            let part = [channel(1, i64::try_from(from).unwrap(), &tenths[from..to])];
            events.extend(rule.step(&mut watch, &heard(100, Kept::All, &part)));
            if *again {
                prop_assert_eq!(rule.step(&mut watch, &heard(100, Kept::All, &part)), vec![]);
            }
            from = to;
        }
        prop_assert_eq!(events, expected);
        prop_assert_eq!(watch, whole);
    }
}
