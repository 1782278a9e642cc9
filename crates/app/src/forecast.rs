//! The forecast: what happens if nobody does anything, what would if somebody did, and what to buy (R12 to R16).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tenure_domain::forecast::{Counts, Fate, Forecast, Month, Prospect, Scene, Untold, WhatIf, end_of};
use tenure_domain::{
    CodeId, Date, Instant, OrganizationId, Pool, Refusal, Sensor, SensorId, Serial, Term, TermSum,
};
use tenure_store::codes::Code;
use tenure_store::covers::{self, Named};
use tenure_store::page::cut;
use tenure_store::{codes, ledger, sensors};

use crate::ahead::{MOST_DAYS, licenses_left};
use crate::assign_license::key_of;
use crate::chosen::checked;
use crate::issue_code::MOST_LICENSES;
use crate::settle::Reading;
use crate::{App, AppError, Ctx};

/// The most steps that are supposed at once.
pub const MOST_STEPS: usize = 20;

/// How many licenses of the pool are loaded beyond two for each sensor.
const POOL_HEAD: usize = 64;

/// Something that somebody might do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supposed {
    /// Redeem a code for so many licenses of a term.
    Redeem {
        /// How many.
        licenses: u32,
        /// How long each lasts.
        term: Term,
    },
    /// Switch the auto renewal of some sensors.
    AutoRenewal {
        /// The sensors.
        sensors: Vec<SensorId>,
        /// On or off.
        on: bool,
    },
    /// Give each of some sensors a license.
    Assign {
        /// The sensors, in the order in which they take.
        sensors: Vec<SensorId>,
        /// The license key to take from; the next licenses of the pool when none is given (R13).
        key: Option<String>,
    },
    /// Remove sensors, one after the other.
    Remove {
        /// The sensors.
        sensors: Vec<SensorId>,
    },
    /// Replace a sensor.
    Replace {
        /// The sensor.
        sensor: SensorId,
        /// The new serial number.
        serial: Serial,
    },
}

/// What is asked of the future.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The last local date that is looked at; a year ahead when none is given.
    pub until: Option<Date>,
    /// What somebody might do now, one step after the other.
    pub what_if: Vec<Supposed>,
}

/// Licenses that are to be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToBuy {
    /// The day at whose start they are to be in the pool.
    pub by: Date,
    /// How many.
    pub licenses: usize,
    /// How long each lasts.
    pub term: Term,
    /// How many these are with those before.
    pub cumulative: usize,
}

/// What is supposed against doing nothing, told by the sensors with auto renewal that are without a license in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// How many are without when nothing is done.
    pub goes_without_before: usize,
    /// How many are without when it is done.
    pub goes_without_after: usize,
    /// How many would be without and are covered.
    pub saved: usize,
    /// How many would not be without and are.
    pub lost: usize,
}

/// The forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foretold {
    /// Today.
    pub from: Date,
    /// The last local date that is looked at.
    pub until: Date,
    /// How many licenses are in the pool now, after what is supposed.
    pub licenses_left: usize,
    /// How many sensors are covered now, after what is supposed.
    pub covered: usize,
    /// How many sensors wait for a license now, after what is supposed (R15).
    pub waiting: usize,
    /// How many sensors that waited, or began to, have a license by what is supposed (R12, R15).
    pub renewed_now: usize,
    /// All months of the span.
    pub months: Vec<Month>,
    /// The days on which something ends.
    pub days: BTreeMap<Date, Counts>,
    /// The term that is bought; none while the organization has had no license.
    pub term: Option<Term>,
    /// What to buy so that no sensor with auto renewal is without.
    pub to_buy: Vec<ToBuy>,
    /// How many sensors go without.
    pub lapses: usize,
    /// The last covered date of the first of them.
    pub first_lapse_on: Option<Date>,
    /// What is supposed against doing nothing; none when nothing is supposed.
    pub compared: Option<Compared>,
}

/// Which sensors of the forecast are asked for.
#[derive(Clone, Debug, Default)]
pub struct AskedSensors {
    /// Only those of whom this becomes.
    pub outcome: Option<Fate>,
    /// Part of a name or serial number.
    pub search: String,
    /// Those behind this place of R14's order.
    pub after: Option<Turn>,
    /// As many at the most.
    pub limit: u32,
}

/// A place in R14's order.
pub type Turn = (Instant, Instant, Serial);

/// A sensor whose chain ends, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorProspect {
    /// How it is called.
    pub sensor: Named,
    /// What becomes of it.
    pub prospect: Prospect,
}

impl App {
    /// The forecast up to the end of a day; `term` is that of the licenses that are to be bought, the most used one
    /// when none is given.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a day that is over or too far, or for too many steps; [`Refusal::ForecastTooLong`];
    /// those of what is supposed; [`Refusal::NotFound`] when there is no such organization.
    pub async fn forecast(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        question: &Question,
        term: Option<Term>,
    ) -> Result<Foretold, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let stage = Stage::load(&mut reading, question).await?;
        let codes = codes::of_organization(&mut reading.tx, organization).await?;
        let term = term.or_else(|| most_used(&codes));
        let supposes = !question.what_if.is_empty();
        let until = stage.until;
        let (forecast, before, purchases) = stage
            .play(&mut reading, move |plain, supposed| {
                let before = if supposes { Some(plain.forecast(until)?) } else { None };
                let purchases = match term {
                    Some(term) => supposed.clone().purchases(until, term)?,
                    None => Vec::new(),
                };
                Ok((supposed.forecast(until)?, before, purchases))
            })
            .await?;
        reading.tx.roll_back().await?;
        let mut cumulative = 0;
        let to_buy = term.into_iter().flat_map(|term| purchases.iter().map(move |bought| (term, bought)));
        let to_buy = to_buy.map(|(term, bought)| {
            cumulative += bought.licenses;
            ToBuy { by: bought.by, licenses: bought.licenses, term, cumulative }
        });
        let to_buy: Vec<ToBuy> = to_buy.collect();
        let compared = before.map(|before| compare(&before, &forecast));
        let mut lapses = forecast.prospects.iter().filter(|prospect| prospect.fate == Fate::GoesWithout);
        let lapses: Vec<Date> =
            lapses.by_ref().filter_map(|prospect| Some(prospect.lapses?.expires_on)).collect();
        Ok(Foretold {
            from: forecast.from,
            until,
            licenses_left: forecast.licenses_left,
            covered: forecast.covered,
            waiting: forecast.waiting.len(),
            renewed_now: forecast.renewed_now,
            months: forecast.months(),
            days: forecast.days,
            term,
            to_buy,
            lapses: lapses.len(),
            first_lapse_on: lapses.into_iter().min(),
            compared,
        })
    }

    /// A page of the sensors whose chains end up to a day, in R14's order, and where it ends if there is more; with the
    /// license keys by their codes.
    ///
    /// # Errors
    ///
    /// As [`App::forecast`].
    pub async fn forecast_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        question: &Question,
        asked: AskedSensors,
    ) -> Result<(Vec<SensorProspect>, Option<Turn>, HashMap<CodeId, String>), AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let stage = Stage::load(&mut reading, question).await?;
        let until = stage.until;
        let serials = stage.serials();
        let forecast = stage.play(&mut reading, move |_, supposed| supposed.forecast(until)).await?;
        let AskedSensors { outcome, search, after, limit } = asked;
        let found = match search.as_str() {
            "" => None,
            search => Some(covers::found(&mut reading.tx, organization, search).await?),
        };
        let limit_and_one = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        let page: Vec<Prospect> = forecast
            .prospects
            .into_iter()
            .filter(|prospect| after.is_none_or(|after| prospect.turn > after))
            .filter(|prospect| outcome.is_none_or(|outcome| prospect.fate == outcome))
            .filter(|prospect| found.as_ref().is_none_or(|found| found.contains(&prospect.sensor)))
            .take(limit_and_one)
            .collect();
        let (page, place) = cut(page, limit, |prospect| prospect.turn);
        let ids: Vec<SensorId> = page.iter().map(|prospect| prospect.sensor).collect();
        let mut names = covers::names(&mut reading.tx, organization, &ids).await?;
        let codes = codes::of_organization(&mut reading.tx, organization).await?;
        reading.tx.roll_back().await?;
        let keys = codes.into_iter().filter_map(|code| Some((code.id, code.redemption?.key))).collect();
        let named = |prospect: Prospect| {
            let mut sensor = names.remove(&prospect.sensor)?;
            // A sensor that is supposed to be replaced is told of under its new serial number.
            if let Some(serial) = serials.get(&sensor.id) {
                sensor.serial = *serial;
            }
            Some(SensorProspect { sensor, prospect })
        };
        Ok((page.into_iter().filter_map(named).collect(), place, keys))
    }
}

/// The term of most licenses that the organization has had and that were not taken from it; of several the longest.
pub(crate) fn most_used(codes: &[Code]) -> Option<Term> {
    let mut counts: BTreeMap<Term, i64> = BTreeMap::new();
    for code in codes.iter().filter(|code| code.redemption.is_some()) {
        *counts.entry(code.term).or_default() += i64::from(code.licenses) - code.tally.revoked;
    }
    let days = |term: Term| {
        let TermSum { months, days } = term.sum();
        u64::from(months) * 30 + u64::from(days)
    };
    counts.into_iter().max_by_key(|(term, count)| (*count, days(*term), *term)).map(|(term, _)| term)
}

fn compare(before: &Forecast, after: &Forecast) -> Compared {
    let without: BTreeSet<SensorId> = after.without().collect();
    let would_be: BTreeSet<SensorId> = before.without().collect();
    Compared {
        goes_without_before: would_be.len(),
        goes_without_after: without.len(),
        // Whoever stops or is removed instead is not saved.
        saved: would_be.iter().filter(|id| after.covered_after.contains(id)).count(),
        lost: without.difference(&would_be).count(),
    }
}

/// What is to be known of an organization to play forward.
struct Stage {
    until: Date,
    sensors: Vec<Sensor>,
    covered_elsewhere: usize,
    left: usize,
    steps: Vec<WhatIf>,
}

impl Stage {
    async fn load(reading: &mut Reading, question: &Question) -> Result<Self, AppError> {
        let zone = &reading.organization.zone;
        let (organization, today) = (reading.organization.id, reading.today);
        let span = jiff::Span::new();
        let until = question.until.unwrap_or_else(|| today.saturating_add(span.years(1)));
        let last = today.saturating_add(span.days(i64::from(MOST_DAYS)));
        if !(today..=last).contains(&until) {
            let expected = format!("a date from {today} to {last}");
            return Err(Refusal::Invalid { field: "until", expected }.into());
        }
        let horizon = end_of(zone, until);
        let steps = read_steps(reading, &question.what_if).await?;
        let mut sensors = ledger::acting(&mut reading.tx, organization, horizon).await?;
        sensors.extend(ledger::waiting(&mut reading.tx, organization, u32::MAX).await?);
        let loaded: BTreeSet<SensorId> = sensors.iter().map(|sensor| sensor.id).collect();
        let named: BTreeSet<SensorId> = steps.iter().flat_map(named_in).copied().collect();
        let others: Vec<SensorId> = named.difference(&loaded).copied().collect();
        sensors.extend(ledger::sensors(&mut reading.tx, organization, &others).await?);
        let running = sensors.iter().filter(|sensor| sensor.chain.name() == "running").count();
        let all_running = ledger::count_running(&mut reading.tx, organization).await?;
        let covered_elsewhere = usize::try_from(all_running).unwrap_or(0).saturating_sub(running);
        let left = licenses_left(&mut reading.tx, organization).await?;
        let left = usize::try_from(left).unwrap_or(0);
        Ok(Self { until, sensors, covered_elsewhere, left, steps })
    }

    /// The serial numbers that replaced sensors would have.
    fn serials(&self) -> HashMap<SensorId, Serial> {
        let replaced = |step: &WhatIf| match step {
            WhatIf::Replace { sensor, serial } => Some((*sensor, *serial)),
            _ => None,
        };
        self.steps.iter().filter_map(replaced).collect()
    }

    /// Plays with a scene in which nothing is supposed and one in which it is, with as long a head of the pool as is
    /// needed.
    async fn play<T: Send + 'static>(
        &self,
        reading: &mut Reading,
        work: impl Fn(Scene, Scene) -> Result<T, Untold> + Clone + Send + 'static,
    ) -> Result<T, AppError> {
        let mut length = self.sensors.len().saturating_mul(2).saturating_add(POOL_HEAD);
        loop {
            let loaded = u32::try_from(length).unwrap_or(u32::MAX);
            let pool: Pool = ledger::pool(&mut reading.tx, reading.organization.id, loaded).await?;
            let (zone, now, sensors) = (reading.organization.zone.clone(), reading.now, self.sensors.clone());
            let plain = Scene::new(zone, now, sensors, (pool, self.left), self.covered_elsewhere);
            let (steps, work) = (self.steps.clone(), work.clone());
            // It may take a second for a hundred thousand sensors, in which others are to be served.
            let played = tokio::task::spawn_blocking(move || {
                let mut supposed = plain.clone();
                steps.iter().try_for_each(|step| supposed.suppose(step))?;
                work(plain, supposed)
            });
            match played.await? {
                Ok(told) => return Ok(told),
                Err(Untold::Refused(refusal)) => return Err(refusal.into()),
                Err(Untold::PoolHeadTooShort(_)) => length = length.saturating_mul(4),
            }
        }
    }
}

fn named_in(step: &WhatIf) -> &[SensorId] {
    match step {
        WhatIf::Redeem { .. } => &[],
        WhatIf::AutoRenewal { sensors, .. } | WhatIf::Assign { sensors, .. } | WhatIf::Remove { sensors } => {
            sensors
        }
        WhatIf::Replace { sensor, .. } => std::slice::from_ref(sensor),
    }
}

/// The steps, checked as far as the deeds are before they are done.
async fn read_steps(reading: &mut Reading, supposed: &[Supposed]) -> Result<Vec<WhatIf>, AppError> {
    if supposed.len() > MOST_STEPS {
        let expected = format!("at most {MOST_STEPS} steps");
        return Err(Refusal::Invalid { field: "what_if", expected }.into());
    }
    let organization = reading.organization.id;
    let mut steps: Vec<WhatIf> = Vec::with_capacity(supposed.len());
    let mut redeemed = 0_u32;
    for step in supposed {
        let step = match step {
            Supposed::Redeem { licenses, term } => {
                redeemed = redeemed.saturating_add(*licenses);
                if *licenses == 0 || redeemed > MOST_LICENSES {
                    let expected = format!("1 to {MOST_LICENSES}, all steps together");
                    return Err(Refusal::Invalid { field: "licenses", expected }.into());
                }
                WhatIf::Redeem { licenses: *licenses, term: *term }
            }
            Supposed::AutoRenewal { sensors, on } => {
                checked(sensors)?;
                WhatIf::AutoRenewal { sensors: sensors.clone(), on: *on }
            }
            Supposed::Assign { sensors, key } => {
                checked(sensors)?;
                let key = match key {
                    Some(key) => Some(key_of(&mut reading.tx, organization, key).await?),
                    None => None,
                };
                WhatIf::Assign { sensors: sensors.clone(), key }
            }
            Supposed::Remove { sensors } => {
                checked(sensors)?;
                WhatIf::Remove { sensors: sensors.clone() }
            }
            Supposed::Replace { sensor, serial } => {
                check_free(reading, &steps, *serial).await?;
                WhatIf::Replace { sensor: *sensor, serial: *serial }
            }
        };
        steps.push(step);
    }
    Ok(steps)
}

/// Checks that a serial number is free after these steps (R20, R22).
async fn check_free(reading: &mut Reading, steps: &[WhatIf], serial: Serial) -> Result<(), AppError> {
    let organization = reading.organization.id;
    // Whoever has it now may be removed or replaced by a step before, and another may have got it.
    let mut owner = None;
    if let Some(found) = sensors::find(&mut reading.tx, serial).await? {
        if found.organization != organization {
            return Err(Refusal::SerialInUseElsewhere.into());
        }
        owner = Some(found.id);
    }
    for step in steps {
        match step {
            WhatIf::Remove { sensors } if owner.is_some_and(|owner| sensors.contains(&owner)) => owner = None,
            WhatIf::Replace { sensor, serial: new } if *new == serial => owner = Some(*sensor),
            WhatIf::Replace { sensor, .. } if owner == Some(*sensor) => owner = None,
            _ => {}
        }
    }
    if owner.is_some() { Err(Refusal::SerialAlreadyAdded.into()) } else { Ok(()) }
}
