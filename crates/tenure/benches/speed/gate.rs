//! The gate's decision among ten million sensors, against a plain `HashMap` from serial number to instant.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant as Stopwatch;

use tenure_app::CoverChange;
use tenure_domain::{Instant, OrganizationId, Serial};
use tenure_ingest::gate::{Decision, Gate};

const SENSORS: u64 = 10_000_000;
const DECISIONS: u64 = 5_000_000;

/// The serial numbers in an order that no cache foresees.
fn serial(number: u64) -> Serial {
    Serial::from_number(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16)
}

pub fn run() {
    println!("gate: {SENSORS} sensors");
    let mut gate = Gate::with_capacity(usize::try_from(SENSORS).unwrap());
    let mut plain: HashMap<u64, i64> = HashMap::with_capacity(usize::try_from(SENSORS).unwrap());
    let ends = Instant::from_seconds(2_000_000_000);
    for number in 0..SENSORS {
        let chain_ends = Some(ends.plus_seconds(i64::try_from(number % 1_000).unwrap()));
        let change = CoverChange {
            serial: serial(number),
            number: i64::try_from(number).ok(),
            chain_ends,
            running: true,
            gone: false,
        };
        gate.set_cover(OrganizationId::from_bits(u128::from(number % 10_000)), 1, &change);
        plain.insert(serial(number).number(), ends.as_micros());
    }
    let pick = |turn: u64| serial(turn.wrapping_mul(0x2545_f491_4f6c_dd1d) % SENSORS);
    let now = Instant::from_seconds(1_900_000_000);
    let started = Stopwatch::now();
    let mut judged = 0_u64;
    for turn in 0..DECISIONS {
        judged +=
            u64::from(matches!(gate.decide(black_box(pick(turn)), None, now, 0), Decision::Judged { .. }));
    }
    let decision = started.elapsed().as_nanos() as f64 / DECISIONS as f64;
    assert_eq!(judged, DECISIONS);
    let started = Stopwatch::now();
    let mut covered = 0_u64;
    for turn in 0..DECISIONS {
        covered +=
            u64::from(plain.get(&black_box(pick(turn)).number()).is_some_and(|end| now.as_micros() < *end));
    }
    let reference = started.elapsed().as_nanos() as f64 / DECISIONS as f64;
    assert_eq!(covered, DECISIONS);
    println!("  a decision          {decision:6.0} ns   (aim: under 200)");
    println!("  HashMap::get        {reference:6.0} ns   ratio {:.2}", decision / reference);
    println!("  a sensor            {:6.1} bytes (aim: under 64)", gate.bytes() as f64 / gate.len() as f64);
}
