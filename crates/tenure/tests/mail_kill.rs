//! Two nodes deliver mail, and one of them is killed in the middle, many times over (R33).
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use support::mail_server::MailServer;
use support::{Database, Engine, Server, tenure};

const START: &str = "2026-03-01T11:00:00Z";
/// The same, in microseconds.
const START_US: u64 = 1_772_362_800_000_000;
/// How often a node is killed; `TENURE_TEST_KILLS` says otherwise.
const KILLS: usize = 24;
/// How many mails come with each kill.
const MAILS: usize = 25;

fn psql(database: &Database, sql: &str) -> String {
    let output = Command::new("psql").args([&database.address, "-qAtc", sql]).output().expect("psql");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Puts mails with these numbers into the outbox.
fn post(database: &Database, numbers: std::ops::Range<usize>) {
    let (first, last) = (numbers.start, numbers.end - 1);
    psql(
        database,
        &format!(
            "INSERT INTO outbox (id, kind, recipient, language, subject, body, html, created_us, state, attempts,
                next_try_us)
             SELECT 'mai_' || lpad(n::text, 26, '0'), 'password_reset', 'user' || n || '@harbor.example', 'en',
                'Mail', 'Text', '<p>Text</p>', {START_US}, 'queued', 0, {START_US}
             FROM generate_series({first}, {last}) AS n"
        ),
    );
}

fn node(database: &Database, mail_server: &MailServer) -> Server {
    let mut command = tenure(database);
    command
        .args(["serve", "--trial-clock", START])
        .env("TENURE_SMTP_URL", format!("smtp://127.0.0.1:{}", mail_server.port))
        .env("TENURE_PUBLIC_URL", "https://tenure.harbor.example/")
        .env("RUST_LOG", "error");
    Server::spawn(command)
}

#[test]
fn r33_a_killed_node_loses_no_mail_and_doubles_only_what_it_had_in_hand() {
    let kills = std::env::var("TENURE_TEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let database = Database::new(Engine::Postgres, "mail_kill");
    let mail_server = MailServer::start(&[]);
    let mut nodes = [node(&database, &mail_server), node(&database, &mail_server)];
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    let mut take = |said: serde_json::Value| {
        assert_eq!(said["outcome"], "taken");
        *arrived.entry(said["message_id"].as_str().expect("a Message-ID").to_owned()).or_default() += 1;
    };
    for kill in 0..kills {
        post(&database, kill * MAILS..(kill + 1) * MAILS);
        // Another number each time, so that it dies in another place each time.
        for _ in 0..=(kill * 7) % 11 {
            take(mail_server.next());
        }
        let [victim, other] = nodes;
        victim.kill_9();
        nodes = [other, node(&database, &mail_server)];
    }
    let all = kills * MAILS;
    // What the dead had leased is free again after ten minutes.
    for node in &mut nodes {
        node.move_clock("2026-03-01T11:11:00Z");
    }
    loop {
        while let Some(said) = mail_server.next_within(Duration::from_millis(500)) {
            take(said);
        }
        let left = psql(&database, "SELECT count(*) FROM outbox WHERE state <> 'sent'");
        if left == "0" {
            break;
        }
    }
    let names: Vec<String> =
        (0..all).map(|number| format!("<mai_{number:026}@tenure.harbor.example>")).collect();
    let missing: Vec<&String> = names.iter().filter(|name| !arrived.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(arrived.len(), all, "each under its own Message-ID");
    // A node has one mail in hand: each kill can lose the answer to one.
    let doubled: usize = arrived.values().map(|times| times - 1).sum();
    eprintln!("{doubled} of {all} mails came again, after {kills} kills");
    assert!(doubled <= kills, "{doubled} of {all} came again, after {kills} kills");
    let again: Vec<&String> = arrived.iter().filter(|(_, times)| **times > 1).map(|(name, _)| name).collect();
    for name in again {
        let id = name.trim_start_matches('<').split('@').next().expect("an id");
        let attempts = psql(&database, &format!("SELECT attempts FROM outbox WHERE id = '{id}'"));
        let times = arrived[name].to_string();
        assert_eq!(attempts, times, "{name} came {times} times, and was begun {attempts} times");
    }
}
