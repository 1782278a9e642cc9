//! Taking a license back (R19).

use tenure_domain::{Chain, Refusal, Standing};

use crate::house::{House, at, id, licenses};

const REDEEMED: &str = "2026-01-01T00:00:00Z";

/// A sensor with A1 to A4, a month each, from 31 January.
fn four_months() -> House {
    let mut house = House::new(1, licenses('A', 4, "P1M", REDEEMED));
    for _ in 0..4 {
        house.assign(0, at("2026-01-31T09:00:00Z"));
    }
    assert_eq!(
        house.chain(0),
        [
            "A1 2026-01-31..2026-02-28",
            "A2 2026-03-01..2026-03-31",
            "A3 2026-04-01..2026-04-30",
            "A4 2026-05-01..2026-05-31",
        ]
    );
    house
}

fn take_back(house: &mut House, name: &str, now: &str, saved: bool) -> Result<(), Refusal> {
    house.desk(at(now), |desk, sensors| {
        desk.settle(sensors).unwrap();
        desk.take_back(&mut sensors[0], id(name), None, saved)
    })
}

#[test]
fn r19_a_queued_license_goes_back_and_its_later_queue_moves_up() {
    let mut house = four_months();
    house.pool = licenses('B', 2, "P1M", REDEEMED);
    take_back(&mut house, "A2", "2026-02-03T09:00:00Z", true).unwrap();
    assert_eq!(
        house.chain(0),
        ["A1 2026-01-31..2026-02-28", "A3 2026-03-01..2026-03-31", "A4 2026-04-01..2026-04-30"]
    );
    let covers = house.covers(0);
    assert_eq!((covers[0].ends, covers[1].ends), (covers[1].starts, covers[2].starts));
    assert_eq!(house.pool(), ["A2", "B1", "B2"], "back in its place (R13)");
    assert_eq!(
        house.trail()[4..],
        [
            "A2 queued > available 2026-02-03T09:00:00Z",
            "A3 queued > queued 2026-02-03T09:00:00Z",
            "A4 queued > queued 2026-02-03T09:00:00Z",
        ]
    );
}

#[test]
fn r19_what_is_before_the_taken_one_stays() {
    let mut house = four_months();
    let before = house.covers(0);
    house.zone = "Pacific/Kiritimati".parse().unwrap();
    take_back(&mut house, "A3", "2026-02-03T09:00:00Z", false).unwrap();
    let after = house.covers(0);
    assert_eq!(after[..2], before[..2], "these keep their promise (R8)");
    assert_eq!((after[2].starts, after[2].ends), (before[1].ends, at("2026-04-30T10:00:00Z")));
}

#[test]
fn r19_an_active_license_goes_back_and_the_next_starts_now() {
    let mut house = four_months();
    take_back(&mut house, "A1", "2026-02-03T09:00:00.000001Z", false).unwrap();
    assert_eq!(
        house.chain(0),
        ["A2 2026-02-03..2026-03-03", "A3 2026-03-04..2026-04-03", "A4 2026-04-04..2026-05-03"]
    );
    assert_eq!(house.covers(0)[0].starts, at("2026-02-03T09:00:00.000001Z"));
    assert_eq!(house.pool(), ["A1"]);
}

#[test]
fn r19_an_active_license_stays_once_something_was_saved() {
    let mut house = four_months();
    let now = "2026-02-03T09:00:00Z";
    let before = (house.sensors.clone(), house.changes.clone());
    assert_eq!(take_back(&mut house, "A1", now, true), Err(Refusal::LicenseInUse));
    assert_eq!((house.sensors, house.changes), before);
    assert!(house.pool.is_empty());
}

#[test]
fn r19_an_ended_license_and_anothers_are_not_held() {
    let mut house = four_months();
    let end = "2026-03-01T00:00:00Z";
    assert_eq!(take_back(&mut house, "A1", end, false), Err(Refusal::LicenseNotHeld));
    assert_eq!(take_back(&mut house, "B1", end, false), Err(Refusal::LicenseNotHeld));
    let mut bare = House::new(1, Vec::new());
    assert_eq!(take_back(&mut bare, "A1", end, false), Err(Refusal::LicenseNotHeld));
}

#[test]
fn r19_the_only_license_leaves_the_sensor_as_it_was_before() {
    let mut house = House::new(1, licenses('A', 2, "P1D", REDEEMED));
    house.sensors[0].auto_renewal = false;
    house.assign(0, at("2026-06-11T09:00:00Z"));
    take_back(&mut house, "A1", "2026-06-11T09:00:01Z", false).unwrap();
    assert_eq!(house.sensors[0].chain, Chain::Unlicensed);
    assert_eq!(house.pool(), ["A1", "A2"], "back in its place (R13)");

    house.assign(0, at("2026-06-11T09:00:02Z"));
    let ended = house.held(0)[0];
    let now = at("2026-06-20T09:00:00Z");
    house.assign(0, now);
    house.desk(now, |desk, sensors| {
        desk.take_back(&mut sensors[0], id("A2"), Some(ended), false).unwrap();
    });
    assert_eq!(house.sensors[0].chain, Chain::Lapsed(ended));
    assert_eq!(house.standing(0, now), Standing::Expired);
    assert_eq!(house.pool(), ["A2"]);
}

#[test]
fn r19_the_chain_goes_on_only_at_the_very_end_of_the_license_before() {
    let end = at("2026-03-01T00:00:00Z");
    for (now, chain) in [
        (end, ["A3 2026-03-01..2026-03-31", "A4 2026-04-01..2026-04-30"]),
        (end.plus_micros(1), ["A3 2026-03-01..2026-04-01", "A4 2026-04-02..2026-05-01"]),
    ] {
        let mut house = four_months();
        let ended = house.held(0)[0];
        house.settle(now);
        house.desk(now, |desk, sensors| {
            desk.take_back(&mut sensors[0], id("A2"), Some(ended), false).unwrap();
        });
        assert_eq!(house.chain(0), chain, "{now}");
    }
}

#[test]
fn r19_with_auto_renewal_an_expired_sensor_takes_the_license_again() {
    let mut house = House::new(1, licenses('A', 2, "P1D", REDEEMED));
    house.assign(0, at("2026-06-11T09:00:00Z"));
    let ended = house.held(0)[0];
    house.settle(ended.cover.ends);
    let now = at("2026-06-13T09:00:00Z");
    house.desk(now, |desk, sensors| {
        desk.take_back(&mut sensors[0], id("A2"), Some(ended), false).unwrap();
        desk.renew_waiting(sensors).unwrap();
    });
    assert_eq!(house.chain(0), ["A2 2026-06-13..2026-06-14"], "R15: it waits, and the pool has one");
    assert_eq!(house.covers(0)[0].starts, now);
}
