//! Settling and listing, on both engines, against the time that the engine takes for plain rows of the same number.

use std::time::Instant as Stopwatch;

use tenure_app::create_user::NewUser;
use tenure_app::list_sensors::Asked;
use tenure_app::recipients::RecipientsChange;
use tenure_app::{Actor, App, Ctx};
use tenure_domain::{Instant, OrganizationId, Role, Zone};
use tenure_store::{Db, Engine};

use crate::world::{World, app};

/// Runs the parts for a hundred thousand and for a million sensors.
pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let db =
            Db::open(&format!("sqlite:{}", folder.path().join("bench.db").display())).await.expect("SQLite");
        both(&db).await;
        match std::env::var("TENURE_TEST_POSTGRES") {
            Ok(address) => both(&Db::open(&address).await.expect("PostgreSQL")).await,
            Err(_) => println!("PostgreSQL is left out: run `make bench`, which starts one"),
        }
    });
}

async fn both(db: &Db) {
    engine(db).await;
    million(db).await;
}

async fn engine(db: &Db) {
    db.migrate().await.expect("migrations");
    let name = match db.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    println!("{name}");
    let started = "2026-03-01T10:00:00Z".parse::<Instant>().expect("an instant");
    let hundred_thousand = World {
        sensors: 100_000,
        pool: 50_000,
        term: "P1Y",
        started,
        first_serial: 0x1000_0000_0000,
        name: "One hundred thousand",
    };
    let watch = Stopwatch::now();
    let organization = hundred_thousand.make(db).await;
    println!(
        "  making 100,000 sensors and 150,000 licenses            {:8.2} s",
        watch.elapsed().as_secs_f64()
    );
    analyze(db);

    let now = started.plus_seconds(86_400);
    let (use_cases, _) = app(db, now);
    let ctx = |now| Ctx::new(now, Actor::Service);
    for (search, what) in [
        ("", "page of 100, by expiry"),
        ("hall 42", "the same, searched"),
        ("sensor 99999 ", "searched, one of 100,000"),
    ] {
        let asked = || Asked { search: search.to_owned(), limit: 100, ..Asked::default() };
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..21 {
            let watch = Stopwatch::now();
            rows = use_cases.list_sensors(&ctx(now), organization, asked()).await.expect("a page").0.len();
            times.push(watch.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "  {what:<25} ({rows:3} rows), median and worst     {:8.1} ms {:6.1} ms (aim: under 20)",
            times[10], times[20]
        );
    }

    tell_a_month_before(&use_cases, organization).await;
    let end = started.plus_seconds(400 * 86_400);
    let watch = Stopwatch::now();
    use_cases.settle(&ctx(end), organization).await.expect("settling");
    let settling = watch.elapsed().as_secs_f64();
    let summary = use_cases.summarize(&ctx(end), organization).await.expect("a summary");
    assert_eq!((summary.licenses_left, summary.sensors.expired), (0, 50_000), "{summary:?}");
    println!("  settling 100,000 ends with 50,000 licenses left          {settling:8.2} s  (aim: under 5)");
}

/// One mail about 100,000 sensors, to one person.
async fn tell_a_month_before(use_cases: &App, organization: OrganizationId) {
    let month = Ctx::new("2027-02-01T08:00:00Z".parse::<Instant>().expect("an instant"), Actor::Service);
    let ana = NewUser {
        email: "ana@harbor.example".to_owned(),
        organization: Some("One hundred thousand".to_owned()),
        zone: Zone::UTC,
        role: Role::Administrator,
        password: None,
    };
    let ana = use_cases.create_user(&month, ana).await.expect("a user").id;
    let told = RecipientsChange { license_expiration: Some(vec![ana]), pool_low: None };
    use_cases.set_recipients(&month, organization, told).await.expect("recipients");
    let watch = Stopwatch::now();
    assert_eq!(use_cases.tell(&month, organization).await.expect("a look"), 1);
    println!(
        "  one notice about 100,000 sensors, with its list          {:8.2} s",
        watch.elapsed().as_secs_f64()
    );
    let watch = Stopwatch::now();
    assert_eq!(use_cases.tell_due().await.expect("a look"), 0);
    println!(
        "  looking for notices when all is told                     {:8.1} ms",
        watch.elapsed().as_secs_f64() * 1e3
    );
}

/// What PostgreSQL does by itself a minute after so much has changed.
fn analyze(db: &Db) {
    if db.engine() == Engine::Postgres
        && let Ok(address) = std::env::var("TENURE_TEST_POSTGRES")
    {
        let done = std::process::Command::new("psql").args([&address, "-qc", "ANALYZE"]).status();
        assert!(done.is_ok_and(|status| status.success()), "psql");
    }
}

async fn million(db: &Db) {
    let started = "2026-03-01T10:00:00Z".parse::<Instant>().expect("an instant");
    let now = started.plus_seconds(86_400);
    let (use_cases, _) = app(db, now);
    let ctx = |now| Ctx::new(now, Actor::Service);
    let million = World {
        sensors: 1_000_000,
        pool: 0,
        term: "P1Y",
        started,
        first_serial: 0x2000_0000_0000,
        name: "One million",
    };
    let organization = million.make(db).await;
    let mut times = Vec::new();
    for second in 0..51 {
        let watch = Stopwatch::now();
        use_cases.settle(&ctx(now.plus_seconds(second)), organization).await.expect("settling");
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "  settling when nothing is due, a million sensors          {:8.1} ms {:6.1} ms (aim: 10)",
        times[25], times[50]
    );
}
