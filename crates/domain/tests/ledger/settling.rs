//! R17: what happens is a function of the commands and their instants, never of when a job ran.

use proptest::prelude::*;
use proptest::test_runner::Config;
use tenure_domain::Instant;

use crate::driver::{Driver, Stale};
use crate::plan::{Plan, plans};

/// When jobs settle between a command and the next.
#[derive(Clone, Debug)]
enum Jobs {
    /// Not at all: the service is down, or nobody asks.
    None,
    /// At these parts of the time between, in 65536ths, some of them on two nodes at once.
    At(Vec<(u16, bool)>),
    /// A microsecond before, at, and after each instant at which something is due.
    AtEachEnd,
}

fn jobs() -> impl Strategy<Value = Jobs> {
    prop_oneof![
        1 => Just(Jobs::None),
        2 => prop::collection::vec((any::<u16>(), any::<bool>()), 1..6).prop_map(Jobs::At),
        1 => Just(Jobs::AtEachEnd),
    ]
}

impl Jobs {
    fn run(&self, driver: &mut Driver, from: Instant, until: Instant) {
        match self {
            Self::None => {}
            Self::At(parts) => {
                let mut parts = parts.clone();
                parts.sort_unstable();
                for (part, at_once) in parts {
                    let micros = i128::from(until.micros_since(from)) * i128::from(part) / 65_535;
                    let now = from.plus_micros(i64::try_from(micros).unwrap());
                    if at_once {
                        settle_on_two_nodes(driver, now);
                    } else {
                        driver.settle(now);
                    }
                }
            }
            Self::AtEachEnd => {
                while let Some(due) = driver.next_due().filter(|due| *due <= until) {
                    let count = driver.audit().len();
                    driver.settle(due.plus_micros(-1));
                    assert_eq!(driver.audit().len(), count, "nothing is due yet");
                    driver.settle(due);
                    assert!(driver.audit().len() > count, "the end is inclusive");
                    driver.settle(due.plus_micros(1).min(until));
                }
            }
        }
    }
}

/// Two nodes read the same records; the second to write finds them changed.
fn settle_on_two_nodes(driver: &mut Driver, now: Instant) {
    let first = driver.due_changes(now, 0);
    let second = driver.due_changes(now, 5);
    assert_eq!(first, second);
    driver.apply(&first).unwrap();
    if !second.is_empty() {
        assert_eq!(driver.apply(&second), Err(Stale));
    }
    assert_eq!(driver.due_changes(now, 0), []);
}

/// The organization after all commands, settled by these jobs and, at last, ten years later.
fn outcome(plan: &Plan, head: usize, jobs: &[Jobs]) -> Driver {
    const TEN_YEARS: i64 = 3_652 * 86_400;
    let mut driver = Driver::new(plan.zone, head);
    let mut last = Instant::from_micros(plan.starts);
    let mut jobs = jobs.iter().cycle();
    for (now, command) in &plan.commands {
        let now = Instant::from_micros(*now);
        jobs.next().unwrap().run(&mut driver, last, now);
        let _refused = driver.run(now, command);
        last = now;
    }
    let end = last.plus_seconds(TEN_YEARS);
    jobs.next().unwrap().run(&mut driver, last, end);
    driver.settle(end);
    driver
}

proptest! {
    #![proptest_config(Config { cases: 800, failure_persistence: None, ..Config::default() })]

    #[test]
    fn r17_the_ledger_and_the_audit_trail_do_not_depend_on_when_jobs_ran(
        plan in plans(25),
        one in prop::collection::vec(jobs(), 1..8),
        heads in (0..4_usize, 0..4_usize),
    ) {
        let never = outcome(&plan, heads.0, &[Jobs::None]);
        let some = outcome(&plan, heads.1, &one);
        let end = Instant::from_micros(plan.commands.last().unwrap().0);
        prop_assert_eq!(some.audit(), never.audit());
        prop_assert_eq!(some.ledger(end), never.ledger(end));
        let each = outcome(&plan, 1, &[Jobs::AtEachEnd]);
        prop_assert_eq!(each.audit(), never.audit());
    }
}
