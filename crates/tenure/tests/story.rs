//! The main job, end to end, on the built binary: an order becomes an activation code, the code becomes licenses,
//! licenses cover a sensor, and a real sensor's frames come in exactly while it is covered.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use serde_json::{Value, json};
use support::{Client, Database, Engine, Server};
use tenure_domain::Instant;
use tenure_domain::measurement::{ChannelType, Reading, Sample};

/// A frame that was captured on its way from a real sensor in June 2025.
const FRAME_A: &str = "0a06282c02424eed1001183c220f080110b8d0a7c20620d2032a020000220e080210b8d0a7c20620722a0200002896d5a7c20640014809820100";

on_both_engines!(
    the_main_job,
    a_body_in_blocks_a_wrong_token_and_a_stranger,
    r17_the_scheduler_notices_a_jump_of_the_clock_and_makes_up_for_an_outage,
    commands_refuse_with_their_code_and_status,
);

fn frame_a() -> Vec<u8> {
    data_encoding::HEXLOWER.decode(FRAME_A.as_bytes()).unwrap()
}

/// A message of the sensor 282c02424eed with temperatures from an instant on, a minute apart.
fn frame(from: &str, tenths: &[i32]) -> Vec<u8> {
    let from: Instant = from.parse().unwrap();
    let sample = |(index, tenths): (i64, &i32)| Sample {
        at: from.plus_seconds(60 * index),
        reading: Reading::Value(*tenths),
    };
    let samples = (0..).zip(tenths).map(sample).collect();
    support::frame("282c02424eed".parse().unwrap(), ChannelType::Temperature, samples)
}

/// An organization in Warsaw with a Manager, whose clock stands on 21 November 2026.
fn begin(database: &Database) -> (Server, Client) {
    let email = "maria@harbor.example";
    let user = [
        "user",
        "create",
        "--email",
        email,
        "--organization",
        "Harbor Foods",
        "--role",
        "manager",
        "--time-zone",
        "Europe/Warsaw",
    ];
    let made = support::json(database, &user);
    let organization = made["organization_id"].as_str().unwrap().to_owned();
    let token =
        support::json(database, &["token", "create", "--email", email, "--organization", "Harbor Foods"]);
    let server = Server::start(database, Some("2030-01-01T00:00:00Z"));
    let client = Client::new(&server, &organization, token["token"].as_str().unwrap());
    (server, client)
}

fn redeem(database: &Database, client: &Client, licenses: &str, term: &str) -> Value {
    let issued = support::json(database, &["code", "issue", "--licenses", licenses, "--term", term]);
    let (status, redeemed) = client.post("/activation-codes", &json!({ "code": issued["code"] }));
    assert_eq!(status, 201, "{redeemed}");
    assert_eq!(redeemed["key"], issued["code"]);
    redeemed
}

/// The values of a channel in a range, each with its instant.
fn history(client: &Client, sensor: &str, channel: u8, from: &str, to: &str) -> Vec<(String, f64)> {
    let path = format!("/sensors/{sensor}/measurements?channel={channel}&from={from}&to={to}&points=5000");
    let (status, body) = client.get(&path);
    assert_eq!(status, 200, "{body}");
    let points =
        body["channels"].as_array().unwrap().iter().flat_map(|channel| channel["points"].as_array().unwrap());
    points.map(|point| (point["at"].as_str().unwrap().to_owned(), point["value"].as_f64().unwrap())).collect()
}

fn the_main_job(engine: Engine) {
    let database = Database::new(engine, "story");
    let (mut server, client) = begin(&database);

    // An order of two licenses of a year.
    let redeemed = redeem(&database, &client, "2", "P1Y");
    assert_eq!(
        (&redeemed["licenses"], &redeemed["term"], &redeemed["licenses_left"]),
        (&json!(2), &json!("P1Y"), &json!(2))
    );
    let left = || client.get("/license-summary").1["licenses_left"].clone();
    assert_eq!(left(), 2);

    // A sensor takes one of them.
    let (status, sensor) = client.post("/sensors", &json!({ "serial": "282c02424eed", "name": "Fridge 1" }));
    assert_eq!(status, 201, "{sensor}");
    assert_eq!(left(), 1);
    let id = sensor["id"].as_str().unwrap().to_owned();
    let row = || client.get(&format!("/sensors/{id}")).1;
    assert_eq!(
        (&row()["activation_date"], &row()["expires_on"]),
        (&json!("2030-01-01"), &json!("2031-01-01"))
    );
    assert_eq!(row()["expires_at"], "2031-01-01T23:00:00Z");

    // The captured frame, from a real client.
    assert_eq!(server.libcoap("m", &frame_a()), "2.01");
    let june = |channel| history(&client, &id, channel, "2025-06-11T20:00:00Z", "2025-06-11T21:00:00Z");
    let minutes = ["2025-06-11T20:34:00Z", "2025-06-11T20:35:00Z"].map(str::to_owned);
    let two = |value: f64| minutes.clone().map(|minute| (minute, value)).to_vec();
    assert_eq!(june(1), two(23.3));
    assert_eq!(june(2), two(57.0));
    // Sent again, as after a lost answer: the same sample twice is once.
    assert_eq!(server.aiocoap("m", &frame_a()), "2.01");
    assert_eq!(june(1), two(23.3));

    // The last second of the last day.
    server.move_clock("2031-01-01T22:59:59Z");
    assert_eq!(row()["days_remaining"], 0);
    assert_eq!(server.libcoap("m", &frame("2031-01-01T22:59:00Z", &[211])), "2.01");
    // One second later the auto renewal has taken the second license, because a message asks for it.
    server.move_clock("2031-01-01T23:00:00Z");
    assert_eq!(server.aiocoap("m", &frame("2031-01-01T23:00:00Z", &[212])), "2.01");
    let winter = history(&client, &id, 1, "2031-01-01T22:00:00Z", "2031-01-02T00:00:00Z");
    assert_eq!(
        winter,
        [("2031-01-01T22:59:00Z".to_owned(), 21.1), ("2031-01-01T23:00:00Z".to_owned(), 21.2)]
    );
    assert_eq!(left(), 0);
    assert_eq!(
        (&row()["activation_date"], &row()["expires_on"]),
        (&json!("2031-01-02"), &json!("2032-01-01"))
    );

    // After its end: acknowledged, not saved, counted. What was measured before the end was paid for.
    server.move_clock("2032-01-01T23:00:00Z");
    assert_eq!(server.libcoap("m", &frame("2032-01-01T22:59:00Z", &[213, 214])), "2.01");
    server.move_clock("2032-01-05T12:00:00Z");
    assert_eq!(server.aiocoap("m", &frame("2032-01-05T12:00:00Z", &[215])), "2.01");
    assert_eq!(server.libcoap("m", &frame("2032-01-05T12:01:00Z", &[216])), "2.01");
    let expired = row();
    assert_eq!((&expired["standing"], &expired["refused_messages"]), (&json!("expired"), &json!(2)));
    assert_eq!(expired["refused_since"], "2032-01-05T12:00:00Z");
    assert_eq!(expired["last_seen_at"], "2032-01-05T12:00:00Z");
    let paid = [("2032-01-01T22:59:00Z".to_owned(), 21.3)];
    assert_eq!(history(&client, &id, 1, "2032-01-01T00:00:00Z", "2032-02-01T00:00:00Z"), paid);
    assert_eq!(june(1), two(23.3), "history stays readable (R28)");

    // A new code: covered again from now, and the gap is a gap.
    let redeemed = redeem(&database, &client, "1", "P1Y");
    assert_eq!(redeemed["renewed"][0]["serial"], "282c02424eed");
    assert_eq!(redeemed["licenses_left"], 0);
    assert_eq!(server.libcoap("m", &frame("2032-01-05T12:02:00Z", &[217])), "2.01");
    let again = [paid[0].clone(), ("2032-01-05T12:02:00Z".to_owned(), 21.7)];
    assert_eq!(history(&client, &id, 1, "2032-01-01T00:00:00Z", "2032-02-01T00:00:00Z"), again);
    let row = row();
    assert_eq!((&row["standing"], &row["refused_messages"]), (&json!("covered"), &json!(0)));
    assert_eq!((&row["activation_date"], &row["expires_on"]), (&json!("2032-01-05"), &json!("2033-01-05")));
    let keys = client.get("/license-summary").1["keys"].clone();
    let ledger =
        |key: &Value| ["available", "queued", "active", "ended"].map(|state| key[state].as_i64().unwrap());
    assert_eq!(keys.as_array().unwrap().iter().map(ledger).collect::<Vec<_>>(), [[0, 0, 0, 2], [0, 0, 1, 0]]);
}

fn a_body_in_blocks_a_wrong_token_and_a_stranger(engine: Engine) {
    let database = Database::new(engine, "blocks");
    let (server, client) = begin(&database);
    assert_eq!(server.libcoap("m", &frame_a()), "4.04", "no organization has this sensor");
    redeem(&database, &client, "1", "P1Y");
    let (_, sensor) = client.post("/sensors", &json!({ "serial": "28:2C:02:42:4E:ED" }));
    let id = sensor["id"].as_str().unwrap();

    // Far apart values take many bytes each: more than a block of 1,024.
    let values: Vec<i32> = (0..600).map(|index| if index % 2 == 0 { -400_000 } else { 4_000_000 }).collect();
    let (first, second) = (frame("2029-12-30T00:00:00Z", &values), frame("2029-12-31T00:00:00Z", &values));
    assert!(first.len() > 1_024, "{}", first.len());
    assert_eq!(server.libcoap("efento/m", &first), "2.01");
    assert_eq!(server.aiocoap("m", &second), "2.01");
    assert_eq!(history(&client, id, 1, "2029-12-30T00:00:00Z", "2030-01-01T00:00:00Z").len(), 1_200);

    assert_eq!(server.libcoap("m", b"no protobuf"), "4.00");
    assert_eq!(server.aiocoap("nowhere", b""), "4.04");
    assert_eq!(server.aiocoap("t", b""), "2.05");

    // Only an Administrator sets the device token.
    let (status, problem) = client.patch("", &json!({ "device_token": "open-sesame" }));
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")));
    let email = "ana@harbor.example";
    support::json(
        &database,
        &["user", "create", "--email", email, "--organization", "Harbor Foods", "--role", "administrator"],
    );
    let token =
        support::json(&database, &["token", "create", "--email", email, "--organization", "Harbor Foods"]);
    let organization = client.get("").1["id"].as_str().unwrap().to_owned();
    let administrator = Client::new(&server, &organization, token["token"].as_str().unwrap());
    assert_eq!(administrator.patch("", &json!({ "device_token": "open-sesame" })).0, 200);
    assert_eq!(server.libcoap("m", &frame("2030-01-01T00:00:00Z", &[200])), "4.01");
    assert_eq!(administrator.patch("", &json!({ "device_token": null })).0, 200);
    assert_eq!(server.libcoap("m", &frame("2030-01-01T00:00:00Z", &[200])), "2.01");
}

/// How the licenses of the only code stand, as the operator sees them: a look that settles nothing.
fn tally(database: &Database) -> [i64; 3] {
    let codes = support::json(database, &["code", "list"]);
    ["available", "active", "ended"].map(|state| codes["items"][0][state].as_i64().unwrap())
}

fn r17_the_scheduler_notices_a_jump_of_the_clock_and_makes_up_for_an_outage(engine: Engine) {
    let database = Database::new(engine, "jump");
    let (mut server, client) = begin(&database);
    redeem(&database, &client, "4", "P1M");
    assert_eq!(client.post("/sensors", &json!({ "serial": "282c02424eed" })).0, 201);
    assert_eq!(tally(&database), [3, 1, 0]);
    // Nobody asks and nothing arrives, but the clock jumps over two ends, as after a suspended machine wakes.
    server.move_clock("2030-03-15T12:00:00Z");
    let mut looks = 0;
    while tally(&database) != [1, 1, 2] {
        looks += 1;
        assert!(looks < 1_000, "the scheduler does not settle: {:?}", tally(&database));
    }
    drop(server);
    // An outage of five months: at its end everything has happened that would have happened.
    let server = Server::start(&database, Some("2030-08-15T12:00:00Z"));
    assert_eq!(tally(&database), [0, 0, 4]);
    drop(server);
}

fn commands_refuse_with_their_code_and_status(engine: Engine) {
    let database = Database::new(engine, "commands");
    let run = |words: &[&str]| {
        let output = support::tenure(&database).args(words).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, error) = run(&["code", "issue", "--licenses", "0", "--term", "P1Y"]);
    assert!(
        status == 1 && error.starts_with("invalid: licenses: a number from 1 to 100000"),
        "{status} {error}"
    );
    let (status, error) = run(&["code", "issue", "--licenses", "1", "--term", "12 months"]);
    assert!(status == 2 && error.contains("P18M"), "{status} {error}");
    let (status, error) = run(&["code", "revoke", "cod_01jxgb66p004hmasw9nf6yy093"]);
    assert!(status == 1 && error.starts_with("not_found: "), "{status} {error}");
    let (status, error) = run(&["token", "create", "--email", "no@one.example", "--organization", "Nobody"]);
    assert!(status == 1 && error.starts_with("not_found: "), "{status} {error}");
    let output =
        support::tenure(&database).env("TENURE_HTTP_ADRESS", "127.0.0.1:1").arg("migrate").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && error.contains("did you mean TENURE_HTTP_ADDRESS?"),
        "{error}"
    );
    let code =
        support::json(&database, &["code", "issue", "--licenses", "3", "--term", "P2Y", "--order", "A-17"]);
    assert_eq!((&code["licenses"], &code["term"]), (&json!(3), &json!("P2Y")));
    let revoked = support::json(&database, &["code", "revoke", code["id"].as_str().unwrap()]);
    assert_eq!(revoked["was_revoked"], false);
    let listed = support::json(&database, &["code", "list"]);
    assert!(listed["items"][0]["revoked_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(code["code"].as_str().unwrap()), "the code is shown once (R2)");
}
