//! R12 to R14: what is said of the future is what happens when one lives it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::Config;
use tenure_domain::{AtEnd, Cause, Chain, Instant, SensorId, State};

use crate::driver::Driver;
use crate::plan::plans;

const DAY: i64 = 86_400_000_000;

proptest! {
    #![proptest_config(Config { cases: 400, ..Config::default() })]

    #[test]
    fn r14_what_lies_ahead_is_what_happens(
        plan in plans(25), days in prop_oneof![Just(60_i64), 1..800_i64], head in 0..4_usize,
    ) {
        let mut driver = Driver::new(plan.zone, 1);
        for (now, command) in &plan.commands {
            let _refused = driver.run(Instant::from_micros(*now), command);
        }
        let now = plan.commands.last().map_or(plan.starts, |(now, _)| *now);
        let horizon = Instant::from_micros(now + days * DAY);
        let ahead = driver.ahead(horizon, head);

        let before: BTreeMap<SensorId, _> =
            driver.sensors().into_iter().map(|sensor| (sensor.id, sensor)).collect();
        let lived = driver.audit().len();
        while let Some(due) = driver.next_due().filter(|due| *due <= horizon) {
            driver.settle(due);
        }
        let mut takes = Vec::new();
        let mut first: BTreeMap<SensorId, AtEnd> = BTreeMap::new();
        for change in &driver.audit()[lived..] {
            if let State::Active(placed) = change.after
                && change.cause == Cause::AutoRenewal
            {
                takes.push((placed.sensor, change.at));
                first.entry(placed.sensor).or_insert(AtEnd::Renews);
            }
        }
        let said: Vec<_> = ahead.renewals.iter().map(|renewal| (renewal.sensor, renewal.at)).collect();
        prop_assert_eq!(said, takes);

        let (mut without, mut stops) = (Vec::new(), Vec::new());
        for sensor in driver.sensors() {
            if !matches!(before[&sensor.id].chain, Chain::Running { .. }) {
                continue;
            }
            let Chain::Lapsed(last) = &sensor.chain else { continue };
            let turn = (last.cover.ends, sensor.added_at, sensor.serial, sensor.id);
            if sensor.auto_renewal { without.push(turn) } else { stops.push(turn) }
            let what = if sensor.auto_renewal { AtEnd::NoLicense } else { AtEnd::Stops };
            first.entry(sensor.id).or_insert(what);
        }
        without.sort_unstable();
        stops.sort_unstable();
        let ids = |lapses: &[tenure_domain::ahead::Lapse]| -> Vec<_> {
            lapses.iter().map(|lapse| (lapse.end.ends, lapse.sensor)).collect()
        };
        prop_assert_eq!(ids(&ahead.goes_without), without.iter().map(|turn| (turn.0, turn.3)).collect::<Vec<_>>());
        prop_assert_eq!(ids(&ahead.stops), stops.iter().map(|turn| (turn.0, turn.3)).collect::<Vec<_>>());
        prop_assert_eq!(ahead.at_ends(), first);
    }
}
