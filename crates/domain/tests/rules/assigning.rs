//! Which license, and where it goes (R11, R13).

use tenure_domain::{Desk, Pool, PoolHeadTooShort, Zone};

use crate::house::{House, at, code, date, licenses};

const REDEEMED: &str = "2026-01-01T00:00:00Z";

#[test]
fn r11_an_uncovered_sensor_is_covered_from_this_very_instant() {
    let now = at("2026-06-11T20:34:00.000001Z");
    let mut house = House::new(1, licenses('A', 1, "P1Y", REDEEMED));
    house.assign(0, now);
    let cover = house.covers(0)[0];
    assert!(!cover.contains(now.plus_micros(-1)));
    assert!(cover.contains(now));
    assert_eq!((cover.starts, cover.expires_on), (now, date("2027-06-11")));
    assert_eq!(house.trail(), ["A1 available > active 2026-06-11T20:34:00.000001Z"]);
}

#[test]
fn r11_a_covered_sensor_queues_the_license_behind_the_last_one() {
    let now = at("2026-06-11T20:34:00Z");
    let mut house = House::new(1, licenses('A', 3, "P1Y", REDEEMED));
    for _ in 0..3 {
        house.assign(0, now);
    }
    assert_eq!(
        house.chain(0),
        ["A1 2026-06-11..2027-06-11", "A2 2027-06-12..2028-06-11", "A3 2028-06-12..2029-06-11"]
    );
    let covers = house.covers(0);
    assert_eq!((covers[0].ends, covers[1].ends), (covers[1].starts, covers[2].starts));
    assert!(house.pool().is_empty());
}

#[test]
fn r11_it_queues_until_the_last_microsecond_and_starts_at_the_end() {
    let end = at("2026-06-13T00:00:00Z");
    for (now, before, chain) in [
        (end.plus_micros(-1), "queued", vec!["A1 2026-06-11..2026-06-12", "A2 2026-06-13..2026-06-13"]),
        (end, "active", vec!["A2 2026-06-13..2026-06-13"]),
        // A microsecond after its end the sensor has lapsed: a new chain, from today (R16).
        (end.plus_micros(1), "active", vec!["A2 2026-06-13..2026-06-14"]),
    ] {
        let mut house = House::new(1, licenses('A', 2, "P1D", REDEEMED));
        house.sensors[0].auto_renewal = false;
        house.assign(0, at("2026-06-11T09:00:00Z"));
        house.assign(0, now);
        assert_eq!(house.changes.last().unwrap().after.name(), before, "{now}");
        assert_eq!(house.chain(0), chain, "{now}");
    }
}

#[test]
fn r11_a_person_may_choose_the_key() {
    let now = at("2026-06-11T20:34:00Z");
    let pool = [licenses('A', 2, "P1Y", REDEEMED), licenses('B', 1, "P2Y", REDEEMED)].concat();
    let mut house = House::new(1, pool);
    house.desk(now, |desk, sensors| {
        let license = desk.take_of_key(code('B')).unwrap().unwrap();
        desk.assign(&mut sensors[0], license).unwrap();
        assert_eq!(desk.take_of_key(code('B')), Ok(None), "none is left under this key");
    });
    assert_eq!(house.chain(0), ["B1 2026-06-11..2028-06-11"]);
    assert_eq!(house.pool(), ["A1", "A2"]);
}

#[test]
fn r13_the_oldest_redemption_is_first_then_the_code_then_the_number() {
    let earlier = "2026-01-01T00:00:00Z";
    let later = "2026-01-01T00:00:00.000001Z";
    let mut pool =
        [licenses('A', 2, "P1Y", later), licenses('D', 2, "P1Y", earlier), licenses('C', 11, "P1Y", earlier)]
            .concat();
    pool.reverse();
    let (zone, now) = (Zone::UTC, at("2026-06-11T20:34:00Z"));
    let mut desk = Desk::new(&zone, now, Pool::new(pool, false));
    let shown_before = *desk.pool().next().unwrap();
    assert_eq!(desk.take_next(), Ok(Some(shown_before)));
    let rest = std::iter::from_fn(|| desk.take_next().unwrap());
    let order: Vec<(_, u32)> =
        [shown_before].into_iter().chain(rest).map(|one| (one.code, one.number)).collect();
    let of = |letter, count: u32| (1..=count).map(move |number| (code(letter), number));
    assert_eq!(order, of('C', 11).chain(of('D', 2)).chain(of('A', 2)).collect::<Vec<_>>());
}

#[test]
fn r13_a_head_that_is_used_up_is_not_an_empty_pool() {
    let (zone, now) = (Zone::UTC, at("2026-06-11T20:34:00Z"));
    let head = licenses('A', 1, "P1Y", REDEEMED);
    let mut desk = Desk::new(&zone, now, Pool::new(head.clone(), true));
    assert_eq!(desk.take_of_key(code('B')), Err(PoolHeadTooShort));
    assert_eq!(desk.take_next(), Ok(Some(head[0])));
    assert_eq!(desk.take_next(), Err(PoolHeadTooShort));
    assert_eq!(Desk::new(&zone, now, Pool::default()).take_next(), Ok(None));
}
