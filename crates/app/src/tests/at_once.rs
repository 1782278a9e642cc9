//! Many at once, on two nodes over one database: real tasks, real connections.

use std::sync::Arc;

use tenure_domain::Refusal;
use tenure_store::Engine;
use tenure_store::on_both;
use tenure_store::testing::{TestDb, run};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use super::{Customer, Ledger, World, refusal, serial_number};
use crate::App;
use crate::list_sensors::Row;
use crate::sensors::Addition;

/// Starts `count` tasks that begin at one moment, alternating between two nodes, and waits for all of them.
async fn at_once<Done>(
    world: &World,
    count: usize,
    task: impl Fn(usize, Arc<App>) -> Done,
) -> Vec<Done::Output>
where
    Done: Future<Output: Send> + Send + 'static,
{
    let nodes = [Arc::clone(&world.app), world.node().await];
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<JoinHandle<Done::Output>> = (0..count)
        .map(|number| {
            let (barrier, task) = (Arc::clone(&barrier), task(number, Arc::clone(&nodes[number % 2])));
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

async fn r3_of_sixteen_organizations_exactly_one_redeems_a_code(test: TestDb) {
    let world = World::new(test);
    let mut customers = Vec::new();
    for number in 0..16 {
        customers.push(world.customer(&format!("Harbor{number}"), "UTC").await);
    }
    let code = world.issue(7, "P1Y").await.code.to_string();
    let outcomes = at_once(&world, 16, |number, node| {
        let (world, customer, code) = (world.clone(), customers[number].clone(), code.clone());
        async move { World { app: node, ..world }.redeem(&customer, &code).await }
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 15));
    assert!(lost.into_iter().all(|outcome| refusal(outcome) == Refusal::CodeNotValid));
    let mut licenses = 0;
    for customer in &customers {
        licenses += world.ledger(customer).await.licenses.len();
    }
    assert_eq!(licenses, 7);
}

async fn r3_sixteen_redemptions_of_one_organization_are_one(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(7, "P1Y").await.code.to_string();
    let outcomes = at_once(&world, 16, |_, node| {
        let (world, harbor, code) = (world.clone(), harbor.clone(), code.clone());
        async move { World { app: node, ..world }.redeem(&harbor, &code).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.already_added.is_none()).count(), 1);
    assert!(outcomes.iter().all(|outcome| outcome.licenses_left == 7));
    assert_eq!(world.ledger(&harbor).await.licenses.len(), 7);
}

async fn r18_of_sixteen_sensors_that_want_five_licenses_five_have_one(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 5, "P1Y").await;
    let outcomes = at_once(&world, 16, |number, node| {
        let (ctx, id) = (world.ctx(), harbor.id);
        async move {
            let serial = serial_number(u64::try_from(number).unwrap());
            let addition = Addition { serial, name: None, key: None, auto_renewal: None };
            node.add_sensor(&ctx, id, addition).await
        }
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (5, 11));
    assert!(lost.into_iter().all(|outcome| refusal(outcome) == Refusal::NoLicenseLeft));
    assert_eq!(world.rows(&harbor).await.len(), 5);
    assert_eq!(world.ledger(&harbor).await.count("active"), 5);
}

async fn r22_a_serial_number_that_two_organizations_add_at_once_is_in_one(test: TestDb) {
    let world = World::new(test);
    let customers = [world.customer("Harbor", "UTC").await, world.customer("Orchard", "UTC").await];
    for customer in &customers {
        world.stock(customer, 8, "P1Y").await;
    }
    let outcomes = at_once(&world, 8, |number, node| {
        let (ctx, id) = (world.ctx(), customers[number % 2].id);
        async move {
            let addition = Addition { serial: serial_number(1), name: None, key: None, auto_renewal: None };
            node.add_sensor(&ctx, id, addition).await
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let there = world.rows(&customers[0]).await.len() + world.rows(&customers[1]).await.len();
    assert_eq!(there, 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        let refused = refusal(outcome);
        assert!(
            matches!(refused, Refusal::SerialAlreadyAdded | Refusal::SerialInUseElsewhere),
            "{refused:?}"
        );
    }
    let active =
        world.ledger(&customers[0]).await.count("active") + world.ledger(&customers[1]).await.count("active");
    assert_eq!(active, 1);
}

async fn r5_redeeming_and_revoking_at_once_leaves_no_license(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    for _ in 0..6 {
        let code = world.issue(4, "P1Y").await;
        let text = code.code.to_string();
        let redeemed = at_once(&world, 2, |number, node| {
            let (world, harbor, text) = (world.clone(), harbor.clone(), text.clone());
            async move {
                if number == 0 {
                    node.revoke_code(&world.ctx(), code.id, false).await.unwrap();
                    return None;
                }
                Some(World { app: node, ..world }.redeem(&harbor, &text).await)
            }
        })
        .await;
        let redeemed = redeemed.into_iter().flatten().next().unwrap();
        let codes = world.app.list_codes(None, 100).await.unwrap();
        let on_record = codes.into_iter().find(|on_record| on_record.id == code.id).unwrap();
        assert!(on_record.revoked_at.is_some());
        assert_eq!(on_record.redemption.is_some(), redeemed.is_ok());
        assert_eq!(on_record.tally.available, 0);
        assert_eq!(on_record.tally.revoked, if redeemed.is_ok() { 4 } else { 0 });
        if redeemed.is_err() {
            assert_eq!(refusal(redeemed), Refusal::CodeNotValid);
        }
    }
    assert_eq!(world.left(&harbor).await, 0);
    world.ledger(&harbor).await;
}

/// At the instant at which eight chains end, commands and settling come at once.
async fn r17_assigning_while_settling_keeps_the_ledger(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 40, "P1W").await;
    let mut sensors = Vec::new();
    for number in 0..8 {
        sensors.push(world.add(&harbor, number).await);
    }
    world.set("2026-03-20T00:00:00Z");
    let outcomes = at_once(&world, 24, |number, node| {
        let (ctx, id, sensor) = (world.ctx(), harbor.id, sensors[number % 8]);
        async move {
            match number % 3 {
                0 => node.settle(&ctx, id).await,
                1 => node.assign_license(&ctx, id, sensor, None).await.map(drop),
                _ => node.sensor(&ctx, id, sensor).await.map(drop),
            }
        }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let ledger = world.ledger(&harbor).await;
    assert_eq!((ledger.count("ended"), ledger.count("active"), ledger.count("queued")), (16, 8, 8));
    assert_eq!(ledger.count("available"), 8);
}

/// Forty days of daily renewals, settled by so many tasks at once.
async fn settled_by(test: TestDb, tasks: usize) -> (Ledger, Vec<Row>) {
    let world = World::new(test);
    let harbor: Customer = world.customer("Harbor", "America/Sao_Paulo").await;
    world.stock(&harbor, 30, "P1D").await;
    world.stock(&harbor, 40, "P2D").await;
    for number in 0..5 {
        world.add(&harbor, number).await;
    }
    world.set("2026-04-10T00:00:00Z");
    let outcomes = at_once(&world, tasks, |_, node| {
        let (ctx, id) = (world.ctx(), harbor.id);
        async move { node.settle(&ctx, id).await }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    (world.ledger(&harbor).await, world.rows(&harbor).await)
}

mod r17_settling_on_two_nodes_at_once_is_settling_once {
    use super::*;

    fn on(engine: Engine) {
        let once = run(engine, true, |test| settled_by(test, 1));
        assert!(once.0.count("ended") >= 55, "{}", once.0.count("ended"));
        assert_eq!(run(engine, true, |test| settled_by(test, 8)), once);
    }

    #[test]
    fn sqlite() {
        on(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        on(Engine::Postgres);
    }
}

on_both!(
    r3_of_sixteen_organizations_exactly_one_redeems_a_code,
    r3_sixteen_redemptions_of_one_organization_are_one,
    r18_of_sixteen_sensors_that_want_five_licenses_five_have_one,
    r22_a_serial_number_that_two_organizations_add_at_once_is_in_one,
    r5_redeeming_and_revoking_at_once_leaves_no_license,
    r17_assigning_while_settling_keeps_the_ledger,
);
