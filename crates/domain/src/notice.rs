//! Notices of the ends of chains, as due facts (R29, R31).
//!
//! What is due is derived from stored dates: the end of a sensor's chain, when its last license was assigned, and the
//! organization's zone. There is no window: what an outage missed is still due afterwards, as long as it is true.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::{Span, ToSpan};
use serde::Serialize;

use crate::{Instant, Refusal, Zone};

/// The local hour from which people are told.
pub const HOUR: i8 = 8;

/// How many days of renewals the pool should have licenses for; people are told when it has fewer.
pub const POOL_DAYS: u32 = 60;

/// What a notice is about. Of one end of a chain each kind is told once (R31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The chain ends in a month or less.
    MonthBefore,
    /// The chain ends today, or is over and nothing has followed.
    ExpirationDay,
}

impl Kind {
    /// Both, in the order in which they become due.
    pub const ALL: [Self; 2] = [Self::MonthBefore, Self::ExpirationDay];

    /// The word on record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MonthBefore => "month_before",
            Self::ExpirationDay => "expiration_day",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| Refusal::Invalid {
            field: "kind",
            expected: "month_before or expiration_day".to_owned(),
        })
    }
}

/// The end of a chain, as far as notices ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The last covered local date.
    pub expires_on: Date,
    /// When the chain's last license came to the sensor.
    pub assigned_at: Instant,
}

impl End {
    /// From when on the notice of this kind is due (R29).
    #[must_use]
    pub fn due_at(&self, kind: Kind, zone: &Zone) -> Instant {
        match kind {
            Kind::MonthBefore => a_month_before(self.expires_on, zone),
            Kind::ExpirationDay => zone.instant_at(self.expires_on, HOUR),
        }
    }

    /// Whether the chain's last term is too short for the notice of the month before: when the license was assigned,
    /// the instant of that notice was over (R29).
    #[must_use]
    pub fn is_too_short(&self, zone: &Zone) -> bool {
        self.due_at(Kind::MonthBefore, zone) < self.assigned_at
    }

    /// What is to be told now, unless it was told before: on the expiration day and after it that, and no longer that
    /// a month is left.
    #[must_use]
    pub fn due(&self, zone: &Zone, now: Instant) -> Option<Kind> {
        if self.due_at(Kind::ExpirationDay, zone) <= now {
            return Some(Kind::ExpirationDay);
        }
        let month = self.due_at(Kind::MonthBefore, zone) <= now && !self.is_too_short(zone);
        month.then_some(Kind::MonthBefore)
    }

    /// What is told next after `now`, and when it becomes due; `None` when nothing more is.
    #[must_use]
    pub fn next(&self, zone: &Zone, now: Instant) -> Option<(Kind, Instant)> {
        let mut kinds = Kind::ALL.into_iter().map(|kind| (kind, self.due_at(kind, zone)));
        kinds.find(|(kind, due)| now < *due && (*kind == Kind::ExpirationDay || !self.is_too_short(zone)))
    }
}

/// When a chain that expires on this date is looked at for notices first, whenever its last license was assigned.
#[must_use]
pub fn a_month_before(expires_on: Date, zone: &Zone) -> Instant {
    zone.instant_at(expires_on.saturating_sub(1.month()), HOUR)
}

/// The notice day of an instant: it begins at 08:00 local, and what is told before that belongs to the day before.
#[must_use]
pub fn day(zone: &Zone, now: Instant) -> Date {
    let date = zone.date_at(now);
    if zone.time_at(now) < Time::constant(HOUR, 0, 0, 0) {
        date.saturating_sub(Span::new().days(1))
    } else {
        date
    }
}

/// When the notice day after that of `now` begins.
#[must_use]
pub fn next_morning(zone: &Zone, now: Instant) -> Instant {
    zone.instant_at(day(zone, now).saturating_add(Span::new().days(1)), HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn end(expires_on: &str, assigned_at: &str) -> End {
        End { expires_on: expires_on.parse().unwrap(), assigned_at: at(assigned_at) }
    }

    /// What is due one microsecond before, at, and one after an instant.
    fn around(end: End, zone: &Zone, instant: &str) -> [Option<Kind>; 3] {
        [-1, 0, 1].map(|step| end.due(zone, at(instant).plus_micros(step)))
    }

    const MONTH: Option<Kind> = Some(Kind::MonthBefore);
    const DAY: Option<Kind> = Some(Kind::ExpirationDay);

    #[test]
    fn r29_a_month_before_and_on_the_day_from_eight_o_clock_local() {
        let warsaw = zone("Europe/Warsaw");
        let end = end("2028-12-21", "2026-12-21T12:00:00Z");
        assert_eq!(around(end, &warsaw, "2028-11-21T07:00:00Z"), [None, MONTH, MONTH]);
        assert_eq!(around(end, &warsaw, "2028-12-21T07:00:00Z"), [MONTH, DAY, DAY]);
        assert_eq!(end.due(&warsaw, at("2029-06-01T00:00:00Z")), DAY, "a late server finds it again");
        let next = |now| end.next(&warsaw, at(now));
        assert_eq!(
            next("2028-11-21T06:59:59.999999Z"),
            Some((Kind::MonthBefore, at("2028-11-21T07:00:00Z")))
        );
        assert_eq!(next("2028-11-21T07:00:00Z"), Some((Kind::ExpirationDay, at("2028-12-21T07:00:00Z"))));
        assert_eq!(next("2028-12-21T07:00:00Z"), None);
    }

    #[test]
    fn r29_a_month_is_a_calendar_month_clamped() {
        let month =
            |date: &str| zone("UTC").date_at(a_month_before(date.parse().unwrap(), &Zone::UTC)).to_string();
        assert_eq!(month("2027-03-31"), "2027-02-28");
        assert_eq!(month("2028-03-31"), "2028-02-29");
        assert_eq!(month("2028-03-29"), "2028-02-29");
        assert_eq!(month("2028-02-29"), "2028-01-29");
        assert_eq!(month("2027-01-31"), "2026-12-31");
        assert_eq!(month("2026-07-31"), "2026-06-30");
    }

    #[test]
    fn r29_a_term_too_short_skips_the_first() {
        let utc = Zone::UTC;
        let too_short = end("2026-04-15", "2026-03-15T08:00:00.000001Z");
        assert_eq!(around(too_short, &utc, "2026-03-15T08:00:00.000001Z"), [None; 3]);
        assert_eq!(around(too_short, &utc, "2026-04-15T08:00:00Z"), [None, DAY, DAY]);
        let day = Some((Kind::ExpirationDay, at("2026-04-15T08:00:00Z")));
        assert_eq!(too_short.next(&utc, at("2026-03-01T00:00:00Z")), day);
        let just_long_enough = end("2026-04-15", "2026-03-15T08:00:00Z");
        assert_eq!(around(just_long_enough, &utc, "2026-03-15T08:00:00Z"), [None, MONTH, MONTH]);
    }

    #[test]
    fn r29_eight_o_clock_of_a_date_that_is_skipped_is_the_jump() {
        // Samoa had no 2011-12-30.
        let apia = zone("Pacific/Apia");
        let end = end("2011-12-30", "2011-12-29T22:00:00Z");
        assert_eq!(around(end, &apia, "2011-12-30T10:00:00Z"), [None, DAY, DAY]);
        assert_eq!(day(&apia, at("2011-12-30T10:00:00Z")).to_string(), "2011-12-30");
        assert_eq!(next_morning(&apia, at("2011-12-30T10:00:00Z")), at("2011-12-30T18:00:00Z"));
    }

    #[test]
    fn r31_a_notice_day_begins_at_eight_o_clock_local() {
        // Cairo, 2024-04-26: 00:00 becomes 01:00, two hours ahead of UTC become three.
        let cairo = zone("Africa/Cairo");
        let days = ["2024-04-26T04:59:59.999999Z", "2024-04-26T05:00:00Z"]
            .map(|now| day(&cairo, at(now)).to_string());
        assert_eq!(days, ["2024-04-25", "2024-04-26"]);
        assert_eq!(next_morning(&cairo, at("2024-04-25T06:00:00Z")), at("2024-04-26T05:00:00Z"));
        assert_eq!(next_morning(&cairo, at("2024-04-26T04:59:59.999999Z")), at("2024-04-26T05:00:00Z"));
        assert_eq!(next_morning(&cairo, at("2024-04-26T05:00:00Z")), at("2024-04-27T05:00:00Z"));
    }
}
