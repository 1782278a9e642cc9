//! Auto renewal, and the sensors that wait (R12, R14, R15, R16).

use tenure_domain::{Cause, Chain, Change, Desk, Pool, PoolHeadTooShort, Standing, Zone};

use crate::house::{House, at, licenses, sensor};

const REDEEMED: &str = "2026-01-01T00:00:00Z";
const START: &str = "2026-06-11T09:00:00Z";
/// The end of a `P1D` that begins at [`START`].
const END: &str = "2026-06-13T00:00:00Z";

#[test]
fn r12_at_the_instant_of_the_end_the_pools_next_begins() {
    let mut house = House::new(1, licenses('A', 2, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.settle(at(END).plus_micros(-1));
    assert_eq!(house.chain(0), ["A1 2026-06-11..2026-06-12"]);
    house.settle(at(END));
    assert_eq!(house.chain(0), ["A2 2026-06-13..2026-06-13"]);
    assert_eq!(house.covers(0)[0].starts, at(END));
    assert_eq!(house.changes.last().unwrap().cause, Cause::AutoRenewal);
}

#[test]
fn r12_the_queue_goes_before_the_pool() {
    let mut house = House::new(1, licenses('A', 2, "P1D", "2026-01-02T00:00:00Z"));
    house.assign(0, at(START));
    house.assign(0, at(START));
    house.pool.extend(licenses('B', 1, "P1D", REDEEMED));
    house.settle(at(END));
    assert_eq!(house.chain(0), ["A2 2026-06-13..2026-06-13"]);
    assert_eq!(house.pool(), ["B1"]);
    house.settle(at("2026-06-14T00:00:00Z"));
    assert_eq!(house.chain(0), ["B1 2026-06-14..2026-06-14"]);
}

#[test]
fn r12_without_auto_renewal_it_expires_also_with_licenses_left() {
    let mut house = House::new(1, licenses('A', 3, "P1D", REDEEMED));
    house.sensors[0].auto_renewal = false;
    house.assign(0, at(START));
    house.assign(0, at(START));
    let end = at("2026-06-14T00:00:00Z");
    house.settle(end.plus_micros(-1));
    assert_eq!(house.chain(0), ["A2 2026-06-13..2026-06-13"], "its own queue it still has");
    house.settle(end);
    house.renew(end);
    assert_eq!(house.standing(0, end), Standing::Expired);
    assert_eq!(house.pool(), ["A3"]);
}

#[test]
fn r12_switching_it_on_renews_an_expired_sensor_at_once() {
    let mut house = House::new(1, licenses('A', 2, "P1D", REDEEMED));
    house.sensors[0].auto_renewal = false;
    house.assign(0, at(START));
    let now = at("2026-06-20T12:00:00.000001Z");
    house.settle(now);
    house.sensors[0].auto_renewal = true;
    house.renew(now);
    assert_eq!(house.chain(0), ["A2 2026-06-20..2026-06-21"]);
    assert_eq!(house.covers(0)[0].starts, now);
}

#[test]
fn r12_a_sensor_that_never_had_a_license_does_not_wait() {
    let mut house = House::new(1, licenses('A', 1, "P1D", REDEEMED));
    house.renew(at(START));
    assert_eq!(house.sensors[0].chain, Chain::Unlicensed);
    assert_eq!(house.pool(), ["A1"]);
}

/// The places of the sensors that get the one license that is left when all three licenses have ended.
fn who_gets_it(mut house: House, starts: [&str; 3]) -> Vec<usize> {
    house.pool = licenses('A', 4, "P1D", REDEEMED);
    for (place, start) in starts.into_iter().enumerate() {
        house.assign(place, at(start));
    }
    house.settle(at("2026-06-14T00:00:00Z"));
    let renewal = |row: &&Change| row.cause == Cause::AutoRenewal;
    let sensors = house.changes.iter().filter(renewal).map(|row| row.after.placed().unwrap().sensor);
    sensors.map(|id| house.sensors.iter().position(|sensor| sensor.id == id).unwrap()).collect()
}

#[test]
fn r14_the_earliest_chain_end_is_first() {
    // The third ends a day before the others.
    let midnight = "2026-06-12T00:00:00Z";
    let starts = [midnight, midnight, "2026-06-11T23:59:59.999999Z"];
    assert_eq!(who_gets_it(House::new(3, Vec::new()), starts), [2]);
}

#[test]
fn r14_at_the_same_end_the_sensor_added_first_is_first() {
    let mut house = House::new(0, Vec::new());
    let added = ["2025-01-01T00:00:00.000002Z", "2025-01-01T00:00:00.000001Z", "2025-01-01T00:00:00.000002Z"];
    house.sensors = added.into_iter().zip(1..).map(|(added, serial)| sensor(serial, added)).collect();
    assert_eq!(who_gets_it(house, [START; 3]), [1]);
}

#[test]
fn r14_among_those_added_at_once_the_lowest_serial_number_is_first() {
    let mut house = House::new(0, Vec::new());
    house.sensors = [0x30, 0x20, 0x10].map(|serial| sensor(serial, "2025-01-01T00:00:00Z")).into();
    assert_eq!(who_gets_it(house, [START; 3]), [2]);
}

#[test]
fn r14_sensors_that_wait_keep_the_same_order() {
    let mut house = House::new(0, Vec::new());
    let added = ["2025-01-02T00:00:00Z", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"];
    house.sensors = added.into_iter().zip([1, 3, 2]).map(|(added, serial)| sensor(serial, added)).collect();
    house.pool = licenses('A', 3, "P1D", REDEEMED);
    (0..3).for_each(|place| house.assign(place, at(START)));
    house.settle(at(END));
    for place in [2, 1, 0] {
        house.pool = licenses('B', 1, "P1M", END);
        house.renew(at(END).plus_seconds(1));
        assert_eq!(house.chain(place), ["B1 2026-06-13..2026-07-13"]);
    }
}

#[test]
fn r15_new_licenses_meet_the_waiting_sensors_in_the_order_of_r14() {
    let pool =
        [("P1D", 'A'), ("P1W", 'B'), ("P30D", 'C')].map(|(term, key)| licenses(key, 1, term, REDEEMED));
    let mut house = House::new(3, pool.concat());
    // The third is the first to expire, the first the last.
    for place in [2, 1, 0] {
        house.assign(place, at(START));
    }
    let now = at("2026-08-01T12:00:00Z");
    house.settle(now);
    house.pool = licenses('D', 2, "P1M", "2026-08-01T12:00:00Z");
    house.renew(now);
    assert_eq!(house.chain(2), ["D1 2026-08-01..2026-09-01"]);
    assert_eq!(house.chain(1), ["D2 2026-08-01..2026-09-01"]);
    assert_eq!(house.standing(0, now), Standing::Expired);
    house.desk(now, |desk, _| {
        assert_eq!(desk.take_next(), Ok(None), "nothing else may take them");
    });
}

#[test]
fn r15_a_sensor_with_auto_renewal_off_does_not_wait() {
    let mut house = House::new(2, licenses('A', 2, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.assign(1, at(START));
    house.settle(at(END));
    house.sensors[0].auto_renewal = false;
    house.pool = licenses('B', 2, "P1M", END);
    house.renew(at(END).plus_micros(1));
    assert_eq!(house.standing(0, at(END)), Standing::Expired);
    assert_eq!(house.chain(1), ["B1 2026-06-13..2026-07-13"]);
    assert_eq!(house.pool(), ["B2"]);
}

#[test]
fn r15_waiting_sensors_ask_for_a_longer_head_of_the_pool() {
    let mut house = House::new(2, licenses('A', 2, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.assign(1, at(START));
    house.settle(at(END));
    let zone = Zone::UTC;
    let mut desk = Desk::new(&zone, at(END), Pool::new(licenses('B', 1, "P1M", END), true));
    assert_eq!(desk.renew_waiting(&mut house.sensors), Err(PoolHeadTooShort));
}

#[test]
fn r16_a_license_after_a_lapse_starts_now_and_the_gap_stays() {
    let mut house = House::new(1, licenses('A', 1, "P1M", REDEEMED));
    house.assign(0, at("2026-01-31T09:00:00Z"));
    let end = at("2026-03-01T00:00:00Z");
    for (now, chain) in [
        // At the very end the chain goes on, counted from 31 January (R7).
        (end, "A2 2026-03-01..2026-03-31"),
        (end.plus_micros(1), "A2 2026-03-01..2026-04-01"),
        (at("2026-05-05T05:05:05Z"), "A2 2026-05-05..2026-06-05"),
    ] {
        let mut house = House { sensors: house.sensors.clone(), ..House::new(0, Vec::new()) };
        house.settle(now);
        house.pool = licenses('A', 2, "P1M", REDEEMED).split_off(1);
        house.renew(now);
        assert_eq!(house.chain(0), [chain]);
        assert_eq!(house.covers(0)[0].starts, now);
    }
}
