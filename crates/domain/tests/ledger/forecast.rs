//! R12 to R16 played forward: the forecast of a state is what then happens, and what is to be bought is exact.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use tenure_domain::forecast::{Counts, Fate, Forecast, Purchase, Scene, Untold, WhatIf, end_of};
use tenure_domain::{Cause, Chain, Cover, Date, Instant, LicenseId, Sensor, SensorId, Serial, State, Term};

use crate::driver::{Driver, code_id, sensor_id};
use crate::plan::{Command, Plan, TERMS, plans, serial_number};

/// A step that is supposed; indices count modulo what there is.
#[derive(Clone, Debug)]
enum Wish {
    Redeem { licenses: u32 },
    AutoRenewal { sensors: Vec<usize>, on: bool },
    Assign { sensor: usize, key: Option<usize> },
    Remove { sensors: Vec<usize> },
    Replace { sensor: usize },
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let some = || prop::collection::vec(0..9_usize, 1..4);
    let key = prop::option::weighted(0.4, 0..9_usize);
    let wish = prop_oneof![
        3 => (1..9_u32).prop_map(|licenses| Wish::Redeem { licenses }),
        3 => (some(), any::<bool>()).prop_map(|(sensors, on)| Wish::AutoRenewal { sensors, on }),
        3 => (0..9_usize, key).prop_map(|(sensor, key)| Wish::Assign { sensor, key }),
        2 => some().prop_map(|sensors| Wish::Remove { sensors }),
        1 => (0..9_usize).prop_map(|sensor| Wish::Replace { sensor }),
    ];
    prop::collection::vec(wish, 0..5)
}

impl Wish {
    /// The step, and the commands that it supposes.
    fn resolve(
        &self,
        driver: &Driver,
        codes: usize,
        term: usize,
        step: usize,
    ) -> Option<(WhatIf, Vec<Command>)> {
        let there: Vec<usize> = (0..9)
            .filter(|number| driver.sensors().iter().any(|sensor| sensor.id == sensor_id(*number)))
            .collect();
        let at = |index: usize| there.get(index % there.len().max(1)).copied();
        let each = |indices: &[usize]| -> Vec<usize> {
            let chosen: BTreeSet<usize> = indices.iter().filter_map(|index| at(*index)).collect();
            chosen.into_iter().rev().collect()
        };
        let ids = |numbers: &[usize]| numbers.iter().map(|number| sensor_id(*number)).collect();
        Some(match self {
            Self::Redeem { licenses } => (
                WhatIf::Redeem { licenses: *licenses, term: TERMS[term].0.parse().unwrap() },
                vec![Command::Redeem { code: driver.next_code(), licenses: *licenses, term }],
            ),
            Self::AutoRenewal { sensors, on } => {
                let sensors = each(sensors);
                let commands = sensors.iter().map(|sensor| Command::AutoRenewal { sensor: *sensor, on: *on });
                (WhatIf::AutoRenewal { sensors: ids(&sensors), on: *on }, commands.collect())
            }
            Self::Assign { sensor, key } => {
                let sensor = at(*sensor)?;
                let key = key.map(|key| key % codes.max(1));
                let command = Command::Assign { sensor, key };
                (WhatIf::Assign { sensors: ids(&[sensor]), key: key.map(code_id) }, vec![command])
            }
            Self::Remove { sensors } => {
                let sensors = each(sensors);
                let commands = sensors.iter().map(|sensor| Command::Remove { sensor: *sensor });
                (WhatIf::Remove { sensors: ids(&sensors) }, commands.collect())
            }
            Self::Replace { sensor } => {
                let (sensor, serial) = (at(*sensor)?, 60 + step);
                let step = WhatIf::Replace {
                    sensor: sensor_id(sensor),
                    serial: Serial::from_number(serial_number(serial)),
                };
                (step, vec![Command::Replace { sensor, serial }])
            }
        })
    }
}

/// The state after a plan, a microsecond later, so that what is redeemed then is redeemed last.
fn after(plan: &Plan) -> (Driver, Instant) {
    let mut driver = Driver::new(plan.zone, 1);
    for (now, command) in &plan.commands {
        let _refused = driver.run(Instant::from_micros(*now), command);
    }
    let now = plan.commands.last().map_or(plan.starts, |(now, _)| *now);
    let now = Instant::from_micros(now).plus_micros(1);
    driver.settle(now);
    (driver, now)
}

/// Asks something of a scene, with ever longer heads of the pool.
fn ask<T>(
    driver: &Driver,
    (now, until): (Instant, Date),
    steps: &[WhatIf],
    ask: impl Fn(Scene) -> Result<T, Untold>,
) -> Result<T, tenure_domain::Refusal> {
    let mut named: Vec<SensorId> = Vec::new();
    for step in steps {
        match step {
            WhatIf::Redeem { .. } => {}
            WhatIf::AutoRenewal { sensors, .. }
            | WhatIf::Assign { sensors, .. }
            | WhatIf::Remove { sensors } => {
                named.extend(sensors);
            }
            WhatIf::Replace { sensor, .. } => named.push(*sensor),
        }
    }
    for head in 0.. {
        let mut scene = driver.scene(now, end_of(driver.zone(), until), head, &named);
        let told = steps.iter().try_for_each(|step| scene.suppose(step)).and_then(|()| ask(scene));
        match told {
            Ok(told) => return Ok(told),
            Err(Untold::Refused(refusal)) => return Err(refusal),
            Err(Untold::PoolHeadTooShort(_)) => assert!(head < 1_000, "the whole pool is loaded"),
        }
    }
    unreachable!()
}

/// A license as both sides know it: one that is supposed has no identifier that lasts.
fn known(license: LicenseId, driver: &Driver) -> Option<LicenseId> {
    driver.states().any(|(id, ..)| id == license).then_some(license)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Lived {
    renewals: BTreeMap<SensorId, Vec<(Option<LicenseId>, Term, Cover)>>,
    lapses: BTreeMap<SensorId, (Fate, Instant, Date)>,
    days: BTreeMap<Date, Counts>,
    months: Vec<(Date, usize, usize)>,
}

/// Lets time pass in jumps, and writes down what happens.
fn live(driver: &mut Driver, until: Date, now: Instant, jumps: &[u16], known_before: &Driver) -> Lived {
    let zone = driver.zone().clone();
    let horizon = end_of(&zone, until);
    let mut lived = Lived::default();
    let mut stops: Vec<(Instant, Option<Date>)> = Vec::new();
    let mut month = zone.date_at(now).first_of_month();
    while month <= until {
        let end = end_of(&zone, month.last_of_month()).min(horizon);
        stops.push((end, Some(month)));
        month = month.last_of_month().tomorrow().unwrap();
    }
    for jump in jumps {
        let part = i128::from(horizon.micros_since(now)) * i128::from(*jump) / 65_535;
        stops.push((now.plus_micros(i64::try_from(part).unwrap()), None));
    }
    stops.sort_unstable();
    let seen = driver.audit().len();
    for (instant, month) in stops {
        driver.settle(instant);
        if let Some(month) = month {
            let left = driver.states().filter(|(_, _, state)| **state == State::Available).count();
            let covered = driver.sensors().into_iter();
            let covered = covered.filter(|sensor| matches!(sensor.chain, Chain::Running { .. })).count();
            lived.months.push((month, left, covered));
        }
    }
    let audit = &driver.audit()[seen..];
    let mut ended: BTreeMap<SensorId, usize> = BTreeMap::new();
    for change in audit {
        let day = lived.days.entry(zone.date_at(change.at.plus_micros(-1))).or_default();
        match (change.after, change.cause) {
            (State::Active(placed), Cause::AutoRenewal) => {
                day.renews += 1;
                *ended.entry(placed.sensor).or_default() -= 1;
                let row = driver.states().find(|(id, ..)| *id == change.license).unwrap();
                assert_eq!(*row.2.placed().map_or(&placed.sensor, |placed| &placed.sensor), placed.sensor);
                let renewals = lived.renewals.entry(placed.sensor).or_default();
                let term = driver.term(change.license);
                renewals.push((known(change.license, known_before), term, placed.cover));
            }
            (State::Active(placed), _) => {
                day.queue_starts += 1;
                *ended.entry(placed.sensor).or_default() -= 1;
            }
            (State::Ended(placed), _) if !matches!(change.before, State::Released(_)) => {
                *ended.entry(placed.sensor).or_default() += 1;
            }
            _ => {}
        }
    }
    for sensor in driver.sensors() {
        let Chain::Lapsed(last) = &sensor.chain else { continue };
        if ended.get(&sensor.id).copied().unwrap_or(0) == 0 {
            continue;
        }
        let day = lived.days.entry(zone.date_at(last.cover.ends.plus_micros(-1))).or_default();
        let (count, fate) = if sensor.auto_renewal {
            (&mut day.goes_without, Fate::GoesWithout)
        } else {
            (&mut day.stops, Fate::Stops)
        };
        *count += 1;
        lived.lapses.insert(sensor.id, (fate, last.cover.ends, last.cover.expires_on));
    }
    lived.days.retain(|_, counts| *counts != Counts::default());
    lived
}

fn told(forecast: &Forecast, known_before: &Driver) -> Lived {
    let mut told = Lived { days: forecast.days.clone(), ..Lived::default() };
    for prospect in &forecast.prospects {
        if prospect.renewal_count > 0 {
            let renewals = prospect.renewals.iter();
            let renewals =
                renewals.map(|held| (known(held.license.id, known_before), held.license.term, held.cover));
            told.renewals.insert(prospect.sensor, renewals.collect());
        }
        if let Some(end) = prospect.lapses {
            told.lapses.insert(prospect.sensor, (prospect.fate, end.ends, end.expires_on));
        }
    }
    let months = forecast.months().into_iter();
    told.months = months.map(|month| (month.first, month.licenses_left, month.covered)).collect();
    told
}

proptest! {
    #![proptest_config(Config { cases: 600, failure_persistence: None, ..Config::default() })]

    #[test]
    fn r12_to_r16_the_forecast_is_what_then_happens(
        plan in plans(25), wishes in wishes(), term in 0..TERMS.len(), days in 0..500_i64,
        jumps in prop::collection::vec(any::<u16>(), 0..6),
    ) {
        let (mut driver, now) = after(&plan);
        let until = driver.zone().date_at(now).saturating_add(jiff::Span::new().days(days));
        let known_before = driver.clone();
        let mut steps = Vec::new();
        for (place, wish) in wishes.iter().enumerate() {
            let Some((step, commands)) = wish.resolve(&driver, known_before.next_code(), term, place) else { continue };
            let mut supposed = steps.clone();
            supposed.push(step);
            let answer = ask(&known_before, (now, until), &supposed, |_| Ok(()));
            let mut lives = driver.clone();
            let deed = commands.iter().try_for_each(|command| lives.run(now, command));
            prop_assert_eq!(answer.map_err(|refusal| refusal.code()), deed, "{:?}", wish);
            if deed.is_ok() {
                (driver, steps) = (lives, supposed);
            }
        }
        let forecast = ask(&known_before, (now, until), &steps, |scene| scene.forecast(until)).unwrap();
        // R14's order.
        let turns: Vec<_> = forecast.prospects.iter().map(|prospect| prospect.turn).collect();
        prop_assert!(turns.is_sorted());
        let ends: BTreeSet<SensorId> = driver.sensors().iter()
            .filter(|sensor| matches!(sensor.chain, Chain::Running { .. }))
            .filter(|sensor| sensor.chain.end().unwrap().ends <= end_of(driver.zone(), until))
            .map(|sensor| sensor.id)
            .collect();
        prop_assert_eq!(forecast.prospects.iter().map(|prospect| prospect.sensor).collect::<BTreeSet<_>>(), ends);
        let mut waiting: Vec<_> = driver.sensors().into_iter().filter(Sensor::waits).collect();
        waiting.sort_by_key(Sensor::turn);
        let waiting: Vec<SensorId> = waiting.into_iter().map(|sensor| sensor.id).collect();
        prop_assert_eq!(&forecast.waiting, &waiting);
        let left = driver.states().filter(|(_, _, state)| **state == State::Available).count();
        prop_assert_eq!(forecast.licenses_left, left);

        let counted = told(&forecast, &known_before);
        let mut lived = live(&mut driver, until, now, &jumps, &known_before);
        for prospect in &forecast.prospects {
            prop_assert_eq!(prospect.renewal_count, lived.renewals.get(&prospect.sensor).map_or(0, Vec::len));
        }
        for renewals in lived.renewals.values_mut() {
            renewals.truncate(tenure_domain::forecast::MOST_RENEWALS);
        }
        prop_assert_eq!(counted, lived);
    }

    #[test]
    fn r20_a_replacement_changes_no_date_of_the_forecast(plan in plans(20), sensor in 0..9_usize) {
        let (driver, now) = after(&plan);
        let until = driver.zone().date_at(now).saturating_add(jiff::Span::new().days(400));
        let Some((step, _)) = (Wish::Replace { sensor }).resolve(&driver, 0, 0, 0) else { return Ok(()) };
        let dates = |steps: &[WhatIf]| {
            let forecast = ask(&driver, (now, until), steps, |scene| scene.forecast(until)).unwrap();
            let ends = forecast.prospects.iter().map(|prospect| (prospect.sensor, prospect.end.ends));
            (ends.collect::<BTreeMap<_, _>>(), forecast.months())
        };
        prop_assert_eq!(dates(&[step]), dates(&[]));
    }

    #[test]
    fn r15_what_to_buy_is_exact(
        plan in plans(25), term in 0..TERMS.len(), days in 0..500_i64, less in any::<prop::sample::Index>(),
    ) {
        let (driver, now) = after(&plan);
        let until = driver.zone().date_at(now).saturating_add(jiff::Span::new().days(days));
        let of_term: Term = TERMS[term].0.parse().unwrap();
        let purchases = ask(&driver, (now, until), &[], |scene| scene.purchases(until, of_term)).unwrap();
        let forecast = ask(&driver, (now, until), &[], |scene| scene.forecast(until)).unwrap();
        prop_assert_eq!(purchases.is_empty(), forecast.without().next().is_none());
        prop_assert!(purchases.is_sorted_by(|one, other| one.by < other.by));
        prop_assert_eq!(without(&driver, now, until, &purchases, term)?, 0);
        if !purchases.is_empty() {
            let mut fewer = purchases.clone();
            less.get_mut(&mut fewer).licenses -= 1;
            prop_assert!(without(&driver, now, until, &fewer, term)? > 0, "{:?}", purchases);
        }
    }
}

/// How many sensors with auto renewal are without cover for a time when this is bought and redeemed, or are without in
/// the end.
fn without(
    driver: &Driver,
    now: Instant,
    until: Date,
    purchases: &[Purchase],
    term: usize,
) -> Result<usize, TestCaseError> {
    let mut driver = driver.clone();
    let zone = driver.zone().clone();
    let seen = driver.audit().len();
    let waiting = driver.sensors().into_iter().filter(Sensor::waits);
    let waiting: BTreeMap<SensorId, Instant> = waiting.map(|sensor| (sensor.id, now)).collect();
    for purchase in purchases {
        let at = zone.first_instant_of(purchase.by).max(now);
        let licenses = u32::try_from(purchase.licenses).unwrap();
        let command = Command::Redeem { code: driver.next_code(), licenses, term };
        prop_assert_eq!(driver.run(at, &command), Ok(()));
    }
    driver.settle(end_of(&zone, until));
    let mut without: BTreeSet<SensorId> =
        driver.sensors().iter().filter(|sensor| sensor.waits()).map(|sensor| sensor.id).collect();
    let mut last = waiting;
    for change in &driver.audit()[seen..] {
        match change.after {
            State::Ended(placed) => {
                last.insert(placed.sensor, placed.cover.ends);
            }
            State::Active(placed)
                if change.cause == Cause::AutoRenewal
                    && last.get(&placed.sensor).is_some_and(|ended| *ended < placed.cover.starts) =>
            {
                without.insert(placed.sensor);
            }
            _ => {}
        }
    }
    Ok(without.len())
}
