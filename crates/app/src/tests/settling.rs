//! R17: what happens is a function of the commands and their instants, never of when something was settled.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tenure_domain::{CodeId, Role, SensorId, Standing, Zone};
use tenure_store::Engine;
use tenure_store::testing::{TestDb, run};

use super::{Ledger, World, at, serial_number};
use crate::change_organization::OrganizationChange;
use crate::create_user::NewUser;
use crate::list_sensors::Row;
use crate::sensors::SensorChange;
use crate::{Actor, AppError};

/// One thing that somebody does; sensors and codes by their place among those that are there.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait { hours: i64 },
    TurnBack { hours: i64 },
    Stock { licenses: u32, term: &'static str },
    Add,
    Assign { sensor: usize },
    TakeBack { sensor: usize, queued: bool },
    Switch { sensor: usize, on: bool },
    Revoke { code: usize, end_active: bool },
    Remove { sensor: usize },
    AddAgain { sensor: usize },
    GiveReleased { sensor: usize },
    Replace { sensor: usize },
    Move { zone: &'static str },
    Invite,
}

/// What is left of a script: the outcome of each step, the ledger and the table.
type Left = (Vec<String>, Ledger, Vec<Row>);

/// Plays a script; `eager` settles at every turn, and on the way while nobody does anything.
async fn play(test: TestDb, script: Vec<Step>, eager: bool) -> Left {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    let (mut sensors, mut codes): (Vec<SensorId>, Vec<CodeId>) = (Vec::new(), Vec::new());
    let mut serials: BTreeMap<SensorId, u64> = BTreeMap::new();
    let mut outcomes = Vec::new();
    let mut now = at(super::START);
    let told = |outcome: Result<(), AppError>| match outcome {
        Ok(()) => "done".to_owned(),
        Err(AppError::Refused(refusal)) => refusal.code().to_owned(),
        Err(other) => panic!("{other:?}"),
    };
    for (number, step) in script.into_iter().enumerate() {
        let ctx = world.app.ctx(Actor::CommandLine);
        let pick = |place: usize| sensors.get(place % sensors.len().max(1)).copied();
        let outcome = match step {
            Step::Wait { hours } => {
                for part in 1..=4 {
                    world.clock.set(now.plus_seconds(hours * 900 * part));
                    if eager {
                        world.app.settle_due().await.unwrap();
                    }
                }
                now = now.plus_seconds(hours * 3_600);
                Ok(())
            }
            Step::TurnBack { hours } => {
                // Whatever was settled before, the commands' instants are what counts: one is given first.
                world.app.settle(&ctx, harbor.id).await.unwrap();
                now = now.plus_seconds(-3_600 * hours);
                world.clock.set(now);
                Ok(())
            }
            Step::Stock { licenses, term } => {
                let code = world.issue(licenses, term).await;
                codes.push(code.id);
                world.redeem(&harbor, &code.code.to_string()).await.map(drop)
            }
            Step::Add => {
                let serial = u64::try_from(number).unwrap();
                world.try_add(&harbor, serial, None).await.map(|sensor| {
                    sensors.push(sensor);
                    serials.insert(sensor, serial);
                })
            }
            Step::Remove { sensor } => {
                let Some(sensor) = pick(sensor) else { continue };
                let preview = world.app.preview_removal(&ctx, harbor.id, sensor).await;
                let removal = world.app.remove_sensor(&ctx, harbor.id, sensor).await;
                assert_eq!(format!("{preview:?}"), format!("{removal:?}"));
                removal.map(drop)
            }
            Step::AddAgain { sensor } => {
                let Some(sensor) = pick(sensor) else { continue };
                let added = world.try_add(&harbor, serials[&sensor], None).await;
                added.map(|added| assert_eq!(added, sensor, "it comes back as itself"))
            }
            Step::GiveReleased { sensor } => {
                let Some(sensor) = pick(sensor) else { continue };
                let removed = world.app.removed_sensors(&ctx, harbor.id, None, 100).await.unwrap();
                let Some(left) = removed.into_iter().find_map(|(_, released)| released) else { continue };
                world.app.give_released(&ctx, harbor.id, sensor, left.license).await.map(drop)
            }
            Step::Replace { sensor } => {
                let Some(sensor) = pick(sensor) else { continue };
                let serial = 1_000 + u64::try_from(number).unwrap();
                let replaced = world.app.replace_sensor(&ctx, harbor.id, sensor, serial_number(serial)).await;
                replaced.map(|()| {
                    serials.insert(sensor, serial);
                })
            }
            Step::Assign { sensor } => match pick(sensor) {
                Some(sensor) => world.try_assign(&harbor, sensor, None).await.map(drop),
                None => continue,
            },
            Step::TakeBack { sensor, queued } => {
                let Some(sensor) = pick(sensor) else { continue };
                // What is there to be taken back is looked up in a settled ledger, by a command in either play.
                world.app.settle(&ctx, harbor.id).await.unwrap();
                let state = if queued { "queued" } else { "active" };
                let ledger = world.ledger(&harbor).await;
                let held = ledger.licenses.iter().find(|recorded| {
                    recorded.state.name() == state
                        && recorded.state.placed().is_some_and(|placed| placed.sensor == sensor)
                });
                let Some(held) = held else { continue };
                world.app.take_back(&ctx, harbor.id, sensor, held.license.id).await.map(drop)
            }
            Step::Switch { sensor, on } => {
                let Some(sensor) = pick(sensor) else { continue };
                let change = SensorChange { auto_renewal: Some(on), name: None };
                world.app.change_sensor(&ctx, harbor.id, sensor, change).await
            }
            Step::Revoke { code, end_active } => {
                let Some(code) = codes.get(code % codes.len().max(1)) else { continue };
                world.app.revoke_code(&ctx, *code, end_active).await.map(drop)
            }
            Step::Move { zone } => {
                let zone = Some(zone.parse::<Zone>().unwrap());
                let change = OrganizationChange { zone, ..OrganizationChange::default() };
                world.app.change_organization(&ctx, harbor.id, change).await.map(drop)
            }
            Step::Invite => {
                let new = NewUser {
                    email: format!("guest{number}@harbor.example"),
                    organization: Some("Harbor".to_owned()),
                    zone: Zone::UTC,
                    role: Role::Analyst,
                    password: None,
                };
                world.app.create_user(&ctx, new).await.map(drop)
            }
        };
        outcomes.push(told(outcome));
        if eager {
            world.app.settle(&world.ctx(), harbor.id).await.unwrap();
            world.ledger(&harbor).await;
        }
    }
    world.app.settle(&world.ctx(), harbor.id).await.unwrap();
    let (ledger, rows) = (world.ledger(&harbor).await, world.rows(&harbor).await);
    check_rows(&ledger, &rows);
    (outcomes, ledger, rows)
}

/// The table says what the ledger does, and nobody waits while licenses are left (R12, R15).
fn check_rows(ledger: &Ledger, rows: &[Row]) {
    for Row { sensor, standing, queued, .. } in rows {
        let covers = ledger.of(sensor.id);
        let in_state = |state: &str| covers.iter().filter(|cover| cover.0 == state).count();
        assert_eq!(standing.is_covered(), in_state("active") == 1, "{sensor:?} {covers:?}");
        assert_eq!(queued.len(), in_state("queued"), "{sensor:?} {covers:?}");
        let end = sensor.chain_end.map(|end| end.expires_on.to_string());
        assert_eq!(end.as_ref(), covers.last().map(|cover| &cover.2), "{sensor:?} {covers:?}");
        let waits = *standing == Standing::Expired && sensor.auto_renewal;
        assert!(!waits || ledger.count("available") == 0, "{sensor:?} waits while licenses are left");
    }
}

fn both_ways(engine: Engine, script: &[Step]) -> Left {
    let eager = run(engine, true, |test| play(test, script.to_vec(), true));
    let lazy = run(engine, true, |test| play(test, script.to_vec(), false));
    assert_eq!(lazy, eager);
    lazy
}

fn step() -> impl Strategy<Value = Step> {
    let sensor = 0_usize..6;
    prop_oneof![
        4 => (1_i64..900).prop_map(|hours| Step::Wait { hours }),
        1 => (1_i64..200).prop_map(|hours| Step::TurnBack { hours }),
        3 => (1_u32..6, prop::sample::select(vec!["P1D", "P1W", "P1M", "P1M3D", "P1Y"]))
            .prop_map(|(licenses, term)| Step::Stock { licenses, term }),
        3 => Just(Step::Add),
        3 => sensor.clone().prop_map(|sensor| Step::Assign { sensor }),
        2 => (sensor.clone(), any::<bool>()).prop_map(|(sensor, queued)| Step::TakeBack { sensor, queued }),
        2 => (sensor.clone(), any::<bool>()).prop_map(|(sensor, on)| Step::Switch { sensor, on }),
        1 => (sensor.clone(), any::<bool>()).prop_map(|(code, end_active)| Step::Revoke { code, end_active }),
        3 => sensor.clone().prop_map(|sensor| Step::Remove { sensor }),
        3 => sensor.clone().prop_map(|sensor| Step::AddAgain { sensor }),
        2 => sensor.clone().prop_map(|sensor| Step::GiveReleased { sensor }),
        1 => sensor.prop_map(|sensor| Step::Replace { sensor }),
        1 => prop::sample::select(vec!["UTC", "Pacific/Apia", "America/Havana", "Africa/Cairo"])
            .prop_map(|zone| Step::Move { zone }),
        1 => Just(Step::Invite),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn r17_settling_at_every_step_or_only_at_the_end_is_the_same(script in prop::collection::vec(step(), 1..30)) {
        both_ways(Engine::Sqlite, &script);
    }
}

/// A server that was down for 40 days, and much else.
mod r17_an_outage_changes_nothing {
    use super::*;

    fn script() -> Vec<Step> {
        let mut script = vec![
            Step::Stock { licenses: 5, term: "P1W" },
            Step::Stock { licenses: 6, term: "P10D" },
            Step::Add,
            Step::Add,
            Step::Wait { hours: 30 },
            Step::Add,
            Step::Assign { sensor: 1 },
            Step::Switch { sensor: 2, on: false },
            Step::Wait { hours: 24 * 40 },
            Step::Invite,
            Step::Stock { licenses: 1, term: "P1M" },
            Step::Move { zone: "Africa/Cairo" },
            Step::Switch { sensor: 2, on: true },
            Step::Stock { licenses: 4, term: "P1W" },
            Step::TakeBack { sensor: 0, queued: false },
            Step::Assign { sensor: 0 },
            Step::TurnBack { hours: 50 },
            Step::Assign { sensor: 1 },
            Step::Revoke { code: 3, end_active: true },
            Step::Stock { licenses: 2, term: "P1M" },
            Step::Add,
            Step::Remove { sensor: 3 },
            Step::Wait { hours: 24 * 20 },
            Step::AddAgain { sensor: 3 },
            Step::Remove { sensor: 3 },
        ];
        script.push(Step::Wait { hours: 24 * 90 });
        script
    }

    #[test]
    fn sqlite() {
        let (outcomes, ledger, _) = both_ways(Engine::Sqlite, &script());
        assert!(outcomes.iter().filter(|outcome| *outcome == "done").count() >= 17, "{outcomes:?}");
        assert!(ledger.count("ended") >= 10, "{outcomes:?}");
    }

    #[test]
    fn postgres() {
        let there = both_ways(Engine::Postgres, &script());
        assert_eq!(
            there,
            run(Engine::Sqlite, true, |test| play(test, script(), false)),
            "and on either engine"
        );
    }
}
