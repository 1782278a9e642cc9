//! How mails get away.

use std::collections::VecDeque;
use std::sync::Mutex;

use tenure_domain::Instant;
use tenure_store::on_both;
use tenure_store::outbox::{self, Attachment, Mail, Posted, State};
use tenure_store::testing::TestDb;

use super::worker::{MOST_ATTEMPTS, Outage, wait_after};
use super::{Content, Delivery, FolderMailer, Handing, Mailer};
use crate::App;
use crate::tests::World;

fn reset() -> Content<'static> {
    Content::PasswordReset { email: "ana@harbor.example", link: "https://tenure.harbor.example/reset#abc" }
}

#[test]
fn a_wait_doubles_up_to_two_hours_and_is_spread() {
    let seconds = |attempts, random| wait_after(attempts, random) / 1_000_000;
    assert_eq!((seconds(1, 0), seconds(1, 999)), (15, 29));
    assert_eq!((seconds(2, 0), seconds(2, 999)), (30, 59));
    assert_eq!((seconds(8, 0), seconds(9, 0), seconds(10, 0)), (1_920, 3_600, 3_600));
    assert_eq!((seconds(20, 999), seconds(u32::MAX, 0)), (7_196, 3_600));
}

/// A mailer that answers what it was told to, and remembers what it was given.
#[derive(Default)]
struct Told {
    answers: Mutex<VecDeque<Delivery>>,
    given: Mutex<Vec<Mail>>,
}

impl Mailer for Told {
    fn hand_over<'a>(&'a self, mail: &'a Mail, _: Option<&'a Attachment>) -> Handing<'a> {
        self.given.lock().unwrap().push(mail.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.unwrap_or_else(|| Delivery::Taken("250 OK".to_owned())) })
    }
}

impl Told {
    fn answering(answers: &[Delivery]) -> Self {
        Self { answers: Mutex::new(answers.iter().cloned().collect()), ..Self::default() }
    }

    fn count(&self) -> usize {
        self.given.lock().unwrap().len()
    }
}

fn later() -> Delivery {
    Delivery::Later("451 try again".to_owned())
}

async fn post(app: &App, mails: usize) {
    let mut tx = app.db.begin().await.unwrap();
    for _ in 0..mails {
        let mail = app.mail(app.clock.now(), None, "ana@harbor.example", "en", &reset(), None).unwrap();
        outbox::insert(&mut tx, &mail).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn posted(app: &App) -> Vec<Posted> {
    let mut tx = app.db.read().await.unwrap();
    let all = outbox::all(&mut tx).await.unwrap();
    tx.roll_back().await.unwrap();
    all
}

async fn r33_a_mail_that_is_not_taken_is_tried_again_later_and_then_forgotten(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 1).await;
    let mailer = Told::answering(&[later(), later()]);
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 1);
    let first = posted(&world.app).await.remove(0);
    assert_eq!((first.state, first.attempts), (State::Queued, 1));
    assert_eq!(first.last_reply.as_deref(), Some("451 try again"));
    let again = first.next_try_at;
    world.clock.set(again.plus_micros(-1));
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 0);
    world.clock.set(again);
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 1);
    let second = posted(&world.app).await.remove(0).next_try_at;
    assert!(second > again.plus_seconds(29) && second <= again.plus_seconds(60), "{again} {second}");
    world.clock.set(second);
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 1);
    let sent = posted(&world.app).await.remove(0);
    assert_eq!((sent.state, sent.attempts, sent.last_reply.as_deref()), (State::Sent, 3, Some("250 OK")));
    assert_eq!((sent.post.text.as_str(), sent.post.html), ("", None), "its link is forgotten");
    world.clock.set(second.plus_seconds(86_400));
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 0);
    assert_eq!(mailer.count(), 3);
    let given = mailer.given.lock().unwrap();
    assert!(given.iter().all(|mail| mail.id == sent.post.id && mail.text.contains("reset#abc")));
}

async fn r33_a_mail_that_will_never_be_taken_is_not_tried_again(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 1).await;
    let mailer = Told::answering(&[Delivery::Never("550 no such user".to_owned())]);
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 1);
    let failed = posted(&world.app).await.remove(0);
    assert_eq!((failed.state, failed.last_reply.as_deref()), (State::Failed, Some("550 no such user")));
    world.clock.set(failed.next_try_at.plus_seconds(86_400));
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 0);
}

async fn r33_after_three_days_it_is_given_up_and_keeps_what_it_says(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 1).await;
    let mailer = Told::answering(&vec![later(); 80]);
    let start = world.app.clock.now();
    for attempt in 1..=MOST_ATTEMPTS {
        assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 1, "{attempt}");
        let posted = posted(&world.app).await.remove(0);
        assert_eq!(posted.state == State::Failed, attempt == MOST_ATTEMPTS, "{attempt}");
        assert_eq!(posted.settled_at.is_some(), attempt == MOST_ATTEMPTS, "{attempt}");
        world.clock.set(posted.next_try_at);
    }
    let failed = posted(&world.app).await.remove(0);
    let days = failed.settled_at.unwrap().micros_since(start) / 86_400_000_000;
    assert!((2..=4).contains(&days), "{days}");
    assert!(failed.post.text.contains("/reset#abc") && failed.post.html.is_some(), "it can be sent again");
    world.clock.set(world.app.clock.now().plus_seconds(86_400));
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 0);
    assert_eq!(mailer.count(), usize::try_from(MOST_ATTEMPTS).unwrap());
}

/// A mail server that is away says nothing about any mail, so none is tried in vain for it.
async fn r33_while_the_mail_server_is_away_mails_keep_their_attempts(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 30).await;
    let away = || Delivery::Unreachable("connection refused".to_owned());
    let taken = || Delivery::Taken("250 OK".to_owned());
    let mailer = Told::answering(&[taken(), taken(), away()]);
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 2);
    assert_eq!(mailer.count(), 3, "the round ends with the first that is not heard");
    let mails = posted(&world.app).await;
    let sent = mails.iter().filter(|posted| posted.state == State::Sent).count();
    assert_eq!(sent, 2);
    let waiting = mails.iter().filter(|posted| posted.state == State::Queued && posted.attempts == 0);
    assert_eq!(waiting.count(), 28);
    let told = mails.iter().filter(|posted| posted.last_reply.as_deref() == Some("connection refused"));
    assert_eq!(told.count(), 2, "those that this worker had are told why");
    while world.app.send_mail(&mailer, "b").await.unwrap() > 0 {}
    assert!(
        posted(&world.app).await.iter().all(|posted| posted.state == State::Sent && posted.attempts == 1)
    );
}

#[test]
fn an_outage_is_waited_out_for_five_minutes_at_the_most() {
    let now = Instant::from_seconds(1_900_000_000);
    let mut outage = Outage::after(None, now, 0);
    assert!(outage.goes_on(now.plus_seconds(14)) && !outage.goes_on(now.plus_seconds(15)));
    for _ in 0..20 {
        outage = Outage::after(Some(outage), now, 999);
    }
    assert!(outage.goes_on(now.plus_seconds(299)) && !outage.goes_on(now.plus_seconds(300)));
    assert!(!outage.goes_on(now.plus_seconds(-86_400)), "a clock that has stepped back makes it no longer");
}

/// A recipient whose server has no time keeps nobody else waiting.
async fn r33_one_mail_that_has_to_wait_lets_the_others_pass(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 30).await;
    let mailer = Told::answering(&[later()]);
    while world.app.send_mail(&mailer, "a").await.unwrap() > 0 {}
    let sent = posted(&world.app).await.iter().filter(|posted| posted.state == State::Sent).count();
    assert_eq!((sent, mailer.count()), (29, 30));
}

/// A service that is told to stop finishes the mail in hand, and leaves the others to whoever comes.
async fn r33_a_worker_that_stops_gives_back_what_it_has_not_begun(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 3).await;
    let mailer = Told::default();
    let (stop, stopped) = tokio::sync::watch::channel(true);
    world.app.run_mail(&mailer, stopped).await;
    drop(stop);
    assert_eq!(mailer.count(), 1);
    let mails = posted(&world.app).await;
    let attempts: Vec<u32> = mails.iter().map(|posted| posted.attempts).collect();
    assert_eq!(attempts.iter().sum::<u32>(), 1, "{attempts:?}");
    assert_eq!(world.app.send_mail(&mailer, "b").await.unwrap(), 2, "at once");
}

async fn r33_workers_at_once_send_each_mail_once(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 30).await;
    let mailer = std::sync::Arc::new(Told::default());
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let (world, mailer) = (world.clone(), mailer.clone());
            tokio::spawn(async move {
                let app = world.node().await;
                while app.send_mail(mailer.as_ref(), &format!("worker {number}")).await.unwrap() > 0 {}
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let mut given: Vec<_> = mailer.given.lock().unwrap().iter().map(|mail| mail.id).collect();
    given.sort_unstable();
    given.dedup();
    assert_eq!((given.len(), mailer.count()), (30, 30));
    assert!(posted(&world.app).await.iter().all(|posted| posted.state == State::Sent));
}

/// A worker that dies in the middle holds its mails until its lease ends; what it says later counts no more.
async fn r33_a_lease_that_has_run_out_is_anothers(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 1).await;
    let now = world.app.clock.now();
    let until = now.plus_seconds(600);
    let mut tx = world.app.db.begin().await.unwrap();
    let leased = outbox::lease::<Mail>(&mut tx, "dead", now, until, 10).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(leased.len(), 1);
    let mailer = Told::default();
    world.clock.set(until.plus_micros(-1));
    assert_eq!(world.app.send_mail(&mailer, "b").await.unwrap(), 0);
    world.clock.set(until);
    assert_eq!(world.app.send_mail(&mailer, "b").await.unwrap(), 1);
    let mut tx = world.app.db.begin().await.unwrap();
    outbox::settle(&mut tx, "dead", leased[0].post.id, (State::Failed, now), now, "late").await.unwrap();
    tx.commit().await.unwrap();
    let sent = posted(&world.app).await.remove(0);
    assert_eq!((sent.state, sent.attempts), (State::Sent, 2));
}

async fn old_mail_is_forgotten(test: TestDb) {
    let world = World::new(test);
    post(&world.app, 1).await;
    world.app.send_mail(&Told::default(), "a").await.unwrap();
    post(&world.app, 1).await;
    let start: Instant = world.app.clock.now();
    let forget = async |after: i64| {
        world.clock.set(start.plus_seconds(90 * 86_400).plus_micros(after));
        let mut tx = world.app.db.begin().await.unwrap();
        world.app.forget_old_mail(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        posted(&world.app).await.len()
    };
    assert_eq!((forget(-1).await, forget(0).await), (2, 1), "what is queued stays");
}

async fn without_a_mail_server_mail_is_put_into_a_folder(test: TestDb) {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new(test);
    post(&world.app, 1).await;
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("data").join("mail");
    let mailer = FolderMailer::new(folder.clone(), "Tenure <tenure@harbor.example>".parse().unwrap());
    assert_eq!(world.app.send_mail(&mailer, "a").await.unwrap(), 1);
    let sent = posted(&world.app).await.remove(0);
    assert_eq!(sent.state, State::Sent);
    let file = folder.join(format!("{}.eml", sent.post.id));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no half of it is left");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600), "it holds a link that opens something");
    let text = std::fs::read_to_string(&file).unwrap();
    for line in [
        "From: Tenure <tenure@harbor.example>",
        "To: ana@harbor.example",
        "Subject: Set a new password for Tenure",
        &format!("Message-ID: <{}@harbor.example>", sent.post.id),
        "Date: Sun, 01 Mar 2026 11:00:00 +0000",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(text.contains("Content-Type: text/plain") && text.contains("Content-Type: text/html"), "{text}");
}

on_both!(
    r33_a_mail_that_is_not_taken_is_tried_again_later_and_then_forgotten,
    r33_a_mail_that_will_never_be_taken_is_not_tried_again,
    r33_after_three_days_it_is_given_up_and_keeps_what_it_says,
    r33_while_the_mail_server_is_away_mails_keep_their_attempts,
    r33_one_mail_that_has_to_wait_lets_the_others_pass,
    r33_a_worker_that_stops_gives_back_what_it_has_not_begun,
    r33_workers_at_once_send_each_mail_once,
    r33_a_lease_that_has_run_out_is_anothers,
    old_mail_is_forgotten,
    without_a_mail_server_mail_is_put_into_a_folder,
);
