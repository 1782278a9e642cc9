//! The time line of a sensor, compared with what was true.

use std::collections::BTreeMap;

use tenure_domain::{Chain, CodeId, Instant, LicenseId, Refusal, SensorId};
use tenure_store::ledger;
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{Customer, START, World, at, license_of, refusal, serial_number};
use crate::entropy::Entropy;
use crate::sensors::SensorChange;
use crate::timeline::{Cause, Item, Kind, Standing, Timeline};
use crate::{Actor, SeededEntropy};

/// The whole time line, put together from pages.
async fn line(world: &World, customer: &Customer, sensor: SensorId) -> Timeline {
    let ctx = world.ctx();
    let removed = world.app.sensor(&ctx, customer.id, sensor).await.is_err();
    let page =
        async |after| world.app.timeline(&ctx, customer.id, sensor, removed, (after, 3)).await.unwrap();
    let mut whole = page(0).await;
    while let Some(next) = whole.next {
        let more = page(next).await;
        whole.items.extend(more.items);
        whole.next = more.next;
    }
    let once = world.app.timeline(&ctx, customer.id, sensor, removed, (0, 1_000)).await.unwrap();
    assert_eq!(whole, once);
    whole
}

/// A time line as short lines.
fn told(line: &Timeline) -> Vec<String> {
    let item = |item: &Item| {
        let ends = item.ends.map_or_else(|| "…".to_owned(), |ends| ends.to_string());
        let name = |debug: String| debug;
        match item.kind {
            Kind::License | Kind::Gap => {
                let standing = item.license.as_ref().map(|license| format!("{:?} ", license.standing));
                let cause = name(format!("{:?}", item.cause.unwrap()));
                format!("{} – {ends} {}{cause}", item.starts, standing.unwrap_or_else(|| "gap ".to_owned()))
            }
            point => format!("{} {point:?} {}", item.starts, item.serial.unwrap()),
        }
    };
    line.items.iter().map(item).collect()
}

async fn r16_the_time_line_shows_gaps_as_gaps_with_their_causes(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 1, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.set("2026-05-10T09:00:00Z");
    world.stock(&harbor, 1, "P1M").await;
    let change = SensorChange { name: None, auto_renewal: Some(false) };
    world.app.change_sensor(&world.ctx(), harbor.id, sensor, change).await.unwrap();
    world.set("2026-07-01T09:00:00Z");
    world.stock(&harbor, 3, "P1M").await;
    world.assign(&harbor, sensor).await;
    world.assign(&harbor, sensor).await;
    assert_eq!(
        told(&line(&world, &harbor, sensor).await),
        [
            "2026-03-01T11:00:00Z Added 282c02000001",
            "2026-03-01T11:00:00Z – 2026-04-02T00:00:00Z Ended Assigned",
            "2026-04-02T00:00:00Z – 2026-05-10T09:00:00Z gap NoLicenseLeft",
            "2026-05-10T09:00:00Z – 2026-06-11T00:00:00Z Ended AutoRenewal",
            "2026-06-11T00:00:00Z – 2026-07-01T09:00:00Z gap AutoRenewalOff",
            "2026-07-01T09:00:00Z – 2026-08-02T00:00:00Z Active Assigned",
            "2026-08-02T00:00:00Z – 2026-09-02T00:00:00Z Queued Queue",
        ]
    );
    let line = line(&world, &harbor, sensor).await;
    assert_eq!(line.since, at(START));
    let by = line.items[1].by.as_ref().unwrap();
    assert_eq!((by.kind, by.email.as_deref()), ("token", Some("clerk@harbor.example")));
    let last = line.items.last().unwrap().license.as_ref().unwrap();
    assert_eq!(
        (last.activation_date.to_string(), last.expires_on.to_string()),
        ("2026-08-02".into(), "2026-09-01".into())
    );
}

/// A replaced sensor keeps its line, a removed one has a hole in it, and what is revoked or given away ends there.
async fn r20_r21_the_time_line_is_the_sensors_whatever_its_number_and_wherever_it_was(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(4, "P1M").await;
    world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    let (first, other) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    let ctx = world.ctx();
    world.set("2026-03-05T00:00:00Z");
    world.app.replace_sensor(&world.ctx(), harbor.id, first, serial_number(7)).await.unwrap();
    world.set("2026-03-10T00:00:00Z");
    world.app.remove_sensor(&world.ctx(), harbor.id, first).await.unwrap();
    world.set("2026-03-12T00:00:00Z");
    assert_eq!(world.add(&harbor, 7).await, first);
    world.set("2026-03-20T00:00:00Z");
    world.app.remove_sensor(&world.ctx(), harbor.id, first).await.unwrap();
    world.set("2026-03-21T00:00:00Z");
    world.app.remove_sensor(&world.ctx(), harbor.id, other).await.unwrap();
    let third = world.add(&harbor, 3).await;
    world.set("2026-03-22T00:00:00Z");
    let given = license_of(&world.ledger(&harbor).await, third, "active");
    world.app.take_back(&world.ctx(), harbor.id, third, given).await.unwrap();
    world.set("2026-03-23T00:00:00Z");
    let rest = license_of(&world.ledger(&harbor).await, first, "released");
    world.app.give_released(&world.ctx(), harbor.id, third, rest).await.unwrap();
    world.set("2026-03-25T00:00:00Z");
    world.app.revoke_code(&world.ctx(), code.id, true).await.unwrap();
    world.set("2026-06-01T00:00:00Z");
    assert_eq!(
        told(&line(&world, &harbor, first).await),
        [
            "2026-03-01T11:00:00Z Added 282c02000001",
            "2026-03-01T11:00:00Z – 2026-03-10T00:00:00Z Released Assigned",
            "2026-03-05T00:00:00Z Replaced 282c02000007",
            "2026-03-10T00:00:00Z Removed 282c02000007",
            "2026-03-10T00:00:00Z – 2026-03-12T00:00:00Z gap Removed",
            "2026-03-12T00:00:00Z BroughtBack 282c02000007",
            "2026-03-12T00:00:00Z – 2026-03-20T00:00:00Z Released CameBack",
            "2026-03-20T00:00:00Z Removed 282c02000007",
            "2026-03-20T00:00:00Z – … gap Removed",
        ],
        "what another sensor was given since is still what covered this one"
    );
    assert_eq!(
        told(&line(&world, &harbor, third).await),
        [
            "2026-03-21T00:00:00Z Added 282c02000003",
            "2026-03-21T00:00:00Z – 2026-03-22T00:00:00Z TakenBack Assigned",
            "2026-03-22T00:00:00Z – 2026-03-23T00:00:00Z gap TakenBack",
            "2026-03-23T00:00:00Z – 2026-03-25T00:00:00Z Revoked RestGiven",
            "2026-03-25T00:00:00Z – … gap Revoked",
        ]
    );
    let elsewhere = world.customer("Elsewhere", "UTC").await;
    let page = (0, 10);
    let outcome = world.app.timeline(&ctx, elsewhere.id, third, false, page).await;
    assert_eq!(refusal(outcome), Refusal::NotFound { what: "sensor" });
    let outcome = world.app.timeline(&ctx, harbor.id, first, false, page).await;
    assert_eq!(refusal(outcome), Refusal::NotFound { what: "sensor" }, "it is removed");
    let outcome = world.app.timeline(&ctx, harbor.id, third, true, page).await;
    assert_eq!(refusal(outcome), Refusal::NotFound { what: "removed sensor" }, "it is not");
}

/// A play of random commands, and what was true at each look.
struct Play {
    world: World,
    customer: Customer,
    dice: SeededEntropy,
    now: Instant,
    sensors: Vec<(SensorId, u64)>,
    codes: Vec<CodeId>,
    serial: u64,
    /// Which license covered which sensor when.
    truth: BTreeMap<(SensorId, Instant), Option<LicenseId>>,
}

impl Play {
    fn roll(&self, sides: u64) -> u64 {
        u64::try_from(self.dice.bits() >> 64).unwrap() % sides
    }

    fn pick<T: Copy>(&self, among: &[T]) -> Option<T> {
        let count = u64::try_from(among.len()).unwrap();
        (count > 0).then(|| among[usize::try_from(self.roll(count)).unwrap()])
    }

    /// Looks at every sensor as the domain has it.
    async fn look(&mut self) {
        let ctx = self.world.app.ctx(Actor::CommandLine);
        self.world.app.settle(&ctx, self.customer.id).await.unwrap();
        let mut tx = self.world.test.db.read().await.unwrap();
        for (sensor, _) in &self.sensors {
            let found = ledger::sensor(&mut tx, self.customer.id, *sensor).await.unwrap();
            let covering = match found.map(|sensor| sensor.chain) {
                Some(Chain::Running { active, .. }) if active.cover.contains(self.now) => {
                    Some(active.license.id)
                }
                _ => None,
            };
            self.truth.insert((*sensor, self.now), covering);
        }
        tx.roll_back().await.unwrap();
    }

    async fn wait(&mut self) {
        for _ in 0..=self.roll(4) {
            let hours = i64::try_from(1 + self.roll(24 * 9)).unwrap();
            self.now = self.now.plus_seconds(hours * 3_600);
            self.world.clock.set(self.now);
            self.look().await;
        }
    }

    async fn step(&mut self) {
        let (world, harbor) = (self.world.clone(), self.customer.clone());
        let (app, ctx) = (&world.app, world.app.ctx(Actor::CommandLine));
        let sensor = self.pick(&self.sensors).map(|(sensor, _)| sensor);
        match (self.roll(16), sensor) {
            (0 | 1, _) => {
                let term = ["P10D", "P1M", "P2W", "P1D"][usize::try_from(self.roll(4)).unwrap()];
                let code = world.issue(u32::try_from(1 + self.roll(5)).unwrap(), term).await;
                self.codes.push(code.id);
                world.redeem(&harbor, &code.code.to_string()).await.unwrap();
            }
            (2 | 3, _) if self.sensors.len() < 7 => {
                self.serial += 1;
                if let Ok(added) = world.try_add(&harbor, self.serial, None).await {
                    self.sensors.push((added, self.serial));
                }
            }
            (4..=6, Some(sensor)) => drop(world.try_assign(&harbor, sensor, None).await),
            (7 | 8, Some(sensor)) => {
                let ledger = world.ledger(&harbor).await;
                let held: Vec<LicenseId> = ledger
                    .licenses
                    .iter()
                    .filter(|one| one.state.placed().is_some_and(|placed| placed.sensor == sensor))
                    .map(|one| one.license.id)
                    .collect();
                if let Some(license) = self.pick(&held) {
                    drop(app.take_back(&ctx, harbor.id, sensor, license).await);
                }
            }
            (9 | 10, Some(sensor)) => {
                let change = SensorChange { auto_renewal: Some(self.roll(3) > 0), name: None };
                drop(app.change_sensor(&ctx, harbor.id, sensor, change).await);
            }
            (11, _) => {
                if let Some(code) = self.pick(&self.codes) {
                    app.revoke_code(&ctx, code, self.roll(4) > 0).await.unwrap();
                }
            }
            (12, Some(sensor)) => drop(app.remove_sensor(&ctx, harbor.id, sensor).await),
            (13, Some(_)) => {
                let (_, serial) = self.pick(&self.sensors).unwrap();
                drop(world.try_add(&harbor, serial, None).await);
            }
            (14, Some(sensor)) => {
                let removed = app.removed_sensors(&ctx, harbor.id, None, 100).await.unwrap();
                if let Some(rest) = removed.into_iter().find_map(|(_, released)| released) {
                    drop(app.give_released(&ctx, harbor.id, sensor, rest.license).await);
                }
            }
            (15, Some(sensor)) => {
                self.serial += 1;
                if app.replace_sensor(&ctx, harbor.id, sensor, serial_number(self.serial)).await.is_ok() {
                    for (one, serial) in &mut self.sensors {
                        if *one == sensor {
                            *serial = self.serial;
                        }
                    }
                }
            }
            _ => {}
        }
        self.look().await;
    }

    /// Compares a sensor's line with all that was true of it.
    async fn compare(&self, sensor: SensorId) -> Vec<(Kind, Option<Standing>, Option<Cause>)> {
        let line = line(&self.world, &self.customer, sensor).await;
        let context = || told(&line).join("\n");
        let intervals: Vec<&Item> =
            line.items.iter().filter(|item| matches!(item.kind, Kind::License | Kind::Gap)).collect();
        assert_eq!(intervals[0].starts, line.since, "{}", context());
        for pair in intervals.windows(2) {
            assert_eq!(pair[0].ends, Some(pair[1].starts), "no hole and no overlap:\n{}", context());
            assert!(pair[0].starts < pair[1].starts, "{}", context());
            let gaps = pair.iter().filter(|item| item.kind == Kind::Gap && item.cause == pair[0].cause);
            assert!(gaps.count() < 2, "two gaps in a row have different causes:\n{}", context());
        }
        assert!(line.items.windows(2).all(|pair| pair[0].starts <= pair[1].starts), "{}", context());
        for ((of, at), covering) in &self.truth {
            if *of != sensor {
                continue;
            }
            let holds = |item: &&&Item| item.starts <= *at && item.ends.is_none_or(|ends| *at < ends);
            let found = intervals.iter().find(holds).unwrap_or_else(|| panic!("{at}:\n{}", context()));
            let license = found.license.as_ref().map(|license| license.id);
            assert_eq!(license, *covering, "{at}:\n{}", context());
        }
        // What the domain has promised is the end of the line.
        let ctx = self.world.app.ctx(Actor::CommandLine);
        if let Ok(row) = self.world.app.sensor(&ctx, self.customer.id, sensor).await {
            let end = row.sensor.chain_end.map(|end| end.ends).filter(|ends| *ends > self.now);
            assert_eq!(intervals.last().unwrap().ends, end, "{}", context());
        }
        line.items
            .iter()
            .map(|item| (item.kind, item.license.as_ref().map(|license| license.standing), item.cause))
            .collect()
    }
}

async fn r18_the_time_line_is_what_was_true_after_whatever_commands(test: TestDb) {
    let world = World::new(test);
    let mut seen: Vec<(Kind, Option<Standing>, Option<Cause>)> = Vec::new();
    for seed in 1..=4 {
        let customer = world.customer(&format!("Harbor{seed}"), "Europe/Warsaw").await;
        let (dice, now) = (SeededEntropy::new(seed), world.app.clock.now());
        let mut play = Play {
            world: world.clone(),
            customer,
            dice,
            now,
            sensors: Vec::new(),
            codes: Vec::new(),
            serial: seed * 1_000,
            truth: BTreeMap::new(),
        };
        let code = world.issue(6, "P1M").await;
        play.codes.push(code.id);
        world.redeem(&play.customer, &code.code.to_string()).await.unwrap();
        for _ in 0..90 {
            play.step().await;
            if play.roll(3) == 0 {
                play.wait().await;
            }
        }
        assert!(play.truth.len() > 100, "the play has looked often");
        for (sensor, _) in play.sensors.clone() {
            seen.extend(play.compare(sensor).await);
        }
    }
    for standing in [
        Standing::Active,
        Standing::Queued,
        Standing::Ended,
        Standing::Released,
        Standing::Revoked,
        Standing::TakenBack,
    ] {
        assert!(seen.iter().any(|item| item.1 == Some(standing)), "{standing:?} came up");
    }
    for cause in [Cause::Assigned, Cause::AutoRenewal, Cause::Queue] {
        assert!(seen.iter().any(|item| item.2 == Some(cause)), "{cause:?} came up");
    }
}

on_both!(
    r16_the_time_line_shows_gaps_as_gaps_with_their_causes,
    r20_r21_the_time_line_is_the_sensors_whatever_its_number_and_wherever_it_was,
    r18_the_time_line_is_what_was_true_after_whatever_commands,
);
