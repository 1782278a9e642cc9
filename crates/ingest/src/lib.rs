//! The hot path: the gate in memory, batches with group commit, the CoAP listener.
//!
//! One thread owns the gate and the socket, so nothing on the way of a message takes a lock. It decodes and judges
//! each message as it arrives; a second task commits batch after batch; a message is acknowledged when its batch is
//! durable.

mod commit;
pub mod gate;
mod listener;
mod watch;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tenure_app::rows::RuleInForce;
use tenure_app::{App, CoverChange, CoverListener};
use tenure_domain::{Instant, OrganizationId, Serial};
use tenure_store::StoreError;
use tenure_wire::gateway::Entry;
use tokio::sync::{mpsc, oneshot, watch as stop};

pub use gate::Told;

/// How the hot path behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where CoAP is heard.
    pub address: SocketAddr,
    /// How long after the end of its cover a sensor may deliver what it measured before, in microseconds (R24).
    pub late_window_us: i64,
    /// What refused sensors hear (R26).
    pub refuse: Refuse,
    /// Whether what is saved is handed on to another system as well.
    pub forward: bool,
}

/// What a sensor hears whose message is refused (R26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refuse {
    /// 2.01, as if it were saved: it does not resend, and its battery lives.
    #[default]
    Acknowledge,
    /// 5.03: it keeps its samples, and delivers them after renewal.
    Hold,
}

/// What became of a gateway's post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayOutcome {
    /// It is durable. The handles of what was saved, and of what was not.
    Done {
        /// Saved.
        accepted: Vec<i64>,
        /// Refused, or of sensors that are not known.
        refused: Vec<i64>,
    },
    /// The token is not the one of a sensor's organization; nothing was saved.
    WrongToken,
    /// The database is away; nothing was saved for sure, so it must be sent again.
    Unavailable,
}

/// A running hot path.
#[derive(Clone)]
pub struct Ingest {
    control: mpsc::UnboundedSender<Control>,
    published: Arc<Mutex<Vec<(OrganizationId, i64)>>>,
    address: SocketAddr,
}

/// What others tell the thread that owns the gate.
enum Control {
    /// Covers have changed.
    Covers { organization: OrganizationId, rev: i64, changes: Vec<CoverChange> },
    /// An organization is new, or its device token has changed.
    Organization { organization: OrganizationId, device_token: Option<String> },
    /// The alert rules of an organization that are switched on.
    AlertRules { organization: OrganizationId, rev: i64, rules: Vec<RuleInForce> },
    /// An organization was settled because a message asked for it, and so were its covers told before this.
    Settled { organization: OrganizationId, done: bool },
    /// A gateway has posted.
    Gateway {
        token: Option<String>,
        entries: Vec<Entry>,
        now: Instant,
        answer: oneshot::Sender<GatewayOutcome>,
    },
    /// A batch was committed, or was not.
    Committed { durable: bool },
    /// Somebody asks for the covers of these serial numbers at an instant.
    CoversAsked { serials: Vec<Serial>, now: Instant, answer: oneshot::Sender<Vec<Told>> },
}

/// The hot path cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The socket cannot be opened.
    #[error("cannot listen for CoAP on {0}: {1}")]
    Socket(SocketAddr, std::io::Error),
    /// The gate cannot be loaded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread cannot be started.
    #[error("cannot start the hot path's thread: {0}")]
    Thread(std::io::Error),
}

impl Ingest {
    /// Loads the gate, opens the socket, and runs until `stop` is told. The returned handle ends when all is
    /// committed.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the socket is taken or the database is away.
    pub async fn start(
        app: Arc<App>,
        settings: Settings,
        stop: stop::Receiver<bool>,
    ) -> Result<(Self, tokio::task::JoinHandle<()>), StartError> {
        let socket =
            listener::bind(settings.address).map_err(|error| StartError::Socket(settings.address, error))?;
        let address = socket.local_addr().map_err(|error| StartError::Socket(settings.address, error))?;
        let (control, inbox) = mpsc::unbounded_channel();
        let ingest = Self { control, published: Arc::default(), address };
        app.set_cover_listener(Arc::new(ingest.clone()));

        let mut watcher = watch::Watcher::new(app.clone(), ingest.clone());
        let (gate, rules) = watcher.load().await?;
        tokio::spawn(watcher.run(stop.clone()));

        let first_number = app.db.take_numbers(tenure_store::counters::Counter::IngestEpoch, 1).await? << 36;
        let (batches, committer) = commit::start(app.clone(), rules, ingest.control.clone());
        let (main, thread_control) = (tokio::runtime::Handle::current(), ingest.control.clone());
        let (ended, end) = oneshot::channel();
        std::thread::Builder::new()
            .name("ingest".to_owned())
            .spawn(move || {
                let listener =
                    listener::Listener::new(app, main, settings, gate, thread_control, batches, first_number);
                listener::run(listener, socket, inbox, stop);
                let _ = ended.send(());
            })
            .map_err(StartError::Thread)?;
        let done = tokio::spawn(async move {
            let _ = end.await;
            let _ = committer.await;
        });
        Ok((ingest, done))
    }

    /// Where CoAP is heard.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Judges and keeps what a gateway has posted; returns when it is durable.
    pub async fn deliver(&self, token: Option<String>, entries: Vec<Entry>, now: Instant) -> GatewayOutcome {
        let (answer, outcome) = oneshot::channel();
        if self.control.send(Control::Gateway { token, entries, now, answer }).is_err() {
            return GatewayOutcome::Unavailable;
        }
        outcome.await.unwrap_or(GatewayOutcome::Unavailable)
    }

    /// What the gate knows of these serial numbers at `now`, in their order; nothing when the service is stopping.
    ///
    /// What was committed in this process before counts already.
    pub async fn covers(&self, serials: Vec<Serial>, now: Instant) -> Option<Vec<Told>> {
        let (answer, told) = oneshot::channel();
        self.control.send(Control::CoversAsked { serials, now, answer }).ok()?;
        told.await.ok()
    }
}

impl CoverListener for Ingest {
    fn covers_changed(&self, organization: OrganizationId, rev: i64, changes: &[CoverChange]) {
        // The thread is gone when the service stops; there is no gate to tell any more.
        let _ = self.control.send(Control::Covers { organization, rev, changes: changes.to_vec() });
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push((organization, rev));
    }

    fn device_token_changed(&self, organization: OrganizationId, token: Option<&str>) {
        let _ =
            self.control.send(Control::Organization { organization, device_token: token.map(str::to_owned) });
    }

    fn alert_rules_changed(&self, organization: OrganizationId, rev: i64, rules: Vec<RuleInForce>) {
        let _ = self.control.send(Control::AlertRules { organization, rev, rules });
    }
}
