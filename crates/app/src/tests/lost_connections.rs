//! Lost connections (R27).

use tenure_domain::alert::{Because, Kept};
use tenure_domain::measurement::Battery;
use tenure_store::alert_rules::Watched;
use tenure_store::messages::{self, Fate, NewMessage, Status};
use tenure_store::on_both;

use super::alerts::{harbor, lost};
use super::*;
use crate::judge_alerts::Observed;

on_both!(
    r27_a_silent_sensor_is_lost_at_its_due_instant_and_once,
    r27_a_sensor_that_is_not_covered_is_not_lost,
    a_message_that_is_not_sealed_yet_breaks_the_silence,
    the_services_own_outage_is_no_silence,
    a_sensor_that_is_heard_again_closes_the_alert_that_its_message_crossed,
);

/// Since when the service hears, where that does not matter.
const LONG_AGO: Instant = Instant::EPOCH;

impl World {
    /// A message without samples, as the hot path keeps it, not sealed yet.
    pub(super) async fn hear(&self, customer: &Customer, sensor: SensorId) {
        let (arrived, sensor) = (self.clock.now(), self.number(customer, sensor).await);
        let battery = Battery { low: false, centivolts: None, source: None };
        let status = Status { battery, signal_dbm: None, next_transmission_at: None };
        let mut body = Vec::new();
        messages::body(&status, Fate::Refused, &[], &mut body);
        let message = NewMessage { number: arrived.as_micros(), sensor, arrived, saved: false, body };
        let mut tx = self.test.db.begin().await.unwrap();
        messages::append(&mut tx, vec![message]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Looks for lost connections, after sealing, at an instant and some microseconds.
    pub(super) async fn look(&self, instant: Instant, heard_since: Instant) -> u64 {
        self.clock.set(instant);
        self.app.seal_all().await.unwrap();
        self.app.find_lost_connections(heard_since).await.unwrap()
    }
}

/// How long after it is due a lost connection is told.
const PATIENCE: i64 = 30_000_000;

async fn r27_a_silent_sensor_is_lost_at_its_due_instant_and_once(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 2).await;
    world.add(&customer, 2).await;
    world.rule(&customer, lost(60), Watched::All).await;
    world.hear(&customer, sensor).await;
    let due = at(START).plus_seconds(3_600);
    assert_eq!(world.look(due.plus_micros(PATIENCE - 1), LONG_AGO).await, 0);
    assert_eq!(world.look(due.plus_micros(PATIENCE), LONG_AGO).await, 1, "the other one was never seen");
    assert_eq!(world.look(due.plus_seconds(86_400), LONG_AGO).await, 0);
    assert_eq!(world.told(&customer).await, ["2026-03-01T12:00:00Z - -"]);
    // The next message closes it, also a refused one, at its arrival.
    let heard = due.plus_seconds(90_000);
    world.clock.set(heard);
    let message = world.observed(&customer, sensor, "2026-03-02T10:00:00Z", &[]).await;
    world.judge(Observed { kept: Kept::Nothing, ..message }).await;
    assert_eq!(world.told(&customer).await, [format!("2026-03-01T12:00:00Z - - {heard} back_to_normal")]);
    // And silence begins anew.
    world.hear(&customer, sensor).await;
    let due = heard.plus_seconds(3_600);
    assert_eq!(world.look(due.plus_micros(PATIENCE - 1), LONG_AGO).await, 0);
    assert_eq!(world.look(due.plus_micros(PATIENCE), LONG_AGO).await, 1);
    assert_eq!(world.alerts(&customer).await[0].opened_at, due);
}

async fn r27_a_sensor_that_is_not_covered_is_not_lost(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, lost(60), Watched::All).await;
    let end = world.row(&customer, sensor).await.sensor.chain_end.unwrap().ends;
    // It would be due at the very end of its cover.
    world.clock.set(end.plus_seconds(-3_600));
    world.hear(&customer, sensor).await;
    assert_eq!(world.look(end.plus_micros(PATIENCE), LONG_AGO).await, 0);
    assert_eq!(world.app.settle_due().await.unwrap(), 1);
    assert_eq!(world.look(end.plus_seconds(90_000), LONG_AGO).await, 0);
    // Renewed and still silent, it is lost from the beginning of its cover.
    world.stock(&customer, 1, "P1Y").await;
    let renewed = world.clock.now();
    assert_eq!(world.look(renewed.plus_micros(PATIENCE - 1), LONG_AGO).await, 0);
    assert_eq!(world.look(renewed.plus_micros(PATIENCE), LONG_AGO).await, 1);
    assert_eq!(world.alerts(&customer).await[0].opened_at, renewed);
}

async fn a_message_that_is_not_sealed_yet_breaks_the_silence(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, lost(60), Watched::All).await;
    world.hear(&customer, sensor).await;
    world.app.seal_all().await.unwrap();
    let due = at(START).plus_seconds(3_600);
    world.clock.set(due.plus_micros(-1));
    world.hear(&customer, sensor).await;
    world.clock.set(due.plus_micros(PATIENCE));
    assert_eq!(world.app.find_lost_connections(LONG_AGO).await.unwrap(), 0);
    assert_eq!(world.alerts(&customer).await, []);
}

async fn the_services_own_outage_is_no_silence(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, lost(60), Watched::All).await;
    world.hear(&customer, sensor).await;
    world.app.seal_all().await.unwrap();
    let started = at(START).plus_seconds(50_000);
    assert_eq!(world.look(started.plus_seconds(3_600).plus_micros(PATIENCE - 1), started).await, 0);
    assert_eq!(world.look(started.plus_seconds(3_600).plus_micros(PATIENCE), started).await, 1);
    assert_eq!(world.alerts(&customer).await[0].opened_at, started.plus_seconds(3_600));
}

async fn a_sensor_that_is_heard_again_closes_the_alert_that_its_message_crossed(test: TestDb) {
    let (world, customer, sensor) = harbor(test, 1).await;
    world.rule(&customer, lost(60), Watched::All).await;
    world.hear(&customer, sensor).await;
    let due = at(START).plus_seconds(3_600);
    assert_eq!(world.look(due.plus_micros(PATIENCE), LONG_AGO).await, 1);
    // A node that had not heard of the rule kept this without judging it.
    let heard = due.plus_seconds(40);
    world.clock.set(heard);
    world.hear(&customer, sensor).await;
    assert_eq!(world.look(due.plus_seconds(60), LONG_AGO).await, 0);
    assert_eq!(world.alerts(&customer).await[0].closed, Some((heard, Because::BackToNormal)));
}
