//! The message format (RFC 7252 §3).

use super::{Code, Type};

/// A message, borrowed from its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it expects.
    pub kind: Type,
    /// Its method or response code.
    pub code: Code,
    /// Matches acknowledgements and duplicates.
    pub id: u16,
    /// Matches responses with requests.
    pub token: Token,
    /// Its options, checked and still encoded.
    options: &'a [u8],
    /// Its payload; empty when there is none.
    pub payload: &'a [u8],
}

/// A token of at most eight bytes, which the client chose and the server repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Token {
    bytes: [u8; 8],
    length: u8,
}

impl Token {
    /// The token of these bytes; none when there are more than eight.
    #[must_use]
    pub fn new(token: &[u8]) -> Option<Self> {
        let mut bytes = [0; 8];
        bytes.get_mut(..token.len())?.copy_from_slice(token);
        Some(Self { bytes, length: u8::try_from(token.len()).ok()? })
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// Why a datagram is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is too short for a header or of another version, and is ignored in silence (RFC 7252 §3).
    #[error("not a CoAP message")]
    NotCoap,
    /// It has a message format error. A confirmable one is answered with a reset (RFC 7252 §4.2).
    #[error("a message format error in message {id}")]
    Format {
        /// What the message expects.
        kind: Type,
        /// Its identifier.
        id: u16,
    },
}

/// What ends the options when a payload follows.
const PAYLOAD_MARKER: u8 = 0xff;

impl<'a> Message<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// It is not a message; nothing in it is guessed.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let [first, code, id_high, id_low, rest @ ..] = datagram else {
            return Err(Malformed::NotCoap);
        };
        if first >> 6 != 1 {
            return Err(Malformed::NotCoap);
        }
        let kind = Type::from_bits(first >> 4);
        let id = u16::from_be_bytes([*id_high, *id_low]);
        Self::parse_rest(kind, Code::from_byte(*code), id, first & 15, rest)
            .ok_or(Malformed::Format { kind, id })
    }

    fn parse_rest(kind: Type, code: Code, id: u16, token_length: u8, rest: &'a [u8]) -> Option<Self> {
        let (token, rest) = rest.split_at_checked(token_length.into())?;
        let token = Token::new(token)?;
        if code.is_reserved() || (code == Code::EMPTY && (token_length != 0 || !rest.is_empty())) {
            return None;
        }
        let mut options = Options { number: 0, rest };
        while let Some(step) = options.step() {
            step?;
        }
        let (encoded, payload) = rest.split_at_checked(rest.len() - options.rest.len())?;
        let payload = match payload.split_first() {
            None => &[],
            Some((_marker, [])) => return None,
            Some((_marker, payload)) => payload,
        };
        Some(Self { kind, code, id, token, options: encoded, payload })
    }

    /// Its options in the order of their numbers, which is the order on the wire.
    #[must_use]
    pub const fn options(&self) -> Options<'a> {
        Options { number: 0, rest: self.options }
    }
}

/// The options of a message: number and value.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    number: u16,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    /// The next option, `None` at the end of the options, `Some(None)` when it is malformed.
    fn step(&mut self) -> Option<Option<(u16, &'a [u8])>> {
        let (first, rest) = self.rest.split_first().filter(|(first, _)| **first != PAYLOAD_MARKER)?;
        Some(self.read(*first, rest))
    }

    fn read(&mut self, first: u8, rest: &'a [u8]) -> Option<(u16, &'a [u8])> {
        let (delta, rest) = extended(first >> 4, rest)?;
        let (length, rest) = extended(first & 15, rest)?;
        self.number = u16::try_from(u32::from(self.number).checked_add(delta)?).ok()?;
        let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some((self.number, value))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.step().flatten()
    }
}

/// The number that a nibble and the bytes after it stand for (RFC 7252 §3.1).
fn extended(nibble: u8, rest: &[u8]) -> Option<(u32, &[u8])> {
    match nibble {
        15 => None,
        14 => {
            let (high, rest) = rest.split_first()?;
            let (low, rest) = rest.split_first()?;
            Some((u32::from(u16::from_be_bytes([*high, *low])) + 269, rest))
        }
        13 => rest.split_first().map(|(more, rest)| (u32::from(*more) + 13, rest)),
        small => Some((small.into(), rest)),
    }
}

/// Writes a message at the end of a buffer: header and token, then options in the order of their numbers, then the
/// payload.
pub(super) struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    number: u16,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, kind: Type, code: Code, id: u16, token: Token) -> Self {
        out.push(1 << 6 | kind.bits() << 4 | token.length);
        out.push(code.byte());
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(token.bytes());
        Self { out, number: 0 }
    }

    /// An option; its number is not below the one before.
    pub(super) fn option(&mut self, number: u16, value: &[u8]) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        let (delta, delta_more) = nibble(number.saturating_sub(self.number));
        let (length, length_more) = nibble(u16::try_from(value.len()).unwrap_or(u16::MAX));
        self.number = number;
        self.out.push(delta << 4 | length);
        for more in [delta_more, length_more] {
            match more {
                More::None => {}
                More::Byte(byte) => self.out.push(byte),
                More::Word(word) => self.out.extend_from_slice(&word.to_be_bytes()),
            }
        }
        self.out.extend_from_slice(value);
    }

    /// An option whose value is a number, written in as few bytes as it needs (RFC 7252 §3.2).
    pub(super) fn uint(&mut self, number: u16, value: u32) {
        let bytes = value.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        self.option(number, bytes.get(zeros..).unwrap_or_default());
    }

    pub(super) fn payload(self, payload: &[u8]) {
        if !payload.is_empty() {
            self.out.push(PAYLOAD_MARKER);
            self.out.extend_from_slice(payload);
        }
    }
}

enum More {
    None,
    Byte(u8),
    Word(u16),
}

fn nibble(number: u16) -> (u8, More) {
    match (u8::try_from(number), number.checked_sub(13).map(u8::try_from), number.checked_sub(269)) {
        (Ok(small), None, _) => (small, More::None),
        (_, Some(Ok(byte)), _) => (13, More::Byte(byte)),
        (_, _, more) => (14, More::Word(more.unwrap_or_default())),
    }
}

/// The number in an option's value of at most four bytes.
pub(super) fn uint(value: &[u8]) -> Option<u32> {
    (value.len() <= 4).then(|| value.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests;
