//! Whom a message is from, and what they hear of it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use tenure_domain::Instant;
use tenure_wire::coap::{Code, Endpoint, Exchange, Layer, Limits, Received, Response};
use tenure_wire::configuration::Downlink;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;

use super::BURST;
use crate::{GatewayOutcome, Refuse};

/// What a sensor hears after how many seconds it may try again: when the database is away, and when it is refused.
const RETRY_SECONDS: u32 = 60;
const HOLD_SECONDS: u32 = 3_600;

/// Whom to answer.
#[derive(Clone)]
pub(super) enum Asker {
    Sensor(Exchange),
    /// A post, and the handle of the message in it.
    Gateway(Rc<RefCell<Post>>, i64),
}

/// What became of a message.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// Durable, and the answer may ask the sensor for something.
    Saved {
        greet: bool,
    },
    Refused,
    Unavailable,
}

/// A gateway's post that waits for its entries.
pub(super) struct Post {
    accepted: Vec<i64>,
    refused: Vec<i64>,
    unavailable: bool,
    answer: Option<oneshot::Sender<GatewayOutcome>>,
}

impl Post {
    pub(super) fn new(answer: oneshot::Sender<GatewayOutcome>) -> Rc<RefCell<Self>> {
        let post =
            Self { accepted: Vec::new(), refused: Vec::new(), unavailable: false, answer: Some(answer) };
        Rc::new(RefCell::new(post))
    }
}

impl Drop for Post {
    /// The last entry has been answered.
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            let (accepted, refused) = (std::mem::take(&mut self.accepted), std::mem::take(&mut self.refused));
            let done = GatewayOutcome::Done { accepted, refused };
            // A gateway that has hung up sends again.
            let _ = answer.send(if self.unavailable { GatewayOutcome::Unavailable } else { done });
        }
    }
}

/// What a sensor asks for.
pub(super) struct Request<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) payload: &'a [u8],
    pub(super) exchange: Exchange,
}

/// The CoAP layer, and the answers that are to be sent.
pub(super) struct Answers {
    refuse: Refuse,
    layer: Layer,
    outbox: Vec<(SocketAddr, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
}

impl Answers {
    pub(super) fn new(refuse: Refuse) -> Self {
        Self { refuse, layer: Layer::new(Limits::default()), outbox: Vec::new(), spare: Vec::new() }
    }

    /// What a datagram asks for; nothing when the layer answers it by itself, or lets it fall.
    pub(super) fn request<'a>(
        &'a mut self,
        now: Instant,
        peer: SocketAddr,
        datagram: &'a [u8],
    ) -> Option<Request<'a>> {
        let mut out = self.spare.pop().unwrap_or_default();
        match self.layer.receive(now, peer, datagram, &mut out) {
            Received::Nothing => {
                self.spare.push(out);
                None
            }
            Received::Reply => {
                self.outbox.push((peer, out));
                None
            }
            Received::Request { endpoint, payload, exchange } => {
                self.spare.push(out);
                Some(Request { endpoint, payload, exchange })
            }
        }
    }

    /// Answers what became of a message.
    pub(super) fn outcome(&mut self, now: Instant, asker: &Asker, outcome: Outcome) {
        let exchange = match asker {
            Asker::Gateway(post, handle) => {
                let mut post = post.borrow_mut();
                match outcome {
                    Outcome::Saved { .. } => post.accepted.push(*handle),
                    Outcome::Refused => post.refused.push(*handle),
                    Outcome::Unavailable => post.unavailable = true,
                }
                return;
            }
            Asker::Sensor(exchange) => *exchange,
        };
        let unavailable =
            |seconds| Response { code: Code::SERVICE_UNAVAILABLE, max_age: Some(seconds), payload: &[] };
        match (outcome, self.refuse) {
            (Outcome::Saved { greet: true }, _) => {
                let ask = Downlink {
                    current_time: Some(now),
                    device_info_request: true,
                    configuration_request: false,
                };
                let payload = ask.encode();
                self.respond(
                    now,
                    exchange,
                    Response { code: Code::CREATED, max_age: None, payload: &payload },
                );
            }
            (Outcome::Saved { greet: false }, _) | (Outcome::Refused, Refuse::Acknowledge) => {
                self.respond(now, exchange, Response::of(Code::CREATED));
            }
            (Outcome::Refused, Refuse::Hold) => self.respond(now, exchange, unavailable(HOLD_SECONDS)),
            (Outcome::Unavailable, _) => self.respond(now, exchange, unavailable(RETRY_SECONDS)),
        }
    }

    /// Answers who is not known, or does not say the right token.
    pub(super) fn stranger(&mut self, now: Instant, asker: &Asker, code: Code) {
        match asker {
            Asker::Sensor(exchange) => self.respond(now, *exchange, Response::of(code)),
            Asker::Gateway(..) => self.outcome(now, asker, Outcome::Refused),
        }
    }

    /// Writes an answer, which is sent by [`Self::send`].
    pub(super) fn respond(&mut self, now: Instant, exchange: Exchange, response: Response<'_>) {
        let mut out = self.spare.pop().unwrap_or_default();
        if self.layer.respond(now, exchange, response, &mut out) {
            self.outbox.push((exchange.peer(), out));
        } else {
            self.spare.push(out);
        }
    }

    /// Sends what is written. What the socket does not take is lost, as on any network: the sensor asks again, and is
    /// answered from memory.
    pub(super) fn send(&mut self, socket: &UdpSocket) {
        for (peer, datagram) in self.outbox.drain(..) {
            if let Err(error) = socket.try_send_to(&datagram, peer) {
                tracing::debug!(%error, %peer, "an answer was not sent");
            }
            self.spare.push(datagram);
        }
        self.spare.truncate(BURST);
    }
}
