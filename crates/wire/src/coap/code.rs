//! Message types and codes.

use std::fmt;

/// What a message expects (RFC 7252 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// CON: it wants an acknowledgement.
    Confirmable,
    /// NON: it wants none.
    NonConfirmable,
    /// ACK: it acknowledges a confirmable message, and may carry the response.
    Acknowledgement,
    /// RST: a message could not be processed.
    Reset,
}

impl Type {
    pub(super) const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Confirmable,
            1 => Self::NonConfirmable,
            2 => Self::Acknowledgement,
            _ => Self::Reset,
        }
    }

    pub(super) const fn bits(self) -> u8 {
        match self {
            Self::Confirmable => 0,
            Self::NonConfirmable => 1,
            Self::Acknowledgement => 2,
            Self::Reset => 3,
        }
    }
}

/// A method or a response code: a class from 0 to 7 and a detail from 0 to 31 (RFC 7252 §12.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(u8);

impl Code {
    /// 0.00: an empty message.
    pub const EMPTY: Self = Self::new(0, 0);
    /// 0.01
    pub const GET: Self = Self::new(0, 1);
    /// 0.02
    pub const POST: Self = Self::new(0, 2);
    /// 2.01: the data is saved, or acknowledged and dropped.
    pub const CREATED: Self = Self::new(2, 1);
    /// 2.05: the answer of the time end point.
    pub const CONTENT: Self = Self::new(2, 5);
    /// 2.31: the next block is expected.
    pub const CONTINUE: Self = Self::new(2, 31);
    /// 4.00: the data is broken.
    pub const BAD_REQUEST: Self = Self::new(4, 0);
    /// 4.01: the device token is wrong.
    pub const UNAUTHORIZED: Self = Self::new(4, 1);
    /// 4.02: a critical option is not understood.
    pub const BAD_OPTION: Self = Self::new(4, 2);
    /// 4.04: no such end point, or no such sensor.
    pub const NOT_FOUND: Self = Self::new(4, 4);
    /// 4.05: the end point has no such method.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(4, 5);
    /// 4.08: blocks are missing (RFC 7959 §2.9.2).
    pub const REQUEST_ENTITY_INCOMPLETE: Self = Self::new(4, 8);
    /// 4.13: the body is too large.
    pub const REQUEST_ENTITY_TOO_LARGE: Self = Self::new(4, 13);
    /// 5.00: the server failed.
    pub const INTERNAL_SERVER_ERROR: Self = Self::new(5, 0);
    /// 5.03: to be tried again, after Max-Age.
    pub const SERVICE_UNAVAILABLE: Self = Self::new(5, 3);

    /// The code of a class from 0 to 7 and a detail from 0 to 31; higher bits are cut off.
    #[must_use]
    pub const fn new(class: u8, detail: u8) -> Self {
        Self((class & 7) << 5 | (detail & 31))
    }

    /// The code of its byte on the wire.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// Its byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// Its class: 0 request, 2 success, 4 the client's fault, 5 the server's.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// Whether it is a method.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.class() == 0 && self.0 != 0
    }

    /// Whether its class is reserved, which makes the whole message malformed (RFC 7252 §4.2).
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        matches!(self.class(), 1 | 6 | 7)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.class(), self.0 & 31)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
