//! Mail: the binary and a real mail server.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use serde_json::{Value, json};
use support::mail_server::MailServer;
use support::{Client, Database, Engine, Server, tenure};

/// What stands behind `#` in a mail's link.
fn link_of(mail: &Value, page: &str) -> String {
    let text = mail["text"].as_str().expect("a text");
    let (_, rest) = text.split_once(&format!("https://tenure.harbor.example/{page}#")).expect("a link");
    let token = rest.split_whitespace().next().expect("a token").to_owned();
    assert!(mail["html"].as_str().expect("HTML").contains(&token), "the HTML part has the link as well");
    token
}

fn post(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut response = agent.post(format!("{}{path}", server.http)).send_json(body).expect("an answer");
    let text = response.body_mut().read_to_string().expect("a body");
    (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn r33_links_arrive_by_mail_and_open(engine: Engine) {
    let database = Database::new(engine, "mail");
    let mail_server = MailServer::start(&["1"]);
    let ana = "ana@harbor.example";
    let words = ["user", "create", "--email", ana, "--organization", "Harbor", "--role", "administrator"];
    let made = support::json(&database, &words);
    let organization = made["organization_id"].as_str().expect("an organization").to_owned();
    let words = ["token", "create", "--email", ana, "--organization", "Harbor"];
    let token = support::json(&database, &words)["token"].as_str().expect("a token").to_owned();

    let mut command = tenure(&database);
    command
        .args(["serve", "--trial-clock", "2026-03-01T11:00:00Z"])
        .env("TENURE_SMTP_URL", format!("smtp://127.0.0.1:{}", mail_server.port))
        .env("TENURE_MAIL_FROM", "Harbor Licenses <licenses@harbor.example>")
        .env("TENURE_PUBLIC_URL", "https://tenure.harbor.example/");
    let mut server = Server::spawn(command);

    // The mail server does not take the first one now; it comes again, under the same Message-ID.
    assert_eq!(post(&server, "/api/v1/password-resets", &json!({ "email": ana })).0, 202);
    let refused = mail_server.next();
    assert_eq!((&refused["outcome"], &refused["to"]), (&json!("later"), &json!(ana)));
    let reset = mail_server.next_while_time_passes(&mut server);
    assert_eq!(reset["outcome"], "taken");
    assert_eq!(reset["message_id"], refused["message_id"]);
    assert_eq!(reset["from"], "Harbor Licenses <licenses@harbor.example>");
    assert_eq!(reset["subject"], "Set a new password for Tenure");
    let redemption = json!({ "token": link_of(&reset, "reset"), "password": "correct horse battery" });
    assert_eq!(post(&server, "/api/v1/password-resets/redemption", &redemption).0, 204);
    let log_in = json!({ "email": ana, "password": "correct horse battery" });
    assert_eq!(post(&server, "/api/v1/sessions", &log_in).0, 201);

    let client = Client::new(&server, &organization, &token);
    let never = json!({ "email": "never@harbor.example", "role": "analyst" });
    assert_eq!(client.post("/invitations", &never).0, 201);
    let refused = mail_server.next();
    assert_eq!((&refused["outcome"], &refused["to"]), (&json!("refused"), &json!("never@harbor.example")));
    let bob = json!({ "email": "bob@harbor.example", "role": "manager", "language": "pl" });
    assert_eq!(client.post("/invitations", &bob).0, 201);
    let invitation = mail_server.next();
    assert_eq!(invitation["subject"], "Zaproszenie do organizacji Harbor");
    let acceptance =
        json!({ "token": link_of(&invitation, "invitation"), "password": "another good password" });
    let (status, session) = post(&server, "/api/v1/invitations/acceptance", &acceptance);
    assert_eq!((status, &session["organizations"][0]["role"]), (201, &json!("manager")), "{session}");
}

on_both_engines!(r33_links_arrive_by_mail_and_open);
