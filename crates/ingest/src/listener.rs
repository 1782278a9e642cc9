//! The thread that owns the gate and the socket.

mod answers;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tenure_app::judge_alerts::Observed;
use tenure_app::{Actor, App, Ctx};
use tenure_domain::alert::Kept;
use tenure_domain::gate::Verdict;
use tenure_domain::measurement::Uplink;
use tenure_domain::{Instant, OrganizationId, Serial};
use tenure_store::device::Document;
use tenure_store::forwards::NewForward;
use tenure_store::messages::{self, Fate, NewMessage, Status};
use tenure_wire::coap::{Code, Endpoint, Exchange, Response};
use tenure_wire::configuration::{Configuration, Part};
use tenure_wire::device_info::DeviceInfo;
use tenure_wire::gateway::Entry;
use tenure_wire::{measurements, time};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch as stop};

use crate::commit::{Batch, NewDocument, Work};
use crate::gate::{Decision, Gate};
use crate::{Control, GatewayOutcome, Settings};
use answers::{Answers, Asker, Outcome, Post, Request};

/// Datagrams that are read before the thread looks up again.
const BURST: usize = 512;
/// Messages that may wait for their commit. Beyond it datagrams stay in the socket, and then get lost: their sensors
/// send them again.
const MOST_WAITING: usize = 65_536;
/// Messages that may wait for their organization to be settled; those beyond hear 5.03.
const MOST_PARKED: usize = 65_536;
/// How often a message waits for settling. Once suffices, but for a clock that is moved at that moment.
const MOST_SETTLINGS: u8 = 3;

/// Opens the socket, with as much room for waiting datagrams as the system gives.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM, None)?;
    // A smaller buffer than asked for is no error.
    socket.set_recv_buffer_size(8 << 20)?;
    socket.set_send_buffer_size(4 << 20)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Runs a listener on this thread until it is stopped and all is answered.
pub(crate) fn run(
    mut listener: Listener,
    socket: std::net::UdpSocket,
    inbox: mpsc::UnboundedReceiver<Control>,
    stop: stop::Receiver<bool>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let served = runtime.and_then(|runtime| runtime.block_on(listener.serve(socket, inbox, stop)));
    if let Err(error) = served {
        tracing::error!(%error, "the CoAP listener has ended");
    }
}

/// A message in a batch.
struct Waiting {
    asker: Asker,
    outcome: Outcome,
    /// The sensor and the message's fingerprint, to know a resend by.
    saved: Option<(Serial, u64)>,
}

/// A message whose organization is being settled.
struct Parked {
    uplink: Uplink,
    arrived: Instant,
    asker: Asker,
    settlings: u8,
}

#[derive(Default)]
struct Counts {
    saved: u64,
    refused: u64,
    resent: u64,
    unknown: u64,
    malformed: u64,
}

pub(crate) struct Listener {
    app: Arc<App>,
    main: tokio::runtime::Handle,
    settings: Settings,
    gate: Gate,
    answers: Answers,
    control: mpsc::UnboundedSender<Control>,
    batches: mpsc::UnboundedSender<Work>,
    next_number: i64,
    batch: Batch,
    waiting: Vec<Waiting>,
    committing: Option<Vec<Waiting>>,
    parked: HashMap<OrganizationId, Vec<Parked>>,
    counts: Counts,
}

impl Listener {
    pub(crate) fn new(
        app: Arc<App>,
        main: tokio::runtime::Handle,
        settings: Settings,
        gate: Gate,
        control: mpsc::UnboundedSender<Control>,
        batches: mpsc::UnboundedSender<Work>,
        first_number: i64,
    ) -> Self {
        Self {
            app,
            main,
            answers: Answers::new(settings.refuse),
            settings,
            gate,
            control,
            batches,
            next_number: first_number,
            batch: Batch::default(),
            waiting: Vec::new(),
            committing: None,
            parked: HashMap::new(),
            counts: Counts::default(),
        }
    }

    async fn serve(
        &mut self,
        socket: std::net::UdpSocket,
        mut inbox: mpsc::UnboundedReceiver<Control>,
        mut stop: stop::Receiver<bool>,
    ) -> io::Result<()> {
        let socket = UdpSocket::from_std(socket)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            tokio::select! {
                biased;
                // First, for under load the others are always ready.
                _ = stop.wait_for(|stop| *stop) => break,
                Some(control) = inbox.recv() => self.hear(control),
                ready = socket.readable(), if self.waiting.len() < MOST_WAITING => {
                    ready?;
                    self.receive(&socket, &mut inbox, &mut buffer);
                }
            }
            self.submit();
            self.answers.send(&socket);
        }
        // What has been heard is still committed and answered.
        self.submit();
        while self.committing.is_some() {
            let Some(control) = inbox.recv().await else { break };
            self.hear(control);
            self.submit();
        }
        self.answers.send(&socket);
        Ok(())
    }

    /// Reads what has arrived. Before each datagram, what others have told is taken in: a cover that was changed
    /// before a message was sent decides about that message.
    fn receive(
        &mut self,
        socket: &UdpSocket,
        inbox: &mut mpsc::UnboundedReceiver<Control>,
        buffer: &mut [u8],
    ) {
        for _ in 0..BURST {
            let Ok((length, peer)) = socket.try_recv_from(buffer) else { break };
            while let Ok(control) = inbox.try_recv() {
                self.hear(control);
            }
            if let Some(datagram) = buffer.get(..length) {
                self.datagram(datagram, peer);
            }
        }
    }

    fn datagram(&mut self, datagram: &[u8], peer: SocketAddr) {
        let now = self.app.clock.now();
        let Some(Request { endpoint, payload, exchange }) = self.answers.request(now, peer, datagram) else {
            return;
        };
        let asker = Asker::Sensor(exchange);
        match endpoint {
            Endpoint::Measurements => match measurements::decode(payload) {
                Ok(uplink) => self.judge(Parked { uplink, arrived: now, asker, settlings: 0 }),
                Err(error) => self.malformed(exchange, &error),
            },
            Endpoint::DeviceInfo => match DeviceInfo::decode(payload) {
                Ok(info) => {
                    let token = info.device_token().map(str::to_owned);
                    let document = (Document::Info, info.to_json(), false);
                    self.document(info.serial, token.as_deref(), document, now, exchange);
                }
                Err(error) => self.malformed(exchange, &error),
            },
            Endpoint::Configuration => match Configuration::decode(payload) {
                Ok(configuration) => {
                    let adds = match configuration.part() {
                        Part::Whole | Part::Part { index: 0 | 1 } | Part::Last { count: 0 | 1 } => false,
                        Part::Part { .. } | Part::Last { .. } => true,
                    };
                    let token = configuration.device_token().map(str::to_owned);
                    let document = (Document::Configuration, configuration.to_json(), adds);
                    self.document(configuration.serial, token.as_deref(), document, now, exchange);
                }
                Err(error) => self.malformed(exchange, &error),
            },
            Endpoint::Time => {
                let payload = time::answer(now);
                let response = Response { code: Code::CONTENT, max_age: None, payload: &payload };
                self.answers.respond(now, exchange, response);
            }
        }
    }

    /// Judges a message at the instant at which it arrived, and puts what is kept of it into the batch.
    fn judge(&mut self, message: Parked) {
        let token = message.uplink.device_token.as_deref();
        let window = self.settings.late_window_us;
        match self.gate.decide(message.uplink.serial, token, message.arrived, window) {
            Decision::Unknown => {
                self.counts.unknown += 1;
                self.stranger(&message.asker, Code::NOT_FOUND);
            }
            Decision::WrongToken => self.stranger(&message.asker, Code::UNAUTHORIZED),
            Decision::SettleFirst(organization) => self.park(organization, message),
            Decision::Judged { number, verdict, watched } => {
                let Parked { uplink, arrived, asker, .. } = message;
                self.keep(number, verdict, watched, uplink, arrived, asker);
            }
        }
    }

    fn keep(
        &mut self,
        number: i64,
        verdict: Verdict,
        watched: Option<OrganizationId>,
        mut uplink: Uplink,
        arrived: Instant,
        asker: Asker,
    ) {
        if verdict != Verdict::SaveAll {
            for channel in &mut uplink.channels {
                channel.samples.retain(|sample| verdict.saves(sample.at));
            }
            uplink.channels.retain(|channel| !channel.samples.is_empty());
        }
        let fate = match verdict {
            Verdict::SaveAll => Fate::Saved,
            Verdict::SaveBefore(_) if !uplink.channels.is_empty() => Fate::SavedLate,
            Verdict::SaveBefore(_) | Verdict::Refuse => Fate::Refused,
        };
        let mut body = Vec::with_capacity(64);
        let samples = messages::body(&Status::of(&uplink), fate, &uplink.channels, &mut body);
        let (mut saved, mut outcome) = (None, Outcome::Refused);
        if fate != Fate::Refused {
            outcome = Outcome::Saved { greet: uplink.transfer_reason.after_reset() };
            if !uplink.channels.is_empty() {
                let fingerprint = self.gate.fingerprint(body.get(samples..).unwrap_or_default());
                if self.gate.is_resend(uplink.serial, fingerprint) {
                    self.counts.resent += 1;
                    return self.answer(&asker, outcome);
                }
                saved = Some((uplink.serial, fingerprint));
            }
        }
        match fate {
            Fate::Refused => self.counts.refused += 1,
            Fate::Saved | Fate::SavedLate => self.counts.saved += 1,
        }
        if self.settings.forward && fate != Fate::Refused {
            self.batch.forwards.push(NewForward {
                number: self.next_number,
                sensor: number,
                serial: uplink.serial,
                arrived,
                body: body.clone(),
            });
        }
        let message = NewMessage {
            number: self.next_number,
            sensor: number,
            arrived,
            saved: fate != Fate::Refused,
            body,
        };
        self.next_number += 1;
        self.batch.messages.push(message);
        if let Some(organization) = watched {
            let kept = match fate {
                Fate::Saved => Kept::All,
                Fate::SavedLate => Kept::Late,
                Fate::Refused => Kept::Nothing,
            };
            let (low_battery, channels) = (uplink.battery.low, uplink.channels);
            let observed = Observed { organization, sensor: number, arrived, kept, low_battery, channels };
            self.batch.observed.push(observed);
        }
        self.waiting.push(Waiting { asker, outcome, saved });
    }

    /// Keeps a message until its organization is settled.
    fn park(&mut self, organization: OrganizationId, mut message: Parked) {
        message.settlings += 1;
        let parked = self.parked.entry(organization).or_default();
        if message.settlings > MOST_SETTLINGS || parked.len() >= MOST_PARKED {
            return self.answer(&message.asker, Outcome::Unavailable);
        }
        let arrived = message.arrived;
        parked.push(message);
        if parked.len() > 1 {
            return;
        }
        let (app, control) = (Arc::clone(&self.app), self.control.clone());
        self.main.spawn(async move {
            let ctx = Ctx::new(app.clock.now().max(arrived), Actor::Service);
            let settled = app.settle(&ctx, organization).await;
            if let Err(error) = &settled {
                tracing::warn!(%error, "could not settle for a message that has arrived; its sensor is told");
            }
            let _ = control.send(Control::Settled { organization, done: settled.is_ok() });
        });
    }

    fn document(
        &mut self,
        serial: Serial,
        token: Option<&str>,
        (kind, json, adds): (Document, serde_json::Value, bool),
        received: Instant,
        exchange: Exchange,
    ) {
        // The gate is asked who it is; whether it is covered does not matter for what a sensor tells of itself.
        match self.gate.identify(serial, token) {
            Ok(sensor) => {
                self.batch.documents.push(NewDocument { sensor, kind, received, json, adds });
                let outcome = Outcome::Saved { greet: false };
                self.waiting.push(Waiting { asker: Asker::Sensor(exchange), outcome, saved: None });
            }
            Err(Decision::WrongToken) => self.stranger(&Asker::Sensor(exchange), Code::UNAUTHORIZED),
            Err(_) => {
                self.counts.unknown += 1;
                self.stranger(&Asker::Sensor(exchange), Code::NOT_FOUND);
            }
        }
    }

    /// Takes in what others tell.
    fn hear(&mut self, control: Control) {
        match control {
            Control::Covers { organization, rev, changes } => {
                for change in &changes {
                    self.gate.set_cover(organization, rev, change);
                }
            }
            Control::Organization { organization, device_token } => {
                self.gate.set_organization(organization, device_token);
            }
            Control::AlertRules { organization, rev, rules } => {
                if self.gate.set_alert_rules(organization, rev, &rules) {
                    // When the task is gone, so are the batches.
                    let _ = self.batches.send(Work::AlertRules(organization, rules));
                }
            }
            Control::Settled { organization, done } => {
                for message in self.parked.remove(&organization).unwrap_or_default() {
                    if done {
                        self.judge(message);
                    } else {
                        self.answer(&message.asker, Outcome::Unavailable);
                    }
                }
            }
            Control::Gateway { token, entries, now, answer } => {
                self.gateway(token.as_deref(), entries, now, answer);
            }
            Control::CoversAsked { serials, now, answer } => {
                // Whoever has asked may be gone.
                let _ = answer.send(serials.iter().map(|serial| self.gate.tell(*serial, now)).collect());
            }
            Control::Committed { durable } => {
                for Waiting { asker, outcome, saved } in self.committing.take().unwrap_or_default() {
                    if !durable {
                        self.answer(&asker, Outcome::Unavailable);
                        continue;
                    }
                    if let Some((serial, fingerprint)) = saved {
                        self.gate.saved(serial, fingerprint);
                    }
                    self.answer(&asker, outcome);
                }
            }
        }
    }

    fn gateway(
        &mut self,
        token: Option<&str>,
        entries: Vec<Entry>,
        now: Instant,
        answer: oneshot::Sender<GatewayOutcome>,
    ) {
        // A post is refused whole before anything of it is kept.
        let refused =
            |entry: &Entry| self.gate.identify(entry.uplink.serial, token) == Err(Decision::WrongToken);
        if entries.iter().any(refused) {
            // A gateway that has hung up sends again.
            let _ = answer.send(GatewayOutcome::WrongToken);
            return;
        }
        let post = Post::new(answer);
        for Entry { response_handle, mut uplink } in entries {
            uplink.device_token = token.map(str::to_owned);
            let asker = Asker::Gateway(Rc::clone(&post), response_handle);
            self.judge(Parked { uplink, arrived: now, asker, settlings: 0 });
        }
    }

    /// Hands the batch over to be committed, unless one is under way.
    fn submit(&mut self) {
        if self.committing.is_some() || self.waiting.is_empty() {
            return;
        }
        self.committing = Some(std::mem::take(&mut self.waiting));
        if self.batches.send(Work::Commit(std::mem::take(&mut self.batch))).is_err() {
            self.hear(Control::Committed { durable: false });
        }
        let Counts { saved, refused, resent, unknown, malformed } = std::mem::take(&mut self.counts);
        for (fate, count) in [
            ("saved", saved),
            ("refused", refused),
            ("resent", resent),
            ("unknown", unknown),
            ("malformed", malformed),
        ] {
            metrics::counter!("tenure_messages_total", "fate" => fate).increment(count);
        }
    }

    fn malformed(&mut self, exchange: Exchange, error: &dyn std::fmt::Display) {
        self.counts.malformed += 1;
        tracing::debug!(%error, peer = %exchange.peer(), "a message cannot be read");
        self.answers.respond(self.app.clock.now(), exchange, Response::of(Code::BAD_REQUEST));
    }

    fn answer(&mut self, asker: &Asker, outcome: Outcome) {
        self.answers.outcome(self.app.clock.now(), asker, outcome);
    }

    /// Answers who is not known, or does not say the right token.
    fn stranger(&mut self, asker: &Asker, code: Code) {
        self.answers.stranger(self.app.clock.now(), asker, code);
    }
}
