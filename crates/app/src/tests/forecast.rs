//! R12 to R16 foretold, and then lived.

use std::collections::BTreeMap;

use tenure_domain::forecast::Fate;
use tenure_domain::license::State;
use tenure_domain::{Date, Instant, OrganizationId, Refusal, SensorId};
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{Customer, World, at, refusal, serial_number};
use crate::Clock;
use crate::forecast::{AskedSensors, Foretold, Question, SensorProspect, Supposed};
use crate::sensors::SensorChange;

/// A fleet in Warsaw on 20 June: chains of several terms that end at several times, queues, two that have auto renewal
/// off, two that wait, and licenses of two terms in the pool.
async fn fleet(world: &World) -> (Customer, Vec<SensorId>) {
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    let mut sensors = Vec::new();
    for (number, (day, term)) in [
        ("2026-03-05", "P1M"),
        ("2026-03-31", "P1M"),
        ("2026-04-02", "P4M"),
        ("2026-04-30", "P2M"),
        ("2026-05-10", "P90D"),
        ("2026-05-31", "P6M"),
        ("2026-06-01", "P1M"),
        ("2026-06-02", "P1M"),
        ("2026-06-03", "P1Y"),
        ("2026-06-04", "P4W"),
        ("2026-06-05", "P1W"),
        ("2026-06-06", "P1W"),
    ]
    .into_iter()
    .enumerate()
    {
        world.set(&format!("{day}T08:00:00Z"));
        let key = world.stock(&harbor, 1, term).await;
        let left = world.left(&harbor).await;
        if left == 0 {
            // A sensor that waits has taken it (R15); so this one gets another.
            world.stock(&harbor, 1, term).await;
        }
        let key = Some(key.as_str()).filter(|_| left > 0);
        let number = u64::try_from(number).unwrap();
        sensors.push(world.try_add(&harbor, number, key).await.unwrap());
    }
    let off = SensorChange { name: None, auto_renewal: Some(false) };
    for place in [3, 6] {
        world.app.change_sensor(&world.ctx(), harbor.id, sensors[place], off).await.unwrap();
    }
    world.set("2026-06-20T08:00:00Z");
    (harbor, sensors)
}

async fn foretell(world: &World, id: OrganizationId, question: &Question) -> Foretold {
    world.app.forecast(&world.ctx(), id, question, Some("P2M".parse().unwrap())).await.unwrap()
}

/// All sensors of a forecast, a few at a time.
async fn all(world: &World, id: OrganizationId, question: &Question) -> Vec<SensorProspect> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let asked = AskedSensors { after, limit: 3, ..AskedSensors::default() };
        let (page, next, _) = world.app.forecast_sensors(&world.ctx(), id, question, asked).await.unwrap();
        rows.extend(page);
        after = next;
        if after.is_none() {
            return rows;
        }
    }
}

fn until(date: &str) -> Question {
    Question { until: Some(date.parse().unwrap()), what_if: Vec::new() }
}

/// Lives up to a day, settled by the scheduler at odd times, and checks what was foretold.
async fn live(
    world: &World,
    customer: &Customer,
    told: &Foretold,
    sensors: &[SensorProspect],
    from: Instant,
) {
    let zone = "Europe/Warsaw".parse::<tenure_domain::Zone>().unwrap();
    let mut now = from;
    for month in &told.months {
        let last = month.first.last_of_month().min(told.until);
        let end = zone.first_instant_of(last.tomorrow().unwrap());
        while now.plus_seconds(400_000) < end {
            now = now.plus_seconds(400_000);
            world.clock.set(now);
            world.app.settle_due().await.unwrap();
        }
        world.clock.set(end);
        now = end;
        let left = usize::try_from(world.left(customer).await).unwrap();
        assert_eq!(left, month.licenses_left, "{}", month.first);
        let covered = world.rows(customer).await.iter().filter(|row| row.standing.is_covered()).count();
        assert_eq!(covered, month.covered, "{}", month.first);
    }
    let ledger = world.ledger(customer).await;
    let mut begun: BTreeMap<SensorId, Vec<(Instant, Date)>> = BTreeMap::new();
    for recorded in &ledger.licenses {
        if let State::Active(placed) | State::Ended(placed) = recorded.state {
            begun.entry(placed.sensor).or_default().push((placed.cover.starts, placed.cover.expires_on));
        }
    }
    assert!(!sensors.is_empty());
    for row in sensors {
        let mut covers = begun.remove(&row.sensor.id).unwrap();
        covers.sort_unstable();
        let last = covers.last().unwrap().1;
        covers.retain(|(starts, _)| *starts >= row.prospect.end.ends);
        let renewals = row.prospect.renewals.iter();
        let renewals: Vec<_> = renewals.map(|held| (held.cover.starts, held.cover.expires_on)).collect();
        assert_eq!(renewals, covers, "{}", row.sensor.name);
        let standing = world.row(customer, row.sensor.id).await.standing;
        assert_eq!(standing.is_covered(), row.prospect.fate == Fate::Renews, "{}", row.sensor.name);
        if let Some(lapse) = row.prospect.lapses {
            assert_eq!(lapse.expires_on, last, "{}", row.sensor.name);
        }
    }
}

async fn r12_the_forecast_is_lived(test: TestDb) {
    let world = World::new(test);
    let (harbor, _) = fleet(&world).await;
    world.stock(&harbor, 4, "P1M").await;
    world.set("2026-06-20T09:00:00Z");
    let question = until("2027-06-20");
    let before = world.test.dump().await;
    let told = foretell(&world, harbor.id, &question).await;
    let sensors = all(&world, harbor.id, &question).await;
    world.unchanged(&before).await;
    assert_eq!(
        (told.from.to_string(), told.months.len(), told.compared),
        ("2026-06-20".to_owned(), 13, None)
    );
    for fate in [Fate::Renews, Fate::GoesWithout, Fate::Stops] {
        let of = |row: &&SensorProspect| row.prospect.fate == fate;
        let count = sensors.iter().filter(of).count();
        assert!(count > 0 || fate == Fate::Renews, "the fleet has all: {fate:?}");
        let asked = AskedSensors { outcome: Some(fate), limit: 200, ..AskedSensors::default() };
        let (page, ..) = world.app.forecast_sensors(&world.ctx(), harbor.id, &question, asked).await.unwrap();
        assert_eq!(page.len(), count);
    }
    let search = format!("{}", serial_number(4));
    let asked = AskedSensors { search, limit: 200, ..AskedSensors::default() };
    let (page, ..) = world.app.forecast_sensors(&world.ctx(), harbor.id, &question, asked).await.unwrap();
    assert_eq!(page.iter().map(|row| row.sensor.serial).collect::<Vec<_>>(), [serial_number(4)]);
    live(&world, &harbor, &told, &sensors, at("2026-06-20T09:00:00Z")).await;
}

async fn r15_what_if_is_what_then_is(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = fleet(&world).await;
    let ctx = world.ctx();
    world.stock(&harbor, 1, "P1M").await;
    // Two queued, one of which comes back by the removal.
    world.stock(&harbor, 5, "P2M").await;
    world.assign(&harbor, sensors[5]).await;
    world.assign(&harbor, sensors[5]).await;
    world.set("2026-06-20T09:00:00Z");
    let plain = foretell(&world, harbor.id, &until("2026-10-31")).await;
    let (serial, free) = (serial_number(77), serial_number(9));
    let what_if = vec![
        Supposed::AutoRenewal { sensors: vec![sensors[6], sensors[2]], on: false },
        Supposed::AutoRenewal { sensors: vec![sensors[3]], on: true },
        Supposed::Redeem { licenses: 9, term: "P3M".parse().unwrap() },
        Supposed::Assign { sensors: vec![sensors[1], sensors[8]], key: None },
        Supposed::Remove { sensors: vec![sensors[5]] },
        Supposed::Replace { sensor: sensors[9], serial },
        Supposed::Replace { sensor: sensors[8], serial: free },
    ];
    let question = Question { what_if, ..until("2026-10-31") };
    let before = world.test.dump().await;
    let told = foretell(&world, harbor.id, &question).await;
    let prospects = all(&world, harbor.id, &question).await;
    world.unchanged(&before).await;
    let compared = told.compared.unwrap();
    assert_eq!(compared.goes_without_before, plain.lapses + plain.waiting);
    assert_eq!(compared.goes_without_after, told.lapses + told.waiting);
    assert!(compared.saved > 0);

    world.app.set_auto_renewal(&ctx, harbor.id, &[sensors[6], sensors[2]], false).await.unwrap();
    world.app.set_auto_renewal(&ctx, harbor.id, &[sensors[3]], true).await.unwrap();
    world.stock(&harbor, 9, "P3M").await;
    world.app.assign_licenses(&ctx, harbor.id, &[sensors[1], sensors[8]], None).await.unwrap();
    world.app.remove_sensor(&ctx, harbor.id, sensors[5]).await.unwrap();
    world.app.replace_sensor(&ctx, harbor.id, sensors[9], serial).await.unwrap();
    world.app.replace_sensor(&ctx, harbor.id, sensors[8], free).await.unwrap();
    let after = foretell(&world, harbor.id, &until("2026-10-31")).await;
    assert_eq!(after.to_buy, told.to_buy);
    assert_eq!(
        (after.licenses_left, after.covered, after.waiting),
        (told.licenses_left, told.covered, told.waiting)
    );
    let serials = |rows: &[SensorProspect]| rows.iter().map(|row| row.sensor.serial).collect::<Vec<_>>();
    assert_eq!(serials(&all(&world, harbor.id, &until("2026-10-31")).await), serials(&prospects));
    live(&world, &harbor, &told, &prospects, at("2026-06-20T09:00:00Z")).await;
}

/// Buys as is foretold, or one license less in one group; how many sensors with auto renewal are without meanwhile.
async fn buy(test: TestDb, less: Option<usize>) -> (usize, usize) {
    let world = World::new(test);
    let (harbor, _) = fleet(&world).await;
    let question = until("2026-12-31");
    let term = "P1M".parse().unwrap();
    let told = world.app.forecast(&world.ctx(), harbor.id, &question, Some(term)).await.unwrap();
    assert_eq!(told.to_buy[0].by, told.from, "who waits wants a license now");
    assert_eq!(told.to_buy[0].licenses, told.waiting);
    let zone = "Europe/Warsaw".parse::<tenure_domain::Zone>().unwrap();
    let mut without = 0;
    let mut lapsed = async |world: &World| {
        let rows = world.rows(&harbor).await;
        without += rows.iter().filter(|row| row.sensor.auto_renewal && !row.standing.is_covered()).count();
    };
    for (place, group) in told.to_buy.iter().enumerate() {
        assert_eq!(group.term, term);
        let day = zone.first_instant_of(group.by).max(world.clock.now());
        if place > 0 {
            world.clock.set(day.plus_micros(-1));
            lapsed(&world).await;
        }
        world.clock.set(day);
        let licenses = group.licenses - usize::from(less == Some(place));
        if licenses > 0 {
            world.stock(&harbor, u32::try_from(licenses).unwrap(), "P1M").await;
        }
        lapsed(&world).await;
    }
    world.set("2027-01-01T00:00:00+01:00");
    lapsed(&world).await;
    (told.to_buy.len(), without)
}

async fn r15_what_is_to_be_bought_covers_everybody(test: TestDb) {
    let (groups, without) = buy(test, None).await;
    assert_eq!(without, 0);
    assert!(groups >= 7, "now, and in each month");
}

async fn r15_one_license_less_leaves_somebody_without(test: TestDb) {
    assert!(buy(test, Some(3)).await.1 > 0);
}

async fn r22_what_is_supposed_is_refused_as_the_deed_is(test: TestDb) {
    let world = World::new(test);
    let (harbor, sensors) = fleet(&world).await;
    let other = world.customer("Quay", "UTC").await;
    world.stock(&other, 1, "P1Y").await;
    let foreign = world.add(&other, 500).await;
    let ask = async |what_if: Vec<Supposed>| {
        let question = Question { what_if, until: None };
        world.app.forecast(&world.ctx(), harbor.id, &question, None).await
    };
    let replace = |sensor: usize, serial: u64| Supposed::Replace {
        sensor: sensors[sensor],
        serial: serial_number(serial),
    };
    let remove = |sensor: SensorId| Supposed::Remove { sensors: vec![sensor] };
    let assign =
        |key: Option<&str>| Supposed::Assign { sensors: sensors[..3].to_vec(), key: key.map(str::to_owned) };
    assert_eq!(refusal(ask(vec![replace(1, 500)]).await), Refusal::SerialInUseElsewhere);
    assert_eq!(refusal(ask(vec![replace(1, 2)]).await), Refusal::SerialAlreadyAdded);
    assert!(ask(vec![remove(sensors[2]), replace(1, 2)]).await.is_ok());
    assert!(ask(vec![replace(2, 600), replace(1, 2)]).await.is_ok());
    assert_eq!(refusal(ask(vec![replace(2, 600), replace(1, 600)]).await), Refusal::SerialAlreadyAdded);
    let no_sensor = Refusal::NotFound { what: "sensor" };
    assert_eq!(refusal(ask(vec![remove(foreign)]).await), no_sensor);
    assert_eq!(refusal(ask(vec![remove(sensors[2]), remove(sensors[2])]).await), no_sensor);
    assert_eq!(refusal(ask(vec![assign(None)]).await), Refusal::NoLicenseLeft);
    let key = Refusal::NotFound { what: "license key" };
    assert_eq!(refusal(ask(vec![assign(Some("ABCDE"))]).await), key);
    let many = vec![Supposed::Redeem { licenses: 60_000, term: "P1Y".parse().unwrap() }; 2];
    assert_eq!(refusal(ask(many).await).code(), "invalid");
    assert_eq!(refusal(ask(vec![remove(sensors[0]); 21]).await).code(), "invalid");
    for date in ["2026-06-19", "2029-06-25"] {
        let told = world.app.forecast(&world.ctx(), harbor.id, &until(date), None).await;
        assert_eq!(refusal(told).code(), "invalid", "{date}");
    }
    assert!(world.app.forecast(&world.ctx(), harbor.id, &until("2029-06-24"), None).await.is_ok());
}

on_both!(
    r12_the_forecast_is_lived,
    r15_what_if_is_what_then_is,
    r15_what_is_to_be_bought_covers_everybody,
    r15_one_license_less_leaves_somebody_without,
    r22_what_is_supposed_is_refused_as_the_deed_is,
);
