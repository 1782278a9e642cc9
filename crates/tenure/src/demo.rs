//! `tenure demo`: the service with a fresh database in which something has happened.
//!
//! The past is made by the use cases themselves, on a clock that is led from two years ago to now. So everything on
//! record came about by the rules, and not by writing rows.

mod past_alerts;

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use tenure_app::create_user::NewUser;
use tenure_app::issue_code::Order;
use tenure_app::redeem_code::Attempt;
use tenure_app::sensors::{Addition, SensorChange};
use tenure_app::{Actor, App, Caller, Clock, Ctx, Entropy, ManualClock, OsEntropy, ScaledClock, SystemClock};
use tenure_domain::license::State;
use tenure_domain::measurement::{ChannelType, Reading, Sample};
use tenure_domain::{Instant, OrganizationId, Role, SensorId, Serial, Zone};
use tenure_store::history::Series;
use tenure_store::{Db, ledger, sensors, users};

use crate::cli::Demo;
use crate::config::{Config, SignUp};
use crate::fleet::{self, Fleet, Member};
use crate::places::{self, PLACES};
use crate::serve::{Service, start_log};
use crate::{Failure, output, sensor};

const ORGANIZATION: &str = "Harbor Foods";
const ADMINISTRATOR: &str = "ana@harbor.example";
const MANAGER: &str = "mark@harbor.example";
const ANALYST: &str = "lena@harbor.example";
const OPERATOR: &str = "operator@vendor.example";
/// What the demo's people are called.
const NAMES: [(&str, &str); 4] =
    [(ADMINISTRATOR, "Ana"), (MANAGER, "Mark"), (ANALYST, "Lena"), (OPERATOR, "Vendor's desk")];
const DAY: i64 = 86_400;
/// How far apart the samples of the made history are, in seconds.
const HISTORY_PERIOD: i64 = 900;

/// Runs the demo until it is told to stop.
pub async fn run(config: Config, options: Demo) -> Result<(), Failure> {
    start_log();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("demo.db");
    let config = Config {
        database_url: format!("sqlite:{}", file.display()),
        secret_file: folder.path().join("demo.secret"),
        sign_up: SignUp::Open,
        ..config
    };
    output::line("Making two years of the past …");
    let db = Db::open(&config.database_url).await?;
    db.migrate().await?;
    let story = Story::tell(&db, &config).await?;
    let factor = 86_400 / i64::from(options.day_seconds.max(1));
    let clock: Arc<dyn Clock> =
        if factor <= 1 { Arc::new(SystemClock) } else { Arc::new(ScaledClock::new(factor)) };
    let app = Arc::new(App::new(db, clock.clone(), Arc::new(OsEntropy), config.secret()?));
    let tick = (factor > 1).then(|| Duration::from_millis(100));
    let service = Service::start(app, &config, tick).await?;
    output::line(&story.told(&service));
    if config.smtp_url.is_none() {
        output::line(&format!("Mail is put into {}", config.mail_folder().display()));
    }
    if !options.quiet {
        let socket = sensor::connect(&format!("coap://{}", service.coap)).await?;
        let members = story.serials.iter().map(|serial| Member::new(*serial, None)).collect();
        let fleet = Fleet::new(socket, members, clock);
        tokio::spawn(async move {
            if let Err(error) = fleet.run(Duration::from_secs(20), None).await {
                tracing::warn!(%error, "the simulated sensors have stopped");
            }
        });
    }
    service.until_stopped().await;
    Ok(())
}

/// What was told, and what a person needs to look at it.
struct Story {
    organization: OrganizationId,
    password: String,
    token: String,
    operator_token: String,
    code: String,
    serials: Vec<Serial>,
}

/// The past in the telling.
struct Teller {
    app: App,
    clock: Arc<ManualClock>,
    now: Instant,
    organization: OrganizationId,
    caller: Caller,
    /// Who does all that somebody has to do.
    ana: Actor,
    sensors: Vec<(SensorId, Serial)>,
    gaps: Vec<past_alerts::Gap>,
}

impl Story {
    async fn tell(db: &Db, config: &Config) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let clock = Arc::new(ManualClock::at(now.plus_seconds(-760 * DAY)));
        let app = App::new(db.clone(), clock.clone(), Arc::new(OsEntropy), config.secret()?);
        let ctx = app.ctx(Actor::CommandLine);
        let password = fresh_password();
        let user = |email: &str, organization: Option<&str>, role| NewUser {
            email: email.to_owned(),
            organization: organization.map(str::to_owned),
            zone: "Europe/Lisbon".parse().unwrap_or(Zone::UTC),
            role,
            password: Some(password.clone()),
        };
        let made =
            app.create_user(&ctx, user(ADMINISTRATOR, Some(ORGANIZATION), Role::Administrator)).await?;
        app.create_user(&ctx, user(MANAGER, Some(ORGANIZATION), Role::Manager)).await?;
        app.create_user(&ctx, user(ANALYST, Some(ORGANIZATION), Role::Analyst)).await?;
        app.create_user(&ctx, user(OPERATOR, None, Role::Operator)).await?;
        for (email, name) in NAMES {
            let mut tx = app.db.begin().await?;
            if let Some(user) = users::by_email(&mut tx, email).await? {
                users::update(&mut tx, &users::User { name: name.to_owned(), ..user }).await?;
            }
            tx.commit().await?;
        }
        let Some(organization) = made.organization else {
            return Err(Failure::Failed("the demo's organization was not made".to_owned()));
        };
        let token = app.create_token(&ctx, organization, ADMINISTRATOR, false).await?.secret;
        let operator_token = app.create_token_by_name(&ctx, None, OPERATOR, false).await?.secret;
        let caller = app.authenticate(&token).await?;
        let ana = Actor::User { id: made.id, email: ADMINISTRATOR.to_owned() };
        let (sensors, gaps) = (Vec::new(), Vec::new());
        let mut teller = Teller { app, clock, now, organization, caller, ana, sensors, gaps };
        teller.tell().await?;
        teller.history().await?;
        let code = teller.issue(5, "P2Y").await?;
        let serials = teller.senders();
        Ok(Self { organization, password, token, operator_token, code, serials })
    }

    fn told(&self, service: &Service) -> String {
        let Self { organization, password, token, operator_token, code, .. } = self;
        let (http, coap) = (service.http, service.coap);
        format!(
            "\nTenure's demo runs. Open it in a browser:\n\n  \
             http://{http}\n\n  \
             Log in as     {ADMINISTRATOR}  (Administrator of {ORGANIZATION})\n                \
             {MANAGER}  (Manager)\n                \
             {ANALYST}  (Analyst)\n                \
             {OPERATOR}  (the vendor)\n  \
             Password      {password}  (of all four)\n  \
             A code to add {code}  (5 licenses of 2 years)\n\n\
             For sensors and scripts:\n\n  \
             CoAP          coap://{coap}\n  \
             API           http://{http}/api/v1/organizations/{organization}, described at http://{http}/openapi.json\n  \
             Administrator's API token  {token}\n  \
             Operator's API token       {operator_token}\n\n\
             Try:  curl -H \"Authorization: Bearer {token}\" http://{http}/api/v1/organizations/{organization}/license-summary\n\n\
             Ctrl-C stops it, and nothing of it is kept."
        )
    }
}

/// A password that nobody knows before it is printed, and that can be typed.
fn fresh_password() -> String {
    let entropy: &dyn Entropy = &OsEntropy;
    let text = BASE32_NOPAD.encode(&entropy.bits().to_be_bytes()).to_lowercase();
    let (first, rest) = text.split_at(4);
    let (second, rest) = rest.split_at(4);
    let (third, _) = rest.split_at(4);
    format!("demo-{first}-{second}-{third}")
}

impl Teller {
    /// Leads the clock to so many days before now; never backwards.
    fn days_ago(&self, days: i64) {
        self.clock.set(self.now.plus_seconds(-days * DAY).max(self.clock.now()));
    }

    fn ctx(&self) -> Ctx {
        self.app.ctx(self.ana.clone())
    }

    async fn issue(&self, licenses: u32, term: &str) -> Result<String, Failure> {
        let order = Order { licenses, term: term.parse()?, order: Some("Demo".to_owned()), redeem_by: None };
        Ok(self.app.issue_code(&self.app.ctx(Actor::CommandLine), order).await?.code.to_string())
    }

    async fn redeem(&self, licenses: u32, term: &str) -> Result<(), Failure> {
        let code = self.issue(licenses, term).await?;
        let attempt = Attempt { organization: self.organization, code: &code, address: "demo" };
        self.app.redeem_code(&self.ctx(), &self.caller, attempt).await?;
        Ok(())
    }

    async fn add(&mut self, count: usize, auto_renewal: bool) -> Result<(), Failure> {
        for _ in 0..count {
            let place = self.sensors.len();
            let Some((name, _)) = PLACES.get(place) else { return Ok(()) };
            let serial = places::serial(place);
            let addition = Addition { serial, name: Some(name), key: None, auto_renewal: Some(auto_renewal) };
            let id = self.app.add_sensor(&self.ctx(), self.organization, addition).await?;
            self.sensors.push((id, serial));
        }
        Ok(())
    }

    /// Covered, expiring within a month, expiring today, expired, with queues, with auto renewal off.
    async fn tell(&mut self) -> Result<(), Failure> {
        // Two years ago: fourteen sensors on yearly licenses that renew themselves, six that do not.
        self.days_ago(735);
        self.redeem(20, "P1Y").await?;
        self.add(14, true).await?;
        self.add(6, false).await?;
        self.days_ago(400);
        self.redeem(14, "P1Y").await?;
        // A year ago: eight more on two years, and two that expire today.
        self.days_ago(366);
        self.redeem(2, "P366D").await?;
        self.add(2, false).await?;
        self.redeem(8, "P2Y").await?;
        self.add(8, true).await?;
        // Ten months ago, licenses of 320 days, three of which end within the month; four with a queue.
        self.days_ago(305);
        self.redeem(3, "P320D").await?;
        self.add(3, false).await?;
        self.redeem(8, "P1Y").await?;
        self.add(4, true).await?;
        let queued: Vec<SensorId> = self.sensors.iter().rev().take(4).map(|(id, _)| *id).collect();
        for sensor in queued {
            self.app.assign_license(&self.ctx(), self.organization, sensor, None).await?;
        }
        // Ten days ago, enough for the fourteen whose second year ends this week, for three new sensors, and four more
        // that are left.
        self.days_ago(10);
        self.redeem(21, "P1Y").await?;
        self.add(3, true).await?;
        // One sensor is told not to renew itself.
        if let Some((id, _)) = self.sensors.get(24) {
            let change = SensorChange { name: None, auto_renewal: Some(false) };
            self.app.change_sensor(&self.ctx(), self.organization, *id, change).await?;
        }
        self.alerts().await?;
        self.clock.set(self.now);
        self.app.settle(&self.ctx(), self.organization).await?;
        Ok(())
    }

    /// Measurements for the time in which each sensor was covered, up to now.
    async fn history(&self) -> Result<(), Failure> {
        for (id, serial) in &self.sensors {
            let mut tx = self.app.db.read().await?;
            let row = sensors::get(&mut tx, self.organization, *id).await?;
            let licenses = ledger::of_sensor(&mut tx, *id).await?;
            tx.roll_back().await?;
            let Some(row) = row else { continue };
            let covered: Vec<(Instant, Instant)> = licenses
                .iter()
                .filter(|license| matches!(license.state, State::Active(_) | State::Ended(_)))
                .filter_map(|license| license.state.placed())
                .map(|placed| (placed.cover.starts, placed.cover.ends.min(self.now)))
                .collect();
            let instants = || {
                covered.iter().flat_map(|(from, to)| {
                    let first = from.as_seconds() / HISTORY_PERIOD * HISTORY_PERIOD + HISTORY_PERIOD;
                    let step = usize::try_from(HISTORY_PERIOD).unwrap_or(900);
                    (first..to.as_seconds())
                        .step_by(step)
                        .map(Instant::from_seconds)
                        .filter(|at| !self.gaps.iter().any(|gap| gap.contains(*serial, *at)))
                })
            };
            let series = |channel, kind, value: fn(Serial, Instant) -> i32| {
                let sample = |at| Sample { at, reading: Reading::Value(value(*serial, at)) };
                Series { channel, kind, samples: instants().map(sample).collect() }
            };
            let series = vec![
                series(1, ChannelType::Temperature, fleet::temperature),
                series(2, ChannelType::Humidity, fleet::humidity),
            ];
            self.app.db.add_history(row.number, series).await?;
        }
        Ok(())
    }
}
