//! One message of a sensor.

use crate::{Instant, Serial};

use super::ChannelType;

/// How many channels a sensor has at most.
pub const MAX_CHANNELS: u8 = 6;

/// What a channel said at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// A raw integer, read by the channel's type; 1 or 0 on a binary channel.
    Value(i32),
    /// A code of the sensor for what went wrong. Its codes are not public, so it is kept and shown as a number.
    Error(i32),
}

impl Reading {
    /// The raw integer, when it is a value.
    #[must_use]
    pub const fn value(self) -> Option<i32> {
        match self {
            Self::Value(raw) => Some(raw),
            Self::Error(_) => None,
        }
    }
}

/// A reading and the instant at which the sensor took it, by the sensor's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// When it was measured.
    pub at: Instant,
    /// What was measured.
    pub reading: Reading,
}

/// One channel of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its place in the sensor, 1 to 6.
    pub position: u8,
    /// What it measures.
    pub kind: ChannelType,
    /// Its samples in the order of time. On a binary channel they are the state at the beginning, each change,
    /// and last the state at the end of what is known.
    pub samples: Vec<Sample>,
}

/// What feeds a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerSource {
    /// A battery.
    Battery,
    /// A rechargeable battery.
    Rechargeable,
    /// An external source, while the battery is charging.
    Charging,
    /// A source that this version does not know.
    Unknown,
}

/// The battery of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    /// Whether it is so low that the sensor warns.
    pub low: bool,
    /// Its voltage in hundredths of a volt, when it was measured (firmware 07.00 and later).
    pub centivolts: Option<u16>,
    /// What feeds the sensor, when it said so (firmware 07.00 and later).
    pub source: Option<PowerSource>,
}

/// How often a sensor measures: a base that binary channels use, times a factor for the continuous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Seconds between two looks at a binary channel; 0 when the sensor did not say.
    pub base_seconds: u32,
    /// How many of them make the period of a continuous channel, at least 1.
    pub factor: u32,
}

impl Period {
    /// Seconds between two samples of a continuous channel.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.base_seconds.saturating_mul(self.factor)
    }
}

/// Why a sensor sent a message: the bits of its `transfer_reason`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TransferReason(pub u32);

impl TransferReason {
    /// The first message after a reset.
    #[must_use]
    pub const fn after_reset(self) -> bool {
        self.bit(0)
    }

    /// Somebody pressed its button.
    #[must_use]
    pub const fn button(self) -> bool {
        self.bit(1)
    }

    /// Somebody asked for it over Bluetooth.
    #[must_use]
    pub const fn bluetooth(self) -> bool {
        self.bit(2)
    }

    /// How often it was tried in vain before, 0 to 31.
    #[must_use]
    pub const fn retries(self) -> u32 {
        (self.0 >> 3) & 0b1_1111
    }

    /// The sensor's own rules that fired, the first rule in bit 0. From firmware 07.02 on, rules 13 to 16 share the
    /// bits of rules 1 to 4.
    #[must_use]
    pub const fn rules(self) -> u32 {
        (self.0 >> 8) & 0xfff
    }

    /// The end of its transfer limit.
    #[must_use]
    pub const fn limit_ended(self) -> bool {
        self.bit(20)
    }

    /// Somebody tampered with its PIN or its enclosure.
    #[must_use]
    pub const fn tampered(self) -> bool {
        self.bit(21) || self.bit(22)
    }

    /// It is about to shut down.
    #[must_use]
    pub const fn before_shutdown(self) -> bool {
        self.bit(23)
    }

    const fn bit(self, bit: u32) -> bool {
        (self.0 >> bit) & 1 == 1
    }
}

/// One message with measurements, from whatever transport it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// Who sent it.
    pub serial: Serial,
    /// The token that the sensor carries in its messages. An empty one is no token.
    pub device_token: Option<String>,
    /// Its battery.
    pub battery: Battery,
    /// The strength of its radio signal in dBm, when it is known.
    pub signal_dbm: Option<i16>,
    /// When the sensor counts as lost if nothing came by then; the sensor's own slack is in it.
    pub next_transmission_at: Option<Instant>,
    /// How often it measures.
    pub period: Period,
    /// A number that changes with each change of its configuration.
    pub configuration_hash: Option<u32>,
    /// A number that changes with each change of its extended configuration (firmware 07.00 and later).
    pub extended_configuration_hash: Option<u32>,
    /// Why it was sent.
    pub transfer_reason: TransferReason,
    /// Its channels by position, without the unused ones.
    pub channels: Vec<Channel>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_reason_are_told_apart() {
        let reason = TransferReason(1 | (5 << 3) | (0x801 << 8) | (1 << 22));
        assert!(reason.after_reset() && !reason.button() && !reason.bluetooth());
        assert_eq!((reason.retries(), reason.rules()), (5, 0x801));
        assert!(reason.tampered() && !reason.limit_ended() && !reason.before_shutdown());
    }

    #[test]
    fn a_sample_is_sixteen_bytes_because_millions_are_held() {
        assert_eq!(size_of::<Sample>(), 16);
    }
}
