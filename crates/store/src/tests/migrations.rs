//! Migrations.

use super::{START, code, id, make_organization, make_redeemed_code, make_sensor, organization};
use crate::codes as code_rows;
use crate::migrate::MIGRATIONS;
use crate::testing::{TestDb, run};
use crate::{Db, Engine, StoreError, on_both, organizations};

/// Fills a database with a row in each table, as it is after the first `migrations`.
async fn fill(db: &Db, migrations: usize) {
    assert_eq!(migrations, 1, "a new migration: add the rows that the schema before it could hold");
    let organization = make_organization(db, 1).await;
    make_sensor(db, organization, 1, "Cold store").await;
    let mut tx = db.begin().await.unwrap();
    make_redeemed_code(&mut tx, organization, 1, 12).await;
    code_rows::insert(&mut tx, &code(2, 3), b"unredeemed").await.unwrap();
    tx.commit().await.unwrap();
}

/// Each migration runs over the rows of the one before, and running all of them again changes nothing.
async fn migrations_run_over_rows_and_twice_is_once(test: TestDb) {
    let names: Vec<&str> = MIGRATIONS.iter().map(|(name, _)| *name).collect();
    assert!(test.dump().await.is_empty());
    for known in 1..=MIGRATIONS.len() {
        assert_eq!(test.db.migrate_to(&MIGRATIONS[..known]).await.unwrap(), [names[known - 1]]);
        fill(&test.db, known).await;
    }
    let before = test.dump().await;
    assert_eq!(before["licenses"].len(), 12);
    assert_eq!(test.db.migrate().await.unwrap(), [""; 0]);
    assert_eq!(test.dump().await, before);
}

async fn two_processes_that_start_at_once_migrate_once(test: TestDb) {
    let processes: Vec<_> = (0..4)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { test.again().await.migrate().await.unwrap() })
        })
        .collect();
    let mut ran = Vec::new();
    for process in processes {
        ran.extend(process.await.unwrap());
    }
    assert_eq!(ran, MIGRATIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

mod empty {
    use super::*;

    #[test]
    fn migrations_run_over_rows_and_twice_is_once_sqlite() {
        run(Engine::Sqlite, false, migrations_run_over_rows_and_twice_is_once);
    }

    #[test]
    fn migrations_run_over_rows_and_twice_is_once_postgres() {
        run(Engine::Postgres, false, migrations_run_over_rows_and_twice_is_once);
    }

    #[test]
    fn two_processes_that_start_at_once_migrate_once_sqlite() {
        run(Engine::Sqlite, false, two_processes_that_start_at_once_migrate_once);
    }

    #[test]
    fn two_processes_that_start_at_once_migrate_once_postgres() {
        run(Engine::Postgres, false, two_processes_that_start_at_once_migrate_once);
    }
}

async fn a_newer_database_is_refused_and_left_alone(test: TestDb) {
    let newer = MIGRATIONS.len() + 1;
    test.execute(&format!("INSERT INTO migrations VALUES ({newer}, 'of tomorrow')")).await.unwrap();
    let before = test.dump().await;
    let error = test.db.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(number) if number == i64::try_from(newer).unwrap()), "{error}");
    assert_eq!(test.dump().await, before);
}

async fn a_migration_that_fails_leaves_nothing_behind(test: TestDb) {
    let before = test.dump().await;
    let mut longer = MIGRATIONS.to_vec();
    longer.push(("bad", "CREATE TABLE half (a text); INSERT INTO nowhere VALUES (1);"));
    assert!(test.db.migrate_to(&longer).await.is_err());
    assert_eq!(test.dump().await, before);
}

/// The commit is on disk: another process that opens the database sees it.
async fn what_is_committed_is_there_when_the_database_is_opened_again(test: TestDb) {
    make_organization(&test.db, 7).await;
    let mut left_open = test.db.begin().await.unwrap();
    assert!(organizations::insert(&mut left_open, &organization(8)).await.unwrap());
    drop(left_open);
    test.db.close().await;
    let db = test.again().await;
    let mut tx = db.read().await.unwrap();
    let there = organizations::get(&mut tx, id(7)).await.unwrap().unwrap();
    assert_eq!((there.name.as_str(), there.created_at), ("Harbor 7", START));
    assert_eq!(organizations::get(&mut tx, id(8)).await.unwrap(), None, "it was never committed");
}

on_both!(
    a_newer_database_is_refused_and_left_alone,
    a_migration_that_fails_leaves_nothing_behind,
    what_is_committed_is_there_when_the_database_is_opened_again,
);
