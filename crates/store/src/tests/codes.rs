//! Codes, their ledgers and failed redemptions.

use std::collections::BTreeMap;

use tenure_domain::guess::WINDOW_US;
use tenure_domain::{CodeId, Date};

use super::{START, code, id, licenses, make_organization, make_redeemed_code, redemption};
use crate::codes::{self, Code, Tally};
use crate::testing::TestDb;
use crate::{guesses, ledger, on_both};

async fn a_code_reads_back_before_and_after_its_redemption(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let mut tx = test.db.begin().await.unwrap();
    let plain = Code { order: None, redeem_by: None, ..code(1, 5) };
    codes::insert(&mut tx, &plain, b"one").await.unwrap();
    codes::insert(&mut tx, &code(2, 3), b"two").await.unwrap();
    assert_eq!(codes::by_hash(&mut tx, b"one").await.unwrap(), Some(plain.clone()));
    assert_eq!(codes::by_hash(&mut tx, b"three").await.unwrap(), None);
    assert_eq!(codes::get(&mut tx, id(2)).await.unwrap(), Some(code(2, 3)));
    assert_eq!(codes::of_organization(&mut tx, organization).await.unwrap(), []);

    assert!(codes::redeem(&mut tx, id(2), &redemption(organization)).await.unwrap());
    assert!(!codes::redeem(&mut tx, id(2), &redemption(organization)).await.unwrap(), "r3: once");
    let redeemed = Code {
        redemption: Some(redemption(organization)),
        tally: Tally { available: 3, ..Tally::default() },
        ..code(2, 3)
    };
    assert_eq!(codes::of_organization(&mut tx, organization).await.unwrap(), [redeemed]);
    assert_eq!(codes::by_key(&mut tx, organization, "KEY").await.unwrap(), Some(id(2)));
    let by_id = id::<tenure_domain::id::CodeKind>(2).to_string();
    assert_eq!(codes::by_key(&mut tx, organization, &by_id).await.unwrap(), Some(id(2)));
    assert_eq!(codes::by_key(&mut tx, id(9), "KEY").await.unwrap(), None);

    assert!(codes::revoke(&mut tx, id(1), START).await.unwrap());
    assert!(!codes::revoke(&mut tx, id(1), START.plus_seconds(1)).await.unwrap());
    assert_eq!(codes::get(&mut tx, id(1)).await.unwrap().unwrap().revoked_at, Some(START));
    assert!(!codes::redeem(&mut tx, id(1), &redemption(organization)).await.unwrap(), "r5");
    assert_eq!(
        codes::get(&mut tx, id(2)).await.unwrap().unwrap().redeem_by,
        Some(Date::constant(2027, 2, 28))
    );
}

async fn codes_page_newest_first(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    for number in 1..=7 {
        codes::insert(&mut tx, &code(number, 1), &number.to_be_bytes()).await.unwrap();
    }
    let (mut seen, mut before): (Vec<CodeId>, Option<CodeId>) = (Vec::new(), None);
    loop {
        let page = codes::page(&mut tx, before, 3).await.unwrap();
        seen.extend(page.iter().map(|code| code.id));
        before = page.last().map(|code| code.id);
        if page.len() < 3 {
            break;
        }
    }
    assert_eq!(seen, (1..=7).rev().map(id).collect::<Vec<_>>());
}

async fn r18_the_database_refuses_a_ledger_that_does_not_add_up(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let mut tx = test.db.begin().await.unwrap();
    let code = make_redeemed_code(&mut tx, organization, 1, 10).await;
    codes::insert(&mut tx, &super::code(2, 10), b"unredeemed").await.unwrap();
    tx.commit().await.unwrap();

    let good = Tally { available: -5, queued: 1, active: 1, ended: 1, released: 1, revoked: 1 };
    let bad = [
        (code, Tally { available: -1, ..Tally::default() }),
        (code, Tally { active: 1, ..Tally::default() }),
        (code, Tally { available: -11, active: 11, ..Tally::default() }),
        (code, Tally { queued: -1, ended: 1, ..Tally::default() }),
        (code, Tally { active: -1, ended: 1, ..Tally::default() }),
        (code, Tally { ended: -1, available: 1, ..Tally::default() }),
        (code, Tally { released: -1, available: 1, ..Tally::default() }),
        (code, Tally { revoked: -1, available: 1, ..Tally::default() }),
        (id(2), Tally { available: 1, ..Tally::default() }),
    ];
    for (code, tally) in bad {
        let mut tx = test.db.begin().await.unwrap();
        assert!(codes::add_to_tallies(&mut tx, &BTreeMap::from([(code, tally)])).await.is_err(), "{tally:?}");
    }
    let mut tx = test.db.begin().await.unwrap();
    codes::add_to_tallies(&mut tx, &BTreeMap::from([(code, good)])).await.unwrap();
    let tally = codes::get(&mut tx, code).await.unwrap().unwrap().tally;
    assert_eq!(tally, Tally { available: 5, queued: 1, active: 1, ended: 1, released: 1, revoked: 1 });
    assert_eq!(tally.total(), 10);
    tx.roll_back().await.unwrap();

    assert!(test.execute("UPDATE activation_codes SET licenses = 0").await.is_err());
    assert!(test.execute("UPDATE activation_codes SET licenses = 11").await.is_err());
}

async fn r18_the_database_refuses_licenses_that_cannot_be(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let sensor = super::make_sensor(&test.db, organization, 1, "Cold store").await;
    let mut tx = test.db.begin().await.unwrap();
    make_redeemed_code(&mut tx, organization, 1, 2).await;
    tx.commit().await.unwrap();
    let [first, second] = licenses(1, 2)[..] else { panic!("two") };
    let set = |license: tenure_domain::LicenseId, what: &str| {
        format!("UPDATE licenses SET {what} WHERE id = '{license}'")
    };
    let on = format!("sensor_id = '{sensor}'");
    for what in [
        "state = 'lost'".to_owned(),
        "state = 'active'".to_owned(),
        "state = 'queued'".to_owned(),
        "state = 'ended'".to_owned(),
        format!("{on}, starts_us = 1, ends_us = 2"),
        format!("state = 'active', {on}"),
        "state = 'revoked', starts_us = 1, ends_us = 2".to_owned(),
        format!("state = 'active', {on}, starts_us = 2, ends_us = 2"),
        "state = 'active', sensor_id = 'sen_nowhere', starts_us = 1, ends_us = 2".to_owned(),
    ] {
        assert!(test.execute(&set(first.id, &what)).await.is_err(), "{what}");
    }
    let active = format!("state = 'active', {on}, starts_us = 1, ends_us = 2");
    test.execute(&set(first.id, &active)).await.unwrap();
    assert!(test.execute(&set(second.id, &active)).await.is_err(), "a sensor has one active license");
    test.execute(&set(second.id, &format!("state = 'queued', {on}, starts_us = 2, ends_us = 3")))
        .await
        .unwrap();
}

async fn r13_the_pool_is_first_in_first_out(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let mut tx = test.db.begin().await.unwrap();
    for number in [3, 1, 2] {
        make_redeemed_code(&mut tx, organization, number, 12).await;
    }
    tx.commit().await.unwrap();
    let oldest = format!("UPDATE licenses SET redeemed_us = 5 WHERE code_id = '{}'", code(3, 1).id);
    test.execute(&oldest).await.unwrap();
    let mut tx = test.db.read().await.unwrap();
    let pool = ledger::pool(&mut tx, organization, 100).await.unwrap();
    let turns: Vec<(CodeId, u32)> = pool.licenses().map(|license| (license.code, license.number)).collect();
    let expected: Vec<(CodeId, u32)> =
        [3, 1, 2].into_iter().flat_map(|code| (1..=12).map(move |number| (id(code), number))).collect();
    assert_eq!(turns, expected);
    let head = ledger::pool(&mut tx, organization, 36).await.unwrap();
    assert_eq!(head.licenses().count(), 36);
    let some = ledger::available_of_code(&mut tx, id(2), 2).await.unwrap();
    assert_eq!(some, licenses(2, 2));
    assert_eq!(codes::licenses(&mut tx, id(2)).await.unwrap().len(), 12);
}

async fn r4_failures_are_counted_for_an_hour(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    for second in 0..3 {
        guesses::record(&mut tx, "user:a", START.plus_seconds(second)).await.unwrap();
    }
    guesses::record(&mut tx, "user:b", START).await.unwrap();
    let at = guesses::failure_at_limit(&mut tx, "user:a", 3).await.unwrap();
    assert_eq!(at, Some(START));
    assert_eq!(guesses::failure_at_limit(&mut tx, "user:a", 1).await.unwrap(), Some(START.plus_seconds(2)));
    assert_eq!(guesses::failure_at_limit(&mut tx, "user:a", 4).await.unwrap(), None);
    assert_eq!(guesses::failure_at_limit(&mut tx, "user:b", 2).await.unwrap(), None);
    guesses::record(&mut tx, "user:a", START.plus_micros(WINDOW_US)).await.unwrap();
    assert_eq!(
        guesses::failure_at_limit(&mut tx, "user:a", 4).await.unwrap(),
        None,
        "the oldest is forgotten"
    );
    assert_eq!(guesses::failure_at_limit(&mut tx, "user:a", 3).await.unwrap(), Some(START.plus_seconds(1)));
    assert_eq!(guesses::failure_at_limit(&mut tx, "user:b", 1).await.unwrap(), Some(START));
}

on_both!(
    a_code_reads_back_before_and_after_its_redemption,
    codes_page_newest_first,
    r18_the_database_refuses_a_ledger_that_does_not_add_up,
    r18_the_database_refuses_licenses_that_cannot_be,
    r13_the_pool_is_first_in_first_out,
    r4_failures_are_counted_for_an_hour,
);
