use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const POST: &str = r#"{"measurements":[{
    "serial":"282C024FFFB1","response_handle":17,"battery":"ok","signal":-70,
    "measured_at":"2025-06-11 20:34:00 UTC","measurement_interval":180,"next_measurement_at":"2025-06-11 20:37:00",
    "params":[
        {"channel":2,"type":"humidity","value":57},
        {"channel":1,"type":"temperature","value":23.3},
        {"channel":3,"type":"open-close","value":"open"},
        {"channel":4,"type":"pressure_diff","value":-12},
        {"channel":5,"type":"current_precise","value":-0.001}
    ]}]}"#;

fn changed(pointer: &str, value: Value) -> Result<Vec<Entry>, GatewayError> {
    let mut post: Value = serde_json::from_str(POST).unwrap();
    *post.pointer_mut(&format!("/measurements/0{pointer}")).unwrap() = value;
    parse(post.to_string().as_bytes())
}

fn error(pointer: &str, value: Value) -> String {
    changed(pointer, value).unwrap_err().to_string()
}

fn raw_value(kind: &str, value: &str) -> i32 {
    let text =
        POST.replace(r#""type":"temperature","value":23.3"#, &format!(r#""type":"{kind}","value":{value}"#));
    let entries = parse(text.as_bytes()).unwrap();
    entries[0].uplink.channels[0].samples[0].reading.value().unwrap()
}

#[test]
fn a_post_is_read_as_it_was_measured() {
    let entries = parse(POST.as_bytes()).unwrap();
    let [Entry { response_handle: 17, uplink }] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(uplink.serial.to_string(), "282c024fffb1");
    assert_eq!((uplink.signal_dbm, uplink.battery.low), (Some(-70), false));
    assert_eq!(uplink.period.seconds(), 180);
    assert_eq!(uplink.next_transmission_at, Some("2025-06-11T20:37:00Z".parse().unwrap()));
    let shown = |channel: &Channel| {
        let [sample] = channel.samples.as_slice() else { panic!() };
        assert_eq!(sample.at, "2025-06-11T20:34:00Z".parse().unwrap());
        let value = channel.kind.read(sample.reading.value().unwrap()).value;
        format!("{} {} {value}", channel.position, channel.kind)
    };
    assert_eq!(
        uplink.channels.iter().map(shown).collect::<Vec<_>>(),
        [
            "1 temperature 23.3",
            "2 humidity 57",
            "3 ok_alarm 1",
            "4 differential_pressure -12",
            "5 current_precise -0.001"
        ]
    );
}

#[test]
fn all_forms_of_an_instant_are_the_same() {
    for form in [
        "2025-06-11 20:34:00 UTC",
        "2025-06-11 20:34:00",
        "2025-06-11T20:34:00Z",
        "2025-06-11T22:34:00+02:00",
    ] {
        let entries = changed("/measured_at", json!(form)).unwrap();
        let at = entries[0].uplink.channels[0].samples[0].at;
        assert_eq!(at, "2025-06-11T20:34:00Z".parse().unwrap(), "{form}");
    }
    for form in ["", "yesterday", "2025-06-11", "2025-06-31 00:00:00", "20:34:00"] {
        assert_eq!(error("/measured_at", json!(form)), "measurements[0].measured_at: malformed", "{form}");
    }
    assert_eq!(
        error("/measured_at", json!("1969-12-31 23:59:59")),
        "measurements[0].measured_at: out of range"
    );
}

#[test]
fn numbers_are_exact() {
    // In binary floating point, 1.005 × 1000 and 0.285 × 100 are a little less than they should be.
    assert_eq!(raw_value("current_precise", "1.005"), 1_005);
    assert_eq!(raw_value("percentage", "0.285"), 29);
    assert_eq!(raw_value("temperature", "-2.33e1"), -233);
    assert_eq!(raw_value("temperature", "\"23.3\""), 233);
    assert_eq!(raw_value("flooding", "\"dry\""), 0);
    assert_eq!(raw_value("output_control", "true"), 1);
    assert_eq!(raw_value("ok_alarm", "1"), 1);
}

#[test]
fn an_error_names_the_entry_and_the_field() {
    for (pointer, value, text) in [
        ("/serial", json!("282c"), "serial: malformed"),
        ("/serial", json!(null), "serial: missing"),
        ("/response_handle", json!(1.5), "response_handle: malformed"),
        ("/battery", json!("full"), "battery: unknown"),
        ("/signal", json!("loud"), "signal: malformed"),
        ("/measurement_interval", json!(-1), "measurement_interval: out of range"),
        ("/params", json!(null), "params: missing"),
        ("/params/1/channel", json!(7), "params[1].channel: out of range"),
        ("/params/1/channel", json!(2), "params[1].channel: repeated"),
        ("/params/1/type", json!("warmth"), "params[1].type: unknown"),
        ("/params/1/value", json!("warm"), "params[1].value: malformed"),
        ("/params/1/value", json!(null), "params[1].value: missing"),
        ("/params/1/value", json!(3e9), "params[1].value: the value is out of range"),
        (
            "/params/1/type",
            json!("pulse_cnt_acc_minor"),
            "params[1].value: a counter's parts are not plain values",
        ),
    ] {
        assert_eq!(error(pointer, value), format!("measurements[0].{text}"));
    }
    assert!(matches!(changed("", json!(5)), Err(GatewayError::Entry { index: 0, .. })));
    assert!(matches!(parse(b"[]"), Err(GatewayError::Json(_))));
}

#[test]
fn a_broken_entry_does_not_hold_up_the_others() {
    let mut post: Value = serde_json::from_str(POST).unwrap();
    let good = post["measurements"][0].clone();
    let mut broken = good.clone();
    broken["response_handle"] = json!(18);
    broken["battery"] = json!("full");
    post["measurements"] = json!([broken, good, 5]);
    let entries = parse_each(post.to_string().as_bytes()).unwrap();
    let shown = |entry: &Result<Entry, Rejected>| match entry {
        Ok(entry) => Ok(entry.response_handle),
        Err(rejected) => Err(rejected.response_handle),
    };
    assert_eq!(entries.iter().map(shown).collect::<Vec<_>>(), [Err(Some(18)), Ok(17), Err(None)]);
    assert!(parse(post.to_string().as_bytes()).is_err());
}

/// However its handle is written: without one the whole post would be refused, and come again and again.
#[test]
fn the_handle_of_a_broken_entry_is_read_as_that_of_a_good_one() {
    for (written, handle) in [
        ("18", Some(18)),
        ("18.0", Some(18)),
        ("\"18\"", Some(18)),
        ("9223372036854775807", Some(i64::MAX)),
        ("1.5", None),
        ("null", None),
    ] {
        let entry = |battery: &str| {
            let post: Value = serde_json::from_str(POST).unwrap();
            let mut entry = post["measurements"][0].clone();
            (entry["battery"], entry["response_handle"]) = (json!(battery), json!("HANDLE"));
            let text = json!({ "measurements": [entry] }).to_string().replace("\"HANDLE\"", written);
            parse_each(text.as_bytes()).unwrap().pop().unwrap()
        };
        assert_eq!(entry("full").unwrap_err().response_handle, handle, "{written}");
        assert_eq!(entry("ok").ok().map(|entry| entry.response_handle), handle, "{written}");
    }
}

#[test]
fn the_number_of_entries_is_bounded() {
    let post = json!({ "measurements": vec![0; MAX_ENTRIES + 1] }).to_string();
    assert!(matches!(parse(post.as_bytes()), Err(GatewayError::TooManyEntries { count: 10_001 })));
    assert_eq!(parse(br#"{"measurements":[]}"#).unwrap(), []);
}

#[test]
fn an_answer_lists_the_handles() {
    let answer = Answer { accepted: vec![17, -2], refused: vec![3] };
    assert_eq!(answer.to_json(), r#"{"Y":[17,-2],"N":[3]}"#);
    assert_eq!(Answer::default().to_json(), r#"{"Y":[],"N":[]}"#);
}

proptest! {
    #[test]
    fn damaged_posts_never_panic(changes in prop::collection::vec((0_usize..800, any::<u8>()), 0..6), cut in 0_usize..1_000) {
        let mut post = POST.as_bytes().to_vec();
        for (place, byte) in changes {
            if let Some(slot) = post.get_mut(place) {
                *slot = byte;
            }
        }
        post.truncate(cut.max(500));
        let _ = parse(&post);
    }
}
