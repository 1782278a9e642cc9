//! The one answer to "what is this sensor's standing now?".

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Instant, Refusal};

/// A chain that ends within so many days is told as expiring.
pub const EXPIRING_DAYS: i32 = 30;

/// When a chain ends: its first uncovered instant and its last covered local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    /// The first instant that is not covered any more.
    pub ends: Instant,
    /// The last covered local date.
    pub expires_on: Date,
}

/// How a sensor stands: the word that the API, the gate, the UI and the mails share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Covered, and its chain goes on for more than [`EXPIRING_DAYS`] days.
    Covered,
    /// Covered, and its chain ends within [`EXPIRING_DAYS`] days.
    Expiring,
    /// Its last cover is over.
    Expired,
    /// It has had no cover.
    Unlicensed,
}

/// Whether a chain that ends at `ends` covers `now`: the kernel of the standing and of the gate (R25).
#[must_use]
pub const fn covers(ends: Instant, now: Instant) -> bool {
    now.as_micros() < ends.as_micros()
}

/// `expires_on` − `today` in days (R10): 0 on the last day, negative after it.
#[must_use]
pub fn days_remaining(expires_on: Date, today: Date) -> i32 {
    expires_on.since(today).map_or(0, |span| span.get_days())
}

/// The last date on which a chain may expire to be told as expiring on `today`.
#[must_use]
pub fn expiring_until(today: Date) -> Date {
    today.saturating_add(jiff::Span::new().days(EXPIRING_DAYS))
}

impl Standing {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::Covered, Self::Expiring, Self::Expired, Self::Unlicensed];

    /// The standing at `now`, which is on the local date `today`, of a sensor whose chain ends so.
    #[must_use]
    pub fn of(chain: Option<ChainEnd>, now: Instant, today: Date) -> Self {
        match chain {
            None => Self::Unlicensed,
            Some(end) if !covers(end.ends, now) => Self::Expired,
            Some(end) if end.expires_on <= expiring_until(today) => Self::Expiring,
            Some(_) => Self::Covered,
        }
    }

    /// Whether the sensor's data is saved now.
    #[must_use]
    pub const fn is_covered(self) -> bool {
        matches!(self, Self::Covered | Self::Expiring)
    }

    /// The word, as the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Unlicensed => "unlicensed",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Standing {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|standing| standing.name() == text).ok_or_else(|| Refusal::Invalid {
            field: "standing",
            expected: "one of covered, expiring, expired, unlicensed".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cover, Zone};

    #[test]
    fn r10_days_remaining_are_zero_on_the_last_day() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(days_remaining(date("2028-02-29"), date("2028-02-28")), 1);
        assert_eq!(days_remaining(date("2028-02-29"), date("2028-02-29")), 0);
        assert_eq!(days_remaining(date("2028-02-29"), date("2028-03-01")), -1);
        assert_eq!(days_remaining(date("2028-11-21"), date("2026-11-21")), 731);
    }

    #[test]
    fn r10_a_sensor_expires_with_the_first_microsecond_after_its_last_day() {
        let zone: Zone = "Europe/Warsaw".parse().unwrap();
        let start: Instant = "2026-11-21T10:00:00Z".parse().unwrap();
        let cover = Cover::starting(start, "P1Y".parse().unwrap(), &zone).unwrap();
        let end = Some(ChainEnd { ends: cover.ends, expires_on: cover.expires_on });
        let standing = |now: Instant| Standing::of(end, now, zone.date_at(now));
        assert_eq!(standing(start), Standing::Covered);
        let thirty_days_before = zone.first_instant_of("2027-10-22".parse().unwrap());
        assert_eq!(standing(thirty_days_before.plus_micros(-1)), Standing::Covered);
        assert_eq!(standing(thirty_days_before), Standing::Expiring);
        assert_eq!(standing(cover.ends.plus_micros(-1)), Standing::Expiring);
        assert_eq!(standing(cover.ends), Standing::Expired);
        assert_eq!(standing(cover.ends.plus_micros(1)), Standing::Expired);
        assert_eq!(Standing::of(None, start, zone.date_at(start)), Standing::Unlicensed);
    }
}
