//! R18: licenses are neither made nor lost, and every step is on record.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use tenure_domain::{Change, Cover, Instant, LicenseId, SensorId, State};

use crate::driver::Driver;
use crate::plan::{Command, Plan, plans};

/// Does a plan with a job at every end, and checks after each step.
fn at_every_step(
    plan: &Plan,
    mut check: impl FnMut(&Driver, Option<&Command>) -> Result<(), TestCaseError>,
) -> Result<Driver, TestCaseError> {
    let mut driver = Driver::new(plan.zone, 1);
    for (now, command) in &plan.commands {
        let now = Instant::from_micros(*now);
        while let Some(due) = driver.next_due().filter(|due| *due <= now) {
            driver.settle(due);
            prop_assert!(driver.next_due().is_none_or(|next| next > due), "the end is inclusive");
            check(&driver, None)?;
        }
        let done = driver.run(now, command).is_ok();
        check(&driver, Some(command).filter(|_| done))?;
    }
    Ok(driver)
}

fn sensor_of(state: &State) -> Option<SensorId> {
    match state {
        State::Queued(placed) | State::Active(placed) => Some(placed.sensor),
        State::Available | State::Ended(_) | State::Released(_) | State::Revoked(_) => None,
    }
}

fn no_overlaps(driver: &Driver) -> Result<(), TestCaseError> {
    let mut covers: BTreeMap<SensorId, Vec<Cover>> = BTreeMap::new();
    for (_, _, state) in driver.states() {
        if let Some(placed) = state.placed() {
            covers.entry(placed.sensor).or_default().push(placed.cover);
        }
    }
    for covers in covers.values_mut() {
        covers.sort_by_key(|cover| (cover.starts, cover.ends));
        for pair in covers.windows(2) {
            prop_assert!(pair[0].starts <= pair[0].ends);
            prop_assert!(pair[0].ends <= pair[1].starts, "{:?} overlaps {:?}", pair[0], pair[1]);
        }
    }
    Ok(())
}

/// Each license's rows are in order of time, and each begins in the state in which the one before ended.
fn rows_chain(audit: &[Change]) -> Result<(), TestCaseError> {
    let mut last: BTreeMap<LicenseId, Change> = BTreeMap::new();
    let mut instant = Instant::EPOCH;
    for change in audit {
        prop_assert!(instant <= change.at, "the trail is in order of time: {:?}", change);
        instant = change.at;
        prop_assert_ne!(change.before, change.after);
        let before = last.get(&change.license).map_or(State::Available, |last| last.after);
        prop_assert_eq!(change.before, before);
        last.insert(change.license, *change);
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 600, failure_persistence: None, ..Config::default() })]

    #[test]
    fn r18_licenses_are_neither_made_nor_lost(plan in plans(25)) {
        let mut issued: BTreeMap<usize, u32> = BTreeMap::new();
        at_every_step(&plan, |driver, command| {
            if let Some(Command::Redeem { code, licenses, .. }) = command {
                issued.insert(*code, *licenses);
            }
            let mut counted: BTreeMap<usize, BTreeMap<&str, u32>> = BTreeMap::new();
            for (_, code, state) in driver.states() {
                *counted.entry(code).or_default().entry(state.name()).or_default() += 1;
            }
            let sums = counted.into_iter().map(|(code, states)| (code, states.values().sum())).collect();
            prop_assert_eq!(&issued, &sums);
            Ok(())
        })?;
    }

    #[test]
    fn r18_no_two_licenses_of_a_sensor_overlap(plan in plans(25)) {
        at_every_step(&plan, |driver, _| no_overlaps(driver))?;
    }

    #[test]
    fn r18_no_license_is_on_two_sensors_and_every_step_is_on_record(plan in plans(25)) {
        let driver = at_every_step(&plan, |_, _| Ok(()))?;
        rows_chain(driver.audit())?;
        for change in driver.audit() {
            let (from, to) = (sensor_of(&change.before), sensor_of(&change.after));
            prop_assert!(from.is_none() || to.is_none() || from == to, "moved without the pool: {:?}", change);
        }
        let last: BTreeMap<LicenseId, State> = driver.audit().iter().map(|row| (row.license, row.after)).collect();
        for (id, _, state) in driver.states() {
            prop_assert_eq!(last.get(&id).unwrap_or(&State::Available), state);
        }
    }
}
