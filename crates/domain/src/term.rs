//! Terms: how long a license lasts, in calendar units.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Refusal;

/// How long a license lasts: an ISO 8601 duration in years, months, weeks and days, never seconds.
///
/// It keeps the units it was written in (`P24M` stays `P24M`), is never empty, and reaches at most 100 years.
///
/// ```
/// use tenure_domain::Term;
/// let term: Term = "P1Y6M".parse().unwrap();
/// assert_eq!(term.to_string(), "P1Y6M");
/// assert!("PT24H".parse::<Term>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    years: u16,
    months: u16,
    weeks: u16,
    days: u16,
}

/// A sum of terms, as R7 adds them: years and months together, weeks and days together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TermSum {
    /// Years and months, in months.
    pub months: u32,
    /// Weeks and days, in days.
    pub days: u32,
}

/// The longest term: 100 years, or as many days.
const MOST: TermSum = TermSum { months: 1_200, days: 36_525 };

/// No chain reaches the year 9000: calendars are tabulated up to 9999, and instants must stay inside.
const YEARS_END: i16 = 9_000;

impl Term {
    /// The term in the two units that sums are made of.
    #[must_use]
    pub fn sum(self) -> TermSum {
        TermSum {
            months: u32::from(self.years) * 12 + u32::from(self.months),
            days: u32::from(self.weeks) * 7 + u32::from(self.days),
        }
    }
}

impl TermSum {
    /// The date that lies this sum after `date`: months first, clamped to the month's last day, then days (R7).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChainTooLong`] when it lies after the year 8999.
    pub fn after(self, date: Date) -> Result<Date, Refusal> {
        let too_long = |_| Refusal::ChainTooLong;
        let months = Span::new().try_months(self.months).map_err(too_long)?;
        let days = Span::new().try_days(self.days).map_err(too_long)?;
        let end = date.checked_add(months).and_then(|date| date.checked_add(days)).map_err(too_long)?;
        if end.year() < YEARS_END { Ok(end) } else { Err(Refusal::ChainTooLong) }
    }
}

impl Add<Term> for TermSum {
    type Output = Self;

    fn add(self, term: Term) -> Self {
        let TermSum { months, days } = term.sum();
        Self { months: self.months.saturating_add(months), days: self.days.saturating_add(days) }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        for (count, unit) in [(self.years, 'Y'), (self.months, 'M'), (self.weeks, 'W'), (self.days, 'D')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Term {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        const UNITS: [char; 4] = ['Y', 'M', 'W', 'D'];
        let text = text.trim().to_ascii_uppercase();
        let mut rest = text.strip_prefix('P').ok_or(Refusal::TermMalformed)?;
        let mut counts = [0_u16; 4];
        let mut next_unit = 0;
        while !rest.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or(Refusal::TermMalformed)?;
            let (number, tail) = rest.split_at(digits);
            let mut tail = tail.chars();
            let unit = tail.next().and_then(|letter| UNITS.iter().position(|unit| *unit == letter));
            let unit = unit.filter(|unit| *unit >= next_unit).ok_or(Refusal::TermMalformed)?;
            if let Some(count) = counts.get_mut(unit) {
                *count = number.parse().map_err(|_| Refusal::TermMalformed)?;
            }
            next_unit = unit + 1;
            rest = tail.as_str();
        }
        let [years, months, weeks, days] = counts;
        let term = Self { years, months, weeks, days };
        let sum = term.sum();
        if sum == TermSum::default() || sum.months > MOST.months || sum.days > MOST.days {
            return Err(Refusal::TermMalformed);
        }
        Ok(term)
    }
}

impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_reads_back_as_it_was_written() {
        for text in ["P2Y", "P18M", "P30D", "P4W", "P1Y2M3W4D", "P100Y", "P36525D"] {
            assert_eq!(text.parse::<Term>().unwrap().to_string(), text);
        }
        assert_eq!("p2y".parse::<Term>().unwrap().to_string(), "P2Y");
    }

    #[test]
    fn what_is_not_a_calendar_term_is_refused() {
        for text in [
            "", "P", "2Y", "PT1H", "P1Y1H", "P0D", "P-1Y", "P1.5Y", "P1M1Y", "P1Y1Y", "P101Y", "P36526D",
            "P1", "PY", "P99999Y",
        ] {
            assert_eq!(text.parse::<Term>(), Err(Refusal::TermMalformed), "{text}");
        }
    }
}
