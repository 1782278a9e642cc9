//! Mail: the binary, and mail servers that are not as they should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::mail_server::{MailServer, make_certificate};
use support::{Client, Database, Engine, Server, tenure};

const START: &str = "2026-03-01T11:00:00Z";

/// A service with one Administrator, and a mail server at this address.
struct Scene {
    server: Server,
    client: Client,
    database: Database,
}

impl Scene {
    fn new(name: &str, smtp_url: &str) -> Self {
        Self::trusting(name, smtp_url, &[])
    }

    fn trusting(name: &str, smtp_url: &str, environment: &[(&str, &str)]) -> Self {
        let database = Database::new(Engine::Sqlite, name);
        let email = "ana@harbor.example";
        let user =
            ["user", "create", "--email", email, "--organization", "Harbor", "--role", "administrator"];
        let organization = support::json(&database, &user)["organization_id"].clone();
        let token = ["token", "create", "--email", email, "--organization", "Harbor"];
        let token = support::json(&database, &token)["token"].clone();
        let mut command = tenure(&database);
        command
            .args(["serve", "--trial-clock", START])
            .env("TENURE_SMTP_URL", smtp_url)
            .env("TENURE_PUBLIC_URL", "https://tenure.harbor.example/")
            .envs(environment.iter().copied());
        let server = Server::spawn(command);
        let organization = organization.as_str().expect("an organization");
        let client = Client::new(&server, organization, token.as_str().expect("a token"));
        Self { server, client, database }
    }

    fn invite(&self, name: &str) {
        let body = json!({ "email": format!("{name}@harbor.example"), "role": "analyst" });
        let (status, reply) = self.client.post("/invitations", &body);
        assert_eq!(status, 201, "{reply}");
    }

    fn notices(&self) -> Vec<Value> {
        let (status, page) = self.client.get("/notices?limit=200");
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().expect("items").clone()
    }

    /// The mail to somebody, as soon as it is so.
    fn mail_when(&self, name: &str, mail_server: &MailServer, so: impl Fn(&Value) -> bool) -> Value {
        let recipient = format!("{name}@harbor.example");
        for _ in 0..600 {
            let mail = self.notices().into_iter().find(|notice| notice["recipient"] == recipient);
            if let Some(mail) = mail.filter(&so) {
                return mail;
            }
            let said = mail_server.next_within(Duration::from_millis(50));
            assert!(said.is_none_or(|said| said["outcome"] == "log-in" || said["outcome"] == "greeted"));
        }
        panic!("{:?}", self.notices());
    }
}

fn reply(notice: &Value) -> &str {
    notice["last_reply"].as_str().unwrap_or_default()
}

/// Whatever goes wrong on its way, the mail comes, under one Message-ID.
#[test]
fn r33_a_mail_comes_in_the_end() {
    let mail_server =
        MailServer::start(&["--script", "later,lose,take-and-lose,slow,full,take", "--slow", "3600"]);
    let url = format!("smtp://127.0.0.1:{}?timeout=1", mail_server.port);
    let mut scene = Scene::new("mail_trouble", &url);
    scene.invite("bob");
    let (mut ids, mut now) = (Vec::new(), START.to_owned());
    for (attempt, (outcome, wanted)) in [
        ("later", "451 4.3.0 try again later"),
        ("lost", "the mail: the connection was lost"),
        ("taken", "the mail: the connection was lost"),
        ("slow", "the mail: no answer within 2 s"),
        ("full", "421 4.3.2 good-bye"),
    ]
    .into_iter()
    .enumerate()
    {
        let said = mail_server.next();
        assert_eq!(said["outcome"], outcome, "{said}");
        ids.push(said["message_id"].clone());
        let attempts = attempt + 1;
        let waits = |notice: &Value| {
            let again = notice["next_try_at"].as_str().is_some_and(|again| again > now.as_str());
            again && notice["attempts"] == attempts && reply(notice).starts_with(wanted)
        };
        let waiting = scene.mail_when("bob", &mail_server, waits);
        assert_eq!((&waiting["state"], &waiting["settled_at"]), (&json!("queued"), &Value::Null));
        waiting["next_try_at"].as_str().expect("an instant").clone_into(&mut now);
        scene.server.move_clock(&now);
    }
    let taken = mail_server.next();
    assert_eq!(taken["outcome"], "taken");
    ids.push(taken["message_id"].clone());
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let sent = scene.mail_when("bob", &mail_server, |notice| notice["state"] == "sent");
    assert_eq!((reply(&sent), &sent["attempts"]), ("250 2.0.0 taken", &json!(6)));
    assert_eq!(ids[0], format!("<{}@tenure.harbor.example>", sent["id"].as_str().expect("an id")));
}

/// Who cannot be reached keeps nobody else waiting, and is told to people with the reason.
#[test]
fn r33_what_is_refused_for_good_is_seen_and_can_be_sent_again() {
    let mail_server = MailServer::start(&["--script", "never"]);
    let scene = Scene::new("mail_never", &format!("smtp://127.0.0.1:{}", mail_server.port));
    scene.invite("bob");
    assert_eq!(mail_server.next()["outcome"], "never");
    let failed = scene.mail_when("bob", &mail_server, |notice| notice["state"] == "failed");
    assert_eq!((reply(&failed), &failed["attempts"]), ("550 5.7.1 this is not welcome", &json!(1)));
    assert_eq!(failed["settled_at"], START);

    for name in ["never", "later", "carol"] {
        scene.invite(name);
    }
    let said = [mail_server.next(), mail_server.next(), mail_server.next()];
    let outcome = |to: &str| {
        said.iter().find(|said| said["to"] == format!("{to}@harbor.example")).expect("a mail")["outcome"]
            .clone()
    };
    assert_eq!([outcome("never"), outcome("later"), outcome("carol")], ["refused", "refused", "taken"]);
    scene.mail_when("carol", &mail_server, |notice| notice["state"] == "sent");
    let refused = scene.notices().into_iter().find(|notice| notice["recipient"] == "never@harbor.example");
    assert_eq!(reply(&refused.expect("a notice")), "550 5.1.1 there is no such person");

    let again = format!("/notices/{}/retry", failed["id"].as_str().expect("an id"));
    assert_eq!(scene.client.post(&again, &Value::Null).0, 200);
    let taken = mail_server.next();
    assert_eq!((&taken["outcome"], &taken["to"]), (&json!("taken"), &json!("bob@harbor.example")));
    assert!(taken["text"].as_str().is_some_and(|text| text.contains("/invitation#")), "its text was kept");
}

/// While nothing can be handed over, mails keep their attempts; then they go over one connection, or as few as the mail
/// server allows.
#[test]
fn r33_an_outage_costs_no_attempt_and_twenty_mails_go_over_one_connection() {
    assert_eq!(after_an_outage(&[]), [1; 20]);
    let three = after_an_outage(&["--most", "8"]);
    assert_eq!([1, 2, 3].map(|number| three.iter().filter(|found| **found == number).count()), [8, 8, 4]);
}

/// The connections by which 20 mails come, after a time without a mail server.
fn after_an_outage(options: &[&str]) -> Vec<u64> {
    let place = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = place.local_addr().expect("an address").port().to_string();
    let mut scene = Scene::new("mail_outage", &format!("smtp://127.0.0.1:{port}"));
    // It is heard, and nothing is ever said there.
    drop(place);
    for number in 0..20 {
        scene.invite(&format!("user{number}"));
    }
    let elsewhere = MailServer::start(&[]);
    let oldest = |notices: Vec<Value>| notices.last().expect("a notice").clone();
    let mut waiting = oldest(scene.notices());
    while reply(&waiting).is_empty() {
        assert_eq!(elsewhere.next_within(Duration::from_millis(50)), None);
        waiting = oldest(scene.notices());
    }
    assert!(reply(&waiting).contains("refused"), "{waiting}");
    let mail_server = MailServer::start(&[&["--port", &port], options].concat());
    let waiting = scene.notices();
    assert!(
        waiting.iter().all(|notice| notice["state"] == "queued" && notice["attempts"] == 0),
        "{waiting:?}"
    );
    scene.server.move_clock("2026-03-01T11:06:00Z");
    let said: Vec<Value> = (0..20).map(|_| mail_server.next()).collect();
    assert!(said.iter().all(|said| said["outcome"] == "taken"), "{said:?}");
    let sent = scene.mail_when("user0", &mail_server, |notice| notice["state"] == "sent");
    assert_eq!(sent["attempts"], 1);
    said.iter().filter_map(|said| said["connection"].as_u64()).collect()
}

#[test]
fn r33_tls_and_log_in() {
    let folder = tempfile::tempdir().expect("a folder");
    make_certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, authority) = (path("server.pem"), path("ca.pem"));
    let trusted = [("SSL_CERT_FILE", authority.as_str())];
    for (tls, scheme, end) in
        [("implicit", "smtps", ""), ("starttls", "smtp", "?tls=required"), ("starttls", "smtp", "")]
    {
        let options = ["--tls", tls, "--certificate", &certificate, "--log-in", "ana@x:p:ss w/rd"];
        let mail_server = MailServer::start(&options);
        let url = format!("{scheme}://ana%40x:p%3Ass%20w%2Frd@localhost:{}{end}", mail_server.port);
        let scene = Scene::trusting("mail_tls", &url, &trusted);
        scene.invite("bob");
        let log_in = mail_server.next();
        assert_eq!((&log_in["right"], &log_in["tls"]), (&json!(true), &json!(true)), "{tls} {log_in}");
        let taken = mail_server.next();
        assert_eq!((&taken["outcome"], &taken["tls"]), (&json!("taken"), &json!(true)), "{tls}");
        scene.mail_when("bob", &mail_server, |notice| notice["state"] == "sent");
    }
}

/// What an operator can mend kills no mail: it waits, says why, and goes as soon as it is mended.
#[test]
fn r33_what_is_wrong_between_us_and_the_mail_server_kills_no_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    make_certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, authority) = (path("server.pem"), path("ca.pem"));
    let tls = ["--tls", "starttls", "--certificate", &certificate, "--log-in", "ana:right"];
    for (options, user, end, trust, wanted) in [
        (tls.as_slice(), "ana:wrong@", "", true, "535 5.7.8"),
        (tls.as_slice(), "ana:right@", "", false, "STARTTLS: "),
        (tls.as_slice(), "", "?tls=none", true, "530 "),
        ([].as_slice(), "", "?tls=required", true, "the mail server does not offer STARTTLS, which"),
        ([].as_slice(), "ana:right@", "", true, "the mail server does not offer STARTTLS, and name"),
        ([].as_slice(), "ana:right@", "?tls=none", true, "the mail server offers no log-in"),
        (
            ["--greeting", "554 5.7.1 you are on a list"].as_slice(),
            "",
            "",
            true,
            "554 5.7.1 you are on a list",
        ),
        (["--greeting", "421 4.3.2 not now"].as_slice(), "", "", true, "421 4.3.2 not now"),
    ] {
        let mail_server = MailServer::start(options);
        let trusted = [("SSL_CERT_FILE", authority.as_str())];
        let trusted = if trust { trusted.as_slice() } else { [].as_slice() };
        let url = format!("smtp://{user}localhost:{}{end}", mail_server.port);
        let scene = Scene::trusting("mail_between", &url, trusted);
        scene.invite("bob");
        let waiting = scene.mail_when("bob", &mail_server, |notice| !reply(notice).is_empty());
        assert!(reply(&waiting).starts_with(wanted), "{wanted}: {waiting}");
        assert_eq!(waiting["state"], "queued", "{wanted}");
        let counted = if wanted.starts_with("530") { 1 } else { 0 };
        assert_eq!(waiting["attempts"], counted, "{wanted}");
        drop(scene.database);
    }
}
