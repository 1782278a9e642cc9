//! Importing a file of 100,000 sensors, on both engines, against inserting the same rows without any rule.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::Instant as Stopwatch;

use tenure_app::import_sensors::{Imported, Phase, Progress};
use tenure_app::{Actor, Ctx};
use tenure_domain::{Instant, SensorId, Serial};
use tenure_store::counters::Counter;
use tenure_store::sensors::{self, NewSensor};
use tenure_store::{Db, Engine};

use crate::world::{World, app};

const LINES: u32 = 100_000;
const FIRST: u64 = 0x3000_0000_0000;

/// Runs on SQLite, and on PostgreSQL where there is one.
pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let db =
            Db::open(&format!("sqlite:{}", folder.path().join("bench.db").display())).await.expect("SQLite");
        engine(&db).await;
        match std::env::var("TENURE_TEST_POSTGRES") {
            Ok(address) => engine(&Db::open(&address).await.expect("PostgreSQL")).await,
            Err(_) => println!("PostgreSQL is left out: run `make bench`, which starts one"),
        }
    });
}

async fn engine(db: &Db) {
    db.migrate().await.expect("migrations");
    let name = match db.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    println!("{name}");
    let started = "2026-03-01T10:00:00Z".parse::<Instant>().expect("an instant");
    let pool =
        World { sensors: 1, pool: LINES, term: "P1Y", started, first_serial: FIRST - 1, name: "Imported" };
    let organization = pool.make(db).await;
    let plain = plain(db, started).await;
    println!("  inserting 100,000 rows without any rule                  {plain:8.2} s");

    let mut file = String::from("serial,name\n");
    for line in 0..u64::from(LINES) {
        writeln!(file, "{:012x},Sensor {line} in hall {}", FIRST + line, line % 97).expect("a line");
    }
    let (use_cases, _) = app(db, started);
    let ctx = Ctx::new(started.plus_seconds(60), Actor::Service);
    for (dry_run, what) in [
        (true, "a dry run of 100,000 lines"),
        (false, "importing them"),
        (true, "once more: nothing changes"),
    ] {
        let phases = Mutex::new(Vec::new());
        let watch = Stopwatch::now();
        let tell = |Progress { phase, .. }: Progress| {
            phases.lock().expect("the phases").push((phase, watch.elapsed().as_secs_f64()));
        };
        let imported = use_cases.import_sensors(&ctx, organization, file.as_bytes(), dry_run, &tell).await;
        let took = watch.elapsed().as_secs_f64();
        let report = match imported.expect("an import") {
            Imported::Done(report) | Imported::DryRun(report) | Imported::Refused(report) => report,
        };
        assert_eq!((report.lines, report.errors), (100_000, 0));
        let at = |wanted| {
            let phases = phases.lock().expect("the phases");
            phases.iter().find(|(phase, _)| *phase == wanted).map_or(took, |(_, at)| *at)
        };
        println!(
            "  {what:<42}               {took:8.2} s  (aim: under 30; {:.1} times the plain rows)",
            took / plain
        );
        println!(
            "    of which reading {:.2} s, the lines {:.2} s, the end {:.2} s",
            at(Phase::Waiting),
            at(Phase::Finishing) - at(Phase::Waiting),
            took - at(Phase::Finishing)
        );
    }
}

/// The same rows, as the database takes them.
async fn plain(db: &Db, added_at: Instant) -> f64 {
    let first = FIRST + (1 << 32);
    let none =
        World { sensors: 1, pool: 0, term: "P1Y", started: added_at, first_serial: first - 1, name: "Plain" };
    let organization = none.make(db).await;
    let number = db.take_numbers(Counter::Sensor, LINES).await.expect("numbers");
    let row = |line: u32| NewSensor {
        id: SensorId::new(added_at, u128::from(first + u64::from(line)) << 8),
        number: number + i64::from(line),
        organization,
        serial: Serial::from_number(first + u64::from(line)),
        name: format!("Sensor {line} in hall {}", line % 97),
        added_at,
        auto_renewal: true,
    };
    let rows: Vec<NewSensor> = (0..LINES).map(row).collect();
    let watch = Stopwatch::now();
    let mut tx = db.begin().await.expect("a transaction");
    assert_eq!(sensors::insert(&mut tx, &rows).await.expect("rows"), u64::from(LINES));
    tx.commit().await.expect("a commit");
    watch.elapsed().as_secs_f64()
}
