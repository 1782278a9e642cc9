//! Organizations, users, memberships and tokens.

use tenure_domain::Role;
use tenure_domain::session::IDLE_US;

use super::{START, id, make_organization, organization};
use crate::sessions::{self, Session};
use crate::testing::TestDb;
use crate::tokens::{self, Token};
use crate::users::{self, User};
use crate::{on_both, organizations};

async fn an_organization_reads_back_and_its_name_is_taken_in_any_case_of_letters(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    let first = organizations::Organization {
        name: "Łódź Żeglarska".to_owned(),
        device_token: Some("tok".to_owned()),
        ..organization(1)
    };
    assert!(organizations::insert(&mut tx, &first).await.unwrap());
    let second = organizations::Organization { name: "ŁÓDŹ żEGLARSKA".to_owned(), ..organization(2) };
    assert!(!organizations::insert(&mut tx, &second).await.unwrap());
    assert_eq!(organizations::get(&mut tx, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(organizations::by_name(&mut tx, "łódź żeglarska").await.unwrap(), Some(first.clone()));
    assert_eq!(organizations::by_name(&mut tx, "Lodz").await.unwrap(), None);
    assert_eq!(organizations::get(&mut tx, second.id).await.unwrap(), None);

    let changed = organizations::Organization {
        name: "Gdynia".to_owned(),
        zone: "Pacific/Apia".parse().unwrap(),
        language: "pl".to_owned(),
        device_token: None,
        ..first
    };
    organizations::update(&mut tx, &changed).await.unwrap();
    assert_eq!(organizations::all(&mut tx).await.unwrap(), [changed]);
}

async fn what_is_due_is_found_most_overdue_first(test: TestDb) {
    for number in 1..=4 {
        make_organization(&test.db, number).await;
    }
    let set = |number: u64, due: i64| {
        format!("UPDATE organizations SET next_due_us = {due} WHERE id = '{}';", organization(number).id)
    };
    let now = START.as_micros();
    test.execute(&[set(1, now), set(2, now + 1), set(3, now - 1)].concat()).await.unwrap();
    let mut tx = test.db.read().await.unwrap();
    assert_eq!(organizations::due(&mut tx, START).await.unwrap(), [id(3), id(1)]);
    assert_eq!(organizations::due(&mut tx, START.plus_micros(-2)).await.unwrap(), []);
}

async fn a_log_in_is_kept_used_and_ended(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    let user = |number: u64| User {
        id: id(number),
        email: format!("ana{number}@harbor.example"),
        password_hash: None,
        operator: false,
        name: String::new(),
        language: "en".to_owned(),
        zone: None,
        one_time_codes: false,
        created_at: START,
    };
    let session = |number: u64| Session { user: id(number), created_at: START, used_at: START };
    for (number, hashes) in [(1, [&b"one"[..], b"two", b"three"]), (2, [b"four", b"five", b"six"])] {
        assert!(users::insert(&mut tx, &user(number)).await.unwrap());
        for hash in hashes {
            sessions::insert(&mut tx, hash, session(number)).await.unwrap();
        }
    }
    let (before, after) = (START.plus_micros(-1), START.plus_seconds(90));
    sessions::used(&mut tx, b"one", before).await.unwrap();
    assert_eq!(sessions::by_hash(&mut tx, b"one").await.unwrap(), Some(session(1)), "never backwards");
    sessions::used(&mut tx, b"one", after).await.unwrap();
    let used = Session { used_at: after, ..session(1) };
    assert_eq!(sessions::by_hash(&mut tx, b"one").await.unwrap(), Some(used));
    sessions::delete(&mut tx, b"two").await.unwrap();
    assert_eq!(sessions::by_hash(&mut tx, b"two").await.unwrap(), None);
    sessions::delete_others(&mut tx, id(1), b"one").await.unwrap();
    assert_eq!(sessions::by_hash(&mut tx, b"three").await.unwrap(), None);
    assert!(sessions::by_hash(&mut tx, b"one").await.unwrap().is_some());
    sessions::delete_others(&mut tx, id(2), b"").await.unwrap();
    assert_eq!(sessions::by_hash(&mut tx, b"four").await.unwrap(), None);
    let idle = after.plus_micros(IDLE_US);
    assert_eq!(sessions::forget_old(&mut tx, idle.plus_micros(-1)).await.unwrap(), 0);
    assert_eq!(sessions::forget_old(&mut tx, idle).await.unwrap(), 1);
}

/// Each of many commands at once sees what the one before it has done.
async fn the_lock_of_an_organization_lets_one_command_in_at_a_time(test: TestDb) {
    let organization = make_organization(&test.db, 1).await;
    let commands: Vec<_> = (0..24)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move {
                let mut tx = test.db.begin().await.unwrap();
                let mut locked = organizations::lock(&mut tx, organization).await.unwrap().unwrap();
                tokio::task::yield_now().await;
                locked.audit_seq += 1;
                locked.settled_until = locked.settled_until.plus_seconds(1);
                organizations::finish(&mut tx, &locked).await.unwrap();
                tx.commit().await.unwrap();
                locked.rev
            })
        })
        .collect();
    let mut revs = Vec::new();
    for command in commands {
        revs.push(command.await.unwrap());
    }
    revs.sort_unstable();
    assert_eq!(revs, (1..=24).collect::<Vec<i64>>());
    let mut tx = test.db.begin().await.unwrap();
    let after = organizations::get(&mut tx, organization).await.unwrap().unwrap();
    assert_eq!((after.rev, after.audit_seq), (24, 24));
    assert_eq!(after.settled_until, START.plus_seconds(24));
    assert_eq!(organizations::revs(&mut tx).await.unwrap(), [(organization, 24)]);
    assert_eq!(organizations::lock(&mut tx, id(99)).await.unwrap(), None);
}

async fn users_their_roles_and_their_tokens(test: TestDb) {
    let here = make_organization(&test.db, 1).await;
    let elsewhere = make_organization(&test.db, 2).await;
    let mut tx = test.db.begin().await.unwrap();
    let ana = User {
        id: id(1),
        email: "Ana@Harbor.example".to_owned(),
        password_hash: Some("$argon2id$…".to_owned()),
        operator: false,
        name: String::new(),
        language: "pl".to_owned(),
        zone: Some("Europe/Warsaw".parse().unwrap()),
        one_time_codes: false,
        created_at: START,
    };
    assert!(users::insert(&mut tx, &ana).await.unwrap());
    let again = User { id: id(2), email: "ANA@harbor.example".to_owned(), ..ana.clone() };
    assert!(!users::insert(&mut tx, &again).await.unwrap(), "the address is taken in any case of letters");
    assert_eq!(users::by_email(&mut tx, "ana@HARBOR.example").await.unwrap(), Some(ana.clone()));
    assert_eq!(users::by_email(&mut tx, "bob@harbor.example").await.unwrap(), None);

    assert_eq!(users::role_in(&mut tx, ana.id, here).await.unwrap(), None);
    users::set_membership(&mut tx, ana.id, here, Role::Analyst, START).await.unwrap();
    users::set_membership(&mut tx, ana.id, here, Role::Manager, START).await.unwrap();
    assert_eq!(users::role_in(&mut tx, ana.id, here).await.unwrap(), Some(Role::Manager));
    assert_eq!(users::role_in(&mut tx, ana.id, elsewhere).await.unwrap(), None);

    let token = Token {
        id: id(1),
        user: ana.id,
        email: ana.email.clone(),
        organization: Some(here),
        role: Role::Manager,
        read_only: true,
        most: None,
        name: "A script".to_owned(),
        created_at: START,
        last_used_at: None,
    };
    tokens::insert(&mut tx, &token, b"hash").await.unwrap();
    assert_eq!(tokens::by_hash(&mut tx, b"hash").await.unwrap(), Some(token.clone()));
    assert_eq!(tokens::by_hash(&mut tx, b"hush").await.unwrap(), None);
    users::set_membership(&mut tx, ana.id, here, Role::Analyst, START).await.unwrap();
    let later = START.plus_seconds(60);
    tokens::used(&mut tx, token.id, later).await.unwrap();
    let today = Token { role: Role::Analyst, last_used_at: Some(later), ..token.clone() };
    assert_eq!(tokens::by_hash(&mut tx, b"hash").await.unwrap(), Some(today.clone()), "today's role");
    assert_eq!(tokens::page(&mut tx, here, None, 9).await.unwrap(), [today]);
    assert_eq!(tokens::page(&mut tx, elsewhere, None, 9).await.unwrap(), []);

    let most = Some(Role::Manager);
    let lesser = Token { id: id(3), most, ..token.clone() };
    tokens::insert(&mut tx, &lesser, b"lesser").await.unwrap();
    let role = async |tx: &mut crate::Tx| tokens::by_hash(tx, b"lesser").await.unwrap().unwrap().role;
    assert_eq!(role(&mut tx).await, Role::Analyst, "no more than its user");
    users::set_membership(&mut tx, ana.id, here, Role::Administrator, START).await.unwrap();
    assert_eq!(role(&mut tx).await, Role::Manager, "no more than it was given");
    assert!(tokens::revoke(&mut tx, here, lesser.id, START).await.unwrap());

    let everywhere = Token { id: id(2), organization: None, ..token.clone() };
    tokens::insert(&mut tx, &everywhere, b"none").await.unwrap();
    assert_eq!(tokens::by_hash(&mut tx, b"none").await.unwrap(), None, "its user is no operator");

    assert!(!tokens::revoke(&mut tx, elsewhere, token.id, START).await.unwrap());
    assert!(tokens::revoke(&mut tx, here, token.id, START).await.unwrap());
    assert!(!tokens::revoke(&mut tx, here, token.id, START).await.unwrap());
    assert_eq!(tokens::by_hash(&mut tx, b"hash").await.unwrap(), None);
    assert_eq!(tokens::page(&mut tx, here, None, 9).await.unwrap(), []);
}

async fn a_token_of_somebody_who_is_no_member_opens_nothing(test: TestDb) {
    let here = make_organization(&test.db, 1).await;
    let mut tx = test.db.begin().await.unwrap();
    let user = User {
        id: id(1),
        email: "eve@x.example".to_owned(),
        password_hash: None,
        operator: true,
        name: "Eve".to_owned(),
        language: "en".to_owned(),
        zone: None,
        one_time_codes: false,
        created_at: START,
    };
    assert!(users::insert(&mut tx, &user).await.unwrap());
    let token = Token {
        id: id(1),
        user: user.id,
        email: user.email.clone(),
        organization: Some(here),
        role: Role::Manager,
        read_only: false,
        most: None,
        name: "A script".to_owned(),
        created_at: START,
        last_used_at: None,
    };
    tokens::insert(&mut tx, &token, b"hash").await.unwrap();
    assert_eq!(tokens::by_hash(&mut tx, b"hash").await.unwrap(), None, "an operator sees no organization");
    assert_eq!(tokens::page(&mut tx, here, None, 9).await.unwrap(), []);
    let operators = Token { id: id(2), organization: None, role: Role::Operator, ..token };
    tokens::insert(&mut tx, &operators, b"operate").await.unwrap();
    assert_eq!(tokens::by_hash(&mut tx, b"operate").await.unwrap(), Some(operators));
}

on_both!(
    an_organization_reads_back_and_its_name_is_taken_in_any_case_of_letters,
    what_is_due_is_found_most_overdue_first,
    a_log_in_is_kept_used_and_ended,
    the_lock_of_an_organization_lets_one_command_in_at_a_time,
    users_their_roles_and_their_tokens,
    a_token_of_somebody_who_is_no_member_opens_nothing,
);
