//! Revoking a code after its redemption (R5).

use tenure_domain::{Chain, Held, Standing, State};

use crate::house::{House, at, code, date, licenses};

const REDEEMED: &str = "2026-01-01T00:00:00Z";
const START: &str = "2026-01-31T09:00:00Z";
const NOW: &str = "2026-02-10T12:00:00.000001Z";

/// Gives licenses of these keys to the first sensor, in this order.
fn house(keys: &str) -> House {
    let mut house = House::new(1, ['A', 'B'].map(|key| licenses(key, 4, "P1M", REDEEMED)).concat());
    for key in keys.chars() {
        house.desk(at(START), |desk, sensors| {
            let license = desk.take_of_key(code(key)).unwrap().unwrap();
            desk.assign(&mut sensors[0], license).unwrap();
        });
    }
    house.pool.clear();
    house.changes.clear();
    house
}

fn revoke(house: &mut House, key: char, end_active: bool) {
    house.desk(at(NOW), |desk, sensors| {
        desk.settle(sensors).unwrap();
        desk.revoke_on(&mut sensors[0], code(key), end_active).unwrap();
    });
}

#[test]
fn r5_queued_licenses_are_revoked_and_the_active_one_stays() {
    let mut house = house("AAB");
    let active = house.covers(0)[0];
    revoke(&mut house, 'A', false);
    assert_eq!(house.chain(0), ["A1 2026-01-31..2026-02-28", "B1 2026-03-01..2026-03-31"]);
    assert_eq!(house.covers(0)[0], active);
    assert_eq!(
        house.trail(),
        ["A2 queued > revoked 2026-02-10T12:00:00.000001Z", "B1 queued > queued 2026-02-10T12:00:00.000001Z"]
    );
    assert_eq!(house.changes[0].after, State::Revoked(None), "it has covered nothing");
}

#[test]
fn r5_an_active_license_ends_at_once_when_the_operator_says_so() {
    let mut house = house("A");
    let active = house.held(0)[0];
    revoke(&mut house, 'A', true);
    let State::Revoked(Some(placed)) = house.changes[0].after else { panic!("{:?}", house.changes) };
    assert_eq!((placed.cover.starts, placed.cover.ends), (at(START), at(NOW)));
    assert_eq!(
        (placed.cover.activation_date, placed.cover.expires_on),
        (date("2026-01-31"), date("2026-02-10"))
    );
    assert!(placed.cover.contains(at(NOW).plus_micros(-1)));
    assert!(!placed.cover.contains(at(NOW)));
    assert_eq!(house.sensors[0].chain, Chain::Lapsed(Held { cover: placed.cover, ..active }));
    assert_eq!(house.standing(0, at(NOW)), Standing::Expired);
}

#[test]
fn r5_behind_a_cut_license_the_queue_starts_now_in_a_new_chain() {
    let mut house = house("ABAB");
    revoke(&mut house, 'A', true);
    assert_eq!(house.chain(0), ["B1 2026-02-10..2026-03-10", "B2 2026-03-11..2026-04-10"]);
    assert_eq!(house.covers(0)[0].starts, at(NOW));
    assert_eq!(house.trail().iter().map(|row| &row[..2]).collect::<Vec<_>>(), ["A2", "A1", "B1", "B2"]);
}

#[test]
fn r5_a_cut_sensor_waits_and_its_new_license_counts_from_today() {
    let mut house = house("A");
    revoke(&mut house, 'A', true);
    house.pool = licenses('B', 1, "P1M", REDEEMED);
    house.renew(at(NOW));
    assert_eq!(house.chain(0), ["B1 2026-02-10..2026-03-10"]);
}

#[test]
fn r5_after_a_cut_today_is_today_in_the_zone_of_now() {
    let mut house = house("A");
    revoke(&mut house, 'A', true);
    // At the same instant the organization moves to where it is the next day.
    house.zone = "Pacific/Kiritimati".parse().unwrap();
    house.pool = licenses('B', 1, "P1M", REDEEMED);
    house.renew(at(NOW));
    assert_eq!(house.chain(0), ["B1 2026-02-11..2026-03-11"]);
}

#[test]
fn r5_other_codes_and_uncovered_sensors_are_left_alone() {
    let mut house = house("AB");
    let before = house.sensors.clone();
    revoke(&mut house, 'C', true);
    assert_eq!(house.sensors, before);
    house.sensors[0].chain = Chain::Unlicensed;
    revoke(&mut house, 'A', true);
    assert!(house.changes.is_empty());
}

#[test]
fn r5_an_available_license_is_revoked_in_the_pool() {
    let mut house = House::new(0, Vec::new());
    house.desk(at(NOW), |desk, _| desk.revoke_available(&licenses('A', 1, "P1M", REDEEMED)[0]));
    assert_eq!(house.trail(), ["A1 available > revoked 2026-02-10T12:00:00.000001Z"]);
    assert_eq!(house.changes[0].after, State::Revoked(None));
}

#[test]
fn r5_at_the_instant_of_its_end_a_license_has_ended_and_is_not_revoked() {
    let mut house = house("A");
    let end = house.covers(0)[0].ends;
    house.desk(end, |desk, sensors| {
        desk.settle(sensors).unwrap();
        desk.revoke_on(&mut sensors[0], code('A'), true).unwrap();
    });
    assert_eq!(house.trail(), ["A1 active > ended 2026-03-01T00:00:00Z"]);
}
