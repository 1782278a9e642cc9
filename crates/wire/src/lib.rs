//! How sensors and gateways talk: CoAP, protobuf and gateway JSON, from and to the domain's types.
//!
//! Nothing here opens a socket or reads a clock: bytes and instants come in, bytes and domain types go out. What
//! arrives is from strangers, so every length is bounded and no input panics.

pub mod coap;
pub mod configuration;
pub mod device_info;
pub mod gateway;
mod json;
pub mod measurements;
pub mod time;

/// The sensors' protobuf messages, compiled from `proto/sensor.proto`.
#[allow(missing_docs, clippy::all, clippy::as_conversions)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/tenure.sensor.rs"));
}

use tenure_domain::Serial;

/// A message that is not what its end point expects.
///
/// The sensor hears 4.00; the text is for the log of whoever runs the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not the protobuf message that it should be.
    #[error("not a message of a sensor: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// Its serial number is not six bytes long.
    #[error("a serial number of {length} bytes where 6 are expected")]
    Serial {
        /// How long it is.
        length: usize,
    },
    /// It has more channels than a sensor has.
    #[error("{count} channels where a sensor has at most 6")]
    TooManyChannels {
        /// How many it has.
        count: usize,
    },
    /// A channel of it cannot be read.
    #[error("channel {position}: {reason}")]
    Channel {
        /// The channel's position, from 1.
        position: u8,
        /// What is wrong with it.
        reason: ChannelError,
    },
    /// Its measurement period is beyond what sensors can be set to.
    #[error("a measurement period of {base} s × {factor}")]
    Period {
        /// Seconds.
        base: u32,
        /// How many of them.
        factor: u32,
    },
}

/// What is wrong with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The number of its type is not known.
    #[error("no type of measurement has the number {0}")]
    UnknownType(i32),
    /// It has more samples than a message can plausibly hold.
    #[error("{0} samples in one message")]
    TooManySamples(usize),
    /// A sample's instant is before 1970 or after 2106.
    #[error("a sample outside the years 1970 to 2106")]
    Time,
    /// A value does not fit in 32 bits.
    #[error("a value beyond 32 bits")]
    Value,
    /// A change of a binary channel has no state: its offset is 0.
    #[error("a binary offset of 0")]
    BinaryOffset,
}

fn serial(bytes: &[u8]) -> Result<Serial, DecodeError> {
    let bytes = <[u8; 6]>::try_from(bytes).map_err(|_| DecodeError::Serial { length: bytes.len() })?;
    Ok(Serial::from_bytes(bytes))
}

/// The token that a sensor carries; an empty one is none.
fn token(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
