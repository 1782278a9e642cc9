//! Exports as CSV and as workbooks.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::history::save;
use crate::support::{Analyst, Manager, World};

async fn sensors_are_exported_with_their_licenses(world: World) {
    let key = world.key(3, "P1Y").await;
    let mut ids = Vec::new();
    for (serial, name) in
        [("282c02424ee1", "=cmd|' /C calc'!A0"), ("282c02424ee2", "Cellar, \"left\""), ("282c02424ee3", "-5")]
    {
        let reply = world.by(Manager).post("…/sensors", &json!({ "serial": serial, "name": name })).await;
        ids.push(reply.body["id"].as_str().unwrap().to_owned());
    }
    let reply = world.by(Manager).get("…/sensors.csv?sort=serial").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"sensors-2026-11-21.csv\"");
    let text = reply.body.as_str().unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert_eq!(
        lines[0],
        "id,serial,name,standing,activation_date,expires_on,expires_at,days_remaining,key,queued_licenses,\
         covered_until,covered_until_on,auto_renewal,at_end,last_seen_at,battery_low,battery_volts,signal_dbm,\
         refused_messages,refused_since,added_at"
    );
    let rest = format!(
        "covered,2026-11-21,2027-11-21,2027-11-21T23:00:00Z,365,{key},0,2027-11-21T23:00:00Z,2027-11-21,true,,,,,,0,,2026-11-21T10:00:00Z"
    );
    assert_eq!(lines[1], format!("{},282c02424ee1,'=cmd|' /C calc'!A0,{rest}", ids[0]));
    assert_eq!(lines[2], format!("{},282c02424ee2,\"Cellar, \"\"left\"\"\",{rest}", ids[1]));
    assert_eq!(lines[3], format!("{},282c02424ee3,-5,{rest}", ids[2]));
    let serials = async |query: &str| {
        let reply = world.by(Manager).get(&format!("…/sensors.csv?{query}")).await;
        let text = reply.body.as_str().unwrap().to_owned();
        text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(serials("search=cellar").await, ["282c02424ee2"]);
    assert_eq!(serials("standing=expired").await, Vec::<String>::new());
    assert_eq!(serials("sort=serial&order=desc").await, ["282c02424ee3", "282c02424ee2", "282c02424ee1"]);
    let chosen = format!("sort=serial&ids={},{}", ids[2], ids[0]);
    assert_eq!(serials(&chosen).await, ["282c02424ee1", "282c02424ee3"]);
    for query in ["sort=colour", "ids=x", "standing=fine"] {
        let reply = world.by(Manager).get(&format!("…/sensors.csv?{query}")).await;
        assert_eq!(reply.refusal(), (422, "invalid"), "{query}");
    }
}

/// More than one page is read.
async fn all_sensors_are_exported_once(world: World) {
    let ids = world.sensors(1_101).await;
    let reply = world.by(Manager).get("…/sensors.csv?sort=name").await;
    let mut exported: Vec<String> = reply
        .body
        .as_str()
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().to_owned())
        .collect();
    exported.sort();
    assert_eq!(exported, ids);
}

/// What PyPI's openpyxl reads.
#[expect(clippy::disallowed_methods, reason = "tests are told of Python by their environment")]
fn workbook(bytes: &[u8]) -> Value {
    let python = std::env::var("TENURE_TEST_PYTHON")
        .unwrap_or_else(|_| panic!("TENURE_TEST_PYTHON is not set: run the tests with `make test`"));
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/read_workbook.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "not read");
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn a_workbook_has_typed_cells_and_no_formulas(world: World) {
    let key = world.key(2, "P1Y").await;
    let formula = "=HYPERLINK(\"http://x\")";
    for (serial, name) in [("282c02424ee1", formula), ("282c02424ee2", "-5")] {
        world.by(Manager).post("…/sensors", &json!({ "serial": serial, "name": name })).await;
    }
    let reply = world.by(Manager).get("…/sensors.xlsx?sort=serial").await;
    assert_eq!(
        reply.header("content-type"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"sensors-2026-11-21.xlsx\"");
    let book = workbook(&reply.bytes);
    assert_eq!(
        (&book["sheet"], &book["frozen"], &book["filter"]),
        (&json!("Sensors"), &json!("A2"), &json!("A1:U3"))
    );
    let rows = book["rows"].as_array().unwrap();
    let csv = world.by(Manager).get("…/sensors.csv?sort=serial").await;
    let header: Vec<&str> = csv.body.as_str().unwrap().lines().next().unwrap().split(',').collect();
    let names: Vec<&Value> = rows[0].as_array().unwrap().iter().map(|cell| &cell["value"]).collect();
    assert_eq!(json!(names), json!(header));
    assert_eq!(rows.len(), 3);
    let cell = |row: usize, name: &str| {
        let column = header.iter().position(|column| *column == name).unwrap();
        (rows[row][column]["type"].as_str().unwrap(), rows[row][column]["value"].clone())
    };
    assert_eq!(cell(1, "name"), ("s", json!(formula)));
    assert_eq!(cell(2, "name"), ("s", json!("-5")));
    assert_eq!(cell(1, "serial"), ("s", json!("282c02424ee1")));
    assert_eq!(cell(1, "key"), ("s", json!(key)));
    assert_eq!(cell(1, "expires_on"), ("d", json!("2027-11-21T00:00:00")));
    // By the organization's clocks: one hour ahead of UTC.
    assert_eq!(cell(1, "expires_at"), ("d", json!("2027-11-22T00:00:00")));
    assert_eq!(cell(1, "added_at"), ("d", json!("2026-11-21T11:00:00")));
    assert_eq!(cell(1, "days_remaining"), ("n", json!(365)));
    assert_eq!(cell(1, "auto_renewal"), ("b", json!(true)));
    assert_eq!(cell(1, "at_end"), ("n", Value::Null));
    let found = world.by(Manager).get("…/sensors.xlsx?search=hyper").await;
    assert_eq!(workbook(&found.bytes)["rows"].as_array().unwrap().len(), 2);
    let none = world.by(Manager).get("…/sensors.xlsx?standing=expired").await;
    assert_eq!(workbook(&none.bytes)["rows"].as_array().unwrap().len(), 1);
    let reply = world.by(Manager).get("…/sensors.xlsx?sort=colour").await;
    assert_eq!(reply.refusal(), (422, "invalid"));
}

/// More than one page is read.
async fn a_workbook_has_all_sensors_once(world: World) {
    let ids = world.sensors(1_101).await;
    let book = workbook(&world.by(Manager).get("…/sensors.xlsx?sort=name").await.bytes);
    let rows = book["rows"].as_array().unwrap();
    let mut exported: Vec<&str> = rows[1..].iter().map(|row| row[0]["value"].as_str().unwrap()).collect();
    exported.sort_unstable();
    assert_eq!(exported, ids);
}

async fn measurements_are_exported_whole(world: World) {
    world.key(1, "P1Y").await;
    let sensor = world.sensor("282c02424eed").await;
    let mut expected = vec!["at,channel,type,unit,value".to_owned()];
    for day in 1..=75_u32 {
        let (month, day) = (8 + (day - 1) / 25, (day - 1) % 25 + 1);
        let at = format!("2026-{month:02}-{day:02}T09:59:00Z");
        save(&world, &sensor, &at, &[-5, 215]).await;
        expected.push(format!("2026-{month:02}-{day:02}T09:58:00Z,1,temperature,°C,-0.5"));
        expected.push(format!("{at},1,temperature,°C,21.5"));
        if day == 20 {
            world.app.db.seal_some().await.unwrap();
        }
    }
    let path = format!("…/sensors/{sensor}/measurements.csv");
    let reply = world.by(Analyst).get(&path).await;
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"measurements-282c02424eed.csv\"");
    assert_eq!(reply.body.as_str().unwrap().lines().collect::<Vec<_>>(), expected);
    let part = world
        .by(Analyst)
        .get(&format!("{path}?from=2026-08-02T09:59:00Z&to=2026-08-03T09:59:00Z&channel=1"))
        .await;
    assert_eq!(part.body.as_str().unwrap().lines().skip(1).collect::<Vec<_>>(), expected[4..6]);
    let none = world.by(Analyst).get(&format!("{path}?channel=2")).await;
    assert_eq!(none.body.as_str().unwrap().lines().count(), 1);
    let none = world.by(Analyst).get(&format!("{path}?from=2030-08-02T09:59:00Z")).await;
    assert_eq!(none.body.as_str().unwrap().lines().count(), 1);
    for query in ["channel=7", "from=x", "from=2026-08-02T00:00:00Z&to=2026-08-02T00:00:00Z"] {
        let reply = world.by(Analyst).get(&format!("{path}?{query}")).await;
        assert_eq!(reply.refusal(), (422, "invalid"), "{query}");
    }
}

on_both_engines!(
    sensors_are_exported_with_their_licenses,
    all_sensors_are_exported_once,
    a_workbook_has_typed_cells_and_no_formulas,
    a_workbook_has_all_sensors_once,
    measurements_are_exported_whole,
);
