//! The model's own calendar: dates counted on one's fingers, and days found by search.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A local date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    year: i32,
    month: i32,
    day: i32,
}

fn days_in(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl Day {
    pub(crate) fn tomorrow(self) -> Self {
        let Self { year, month, day } = self;
        if day < days_in(year, month) {
            Self { day: day + 1, ..self }
        } else if month < 12 {
            Self { year, month: month + 1, day: 1 }
        } else {
            Self { year: year + 1, month: 1, day: 1 }
        }
    }

    /// So many months later, clamped to the month's last day, and then so many days later (R7).
    pub(crate) fn plus(self, months: i32, days: i32) -> Self {
        let mut later = self;
        for _ in 0..months {
            later.month += 1;
            if later.month > 12 {
                later.month = 1;
                later.year += 1;
            }
        }
        later.day = later.day.min(days_in(later.year, later.month));
        for _ in 0..days {
            later = later.tomorrow();
        }
        later
    }

    pub(crate) fn at(micros: i64, zone: &TimeZone) -> Self {
        let date = zone.to_datetime(Timestamp::from_microsecond(micros).unwrap()).date();
        Self { year: date.year().into(), month: date.month().into(), day: date.day().into() }
    }

    /// The first microsecond whose local date is this one or later (R6), found by halving.
    pub(crate) fn first_instant(self, zone: &TimeZone) -> i64 {
        // From about the year 2000 to about 2950.
        let (mut before, mut within) = (946_000_000_000_000, 31_000_000_000_000_000);
        assert!(Self::at(before, zone) < self && self <= Self::at(within, zone));
        while within - before > 1 {
            let middle = before + (within - before) / 2;
            if Self::at(middle, zone) < self {
                before = middle;
            } else {
                within = middle;
            }
        }
        within
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
