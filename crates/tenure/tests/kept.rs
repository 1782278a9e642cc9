//! The commands on sensors and their licenses (R5, R11, R12, R19 to R22), given beside a running service.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use serde_json::{Value, json};
use support::{Client, Database, Engine, Server};

const GATE: &str = "282c02424eed";
const DOOR: &str = "282c02424eee";
const SPARE: &str = "282c02424eef";

on_both_engines!(
    r19_r20_r21_r22_by_the_command_line,
    r5_a_revocation_is_looked_at_before_it_is_done,
    r12_auto_renewal_and_names_by_the_command_line,
);

/// A service with an organization that has some licenses, and its Manager.
struct Scene {
    database: Database,
    client: Client,
    code: Value,
    _server: Server,
}

impl Scene {
    fn begin(engine: Engine, name: &str, licenses: &str) -> Self {
        let database = Database::new(engine, name);
        let email = "maria@harbor.example";
        let made = support::json(
            &database,
            &["user", "create", "--email", email, "--organization", "Harbor Foods", "--role", "manager"],
        );
        let token = support::json(
            &database,
            &["token", "create", "--email", email, "--organization", "Harbor Foods"],
        );
        let server = Server::start(&database, None);
        let organization = made["organization_id"].as_str().unwrap();
        let client = Client::new(&server, organization, token["token"].as_str().unwrap());
        let code = support::json(&database, &["code", "issue", "--licenses", licenses, "--term", "P1Y"]);
        let (status, body) = client.post("/activation-codes", &json!({ "code": code["code"] }));
        assert_eq!(status, 201, "{body}");
        Self { database, client, code, _server: server }
    }

    fn sensor(&self, words: &[&str]) -> Value {
        let words = [&["sensor"], words, &["--organization", "Harbor Foods"]].concat();
        support::json(&self.database, &words)
    }

    /// The stable code with which a command is refused.
    fn refused(&self, words: &[&str]) -> String {
        let output = support::tenure(&self.database)
            .arg("sensor")
            .args(words)
            .args(["--organization", "Harbor Foods"])
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{error}");
        error.split(": ").next().unwrap().to_owned()
    }

    fn licenses(&self, serial: &str) -> Vec<Value> {
        self.sensor(&["show", serial])["licenses"].as_array().unwrap().clone()
    }

    fn licenses_left(&self) -> Value {
        self.client.get("/license-summary").1["licenses_left"].clone()
    }
}

fn r19_r20_r21_r22_by_the_command_line(engine: Engine) {
    let scene = Scene::begin(engine, "kept", "3");
    assert_eq!(scene.refused(&["show", GATE]), "not_found");

    // R22: looked at, and added.
    let planned = scene.sensor(&["add", GATE, "--name", "Gate", "--dry-run"]);
    assert_eq!((&planned["licenses_left"], &planned["comes_back"]), (&json!(3), &json!(false)));
    assert_eq!(scene.sensor(&["list"])["items"], json!([]));
    let added = scene.sensor(&["add", GATE, "--name", "Gate"]);
    assert_eq!(added["standing"], "covered");
    assert_eq!(added["expires_on"], planned["expires_on"]);
    assert_eq!(scene.refused(&["add", GATE]), "serial_already_added");
    scene.sensor(&["add", DOOR, "--auto-renewal", "off"]);

    // R11: looked at, and queued.
    let planned = scene.sensor(&["assign", GATE, "--dry-run"]);
    assert_eq!((&planned["state"], &planned["licenses_left"]), (&json!("queued"), &json!(0)));
    assert_eq!(scene.licenses(GATE).len(), 1);
    let queued = scene.sensor(&["assign", GATE]);
    assert_eq!(queued["queued"][0]["expires_on"], planned["expires_on"]);
    assert_eq!(scene.refused(&["assign", GATE]), "no_license_left");

    // R19: the queued one goes back; an active one as well, for nothing was saved under it.
    let licenses = scene.licenses(GATE);
    let (active, behind) = (&licenses[0], &licenses[1]);
    assert_eq!((&active["state"], &behind["state"]), (&json!("active"), &json!("queued")));
    let left = scene.sensor(&["take-back", GATE, behind["license_id"].as_str().unwrap()]);
    assert_eq!(left["queued"], json!([]));
    assert_eq!(
        scene.refused(&["take-back", GATE, behind["license_id"].as_str().unwrap()]),
        "license_not_held"
    );
    let of_door = scene.licenses(DOOR)[0]["license_id"].clone();
    let left = scene.sensor(&["take-back", DOOR, of_door.as_str().unwrap()]);
    assert_eq!(left["standing"], "unlicensed");
    assert_eq!(scene.licenses_left(), 2);

    // R20: the chain, the name and the setting go on under the new serial number; the old one is free.
    let replaced = scene.sensor(&["replace", GATE, SPARE]);
    assert_eq!((&replaced["serial"], &replaced["name"]), (&json!(SPARE), &json!("Gate")));
    assert_eq!((&replaced["id"], &replaced["expires_on"]), (&added["id"], &added["expires_on"]));
    assert_eq!(scene.refused(&["show", GATE]), "not_found");

    // R21: what it leaves behind keeps its end, and is given to another that is not covered.
    let planned = scene.sensor(&["remove", SPARE, "--dry-run"]);
    assert_eq!(planned["released"]["license_id"], active["license_id"]);
    assert_eq!(scene.sensor(&["show", SPARE])["standing"], "covered");
    assert_eq!(scene.sensor(&["remove", SPARE]), planned);
    let removed = scene.sensor(&["removed"]);
    assert_eq!(removed["items"][0]["released"]["expires_on"], active["expires_on"]);
    let rest = active["license_id"].as_str().unwrap();
    let planned = scene.sensor(&["give-rest", DOOR, rest, "--dry-run"]);
    assert_eq!(planned["expires_on"], active["expires_on"]);
    assert_eq!(scene.sensor(&["show", DOOR])["standing"], "unlicensed");
    let given = scene.sensor(&["give-rest", DOOR, rest]);
    assert_eq!((&given["standing"], &given["expires_on"]), (&json!("covered"), &active["expires_on"]));

    // R21: brought back; its history erased only with the serial number typed.
    let back = scene.sensor(&["add", SPARE]);
    assert_eq!((&back["id"], &back["name"]), (&added["id"], &json!("Gate")));
    assert_eq!(scene.refused(&["erase-history", SPARE, "--confirm", SPARE]), "not_found");
    scene.sensor(&["remove", SPARE]);
    assert_eq!(scene.refused(&["erase-history", SPARE, "--confirm", GATE]), "serial_not_confirmed");
    assert_eq!(scene.sensor(&["erase-history", SPARE, "--confirm", SPARE])["serial"], SPARE);

    // R22: a serial number is in one organization at a time, and freed by whoever runs the service.
    let shown = support::json(&scene.database, &["serial", "show", DOOR]);
    assert_eq!(shown["organization"], "Harbor Foods");
    let planned = support::json(&scene.database, &["serial", "free", DOOR, "--dry-run"]);
    assert_eq!(planned["released"]["license_id"], active["license_id"]);
    assert_eq!(support::json(&scene.database, &["serial", "free", DOOR]), planned);
    let output = support::tenure(&scene.database).args(["serial", "show", DOOR]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));

    // The running service knows it all, and who it was.
    assert_eq!(scene.client.get("/sensors").1["items"], json!([]));
    let trail = scene.client.get("/audit?action=sensor_replaced").1;
    assert_eq!(trail["items"][0]["actor"]["kind"], "operator", "{trail}");
}

fn r5_a_revocation_is_looked_at_before_it_is_done(engine: Engine) {
    let scene = Scene::begin(engine, "kept_revoke", "3");
    scene.sensor(&["add", GATE, "--name", "Gate"]);
    scene.sensor(&["assign", GATE]);
    let id = scene.code["id"].as_str().unwrap();
    let revoke = |more: &[&str]| support::json(&scene.database, &[&["code", "revoke", id], more].concat());

    let planned = revoke(&["--end-active", "--dry-run"]);
    let counts = [&planned["available"], &planned["queued"], &planned["active"]];
    assert_eq!(counts, [&json!(1), &json!(1), &json!(1)]);
    assert_eq!(planned["losing_cover"][0]["serial"], GATE);
    assert_eq!(scene.licenses_left(), 1);

    assert_eq!(revoke(&["--dry-run"])["losing_cover"], json!([]));
    let done = revoke(&[]);
    assert_eq!((&done["revoked"], &done["still_active"]), (&json!(2), &json!(1)));
    assert_eq!(scene.sensor(&["show", GATE])["standing"], "covered");
    let done = revoke(&["--end-active"]);
    assert_eq!((&done["revoked"], &done["still_active"]), (&json!(3), &json!(0)));
    assert_eq!(scene.sensor(&["show", GATE])["standing"], "expired");
}

fn r12_auto_renewal_and_names_by_the_command_line(engine: Engine) {
    let scene = Scene::begin(engine, "kept_switch", "2");
    let added = scene.sensor(&["add", GATE]);
    assert_eq!((&added["name"], &added["auto_renewal"]), (&json!(GATE), &json!(true)));
    let planned = scene.sensor(&["auto-renewal", GATE, "off", "--dry-run"]);
    assert_eq!((&planned["changed"], &planned["stops"][0]["on"]), (&json!(1), &added["expires_on"]));
    assert_eq!(scene.sensor(&["show", GATE])["auto_renewal"], true);
    assert_eq!(scene.sensor(&["auto-renewal", GATE, "off"])["auto_renewal"], false);
    assert_eq!(scene.sensor(&["rename", GATE, "Cold room"])["name"], "Cold room");
    assert_eq!(scene.refused(&["rename", GATE, " "]), "invalid");
    let found = scene.sensor(&["list", "--search", "cold", "--standing", "covered"]);
    assert_eq!(found["items"][0]["serial"], GATE);
    assert_eq!(scene.sensor(&["list", "--standing", "expired"])["items"], json!([]));
    let (words, name) = (["list", "--organization", "Nobody"], "no other organization");
    let output = support::tenure(&scene.database).arg("sensor").args(words).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("not_found: "), "{name}");
}
