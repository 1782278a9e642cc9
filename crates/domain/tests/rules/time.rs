//! Chains, zones, clocks and settling (R7, R8, R9, R17, R18).

use tenure_domain::{Desk, Pool, PoolHeadTooShort, Standing, State, Zone};

use crate::house::{House, at, code, date, id, licenses};

const REDEEMED: &str = "2026-01-01T00:00:00Z";
const START: &str = "2026-06-11T09:00:00Z";
/// The end of a `P1D` that begins at [`START`].
const END: &str = "2026-06-13T00:00:00Z";

#[test]
fn r7_renewed_month_by_month_a_chain_counts_from_its_first_date() {
    let mut house = House::new(1, licenses('A', 4, "P1M", REDEEMED));
    house.assign(0, at("2026-01-31T09:00:00Z"));
    let months = [
        ("2026-03-01T00:00:00Z", "A2 2026-03-01..2026-03-31"),
        ("2026-04-01T00:00:00Z", "A3 2026-04-01..2026-04-30"),
        ("2026-05-01T00:00:00Z", "A4 2026-05-01..2026-05-31"),
    ];
    for (end, chain) in months {
        // Asked late, it begins when it was due all the same.
        house.settle(at(end).plus_seconds(3_600));
        assert_eq!(house.chain(0), [chain]);
        assert_eq!(house.covers(0)[0].starts, at(end));
    }
}

#[test]
fn r7_a_queue_and_renewals_end_on_the_same_dates() {
    let mut queued = House::new(1, licenses('A', 3, "P1M", REDEEMED));
    for _ in 0..3 {
        queued.assign(0, at("2026-01-31T09:00:00Z"));
    }
    let mut renewed = House::new(1, licenses('A', 3, "P1M", REDEEMED));
    renewed.assign(0, at("2026-01-31T09:00:00Z"));
    for house in [&mut queued, &mut renewed] {
        house.settle(at("2026-04-01T00:00:00Z"));
        assert_eq!(house.chain(0), ["A3 2026-04-01..2026-04-30"]);
    }
    assert_eq!(queued.covers(0), renewed.covers(0));
}

#[test]
fn r8_a_later_zone_moves_no_promise() {
    let mut house = House::new(1, licenses('A', 3, "P1M", REDEEMED));
    house.assign(0, at(START));
    house.assign(0, at(START));
    let promised = house.covers(0);
    house.zone = "Pacific/Kiritimati".parse().unwrap();
    house.assign(0, at(START));
    assert_eq!(house.covers(0)[..2], promised);
    assert_eq!(house.covers(0)[2].starts, promised[1].ends);
    assert_eq!(house.covers(0)[2].ends, at("2026-09-11T10:00:00Z"), "the new one is in the new zone");
    house.settle(at("2026-08-12T00:00:00Z").plus_micros(-1));
    assert_eq!(house.covers(0)[0], promised[1]);
}

#[test]
fn r9_a_clock_that_steps_back_reopens_nothing() {
    let mut house = House::new(2, licenses('A', 3, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.assign(1, at(START));
    house.settle(at(END));
    assert_eq!(house.chain(0), ["A3 2026-06-13..2026-06-13"]);
    let (sensors, changes) = (house.sensors.clone(), house.changes.clone());
    for earlier in [at(END).plus_micros(-1), at(START), at("2020-01-01T00:00:00Z")] {
        house.settle(earlier);
        assert_eq!((&house.sensors, &house.changes), (&sensors, &changes));
    }
    assert!(matches!(house.changes.last().unwrap().after, State::Ended(_)), "the second has ended for good");
    assert_eq!(house.standing(1, at(END)), Standing::Expired);
}

#[test]
fn r17_the_instant_of_the_end_is_due_and_the_microsecond_before_is_not() {
    let mut house = House::new(1, licenses('A', 1, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.settle(at(END).plus_micros(-1));
    assert_eq!(house.changes.len(), 1);
    house.settle(at(END));
    assert_eq!(house.trail()[1..], ["A1 active > ended 2026-06-13T00:00:00Z"]);
    house.settle(at(END).plus_micros(1));
    house.settle(at(END));
    assert_eq!(house.changes.len(), 2, "settling again is settling once");
}

#[test]
fn r17_what_is_due_happens_in_the_order_of_its_instants_each_at_its_own() {
    let mut house = House::new(2, licenses('A', 5, "P1D", REDEEMED));
    house.assign(1, at(START));
    house.assign(0, at("2026-06-12T09:00:00Z"));
    house.settle(at("2027-01-01T00:00:00Z"));
    assert_eq!(
        house.trail()[2..],
        [
            "A1 active > ended 2026-06-13T00:00:00Z",
            "A3 available > active 2026-06-13T00:00:00Z",
            // The first sensor was added before the second.
            "A2 active > ended 2026-06-14T00:00:00Z",
            "A4 available > active 2026-06-14T00:00:00Z",
            "A3 active > ended 2026-06-14T00:00:00Z",
            "A5 available > active 2026-06-14T00:00:00Z",
            "A4 active > ended 2026-06-15T00:00:00Z",
            "A5 active > ended 2026-06-15T00:00:00Z",
        ]
    );
}

#[test]
fn r17_forty_days_of_outage_leave_what_forty_daily_jobs_leave() {
    let warsaw = || "Europe/Warsaw".parse::<Zone>().unwrap();
    // The clocks go forward on 29 March.
    let start = at("2026-03-10T17:00:00Z");
    let houses = [(); 3].map(|()| {
        let mut house = House::new(3, licenses('A', 100, "P1D", REDEEMED));
        house.zone = warsaw();
        (0..3).for_each(|sensor| house.assign(sensor, start));
        house
    });
    let [mut outage, mut hourly, mut odd] = houses;
    let back = start.plus_seconds(40 * 86_400);
    outage.settle(back);
    (1..=40 * 24).for_each(|hour| hourly.settle(start.plus_seconds(hour * 3_600)));
    (1..=9).for_each(|step| odd.settle(start.plus_seconds(step * 384_000)));
    assert_eq!(outage.changes, hourly.changes);
    assert_eq!(outage.changes, odd.changes);
    assert_eq!(outage.sensors, hourly.sensors);
    assert_eq!((outage.pool(), odd.pool()), (hourly.pool(), hourly.pool()));
    // 100 licenses for three sensors: the first had one more than the others, and then none was left.
    let ends = outage.sensors.iter().map(|sensor| sensor.chain.end().unwrap().expires_on);
    assert_eq!(ends.collect::<Vec<_>>(), [date("2026-04-13"), date("2026-04-12"), date("2026-04-12")]);
}

#[test]
fn r17_settling_asks_for_a_longer_head_rather_than_let_a_sensor_expire() {
    let mut house = House::new(2, licenses('A', 2, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.assign(1, at(START));
    let head = licenses('B', 1, "P1D", REDEEMED);
    for (loaded, goes_on, answer) in [
        (vec![], true, Err(PoolHeadTooShort)),
        (head.clone(), true, Err(PoolHeadTooShort)),
        (head, false, Ok(())),
    ] {
        let mut desk = Desk::new(&house.zone, at(END), Pool::new(loaded, goes_on));
        assert_eq!(desk.settle(&mut house.sensors.clone()), answer);
    }
}

#[test]
fn r18_a_licenses_rows_lead_from_the_pool_to_where_it_is() {
    let mut house = House::new(1, licenses('A', 2, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.assign(0, at(START));
    house.settle(at(END));
    house.desk(at(END), |desk, sensors| {
        desk.take_back(&mut sensors[0], id("A2"), None, false).unwrap();
        let license = desk.take_of_key(code('A')).unwrap().unwrap();
        desk.revoke_available(&license);
    });
    assert_eq!(
        house.trail(),
        [
            "A1 available > active 2026-06-11T09:00:00Z",
            "A2 available > queued 2026-06-11T09:00:00Z",
            "A1 active > ended 2026-06-13T00:00:00Z",
            "A2 queued > active 2026-06-13T00:00:00Z",
            "A2 active > available 2026-06-13T00:00:00Z",
            "A2 available > revoked 2026-06-13T00:00:00Z",
        ]
    );
    let rows: Vec<_> = house.changes.iter().filter(|row| row.license == id("A2")).collect();
    assert!(rows.windows(2).all(|pair| pair[0].after == pair[1].before));
}

#[test]
fn r18_one_license_goes_to_one_of_two_sensors() {
    let mut house = House::new(2, licenses('A', 3, "P1D", REDEEMED));
    house.assign(0, at(START));
    house.assign(1, at(START));
    house.settle(at(END));
    assert_eq!((house.chain(0).len(), house.chain(1).len()), (1, 0));
    assert_eq!(house.trail().iter().filter(|row| row.starts_with("A3")).count(), 1);
}
