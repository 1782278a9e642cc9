//! Migrations.

use tenure_domain::notice::Kind;

use super::{START, id, make_organization, make_sensor, organization};
use crate::args::args;
use crate::audit::{self, Filter};
use crate::migrate::MIGRATIONS;
use crate::outbox::{Attachment, Mail};
use crate::recipients::{self, Notification};
use crate::testing::{TestDb, run};
use crate::{Db, Engine, StoreError, notices, on_both, organizations, outbox};

const USER: &str = "usr_0000000000000000000000000c";
const SENSOR: &str = "sen_0000000000000000000000000a";
const CODE: &str = "cod_0000000000000000000000000e";
const LICENSE: &str = "lic_0000000000000000000000000b";

/// Rows of an audit trail: action, subject, before, after.
const AUDIT: [(&str, &str, &str, &str); 5] = [
    ("sensor_added", SENSOR, "NULL", "'{\"name\":\"Cold store\"}'"),
    (
        "license_activated",
        LICENSE,
        "'{\"state\":\"available\"}'",
        "'{\"state\":\"active\",\"sensor_id\":\"sen_0000000000000000000000000a\",\"starts_at\":\"2026\"}'",
    ),
    (
        "license_ended",
        LICENSE,
        "'{\"state\":\"active\",\"sensor_id\":\"sen_0000000000000000000000000a\",\"starts_at\":\"2026\"}'",
        "'{\"state\":\"ended\",\"sensor_id\":\"sen_0000000000000000000000000a\",\"starts_at\":\"2026\"}'",
    ),
    (
        "license_taken_back",
        LICENSE,
        "'{\"state\":\"queued\",\"sensor_id\":\"sen_0000000000000000000000000a\",\"starts_at\":\"2026\"}'",
        "'{\"state\":\"available\"}'",
    ),
    (
        "license_revoked",
        LICENSE,
        "'{\"state\":\"available\"}'",
        "'{\"state\":\"revoked\",\"sensor_id\":\"sen_0000000000000000000000000a\",\"starts_at\":\"2026\"}'",
    ),
];

/// What the schema could hold after the first migration: a code that nobody has redeemed, one with licenses in every
/// state, and sensors of every kind.
const OF_BASE: &[&str] = &[
    "INSERT INTO organizations (id, name, name_folded, time_zone, language, created_us, settled_until_us, next_due_us,
        rev, audit_seq) VALUES ('org', 'Harbor', 'harbor', 'UTC', 'en', 1, 1, NULL, 3, 0)",
    "INSERT INTO users VALUES ('usr_0000000000000000000000000c', 'Ana@harbor.example', 'ana@harbor.example', NULL, true, 77)",
    "INSERT INTO memberships VALUES ('usr_0000000000000000000000000c', 'org', 'administrator')",
    "INSERT INTO tokens VALUES ('tok_1', $1, 'usr_0000000000000000000000000c', 'org', false, 78, NULL)",
    "INSERT INTO activation_codes (id, hash, licenses, term, issued_us, available, queued, active, ended, revoked)
        VALUES ('new', $1, 3, 'P1Y', 1, 0, 0, 0, 0, 0)",
    "INSERT INTO activation_codes (id, hash, licenses, term, issued_us, license_key, organization_id, redeemed_us,
        redeemed_by, available, queued, active, ended, revoked)
        VALUES ('cod_0000000000000000000000000e', $1, 5, 'P1Y', 1, 'KEY', 'org', 2, 'ana@harbor.example', 1, 1, 1, 1, 1)",
    "INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, auto_renewal, chain, code_id,
        activation_date, expires_on, expires_us, chain_ends_us, chain_expires_on, cover_rev)
        VALUES ('cold', 11, 'org', '282c02990001', 'Cold', 'cold', 2, true, 'running', 'cod_0000000000000000000000000e', '2026-01-01', '2027-01-01',
            20, 30, '2028-01-01', 3)",
    "INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, auto_renewal, chain, cover_rev)
        VALUES ('warm', 12, 'org', '282c02990002', 'Warm', 'warm', 2, false, 'unlicensed', 0)",
    "INSERT INTO licenses (id, organization_id, code_id, number, term, redeemed_us, state)
        VALUES ('lic1', 'org', 'cod_0000000000000000000000000e', 1, 'P1Y', 2, 'available')",
    "INSERT INTO licenses (id, organization_id, code_id, number, term, redeemed_us, state)
        VALUES ('lic5', 'org', 'cod_0000000000000000000000000e', 5, 'P1Y', 2, 'revoked')",
    "INSERT INTO licenses (id, organization_id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us,
        activation_date, expires_on, anchor_date, anchor_months, anchor_days)
        VALUES ('lic2', 'org', 'cod_0000000000000000000000000e', 2, 'P1Y', 2, 'ended', 'cold', 5, 10, 'a', 'b', 'c', 1, 2),
            ('lic3', 'org', 'cod_0000000000000000000000000e', 3, 'P1Y', 2, 'active', 'cold', 10, 20, 'a', 'b', 'c', 1, 2),
            ('lic4', 'org', 'cod_0000000000000000000000000e', 4, 'P1Y', 2, 'queued', 'cold', 20, 30, 'a', 'b', 'c', 1, 2)",
];

/// What the migration of sensors' lives made possible.
const OF_SENSOR_LIFE: &[&str] = &[
    "UPDATE licenses SET state = 'released', saved_before = true WHERE id = 'lic3'",
    "UPDATE licenses SET state = 'available', sensor_id = NULL, starts_us = NULL, ends_us = NULL WHERE id = 'lic4'",
    "UPDATE activation_codes SET available = 2, queued = 0, active = 0, released = 1 WHERE id = 'cod_0000000000000000000000000e'",
    "UPDATE sensors SET removed_us = 15, chain = 'unlicensed' WHERE id = 'cold'",
    "INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, auto_renewal, chain, cover_rev)
        VALUES ('again', 13, 'org', '282c02990001', 'Again', 'again', 16, true, 'unlicensed', 4)",
];

/// Fills a database with what it can hold after this migration and could not before it. The functions of today write
/// columns that it does not have yet.
async fn fill(db: &Db, migration: &str) {
    if migration == "notices" {
        return fill_notices(db).await;
    }
    let statements = match migration {
        "base" => OF_BASE,
        "sensor_life" => OF_SENSOR_LIFE,
        "alerts" => OF_ALERTS,
        "idempotency" => &["INSERT INTO idempotency_keys (id, fingerprint, done_us) VALUES ($1, $1, 30)"],
        "forwarding" => &[
            "INSERT INTO forwards (number, sensor, serial, arrived_us, body) VALUES (1, 11, '282c02990001', 20, $1)",
        ],
        "accounts" | "manager" | "gate" | "ledger" => &[],
        other => panic!("a new migration, {other}: add the rows that it makes possible"),
    };
    let organization: tenure_domain::OrganizationId = id(1);
    let mut statements: Vec<String> =
        statements.iter().map(|statement| statement.replace("'org'", &format!("'{organization}'"))).collect();
    if migration == "base" {
        let audit = AUDIT.iter().zip(1..).map(|((action, subject, before, after), seq)| {
            format!(
                "INSERT INTO audit (trail, seq, at_us, actor, action, subject, before_state, after_state)
                 VALUES ('{organization}', {seq}, 1, 'calendar', '{action}', '{subject}', {before}, {after})"
            )
        });
        statements.extend(audit);
    }
    let mut tx = db.begin().await.unwrap();
    for (number, statement) in (0_i64..).zip(statements) {
        let hash = number.to_be_bytes().to_vec();
        let args = if statement.contains("$1") { args![hash] } else { args![] };
        tx.execute_text(&statement.clone().into(), args)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    tx.commit().await.unwrap();
}

/// What the migration of alerts made possible; the sensor with a license that is queued since long ago.
const OF_ALERTS: &[&str] = &[
    "INSERT INTO alert_rules (id, organization_id, name, condition, all_sensors, enabled, created_us, since_us, rev)
        VALUES ('rul_00000000000000000000000001', 'org', 'Battery', '\"low_battery\"', true, true, 1, 1, 3)",
    "INSERT INTO alert_watches VALUES (11, 'rul_00000000000000000000000001', 20)",
    "INSERT INTO alerts (id, organization_id, rule_id, rule_name, condition, lost_connection, sensor_id, sensor,
        opened_us, channels_over)
        VALUES ('alr_00000000000000000000000001', 'org', 'rul_00000000000000000000000001', 'Battery', '\"low_battery\"', false,
            'cold', 11, 20, 0)",
    "INSERT INTO sensors (id, number, organization_id, serial, name, search, added_us, auto_renewal, chain, code_id,
        activation_date, expires_on, expires_us, chain_ends_us, chain_expires_on, cover_rev)
        VALUES ('sen_0000000000000000000000000a', 14, 'org', '282c02990004', 'Hot', 'hot', 2, true, 'running', 'cod_0000000000000000000000000e',
            '2026-01-01', '2027-01-01', 20, 30, '2028-01-01', 3)",
    "INSERT INTO licenses (id, organization_id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us,
        activation_date, expires_on, anchor_date, anchor_months, anchor_days)
        VALUES ('lic_0000000000000000000000000b', 'org', 'cod_0000000000000000000000000e', 6, 'P1Y', 2, 'active', 'sen_0000000000000000000000000a', 10, 20,
            'a', 'b', 'c', 1, 2),
            ('lic_0000000000000000000000000d', 'org', 'cod_0000000000000000000000000e', 7, 'P1Y', 2, 'queued', 'sen_0000000000000000000000000a', 20, 30,
            'a', 'b', 'c', 1, 2)",
];

async fn fill_notices(db: &Db) {
    // The functions of today know its schema: what came later is not in what they write here.
    let organization = make_organization(db, 2).await;
    make_sensor(db, organization, 1, "Cold store").await;
    let mail = Mail {
        id: id(1),
        organization: Some(organization),
        kind: "month_before".to_owned(),
        recipient: "ana@harbor.example".to_owned(),
        language: "en".to_owned(),
        subject: "A subject".to_owned(),
        text: "A text".to_owned(),
        html: None,
        attachment: Some(id(1)),
        unsubscribe: Some("https://tenure.harbor.example/x".to_owned()),
        created_at: START,
    };
    let attachment = Attachment {
        id: id(1),
        name: "sensors.csv".to_owned(),
        content_type: "text/csv".to_owned(),
        body: b"serial".to_vec(),
    };
    let day = "2026-03-01".parse().unwrap();
    let mut tx = db.begin().await.unwrap();
    outbox::attach(&mut tx, &attachment).await.unwrap();
    outbox::insert(&mut tx, &mail).await.unwrap();
    notices::tell(&mut tx, &[(id(1), day, Kind::MonthBefore)], START).await.unwrap();
    notices::add_digest(&mut tx, organization, ("month_before", day), START, 1).await.unwrap();
    assert_eq!(outbox::attachment(&mut tx, id(1)).await.unwrap(), Some(attachment));
    tx.commit().await.unwrap();
}

/// Each migration runs over the rows of the one before, and running all of them again changes nothing.
async fn migrations_run_over_rows_and_twice_is_once(test: TestDb) {
    let names: Vec<&str> = MIGRATIONS.iter().map(|(name, _)| *name).collect();
    assert!(test.dump().await.is_empty());
    for known in 1..=MIGRATIONS.len() {
        assert_eq!(test.db.migrate_to(&MIGRATIONS[..known]).await.unwrap(), [names[known - 1]]);
        fill(&test.db, names[known - 1]).await;
    }
    let before = test.dump().await;
    assert_eq!(
        (before["licenses"].len(), before["sensors"].len(), before["activation_codes"].len()),
        (7, 5, 2)
    );
    let assigned: Vec<String> = before["licenses"].iter().map(|row| row.replace('\'', "")).collect();
    let of = |id: &str| assigned.iter().find(|row| row.contains(id)).unwrap().clone();
    assert!(of(LICENSE).contains("assigned_us=1"), "when the trail says: {}", of(LICENSE));
    assert!(of("lic_0000000000000000000000000d").contains("assigned_us=20"), "else when it begins");
    assert!(
        before["memberships"][0].replace('\'', "").contains("since_us=77"),
        "a member since the user was made"
    );
    let filter = Filter { about: Some(SENSOR.to_owned()), limit: 10, ..Filter::default() };
    let mut tx = test.db.read().await.unwrap();
    let about = audit::page(&mut tx, id(1), &filter).await.unwrap();
    let told = recipients::of(&mut tx, id(1), Notification::LicenseExpiration).await.unwrap();
    tx.roll_back().await.unwrap();
    assert_eq!(told, [USER.parse().unwrap()], "an Administrator of an organization that was there");
    assert_eq!(about.len(), AUDIT.len(), "the trail of a sensor has what was written before there was one");
    let filter = Filter { code: Some(CODE.parse().unwrap()), limit: 10, ..Filter::default() };
    let mut tx = test.db.read().await.unwrap();
    let of_code = audit::page(&mut tx, id(1), &filter).await.unwrap();
    tx.roll_back().await.unwrap();
    assert_eq!(of_code.len(), AUDIT.len() - 1, "the trail of a key has what was written of its licenses");
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
    // Each ran once, by whichever process came to it.
    let mut names: Vec<&str> = MIGRATIONS.iter().map(|(name, _)| *name).collect();
    ran.sort_unstable();
    names.sort_unstable();
    assert_eq!(ran, names);
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
