//! The message layer of a server: who said what before, and what is to be answered.

use std::net::SocketAddr;

use tenure_domain::Instant;

use super::blockwise::{MAX_BODY, Outcome, Transfer};
use super::bounded::Bounded;
use super::duplicates::{Recent, Seen};
use super::message::Encoder;
use super::request::{self, Request};
use super::{Block, Code, EXCHANGE_LIFETIME_SECONDS, Endpoint, Malformed, Message, Token, Type};
use crate::time::seconds;

/// How much a layer remembers.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Peers whose last messages are remembered. A busy peer costs about 600 bytes, a quiet one 110.
    pub peers: usize,
    /// Bodies that are being received in blocks, of at most 16 KiB each. A peer has at most one per end point.
    pub transfers: usize,
    /// Critical options that are skipped and not refused. A sensor can be told to put its token, its signature or
    /// its modem's identity into an option of any number, and odd numbers are critical.
    pub also_understood: Vec<u16>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { peers: 1_000_000, transfers: 1_024, also_understood: Vec::new() }
    }
}

/// What a datagram asks for.
#[derive(Debug)]
pub enum Received<'a> {
    /// Nothing: it is no message, a duplicate, or nothing that is answered.
    Nothing,
    /// The answer is written; send it back.
    Reply,
    /// A request, to be answered by [`Layer::respond`].
    Request {
        /// Where it was sent to.
        endpoint: Endpoint,
        /// Its whole body.
        payload: &'a [u8],
        /// What the answer needs.
        exchange: Exchange,
    },
}

/// A request that waits for its response. It holds all that is needed to answer, even when the layer has forgotten
/// the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    peer: SocketAddr,
    endpoint: Endpoint,
    id: u16,
    token: Token,
    confirmable: bool,
    block: Option<Block>,
}

impl Exchange {
    /// Where the request came from and the answer goes to.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the sensor waits for an answer.
    #[must_use]
    pub const fn is_confirmable(&self) -> bool {
        self.confirmable
    }
}

/// What a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Its code.
    pub code: Code,
    /// Seconds after which a client may try again (5.03, RFC 7252 §5.9.3.4).
    pub max_age: Option<u32>,
    /// Its body; empty for none. Keep it below 1,024 bytes: answers are not cut into blocks.
    pub payload: &'a [u8],
}

impl Response<'static> {
    /// A response without a body.
    #[must_use]
    pub const fn of(code: Code) -> Self {
        Self { code, max_age: None, payload: &[] }
    }
}

/// The message layer of one socket.
///
/// Confirmable requests are answered in the acknowledgement. Non-confirmable ones are never answered, whatever the
/// response: a sensor that sends one sleeps at once, and each answer would cost its battery.
pub struct Layer {
    peers: Bounded<SocketAddr, Recent>,
    transfers: Bounded<(SocketAddr, Endpoint), Transfer>,
    also_understood: Vec<u16>,
}

impl Layer {
    /// A layer that has heard nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            peers: Bounded::new(limits.peers, EXCHANGE_LIFETIME_SECONDS),
            transfers: Bounded::new(limits.transfers, EXCHANGE_LIFETIME_SECONDS),
            also_understood: limits.also_understood,
        }
    }

    /// Takes a datagram. `out` is cleared, and holds what to send when the result is [`Received::Reply`].
    ///
    /// A duplicate of an answered request is answered with the same bytes; one of a request that waits for its
    /// response is dropped (RFC 7252 §4.5).
    pub fn receive<'a>(
        &'a mut self,
        now: Instant,
        peer: SocketAddr,
        datagram: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Received<'a> {
        out.clear();
        let message = match Message::parse(datagram) {
            Ok(message) => message,
            Err(Malformed::Format { kind: Type::Confirmable, id }) => return reset(id, out),
            Err(_) => return Received::Nothing,
        };
        let confirmable = match message.kind {
            Type::Confirmable => true,
            Type::NonConfirmable => false,
            Type::Acknowledgement | Type::Reset => return Received::Nothing,
        };
        if !message.code.is_request() {
            // A ping (RFC 7252 §4.3), or a response to a request that was never sent.
            return if confirmable { reset(message.id, out) } else { Received::Nothing };
        }
        let Request { endpoint, block, size } = match request::interpret(&message, &self.also_understood) {
            Ok(request) => request,
            Err(code) if confirmable => {
                encode(message.id, message.token, None, Response::of(code), out);
                return Received::Reply;
            }
            Err(_) => return Received::Nothing,
        };
        match self.peers.touch(peer, seconds(now), Recent::default).see(seconds(now), message.id, confirmable)
        {
            Seen::New => {}
            Seen::Pending => return Received::Nothing,
            Seen::Answered(answer) => {
                out.extend_from_slice(answer);
                return Received::Reply;
            }
        }
        let exchange = Exchange { peer, endpoint, id: message.id, token: message.token, confirmable, block };
        let too_large = message.payload.len() > MAX_BODY
            || size.is_some_and(|size| usize::try_from(size).is_ok_and(|size| size > MAX_BODY));
        if too_large {
            return self.refuse(now, exchange, Code::REQUEST_ENTITY_TOO_LARGE, out);
        }
        match block {
            None => Received::Request { endpoint, payload: message.payload, exchange },
            Some(block) => self.receive_block(now, exchange, block, message.payload, out),
        }
    }

    fn receive_block<'a>(
        &'a mut self,
        now: Instant,
        exchange: Exchange,
        block: Block,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Received<'a> {
        let key = (exchange.peer, exchange.endpoint);
        let transfer = self.transfers.touch(key, seconds(now), Transfer::new);
        match transfer.accept(exchange.id, block, payload) {
            Outcome::Complete => match self.transfers.get(&key) {
                Some(transfer) => {
                    Received::Request { endpoint: exchange.endpoint, payload: transfer.body(), exchange }
                }
                None => Received::Nothing,
            },
            Outcome::Continue => self.refuse(now, exchange, Code::CONTINUE, out),
            Outcome::Incomplete => self.refuse(now, exchange, Code::REQUEST_ENTITY_INCOMPLETE, out),
            Outcome::Bad => self.refuse(now, exchange, Code::BAD_REQUEST, out),
            Outcome::TooLarge => {
                self.transfers.remove(&key);
                self.refuse(now, exchange, Code::REQUEST_ENTITY_TOO_LARGE, out)
            }
        }
    }

    /// Answers what no one else has to hear of.
    fn refuse(
        &mut self,
        now: Instant,
        exchange: Exchange,
        code: Code,
        out: &mut Vec<u8>,
    ) -> Received<'static> {
        if self.respond(now, exchange, Response::of(code), out) { Received::Reply } else { Received::Nothing }
    }

    /// Answers a request. `out` is cleared, and holds what to send when the result is true; it is false for
    /// non-confirmable requests.
    ///
    /// The answer is kept for duplicates, but for the server's own trouble (5.xx): a retransmission of that request
    /// is processed anew, and a body that came in blocks is kept for it.
    pub fn respond(
        &mut self,
        now: Instant,
        exchange: Exchange,
        response: Response<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        out.clear();
        if response.code.class() == 5 {
            self.forget(now, exchange);
        } else if exchange.block.is_some() {
            let key = (exchange.peer, exchange.endpoint);
            if self.transfers.get(&key).is_some_and(|transfer| transfer.is_completed_by(exchange.id)) {
                self.transfers.remove(&key);
            }
        }
        if !exchange.confirmable {
            return false;
        }
        encode(exchange.id, exchange.token, exchange.block, response, out);
        if response.code.class() != 5
            && let Some(recent) = self.peers.get_mut(&exchange.peer)
        {
            recent.answer(seconds(now), exchange.id, out);
        }
        true
    }

    /// Drops a request that will not be answered, so that its retransmission is processed anew.
    pub fn forget(&mut self, now: Instant, exchange: Exchange) {
        if let Some(recent) = self.peers.get_mut(&exchange.peer) {
            recent.forget(seconds(now), exchange.id);
        }
    }
}

fn reset(id: u16, out: &mut Vec<u8>) -> Received<'static> {
    Encoder::new(out, Type::Reset, Code::EMPTY, id, Token::default()).payload(&[]);
    Received::Reply
}

/// An acknowledgement with its response (RFC 7252 §5.2.1).
fn encode(id: u16, token: Token, block: Option<Block>, response: Response<'_>, out: &mut Vec<u8>) {
    let mut encoder = Encoder::new(out, Type::Acknowledgement, response.code, id, token);
    if let Some(max_age) = response.max_age {
        encoder.uint(request::MAX_AGE, max_age);
    }
    if let Some(block) = block.filter(|_| response.code.class() == 2) {
        encoder.uint(request::BLOCK1, block.value());
    }
    if response.code == Code::REQUEST_ENTITY_TOO_LARGE {
        encoder.uint(request::SIZE1, u32::try_from(MAX_BODY).unwrap_or(u32::MAX));
    }
    encoder.payload(response.payload);
}

#[cfg(test)]
mod tests;
