//! Exact decimal numbers.

use std::fmt;
use std::str::FromStr;

/// An exact decimal number: `mantissa` × 10^−`decimals`.
///
/// Values are shown, compared with thresholds and exported as the sensor measured them: 23.3, never
/// 23.299999999999997.
///
/// ```
/// use tenure_domain::measurement::Decimal;
/// let value: Decimal = "-0.5e1".parse().unwrap();
/// assert_eq!(value.to_string(), "-5");
/// assert_eq!(Decimal::new(233, 1).to_string(), "23.3");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    mantissa: i64,
    decimals: u8,
}

/// The text is not a decimal number, or it has too many digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decimal number of at most 18 digits is expected")]
pub struct DecimalError;

/// Digits that always fit in a mantissa.
const MAX_DIGITS: u8 = 18;

impl Decimal {
    /// The number `mantissa` × 10^−`decimals`; more than 18 decimals are taken as 18.
    #[must_use]
    pub const fn new(mantissa: i64, decimals: u8) -> Self {
        Self { mantissa, decimals: if decimals > MAX_DIGITS { MAX_DIGITS } else { decimals } }
    }

    /// All its digits as one integer.
    #[must_use]
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// How many of its digits stand after the decimal point, 0 to 18.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// The nearest binary floating-point number, for charts and statistics.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        i64_to_f64(self.mantissa) / i64_to_f64(power(self.decimals))
    }

    /// The sum of the two; `None` when it has too many digits.
    ///
    /// ```
    /// use tenure_domain::measurement::Decimal;
    /// assert_eq!(Decimal::new(8, 0).plus(Decimal::new(-5, 1)), Some(Decimal::new(75, 1)));
    /// ```
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let decimals = self.decimals.max(other.decimals);
        let mantissa = self.mantissa_at(decimals)?.checked_add(other.mantissa_at(decimals)?)?;
        Some(Self { mantissa, decimals })
    }

    /// The number with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { mantissa: self.mantissa.saturating_neg(), decimals: self.decimals }
    }

    /// Its mantissa at this many decimals, half rounded away from zero; `None` when it does not fit.
    #[must_use]
    pub fn mantissa_at(self, decimals: u8) -> Option<i64> {
        if decimals > MAX_DIGITS {
            return None;
        }
        if decimals >= self.decimals {
            return self.mantissa.checked_mul(power(decimals - self.decimals));
        }
        let divisor = power(self.decimals - decimals);
        let (whole, rest) = (self.mantissa / divisor, self.mantissa % divisor);
        let away = i64::from(rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2));
        whole.checked_add(away * self.mantissa.signum())
    }
}

/// 10 to this power, for at most 18.
const fn power(exponent: u8) -> i64 {
    let mut power = 1_i64;
    let mut left = exponent;
    while left > 0 {
        power = power.saturating_mul(10);
        left -= 1;
    }
    power
}

/// The nearest floating-point number; exact below 2^53.
pub(super) fn i64_to_f64(number: i64) -> f64 {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    let high = i32::from_be_bytes([a, b, c, d]);
    let low = u32::from_be_bytes([e, f, g, h]);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

impl Ord for Decimal {
    /// Orders by size: 23.3 and 23.30 are equal.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let decimals = self.decimals.max(other.decimals);
        let widen =
            |number: &Self| i128::from(number.mantissa) * i128::from(power(decimals - number.decimals));
        widen(self).cmp(&widen(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decimals == 0 {
            return write!(f, "{}", self.mantissa);
        }
        let divisor = power(self.decimals).unsigned_abs();
        let size = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:0width$}", size / divisor, size % divisor, width = usize::from(self.decimals))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads digits with an optional sign, point and exponent: every number of JSON (RFC 8259 §6). Zeros at the
    /// end of a fraction are dropped.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().map_err(|_| DecimalError)?),
            None => (text, 0),
        };
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || (number.contains('.') && fraction.is_empty()) {
            return Err(DecimalError);
        }
        let fraction = fraction.trim_end_matches('0');
        let mut mantissa = 0_i64;
        for letter in whole.chars().chain(fraction.chars()) {
            let digit = letter.to_digit(10).filter(|_| letter.is_ascii()).ok_or(DecimalError)?;
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|wider| wider.checked_add(i64::from(digit)))
                .filter(|wider| *wider < power(MAX_DIGITS))
                .ok_or(DecimalError)?;
        }
        if negative {
            mantissa = -mantissa;
        }
        if mantissa == 0 {
            return Ok(Self { mantissa, decimals: 0 });
        }
        let digits = i32::try_from(fraction.len()).map_err(|_| DecimalError)?;
        let mut decimals = digits.checked_sub(exponent).ok_or(DecimalError)?;
        while decimals < 0 {
            mantissa = mantissa
                .checked_mul(10)
                .filter(|wider| wider.abs() < power(MAX_DIGITS))
                .ok_or(DecimalError)?;
            decimals += 1;
        }
        let decimals = u8::try_from(decimals).ok().filter(|decimals| *decimals <= MAX_DIGITS);
        Ok(Self { mantissa, decimals: decimals.ok_or(DecimalError)? })
    }
}

impl serde::Serialize for Decimal {
    /// A JSON number: the nearest floating-point number, whose shortest text has the same digits up to 15 of them.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.decimals == 0 {
            serializer.serialize_i64(self.mantissa)
        } else {
            serializer.serialize_f64(self.to_f64())
        }
    }
}

impl<'de> serde::Deserialize<'de> for Decimal {
    /// A JSON number. Its digits are those of the shortest text of the nearest floating-point number.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Decimal, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Decimal, E> {
                number.to_string().parse().map_err(E::custom)
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Decimal, E> {
                number.to_string().parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_f64(Number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_a_json_number_is_read_exactly() {
        for (text, mantissa, decimals) in [
            ("23.3", 233, 1),
            ("-0.001", -1, 3),
            ("23.30", 233, 1),
            ("0.0", 0, 0),
            ("-0", 0, 0),
            ("1e3", 1000, 0),
            ("2.33E+1", 233, 1),
            ("5e-2", 5, 2),
        ] {
            let number: Decimal = text.parse().unwrap();
            assert_eq!((number.mantissa(), number.decimals()), (mantissa, decimals), "{text}");
        }
        for text in
            ["", "-", ".5", "5.", "1e", "0x1", "1 ", "٣", "NaN", "1e99", "1e-99", "1234567890123456789"]
        {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError), "{text}");
        }
    }

    #[test]
    fn numbers_order_by_size_whatever_their_decimals() {
        assert_eq!(Decimal::new(2330, 2), Decimal::new(233, 1));
        assert!(Decimal::new(-24, 0) < Decimal::new(-2399, 2));
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (mantissa, rounded) in [(2334, 233), (2335, 234), (-2335, -234), (-2334, -233), (5, 1), (4, 0)] {
            assert_eq!(Decimal::new(mantissa, 2).mantissa_at(1), Some(rounded), "{mantissa}");
        }
        assert_eq!(Decimal::new(i64::MAX, 0).mantissa_at(1), None);
    }

    proptest! {
        #[test]
        fn text_leads_back_to_the_number(mantissa in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, decimals in 0_u8..=18) {
            let number = Decimal::new(mantissa, decimals);
            let read: Decimal = number.to_string().parse().unwrap();
            prop_assert_eq!(read.mantissa_at(decimals), Some(mantissa));
        }
    }
}
