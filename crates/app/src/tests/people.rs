//! R34: who may do what; users, tokens, and what is changed of an organization.

use data_encoding::{BASE32_NOPAD, HEXUPPER};
use tenure_domain::{Permission, Refusal, Role, Zone};
use tenure_store::on_both;
use tenure_store::testing::TestDb;

use super::{World, at, refusal};
use crate::change_organization::OrganizationChange;
use crate::create_user::NewUser;
use crate::invitations::NewInvitation;
use crate::log_in::Credentials;
use crate::one_time_codes::code_for;
use crate::{Actor, Caller};

fn user(email: &str, organization: Option<&str>, role: Role) -> NewUser {
    NewUser {
        email: email.to_owned(),
        organization: organization.map(str::to_owned),
        zone: Zone::UTC,
        role,
        password: None,
    }
}

async fn r34_each_role_does_what_it_may_in_its_own_organization(test: TestDb) {
    let world = World::new(test);
    let ctx = world.ctx();
    let orchard = world.customer("Orchard", "UTC").await.id;
    for role in Role::ALL {
        let organization = (role != Role::Operator).then_some("Harbor");
        let email = format!("{role}@harbor.example");
        let made = world.app.create_user(&ctx, user(&email, organization, role)).await.unwrap();
        for read_only in [false, true] {
            let token = world.app.create_token_by_name(&ctx, organization, &email, read_only).await.unwrap();
            let caller = world.app.authenticate(&token.secret).await.unwrap();
            assert_eq!((caller.role(), caller.token), (role, Some(token.token.id)));
            for permission in Permission::ALL {
                let allowed = role.allows(permission);
                let expected = if !allowed {
                    Err(Refusal::Forbidden)
                } else if read_only && !permission.reads_only() {
                    Err(Refusal::ReadOnlyToken)
                } else {
                    Ok(())
                };
                assert_eq!(caller.role_allows(permission), allowed);
                if let Some(harbor) = made.organization {
                    assert_eq!(caller.may(harbor, permission), expected, "{role} {permission:?} {read_only}");
                }
                let elsewhere = Err(Refusal::NotFound { what: "organization" });
                assert_eq!(caller.may(orchard, permission), elsewhere, "{role} {permission:?}");
            }
            let operates = match (role, read_only) {
                (Role::Operator, false) => Ok(()),
                (Role::Operator, true) => Err(Refusal::ReadOnlyToken),
                _ => Err(Refusal::Forbidden),
            };
            assert_eq!(caller.may_operate(), operates, "{role} {read_only}");
        }
    }
}

async fn r34_a_token_opens_until_it_is_revoked_and_carries_todays_role(test: TestDb) {
    let world = World::new(test);
    let ctx = world.ctx();
    let harbor = world.customer("Harbor", "UTC").await;
    let token = world.app.create_token(&ctx, harbor.id, "clerk@harbor.example", false).await.unwrap();
    let caller: Caller = world.app.authenticate(&token.secret).await.unwrap();
    assert_eq!(caller.actor(), Actor::Token { id: token.token.id, email: "clerk@harbor.example".to_owned() });
    let dump = world.test.dump().await;
    assert!(!dump.values().flatten().any(|line| line.contains(&token.secret)), "only its hash is kept");
    let listed = world.app.list_tokens(harbor.id, None, 9).await.unwrap().0;
    assert_eq!(listed.len(), 2);
    let listed: Vec<_> = listed.iter().map(|listed| Some(listed.id)).collect();
    assert!(listed.contains(&harbor.caller.token) && listed.contains(&Some(token.token.id)));

    let lesser = user("CLERK@harbor.example", Some("HARBOR"), Role::Analyst);
    assert_eq!(world.app.create_user(&ctx, lesser).await.unwrap().organization, Some(harbor.id));
    assert_eq!(world.app.authenticate(&token.secret).await.unwrap().role(), Role::Analyst);

    for wrong in ["", "tenure_x", &format!("{} ", token.secret)] {
        assert_eq!(refusal(world.app.authenticate(wrong).await), Refusal::Unauthenticated, "{wrong}");
    }
    world.app.revoke_token(&ctx, harbor.id, token.token.id).await.unwrap();
    assert_eq!(refusal(world.app.authenticate(&token.secret).await), Refusal::Unauthenticated);
    let again = refusal(world.app.revoke_token(&ctx, harbor.id, token.token.id).await);
    assert_eq!(again, Refusal::NotFound { what: "token" });
    for (organization, email, what) in [
        (Some("Harbor"), "eve@x.example", "user"),
        (Some("Nowhere"), "clerk@harbor.example", "organization"),
        (None, "clerk@harbor.example", "operator"),
    ] {
        let refused = refusal(world.app.create_token_by_name(&ctx, organization, email, false).await);
        assert_eq!(refused, Refusal::NotFound { what });
    }
}

/// Whoever reads the database finds nothing that opens anything, but the mails that wait to be sent.
async fn what_opens_something_is_kept_as_a_hash_or_sealed(test: TestDb) {
    let world = World::new(test);
    let ctx = world.ctx();
    let password = "correct horse battery".to_owned();
    let ana = NewUser {
        password: Some(password.clone()),
        ..user("ana@harbor.example", Some("Harbor"), Role::Administrator)
    };
    let harbor = world.app.create_user(&ctx, ana).await.unwrap().organization.unwrap();
    let with =
        Credentials { email: "ana@harbor.example", password: &password, code: None, address: "192.0.2.1" };
    let session = world.app.log_in(with).await.unwrap();
    let person = session.signed_in;
    let secret = world.app.begin_one_time_codes(&person, &password, "192.0.2.1").await.unwrap().secret;
    let code = code_for(&secret, world.app.clock.now()).unwrap();
    let codes = world.app.confirm_one_time_codes(&person, &code).await.unwrap();
    let bob = NewInvitation { email: "bob@harbor.example", role: Role::Manager, language: None };
    let (_, link) = world.app.invite(&ctx, harbor, bob).await.unwrap();
    world.app.ask_for_reset("ana@harbor.example").await.unwrap();
    let mut dump = world.test.dump().await;
    let outbox = dump.remove("outbox").unwrap().join("\n");
    let (_, reset) = outbox.split_once("reset#").unwrap();
    let reset: String = reset.chars().take(43).collect();
    let (_, invitation) = link.split_once('#').unwrap();
    let everything = dump.values().flatten().map(String::as_str).collect::<Vec<_>>().join("\n");
    let raw = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    for opens in [&session.cookie, &secret, &codes[0], &reset, &password, &HEXUPPER.encode(&raw)] {
        assert!(!everything.to_uppercase().contains(&opens.to_uppercase()), "{opens}");
    }
    assert!(!everything.contains(invitation));
    assert!(everything.contains("otp_secret"));
}

async fn users_that_cannot_be_are_refused(test: TestDb) {
    let world = World::new(test);
    let ctx = world.ctx();
    let operator = user("op@vendor.example", None, Role::Operator);
    world.app.create_user(&ctx, operator.clone()).await.unwrap();
    let before = world.test.dump().await;
    assert_eq!(refusal(world.app.create_user(&ctx, operator.clone()).await), Refusal::EmailInUse);
    let manager = user("ana@harbor.example", Some("Harbor"), Role::Manager);
    for (new, field) in [
        (NewUser { organization: Some("Harbor".to_owned()), ..operator }, "organization"),
        (NewUser { organization: None, ..manager.clone() }, "organization"),
        (NewUser { organization: Some(" ".to_owned()), ..manager.clone() }, "name"),
        (NewUser { email: "ana".to_owned(), ..manager.clone() }, "email"),
        (NewUser { email: "a na@x".to_owned(), ..manager.clone() }, "email"),
        (NewUser { email: "a@b@c".to_owned(), ..manager.clone() }, "email"),
        (NewUser { password: Some("short".to_owned()), ..manager.clone() }, "password"),
    ] {
        match refusal(world.app.create_user(&ctx, new).await) {
            Refusal::Invalid { field: named, .. } => assert_eq!(named, field),
            other => panic!("{other:?}"),
        }
    }
    world.unchanged(&before).await;
    let with_password = NewUser { password: Some("correct horse".to_owned()), ..manager };
    world.app.create_user(&ctx, with_password).await.unwrap();
    let users = world.test.dump().await["users"].join("\n");
    assert!(users.contains("$argon2id$") && !users.contains("correct horse"));
}

async fn an_organization_changes_and_its_trail_says_so(test: TestDb) {
    let world = World::new(test);
    let (harbor, _) = (world.customer("Harbor", "UTC").await, world.customer("Orchard", "UTC").await);
    let ctx = world.app.ctx(harbor.caller.actor());
    let change = OrganizationChange {
        name: Some(" Port ".to_owned()),
        zone: Some("Europe/Warsaw".parse().unwrap()),
        language: Some("pl".to_owned()),
        device_token: Some(Some("s3cret".to_owned())),
    };
    let changed = world.app.change_organization(&ctx, harbor.id, change.clone()).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.zone.name()), ("Port", "Europe/Warsaw"));
    let stored = world.app.organization(&ctx, harbor.id).await.unwrap();
    assert_eq!((stored.language.as_str(), stored.device_token.as_deref()), ("pl", Some("s3cret")));
    let rows = world.ledger(&harbor).await.audit;
    let last = rows.last().unwrap();
    assert_eq!((last.action.as_str(), last.at), ("organization_changed", at(super::START)));
    assert!(!format!("{last:?}").contains("s3cret"), "{last:?}");
    world.app.change_organization(&ctx, harbor.id, change).await.unwrap();
    assert_eq!(world.ledger(&harbor).await.audit.len(), rows.len(), "what changes nothing is not told");
    let none = OrganizationChange::default();
    let taken = OrganizationChange { name: Some("ORCHARD".to_owned()), ..none.clone() };
    let refused = refusal(world.app.change_organization(&ctx, harbor.id, taken).await);
    assert_eq!(refused.code(), "organization_name_in_use");
    let bad = [
        OrganizationChange { language: Some("xx".to_owned()), ..none.clone() },
        OrganizationChange { device_token: Some(Some("x".repeat(37))), ..none.clone() },
        OrganizationChange { device_token: Some(Some("a b".to_owned())), ..none.clone() },
    ];
    for change in bad {
        assert_eq!(refusal(world.app.change_organization(&ctx, harbor.id, change).await).code(), "invalid");
    }
    let cleared = OrganizationChange { device_token: Some(None), ..none };
    assert_eq!(world.app.change_organization(&ctx, harbor.id, cleared).await.unwrap().device_token, None);
}

on_both!(
    r34_each_role_does_what_it_may_in_its_own_organization,
    r34_a_token_opens_until_it_is_revoked_and_carries_todays_role,
    what_opens_something_is_kept_as_a_hash_or_sealed,
    users_that_cannot_be_are_refused,
    an_organization_changes_and_its_trail_says_so,
);
