//! Webhooks: what they are told, and a receiver that does not always take it.

mod events;

use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tenure_domain::WebhookId;
use tenure_store::on_both;
use tenure_store::outbox::{Event, Posted, State};
use tenure_store::testing::TestDb;
use tenure_store::webhooks::{DisabledBecause, Webhook};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{Customer, World};
use crate::add_webhook::NewWebhook;
use crate::webhooks::{Caller, Resolver, Resolving, Targets};
use crate::{App, Clock, SystemClock};

const DAY: i64 = 86_400;

/// A real HTTP server that answers by the path.
pub(super) struct Server {
    child: Child,
    input: Mutex<ChildStdin>,
    said: Mutex<Receiver<Value>>,
    port: u64,
    authority: Option<CertificateDer<'static>>,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "tests have no other configuration")]
    pub(super) fn start(name: Option<&str>) -> Self {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/webhook_receiver.py");
        let python = std::env::var("TENURE_TEST_PYTHON").expect("`make test` says where Python is");
        let mut child = Command::new(python)
            .arg(script)
            .args(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let input = Mutex::new(child.stdin.take().unwrap());
        let mut server = Self { child, input, said: Mutex::new(said), port: 0, authority: None };
        let first = server.next();
        server.port = first["port"].as_u64().unwrap();
        let authority = first["ca"].as_str();
        server.authority = authority.map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap());
        server
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The next request.
    pub(super) fn next(&self) -> Value {
        self.said_within(Duration::from_secs(30)).unwrap()
    }

    /// Asserts that nobody has called.
    pub(super) fn is_quiet(&self) {
        assert_eq!(self.said_within(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    }

    /// What it says next. Others go on with their work meanwhile.
    fn said_within(&self, patience: Duration) -> Result<Value, RecvTimeoutError> {
        tokio::task::block_in_place(|| self.said.lock().unwrap().recv_timeout(patience))
    }

    /// Whether the library of the standard finds a request genuine.
    pub(super) fn verifies(&self, secret: &str, request: &Value) -> bool {
        let asked = json!({ "secret": secret, "headers": request["headers"], "body": request["body"] });
        writeln!(self.input.lock().unwrap(), "{asked}").unwrap();
        self.next()["verified"].as_bool().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers that change with each look-up, the last one staying.
struct Answers {
    answers: Vec<IpAddr>,
    asked: AtomicUsize,
}

impl Answers {
    fn of(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

impl Resolver for Answers {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let place = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
        Box::pin(async move { Ok(vec![self.answers[place]]) })
    }
}

/// A world whose webhooks reach everything, with an organization.
async fn world(test: TestDb) -> (World, Customer) {
    let world = World::new(test);
    world.clock.set(SystemClock.now());
    world
        .app
        .set_webhook_caller(Caller::with(Targets::Any, Answers::of(&["127.0.0.1"]), Vec::new()).unwrap());
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    (world, harbor)
}

const ALL_EVENTS: [&str; 5] =
    ["license.expiring", "license.expired", "license.renewed", "pool.low", "sensor.refused"];

/// Makes a webhook; returns it with its secret.
async fn add(world: &World, harbor: &Customer, url: &str, events: &[&str]) -> (WebhookId, String) {
    let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
    let new = NewWebhook { url, description: "", events: &events, enabled: true };
    let (webhook, secret) = world.app.add_webhook(&world.ctx(), harbor.id, new).await.unwrap();
    (webhook.id, secret.text().to_owned())
}

async fn try_out(world: &World, harbor: &Customer, webhook: WebhookId) {
    world.app.test_webhook(&world.ctx(), harbor.id, webhook).await.unwrap();
}

async fn deliveries(app: &App, harbor: &Customer, webhook: WebhookId) -> Vec<Posted<Event>> {
    app.webhook_deliveries(harbor.id, webhook, None, (None, 200)).await.unwrap().0
}

async fn row(world: &World, harbor: &Customer, id: WebhookId) -> Webhook {
    let all = world.app.list_webhooks(harbor.id, None, 100).await.unwrap().0;
    all.into_iter().find(|webhook| webhook.id == id).unwrap()
}

async fn events_are_signed_and_for_a_day_by_two_secrets(test: TestDb) {
    let (world, harbor) = world(test).await;
    let server = Server::start(None);
    let (id, secret) = add(&world, &harbor, &server.url("200?key=abc"), &ALL_EVENTS).await;
    try_out(&world, &harbor, id).await;
    assert_eq!(world.app.send_events("a").await.unwrap(), 1);
    let request = server.next();
    assert_eq!(
        (&request["path"], &request["headers"]["content-type"]),
        (&json!("/200?key=abc"), &json!("application/json"))
    );
    let sent = deliveries(&world.app, &harbor, id).await.remove(0);
    assert_eq!(request["headers"]["webhook-id"], sent.post.id.to_string());
    assert_eq!(
        (sent.state, sent.attempts, sent.last_reply.as_deref()),
        (State::Sent, 1, Some("200 OK: done"))
    );
    let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["type"], &body["data"]["organization"]), (&json!("webhook.test"), &json!("Harbor")));
    assert!(server.verifies(&secret, &request));
    assert!(!server.verifies("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &request));
    let mut forged = request.clone();
    forged["body"] = json!(request["body"].as_str().unwrap().replace("Harbor", "Elsewhere"));
    assert!(!server.verifies(&secret, &forged));

    let other = world.app.renew_webhook_secret(&world.ctx(), harbor.id, id).await.unwrap().text().to_owned();
    try_out(&world, &harbor, id).await;
    world.app.send_events("a").await.unwrap();
    let request = server.next();
    assert!(server.verifies(&secret, &request) && server.verifies(&other, &request));
    world.clock.set(world.app.clock.now().plus_seconds(DAY));
    try_out(&world, &harbor, id).await;
    world.app.send_events("a").await.unwrap();
    let signature = server.next()["headers"]["webhook-signature"].as_str().unwrap().to_owned();
    assert_eq!(signature.matches("v1,").count(), 1, "{signature}");
}

async fn what_is_not_taken_is_tried_again_and_a_redirect_is_not_followed(test: TestDb) {
    let (world, harbor) = world(test).await;
    let server = Server::start(None);
    for (path, reply) in [
        ("500", "500 Internal Server Error: done"),
        ("redirect", "302 Found: elsewhere"),
        ("404", "404 Not Found: done"),
        ("odd", "500 Internal Server Error: one two three"),
        ("drop", "connection closed before message completed"),
    ] {
        let (id, _) = add(&world, &harbor, &server.url(path), &["pool.low"]).await;
        try_out(&world, &harbor, id).await;
        assert_eq!(world.app.send_events("a").await.unwrap(), 1);
        assert_eq!(server.next()["path"], format!("/{path}"));
        let queued = deliveries(&world.app, &harbor, id).await.remove(0);
        assert_eq!((queued.state, queued.attempts), (State::Queued, 1), "{path}");
        assert_eq!(queued.last_reply.as_deref(), Some(reply));
        let wait = queued.next_try_at.micros_since(world.app.clock.now()) / 1_000_000;
        assert!((15..30).contains(&wait), "{wait}");
        assert!(row(&world, &harbor, id).await.failing_since.is_some());
        world.app.remove_webhook(&world.ctx(), harbor.id, id).await.unwrap();
    }
    let (id, _) = add(&world, &harbor, &server.url("big"), &["pool.low"]).await;
    try_out(&world, &harbor, id).await;
    world.app.send_events("a").await.unwrap();
    let reply = deliveries(&world.app, &harbor, id).await.remove(0).last_reply.unwrap();
    assert!(reply.len() < 4_200 && reply.len() > 4_000, "{}", reply.len());
    server.next();
    server.is_quiet();
    let (id, _) = add(&world, &harbor, &server.url("flaky"), &["pool.low"]).await;
    try_out(&world, &harbor, id).await;
    world.app.send_events("a").await.unwrap();
    let first = server.next();
    world.clock.set(deliveries(&world.app, &harbor, id).await[0].next_try_at);
    world.app.send_events("b").await.unwrap();
    let mut second = server.next();
    while second["path"] != "/flaky" {
        second = server.next();
    }
    assert_eq!(first["headers"]["webhook-id"], second["headers"]["webhook-id"]);
    assert_eq!(deliveries(&world.app, &harbor, id).await[0].state, State::Sent);
    assert_eq!(row(&world, &harbor, id).await.failing_since, None);
}

async fn a_receiver_that_is_gone_is_told_nothing_any_more(test: TestDb) {
    let (world, harbor) = world(test).await;
    let server = Server::start(None);
    let (id, _) = add(&world, &harbor, &server.url("410"), &["pool.low"]).await;
    for _ in 0..6 {
        try_out(&world, &harbor, id).await;
    }
    assert_eq!(world.app.send_events("a").await.unwrap(), 4, "to one webhook four are sent at once");
    let webhook = row(&world, &harbor, id).await;
    assert_eq!((webhook.enabled, webhook.disabled_because), (false, Some(DisabledBecause::Gone)));
    let all = deliveries(&world.app, &harbor, id).await;
    assert_eq!(all.iter().filter(|posted| posted.state == State::Failed).count(), 6);
    assert_eq!(world.app.send_events("a").await.unwrap(), 0);
    let trail = world.ledger(&harbor).await.trail(0);
    assert_eq!(trail.iter().filter(|line| line.ends_with("service webhook_disabled")).count(), 1);
}

async fn after_five_days_without_a_success_a_webhook_is_switched_off(test: TestDb) {
    let (world, harbor) = world(test).await;
    let server = Server::start(None);
    let (id, _) = add(&world, &harbor, &server.url("500"), &["pool.low"]).await;
    let start = world.app.clock.now();
    try_out(&world, &harbor, id).await;
    world.app.send_events("a").await.unwrap();
    world.clock.set(start.plus_seconds(5 * DAY).plus_micros(-1));
    try_out(&world, &harbor, id).await;
    for _ in 0..3 {
        world.app.send_events("a").await.unwrap();
        assert!(row(&world, &harbor, id).await.enabled, "one hiccup is no reason");
        world.clock.set(world.app.clock.now().plus_seconds(2 * 3_600));
    }
    world.app.send_events("a").await.unwrap();
    let webhook = row(&world, &harbor, id).await;
    assert_eq!(
        (webhook.enabled, webhook.disabled_because, webhook.failing_since),
        (false, Some(DisabledBecause::Failing), Some(start))
    );
    let change = crate::change_webhook::WebhookChange { enabled: Some(true), ..Default::default() };
    let on = world.app.change_webhook(&world.ctx(), harbor.id, id, change).await.unwrap();
    assert_eq!((on.enabled, on.disabled_because, on.failing_since), (true, None, None));
}

async fn a_slow_receiver_holds_up_no_other(test: TestDb) {
    let (world, harbor) = world(test).await;
    let server = Server::start(None);
    let (slow, _) = add(&world, &harbor, &server.url("slow"), &["pool.low"]).await;
    let (quick, _) = add(&world, &harbor, &server.url("200"), &["pool.low"]).await;
    for _ in 0..40 {
        try_out(&world, &harbor, slow).await;
    }
    for _ in 0..6 {
        try_out(&world, &harbor, quick).await;
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.app.clone().run_webhooks(stopped));
    let mut paths = Vec::new();
    // Six to the quick one, and no more than four to the slow one, which answers none of them.
    while paths.len() < 10 {
        paths.push(server.next()["path"].as_str().unwrap().to_owned());
    }
    assert_eq!(paths.iter().filter(|path| *path == "/slow").count(), 4, "{paths:?}");
    stop.send(true).unwrap();
    running.await.unwrap();
    let timed_out: Vec<_> = deliveries(&world.app, &harbor, slow).await;
    let said = |posted: &&Posted<Event>| posted.last_reply.as_deref() == Some("no answer within 15 seconds");
    assert_eq!(timed_out.iter().filter(said).count(), 4);
    assert!(timed_out.iter().all(|posted| posted.state == State::Queued));
}

async fn an_answer_of_dns_that_changes_opens_nothing(test: TestDb) {
    let world = World::new(test);
    let names = Answers::of(&["8.8.8.8", "127.0.0.1"]);
    world.app.set_webhook_caller(Caller::with(Targets::Public, names, Vec::new()).unwrap());
    let harbor = world.customer("Harbor", "Europe/Warsaw").await;
    let server = Server::start(None);
    let url = format!("https://hooks.harbor.example:{}/200", server.port);
    let (id, _) = add(&world, &harbor, &url, &["pool.low"]).await;
    try_out(&world, &harbor, id).await;
    world.app.send_events("a").await.unwrap();
    server.is_quiet();
    let queued = deliveries(&world.app, &harbor, id).await.remove(0);
    assert_eq!(queued.last_reply.as_deref(), Some("it is not on the public internet"));
    assert_eq!(queued.state, State::Queued);
}

async fn https_trusts_known_certificates_only(test: TestDb) {
    let server = Server::start(Some("hooks.harbor.example"));
    let roots: Vec<_> = server.authority.iter().cloned().collect();
    let trusting = World::new(test);
    let doubting = trusting.node().await;
    let caller = |roots| Caller::with(Targets::Any, Answers::of(&["127.0.0.1"]), roots).unwrap();
    trusting.app.set_webhook_caller(caller(roots));
    doubting.set_webhook_caller(caller(Vec::new()));
    let harbor = trusting.customer("Harbor", "Europe/Warsaw").await;
    for (host, app, state) in [
        ("hooks.harbor.example", &trusting.app, State::Sent),
        ("hooks.harbor.example", &doubting, State::Queued),
        ("other.harbor.example", &trusting.app, State::Queued),
    ] {
        let url = format!("https://{host}:{}/200", server.port);
        let (id, _) = add(&trusting, &harbor, &url, &["pool.low"]).await;
        try_out(&trusting, &harbor, id).await;
        app.send_events("a").await.unwrap();
        let posted = deliveries(&trusting.app, &harbor, id).await.remove(0);
        assert_eq!(posted.state, state, "{host}: {:?}", posted.last_reply);
        let is_tls = posted.last_reply.is_some_and(|reply| reply.starts_with("TLS: "));
        assert_eq!(is_tls, state == State::Queued);
        trusting.app.remove_webhook(&trusting.ctx(), harbor.id, id).await.unwrap();
    }
    assert_eq!(server.next()["headers"]["host"], format!("hooks.harbor.example:{}", server.port));
    server.is_quiet();
}

async fn several_nodes_send_each_event_once_and_a_dead_ones_anew(test: TestDb) {
    let (world, harbor) = world(test).await;
    let server = Server::start(None);
    let (id, _) = add(&world, &harbor, &server.url("200"), &["pool.low"]).await;
    for _ in 0..20 {
        try_out(&world, &harbor, id).await;
    }
    // A node that dies in the middle: it has leased, and is heard of no more.
    let now = world.app.clock.now();
    let mut tx = world.app.db.begin().await.unwrap();
    let busy = std::collections::BTreeSet::new();
    let until = now.plus_seconds(120);
    let dead = tenure_store::deliveries::lease(&mut tx, "dead", (now, until), (3, 3), &busy).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(dead.len(), 3);
    let nodes = [world.node().await, world.node().await, world.node().await];
    let working: Vec<_> = nodes
        .into_iter()
        .enumerate()
        .map(|(number, node)| {
            node.set_webhook_caller(
                Caller::with(Targets::Any, Answers::of(&["127.0.0.1"]), Vec::new()).unwrap(),
            );
            tokio::spawn(
                async move { while node.send_events(&format!("node {number}")).await.unwrap() > 0 {} },
            )
        })
        .collect();
    for work in working {
        work.await.unwrap();
    }
    let mut ids: Vec<String> =
        (0..17).map(|_| server.next()["headers"]["webhook-id"].as_str().unwrap().to_owned()).collect();
    server.is_quiet();
    world.clock.set(until);
    assert_eq!(world.app.send_events("a").await.unwrap(), 3);
    ids.extend((0..3).map(|_| server.next()["headers"]["webhook-id"].as_str().unwrap().to_owned()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    assert!(deliveries(&world.app, &harbor, id).await.iter().all(|posted| posted.state == State::Sent));
}

on_both!(
    events_are_signed_and_for_a_day_by_two_secrets,
    what_is_not_taken_is_tried_again_and_a_redirect_is_not_followed,
    a_receiver_that_is_gone_is_told_nothing_any_more,
    after_five_days_without_a_success_a_webhook_is_switched_off,
    a_slow_receiver_holds_up_no_other,
    an_answer_of_dns_that_changes_opens_nothing,
    https_trusts_known_certificates_only,
    several_nodes_send_each_event_once_and_a_dead_ones_anew,
);
