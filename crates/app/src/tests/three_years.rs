//! Years of commands, outages and failing mail servers, compared with an independent computation of the rules
//! (`tests/oracle`).
#![allow(clippy::disallowed_methods, reason = "tests are told by the environment where Python is")]

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};
use tenure_domain::{CodeId, Instant, Role, SensorId, Serial, UserId, Zone, notice};
use tenure_store::ledger;
use tenure_store::messages::Fate;
use tenure_store::outbox::{Attachment, Mail, State};
use tenure_store::testing::TestDb;

use super::licenses::arrive;
use super::{Customer, World};
use crate::change_organization::OrganizationChange;
use crate::create_user::NewUser;
use crate::mail::{Delivery, Handing, Mailer, at_end_in};
use crate::recipients::RecipientsChange;
use crate::sensors::Addition;
use crate::{AppError, Entropy, SeededEntropy};

fn oracle(program: &str) -> Command {
    let python = std::env::var("TENURE_TEST_PYTHON").expect("TENURE_TEST_PYTHON names a Python");
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle").join(program));
    command
}

/// A mail server that takes two of three mails, and does everything else that mail servers do.
struct Moody {
    entropy: SeededEntropy,
    given: Mutex<Vec<Given>>,
    died: tokio::sync::Notify,
}

/// A mail that was handed over.
struct Given {
    mail: Mail,
    list: String,
    /// Whether the server has taken it.
    taken: bool,
    /// Whether whoever handed it over knows.
    known: bool,
}

impl Mailer for Moody {
    fn hand_over<'a>(&'a self, mail: &'a Mail, attachment: Option<&'a Attachment>) -> Handing<'a> {
        let (taken, known, delivery) = match self.entropy.bits() % 100 {
            0..66 => (true, true, Some(Delivery::Taken("250 OK".to_owned()))),
            66..80 => (false, true, Some(Delivery::Later("451 later".to_owned()))),
            80..90 => (false, true, Some(Delivery::Unreachable("421 not now".to_owned()))),
            90..96 => (true, false, Some(Delivery::Later("connection lost".to_owned()))),
            // The service dies: once before, and once after the server has taken the mail.
            96..98 => (false, false, None),
            _ => (true, false, None),
        };
        let list = attachment.map(|list| String::from_utf8(list.body.clone()).unwrap()).unwrap_or_default();
        self.given.lock().unwrap().push(Given { mail: mail.clone(), list, taken, known });
        Box::pin(async move {
            match delivery {
                Some(delivery) => delivery,
                None => {
                    self.died.notify_one();
                    std::future::pending().await
                }
            }
        })
    }
}

/// The service while a script is played to it.
struct Play {
    world: World,
    harbor: Customer,
    mailer: Moody,
    workers: u32,
    zone: Zone,
    zones: Vec<(Instant, Zone)>,
    codes: HashMap<String, (CodeId, String)>,
    sensors: HashMap<String, SensorId>,
    serials: HashMap<String, String>,
    /// Each sensor's serial numbers, which change.
    named: HashMap<String, String>,
    people: BTreeMap<String, (UserId, bool)>,
    messages: i64,
}

fn text<'a>(command: &'a Value, field: &str) -> &'a str {
    command[field].as_str().unwrap_or_else(|| panic!("{field} of {command}"))
}

impl Play {
    async fn begin(test: TestDb, first: &Value) -> Self {
        let world = World::new(test);
        world.clock.set(Instant::from_micros(first["at"].as_i64().unwrap()));
        let zone: Zone = text(first, "zone").parse().unwrap();
        let harbor = world.customer("Harbor", zone.name()).await;
        let mailer = Moody {
            entropy: SeededEntropy::new(5),
            given: Mutex::default(),
            died: tokio::sync::Notify::new(),
        };
        let play = Self {
            zones: vec![(world.ctx().now, zone.clone())],
            world,
            harbor,
            mailer,
            workers: 0,
            zone,
            codes: HashMap::new(),
            sensors: HashMap::new(),
            serials: HashMap::new(),
            named: HashMap::new(),
            people: BTreeMap::new(),
            messages: 0,
        };
        play.tick().await;
        play
    }

    async fn tick(&self) {
        let ticked = self.people.values().filter(|(_, ticked)| *ticked).map(|(user, _)| *user).collect();
        let change = RecipientsChange { license_expiration: Some(ticked), pool_low: Some(Vec::new()) };
        self.world.app.set_recipients(&self.world.ctx(), self.harbor.id, change).await.unwrap();
    }

    /// Gives a command; returns whether it was done.
    async fn give(&mut self, command: &Value) -> bool {
        self.world.clock.set(Instant::from_micros(command["at"].as_i64().unwrap()));
        match text(command, "do") {
            "look" => {
                self.look().await;
                true
            }
            "down" | "up" => true,
            "recipient" => {
                self.recipient(command).await;
                true
            }
            "saved" => self.saved(command).await,
            _ => match self.license(command).await {
                Ok(()) => true,
                Err(AppError::Refused(_)) => false,
                Err(error) => panic!("{command}: {error}"),
            },
        }
    }

    async fn license(&mut self, command: &Value) -> Result<(), AppError> {
        let (app, ctx, id) =
            (self.world.app.clone(), self.world.app.ctx(self.harbor.caller.actor()), self.harbor.id);
        let key = command["key"].as_str().map(|code| self.codes[code].1.clone());
        let sensor = command["sensor"].as_str().and_then(|sensor| self.sensors.get(sensor)).copied();
        let unknown = || AppError::from(tenure_domain::Refusal::NotFound { what: "sensor" });
        match text(command, "do") {
            "redeem" => {
                let code = text(command, "code");
                let written = match self.codes.get(code) {
                    Some((_, written)) => written.clone(),
                    None => {
                        let licenses = u32::try_from(command["licenses"].as_u64().unwrap()).unwrap();
                        let issued = self.world.issue(licenses, text(command, "term")).await;
                        let written = issued.code.to_string();
                        self.codes.insert(code.to_owned(), (issued.id, written.clone()));
                        written
                    }
                };
                self.world.redeem(&self.harbor, &written).await.map(drop)
            }
            "add" => {
                let (name, serial) = (text(command, "sensor"), text(command, "serial"));
                let addition = Addition {
                    serial: serial.parse().unwrap(),
                    name: None,
                    key: key.as_deref(),
                    auto_renewal: command["auto_renewal"].as_bool(),
                };
                let added = app.add_sensor(&ctx, id, addition).await?;
                self.sensors.insert(name.to_owned(), added);
                self.call(name, serial);
                Ok(())
            }
            "bring_back" => {
                let name = text(command, "sensor").to_owned();
                let serial: Serial = self.named[&name].parse().unwrap();
                let auto_renewal = Some(command["auto_renewal"].as_bool().unwrap_or(true));
                let addition = Addition { serial, name: None, key: key.as_deref(), auto_renewal };
                let added = app.add_sensor(&ctx, id, addition).await?;
                assert_eq!(added, self.sensors[&name]);
                Ok(())
            }
            "assign" => {
                app.assign_license(&ctx, id, sensor.ok_or_else(unknown)?, key.as_deref()).await.map(drop)
            }
            "auto_renewal" => {
                let on = command["on"].as_bool().unwrap();
                app.set_auto_renewal(&ctx, id, &[sensor.ok_or_else(unknown)?], on).await.map(drop)
            }
            "take_back" => {
                let sensor = sensor.ok_or_else(unknown)?;
                let state = if text(command, "which") == "active" { "active" } else { "queued" };
                let mut tx = self.world.test.db.read().await.unwrap();
                app.settle(&ctx, id).await?;
                let licenses = ledger::of_sensor(&mut tx, sensor).await.unwrap();
                tx.roll_back().await.unwrap();
                let license = licenses.iter().rfind(|recorded| recorded.state.name() == state);
                let license = license.ok_or_else(unknown)?.license.id;
                app.take_back(&ctx, id, sensor, license).await.map(drop)
            }
            "remove" => app.remove_sensor(&ctx, id, sensor.ok_or_else(unknown)?).await.map(drop),
            "replace" => {
                let serial = text(command, "serial");
                app.replace_sensor(&ctx, id, sensor.ok_or_else(unknown)?, serial.parse().unwrap()).await?;
                self.call(text(command, "sensor"), serial);
                Ok(())
            }
            "revoke" => {
                let end_active = command["end_active"].as_bool().unwrap();
                let Some((code, _)) = self.codes.get(text(command, "code")) else { return Err(unknown()) };
                app.revoke_code(&ctx, *code, end_active).await.map(drop)
            }
            "zone" => {
                self.zone = text(command, "zone").parse().unwrap();
                self.zones.push((ctx.now, self.zone.clone()));
                let change =
                    OrganizationChange { zone: Some(self.zone.clone()), ..OrganizationChange::default() };
                app.change_organization(&ctx, id, change).await.map(drop)
            }
            other => panic!("{other}?"),
        }
    }

    fn call(&mut self, sensor: &str, serial: &str) {
        self.named.insert(sensor.to_owned(), serial.to_owned());
        self.serials.insert(serial.to_owned(), sensor.to_owned());
    }

    async fn saved(&mut self, command: &Value) -> bool {
        let Some(sensor) = self.sensors.get(text(command, "sensor")).copied() else { return false };
        let Ok(row) = self.world.app.sensor(&self.world.ctx(), self.harbor.id, sensor).await else {
            return false;
        };
        if !row.standing.is_covered() {
            return false;
        }
        self.messages += 1;
        arrive(&self.world, &self.harbor, sensor, self.messages, Fate::Saved).await;
        true
    }

    async fn recipient(&mut self, command: &Value) {
        let (name, language) = (text(command, "user"), text(command, "language"));
        let ticked = command["ticked"].as_bool().unwrap();
        let known = self.people.get(name).map(|(user, _)| *user);
        let user = match known {
            Some(user) => user,
            None => {
                let new = NewUser {
                    email: format!("{name}@people.example"),
                    organization: Some("Harbor".to_owned()),
                    zone: Zone::UTC,
                    role: Role::Manager,
                    password: None,
                };
                self.world.app.create_user(&self.world.ctx(), new).await.unwrap().id
            }
        };
        let speak = format!("UPDATE users SET language = '{language}' WHERE id = '{user}'");
        self.world.test.execute(&speak).await.unwrap();
        self.people.insert(name.to_owned(), (user, ticked));
        self.tick().await;
    }

    async fn look(&mut self) {
        self.world.app.settle_due().await.unwrap();
        self.world.app.tell_due().await.unwrap();
        self.send().await;
    }

    /// Sends what is to be sent, until nothing is, the server is away, or the service dies.
    async fn send(&mut self) {
        loop {
            let worker = format!("worker {}", self.workers);
            let died = tokio::select! {
                biased;
                () = self.mailer.died.notified() => true,
                tried = self.world.app.send_mail(&self.mailer, &worker) => {
                    if tried.unwrap() == 0 { return }
                    false
                }
            };
            if died {
                self.workers += 1;
                return;
            }
        }
    }

    /// Lets time pass until everything has arrived.
    async fn let_all_arrive(&mut self) {
        for _ in 0..400 {
            let open = self.world.mails().await.iter().filter(|mail| mail.state == State::Queued).count();
            if open == 0 {
                return;
            }
            self.world.clock.set(self.world.ctx().now.plus_seconds(1_800));
            self.send().await;
        }
        panic!(
            "mail is left: {:?}",
            self.world.mails().await.iter().filter(|mail| mail.state != State::Sent).count()
        );
    }

    /// What has arrived, as the mails say it; a mail that came twice did so because its answer was lost.
    fn arrived(&self) -> Vec<Value> {
        let given = self.mailer.given.lock().unwrap();
        let mut all: BTreeMap<String, &Given> = BTreeMap::new();
        for one in given.iter().filter(|given| given.taken && is_notice(&given.mail)) {
            let id = one.mail.id.to_string();
            if let Some(before) = all.get(&id) {
                assert!(!before.known, "{id} was handed over again after its answer was known");
                assert_eq!((&one.mail, &one.list), (&before.mail, &before.list), "the second is the first");
            }
            all.insert(id, one);
        }
        all.into_values().map(|given| self.said(given)).collect()
    }

    fn said(&self, given: &Given) -> Value {
        let Mail { recipient, language, kind, created_at, .. } = &given.mail;
        let zone = &self.zones.iter().rfind(|(since, _)| since <= created_at).unwrap().1;
        let words = [false, true].into_iter().flat_map(|over| {
            use tenure_domain::AtEnd::{NoLicense, Renews, Stops};
            [Renews, NoLicense, Stops].map(|at_end| (at_end_in(language, over, at_end), over, at_end.name()))
        });
        let words: HashMap<&str, (bool, &str)> =
            words.map(|(text, over, name)| (text, (over, name))).collect();
        let sensors: Vec<Value> = given
            .list
            .lines()
            .skip(1)
            .map(|line| {
                // Nobody here has a name with a comma.
                let fields: Vec<&str> = line.split(',').collect();
                let [serial, _, expires_on, what_happens] = fields[..] else { panic!("{line}") };
                let (over, at_end) = words[what_happens.trim_matches('"')];
                json!({ "sensor": self.serials[serial], "expires_on": expires_on, "over": over, "at_end": at_end })
            })
            .collect();
        json!({ "mail": {
            "user": recipient.split('@').next(), "language": language, "kind": kind, "at": created_at.as_micros(),
            "day": notice::day(zone, *created_at), "sensors": sensors,
        } })
    }

    /// All licenses that are on a sensor, or have ended there.
    async fn ledger(&self) -> Value {
        let mut all = serde_json::Map::new();
        let mut tx = self.world.test.db.read().await.unwrap();
        for (name, id) in &self.sensors {
            let rows = ledger::of_sensor(&mut tx, *id).await.unwrap();
            let rows = rows.iter().filter_map(|recorded| {
                let cover = recorded.state.placed()?.cover;
                // What is revoked on a sensor was active and has ended, or never began.
                let state = match recorded.state.name() {
                    "revoked" if cover.starts < cover.ends => "ended",
                    "revoked" => return None,
                    state => state,
                };
                let dates = (cover.starts.as_micros(), cover.ends.as_micros());
                Some(json!([state, dates.0, dates.1, cover.expires_on]))
            });
            all.insert(name.clone(), rows.collect());
        }
        tx.roll_back().await.unwrap();
        json!({ "ledger": all })
    }
}

fn is_notice(mail: &Mail) -> bool {
    notice::Kind::ALL.iter().any(|kind| kind.name() == mail.kind)
}

/// Plays a script of the generator to the service, and lets the oracle compare.
async fn play(test: TestDb, options: &[&str]) {
    let script = oracle("generate.py").args(options).output().expect("a script");
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    let commands: Vec<Value> = String::from_utf8(script.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut play = Play::begin(test, &commands[0]).await;
    let mut log = vec![commands[0].clone()];
    for command in &commands[1..] {
        let ok = play.give(command).await;
        let mut command = command.clone();
        command["ok"] = json!(ok);
        log.push(command);
    }
    let ledger = play.ledger().await;
    play.let_all_arrive().await;
    let mails = play.arrived();
    let twice = play.mailer.given.lock().unwrap().iter().filter(|given| given.taken && !given.known).count();
    assert!(mails.len() > 20 && twice > 0, "{} mails, {twice} of them perhaps twice", mails.len());
    log.extend(mails);
    log.push(ledger);
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join("log");
    let mut written = std::fs::File::create(&file).unwrap();
    for line in &log {
        writeln!(written, "{line}").unwrap();
    }
    let compared = oracle("compare.py").arg(&file).output().expect("a comparison");
    let said =
        format!("{}{}", String::from_utf8_lossy(&compared.stdout), String::from_utf8_lossy(&compared.stderr));
    if let Ok(kept) = std::env::var("TENURE_KEEP_LOG") {
        std::fs::copy(&file, kept).unwrap();
    }
    assert!(compared.status.success(), "{options:?}: {said}");
    println!("{said}");
}

macro_rules! plays {
    ($($name:ident: $seed:literal, $zone:literal;)*) => {$(
        async fn $name(test: TestDb) {
            play(test, &[$seed, "--sensors", "20", "--years", "2", "--zone", $zone]).await;
        }
    )*};
}

plays! {
    two_years_in_warsaw: "1", "Europe/Warsaw";
    two_years_in_santiago: "2", "America/Santiago";
    two_years_in_cairo: "4", "Africa/Cairo";
    two_years_in_auckland: "5", "Pacific/Auckland";
    two_years_in_kiritimati: "6", "Pacific/Kiritimati";
    two_years_in_honolulu: "7", "Pacific/Honolulu";
    two_years_on_lord_howe: "8", "Australia/Lord_Howe";
}

tenure_store::on_both!(two_years_in_warsaw, two_years_in_santiago);

macro_rules! on_sqlite {
    ($($body:ident),* $(,)?) => {$(
        mod $body {
            #[test]
            fn sqlite() {
                tenure_store::testing::run(tenure_store::Engine::Sqlite, true, super::$body);
            }
        }
    )*};
}

async fn three_years_of_a_thousand_sensors_are_told_as_the_rules_say(test: TestDb) {
    play(test, &["3", "--sensors", "1000", "--years", "3", "--zone", "Europe/Warsaw"]).await;
}

// What the engines do differently, the others look at: these look at the rules.
on_sqlite!(
    two_years_in_cairo,
    two_years_in_auckland,
    two_years_in_kiritimati,
    two_years_in_honolulu,
    two_years_on_lord_howe,
    three_years_of_a_thousand_sensors_are_told_as_the_rules_say,
);
