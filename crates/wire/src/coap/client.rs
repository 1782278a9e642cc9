//! The other side: what a simulated sensor sends, and what it hears.

use super::message::{Encoder, uint};
use super::request::{BLOCK1, MAX_AGE, URI_PATH};
use super::{Block, Code, Malformed, Message, Token, Type};

/// A request with a body, or with one block of a body.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// Whether it wants an acknowledgement.
    pub confirmable: bool,
    /// Its identifier, different from those of the last 247 seconds.
    pub id: u16,
    /// Its token.
    pub token: Token,
    /// Where it goes, without a slash at the ends: `m`, `efento/m`.
    pub path: &'a str,
    /// Which block of the body it carries, when the body is cut.
    pub block: Option<Block>,
    /// The body or the block.
    pub payload: &'a [u8],
}

impl Post<'_> {
    /// Appends the datagram to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let kind = if self.confirmable { Type::Confirmable } else { Type::NonConfirmable };
        let mut encoder = Encoder::new(out, kind, Code::POST, self.id, self.token);
        for segment in self.path.split('/') {
            encoder.option(URI_PATH, segment.as_bytes());
        }
        if let Some(block) = self.block {
            encoder.uint(BLOCK1, block.value());
        }
        encoder.payload(self.payload);
    }
}

/// What a sensor heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// An acknowledgement or a reset.
    pub kind: Type,
    /// The response's code; 0.00 in an empty acknowledgement and in a reset.
    pub code: Code,
    /// The identifier of the request.
    pub id: u16,
    /// The token of the request.
    pub token: Token,
    /// Seconds to wait before trying again.
    pub max_age: Option<u32>,
    /// The block that is answered.
    pub block: Option<Block>,
    /// The body.
    pub payload: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// It is not a message.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let message = Message::parse(datagram)?;
        let option = |wanted| {
            let mut options = message.options();
            options.find(|(number, _)| *number == wanted).and_then(|(_, value)| uint(value))
        };
        Ok(Self {
            kind: message.kind,
            code: message.code,
            id: message.id,
            token: message.token,
            max_age: option(MAX_AGE),
            block: option(BLOCK1).and_then(Block::from_value),
            payload: message.payload,
        })
    }
}
