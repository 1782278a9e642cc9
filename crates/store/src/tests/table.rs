//! The License Manager's table.

use std::collections::BTreeSet;

use tenure_domain::standing::expiring_until;
use tenure_domain::{Date, Instant, OrganizationId, SensorId, Standing, Zone};

use super::{START, id, make_organization, make_redeemed_code, make_sensor, sensor};
use crate::changed_covers::{self, Place};
use crate::sensors::{self, Query, SensorRow, Sort};
use crate::testing::TestDb;
use crate::{Db, Engine, on_both};

const TODAY: Date = Date::constant(2026, 5, 28);

fn query() -> Query {
    Query {
        search: String::new(),
        keys: Vec::new(),
        standing: None,
        only: None,
        sort: Sort::ExpiresAt,
        descending: false,
        after: None,
        limit: 100,
        now: START,
        today: TODAY,
    }
}

/// Sets what a sensor's row shows of its chain.
fn chain(sensor: SensorId, code: u64, ends: Instant, activated: Date, expires_on: Date) -> String {
    let ends = ends.as_micros();
    format!(
        "UPDATE sensors SET chain = 'running', code_id = '{}', activation_date = '{activated}',
            expires_on = '{expires_on}', expires_us = {ends}, chain_ends_us = {ends}, chain_expires_on = '{expires_on}'
         WHERE id = '{sensor}';",
        id::<tenure_domain::id::CodeKind>(code)
    )
}

/// 23 sensors: some share an end, a name or a key, every fifth has no license, every third does not renew itself.
async fn fill(db: &TestDb) -> OrganizationId {
    let organization = make_organization(&db.db, 1).await;
    let other = make_organization(&db.db, 2).await;
    make_sensor(&db.db, other, 1_000, "Elsewhere").await;
    let mut tx = db.db.begin().await.unwrap();
    for code in 1..=3 {
        make_redeemed_code(&mut tx, organization, code, 20).await;
    }
    let names = ["cellar", "Attic", "Żuraw", "cold store", "Żuraw"];
    let rows: Vec<_> = (0..23_u32)
        .map(|number| sensors::NewSensor {
            auto_renewal: number % 3 != 0,
            ..sensor(organization, number + 1, names[usize::try_from(number % 5).unwrap()])
        })
        .collect();
    assert_eq!(sensors::insert(&mut tx, &rows).await.unwrap(), 23);
    tx.commit().await.unwrap();
    let mut sql = String::new();
    let empty = if db.db.engine() == Engine::Sqlite { "x'00'" } else { "'\\x00'" };
    for (number, row) in (0_i64..).zip(&rows) {
        if number % 5 != 0 {
            let date = TODAY.saturating_add(jiff::Span::new().days(number % 7));
            let code = u64::try_from(number % 3 + 1).unwrap();
            sql.push_str(&chain(row.id, code, START.plus_seconds(86_400 * (number % 7)), date, date));
        }
        if row.number % 2 == 0 {
            sql.push_str(&format!(
                "INSERT INTO sensor_state (sensor, organization_id, last_seen_us, status, refused)
                 VALUES ({}, '{organization}', {}, {empty}, 0);",
                row.number,
                row.number / 4
            ));
        }
    }
    db.execute(&sql).await.unwrap();
    organization
}

async fn pages(db: &Db, organization: OrganizationId, query: &Query) -> Vec<SensorRow> {
    let (mut rows, mut query) = (Vec::new(), query.clone());
    loop {
        let mut tx = db.read().await.unwrap();
        let (page, place) = sensors::page(&mut tx, organization, &query).await.unwrap();
        tx.roll_back().await.unwrap();
        assert!(page.len() <= usize::try_from(query.limit).unwrap());
        rows.extend(page);
        match place {
            Some(_) => query.after = place,
            None => return rows,
        }
    }
}

/// What a sort compares; none where it is missing.
fn key(row: &SensorRow, sort: Sort) -> Option<String> {
    let shown = row.shown.as_ref();
    match sort {
        Sort::ExpiresAt => shown.map(|shown| format!("{:020}", shown.expires_at.as_micros())),
        Sort::Name => Some(row.name.to_lowercase()),
        Sort::Serial => Some(row.serial.to_string()),
        Sort::ActivationDate => shown.map(|shown| shown.activation_date.to_string()),
        Sort::Key => shown.map(|shown| shown.code.to_string()),
        Sort::AutoRenewal => Some(row.auto_renewal.to_string()),
        Sort::CoveredUntil => row.chain_end.map(|end| format!("{:020}", end.ends.as_micros())),
        Sort::Standing => row.chain_end.map(|end| {
            let standing = Standing::of(Some(end), START, TODAY);
            let place = [Standing::Expired, Standing::Expiring, Standing::Covered]
                .iter()
                .position(|other| *other == standing);
            format!("{} {:020}", place.unwrap(), end.ends.as_micros())
        }),
        // Those with an even number have been seen, the larger the later; some at once.
        Sort::LastSeenAt => (row.number % 2 == 0).then(|| format!("{:020}", row.number / 4)),
    }
}

async fn each_sort_covers_each_row_once_and_puts_what_is_missing_last(test: TestDb) {
    let organization = fill(&test).await;
    for (name, sort) in Sort::ALL {
        for descending in [false, true] {
            let whole = pages(&test.db, organization, &Query { sort, descending, ..query() }).await;
            assert_eq!(
                whole.iter().map(|row| row.id).collect::<BTreeSet<_>>().len(),
                23,
                "{name} {descending}"
            );
            for limit in [1, 4, 22, 23] {
                let query = Query { sort, descending, limit, ..query() };
                assert_eq!(pages(&test.db, organization, &query).await, whole, "{name} {descending} {limit}");
            }
            let keys: Vec<Option<String>> = whole.iter().map(|row| key(row, sort)).collect();
            let there = keys.iter().take_while(|key| key.is_some()).count();
            assert!(keys[there..].iter().all(Option::is_none), "{name} {descending}: {keys:?}");
            let in_order =
                |pair: &[Option<String>]| if descending { pair[0] >= pair[1] } else { pair[0] <= pair[1] };
            assert!(keys[..there].windows(2).all(in_order), "{name} {descending}: {keys:?}");
        }
    }
}

async fn a_search_finds_what_is_written_and_knows_no_jokers(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let names =
        ["100 % wet", "under_score", "back\\slash", "ŁÓDŹ", "ΟΔΟΣ 5", "Straße", "O'Neill \"x\"", "plain"];
    for (number, name) in (1..).zip(names) {
        make_sensor(&test.db, organization, number, name).await;
    }
    for (search, found) in [
        ("%", &["100 % wet"][..]),
        ("_", &["under_score"]),
        ("\\", &["back\\slash"]),
        ("łódź", &["ŁÓDŹ"]),
        ("ŁÓD", &["ŁÓDŹ"]),
        ("οδοσ", &["ΟΔΟΣ 5"]),
        ("ΟΔΟΣ", &["ΟΔΟΣ 5"]),
        ("οδος", &["ΟΔΟΣ 5"]),
        ("ΔΟ", &["ΟΔΟΣ 5"]),
        ("straß", &["Straße"]),
        ("o'neill \"", &["O'Neill \"x\""]),
        ("282C02000003", &["back\\slash"]),
        ("0004", &["ŁÓDŹ"]),
        ("lodz", &[]),
        ("a%e", &[]),
    ] {
        let rows = pages(&test.db, organization, &Query { search: search.to_owned(), ..query() }).await;
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), found, "{search}");
    }
    let all = pages(&test.db, organization, &Query { limit: 3, ..query() }).await;
    assert_eq!(all.len(), names.len());
    let mut tx = test.db.begin().await.unwrap();
    sensors::rename(&mut tx, all[0].id, all[0].serial, "Renamed").await.unwrap();
    tx.commit().await.unwrap();
    let renamed = pages(&test.db, organization, &Query { search: "RENAMED".to_owned(), ..query() }).await;
    assert_eq!(renamed.len(), 1);
}

/// The filters and the counts say the same as the one function that decides.
async fn r10_the_filters_agree_with_the_standing_to_the_microsecond(test: TestDb) {
    let zone: Zone = "Europe/Warsaw".parse().unwrap();
    let today = zone.date_at(START);
    let organization = make_organization(&test.db, 1).await;
    let mut tx = test.db.begin().await.unwrap();
    make_redeemed_code(&mut tx, organization, 1, 20).await;
    tx.commit().await.unwrap();
    let mut sql = String::new();
    let horizon = expiring_until(today);
    let ends = [
        (START.plus_micros(-1), today.yesterday().unwrap()),
        (START, today.yesterday().unwrap()),
        (START.plus_micros(1), today),
        (zone.first_instant_of(horizon), horizon.yesterday().unwrap()),
        (zone.first_instant_of(horizon.tomorrow().unwrap()), horizon),
        (zone.first_instant_of(horizon.tomorrow().unwrap()).plus_micros(1), horizon.tomorrow().unwrap()),
    ];
    for (number, (ends, date)) in (1..).zip(ends) {
        let sensor = make_sensor(&test.db, organization, number, "Cold store").await;
        sql.push_str(&chain(sensor, 1, ends, today, date));
    }
    make_sensor(&test.db, organization, 99, "Never covered").await;
    test.execute(&sql).await.unwrap();
    let moments = ends.iter().flat_map(|(end, _)| [-1, 0, 1].map(|step| end.plus_micros(step)));
    for now in moments {
        let today = zone.date_at(now);
        let at = Query { now, today, ..query() };
        let all = pages(&test.db, organization, &at).await;
        assert_eq!(all.len(), 7);
        let mut tx = test.db.read().await.unwrap();
        let counts = sensors::count_by_standing(&mut tx, organization, now, today).await.unwrap();
        tx.roll_back().await.unwrap();
        for standing in Standing::ALL {
            let expected: BTreeSet<SensorId> = all
                .iter()
                .filter(|row| Standing::of(row.chain_end, now, today) == standing)
                .map(|row| row.id)
                .collect();
            for (sort, descending) in [
                (Sort::ExpiresAt, false),
                (Sort::CoveredUntil, false),
                (Sort::CoveredUntil, true),
                (Sort::Standing, false),
                (Sort::Standing, true),
            ] {
                let only = Query { standing: Some(standing), limit: 1, sort, descending, ..at.clone() };
                let filtered = pages(&test.db, organization, &only).await;
                assert_eq!(filtered.len(), expected.len(), "{standing} at {now} {sort:?} {descending}");
                let filtered: BTreeSet<SensorId> = filtered.iter().map(|row| row.id).collect();
                assert_eq!(filtered, expected, "{standing} at {now} {sort:?} {descending}");
            }
            let count = match standing {
                Standing::Covered => counts.covered,
                Standing::Expiring => counts.expiring,
                Standing::Expired => counts.expired,
                Standing::Unlicensed => counts.unlicensed,
            };
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{standing} at {now}");
        }
    }
}

async fn r22_a_serial_number_is_in_one_organization(test: TestDb) {
    let here = make_organization(&test.db, 1).await;
    let there = make_organization(&test.db, 2).await;
    let first = sensor(here, 1, "One");
    make_sensor(&test.db, here, 1, "One").await;
    let mut tx = test.db.begin().await.unwrap();
    let again = sensors::NewSensor { id: id(50), number: 50, organization: there, ..first.clone() };
    assert_eq!(sensors::insert(&mut tx, &[again]).await.unwrap(), 0);
    assert_eq!(sensors::find(&mut tx, first.serial).await.unwrap().unwrap().organization, here);
    let nobody = "000000000000".parse().unwrap();
    assert_eq!(sensors::find(&mut tx, nobody).await.unwrap(), None);
    let owners = sensors::owners(&mut tx, &[first.serial, nobody]).await.unwrap();
    assert_eq!(owners.into_iter().collect::<Vec<_>>(), [(first.serial, here)]);
    assert_eq!(sensors::get(&mut tx, there, first.id).await.unwrap(), None, "r34");
    let row = sensors::get(&mut tx, here, first.id).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.number, row.shown, row.chain_end), ("One", 1, None, None));
    sensors::set_auto_renewal(&mut tx, first.id, false).await.unwrap();
    assert!(!sensors::get(&mut tx, here, first.id).await.unwrap().unwrap().auto_renewal);
}

async fn the_gate_reads_what_has_changed(test: TestDb) {
    let organization = fill(&test).await;
    let mut tx = test.db.read().await.unwrap();
    assert_eq!(sensors::gate_rows(&mut tx, organization, -1).await.unwrap().len(), 23);
    assert_eq!(sensors::gate_rows(&mut tx, organization, 0).await.unwrap(), []);
    tx.roll_back().await.unwrap();
    let second: SensorId = id(2);
    test.execute(&format!("UPDATE sensors SET cover_rev = 5 WHERE id = '{second}'")).await.unwrap();
    let mut tx = test.db.read().await.unwrap();
    let rows = sensors::gate_rows(&mut tx, organization, 4).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].number, rows[0].running), (2, true));
    assert_eq!(rows[0].chain_ends, Some(START.plus_seconds(86_400)));
    assert_eq!(sensors::queued(&mut tx, &[second]).await.unwrap(), []);
}

/// Page by page from the beginning, and from every place in between.
async fn who_follows_covers_reads_each_change_once(test: TestDb) {
    let organization = fill(&test).await;
    for number in 1..=23_u64 {
        let sensor: SensorId = id(number);
        let rev = number % 4;
        test.execute(&format!("UPDATE sensors SET cover_rev = {rev} WHERE id = '{sensor}'")).await.unwrap();
    }
    let gone: SensorId = id(3);
    test.execute(&format!(
        "UPDATE sensors SET removed_us = 1, cover_rev = 9, chain = 'unlicensed' WHERE id = '{gone}'"
    ))
    .await
    .unwrap();
    test.execute(&format!(
        "INSERT INTO replacements VALUES ('{organization}', 2, '{}', 'ffffffffffff', 1)",
        id::<tenure_domain::id::SensorKind>(5)
    ))
    .await
    .unwrap();
    let mut tx = test.db.read().await.unwrap();
    let (all, end) = changed_covers::page(&mut tx, organization, Place::BEGINNING, 1_000).await.unwrap();
    assert_eq!((all.len(), end), (24, None));
    assert!(all.is_sorted_by_key(|cover| cover.place));
    let told: Vec<_> =
        all.iter().filter(|cover| cover.gone).map(|cover| (cover.place.rev, cover.sensor)).collect();
    assert_eq!(told, [(2, id(5)), (9, gone)]);
    for limit in [1, 2, 5, 23, 24] {
        let (mut read, mut after) = (Vec::new(), Place::BEGINNING);
        loop {
            let (page, next) = changed_covers::page(&mut tx, organization, after, limit).await.unwrap();
            read.extend(page);
            let Some(next) = next else { break };
            assert!(next > after);
            after = next;
        }
        assert_eq!(read, all, "{limit} at a time");
    }
    for (index, cover) in all.iter().enumerate() {
        let (rest, _) = changed_covers::page(&mut tx, organization, cover.place, 1_000).await.unwrap();
        assert_eq!(rest, all[index + 1..], "behind {:?}", cover.place);
    }
    tx.roll_back().await.unwrap();
    // What has come back is not gone, whatever is on record of its past.
    let back = "UPDATE sensors SET serial = 'ffffffffffff' WHERE number = 7";
    test.execute(back).await.unwrap();
    let mut tx = test.db.read().await.unwrap();
    let (all, _) = changed_covers::page(&mut tx, organization, Place::BEGINNING, 1_000).await.unwrap();
    assert_eq!(all.iter().filter(|cover| cover.gone).count(), 1);
}

on_both!(
    who_follows_covers_reads_each_change_once,
    each_sort_covers_each_row_once_and_puts_what_is_missing_last,
    a_search_finds_what_is_written_and_knows_no_jokers,
    r10_the_filters_agree_with_the_standing_to_the_microsecond,
    r22_a_serial_number_is_in_one_organization,
    the_gate_reads_what_has_changed,
);
