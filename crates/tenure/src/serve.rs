//! `tenure serve`: the service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tenure_app::{App, Clock, ManualClock, OsEntropy, SystemClock};
use tenure_domain::Instant;
use tenure_ingest::{Ingest, Settings};
use tenure_store::Db;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::watch;

use crate::cli::Serve;
use crate::config::Config;
use crate::{Failure, output};

/// How long a task may take to end. The mail in hand is finished meanwhile; one that takes longer is sent again by
/// whoever comes next.
const ENDED_WITHIN: Duration = Duration::from_secs(60);

/// A running service.
pub struct Service {
    /// The use cases.
    pub app: Arc<App>,
    /// Where HTTP is heard.
    pub http: SocketAddr,
    /// Where CoAP is heard.
    pub coap: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Writes the log to standard error; `RUST_LOG` chooses what.
pub fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    // A second call, as the demo's, changes nothing.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// Runs the service until it is told to stop.
pub async fn serve(config: Config, options: Serve) -> Result<(), Failure> {
    start_log();
    let manual = options.trial_clock.map(|instant| Arc::new(ManualClock::at(instant)));
    let clock: Arc<dyn Clock> = match &manual {
        Some(clock) => clock.clone(),
        None => Arc::new(SystemClock),
    };
    let db = Db::open(&config.database_url).await?;
    db.migrate().await?;
    let app = Arc::new(App::new(db, clock, Arc::new(OsEntropy), config.secret()?));
    let service = Service::start(app, &config, None).await?;
    output::line(&format!("Tenure listens on http://{} and coap://{}", service.http, service.coap));
    if config.smtp_url.is_none() {
        output::line(&format!(
            "There is no mail server: mail is put into {}",
            config.mail_folder().display()
        ));
    }
    if let Some(clock) = manual {
        tokio::spawn(follow_standard_input(clock));
    }
    service.until_stopped().await;
    Ok(())
}

/// Moves the trial clock to each instant that is written on standard input, and says so.
async fn follow_standard_input(clock: Arc<ManualClock>) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.trim().parse::<Instant>() {
            Ok(instant) => {
                clock.set(instant);
                output::line(&format!("The clock stands at {instant}"));
            }
            Err(error) => output::error("usage", &error.to_string()),
        }
    }
}

impl Service {
    /// Starts everything. `tick` is how often the scheduler looks at a clock that runs fast.
    pub async fn start(app: Arc<App>, config: &Config, tick: Option<Duration>) -> Result<Self, Failure> {
        let templates = config.templates()?;
        let (stop, stopped) = watch::channel(false);
        // What an outage missed is done before anybody is heard (R17).
        app.settle_due().await?;
        let forward = config.forward_target()?;
        let settings = Settings {
            address: config.coap_address,
            late_window_us: config.late_window_us()?,
            refuse: config.refuse(),
            forward: forward.is_some(),
        };
        let metrics = PrometheusBuilder::new().install_recorder().ok();
        let started = Ingest::start(app.clone(), settings, stopped.clone()).await;
        let (ingest, ingesting) = started.map_err(|error| Failure::Failed(error.to_string()))?;
        let coap = ingest.address();

        let listener = tokio::net::TcpListener::bind(config.http_address).await.map_err(|error| {
            Failure::Failed(format!("cannot listen for HTTP on {}: {error}", config.http_address))
        })?;
        let http = listener.local_addr()?;
        let info = config.service_info(http, coap);
        app.configure(tenure_app::Settings {
            public_url: info.public_url.clone().unwrap_or_else(|| info.http_address.clone()),
            sign_up_open: info.sign_up_open,
            // Days of a demo may last seconds, people's hours do not.
            templates,
            people_clock: tick.map(|_| -> Arc<dyn Clock> { Arc::new(SystemClock) }),
            forward_to: forward.as_ref().map(|target| target.shown().to_owned()),
        });
        app.set_webhook_caller(config.webhook_caller()?);
        let mailer = config.mailer(&info)?;
        let ingest = Arc::new(ingest);
        let mut state = tenure_api::ApiState::new(app.clone(), ingest.clone(), metrics, info)
            .with_covers(ingest)
            .with_streams(tenure_api::Streams::until(stopped.clone()));
        if config.rate_limit > 0 {
            state = state.with_rate_limit(config.rate_limit);
        }
        let router = tenure_api::router(state);
        let mut told = stopped.clone();
        let serving = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let until = async move {
                // An error is a sender that is gone: stop as well.
                let _ = told.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(until).await {
                tracing::error!(%error, "HTTP has ended");
            }
        });
        let mailing = {
            let (app, stopped) = (app.clone(), stopped.clone());
            tokio::spawn(async move { app.run_mail(mailer.as_ref(), stopped).await })
        };
        let calling = tokio::spawn(app.clone().run_webhooks(stopped.clone()));
        let scheduling = {
            let (app, stopped) = (app.clone(), stopped.clone());
            tokio::spawn(async move { app.run_scheduler(tick, stopped).await })
        };
        let mut tasks = vec![serving, ingesting, mailing, calling, scheduling];
        if let Some(target) = forward {
            let forwarder =
                app.forwarder(&target).map_err(|error| Failure::Failed(format!("forward_url: {error}")))?;
            let app = app.clone();
            tasks.push(tokio::spawn(async move { app.run_forwarding(forwarder, stopped).await }));
        }
        Ok(Self { app, http, coap, stop, tasks })
    }

    /// Waits for the signal to stop, and then for everything to be done.
    pub async fn until_stopped(self) {
        wait_for_signal().await;
        tracing::info!("stopping");
        let _ = self.stop.send(true);
        for task in self.tasks {
            // A task that has panicked has said so itself.
            let _ = tokio::time::timeout(ENDED_WITHIN, task).await;
        }
        self.app.db.close().await;
    }
}

async fn wait_for_signal() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
