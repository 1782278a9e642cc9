//! The forecast: R12 to R16 played forward on copies, by the settling that happens later (R17).
//!
//! A [`Scene`] holds copies of the sensors and the pool. What somebody might do now is done to them
//! ([`Scene::suppose`]), and then time passes ([`Scene::forecast`]). Nothing here computes a date or a turn of its own:
//! the [`Desk`] does, which is what makes the forecast the same as what then happens.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use jiff::civil::Date;

use crate::standing::ChainEnd;
use crate::{
    Cause, Chain, Change, CodeId, Desk, Held, Instant, License, LicenseId, Pool, PoolHeadTooShort, Refusal,
    Sensor, SensorId, Serial, State, Term, Zone,
};

/// The most ends of licenses that are played forward.
pub const MOST_ENDS: usize = 2_000_000;

/// How many renewals of one sensor are told one by one.
pub const MOST_RENEWALS: usize = 50;

/// Something that somebody might do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhatIf {
    /// Redeem a code: its licenses enter the pool last (R13), and sensors that wait take first (R15).
    Redeem {
        /// How many licenses it brings.
        licenses: u32,
        /// How long each lasts.
        term: Term,
    },
    /// Switch the auto renewal of some sensors; an expired one renews at once (R12).
    AutoRenewal {
        /// The sensors.
        sensors: Vec<SensorId>,
        /// On or off.
        on: bool,
    },
    /// Give each of some sensors a license, in their order (R11, R13).
    Assign {
        /// The sensors.
        sensors: Vec<SensorId>,
        /// The code to take the licenses of; the next ones of the pool when none is given.
        key: Option<CodeId>,
    },
    /// Remove sensors, one after the other (R21): their queues go back to the pool, where sensors that wait take first.
    Remove {
        /// The sensors.
        sensors: Vec<SensorId>,
    },
    /// Replace a sensor (R20). No date changes.
    Replace {
        /// The sensor.
        sensor: SensorId,
        /// The new serial number.
        serial: Serial,
    },
}

/// Why the future is not told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// A longer head of the pool is needed.
    #[error(transparent)]
    PoolHeadTooShort(#[from] PoolHeadTooShort),
    /// What somebody might do is refused, or it is too much to play forward.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Copies of an organization's sensors and of the head of its pool, at an instant up to which it is settled.
#[derive(Clone, Debug)]
pub struct Scene {
    zone: Zone,
    now: Instant,
    sensors: Vec<Sensor>,
    pool: Pool,
    left: usize,
    covered_elsewhere: usize,
    made_up: u32,
    renewed: usize,
}

/// What becomes of a sensor whose chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It renews, as often as it has to (R12).
    Renews,
    /// It renews as long as it finds a license, and then goes without (R14).
    GoesWithout,
    /// It stops, for its auto renewal is off (R12).
    Stops,
}

/// A sensor whose chain, as it is promised now, ends by the horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// The sensor.
    pub sensor: SensorId,
    /// Its place in R14's order.
    pub turn: (Instant, Instant, Serial),
    /// The end of its chain.
    pub end: ChainEnd,
    /// What becomes of it.
    pub fate: Fate,
    /// The licenses that it takes by itself, first to last: the first [`MOST_RENEWALS`].
    pub renewals: Vec<Held>,
    /// How many it takes.
    pub renewal_count: usize,
    /// The end of its cover, behind which nothing follows by the horizon.
    pub lapses: Option<ChainEnd>,
}

/// How often something happens at the ends of licenses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The next license of a queue begins (R7). The chain goes on.
    pub queue_starts: usize,
    /// A sensor takes a license of the pool (R12).
    pub renews: usize,
    /// A sensor finds none.
    pub goes_without: usize,
    /// A sensor stops, for its auto renewal is off.
    pub stops: usize,
}

impl Counts {
    /// How often the last license of a chain ends.
    #[must_use]
    pub const fn ends(&self) -> usize {
        self.renews + self.goes_without + self.stops
    }

    /// How many sensors lose their cover.
    #[must_use]
    pub const fn lapses(&self) -> usize {
        self.goes_without + self.stops
    }

    fn add(&mut self, other: Self) {
        self.queue_starts += other.queue_starts;
        self.renews += other.renews;
        self.goes_without += other.goes_without;
        self.stops += other.stops;
    }
}

/// A month of the forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// What happens at the ends of its days.
    pub counts: Counts,
    /// How many licenses are left when it is over.
    pub licenses_left: usize,
    /// How many sensors are covered when it is over.
    pub covered: usize,
}

/// What happens up to a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Today.
    pub from: Date,
    /// The last local date that is looked at, to its end.
    pub until: Date,
    /// How many licenses are in the pool now, after what somebody might do.
    pub licenses_left: usize,
    /// How many sensors are covered now, after what somebody might do.
    pub covered: usize,
    /// How many sensors were waiting and have a license by what somebody might do (R15).
    pub renewed_now: usize,
    /// The sensors that wait for a license now, after what somebody might do (R15), in R14's order.
    pub waiting: Vec<SensorId>,
    /// Those of the scene's sensors that are covered when the span is over.
    pub covered_after: HashSet<SensorId>,
    /// The sensors whose chains end, in R14's order.
    pub prospects: Vec<Prospect>,
    /// What happens at the end of each day on which something happens: each license counts on its last covered date.
    pub days: BTreeMap<Date, Counts>,
}

/// Licenses that should be in the pool by a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The day at whose start they are to be there; today, now.
    pub by: Date,
    /// How many.
    pub licenses: usize,
}

impl Scene {
    /// A scene at an instant up to which everything due has happened, with nothing supposed.
    ///
    /// `sensors` are those to whom something happens: those whose active license ends by the horizons that will be
    /// asked for, those that wait, and those of which something is supposed. `left` is how many licenses the whole pool
    /// has, `covered_elsewhere` how many sensors are covered that are not among these.
    #[must_use]
    pub fn new(
        zone: Zone,
        now: Instant,
        sensors: Vec<Sensor>,
        (pool, left): (Pool, usize),
        covered_elsewhere: usize,
    ) -> Self {
        Self { zone, now, sensors, pool, left, covered_elsewhere, made_up: 0, renewed: 0 }
    }

    /// Does, to the copies, what somebody might do now; several one after the other.
    ///
    /// # Errors
    ///
    /// Those of the deed: [`Refusal::NotFound`], [`Refusal::NoLicenseLeft`], [`Refusal::KeyNotAvailable`],
    /// [`Refusal::ChainTooLong`]; or [`PoolHeadTooShort`]. The scene is then of no use.
    pub fn suppose(&mut self, step: &WhatIf) -> Result<(), Untold> {
        match step {
            WhatIf::Redeem { licenses, term } => {
                let bought: Vec<License> = (1..=*licenses).map(|_| self.make_up(*term)).collect();
                self.left += bought.len();
                self.at_desk(|desk, sensors| {
                    desk.enter(bought);
                    Ok(desk.renew_waiting(sensors)?)
                })
            }
            WhatIf::AutoRenewal { sensors, on } => {
                for place in self.places(sensors)? {
                    if let Some(sensor) = self.sensors.get_mut(place) {
                        sensor.auto_renewal = *on;
                    }
                }
                self.at_desk(|desk, sensors| Ok(desk.renew_waiting(sensors)?))
            }
            WhatIf::Assign { sensors, key } => {
                let places = self.places(sensors)?;
                self.at_desk(|desk, sensors| {
                    for place in places {
                        let license = match key {
                            Some(key) => desk.take_of_key(*key)?.ok_or(Refusal::KeyNotAvailable)?,
                            None => desk.take_next()?.ok_or(Refusal::NoLicenseLeft)?,
                        };
                        if let Some(sensor) = sensors.get_mut(place) {
                            desk.assign(sensor, license)?;
                        }
                    }
                    Ok(())
                })
            }
            WhatIf::Remove { sensors } => {
                let places = self.places(sensors)?;
                self.at_desk(|desk, sensors| {
                    for place in places {
                        if let Some(sensor) = sensors.get_mut(place) {
                            desk.remove(sensor);
                            desk.renew_waiting(sensors)?;
                        }
                    }
                    Ok(())
                })?;
                let removed: HashSet<&SensorId> = sensors.iter().collect();
                self.sensors.retain(|sensor| !removed.contains(&sensor.id));
                Ok(())
            }
            WhatIf::Replace { sensor, serial } => {
                let place = self.sensors.iter().position(|other| other.id == *sensor);
                let sensor = place.and_then(|place| self.sensors.get_mut(place));
                sensor.ok_or(Refusal::NotFound { what: "sensor" })?.serial = *serial;
                Ok(())
            }
        }
    }

    /// What happens up to the end of a day if nobody does anything else.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`]; [`Refusal::ForecastTooLong`] for more than [`MOST_ENDS`] ends of licenses.
    pub fn forecast(mut self, until: Date) -> Result<Forecast, Untold> {
        let mut forecast = Forecast {
            from: self.zone.date_at(self.now),
            until,
            licenses_left: self.left,
            covered: self.covered_elsewhere + self.sensors.iter().filter(|sensor| is_running(sensor)).count(),
            renewed_now: self.renewed,
            waiting: self.waiting(),
            covered_after: HashSet::new(),
            prospects: Vec::new(),
            days: BTreeMap::new(),
        };
        let horizon = end_of(&self.zone, until);
        let prospect = |sensor: &Sensor| {
            let end = sensor.chain.end().filter(|end| is_running(sensor) && end.ends <= horizon)?;
            Some(Prospect {
                sensor: sensor.id,
                turn: sensor.turn(),
                end,
                fate: Fate::Renews,
                renewals: Vec::new(),
                renewal_count: 0,
                lapses: None,
            })
        };
        let mut prospects: Vec<Option<Prospect>> = self.sensors.iter().map(prospect).collect();
        let days = &mut forecast.days;
        self.pass(horizon, |place, sensor, date, last| {
            let counts: &mut Counts = days.entry(date).or_default();
            let prospect = prospects.get_mut(place).and_then(Option::as_mut);
            match (last.after, last.cause) {
                (State::Active(_), Cause::AutoRenewal) => {
                    counts.renews += 1;
                    if let (Some(prospect), Some(held)) = (prospect, sensor.chain.shown()) {
                        prospect.renewal_count += 1;
                        if prospect.renewal_count <= MOST_RENEWALS {
                            prospect.renewals.push(*held);
                        }
                    }
                }
                (State::Active(_), _) => counts.queue_starts += 1,
                _ => {
                    let (count, fate) = if sensor.auto_renewal {
                        (&mut counts.goes_without, Fate::GoesWithout)
                    } else {
                        (&mut counts.stops, Fate::Stops)
                    };
                    *count += 1;
                    if let Some(prospect) = prospect {
                        (prospect.fate, prospect.lapses) = (fate, sensor.chain.end());
                    }
                }
            }
        })?;
        let covered = self.sensors.iter().filter(|sensor| is_running(sensor));
        forecast.covered_after = covered.map(|sensor| sensor.id).collect();
        forecast.prospects = prospects.into_iter().flatten().collect();
        forecast.prospects.sort_unstable_by_key(|prospect| (prospect.turn, prospect.sensor));
        Ok(forecast)
    }

    /// What to buy so that no sensor with auto renewal is without a license up to the end of a day, in licenses of one
    /// term, grouped by local month.
    ///
    /// Each group is wanted by the last covered date of the first sensor that would go without but for it: it is in
    /// time when its code is redeemed at the start of that day. Sensors that wait already want theirs now, in a group
    /// of their own. It is exact: with these groups nobody with auto renewal is without, and with one license less in
    /// any of them somebody is. A short term is counted as often as it is needed.
    ///
    /// It is found by playing forward with a pool that never runs dry. What is bought lies behind all that is there
    /// (R13), so it makes no difference to who takes what whether a license comes just in time or some weeks before.
    ///
    /// # Errors
    ///
    /// As [`Scene::forecast`].
    pub fn purchases(mut self, until: Date, term: Term) -> Result<Vec<Purchase>, Untold> {
        let bought = self.make_up(term);
        self.pool = std::mem::take(&mut self.pool).with_endless(bought);
        let today = self.zone.date_at(self.now);
        let mut purchases: Vec<Purchase> = Vec::new();
        let before = self.waiting().len();
        self.at_desk(|desk, sensors| Ok(desk.renew_waiting(sensors)?))?;
        let waited = before - self.waiting().len();
        if waited > 0 {
            purchases.push(Purchase { by: today, licenses: waited });
        }
        let mut months: BTreeMap<Date, Purchase> = BTreeMap::new();
        let horizon = end_of(&self.zone, until);
        self.pass(horizon, |_, _, date, last| {
            if last.license == bought.id {
                let month = months.entry(date.first_of_month()).or_insert(Purchase { by: date, licenses: 0 });
                month.licenses += 1;
            }
        })?;
        for month in months.into_values() {
            match purchases.last_mut() {
                Some(last) if last.by == month.by => last.licenses += month.licenses,
                _ => purchases.push(month),
            }
        }
        Ok(purchases)
    }

    /// The sensors that wait, in R14's order.
    fn waiting(&self) -> Vec<SensorId> {
        let mut waiting: Vec<&Sensor> = self.sensors.iter().filter(|sensor| sensor.waits()).collect();
        waiting.sort_by_key(|sensor| sensor.turn());
        waiting.into_iter().map(|sensor| sensor.id).collect()
    }

    /// A license that is not there, behind all others of the pool (R13).
    fn make_up(&mut self, term: Term) -> License {
        self.made_up += 1;
        let id = LicenseId::from_bits(u128::MAX - u128::from(self.made_up));
        let code = CodeId::from_bits(u128::MAX);
        License { id, code, number: self.made_up, term, redeemed_at: self.now }
    }

    fn places(&self, sensors: &[SensorId]) -> Result<Vec<usize>, Refusal> {
        let places: HashMap<SensorId, usize> =
            self.sensors.iter().enumerate().map(|(place, sensor)| (sensor.id, place)).collect();
        let place = |id| places.get(id).copied().ok_or(Refusal::NotFound { what: "sensor" });
        sensors.iter().map(place).collect()
    }

    /// Does something at the desk now, and counts what it has taken out of the pool and put there.
    fn at_desk(
        &mut self,
        work: impl FnOnce(&mut Desk<'_>, &mut [Sensor]) -> Result<(), Untold>,
    ) -> Result<(), Untold> {
        let mut desk = Desk::new(&self.zone, self.now, std::mem::take(&mut self.pool));
        work(&mut desk, &mut self.sensors)?;
        let (pool, changes) = desk.into_parts();
        self.pool = pool;
        for change in changes {
            match (change.before, change.after) {
                (State::Available, _) => self.left = self.left.saturating_sub(1),
                (_, State::Available) => self.left += 1,
                _ => {}
            }
            self.renewed += usize::from(change.cause == Cause::AutoRenewal);
        }
        Ok(())
    }

    /// Lets time pass up to a horizon, and tells of each end of a license: the place of its sensor, the sensor
    /// afterwards, the last covered date, and what was the last to change.
    fn pass(
        &mut self,
        horizon: Instant,
        mut tell: impl FnMut(usize, &Sensor, Date, &Change),
    ) -> Result<(), Untold> {
        let mut desk = Desk::new(&self.zone, horizon, std::mem::take(&mut self.pool));
        let zone = &self.zone;
        let (mut ends, mut day) = (0_usize, None);
        desk.settle_telling(&mut self.sensors, &[], |place, sensor, changes| {
            let Some(last) = changes.last() else { return ControlFlow::Continue(()) };
            let date = match day {
                Some((at, date)) if at == last.at => date,
                _ => zone.date_at(last.at.plus_micros(-1)),
            };
            day = Some((last.at, date));
            tell(place, sensor, date, last);
            changes.clear();
            ends += 1;
            if ends > MOST_ENDS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if ends > MOST_ENDS { Err(Refusal::ForecastTooLong.into()) } else { Ok(()) }
    }
}

impl Forecast {
    /// All months of the span, also those in which nothing happens.
    #[must_use]
    pub fn months(&self) -> Vec<Month> {
        let (mut months, mut first) = (Vec::new(), self.from.first_of_month());
        let (mut licenses_left, mut covered) = (self.licenses_left, self.covered);
        while first <= self.until {
            let mut counts = Counts::default();
            self.days.range(first..=first.last_of_month()).for_each(|(_, day)| counts.add(*day));
            licenses_left = licenses_left.saturating_sub(counts.renews);
            covered = covered.saturating_sub(counts.lapses());
            months.push(Month { first, counts, licenses_left, covered });
            let Ok(next) = first.last_of_month().tomorrow() else { break };
            first = next;
        }
        months
    }

    /// The sensors with auto renewal that are without a license at the end: those that wait now, and those that go
    /// without.
    pub fn without(&self) -> impl Iterator<Item = SensorId> {
        let lapse = |prospect: &&Prospect| prospect.fate == Fate::GoesWithout;
        let lapsed = self.prospects.iter().filter(lapse).map(|prospect| prospect.sensor);
        self.waiting.iter().copied().chain(lapsed)
    }
}

/// The instant at which a day is over: the horizon of what happens by its end.
#[must_use]
pub fn end_of(zone: &Zone, date: Date) -> Instant {
    zone.first_instant_of(date.saturating_add(jiff::Span::new().days(1)))
}

const fn is_running(sensor: &Sensor) -> bool {
    matches!(sensor.chain, Chain::Running { .. })
}
