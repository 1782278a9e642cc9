//! R1 to R5: codes.

use tenure_domain::Refusal;
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{Customer, START, World, at, refusal};
use crate::issue_code::Order;
use crate::redeem_code::{Attempt, Redeemed};
use crate::{Actor, AppError};

async fn preview(world: &World, customer: &Customer, code: &str) -> Result<Redeemed, AppError> {
    let attempt = Attempt { organization: customer.id, code, address: "192.0.2.1" };
    world.app.preview_code(&world.app.ctx(customer.caller.actor()), &customer.caller, attempt).await
}

/// A code that is well-formed, but was never issued.
fn unknown(number: u128) -> String {
    tenure_domain::ActivationCode::from_random(number << 40).to_string()
}

async fn r1_a_typo_is_told_before_any_look_up_and_is_not_counted(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(3, "P1Y").await.code.to_string();
    let before = world.test.dump().await;
    let wrong = if code.starts_with('7') { "8" } else { "7" };
    let typo = format!("{wrong}{}", &code[1..]);
    for _ in 0..40 {
        assert_eq!(refusal(world.redeem(&harbor, &typo).await).code(), "code_typo");
        assert_eq!(refusal(world.redeem(&harbor, "HELLO").await), Refusal::CodeMalformed);
    }
    world.unchanged(&before).await;
    let spelled = code.to_lowercase().replace('-', " ").replace('1', "l").replace('0', "o");
    assert_eq!(world.redeem(&harbor, &spelled).await.unwrap().licenses, 3);
}

async fn r2_an_unredeemed_code_is_nowhere_in_the_database(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(3, "P1Y").await.code;
    preview(&world, &harbor, &code.to_string()).await.unwrap();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    let (whole, compact) = (code.to_string(), code.compact());
    let secrets =
        [whole.clone(), compact.clone(), hex(&whole), hex(&compact)].map(|text| text.to_uppercase());
    let dump = world.test.dump().await;
    for line in dump.values().flatten() {
        let line = line.to_uppercase();
        assert!(!secrets.iter().any(|secret| line.contains(secret)), "{line}");
    }
    for file in world.test.files() {
        for secret in [&whole, &compact] {
            assert!(!file.windows(secret.len()).any(|bytes| bytes.eq_ignore_ascii_case(secret.as_bytes())));
        }
    }
    world.redeem(&harbor, &whole).await.unwrap();
    let keys = world.app.summarize(&world.ctx(), harbor.id).await.unwrap().keys;
    assert_eq!(keys[0].redemption.as_ref().unwrap().key, whole, "now it is the license key");
}

async fn r3_a_code_is_redeemed_once_and_whole(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    let code = world.issue(3, "P2Y").await;
    let first = world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    assert_eq!((first.id, first.licenses, first.licenses_left, &first.already_added), (code.id, 3, 3, &None));
    world.set("2026-03-05T08:00:00Z");
    let again = world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    let by = harbor.caller.actor().to_string();
    assert_eq!(again.already_added, Some((at(START), by)), "added on DATE by USER");
    assert_eq!((again.licenses_left, again.licenses), (3, 3));
    let ledger = world.ledger(&harbor).await;
    assert_eq!(ledger.licenses.len(), 3);
    assert_eq!(ledger.audit.iter().filter(|entry| entry.action == "code_redeemed").count(), 1);
    assert_eq!(preview(&world, &harbor, &code.code.to_string()).await.unwrap(), again);
}

async fn r3_all_that_cannot_be_redeemed_here_gets_one_answer(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let orchard = world.customer("Orchard", "UTC").await;
    let elsewhere = world.issue(3, "P1Y").await;
    world.redeem(&orchard, &elsewhere.code.to_string()).await.unwrap();
    let revoked = world.issue(3, "P1Y").await;
    world.app.revoke_code(&world.ctx(), revoked.id, false).await.unwrap();
    let past = Order {
        licenses: 3,
        term: "P1Y".parse().unwrap(),
        order: None,
        redeem_by: Some("2026-02-28".parse().unwrap()),
    };
    let past = world.app.issue_code(&world.ctx(), past).await.unwrap();
    let before = world.test.dump().await;
    let codes = [elsewhere.code.to_string(), revoked.code.to_string(), past.code.to_string(), unknown(1)];
    for code in &codes {
        assert_eq!(refusal(world.redeem(&harbor, code).await), Refusal::CodeNotValid, "{code}");
        assert_eq!(refusal(preview(&world, &harbor, code).await), Refusal::CodeNotValid, "{code}");
    }
    let after = world.test.dump().await;
    for table in ["licenses", "activation_codes", "audit", "sensors"] {
        assert_eq!(after[table], before[table], "{table}");
    }
    assert_eq!(
        after["failed_redemptions"].len(),
        8 * 3,
        "each counts for its user, organization and address"
    );
}

async fn r3_the_redeem_by_date_ends_at_midnight_of_the_redeeming_organization(test: TestDb) {
    let world = World::new(test);
    let west = world.customer("West", "America/New_York").await;
    let east = world.customer("East", "Asia/Tokyo").await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        let order = Order {
            licenses: 1,
            term: "P1Y".parse().unwrap(),
            order: None,
            redeem_by: Some("2026-03-31".parse().unwrap()),
        };
        codes.push(world.app.issue_code(&world.ctx(), order).await.unwrap().code.to_string());
    }
    // Tokyo's 1 April begins at 15:00 UTC, New York's at 04:00 UTC of the next day.
    world.set("2026-03-31T14:59:59.999999Z");
    world.redeem(&east, &codes[0]).await.unwrap();
    world.set("2026-03-31T15:00:00Z");
    assert_eq!(refusal(world.redeem(&east, &codes[1]).await), Refusal::CodeNotValid);
    world.set("2026-04-01T03:59:59.999999Z");
    world.redeem(&west, &codes[1]).await.unwrap();
    world.set("2026-04-01T04:00:00Z");
    assert_eq!(refusal(world.redeem(&west, &codes[2]).await), Refusal::CodeNotValid);
    world.set("2026-04-01T04:00:00.000001Z");
    assert_eq!(refusal(world.redeem(&west, &codes[2]).await), Refusal::CodeNotValid);
}

async fn r4_a_user_may_fail_ten_times_an_hour_also_over_a_restart(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let good = world.issue(3, "P1Y").await.code.to_string();
    let start = at(START);
    for number in 0..10 {
        world.clock.set(start.plus_seconds(60 * number));
        assert_eq!(
            refusal(world.redeem(&harbor, &unknown(number.unsigned_abs().into())).await),
            Refusal::CodeNotValid
        );
    }
    let retry_at = start.plus_seconds(3_600);
    let wait = Refusal::TooManyAttempts { retry_at };
    assert_eq!(refusal(world.redeem(&harbor, &good).await), wait, "a good one waits like a bad one");
    assert_eq!(refusal(preview(&world, &harbor, &good).await), wait);
    world.test.db.close().await;
    let world = World { app: world.node().await, ..world };
    world.clock.set(retry_at.plus_micros(-1));
    assert_eq!(refusal(world.redeem(&harbor, &good).await), wait, "the limit survives");
    world.clock.set(retry_at);
    assert_eq!(refusal(world.redeem(&harbor, &unknown(99)).await), Refusal::CodeNotValid, "heard again");
    let next = Refusal::TooManyAttempts { retry_at: retry_at.plus_seconds(60) };
    assert_eq!(refusal(world.redeem(&harbor, &good).await), next, "the second failure fills the limit now");
    world.clock.set(retry_at.plus_seconds(60));
    assert_eq!(world.redeem(&harbor, &good).await.unwrap().licenses, 3);
}

/// Ten failures of one user, twenty of an organization, thirty of an address; the longest wait is told.
async fn r4_organizations_and_addresses_have_limits_of_their_own(test: TestDb) {
    let world = World::new(test);
    let mut customers = Vec::new();
    for name in ["One", "Two", "Three", "Four"] {
        customers.push(world.customer(name, "UTC").await);
    }
    let attempt = async |who: &Customer, organization: &Customer, address: &str| {
        let code = unknown(5);
        let attempt = Attempt { organization: organization.id, code: &code, address };
        refusal(world.app.redeem_code(&world.ctx(), &who.caller, attempt).await)
    };
    let [one, two, three, four] = &customers[..] else { panic!() };
    let start = at(START);
    for _ in 0..10 {
        assert_eq!(attempt(one, one, "a").await, Refusal::CodeNotValid);
    }
    world.clock.set(start.plus_seconds(60));
    for _ in 0..10 {
        assert_eq!(attempt(two, one, "a").await, Refusal::CodeNotValid);
    }
    let wait = |seconds: i64| Refusal::TooManyAttempts { retry_at: start.plus_seconds(3_600 + seconds) };
    world.clock.set(start.plus_seconds(120));
    assert_eq!(
        attempt(three, one, "b").await,
        wait(0),
        "the organization's twentieth latest was at the start"
    );
    assert_eq!(attempt(two, three, "b").await, wait(60), "the user's");
    for _ in 0..10 {
        assert_eq!(attempt(three, three, "a").await, Refusal::CodeNotValid);
    }
    assert_eq!(attempt(four, four, "a").await, wait(0), "the address's");
    assert_eq!(attempt(four, four, "b").await, Refusal::CodeNotValid);
    assert_eq!(attempt(two, four, "a").await, wait(60), "the longer one of the user's and the address's");
    assert_eq!(attempt(three, four, "a").await, wait(120), "the longest one of three");
}

/// A user who has to wait for themselves meets an organization that has to wait longer.
async fn r4_the_longest_wait_is_told(test: TestDb) {
    let world = World::new(test);
    let mut customers = Vec::new();
    for name in ["One", "Two", "Three"] {
        customers.push(world.customer(name, "UTC").await);
    }
    let [one, two, three] = &customers[..] else { panic!() };
    let attempt = async |who: &Customer, organization: &Customer, address: &str| {
        let code = unknown(5);
        let attempt = Attempt { organization: organization.id, code: &code, address };
        refusal(world.app.redeem_code(&world.ctx(), &who.caller, attempt).await)
    };
    for _ in 0..10 {
        assert_eq!(attempt(one, one, "a").await, Refusal::CodeNotValid);
    }
    world.clock.set(at(START).plus_seconds(60));
    for who in [two, three] {
        for _ in 0..10 {
            assert_eq!(attempt(who, two, "b").await, Refusal::CodeNotValid);
        }
    }
    let wait = |seconds: i64| Refusal::TooManyAttempts { retry_at: at(START).plus_seconds(3_600 + seconds) };
    assert_eq!(attempt(one, one, "c").await, wait(0));
    assert_eq!(attempt(one, two, "c").await, wait(60), "the organization's wait is longer");
}

async fn preview_changes_nothing_and_tells_what_would_happen(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 2, "P1M").await;
    let waiting = world.add(&harbor, 1).await;
    world.add(&harbor, 2).await;
    // Both have ended, and nobody has settled that.
    world.set("2026-05-01T00:00:00Z");
    let code = world.issue(5, "P1Y").await.code.to_string();
    let before = world.test.dump().await;
    let seen = preview(&world, &harbor, &code).await.unwrap();
    world.unchanged(&before).await;
    assert_eq!((seen.licenses, seen.licenses_left), (5, 3));
    assert_eq!(seen.renewed.len(), 2);
    assert_eq!(
        (seen.renewed[0].id, seen.renewed[0].expires_on.to_string()),
        (waiting, "2027-05-01".to_owned())
    );
    assert_eq!(world.redeem(&harbor, &code).await.unwrap(), seen, "and so it happens");
}

async fn r5_an_unredeemed_code_is_revoked(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(3, "P1Y").await;
    let first = world.app.revoke_code(&world.ctx(), code.id, false).await.unwrap();
    assert_eq!((first.was_revoked, first.revoked, first.still_active), (false, 0, 0));
    assert!(world.app.revoke_code(&world.ctx(), code.id, true).await.unwrap().was_revoked);
    assert_eq!(refusal(world.redeem(&harbor, &code.code.to_string()).await), Refusal::CodeNotValid);
    let unknown = tenure_domain::CodeId::from_bits(1);
    let missing = refusal(world.app.revoke_code(&world.ctx(), unknown, false).await);
    assert_eq!(missing, Refusal::NotFound { what: "activation code" });
}

async fn r5_a_redeemed_code_loses_what_is_not_active(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(4, "P1M").await;
    world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    let other = world.stock(&harbor, 3, "P1Y").await;
    world.try_assign(&harbor, sensor, Some(&other)).await.unwrap();
    world.set("2026-03-10T09:00:00Z");
    let outcome = world.app.revoke_code(&world.ctx(), code.id, false).await.unwrap();
    assert_eq!((outcome.was_revoked, outcome.revoked, outcome.still_active), (false, 3, 1));
    let owned = |covers: &[(&'static str, &str, &str)]| -> Vec<(&'static str, String, String)> {
        covers.iter().map(|(state, from, to)| (*state, (*from).to_owned(), (*to).to_owned())).collect()
    };
    let expected =
        owned(&[("active", START, "2026-04-01"), ("queued", "2026-04-02T00:00:00Z", "2027-04-01")]);
    assert_eq!(world.ledger(&harbor).await.of(sensor), expected, "what is behind moves up, by its own term");
    let shown = world.row(&harbor, sensor).await.sensor.shown.unwrap();
    assert_eq!(shown.key_assigned, 1, "what was revoked out of the pool was on no sensor");
    // The active one ends at once only when the operator says so; the queue goes on without a gap.
    let outcome = world.app.revoke_code(&world.ctx(), code.id, true).await.unwrap();
    assert_eq!((outcome.was_revoked, outcome.revoked, outcome.still_active), (true, 4, 0));
    let now = "2026-03-10T09:00:00Z";
    let expected = owned(&[("revoked", START, "2026-03-10"), ("active", now, "2027-03-10")]);
    assert_eq!(world.ledger(&harbor).await.of(sensor), expected);
    assert_eq!(world.left(&harbor).await, 2);
    let key = code.code.to_string();
    assert_eq!(refusal(world.try_assign(&harbor, sensor, Some(&key)).await), Refusal::KeyNotAvailable);
}

async fn r5_a_sensor_that_loses_its_only_license_takes_the_next_of_the_pool(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let code = world.issue(2, "P1Y").await;
    world.redeem(&harbor, &code.code.to_string()).await.unwrap();
    let (first, second) = (world.add(&harbor, 1).await, world.add(&harbor, 2).await);
    world.stock(&harbor, 1, "P1M").await;
    world.set("2026-03-10T09:00:00Z");
    world.app.revoke_code(&world.ctx(), code.id, true).await.unwrap();
    let ledger = world.ledger(&harbor).await;
    assert_eq!(ledger.of(first)[1].0, "active");
    assert_eq!(ledger.of(second).len(), 1, "{:?}", ledger.of(second));
    assert_eq!(world.row(&harbor, second).await.standing, tenure_domain::Standing::Expired);
    assert_eq!(world.row(&harbor, second).await.days_remaining, Some(0));
    let actor = Actor::Service.to_string();
    let last = ledger.trail(ledger.audit.len() - 4);
    let line = |actor: &str, action: &str| format!("2026-03-10T09:00:00Z {actor} {action}");
    let expected = [
        line(&actor, "license_revoked"),
        line(&actor, "license_revoked"),
        line("auto_renewal", "license_activated"),
        line(&actor, "code_revoked"),
    ];
    assert_eq!(last, expected);
}

on_both!(
    r1_a_typo_is_told_before_any_look_up_and_is_not_counted,
    r2_an_unredeemed_code_is_nowhere_in_the_database,
    r3_a_code_is_redeemed_once_and_whole,
    r3_all_that_cannot_be_redeemed_here_gets_one_answer,
    r3_the_redeem_by_date_ends_at_midnight_of_the_redeeming_organization,
    r4_a_user_may_fail_ten_times_an_hour_also_over_a_restart,
    r4_organizations_and_addresses_have_limits_of_their_own,
    r4_the_longest_wait_is_told,
    preview_changes_nothing_and_tells_what_would_happen,
    r5_an_unredeemed_code_is_revoked,
    r5_a_redeemed_code_loses_what_is_not_active,
    r5_a_sensor_that_loses_its_only_license_takes_the_next_of_the_pool,
);
