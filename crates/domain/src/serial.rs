//! Serial numbers of sensors.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Refusal;

/// A sensor's serial number: six bytes, written as twelve hexadecimal digits in lower case (R22).
///
/// It orders by its bytes, which is the order of its text. Upper case, and the separators that labels print
/// (space, dash, colon), are forgiven when it is read.
///
/// ```
/// use tenure_domain::Serial;
/// let serial: Serial = "28:2C:02:42:4E:ED".parse().unwrap();
/// assert_eq!(serial.to_string(), "282c02424eed");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; 6]);

impl Serial {
    /// The serial number of these bytes, first byte first.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// Its bytes, first byte first.
    #[must_use]
    pub const fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Its bytes as one number below 2^48, first byte most significant.
    #[must_use]
    pub const fn number(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The serial number of the low 48 bits of a number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
        Self([a, b, c, d, e, f])
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.number())
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Serial {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut number = 0_u64;
        let mut digits = 0;
        for letter in text.trim().chars().filter(|letter| !matches!(letter, ' ' | '-' | ':')) {
            let digit = letter.to_digit(16).ok_or(Refusal::SerialMalformed)?;
            number = (number << 4) | u64::from(digit);
            digits += 1;
            if digits > 12 {
                return Err(Refusal::SerialMalformed);
            }
        }
        if digits == 12 { Ok(Self::from_number(number)) } else { Err(Refusal::SerialMalformed) }
    }
}

impl Serialize for Serial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_a_serial_is_twelve_hexadecimal_digits() {
        assert_eq!("282c02424eed".parse::<Serial>().unwrap().bytes(), [0x28, 0x2c, 0x02, 0x42, 0x4e, 0xed]);
        for text in ["", "282c02424ee", "282c02424eed0", "282c02424eeg", "282c02424ee\u{661}"] {
            assert_eq!(text.parse::<Serial>(), Err(Refusal::SerialMalformed), "{text}");
        }
    }
}
