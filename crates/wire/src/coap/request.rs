//! What a request asks for: its end point and its block.

use super::message::uint;
use super::{Code, Message};

pub(super) const URI_HOST: u16 = 3;
pub(super) const URI_PORT: u16 = 7;
pub(super) const URI_PATH: u16 = 11;
pub(super) const MAX_AGE: u16 = 14;
pub(super) const URI_QUERY: u16 = 15;
pub(super) const ACCEPT: u16 = 17;
pub(super) const BLOCK2: u16 = 23;
pub(super) const BLOCK1: u16 = 27;
pub(super) const SIZE1: u16 = 60;

/// Where a sensor sends something. Each is also found below `efento/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `m`: measurements.
    Measurements,
    /// `i`: device information.
    DeviceInfo,
    /// `c`: the sensor's configuration.
    Configuration,
    /// `t`: the sensor asks what time it is.
    Time,
}

impl Endpoint {
    fn from_path(path: &[u8]) -> Option<Self> {
        match path.strip_prefix(b"efento/").unwrap_or(path) {
            b"m" => Some(Self::Measurements),
            b"i" => Some(Self::DeviceInfo),
            b"c" => Some(Self::Configuration),
            b"t" => Some(Self::Time),
            _ => None,
        }
    }

    fn allows(self, method: Code) -> bool {
        method == Code::POST || (method == Code::GET && self == Self::Time)
    }
}

/// A block of a body (RFC 7959 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Which block of this size it is, from 0, below 2^20.
    pub number: u32,
    /// Whether more blocks follow.
    pub more: bool,
    /// 0 to 6: a block has 2^(4 + exponent) bytes.
    pub size_exponent: u8,
}

impl Block {
    /// How many bytes a block has, 16 to 1024.
    #[must_use]
    pub const fn size(self) -> usize {
        16 << self.size_exponent
    }

    pub(super) fn from_value(value: u32) -> Option<Self> {
        let [.., low] = value.to_be_bytes();
        let size_exponent = low & 7;
        (size_exponent < 7).then_some(Self { number: value >> 4, more: low & 8 != 0, size_exponent })
    }

    pub(super) fn value(self) -> u32 {
        self.number << 4 | u32::from(self.more) << 3 | u32::from(self.size_exponent)
    }
}

/// A request that is understood.
pub(super) struct Request {
    pub(super) endpoint: Endpoint,
    pub(super) block: Option<Block>,
    /// How long the client says its whole body is.
    pub(super) size: Option<u32>,
}

/// The longest path that leads anywhere: `efento/m`.
const PATH_LENGTH: usize = 8;

/// A path that grows segment by segment, as far as a known one can be long.
#[derive(Default)]
struct Path {
    bytes: [u8; PATH_LENGTH],
    length: usize,
    segments: usize,
    too_long: bool,
}

impl Path {
    fn push(&mut self, segment: &[u8]) {
        if self.segments > 0 {
            self.append(b"/");
        }
        self.append(segment);
        self.segments += 1;
    }

    fn append(&mut self, part: &[u8]) {
        match self.bytes.get_mut(self.length..self.length + part.len()) {
            Some(place) => {
                place.copy_from_slice(part);
                self.length += part.len();
            }
            None => self.too_long = true,
        }
    }

    fn endpoint(&self) -> Option<Endpoint> {
        self.bytes.get(..self.length).filter(|_| !self.too_long).and_then(Endpoint::from_path)
    }
}

/// Reads a request's options. An option that is repeated without leave, or has a length that it cannot have, counts
/// as not understood (RFC 7252 §5.4.3, §5.4.5): elective ones are skipped, critical ones refused.
pub(super) fn interpret(message: &Message<'_>, also_understood: &[u16]) -> Result<Request, Code> {
    let mut path = Path::default();
    let (mut block, mut size) = (None, None);
    let mut previous = 0;
    for (number, value) in message.options() {
        let first = number != previous;
        previous = number;
        let understood = match number {
            URI_HOST => first && (1..=255).contains(&value.len()),
            URI_PATH if value.len() <= 255 => {
                path.push(value);
                true
            }
            URI_QUERY => value.len() <= 255,
            URI_PORT | ACCEPT => first && value.len() <= 2,
            BLOCK1 if first && value.len() <= 3 => {
                block = uint(value);
                true
            }
            // A wish for the size of the answer's blocks. Answers are a few dozen bytes and are never cut, so only a
            // request for a later block is refused.
            BLOCK2 => first && value.len() <= 3 && uint(value).is_some_and(|value| value >> 4 == 0),
            SIZE1 if first => {
                size = uint(value);
                true
            }
            other => other & 1 == 0 || also_understood.contains(&other),
        };
        if !understood {
            return Err(Code::BAD_OPTION);
        }
    }
    let endpoint = path.endpoint().ok_or(Code::NOT_FOUND)?;
    if !endpoint.allows(message.code) {
        return Err(Code::METHOD_NOT_ALLOWED);
    }
    let block = match block {
        Some(value) => Some(Block::from_value(value).ok_or(Code::BAD_REQUEST)?),
        None => None,
    };
    Ok(Request { endpoint, block, size })
}
