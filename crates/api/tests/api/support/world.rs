//! The service under test, and its callers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;
use sqlx::Connection;
use tenure_api::{ApiState, GatewayDoor, ServiceInfo, Streams};
use tenure_app::create_user::NewUser;
use tenure_app::issue_code::Order;
use tenure_app::unsubscribe::Topic;
use tenure_app::webhooks::{Caller, Resolver, Resolving, Targets};
use tenure_app::{Actor as By, App, Clock, ManualClock, Secret, SeededEntropy};
use tenure_domain::{Instant, MailId, OrganizationId, Role, SensorId, Serial};
use tenure_ingest::{Ingest, Refuse, Settings};
use tenure_store::outbox::{self, Mail, State};
use tenure_store::recipients::Notification;
use tenure_store::sensors::NewSensor;
use tenure_store::{Db, users};
use tokio::sync::watch;
use tower::ServiceExt;

use super::document::untold;
use super::{Actor, Administrator, Door};

/// When every scenario begins: a Saturday, eleven o'clock in the organization's zone.
const START: &str = "2026-11-21T10:00:00Z";

/// A service with two organizations, Harbor (in Warsaw) and Elsewhere.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) door: Arc<Door>,
    pub(crate) harbor: OrganizationId,
    pub(crate) elsewhere: OrganizationId,
    router: Router,
    tokens: HashMap<&'static str, String>,
    /// Until it is dropped, the hot path runs, if it was started.
    stop: watch::Sender<bool>,
    _directory: tempfile::TempDir,
}

fn configure(app: &App, sign_up_open: bool) {
    let public_url = "https://tenure.harbor.example".to_owned();
    app.configure(tenure_app::Settings {
        public_url,
        sign_up_open,
        people_clock: None,
        templates: tenure_app::mail::Templates::default(),
        forward_to: Some("mqtts://broker.harbor.example/tenure".to_owned()),
    });
    app.set_webhook_caller(Caller::with(Targets::Public, Arc::new(Names), Vec::new()).unwrap());
}

/// Who knows where the hosts of the tests are: `inside.harbor.example` is in the service's own network, and the others
/// are on the public internet.
struct Names;

impl Resolver for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        let address = if host == "inside.harbor.example" { [10, 0, 0, 7] } else { [8, 8, 8, 8] };
        Box::pin(async move { Ok(vec![address.into()]) })
    }
}

/// The password of everybody who has one.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What the service tells of itself.
pub(crate) fn info() -> ServiceInfo {
    ServiceInfo {
        sign_up_open: true,
        mail_by_smtp: false,
        public_url: Some("https://tenure.harbor.example".to_owned()),
        http_address: "http://127.0.0.1:8080".to_owned(),
        sensor_host: Some("tenure.harbor.example".to_owned()),
        sensor_port: 5683,
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("tenure_api_").rand_bytes(12).tempdir().unwrap()
}

impl World {
    /// With a file of its own.
    pub(crate) async fn on_sqlite() -> Self {
        let directory = directory();
        let address = format!("sqlite:{}", directory.path().join("tenure.db").display());
        Self::on(&address, directory).await
    }

    /// With a database of its own in the cluster of `TENURE_TEST_POSTGRES`.
    #[expect(clippy::disallowed_methods, reason = "tests are told of the cluster by their environment")]
    pub(crate) async fn on_postgres() -> Self {
        let cluster = std::env::var("TENURE_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("TENURE_TEST_POSTGRES is not set: run `make test`, or put scripts/with-postgres before the command")
        });
        let directory = directory();
        // The name of a fresh directory is one that no other test has.
        let name = directory.path().file_name().unwrap().to_string_lossy().into_owned();
        let mut connection = sqlx::PgConnection::connect(&cluster).await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let (server, _) = cluster.rsplit_once('/').unwrap();
        Self::on(&format!("{server}/{name}"), directory).await
    }

    async fn on(address: &str, directory: tempfile::TempDir) -> Self {
        let db = Db::open(address).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Arc::new(ManualClock::at(START.parse().unwrap()));
        let (entropy, secret) = (Arc::new(SeededEntropy::new(1)), Secret::new([7; 32]));
        let app = Arc::new(App::new(db, clock.clone(), entropy, secret));
        configure(&app, true);
        let mut tokens = HashMap::new();
        let mut organizations = Vec::new();
        for (actor, organization, role) in [
            ("administrator", Some("Harbor"), Role::Administrator),
            ("manager", Some("Harbor"), Role::Manager),
            ("analyst", Some("Harbor"), Role::Analyst),
            ("stranger", Some("Elsewhere"), Role::Administrator),
            ("operator", None, Role::Operator),
        ] {
            let email = format!("{actor}@harbor.example");
            let user = NewUser {
                email: email.clone(),
                organization: organization.map(str::to_owned),
                zone: "Europe/Warsaw".parse().unwrap(),
                role,
                password: None,
            };
            organizations
                .extend(app.create_user(&app.ctx(By::CommandLine), user).await.unwrap().organization);
            let ctx = app.ctx(By::CommandLine);
            let made = app.create_token_by_name(&ctx, organization, &email, false).await.unwrap();
            tokens.insert(actor, made.secret);
        }
        let (ctx, email) = (app.ctx(By::CommandLine), "administrator@harbor.example");
        let made = app.create_token_by_name(&ctx, Some("Harbor"), email, true).await.unwrap();
        tokens.insert("read_only", made.secret);
        let (harbor, elsewhere) = (organizations[0], organizations[3]);
        let door = Arc::new(Door::new());
        let router = tenure_api::router(ApiState::new(app.clone(), door.clone(), None, info()));
        let (stop, _) = watch::channel(false);
        Self { app, clock, door, harbor, elsewhere, router, tokens, stop, _directory: directory }
    }

    /// The same database behind a service that has just started.
    pub(crate) fn restart(&mut self) {
        let app = &self.app;
        let (entropy, secret) = (app.entropy.clone(), app.secret.clone());
        self.app = Arc::new(App::new(app.db.clone(), self.clock.clone(), entropy, secret));
        configure(&self.app, true);
        self.router = tenure_api::router(ApiState::new(self.app.clone(), self.door.clone(), None, info()));
    }

    /// Another node of the same service: the same database, another process.
    pub(crate) fn another_node(&self) -> Self {
        let (entropy, secret) = (Arc::new(SeededEntropy::new(2)), self.app.secret.clone());
        let app = Arc::new(App::new(self.app.db.clone(), self.clock.clone(), entropy, secret));
        configure(&app, true);
        let router = tenure_api::router(ApiState::new(app.clone(), self.door.clone(), None, info()));
        Self {
            app,
            clock: self.clock.clone(),
            door: self.door.clone(),
            harbor: self.harbor,
            elsewhere: self.elsewhere,
            router,
            tokens: self.tokens.clone(),
            stop: watch::channel(false).0,
            _directory: directory(),
        }
    }

    /// The same service, in which a caller may send so many requests a minute.
    pub(crate) fn limit(&mut self, per_minute: u32) {
        let state = ApiState::new(self.app.clone(), self.door.clone(), None, info());
        self.router = tenure_api::router(state.with_rate_limit(per_minute));
    }

    /// The same service, which only takes in who is invited.
    pub(crate) fn close_sign_up(&mut self) {
        let app = &self.app;
        let (entropy, secret) = (app.entropy.clone(), app.secret.clone());
        self.app = Arc::new(App::new(app.db.clone(), self.clock.clone(), entropy, secret));
        configure(&self.app, false);
        self.router = tenure_api::router(ApiState::new(self.app.clone(), self.door.clone(), None, info()));
    }

    /// The mails in the outbox, first to last.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        let mut tx = self.app.db.read().await.unwrap();
        let posted = outbox::all::<Mail>(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        posted.into_iter().map(|posted| posted.post).collect()
    }

    /// A mail of Harbor that the mail server has refused for good; its id.
    pub(crate) async fn failed_notice(&self) -> String {
        let now = self.app.clock.now();
        let mail = Mail {
            id: MailId::new(now, self.app.entropy.bits()),
            organization: Some(self.harbor),
            kind: "month_before".to_owned(),
            recipient: "bob@harbor.example".to_owned(),
            language: "en".to_owned(),
            subject: "3 sensors stop sending".to_owned(),
            text: "Which".to_owned(),
            html: Some("<p>Which</p>".to_owned()),
            attachment: None,
            unsubscribe: None,
            created_at: now,
        };
        let mut tx = self.app.db.begin().await.unwrap();
        outbox::insert(&mut tx, &mail).await.unwrap();
        outbox::lease::<Mail>(&mut tx, "worker", now, now.plus_seconds(60), 100).await.unwrap();
        let failed = (State::Failed, now);
        outbox::settle(&mut tx, "worker", mail.id, failed, now, "550 no such person").await.unwrap();
        tx.commit().await.unwrap();
        mail.id.to_string()
    }

    /// What an address holds by which Harbor's Administrator is told of expirations no more.
    pub(crate) async fn unsubscription(&self) -> String {
        let mut tx = self.app.db.read().await.unwrap();
        let user = users::by_email(&mut tx, "administrator@harbor.example").await.unwrap().unwrap();
        tx.roll_back().await.unwrap();
        let topic = Topic::Notification(Notification::LicenseExpiration);
        let address = self.app.unsubscribe_address(self.harbor, user.id, topic);
        address.rsplit_once('/').unwrap().1.to_owned()
    }

    /// What the link to this page holds behind its `#`, in the last mail that has one.
    pub(crate) async fn mailed_token(&self, page: &str) -> String {
        let (mails, link) = (self.mails().await, format!("/{page}#"));
        let (_, rest) = mails.iter().rev().find_map(|mail| mail.text.split_once(&link)).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The answers that are kept for those who ask again, as the database has them.
    pub(crate) async fn kept_answers(&self) -> Vec<Vec<u8>> {
        let mut tx = self.app.db.read().await.unwrap();
        let answers = tenure_store::idempotency::answers(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        answers
    }

    /// All that is in the service's trail, as one text.
    pub(crate) async fn service_trail(&self) -> String {
        let mut tx = self.app.db.read().await.unwrap();
        let entries = tenure_store::audit::of_service(&mut tx).await.unwrap();
        tx.roll_back().await.unwrap();
        entries.iter().map(|entry| format!("{} {}\n", entry.actor, entry.action)).collect()
    }

    /// The same service with another hot path, or with metrics.
    pub(crate) fn rebuild(&mut self, door: Arc<dyn GatewayDoor>, metrics: Option<PrometheusHandle>) {
        self.router = tenure_api::router(ApiState::new(self.app.clone(), door, metrics, info()));
    }

    /// The same service with the hot path itself, which knows covers by heart.
    pub(crate) async fn open_gate(&mut self) {
        self.open_limited_gate(None).await;
    }

    /// The same, in which a caller may send so many requests a minute.
    pub(crate) async fn open_limited_gate(&mut self, per_minute: Option<u32>) {
        let settings = Settings {
            address: ([127, 0, 0, 1], 0).into(),
            late_window_us: 7 * 86_400 * 1_000_000,
            refuse: Refuse::Acknowledge,
            forward: false,
        };
        let (ingest, _) = Ingest::start(self.app.clone(), settings, self.stop.subscribe()).await.unwrap();
        let state = ApiState::new(self.app.clone(), self.door.clone(), None, info());
        let state = state.with_covers(Arc::new(ingest));
        self.router = tenure_api::router(match per_minute {
            Some(per_minute) => state.with_rate_limit(per_minute),
            None => state,
        });
    }

    /// The same service with streams of events that go on.
    pub(crate) fn stream_until_dropped(&mut self) {
        self.stream_with_heartbeat(Duration::from_secs(15));
    }

    /// The same, which looks at permissions so often.
    pub(crate) fn stream_with_heartbeat(&mut self, heartbeat: Duration) {
        let mut streams = Streams::until(self.stop.subscribe());
        streams.heartbeat = heartbeat;
        let state = ApiState::new(self.app.clone(), self.door.clone(), None, info());
        self.router = tenure_api::router(state.with_streams(streams));
    }

    /// Tells the service to stop.
    pub(crate) fn stop(&self) {
        self.stop.send(true).unwrap();
    }

    /// The token of one of the callers.
    pub(crate) fn token(&self, name: &str) -> &str {
        &self.tokens[name]
    }

    /// The answer to a request, whose body has not been read.
    pub(crate) async fn answer(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// One of the callers.
    pub(crate) fn by<A: Actor>(&self, _: A) -> Client<'_> {
        self.by_name(A::NAME)
    }

    /// One of the callers, by the name of their token.
    pub(crate) fn by_name(&self, name: &str) -> Client<'_> {
        Client { world: self, token: self.tokens.get(name).map(String::as_str), cookie: None }
    }

    /// Somebody with this token.
    pub(crate) fn with_token<'a>(&'a self, token: &'a str) -> Client<'a> {
        Client { world: self, token: Some(token), cookie: None }
    }

    /// Somebody in a browser, with this cookie.
    pub(crate) fn with_cookie(&self, cookie: &str) -> Client<'_> {
        Client { world: self, token: None, cookie: Some(cookie.to_owned()) }
    }

    /// Makes a user with [`PASSWORD`].
    pub(crate) async fn user(&self, email: &str, organization: Option<&str>, role: Role) {
        let user = NewUser {
            email: email.to_owned(),
            organization: organization.map(str::to_owned),
            zone: "Europe/Warsaw".parse().unwrap(),
            role,
            password: Some(PASSWORD.to_owned()),
        };
        self.app.create_user(&self.app.ctx(By::CommandLine), user).await.unwrap();
    }

    /// Makes a user who cannot log in; returns their id.
    pub(crate) async fn user_without_password(&self, email: &str, organization: &str, role: Role) -> String {
        let user = NewUser {
            email: email.to_owned(),
            organization: Some(organization.to_owned()),
            zone: "Europe/Warsaw".parse().unwrap(),
            role,
            password: None,
        };
        self.app.create_user(&self.app.ctx(By::CommandLine), user).await.unwrap().id.to_string()
    }

    /// Logs a user in who has [`PASSWORD`].
    pub(crate) async fn log_in(&self, email: &str) -> Client<'_> {
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        let reply = self.by_name("nobody").post("/api/v1/sessions", &body).await;
        assert_eq!(reply.status, 201, "{reply}");
        self.with_cookie(&reply.cookie())
    }

    /// Sets the clock.
    pub(crate) fn at(&self, instant: &str) {
        self.clock.set(instant.parse::<Instant>().unwrap());
    }

    /// A code that nobody has redeemed.
    pub(crate) async fn code(&self, licenses: u32, term: &str) -> String {
        let order = Order { licenses, term: term.parse().unwrap(), order: None, redeem_by: None };
        self.app.issue_code(&self.app.ctx(By::CommandLine), order).await.unwrap().code.to_string()
    }

    /// A license key of Harbor.
    pub(crate) async fn key(&self, licenses: u32, term: &str) -> String {
        let code = self.code(licenses, term).await;
        let body = serde_json::json!({ "code": code });
        let reply = self.by(Administrator).post("…/activation-codes", &body).await;
        assert_eq!(reply.status, 201, "{reply}");
        reply.body["key"].as_str().unwrap().to_owned()
    }

    /// A sensor of Harbor, with the license that is next.
    pub(crate) async fn sensor(&self, serial: &str) -> String {
        let body = serde_json::json!({ "serial": serial });
        let reply = self.by(Administrator).post("…/sensors", &body).await;
        assert_eq!(reply.status, 201, "{reply}");
        reply.body["id"].as_str().unwrap().to_owned()
    }

    /// So many sensors of Harbor without licenses, as the database takes them; their ids in order.
    pub(crate) async fn sensors(&self, count: u32) -> Vec<String> {
        let sensor = |number: u32| NewSensor {
            id: SensorId::from_bits(u128::from(number) + 1),
            number: i64::from(number) + 1_000,
            organization: self.harbor,
            serial: Serial::from_number(u64::from(number)),
            name: format!("Sensor {}", number % 7),
            added_at: self.clock.now(),
            auto_renewal: true,
        };
        let rows: Vec<NewSensor> = (0..count).map(sensor).collect();
        let mut tx = self.app.db.begin().await.unwrap();
        tenure_store::sensors::insert(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
        rows.iter().map(|row| row.id.to_string()).collect()
    }

    /// Sends a request as it is. Whatever is answered, the document has to say it.
    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        let untold = untold(&method, &path, status, &headers, &body);
        assert_eq!(untold, None, "{method} {path}: {status}\n{body:#}");
        Reply { status, headers, body, bytes: bytes.to_vec() }
    }

    /// Sends a request, and hangs up when its answer begins.
    pub(crate) async fn hang_up(&self, request: Request<Body>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
    }

    /// A path in which `…` stands for Harbor.
    pub(crate) fn path(&self, path: &str) -> String {
        path.replace('…', &format!("/api/v1/organizations/{}", self.harbor))
    }
}

/// A caller.
pub(crate) struct Client<'world> {
    world: &'world World,
    token: Option<&'world str>,
    cookie: Option<String>,
}

impl Client<'_> {
    /// Their cookie, as a browser sends it.
    pub(crate) fn cookie(&self) -> String {
        self.cookie.clone().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    /// Asks with one more header.
    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Reply {
        let mut request = Request::get(self.world.path(path)).header(name, value);
        if let Some(token) = self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        self.world.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.call("PATCH", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// Sends this method; with a body, as JSON, but for a text, which is CSV.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        if let Some(Value::String(text)) = body {
            return self.call_raw(method, path, Some("text/csv"), Some(text.clone())).await;
        }
        self.call_raw(method, path, body.map(|_| "application/json"), body.map(Value::to_string)).await
    }

    /// Sends any text.
    pub(crate) async fn call_raw(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Option<String>,
    ) -> Reply {
        let headers: Vec<(&str, &str)> =
            content_type.map(|kind| ("Content-Type", kind)).into_iter().collect();
        self.call_with(method, path, &headers, body).await
    }

    /// Sends this key with it; a body is JSON.
    pub(crate) async fn keyed(&self, key: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let mut headers = vec![("Idempotency-Key", key)];
        if let Some(Value::String(text)) = body {
            headers.push(("Content-Type", "text/csv"));
            return self.call_with(method, path, &headers, Some(text.clone())).await;
        }
        headers.extend(body.map(|_| ("Content-Type", "application/json")));
        self.call_with(method, path, &headers, body.map(Value::to_string)).await
    }

    /// Sends these headers with it.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(self.world.path(path));
        if let Some(token) = self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie).header("Sec-Fetch-Site", "same-origin");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, Body::from);
        self.world.send(request.body(body).unwrap()).await
    }
}

/// An answer. It is written as its status and its body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    /// A header's text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie that it sets, as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// The status and the problem's code.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    /// The ids of a list.
    pub(crate) fn ids(&self) -> Vec<String> {
        let items = self.body["items"].as_array().unwrap_or_else(|| panic!("no list: {self}"));
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{:#}", self.status, self.body)
    }
}
