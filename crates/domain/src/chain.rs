//! Covers and the chains that they form (R6, R7, R8, R16).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Instant, Refusal, Term, TermSum, Zone};

/// The date from which a chain counts, and the terms counted so far (R7).
///
/// Adding the sum to the first date, instead of each term to the date before, is what makes twelve `P1M` end
/// on the day on which one `P1Y` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Anchor {
    /// The activation date of the chain's first license, in the organization's zone.
    pub date: Date,
    /// The terms from there to the end of the cover that holds this anchor.
    pub sum: TermSum,
}

/// The half-open interval `[starts, ends)` that a license covers, and its dates.
///
/// It is computed once, when the license becomes active or queued, and then kept (R8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cover {
    /// The first covered instant.
    pub starts: Instant,
    /// The first instant that is not covered any more.
    pub ends: Instant,
    /// The local date of `starts`.
    pub activation_date: Date,
    /// The last covered local date.
    pub expires_on: Date,
    /// Where the chain counts from, including this license.
    pub anchor: Anchor,
}

impl Cover {
    /// The cover of a license that starts a new chain at `now`, whatever was before (R6, R11, R16).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChainTooLong`] when it would end after the year 8999.
    pub fn starting(now: Instant, term: Term, zone: &Zone) -> Result<Self, Refusal> {
        let date = zone.date_at(now);
        Self::anchored(now, Anchor { date, sum: TermSum::default() + term }, zone)
    }

    /// The cover of the license that follows this one in its chain: no gap, no overlap (R7).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChainTooLong`] when it would end after the year 8999.
    pub fn followed_by(&self, term: Term, zone: &Zone) -> Result<Self, Refusal> {
        Self::anchored(self.ends, Anchor { date: self.anchor.date, sum: self.anchor.sum + term }, zone)
    }

    /// The cover of a license that is given to a sensor at `now`, after a cover that has ended by then.
    ///
    /// At the very instant of the end the chain goes on (R7); any later, or after a cut (R5), it is a new chain from
    /// today (R16).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChainTooLong`] when it would end after the year 8999.
    pub fn resumed(last: Option<&Self>, now: Instant, term: Term, zone: &Zone) -> Result<Self, Refusal> {
        match last {
            Some(last) if last.goes_on_at(now) => last.followed_by(term, zone),
            _ => Self::starting(now, term, zone),
        }
    }

    /// This cover cut off at `now`, which lies inside it (R5).
    ///
    /// What follows starts a new chain: the rest of a revoked term is nobody's.
    #[must_use]
    pub fn cut(&self, now: Instant, zone: &Zone) -> Self {
        let today = zone.date_at(now);
        let anchor = Anchor { date: today, sum: TermSum::default() };
        Self { ends: now, expires_on: today, anchor, ..*self }
    }

    /// What this cover still holds at `now`, which lies inside it, for another sensor (R21).
    ///
    /// The end stays, and what follows counts on from the same anchor: nothing is won or lost by the change of hands.
    #[must_use]
    pub fn rest(&self, now: Instant, zone: &Zone) -> Self {
        Self { starts: now, activation_date: zone.date_at(now), ..*self }
    }

    /// Whether a license that is given at `now`, when this cover is over, continues its chain (R7).
    pub(crate) fn goes_on_at(&self, now: Instant) -> bool {
        self.ends == now && !self.is_cut()
    }

    /// Whether it was cut: no term is empty, so only a cut leaves an empty sum.
    fn is_cut(&self) -> bool {
        self.anchor.sum == TermSum::default()
    }

    /// Whether the instant is covered.
    #[must_use]
    pub fn contains(&self, instant: Instant) -> bool {
        self.starts <= instant && instant < self.ends
    }

    fn anchored(starts: Instant, anchor: Anchor, zone: &Zone) -> Result<Self, Refusal> {
        let mut expires_on = anchor.sum.after(anchor.date)?;
        loop {
            let next_day = expires_on.tomorrow().map_err(|_| Refusal::ChainTooLong)?;
            let ends = zone.first_instant_of(next_day);
            if ends > starts {
                let activation_date = zone.date_at(starts);
                return Ok(Self { starts, ends, activation_date, expires_on, anchor });
            }
            // Only where the organization moved its zone by about a day after promising the cover before (R8).
            expires_on = next_day;
        }
    }
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

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// The covers of an unbroken chain that starts at an instant.
    fn chain(start: &str, terms: &[&str], zone_name: &str) -> Vec<Cover> {
        let zone = zone(zone_name);
        let mut covers: Vec<Cover> = Vec::new();
        for term in terms {
            let term = term.parse().unwrap();
            let cover = match covers.last() {
                None => Cover::starting(at(start), term, &zone),
                Some(last) => last.followed_by(term, &zone),
            };
            covers.push(cover.unwrap());
        }
        covers
    }

    #[test]
    fn r6_a_license_covers_from_its_instant_to_the_end_of_its_last_day() {
        let [cover] = chain("2026-11-21T13:45:00.000001Z", &["P2Y"], "Europe/Warsaw")[..] else { panic!() };
        assert_eq!(cover.activation_date, date("2026-11-21"));
        assert_eq!(cover.expires_on, date("2028-11-21"));
        assert_eq!(cover.starts, at("2026-11-21T13:45:00.000001Z"));
        assert_eq!(cover.ends, at("2028-11-21T23:00:00Z"));
        assert!(!cover.contains(at("2026-11-21T13:45:00Z")));
        assert!(cover.contains(cover.starts));
        assert!(cover.contains(cover.ends.plus_micros(-1)), "the last microsecond of the last day");
        assert!(!cover.contains(cover.ends), "the first microsecond of the next day");
        assert!(!cover.contains(cover.ends.plus_micros(1)));
    }

    #[test]
    fn r6_the_activation_date_is_local_on_both_sides_of_the_date_line() {
        let now = "2026-06-30T10:30:00Z";
        let [west] = chain(now, &["P1M"], "Pacific/Pago_Pago")[..] else { panic!() };
        assert_eq!((west.activation_date, west.expires_on), (date("2026-06-29"), date("2026-07-29")));
        assert_eq!(west.ends, at("2026-07-30T11:00:00Z"));
        let [east] = chain(now, &["P1M"], "Pacific/Kiritimati")[..] else { panic!() };
        assert_eq!((east.activation_date, east.expires_on), (date("2026-07-01"), date("2026-08-01")));
        assert_eq!(east.ends, at("2026-08-01T10:00:00Z"));
    }

    #[test]
    fn r6_a_skipped_midnight_ends_the_day_at_the_jump() {
        let [cover] = chain("2024-04-24T12:00:00Z", &["P1D"], "Africa/Cairo")[..] else { panic!() };
        assert_eq!(cover.expires_on, date("2024-04-25"));
        assert_eq!(cover.ends, at("2024-04-25T22:00:00Z"));
    }

    #[test]
    fn r6_a_repeated_midnight_ends_the_day_at_the_first() {
        let [cover] = chain("2025-10-31T12:00:00Z", &["P1D"], "America/Havana")[..] else { panic!() };
        assert_eq!(cover.expires_on, date("2025-11-01"));
        assert_eq!(cover.ends, at("2025-11-02T04:00:00Z"));
    }

    #[test]
    fn r6_a_license_may_end_on_a_date_that_its_zone_skips() {
        let [cover] = chain("2011-12-29T22:00:00Z", &["P1D"], "Pacific/Apia")[..] else { panic!() };
        assert_eq!(cover.activation_date, date("2011-12-29"));
        assert_eq!(cover.expires_on, date("2011-12-30"));
        assert_eq!(cover.ends, at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn r7_months_are_summed_from_the_anchor_and_clamped() {
        let covers = chain("2026-01-31T09:00:00Z", &["P1M", "P1M"], "UTC");
        assert_eq!(covers[0].expires_on, date("2026-02-28"));
        assert_eq!(covers[1].expires_on, date("2026-03-31"));
        assert_eq!(covers[1].activation_date, date("2026-03-01"));
        assert_eq!(covers[1].starts, covers[0].ends);
    }

    #[test]
    fn r7_29_february_ends_on_28_except_in_leap_years() {
        assert_eq!(chain("2028-02-29T09:00:00Z", &["P1Y"], "UTC")[0].expires_on, date("2029-02-28"));
        assert_eq!(chain("2028-02-29T09:00:00Z", &["P4Y"], "UTC")[0].expires_on, date("2032-02-29"));
        let years = chain("2028-02-29T09:00:00Z", &["P1Y", "P1Y", "P1Y", "P1Y"], "UTC");
        assert_eq!(years[3].expires_on, date("2032-02-29"));
    }

    #[test]
    fn r7_twelve_months_end_on_the_day_on_which_a_year_does() {
        for start in
            ["2026-01-31T09:00:00Z", "2028-02-29T09:00:00Z", "2026-08-31T09:00:00Z", "2026-11-21T09:00:00Z"]
        {
            for zone in ["UTC", "Europe/Warsaw", "Pacific/Apia", "America/Sao_Paulo"] {
                let months = chain(start, &["P1M"; 12], zone);
                let year = chain(start, &["P1Y"], zone);
                assert_eq!(months[11].ends, year[0].ends, "{start} {zone}");
            }
        }
    }

    #[test]
    fn r7_months_come_before_days_whatever_the_order_of_the_licenses() {
        let day_first = chain("2026-01-30T09:00:00Z", &["P1D", "P1M"], "UTC");
        let month_first = chain("2026-01-30T09:00:00Z", &["P1M", "P1D"], "UTC");
        assert_eq!(day_first[1].expires_on, date("2026-03-01"));
        assert_eq!(month_first[1].expires_on, date("2026-03-01"));
    }

    #[test]
    fn r8_a_moved_zone_moves_no_promise_and_empties_no_license() {
        let before =
            Cover::starting(at("2026-06-01T12:00:00Z"), "P1D".parse().unwrap(), &zone("Pacific/Pago_Pago"));
        let before = before.unwrap();
        let next = before.followed_by("P1D".parse().unwrap(), &zone("Pacific/Kiritimati")).unwrap();
        assert_eq!(next.starts, before.ends);
        assert!(next.ends > next.starts);
        assert_eq!(next.expires_on, date("2026-06-04"));
    }

    #[test]
    fn r16_after_a_lapse_the_chain_is_new_and_at_its_end_it_goes_on() {
        let utc = Zone::UTC;
        let term: Term = "P1M".parse().unwrap();
        let first = Cover::starting(at("2026-01-31T09:00:00Z"), term, &utc).unwrap();
        let goes_on = Cover::resumed(Some(&first), first.ends, term, &utc).unwrap();
        assert_eq!(goes_on.expires_on, date("2026-03-31"));
        let later = Cover::resumed(Some(&first), first.ends.plus_micros(1), term, &utc).unwrap();
        assert_eq!((later.activation_date, later.expires_on), (date("2026-03-01"), date("2026-04-01")));
        assert_eq!(later.starts, first.ends.plus_micros(1), "the gap stays a gap");
    }

    #[test]
    fn a_chain_past_the_calendar_is_refused() {
        let first =
            Cover::starting(at("2026-01-31T09:00:00Z"), "P100Y".parse().unwrap(), &Zone::UTC).unwrap();
        let mut last = first;
        let refusal = loop {
            match last.followed_by("P100Y".parse().unwrap(), &Zone::UTC) {
                Ok(next) => last = next,
                Err(refusal) => break refusal,
            }
        };
        assert_eq!(refusal, Refusal::ChainTooLong);
        assert_eq!(last.expires_on, date("8926-01-31"));
    }
}
