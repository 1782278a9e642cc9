//! Sealing, and reading what is sealed and what is not.

use tenure_domain::Instant;
use tenure_domain::measurement::{Reading, Sample};

use super::START;
use super::messages::{append, channel, message};
use crate::history::{self, Series};
use crate::messages::{self, Fate};
use crate::on_both;
use crate::testing::TestDb;

const HOUR: i64 = 3_600;

/// The instants, in hours after [`START`], and values that are read of channel 1.
async fn read(test: &TestDb, from: Instant, to: Instant) -> Vec<(i64, i32)> {
    let mut tx = test.db.read().await.unwrap();
    let series = history::read(&mut tx, 7, Some(1), from, to).await.unwrap();
    tx.roll_back().await.unwrap();
    let value = |sample: &Sample| {
        let micros = sample.at.micros_since(START);
        assert_eq!(micros % (HOUR * 1_000_000), 0);
        (micros / (HOUR * 1_000_000), sample.reading.value().unwrap())
    };
    series.iter().flat_map(|series| series.samples.iter().map(value)).collect()
}

fn hour(number: i64) -> Instant {
    START.plus_seconds(HOUR * number)
}

fn samples(hours: std::ops::Range<i64>, value: i32) -> Vec<(Instant, i32)> {
    hours.map(|number| (hour(number), value)).collect()
}

/// Three days of samples, the second message being resent with other values for what came before.
async fn the_same_is_read_hot_sealed_and_half_sealed(test: TestDb) {
    let saved = |number: i64, hours, value| {
        let late = channel(2, &[(hour(5), 1)]);
        message(number, 7, Fate::Saved, &[channel(1, &samples(hours, value)), late])
    };
    append(&test, vec![saved(1, 0..30, 1), saved(2, 25..60, 2)]).await;
    append(&test, vec![message(3, 8, Fate::Saved, &[channel(1, &samples(0..99, 9))])]).await;
    let whole: Vec<(i64, i32)> =
        (0..30).map(|hour| (hour, 1)).chain((30..60).map(|hour| (hour, 2))).collect();
    let check = |whole: Vec<(i64, i32)>, label: &'static str| {
        let test = test.clone();
        async move {
            assert_eq!(read(&test, hour(-99), hour(99)).await, whole, "{label}");
            assert_eq!(read(&test, hour(10), hour(50)).await, whole[10..50], "{label}: half-open");
            let barely = (hour(10).plus_micros(1), hour(50).plus_micros(1));
            assert_eq!(read(&test, barely.0, barely.1).await, whole[11..51], "{label}: a microsecond later");
            let end = i64::try_from(whole.len()).unwrap();
            assert_eq!(read(&test, hour(end), hour(99)).await, [], "{label}");
            assert_eq!(read(&test, hour(-9), hour(0)).await, [], "{label}");
        }
    };
    check(whole.clone(), "hot").await;
    assert_eq!(test.db.seal_some().await.unwrap(), 3);
    check(whole.clone(), "sealed").await;
    // A resend, and what is new, after sealing.
    append(&test, vec![saved(4, 50..70, 3)]).await;
    let whole: Vec<(i64, i32)> = whole.into_iter().chain((60..70).map(|hour| (hour, 3))).collect();
    check(whole.clone(), "both").await;
    assert_eq!(test.db.seal_some().await.unwrap(), 1);
    assert_eq!(test.db.seal_some().await.unwrap(), 0);
    check(whole, "sealed again").await;

    let mut tx = test.db.read().await.unwrap();
    assert_eq!(messages::count(&mut tx).await.unwrap(), 0);
    let all = history::read(&mut tx, 7, None, hour(-99), hour(99)).await.unwrap();
    assert_eq!(
        all.iter().map(|series| (series.channel, series.samples.len())).collect::<Vec<_>>(),
        [(1, 70), (2, 1)]
    );
    assert_eq!(history::read(&mut tx, 7, Some(3), hour(-99), hour(99)).await.unwrap(), []);
    assert_eq!(history::read(&mut tx, 9, None, hour(-99), hour(99)).await.unwrap(), []);
    tx.roll_back().await.unwrap();
    let days: std::collections::BTreeSet<i64> =
        (0..70).map(|number| hour(number).as_micros().div_euclid(86_400_000_000)).collect();
    let chunks = test.dump().await["chunks"]
        .iter()
        .filter(|row| row.starts_with("sensor='7' channel='1'") || row.starts_with("sensor=7 channel=1"))
        .count();
    assert_eq!(chunks, days.len(), "one chunk a day");
}

/// The last change of a binary channel and the state at its end may fall on one instant: both stay.
async fn two_samples_of_one_message_at_one_instant_stay_two(test: TestDb) {
    let twice = [(hour(0), 0), (hour(1), 1), (hour(1), 0)];
    let expected = [(0, 0), (1, 1), (1, 0)];
    append(&test, vec![message(1, 7, Fate::Saved, &[channel(1, &twice)])]).await;
    append(&test, vec![message(2, 7, Fate::Saved, &[channel(1, &twice)])]).await;
    assert_eq!(read(&test, hour(-1), hour(9)).await, expected, "hot");
    test.db.seal_some().await.unwrap();
    assert_eq!(read(&test, hour(-1), hour(9)).await, expected, "sealed");
    append(&test, vec![message(3, 7, Fate::Saved, &[channel(1, &twice)])]).await;
    assert_eq!(read(&test, hour(-1), hour(9)).await, expected, "resent after sealing");
    test.db.seal_some().await.unwrap();
    assert_eq!(read(&test, hour(-1), hour(9)).await, expected, "sealed again");
}

async fn messages_that_come_out_of_order_are_put_in_order(test: TestDb) {
    let later = message(1, 7, Fate::Saved, &[channel(1, &samples(20..40, 1))]);
    let earlier = message(2, 7, Fate::Saved, &[channel(1, &samples(0..25, 2))]);
    let between = message(3, 7, Fate::Refused, &[]);
    append(&test, vec![later, earlier, between]).await;
    let expected: Vec<(i64, i32)> =
        (0..20).map(|hour| (hour, 2)).chain((20..40).map(|hour| (hour, 1))).collect();
    assert_eq!(read(&test, hour(0), hour(40)).await, expected);
    test.db.seal_some().await.unwrap();
    assert_eq!(read(&test, hour(0), hour(40)).await, expected);
}

/// More messages than are sealed at once, of many sensors, by two processes: all of them once.
async fn sealing_at_once_on_two_nodes_seals_each_message_once(test: TestDb) {
    let new: Vec<_> = (1..=4_100)
        .map(|number| {
            let sensor = number % 700;
            let mut new =
                message(number % 1_000 + 1, sensor, Fate::Saved, &[channel(1, &[(hour(number), 5)])]);
            new.number = number;
            new
        })
        .collect();
    append(&test, new).await;
    let nodes: Vec<_> = (0..3)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move {
                let db = test.again().await;
                let mut sealed = 0;
                loop {
                    match db.seal_some().await.unwrap() {
                        0 => return sealed,
                        some => sealed += some,
                    }
                }
            })
        })
        .collect();
    let mut sealed = 0;
    for node in nodes {
        sealed += node.await.unwrap();
    }
    assert_eq!(sealed, 4_100);
    let mut tx = test.db.read().await.unwrap();
    let mut read = 0;
    for sensor in 0..700 {
        for series in history::read(&mut tx, sensor, None, hour(0), hour(5_000)).await.unwrap() {
            read += series.samples.len();
        }
    }
    assert_eq!(read, 4_100);
}

async fn a_history_from_elsewhere_joins_what_is_there(test: TestDb) {
    append(&test, vec![message(1, 7, Fate::Saved, &[channel(1, &samples(10..20, 1))])]).await;
    test.db.seal_some().await.unwrap();
    let kind = channel(1, &[]).kind;
    let samples: Vec<Sample> =
        (0..100).map(|number| Sample { at: hour(number), reading: Reading::Value(2) }).collect();
    test.db.add_history(7, vec![Series { channel: 1, kind, samples }]).await.unwrap();
    let values = read(&test, hour(0), hour(100)).await;
    assert_eq!(values.len(), 100);
    assert!(values.iter().all(|(hour, value)| *value == if (10..20).contains(hour) { 1 } else { 2 }));
}

on_both!(
    the_same_is_read_hot_sealed_and_half_sealed,
    two_samples_of_one_message_at_one_instant_stay_two,
    messages_that_come_out_of_order_are_put_in_order,
    sealing_at_once_on_two_nodes_seals_each_message_once,
    a_history_from_elsewhere_joins_what_is_there,
);
