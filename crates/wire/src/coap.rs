//! CoAP over UDP as sensors speak it: messages (RFC 7252), duplicates, and bodies in blocks (RFC 7959).
//!
//! It does no I/O: [`Layer::receive`] takes a datagram and says what it asks for, [`Layer::respond`] writes the
//! datagram to send. The server never sends a request of its own, so it never retransmits.

mod blockwise;
mod bounded;
pub mod client;
mod code;
mod duplicates;
mod layer;
mod message;
mod request;

pub use blockwise::MAX_BODY;
pub use code::{Code, Type};
pub use layer::{Exchange, Layer, Limits, Received, Response};
pub use message::{Malformed, Message, Options, Token};
pub use request::{Block, Endpoint};

/// Seconds for which a confirmable message is recognized as a duplicate: `EXCHANGE_LIFETIME` (RFC 7252 §4.8.2).
pub const EXCHANGE_LIFETIME_SECONDS: u32 = 247;
/// Seconds for which a non-confirmable message is recognized as a duplicate: `NON_LIFETIME` (RFC 7252 §4.8.2).
pub const NON_LIFETIME_SECONDS: u32 = 145;
