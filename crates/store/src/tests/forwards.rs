//! Messages that wait to be handed on, and who hands them on.

use tenure_domain::Instant;

use super::messages::{channel, status};
use super::{START, id, make_organization, make_sensor};
use crate::forwards::{self, Forward, NewForward};
use crate::messages::{Fate, body};
use crate::testing::TestDb;
use crate::{on_both, removed};

/// A message that arrived so many seconds after the start.
fn forward(number: i64, sensor: i64, seconds: i64, fate: Fate) -> NewForward {
    let mut bytes = Vec::new();
    body(&status(300), fate, &[channel(1, &[(START, 215)])], &mut bytes);
    let serial = "282c02990001".parse().unwrap();
    NewForward { number, sensor, serial, arrived: START.plus_seconds(seconds), body: bytes }
}

/// A database with a sensor, whose number is returned.
async fn with_sensor(test: &TestDb) -> i64 {
    let organization = make_organization(&test.db, 1).await;
    make_sensor(&test.db, organization, 1, "Cold store").await;
    1
}

async fn append(test: &TestDb, new: Vec<NewForward>) {
    let mut tx = test.db.begin().await.unwrap();
    forwards::append(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
}

fn numbers(forwards: &[Forward]) -> Vec<i64> {
    forwards.iter().map(|forward| forward.number).collect()
}

async fn messages_stand_in_the_order_of_arrival_and_leave_when_they_are_taken(test: TestDb) {
    let sensor = with_sensor(&test).await;
    // Another node counts its messages from elsewhere on.
    let new = [
        forward(900, sensor, 1, Fate::Saved),
        forward(3, sensor, 2, Fate::SavedLate),
        forward(2, sensor, 2, Fate::Saved),
        forward(1, sensor, 3, Fate::Saved),
    ];
    append(&test, new.to_vec()).await;
    let mut tx = test.db.begin().await.unwrap();
    let line = forwards::in_line(&mut tx, 10).await.unwrap();
    assert_eq!(numbers(&line), [900, 2, 3, 1]);
    assert_eq!(
        line[2],
        Forward {
            number: 3,
            organization: id(1),
            sensor: id(1),
            serial: "282c02990001".parse().unwrap(),
            arrived: START.plus_seconds(2),
            fate: Fate::SavedLate,
            status: status(300),
            channels: vec![channel(1, &[(START, 215)])],
            refusals: 0,
        }
    );
    assert_eq!(numbers(&forwards::in_line(&mut tx, 2).await.unwrap()), [900, 2]);
    forwards::taken(&mut tx, &[900, 3], START.plus_seconds(9)).await.unwrap();
    assert_eq!(numbers(&forwards::in_line(&mut tx, 10).await.unwrap()), [2, 1]);
    let standing = forwards::standing(&mut tx).await.unwrap();
    assert_eq!((standing.waiting, standing.put_back), (2, 0));
    assert_eq!(standing.oldest_arrived, Some(START.plus_seconds(2)));
    assert_eq!(standing.last_taken, Some(START.plus_seconds(9)));
}

async fn what_is_refused_stands_behind_and_comes_at_its_instant(test: TestDb) {
    let sensor = with_sensor(&test).await;
    append(&test, (1..=3).map(|number| forward(number, sensor, number, Fate::Saved)).collect()).await;
    let (again, us) = (START.plus_seconds(60), Instant::from_micros(1).as_micros());
    let mut tx = test.db.begin().await.unwrap();
    forwards::refused(&mut tx, 1, again).await.unwrap();
    assert_eq!(numbers(&forwards::in_line(&mut tx, 10).await.unwrap()), [2, 3]);
    forwards::taken(&mut tx, &[2, 3], START).await.unwrap();
    for (now, there) in [(again.plus_micros(-us), false), (again, true), (again.plus_micros(us), true)] {
        assert_eq!(forwards::any(&mut tx, now).await.unwrap(), there);
        let due = forwards::put_back(&mut tx, now, 10).await.unwrap();
        assert_eq!(numbers(&due), if there { vec![1] } else { vec![] });
        assert!(due.iter().all(|forward| forward.refusals == 1));
    }
    let standing = forwards::standing(&mut tx).await.unwrap();
    assert_eq!((standing.waiting, standing.put_back), (1, 1));
    assert_eq!(standing.oldest_arrived, Some(START.plus_seconds(1)));
}

async fn what_is_too_old_is_given_up_and_counted(test: TestDb) {
    let sensor = with_sensor(&test).await;
    append(&test, (1..=5).map(|number| forward(number, sensor, number, Fate::Saved)).collect()).await;
    let mut tx = test.db.begin().await.unwrap();
    forwards::refused(&mut tx, 2, START.plus_seconds(99)).await.unwrap();
    assert_eq!(forwards::give_up(&mut tx, START.plus_seconds(1)).await.unwrap(), 0, "not at the instant");
    assert_eq!(forwards::give_up(&mut tx, START.plus_seconds(1).plus_micros(1)).await.unwrap(), 1);
    assert_eq!(forwards::give_up(&mut tx, START.plus_seconds(4)).await.unwrap(), 2, "put back or not");
    assert_eq!(numbers(&forwards::in_line(&mut tx, 10).await.unwrap()), [4, 5]);
    assert_eq!(forwards::standing(&mut tx).await.unwrap().given_up, 3);
}

async fn one_worker_hands_on_until_its_lease_has_run_out(test: TestDb) {
    let (now, until) = (START, START.plus_seconds(60));
    let mut tx = test.db.begin().await.unwrap();
    assert!(forwards::lease(&mut tx, "one", now, until).await.unwrap());
    assert!(forwards::lease(&mut tx, "one", now, until).await.unwrap(), "it goes on");
    let later = START.plus_seconds(120);
    assert!(!forwards::lease(&mut tx, "two", until.plus_micros(-1), later).await.unwrap());
    assert!(forwards::lease(&mut tx, "two", until, later).await.unwrap());
    assert!(!forwards::lease(&mut tx, "one", until, later).await.unwrap());
    forwards::release(&mut tx, "one").await.unwrap();
    assert!(!forwards::lease(&mut tx, "one", until, later).await.unwrap(), "it was not its own");
    forwards::release(&mut tx, "two").await.unwrap();
    assert!(forwards::lease(&mut tx, "one", until, later).await.unwrap());
}

async fn trouble_is_told_since_it_began_and_is_over_when_something_is_taken(test: TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    forwards::trouble(&mut tx, START, "no connection").await.unwrap();
    forwards::trouble(&mut tx, START.plus_seconds(5), "503").await.unwrap();
    let standing = forwards::standing(&mut tx).await.unwrap();
    assert_eq!((standing.trouble, standing.last_taken), (Some((START, "503".to_owned())), None));
    forwards::taken(&mut tx, &[], START.plus_seconds(7)).await.unwrap();
    assert_eq!(forwards::standing(&mut tx).await.unwrap().trouble, None);
}

async fn r21_what_is_erased_is_not_handed_on(test: TestDb) {
    let sensor = with_sensor(&test).await;
    append(&test, vec![forward(1, sensor, 1, Fate::Saved), forward(2, sensor + 1, 1, Fate::Saved)]).await;
    let mut tx = test.db.begin().await.unwrap();
    removed::erase_history(&mut tx, sensor).await.unwrap();
    assert_eq!(forwards::standing(&mut tx).await.unwrap().waiting, 1, "the other sensor's");
}

on_both!(
    messages_stand_in_the_order_of_arrival_and_leave_when_they_are_taken,
    what_is_refused_stands_behind_and_comes_at_its_instant,
    what_is_too_old_is_given_up_and_counted,
    one_worker_hands_on_until_its_lease_has_run_out,
    trouble_is_told_since_it_began_and_is_over_when_something_is_taken,
    r21_what_is_erased_is_not_handed_on,
);
