//! The desk and the model agree after every command.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenure_domain::{Cause, Instant};

use crate::driver::Driver;
use crate::model::Model;
use crate::plan::{Plan, plans};

fn agree(plan: &Plan, head: usize) -> Result<(), TestCaseError> {
    let mut model = Model::new(plan.zone);
    let mut driver = Driver::new(plan.zone, head);
    for (step, (now, command)) in plan.commands.iter().enumerate() {
        let instant = Instant::from_micros(*now);
        model.settle(*now);
        driver.settle(instant);
        prop_assert_eq!(driver.ledger(instant), model.ledger(*now), "settled before step {}", step);
        let expected = model.run(*now, command);
        let answer = driver.run(instant, command);
        prop_assert_eq!(answer, expected, "the answer of step {}: {:?}", step, command);
        prop_assert_eq!(driver.ledger(instant), model.ledger(*now), "after step {}: {:?}", step, command);
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 2000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_desk_does_what_the_rules_say(plan in plans(30), head in 0..4_usize) {
        agree(&plan, head)?;
    }
}

/// So that the other tests are about something: random plans come to every answer and every step of a license.
#[test]
fn the_plans_reach_every_answer_and_every_step() {
    let mut runner = TestRunner::deterministic();
    let (mut answers, mut steps) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..200 {
        let plan = plans(30).new_tree(&mut runner).unwrap().current();
        let mut driver = Driver::new(plan.zone, 0);
        for (now, command) in &plan.commands {
            answers.insert(driver.run(Instant::from_micros(*now), command).err());
        }
        let audit = driver.audit().iter();
        steps.extend(audit.map(|row| (row.cause, row.before.name(), row.after.name())));
    }
    let all = [
        None,
        Some("key_not_available"),
        Some("license_in_use"),
        Some("license_not_held"),
        Some("license_not_released"),
        Some("no_license_left"),
        Some("not_found"),
        Some("sensor_covered"),
    ];
    assert_eq!(answers, BTreeSet::from(all));
    let all = [
        (Cause::Command, "available", "active"),
        (Cause::Command, "available", "queued"),
        (Cause::Command, "available", "revoked"),
        (Cause::Command, "queued", "active"),
        (Cause::Command, "queued", "available"),
        (Cause::Command, "queued", "queued"),
        (Cause::Command, "queued", "revoked"),
        (Cause::Command, "active", "available"),
        (Cause::Command, "active", "revoked"),
        (Cause::AutoRenewal, "available", "active"),
        (Cause::Calendar, "queued", "active"),
        (Cause::Calendar, "active", "ended"),
        (Cause::Command, "active", "released"),
        (Cause::Command, "released", "active"),
        (Cause::Command, "released", "revoked"),
        (Cause::Calendar, "released", "ended"),
    ];
    assert_eq!(steps, BTreeSet::from(all));
}
