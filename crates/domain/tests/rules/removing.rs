//! Removing a sensor, and what becomes of the license that it leaves behind (R21, R5).

use tenure_domain::license::{Placed, Rest};
use tenure_domain::{Chain, Instant, Refusal, Standing, State};

use crate::house::{House, at, code, date, licenses};

const REDEEMED: &str = "2026-01-01T00:00:00Z";
const START: &str = "2026-01-31T09:00:00Z";
const GONE: &str = "2026-02-10T12:00:00.000001Z";
const END: &str = "2026-03-01T00:00:00Z";

/// So many sensors; the first has A1 and `queued` more of A, a month each, from 31 January.
fn house(sensors: u64, queued: usize) -> House {
    let mut house = House::new(sensors, licenses('A', 4, "P1M", REDEEMED));
    for _ in 0..=queued {
        house.assign(0, at(START));
    }
    house.pool.clear();
    house.changes.clear();
    house
}

/// Removes the first sensor.
fn remove(house: &mut House, now: &str) -> Option<Rest> {
    house.desk(at(now), |desk, sensors| {
        desk.settle(sensors).unwrap();
        desk.remove(&mut sensors[0])
    })
}

#[test]
fn r21_a_removed_sensors_queue_goes_back_and_its_active_license_is_released() {
    let mut house = house(1, 2);
    let active = house.held(0)[0];
    let rest = remove(&mut house, GONE).unwrap();
    assert_eq!((rest.license, rest.placed.cover), (active.license, active.cover), "it keeps its end");
    assert_eq!(house.sensors[0].chain, Chain::Unlicensed);
    assert_eq!(house.pool(), ["A2", "A3"]);
    assert_eq!(
        house.trail(),
        [
            "A2 queued > available 2026-02-10T12:00:00.000001Z",
            "A3 queued > available 2026-02-10T12:00:00.000001Z",
            "A1 active > released 2026-02-10T12:00:00.000001Z",
        ]
    );
}

#[test]
fn r21_a_sensor_without_cover_leaves_nothing_behind() {
    let mut house = House::new(1, Vec::new());
    assert_eq!(remove(&mut house, GONE), None);
    let mut house = self::house(1, 0);
    house.sensors[0].auto_renewal = false;
    assert_eq!(remove(&mut house, END), None, "at its end it is over");
    assert_eq!(house.trail(), ["A1 active > ended 2026-03-01T00:00:00Z"]);
}

#[test]
fn r21_what_goes_back_meets_a_waiting_sensor() {
    let mut house = House::new(2, licenses('B', 1, "P1D", REDEEMED));
    house.assign(1, at("2026-01-02T00:00:00Z"));
    house.pool = licenses('A', 2, "P1M", REDEEMED);
    let late = at("2026-01-05T09:00:00Z");
    house.sensors[1].auto_renewal = false;
    house.assign(0, late);
    house.assign(0, late);
    house.sensors[1].auto_renewal = true;
    house.desk(at("2026-01-06T00:00:00Z"), |desk, sensors| {
        desk.remove(&mut sensors[0]).unwrap();
        desk.renew_waiting(sensors).unwrap();
    });
    assert_eq!(house.chain(1), ["A2 2026-01-06..2026-02-06"]);
    assert_eq!(house.pool(), [""; 0]);
}

#[test]
fn r21_what_is_released_ends_at_the_instant_at_which_it_would_have() {
    let end = at(END);
    for (now, trail) in [
        (end.plus_micros(-1), vec![]),
        (end, vec!["A1 released > ended 2026-03-01T00:00:00Z"]),
        (at("2027-01-01T00:00:00Z"), vec!["A1 released > ended 2026-03-01T00:00:00Z"]),
    ] {
        let mut house = house(1, 0);
        let rest = remove(&mut house, GONE).unwrap();
        house.changes.clear();
        house.desk(now, |desk, _| desk.settle_with(&mut [], &[rest]).unwrap());
        assert_eq!(house.trail(), trail, "{now}");
    }
}

#[test]
fn r17_what_is_released_ends_in_the_order_of_the_due_instants() {
    let mut house = House::new(2, ["P1D", "P2D"].map(|term| licenses('A', 1, term, REDEEMED)).concat());
    house.pool[1].id = crate::house::id("A2");
    house.assign(0, at("2026-01-02T00:00:00Z"));
    house.assign(1, at("2026-01-02T00:00:00Z"));
    let rest = remove(&mut house, "2026-01-02T00:00:01Z").unwrap();
    let between = Rest {
        placed: Placed {
            cover: tenure_domain::Cover { ends: at("2026-01-04T12:00:00Z"), ..rest.placed.cover },
            ..rest.placed
        },
        ..rest
    };
    let mut queue = licenses('B', 1, "P1D", REDEEMED);
    house.desk(at("2026-01-02T00:00:02Z"), |desk, sensors| {
        desk.assign(&mut sensors[1], queue.remove(0)).unwrap();
    });
    house.sensors[1].auto_renewal = false;
    house.changes.clear();
    house.desk(at("2027-01-01T00:00:00Z"), |desk, sensors| desk.settle_with(sensors, &[between]).unwrap());
    let instants: Vec<Instant> = house.changes.iter().map(|change| change.at).collect();
    assert!(instants.is_sorted(), "{:?}", house.trail());
    assert_eq!(house.trail()[0], "A1 released > ended 2026-01-04T12:00:00Z");
}

#[test]
fn r21_the_same_sensor_gets_back_what_it_left_as_it_was() {
    let mut house = house(1, 1);
    let before = house.held(0)[0];
    let rest = remove(&mut house, GONE).unwrap();
    house.pool.clear();
    let back = at(END).plus_micros(-1);
    house.desk(back, |desk, sensors| desk.bring_back(&mut sensors[0], &rest).unwrap());
    assert_eq!(house.held(0), [before], "the same dates, and no new license");
    assert!(house.covers(0)[0].contains(back));
    assert!(house.trail().last().unwrap().starts_with("A1 released > active"));
    house.settle(at(END));
    assert_eq!(house.standing(0, at(END)), Standing::Expired);
}

#[test]
fn r21_another_uncovered_sensor_can_be_given_the_rest() {
    let mut house = house(2, 0);
    let rest = remove(&mut house, GONE).unwrap();
    let now = at("2026-02-20T09:00:00.000001Z");
    house.desk(now, |desk, sensors| desk.give_released(&mut sensors[1], &rest).unwrap());
    assert_eq!(house.chain(1), ["A1 2026-02-20..2026-02-28"]);
    let cover = house.covers(1)[0];
    assert_eq!((cover.starts, cover.ends), (now, at(END)), "only the rest of it");
    assert!(!cover.contains(now.plus_micros(-1)));
    house.pool = licenses('B', 1, "P1M", REDEEMED);
    house.assign(1, now);
    assert_eq!(house.chain(1)[1], "B1 2026-03-01..2026-03-31", "R7: the dates count on as they would have");
}

#[test]
fn r21_a_covered_sensor_is_given_no_rest_and_nobody_gets_anothers_back() {
    let mut house = house(2, 0);
    house.pool = licenses('B', 1, "P1D", REDEEMED);
    let now = at("2026-02-08T09:00:00Z");
    house.assign(1, now);
    let ends = house.covers(1)[0].ends;
    let rest = remove(&mut house, "2026-02-08T10:00:00Z").unwrap();
    house.sensors[1].auto_renewal = false;
    let mut give = |now: Instant| {
        house.desk(now, |desk, sensors| {
            desk.settle(sensors).unwrap();
            let back = desk.bring_back(&mut sensors[1], &rest);
            (desk.give_released(&mut sensors[1], &rest), back)
        })
    };
    assert_eq!(give(ends.plus_micros(-1)), (Err(Refusal::SensorCovered), Err(Refusal::LicenseNotReleased)));
    assert_eq!(
        give(ends),
        (Ok(()), Err(Refusal::LicenseNotReleased)),
        "at the end of its cover it is not covered"
    );
}

#[test]
fn r22_a_sensor_that_comes_back_later_takes_a_license_and_the_gap_stays() {
    let mut house = house(1, 0);
    let ended = house.held(0)[0];
    remove(&mut house, GONE).unwrap();
    // As the store finds it: its last license that is over.
    house.sensors[0].chain = Chain::Lapsed(ended);
    house.pool = licenses('B', 1, "P1M", REDEEMED);
    let now = at(END).plus_micros(1);
    house.assign(0, now);
    assert_eq!(house.chain(0), ["B1 2026-03-01..2026-04-01"], "R16: from today on, in a new chain");
    assert_eq!(house.covers(0)[0].starts, now);
}

#[test]
fn r5_a_released_license_is_revoked_as_an_active_one_is() {
    let mut house = house(1, 0);
    let rest = remove(&mut house, "2026-02-03T09:00:00Z").unwrap();
    house.desk(at(GONE), |desk, _| desk.revoke_released(&rest));
    let Some(State::Revoked(Some(placed))) = house.changes.last().map(|change| change.after) else {
        panic!("{:?}", house.changes)
    };
    assert_eq!(
        (placed.sensor, placed.cover.starts, placed.cover.ends),
        (house.sensors[0].id, at(START), at(GONE))
    );
    assert_eq!(placed.cover.expires_on, date("2026-02-10"));
    assert_eq!(house.changes.last().unwrap().code, code('A'));
    assert_eq!(house.trail().last().unwrap(), "A1 released > revoked 2026-02-10T12:00:00.000001Z");
}
