//! A common date: which whole licenses of the pool bring sensors to expire around the same day.
//!
//! For each sensor alone the choice is the nearest one that the licenses allow: its chain's end depends only on the sum
//! of the terms that are queued (R7), so all sums that they can make are looked at. Over several sensors it is greedy:
//! they choose in R14's order, each of what those before have left. Where there is enough for all, that is the best for
//! all; where there is not, another distribution might bring the sensors nearer on the whole.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use crate::{Anchor, Chain, CodeId, Instant, Sensor, SensorId, Term, TermSum, Zone};

/// How far ahead a common date may lie, in days: ten years.
pub const MOST_DAYS: u32 = 3_660;

/// The most licenses that are queued for one sensor.
pub const MOST_EACH: u32 = 100;

/// How many sums of terms are looked at for all sensors together, and at the least for each. Pools of a few terms need
/// about a thousand a sensor; one that has more to look at gets the nearest of these.
const MOST_SUMS: usize = 4_000_000;
const SUMS_EACH: usize = 10_000;

/// Of how many lengths of licenses dates are suggested.
const LENGTHS_TRIED: usize = 5;

/// Licenses of one code that are in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// The code.
    pub code: CodeId,
    /// How long each lasts.
    pub term: Term,
    /// When the code was redeemed (R13).
    pub redeemed_at: Instant,
    /// How many there are.
    pub available: u32,
}

/// The licenses that are chosen for a sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The sensor.
    pub sensor: SensorId,
    /// The code of each license, in the order in which they are given: the oldest first. None when nothing brings the
    /// sensor nearer.
    pub codes: Vec<CodeId>,
    /// The last date that it is covered with them; none when it is not covered and gets none.
    pub expires_on: Option<Date>,
}

/// A date that sensors may come to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The date.
    pub date: Date,
    /// How many sensors would be left without cover.
    pub uncovered: usize,
    /// How many days would lie between the first and the last end.
    pub spread_days: u32,
    /// How many licenses it would take.
    pub licenses_needed: usize,
}

/// Chooses licenses for sensors, in R14's order, in which the choices are returned.
///
/// A sensor that is not covered counts as one that ended yesterday. Of two choices that are equally near, the one of
/// fewer licenses is taken, and of licenses of one length the oldest (R13). At most [`MOST_EACH`] are chosen for one.
#[must_use]
pub fn choose(zone: &Zone, now: Instant, sensors: &[Sensor], date: Date, stock: &[Stock]) -> Vec<Choice> {
    let mut shelves = shelves(stock);
    let mut order: Vec<&Sensor> = sensors.iter().collect();
    order.sort_by_key(|sensor| sensor.turn());
    let sums = (MOST_SUMS / order.len().max(1)).max(SUMS_EACH);
    let today = zone.date_at(now);
    let choice = |sensor: &Sensor| {
        let (anchor, end) = counts_from(sensor, now, today);
        let counts = nearest(anchor, end, date, &shelves, sums);
        let added = shelves.iter().zip(&counts);
        let sum = added.fold(anchor.sum, |sum, (shelf, count)| plus(sum, shelf.sum, *count));
        let mut taken: Vec<(Instant, CodeId)> = Vec::new();
        for (shelf, count) in shelves.iter_mut().zip(counts) {
            shelf.take(count, &mut taken);
        }
        taken.sort_unstable();
        let expires_on = if taken.is_empty() {
            Some(end).filter(|end| today <= *end)
        } else {
            sum.after(anchor.date).ok()
        };
        Choice { sensor: sensor.id, codes: taken.into_iter().map(|(_, code)| code).collect(), expires_on }
    };
    order.into_iter().map(choice).collect()
}

/// The codes of one length, oldest first.
struct Shelf {
    sum: TermSum,
    codes: Vec<Stock>,
    left: u32,
}

impl Shelf {
    fn take(&mut self, mut count: u32, taken: &mut Vec<(Instant, CodeId)>) {
        for stock in &mut self.codes {
            let some = count.min(stock.available);
            stock.available -= some;
            self.left -= some;
            count -= some;
            taken.extend((0..some).map(|_| (stock.redeemed_at, stock.code)));
        }
    }
}

/// What is in the pool by length, the longest first, so that sums of few licenses are met early.
fn shelves(stock: &[Stock]) -> Vec<Shelf> {
    let mut shelves: Vec<Shelf> = Vec::new();
    for stock in stock.iter().filter(|stock| stock.available > 0) {
        let sum = stock.term.sum();
        let place = shelves.iter().position(|shelf| shelf.sum == sum).unwrap_or_else(|| {
            shelves.push(Shelf { sum, codes: Vec::new(), left: 0 });
            shelves.len() - 1
        });
        if let Some(shelf) = shelves.get_mut(place) {
            shelf.left = shelf.left.saturating_add(stock.available);
            shelf.codes.push(*stock);
        }
    }
    for shelf in &mut shelves {
        shelf.codes.sort_unstable_by_key(|stock| (stock.redeemed_at, stock.code));
    }
    let length = |shelf: &Shelf| u64::from(shelf.sum.months) * 30 + u64::from(shelf.sum.days);
    shelves.sort_by_key(|shelf| std::cmp::Reverse((length(shelf), shelf.sum)));
    shelves
}

/// Up to so many dates that sensors may come to share: that on which the last of them ends now, or would with one or two
/// licenses of a length more.
///
/// Only those for which a license is given, and then the ends lie nearer to each other than they do now. A sensor that is
/// not covered counts as one that ended yesterday; where none is covered, all have to come to end on one day. The best
/// comes first: where the fewest are left without cover, then where the ends lie nearest together, then where the fewest
/// licenses are needed, then the earliest.
#[must_use]
pub fn suggest(
    zone: &Zone,
    now: Instant,
    sensors: &[Sensor],
    stock: &[Stock],
    most: usize,
) -> Vec<Suggestion> {
    let today = zone.date_at(now);
    let last = today.saturating_add(jiff::Span::new().days(i64::from(MOST_DAYS)));
    let mut candidates: BTreeSet<Date> = BTreeSet::new();
    // What ends last is what the others can be brought to.
    let latest = sensors.iter().map(|sensor| counts_from(sensor, now, today)).max_by_key(|(_, end)| *end);
    let Some((anchor, end)) = latest else { return Vec::new() };
    candidates.insert(end);
    for shelf in shelves(stock).iter().take(LENGTHS_TRIED) {
        for times in 1..=2 {
            candidates.extend(plus(anchor.sum, shelf.sum, times).after(anchor.date));
        }
    }
    let ends_now = sensors.iter().map(|sensor| counts_from(sensor, now, today).1);
    let apart_now = days_apart(ends_now).filter(|_| today <= end);
    let suggestion = |date: Date| {
        let choices = choose(zone, now, sensors, date, stock);
        let licenses_needed = choices.iter().map(|choice| choice.codes.len()).sum();
        let yesterday = today.yesterday().unwrap_or(today);
        let apart = days_apart(choices.iter().map(|choice| choice.expires_on.unwrap_or(yesterday)))?;
        let nearer = apart_now.map_or(apart == 0, |apart_now| apart < apart_now);
        (licenses_needed > 0 && nearer).then(|| Suggestion {
            date,
            uncovered: choices.iter().filter(|choice| choice.expires_on.is_none()).count(),
            spread_days: days_apart(choices.iter().filter_map(|choice| choice.expires_on)).unwrap_or(0),
            licenses_needed,
        })
    };
    let candidates = candidates.into_iter().filter(|date| (today..=last).contains(date));
    let mut suggestions: Vec<Suggestion> = candidates.filter_map(suggestion).collect();
    suggestions.sort_unstable_by_key(|found| {
        (found.uncovered, found.spread_days, found.licenses_needed, found.date)
    });
    suggestions.truncate(most);
    suggestions
}

/// How many days lie between the first of some ends and the last.
fn days_apart(ends: impl Iterator<Item = Date>) -> Option<u32> {
    let ends: BTreeSet<Date> = ends.collect();
    Some(days_between(*ends.first()?, *ends.last()?))
}

/// From where the next license of a sensor counts, and the last date that it is covered by now.
fn counts_from(sensor: &Sensor, now: Instant, today: Date) -> (Anchor, Date) {
    let yesterday = today.yesterday().unwrap_or(today);
    match (&sensor.chain, sensor.chain.last_cover()) {
        (Chain::Running { .. }, Some(last)) => (last.anchor, last.expires_on),
        (_, Some(last)) if last.goes_on_at(now) => (last.anchor, yesterday),
        _ => (Anchor { date: today, sum: TermSum::default() }, yesterday),
    }
}

/// A sum that can be made: how many licenses it needs, and of which the last were added.
#[derive(Clone, Copy)]
struct Made {
    licenses: u32,
    step: Option<usize>,
}

/// How many licenses of each shelf bring a chain nearest to a date.
///
/// The sums are made shelf by shelf; of each the way of fewest licenses is kept, which is all that matters for the
/// shelves that follow.
fn nearest(anchor: Anchor, end: Date, date: Date, shelves: &[Shelf], most: usize) -> Vec<u32> {
    // Each step adds some licenses of a shelf to a sum before it.
    let mut steps: Vec<(Option<usize>, usize, u32)> = Vec::new();
    let mut best = (days_between(end, date), 0, None);
    let mut sums: HashMap<TermSum, Made> =
        HashMap::from([(TermSum::default(), Made { licenses: 0, step: None })]);
    let mut looked_at = 0_usize;
    for (place, shelf) in shelves.iter().enumerate().filter(|_| end < date) {
        let mut before: Vec<(TermSum, Made)> = sums.iter().map(|(sum, made)| (*sum, *made)).collect();
        before.sort_unstable_by_key(|(sum, _)| *sum);
        for (sum, made) in before {
            let count = shelf.left.min(MOST_EACH.saturating_sub(made.licenses));
            for added in 1..=count {
                let licenses = made.licenses + added;
                let sum = plus(sum, shelf.sum, added);
                let Ok(ends) = plus(anchor.sum, sum, 1).after(anchor.date) else { break };
                let distance = days_between(ends, date);
                looked_at += 1;
                // More of it only leads further away; and nothing beats the day itself but fewer licenses.
                let too_far = ends > date && distance > best.0;
                if too_far || (best.0 == 0 && licenses >= best.1) || looked_at > most {
                    break;
                }
                let known = sums.entry(sum);
                if matches!(&known, Entry::Occupied(known) if known.get().licenses <= licenses) {
                    continue;
                }
                steps.push((made.step, place, added));
                let step = Some(steps.len() - 1);
                known.insert_entry(Made { licenses, step });
                if (distance, licenses) < (best.0, best.1) {
                    best = (distance, licenses, step);
                }
            }
        }
    }
    let mut counts = vec![0; shelves.len()];
    let mut step = best.2;
    while let Some((before, place, added)) = step.and_then(|step| steps.get(step).copied()) {
        if let Some(count) = counts.get_mut(place) {
            *count += added;
        }
        step = before;
    }
    counts
}

fn plus(sum: TermSum, term: TermSum, times: u32) -> TermSum {
    TermSum {
        months: sum.months.saturating_add(term.months.saturating_mul(times)),
        days: sum.days.saturating_add(term.days.saturating_mul(times)),
    }
}

/// How many days lie between two dates.
fn days_between(one: Date, other: Date) -> u32 {
    one.since(other).map_or(u32::MAX, |span| span.get_days().unsigned_abs())
}
