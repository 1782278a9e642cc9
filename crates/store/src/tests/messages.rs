//! Messages that are not sealed yet, the sensors' states, and what sensors tell of themselves.

use tenure_domain::Instant;
use tenure_domain::measurement::{Battery, Channel, ChannelType, PowerSource, Reading, Sample};

use super::START;
use crate::device::{self, Document};
use crate::messages::{self, Fate, NewMessage, SensorState, Status, body};
use crate::on_both;
use crate::testing::TestDb;

pub(super) fn status(level: u16) -> Status {
    Status {
        battery: Battery { low: level < 200, centivolts: Some(level), source: Some(PowerSource::Battery) },
        signal_dbm: Some(-97),
        next_transmission_at: Some(START.plus_seconds(7_200)),
    }
}

pub(super) fn channel(position: u8, samples: &[(Instant, i32)]) -> Channel {
    let sample = |(at, raw): &(Instant, i32)| Sample { at: *at, reading: Reading::Value(*raw) };
    Channel { position, kind: ChannelType::Temperature, samples: samples.iter().map(sample).collect() }
}

pub(super) fn message(number: i64, sensor: i64, fate: Fate, channels: &[Channel]) -> NewMessage {
    let mut bytes = Vec::new();
    body(&status(u16::try_from(number).unwrap() + 100), fate, channels, &mut bytes);
    NewMessage {
        number,
        sensor,
        arrived: START.plus_seconds(number),
        saved: fate != Fate::Refused,
        body: bytes,
    }
}

pub(super) async fn append(test: &TestDb, new: Vec<NewMessage>) {
    let mut tx = test.db.begin().await.unwrap();
    messages::append(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
}

async fn messages_read_back_in_the_order_of_arrival_and_the_oldest_are_taken(test: TestDb) {
    let samples = [channel(1, &[(START, 215), (START.plus_seconds(60), 216)]), channel(2, &[(START, 40)])];
    let new = (1..=25).rev().map(|number| {
        let fate = [Fate::Saved, Fate::SavedLate, Fate::Refused][usize::try_from(number % 3).unwrap()];
        message(number, number % 4, fate, if fate == Fate::Refused { &[] } else { &samples })
    });
    append(&test, new.collect()).await;
    let mut tx = test.db.begin().await.unwrap();
    assert_eq!(messages::count(&mut tx).await.unwrap(), 25);
    let of_two = messages::of_sensors(&mut tx, &[1, 2]).await.unwrap();
    let numbers: Vec<i64> = of_two.iter().map(|message| message.number).collect();
    assert_eq!(numbers, (1..=25).filter(|number| [1, 2].contains(&(number % 4))).collect::<Vec<_>>());
    let second = &of_two[1];
    assert_eq!((second.number, second.sensor, second.fate), (2, 2, Fate::Refused));
    assert_eq!(
        (second.arrived, second.status, second.channels.len()),
        (START.plus_seconds(2), status(102), 0)
    );
    assert_eq!((of_two[0].fate, &of_two[0].channels[..]), (Fate::SavedLate, &samples[..]));
    assert_eq!(messages::of_sensors(&mut tx, &[]).await.unwrap(), []);

    let oldest = messages::take_oldest(&mut tx, 10).await.unwrap();
    assert_eq!(oldest.iter().map(|message| message.number).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    assert_eq!(messages::count(&mut tx).await.unwrap(), 15);
    assert_eq!(messages::take_oldest(&mut tx, 100).await.unwrap().len(), 15);
    assert_eq!(messages::take_oldest(&mut tx, 100).await.unwrap(), []);
}

async fn r27_the_state_counts_refused_messages_and_remembers_what_was_saved(test: TestDb) {
    let samples = [channel(1, &[(START, 215)])];
    append(
        &test,
        vec![
            message(1, 7, Fate::Saved, &samples),
            message(2, 7, Fate::Refused, &[]),
            message(3, 7, Fate::SavedLate, &samples),
            message(4, 7, Fate::Refused, &[]),
            message(5, 8, Fate::Refused, &[]),
        ],
    )
    .await;
    let at = |seconds: i64| START.plus_seconds(seconds);
    let expected = SensorState {
        last_seen: at(4),
        last_saved: Some(at(3)),
        status: status(104),
        refused: 2,
        refused_since: Some(at(2)),
    };
    for sealed in [false, true] {
        let mut tx = test.db.read().await.unwrap();
        let states = messages::states(&mut tx, &[7, 8, 9]).await.unwrap();
        tx.roll_back().await.unwrap();
        assert_eq!(states.len(), 2);
        assert_eq!(states[&7], expected, "sealed: {sealed}");
        assert_eq!(
            (states[&8].last_saved, states[&8].refused_since),
            (None, Some(at(5))),
            "sealed: {sealed}"
        );
        assert_eq!(test.db.seal_some().await.unwrap(), if sealed { 0 } else { 5 });
    }
    append(&test, vec![message(6, 7, Fate::Refused, &[]), message(7, 8, Fate::Saved, &samples)]).await;
    let mut tx = test.db.read().await.unwrap();
    let states = messages::states(&mut tx, &[7, 8]).await.unwrap();
    assert_eq!((states[&7].refused, states[&7].refused_since), (3, Some(at(2))), "sealed and hot together");
    assert_eq!((states[&8].refused, states[&8].refused_since), (0, None), "covered again");
}

async fn a_damaged_body_is_an_error_that_names_its_column(test: TestDb) {
    let mut new = message(1, 7, Fate::Saved, &[]);
    new.body = vec![0, 99];
    append(&test, vec![new]).await;
    let mut tx = test.db.read().await.unwrap();
    let error = messages::of_sensors(&mut tx, &[7]).await.unwrap_err();
    assert!(error.to_string().starts_with("column body holds"), "{error}");
}

async fn the_latest_document_of_each_kind_is_kept(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    for (seconds, json) in [(1, r#"{"hw":1}"#), (2, r#"{"hw":2,"name":"Łódź"}"#)] {
        device::keep(&mut tx, 7, Document::Info, START.plus_seconds(seconds), json).await.unwrap();
    }
    device::keep(&mut tx, 7, Document::Configuration, START, "{}").await.unwrap();
    let info = device::get(&mut tx, 7, Document::Info).await.unwrap();
    assert_eq!(info, Some((START.plus_seconds(2), r#"{"hw":2,"name":"Łódź"}"#.to_owned())));
    assert_eq!(
        device::get(&mut tx, 7, Document::Configuration).await.unwrap(),
        Some((START, "{}".to_owned()))
    );
    assert_eq!(device::get(&mut tx, 8, Document::Info).await.unwrap(), None);
}

on_both!(
    messages_read_back_in_the_order_of_arrival_and_the_oldest_are_taken,
    r27_the_state_counts_refused_messages_and_remembers_what_was_saved,
    a_damaged_body_is_an_error_that_names_its_column,
    the_latest_document_of_each_kind_is_kept,
);
