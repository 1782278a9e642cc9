//! R18: the audit trail.

use tenure_domain::Role;
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{START, World};
use crate::issue_code::Order;

/// What is done late is told with the instants at which it was due.
async fn r18_the_trail_tells_each_change_at_its_due_instant(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    let skip = world.ledger(&harbor).await.audit.len();
    world.stock(&harbor, 3, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    world.assign(&harbor, sensor).await;
    world.set("2026-08-15T10:00:00Z");
    assert_eq!(world.app.settle_due().await.unwrap(), 1);
    let by = harbor.caller.actor().to_string();
    assert_eq!(
        world.ledger(&harbor).await.trail(skip),
        [
            format!("{START} {by} code_redeemed"),
            format!("{START} {by} sensor_added"),
            format!("{START} {by} license_activated"),
            format!("{START} {by} license_queued"),
            "2026-04-02T00:00:00Z calendar license_ended".to_owned(),
            "2026-04-02T00:00:00Z calendar license_activated".to_owned(),
            "2026-05-02T00:00:00Z calendar license_ended".to_owned(),
            "2026-05-02T00:00:00Z auto_renewal license_activated".to_owned(),
            "2026-06-02T00:00:00Z calendar license_ended".to_owned(),
        ]
    );
    assert_eq!(world.app.settle_due().await.unwrap(), 0);
}

/// Making a user is a command like any other: what was due before it is told before it.
async fn r17_a_new_member_comes_after_what_was_due_before(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 1, "P1M").await;
    world.add(&harbor, 1).await;
    world.set("2026-08-15T10:00:00Z");
    let new = crate::create_user::NewUser {
        email: "bob@harbor.example".to_owned(),
        organization: Some("Harbor".to_owned()),
        zone: tenure_domain::Zone::UTC,
        role: Role::Analyst,
        password: None,
    };
    world.app.create_user(&world.ctx(), new).await.unwrap();
    let ledger = world.ledger(&harbor).await;
    assert_eq!(
        ledger.trail(ledger.audit.len() - 2),
        ["2026-04-02T00:00:00Z calendar license_ended", "2026-08-15T10:00:00Z service user_added",]
    );
}

/// A change and its row are in one transaction: where the row cannot be written, nothing has changed.
async fn r18_without_its_row_there_is_no_change(test: TestDb) {
    let world = World::new(test);
    let harbor = world.customer("Harbor", "UTC").await;
    world.stock(&harbor, 3, "P1M").await;
    let sensor = world.add(&harbor, 1).await;
    let code = world.issue(3, "P1M").await.code.to_string();
    let next = world.ledger(&harbor).await.audit.len() + 1;
    let blocked = format!(
        "INSERT INTO audit (trail, seq, at_us, actor, action, subject) VALUES ('{}', {next}, 0, '', '', '')",
        harbor.id
    );
    world.test.execute(&blocked).await.unwrap();
    let before = world.test.dump().await;
    assert!(world.try_assign(&harbor, sensor, None).await.unwrap_err().refusal().is_none());
    assert!(world.redeem(&harbor, &code).await.unwrap_err().refusal().is_none());
    let after = world.test.dump().await;
    for table in ["licenses", "activation_codes", "sensors", "organizations", "audit"] {
        assert_eq!(after[table], before[table], "{table}");
    }
}

async fn what_the_operator_does_is_on_the_services_trail(test: TestDb) {
    let world = World::new(test);
    let ctx = world.ctx();
    let order = Order {
        licenses: 2,
        term: "P30D".parse().unwrap(),
        order: Some("PO 7".to_owned()),
        redeem_by: Some("2027-01-31".parse().unwrap()),
    };
    let code = world.app.issue_code(&ctx, order.clone()).await.unwrap();
    world.app.revoke_code(&ctx, code.id, false).await.unwrap();
    let operator = crate::create_user::NewUser {
        email: "op@vendor.example".to_owned(),
        organization: None,
        zone: tenure_domain::Zone::UTC,
        role: Role::Operator,
        password: None,
    };
    world.app.create_user(&ctx, operator).await.unwrap();
    world.app.create_token_by_name(&ctx, None, "op@vendor.example", false).await.unwrap();
    let trail = world.test.dump().await["audit"].join("\n");
    for action in ["code_issued", "code_revoked", "user_added", "token_created"] {
        assert_eq!(trail.matches(action).count(), 1, "{action}:\n{trail}");
    }
    for licenses in [0, 100_001] {
        let refused = world.app.issue_code(&ctx, Order { licenses, ..order.clone() }).await.unwrap_err();
        assert_eq!(refused.refusal().unwrap().code(), "invalid");
    }
    let listed = world.app.list_codes(None, 10).await.unwrap();
    assert_eq!((listed.len(), listed[0].order.as_deref(), listed[0].licenses), (1, Some("PO 7"), 2));
}

on_both!(
    r18_the_trail_tells_each_change_at_its_due_instant,
    r17_a_new_member_comes_after_what_was_due_before,
    r18_without_its_row_there_is_no_change,
    what_the_operator_does_is_on_the_services_trail,
);
