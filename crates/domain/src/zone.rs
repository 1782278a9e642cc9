//! Time zones, and the two questions that the rules ask of them (R6).

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::{Instant, Refusal};

/// An IANA time zone; the organization's zone decides all dates (R6).
///
/// Zones come from the database that is built into the program, so that every node computes the same dates.
///
/// ```
/// use tenure_domain::Zone;
/// let zone: Zone = "Europe/Warsaw".parse().unwrap();
/// let date = "2025-06-11".parse().unwrap();
/// assert_eq!(zone.first_instant_of(date).to_string(), "2025-06-10T22:00:00Z");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The IANA name, `Europe/Warsaw`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The local date at an instant.
    #[must_use]
    pub fn date_at(&self, instant: Instant) -> Date {
        self.0.to_datetime(instant.to_timestamp()).date()
    }

    /// The first instant whose local date is `date` (R6).
    ///
    /// Where clocks skip midnight it is the instant of the jump, and where they repeat it the first of the two.
    /// Where the whole date is skipped it is the first instant after it.
    #[must_use]
    pub fn first_instant_of(&self, date: Date) -> Instant {
        self.first_instant_from(date.to_datetime(Time::midnight()))
    }

    /// The first instant at which clocks show this hour of a date, or a later time (R29).
    ///
    /// Where clocks skip it, it is the instant of the jump, and where they repeat it the first of the two.
    #[must_use]
    pub fn instant_at(&self, date: Date, hour: i8) -> Instant {
        self.first_instant_from(date.at(hour, 0, 0, 0))
    }

    /// The local time of day at an instant.
    #[must_use]
    pub fn time_at(&self, instant: Instant) -> Time {
        self.0.to_datetime(instant.to_timestamp()).time()
    }

    fn first_instant_from(&self, local: DateTime) -> Instant {
        let moment = self.0.to_ambiguous_timestamp(local);
        let skipped = matches!(moment.offset(), AmbiguousOffset::Gap { .. });
        let Ok(start) = moment.compatible() else {
            return Instant::LAST;
        };
        if !skipped {
            return Instant::from_timestamp(start);
        }
        // A clock that jumps over midnight shows the new date from the jump on, which need not be where
        // midnight "would have been" (Toronto jumped from 23:30 to 00:30 in 1919).
        let just_after = start.checked_add(jiff::SignedDuration::from_nanos(1)).unwrap_or(start);
        let jump = self.0.preceding(just_after).next().map_or(start, |transition| transition.timestamp());
        Instant::from_timestamp(jump)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Zone {
    type Err = Refusal;

    fn from_str(name: &str) -> Result<Self, Refusal> {
        if name == "UTC" {
            return Ok(Self::UTC);
        }
        jiff::tz::db().get(name).map(Self).map_err(|_| Refusal::ZoneUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(zone: &str, date: &str) -> String {
        let zone: Zone = zone.parse().unwrap();
        let date: Date = date.parse().unwrap();
        let start = zone.first_instant_of(date);
        assert!(zone.date_at(start) >= date);
        assert!(zone.date_at(start.plus_micros(-1)) < date, "one microsecond earlier is the day before");
        start.to_string()
    }

    #[test]
    fn r6_a_day_starts_at_its_first_instant() {
        assert_eq!(first("UTC", "2028-02-29"), "2028-02-29T00:00:00Z");
        assert_eq!(first("Europe/Warsaw", "2025-06-12"), "2025-06-11T22:00:00Z");
        // West and east of the date line.
        assert_eq!(first("Pacific/Pago_Pago", "2025-06-12"), "2025-06-12T11:00:00Z");
        assert_eq!(first("Pacific/Kiritimati", "2025-06-12"), "2025-06-11T10:00:00Z");
    }

    #[test]
    fn r6_where_midnight_is_skipped_the_day_starts_at_the_jump() {
        // Cairo, 2024-04-26: 00:00 becomes 01:00.
        assert_eq!(first("Africa/Cairo", "2024-04-26"), "2024-04-25T22:00:00Z");
        // Sao Paulo, 2018-11-04: 00:00 becomes 01:00.
        assert_eq!(first("America/Sao_Paulo", "2018-11-04"), "2018-11-04T03:00:00Z");
        // Toronto, 1919-03-31: 23:30 of the day before becomes 00:30.
        assert_eq!(first("America/Toronto", "1919-03-31"), "1919-03-31T04:30:00Z");
    }

    #[test]
    fn r6_where_midnight_comes_twice_the_day_starts_at_the_first() {
        // Havana, 2025-11-02: 01:00 becomes 00:00.
        assert_eq!(first("America/Havana", "2025-11-02"), "2025-11-02T04:00:00Z");
    }

    #[test]
    fn r6_a_date_that_is_skipped_whole_starts_with_the_next() {
        // Samoa had no 2011-12-30.
        assert_eq!(first("Pacific/Apia", "2011-12-31"), "2011-12-30T10:00:00Z");
        let zone: Zone = "Pacific/Apia".parse().unwrap();
        assert_eq!(zone.first_instant_of("2011-12-30".parse().unwrap()).to_string(), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn r6_an_unknown_zone_is_refused() {
        assert_eq!("Europe/Atlantis".parse::<Zone>(), Err(Refusal::ZoneUnknown));
    }
}
