//! What a raw integer says.

use super::{ChannelType, Decimal, Scale};

/// A raw integer, read: its value and what the sensor packed beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interpreted {
    /// The value, in the unit of the type; 1 or 0 for a binary channel.
    pub value: Decimal,
    /// What the sensor packed into the same integer.
    pub detail: Detail,
}

/// What a sensor packs into a raw integer beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Plain,
    /// The state of a binary channel: true for alarm, water, or on.
    State(bool),
    /// How far the sensor has calibrated.
    Calibration(Calibration),
    /// Where the high digits of this counter are.
    Minor {
        /// The position, 1 to 6, of the channel with the high digits.
        major_position: u8,
    },
    /// How the counter is.
    Major {
        /// What happened to the count.
        state: CounterState,
        /// How many units of the low digits one unit of this value is worth.
        factor: u32,
    },
}

/// The calibration of a gas or air quality sensor.
///
/// The same remainders mean different things for the two families of sensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calibration {
    /// Air quality, remainder 0: calibration is required, values are not accurate.
    Required,
    /// Air quality, remainder 1: calibration is going on, values are not accurate.
    Ongoing,
    /// Air quality, remainder 2: calibration is done.
    Done,
    /// Carbon dioxide, remainder 0: no automatic calibration has happened yet.
    AutomaticPending,
    /// Carbon dioxide, remainder 1: the last automatic calibration succeeded.
    AutomaticDone,
    /// Carbon dioxide, remainder 2: the last automatic calibration failed.
    AutomaticFailed,
}

/// What happened to a counter since it was set; anything but `Fine` means that the count may be too low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterState {
    /// It counts properly.
    Fine,
    /// An error occurred.
    Error,
    /// The sensor was reset.
    Reset,
    /// The sensor was reset, and an error occurred.
    ErrorAndReset,
}

/// A value that a channel type cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// It is beyond the 32 bits of a raw integer.
    #[error("the value is out of range")]
    OutOfRange,
    /// A binary channel has 1 and 0.
    #[error("a binary channel has the values 1 and 0")]
    NotBinary,
    /// A counter's integer holds more than its value, which cannot be made up.
    #[error("a counter's parts are not plain values")]
    Counter,
}

impl ChannelType {
    /// Reads a raw integer of this type.
    ///
    /// ```
    /// use tenure_domain::measurement::ChannelType;
    /// assert_eq!(ChannelType::Temperature.read(233).value.to_string(), "23.3");
    /// ```
    #[must_use]
    pub fn read(self, raw: i32) -> Interpreted {
        let (value, detail) = match self.scale() {
            Scale::Continuous { decimals } => (Decimal::new(raw.into(), decimals), Detail::Plain),
            Scale::Binary => (Decimal::new(i64::from(raw > 0), 0), Detail::State(raw > 0)),
            Scale::AirQuality => {
                let calibration = match raw.unsigned_abs() % 3 {
                    0 => Calibration::Required,
                    1 => Calibration::Ongoing,
                    _ => Calibration::Done,
                };
                (whole(raw / 3), Detail::Calibration(calibration))
            }
            Scale::AutoCalibrated => {
                let calibration = match raw.unsigned_abs() % 3 {
                    0 => Calibration::AutomaticPending,
                    1 => Calibration::AutomaticDone,
                    _ => Calibration::AutomaticFailed,
                };
                (whole(raw / 3), Detail::Calibration(calibration))
            }
            Scale::CounterMinor => {
                let major_position = match raw.unsigned_abs() % 6 {
                    0 => 1,
                    1 => 2,
                    2 => 3,
                    3 => 4,
                    4 => 5,
                    _ => 6,
                };
                (whole(raw / 6), Detail::Minor { major_position })
            }
            Scale::CounterMajor { factor } => {
                let state = match raw.unsigned_abs() % 4 {
                    0 => CounterState::Fine,
                    1 => CounterState::Error,
                    2 => CounterState::Reset,
                    _ => CounterState::ErrorAndReset,
                };
                (whole(raw / 4), Detail::Major { state, factor })
            }
        };
        Interpreted { value, detail }
    }

    /// The raw integer of a value that came as a decimal number, as gateways send it: 23.3 °C is 233.
    ///
    /// Digits finer than the type's resolution are rounded, half away from zero. Types that carry a calibration
    /// are given the one that means "calibrated", because a gateway sends only finished values.
    ///
    /// # Errors
    /// The value does not fit in a raw integer, a binary value is neither 1 nor 0, or the type is half a counter.
    pub fn raw_of(self, value: Decimal) -> Result<i32, RawError> {
        let narrow =
            |raw: Option<i64>| raw.and_then(|raw| i32::try_from(raw).ok()).ok_or(RawError::OutOfRange);
        let calibrated = |remainder: i64| {
            let rounded = value.mantissa_at(0)?;
            let sign = if rounded < 0 { -1 } else { 1 };
            rounded.checked_mul(3)?.checked_add(remainder * sign)
        };
        match self.scale() {
            Scale::Continuous { decimals } => narrow(value.mantissa_at(decimals)),
            Scale::Binary => match (value.mantissa(), value.decimals()) {
                (0, _) => Ok(0),
                (1, 0) => Ok(1),
                _ => Err(RawError::NotBinary),
            },
            Scale::AirQuality => narrow(calibrated(2)),
            Scale::AutoCalibrated => narrow(calibrated(1)),
            Scale::CounterMinor | Scale::CounterMajor { .. } => Err(RawError::Counter),
        }
    }
}

fn whole(number: i32) -> Decimal {
    Decimal::new(number.into(), 0)
}

/// The whole count of a counter, from its two channels at one instant, in the unit of the low digits.
///
/// `None` when the two readings are not the two halves of a counter.
///
/// ```
/// use tenure_domain::measurement::{ChannelType, counter_total};
/// let major = ChannelType::WaterMeterAccMajor.read(12 * 4);
/// let minor = ChannelType::WaterMeterAccMinor.read(34 * 6 + 1);
/// assert_eq!(counter_total(major, minor), Some(1_234));
/// ```
#[must_use]
pub fn counter_total(major: Interpreted, minor: Interpreted) -> Option<i64> {
    let (Detail::Major { factor, .. }, Detail::Minor { .. }) = (major.detail, minor.detail) else {
        return None;
    };
    major.value.mantissa().checked_mul(factor.into())?.checked_add(minor.value.mantissa())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(kind: ChannelType, raw: i32) -> (String, Detail) {
        let read = kind.read(raw);
        (read.value.to_string(), read.detail)
    }

    #[test]
    fn resolutions_follow_the_protocol() {
        assert_eq!(value(ChannelType::Temperature, -5).0, "-0.5");
        assert_eq!(value(ChannelType::Humidity, 57).0, "57");
        assert_eq!(value(ChannelType::AtmosphericPressure, 10_132).0, "1013.2");
        assert_eq!(value(ChannelType::CurrentPrecise, 11_796).0, "11.796");
        assert_eq!(value(ChannelType::CurrentPrecise, -1).0, "-0.001");
        assert_eq!(value(ChannelType::Percentage, 9_999).0, "99.99");
    }

    #[test]
    fn a_remainder_is_of_the_absolute_value() {
        assert_eq!(value(ChannelType::Iaq, 152), ("50".to_owned(), Detail::Calibration(Calibration::Done)));
        assert_eq!(value(ChannelType::Iaq, -4), ("-1".to_owned(), Detail::Calibration(Calibration::Ongoing)));
        assert_eq!(
            value(ChannelType::Co2Gas, 1_202),
            ("400".to_owned(), Detail::Calibration(Calibration::AutomaticFailed))
        );
        assert_eq!(
            value(ChannelType::WaterMeterAccMinor, -8),
            ("-1".to_owned(), Detail::Minor { major_position: 3 })
        );
        assert_eq!(
            value(ChannelType::PulseCntAccWideMajor, 4_003).1,
            Detail::Major { state: CounterState::ErrorAndReset, factor: 1_000_000 }
        );
    }

    #[test]
    fn a_total_needs_both_halves_of_a_counter_and_is_wider_than_32_bits() {
        let major = ChannelType::PulseCntAccWideMajor.read(999_999 * 4);
        let minor = ChannelType::PulseCntAccWideMinor.read(999_999 * 6);
        assert_eq!(counter_total(major, minor), Some(999_999_999_999));
        assert_eq!(counter_total(minor, major), None);
        assert_eq!(counter_total(major, ChannelType::Temperature.read(1)), None);
    }

    #[test]
    fn a_decimal_value_becomes_the_raw_integer_of_its_type() {
        let raw = |kind: ChannelType, text: &str| kind.raw_of(text.parse().unwrap());
        assert_eq!(raw(ChannelType::Temperature, "23.3"), Ok(233));
        assert_eq!(raw(ChannelType::Temperature, "28.57"), Ok(286));
        assert_eq!(raw(ChannelType::OkAlarm, "1"), Ok(1));
        assert_eq!(raw(ChannelType::OkAlarm, "0.1"), Err(RawError::NotBinary));
        assert_eq!(raw(ChannelType::Resistance, "3e9"), Err(RawError::OutOfRange));
        assert_eq!(raw(ChannelType::WaterMeterAccMinor, "3"), Err(RawError::Counter));
        assert_eq!(
            ChannelType::Iaq.read(raw(ChannelType::Iaq, "50").unwrap()).detail,
            Detail::Calibration(Calibration::Done)
        );
    }

    proptest! {
        #[test]
        fn a_value_that_was_read_leads_back_to_its_raw_integer(raw: i32, kind in 0_u8..44) {
            let kind = ChannelType::from_number(kind).unwrap();
            if let Scale::Continuous { .. } = kind.scale() {
                prop_assert_eq!(kind.raw_of(kind.read(raw).value), Ok(raw));
            } else {
                let _ = kind.raw_of(kind.read(raw).value);
            }
        }
    }
}
