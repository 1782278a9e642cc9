//! What is done with the engines themselves: bulk statements, counters, the cover feed, copies.

use std::time::Duration;

use super::{code, id, licenses, make_organization};
use crate::args::args;
use crate::bulk::{Bulk, Column};
use crate::counters::{self, Counter};
use crate::testing::TestDb;
use crate::{CoverFeed, Engine, Tx, codes, on_both};

const SIZES: [u32; 9] = [0, 1, 2, 3, 1_023, 1_024, 1_025, 3_500, 4_096];

async fn bulk_inserts_and_updates_reach_every_row(test: TestDb) {
    const MOVE: Bulk = Bulk {
        head: "WITH v (id, number, sensor_id) AS (",
        columns: &[Column::Text, Column::Int, Column::Text],
        tail: ") UPDATE licenses SET number = v.number FROM v
            WHERE licenses.id = v.id AND v.sensor_id IS NULL",
    };
    let organization = make_organization(&test.db, 1).await;
    for (code_number, size) in (1_u64..).zip(SIZES) {
        let mut tx = test.db.begin().await.unwrap();
        let code = code(code_number, size.max(1));
        codes::insert(&mut tx, &code, &code_number.to_be_bytes()).await.unwrap();
        let made = licenses(code_number, size);
        codes::insert_licenses(&mut tx, organization, &made).await.unwrap();
        let there = codes::licenses(&mut tx, code.id).await.unwrap();
        assert_eq!(there, made.iter().map(|license| license.id).collect::<Vec<_>>(), "{size}");
        let rows = made.iter().map(|license| args![license.id, i64::from(license.number) + 7, None::<&str>]);
        assert_eq!(MOVE.run(&mut tx, rows.collect()).await.unwrap(), u64::from(size), "{size}");
        assert_eq!(least_number(&mut tx, code.id).await, (size > 0).then_some(8), "{size}");
        tx.commit().await.unwrap();
    }
}

async fn least_number(tx: &mut Tx, code: tenure_domain::CodeId) -> Option<i64> {
    let sql = "SELECT min(number) AS least FROM licenses WHERE code_id = $1";
    tx.one(sql, args![code]).await.unwrap().int_or_null("least").unwrap()
}

/// A first row of nulls does not decide the types of the others.
async fn a_bulk_statement_takes_nulls_in_any_row(test: TestDb) {
    const SET: Bulk = Bulk {
        head: "WITH v (id, revoked_us, order_text) AS (",
        columns: &[Column::Text, Column::Int, Column::Text],
        tail: ") UPDATE activation_codes SET revoked_us = v.revoked_us, order_text = v.order_text FROM v
            WHERE activation_codes.id = v.id",
    };
    let mut tx = test.db.begin().await.unwrap();
    for number in 1..=10 {
        codes::insert(&mut tx, &code(number, 1), &number.to_be_bytes()).await.unwrap();
    }
    let rows = (1..=10_i64).map(|number| {
        let even = number % 2 == 0;
        let number_id: tenure_domain::CodeId = id(u64::try_from(number).unwrap());
        args![number_id, even.then_some(number), even.then(|| number.to_string())]
    });
    assert_eq!(SET.run(&mut tx, rows.collect()).await.unwrap(), 10);
    let page = codes::page(&mut tx, None, 100).await.unwrap();
    assert_eq!(page.iter().filter(|code| code.revoked_at.is_some() && code.order.is_some()).count(), 5);
}

async fn numbers_are_given_out_once(test: TestDb) {
    assert_eq!(test.db.take_numbers(Counter::Sensor, 1).await.unwrap(), 1);
    assert_eq!(test.db.take_numbers(Counter::Sensor, 10).await.unwrap(), 2);
    assert_eq!(test.db.take_numbers(Counter::IngestEpoch, 1).await.unwrap(), 1, "each counts for itself");
    let takers: Vec<_> = (0..16)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { test.db.take_numbers(Counter::Sensor, 3).await.unwrap() })
        })
        .collect();
    let mut firsts = Vec::new();
    for taker in takers {
        firsts.push(taker.await.unwrap());
    }
    firsts.sort_unstable();
    assert_eq!(firsts, (0..16).map(|place| 12 + 3 * place).collect::<Vec<i64>>());
    let mut tx = test.db.begin().await.unwrap();
    assert_eq!(counters::take_in(&mut tx, Counter::Sensor, 1).await.unwrap(), 60);
}

async fn changed_covers_are_heard_of_from_another_process(test: TestDb) {
    let other = test.again().await;
    let mut feed = test.db.cover_feed().await.unwrap();
    if let CoverFeed::Sqlite { .. } = feed {
        assert!(feed.changed().await.unwrap(), "at once the first time");
        assert!(!feed.changed().await.unwrap());
    }
    let mut tx = other.begin().await.unwrap();
    tx.notify_cover().await.unwrap();
    counters::take_in(&mut tx, Counter::Seal, 1).await.unwrap();
    match &mut feed {
        CoverFeed::Sqlite { .. } => {
            assert!(!feed.changed().await.unwrap(), "not before the commit");
            tx.commit().await.unwrap();
            assert!(feed.changed().await.unwrap());
            assert!(!feed.changed().await.unwrap());
            let mut tx = other.begin().await.unwrap();
            counters::take_in(&mut tx, Counter::Seal, 1).await.unwrap();
            tx.roll_back().await.unwrap();
            assert!(!feed.changed().await.unwrap(), "what is rolled back is nothing");
        }
        CoverFeed::Postgres(_) => {
            tx.roll_back().await.unwrap();
            let mut tx = other.begin().await.unwrap();
            tx.notify_cover().await.unwrap();
            tx.commit().await.unwrap();
            let heard = tokio::time::timeout(Duration::from_secs(60), feed.changed()).await;
            assert!(heard.unwrap().unwrap());
        }
    }
}

async fn a_copy_of_a_database_in_use_is_whole(test: TestDb) {
    make_organization(&test.db, 1).await;
    let writing = test.db.begin().await.unwrap();
    let copy = std::env::temp_dir().join(format!("tenure-copy-{}.db", std::process::id()));
    let outcome = test.db.backup(copy.to_str().unwrap()).await;
    writing.roll_back().await.unwrap();
    if test.db.engine() == Engine::Postgres {
        assert!(outcome.unwrap_err().to_string().contains("pg_dump"));
        return;
    }
    outcome.unwrap();
    assert!(test.db.backup(copy.to_str().unwrap()).await.is_err(), "an existing file is not overwritten");
    let db = crate::Db::open(&format!("sqlite:{}", copy.display())).await.unwrap();
    let mut tx = db.read().await.unwrap();
    assert_eq!(crate::organizations::all(&mut tx).await.unwrap().len(), 1);
    tx.roll_back().await.unwrap();
    db.close().await;
    std::fs::remove_file(copy).unwrap();
}

/// It is for one transaction, and on SQLite it is nothing.
async fn a_transaction_that_fills_tables_has_its_statements_planned_anew(test: TestDb) {
    let mode = async |tx: &mut Tx| {
        tx.one("SHOW plan_cache_mode", args![]).await.unwrap().text("plan_cache_mode").unwrap()
    };
    let mut tx = test.db.begin().await.unwrap();
    tx.plan_anew().await.unwrap();
    if tx.engine() == Engine::Sqlite {
        return;
    }
    assert_eq!(mode(&mut tx).await, "force_custom_plan");
    tx.commit().await.unwrap();
    let mut tx = test.db.begin().await.unwrap();
    assert_eq!(mode(&mut tx).await, "auto");
}

on_both!(
    a_transaction_that_fills_tables_has_its_statements_planned_anew,
    bulk_inserts_and_updates_reach_every_row,
    a_bulk_statement_takes_nulls_in_any_row,
    numbers_are_given_out_once,
    changed_covers_are_heard_of_from_another_process,
    a_copy_of_a_database_in_use_is_whole,
);

#[tokio::test]
async fn an_address_that_is_none_is_told_so() {
    for address in ["", "mysql://x", "tenure.db", "sqlite"] {
        let error = crate::Db::open(address).await.unwrap_err();
        assert!(error.to_string().contains("is no address of a database"), "{address}: {error}");
    }
}
