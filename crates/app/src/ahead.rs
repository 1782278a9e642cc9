//! Seeing ahead: who renews, who goes without, who stops, before it happens (R12 to R14).

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::ahead::Lapse;
use tenure_domain::{
    Ahead, AtEnd, Chain, Date, Instant, License, LicenseId, OrganizationId, Pool, Refusal, Sensor, SensorId,
};
use tenure_store::covers::{self, Named};
use tenure_store::organizations::Organization;
use tenure_store::{Tx, codes, ledger};

use crate::settle::Reading;
use crate::{App, AppError, Ctx};

/// The most days that are looked ahead.
pub const MOST_DAYS: u32 = 1_100;

/// How many days a preview looks ahead for who goes without because of it.
pub(crate) const PREVIEW_DAYS: u32 = 365;

/// How many days ahead a sensor's row says what happens at the end of its chain.
const ROW_DAYS: u32 = 60;

/// How many sensors are told by name.
const NAMED: usize = 50;

/// How many licenses of the pool are loaded beyond one for each sensor.
const POOL_HEAD: u32 = 64;

/// A sensor whose cover ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The sensor.
    pub sensor: Named,
    /// Its last covered local date.
    pub on: Date,
}

/// Some sensors whose covers end, by name, and how many they all are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endings {
    /// How many there are.
    pub count: usize,
    /// The last covered date of the first of them.
    pub first_on: Option<Date>,
    /// The first 50, in R14's order.
    pub first: Vec<Ending>,
}

/// What happens up to a date if nobody does anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedAhead {
    /// The last local date that is looked at.
    pub until: Date,
    /// How many licenses the sensors with auto renewal want of the pool by then.
    pub renewals_due: usize,
    /// How many licenses are in the pool now.
    pub licenses_left: i64,
    /// How many of the wanted licenses the pool has.
    pub covered_by_pool: usize,
    /// Those that find none.
    pub goes_without: Endings,
    /// Those that have auto renewal off, and no queue that goes on.
    pub stops: Endings,
}

impl App {
    /// What happens in an organization within so many days if nobody does anything.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] when it is too many days; [`Refusal::NotFound`] when there is no such organization.
    pub async fn look_ahead(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        days: u32,
    ) -> Result<LookedAhead, AppError> {
        if days > MOST_DAYS {
            let expected = format!("a number from 0 to {MOST_DAYS}");
            return Err(Refusal::Invalid { field: "days", expected }.into());
        }
        let mut reading = self.read_settled(ctx, organization).await?;
        let mut outlook = Outlook::load(&mut reading, days).await?;
        let ahead = outlook.look(&mut reading.tx, &[]).await?;
        let licenses_left = licenses_left(&mut reading.tx, organization).await?;
        let goes_without = endings(&mut reading.tx, organization, &ahead.goes_without).await?;
        let stops = endings(&mut reading.tx, organization, &ahead.stops).await?;
        reading.tx.roll_back().await?;
        Ok(LookedAhead {
            until: outlook.until,
            renewals_due: ahead.wanted(),
            licenses_left,
            covered_by_pool: ahead.renewals.len(),
            goes_without,
            stops,
        })
    }
}

/// What is to be known of an organization to look ahead.
pub(crate) struct Outlook {
    organization: Organization,
    /// The last local date that is looked at.
    pub(crate) until: Date,
    horizon: Instant,
    sensors: Vec<Sensor>,
    pool: Vec<License>,
    goes_on: bool,
}

impl Outlook {
    /// As far as the end of the day in `days` days.
    pub(crate) async fn load(reading: &mut Reading, days: u32) -> Result<Self, AppError> {
        Self::load_days(&mut reading.tx, &reading.organization, reading.today, days).await
    }

    /// As far as the end of the day `days` days after `today`.
    pub(crate) async fn load_days(
        tx: &mut Tx,
        organization: &Organization,
        today: Date,
        days: u32,
    ) -> Result<Self, AppError> {
        let until = today.saturating_add(jiff::Span::new().days(i64::from(days)));
        let horizon = organization.zone.first_instant_of(until.saturating_add(jiff::Span::new().days(1)));
        Self::load_until(tx, organization, until, horizon).await
    }

    /// As far as an instant of the day `until`.
    pub(crate) async fn load_until(
        tx: &mut Tx,
        organization: &Organization,
        until: Date,
        horizon: Instant,
    ) -> Result<Self, AppError> {
        let organization = organization.clone();
        let sensors = ledger::ending(tx, organization.id, horizon).await?;
        let mut outlook = Self { organization, until, horizon, sensors, pool: Vec::new(), goes_on: true };
        let length = u32::try_from(outlook.sensors.len()).unwrap_or(u32::MAX).saturating_add(POOL_HEAD);
        outlook.load_pool(tx, length).await?;
        Ok(outlook)
    }

    async fn load_pool(&mut self, tx: &mut Tx, length: u32) -> Result<(), AppError> {
        let pool = ledger::pool(tx, self.organization.id, length).await?;
        self.pool = pool.licenses().copied().collect();
        self.goes_on = u32::try_from(self.pool.len()).is_ok_and(|loaded| loaded >= length);
        Ok(())
    }

    /// What happens by the horizon; with `changed`, after a command that left these sensors so and took what is in
    /// their chains out of the pool.
    pub(crate) async fn look(&mut self, tx: &mut Tx, changed: &[Sensor]) -> Result<Ahead, AppError> {
        let others: BTreeSet<SensorId> = changed.iter().map(|sensor| sensor.id).collect();
        let taken: BTreeSet<LicenseId> = changed.iter().flat_map(licenses_of).collect();
        let due = |sensor: &&Sensor| sensor.chain.end().is_some_and(|end| end.ends <= self.horizon);
        let kept = self.sensors.iter().filter(|sensor| !others.contains(&sensor.id));
        let sensors: Vec<Sensor> = kept.chain(changed.iter().filter(due)).cloned().collect();
        loop {
            let left = self.pool.iter().filter(|license| !taken.contains(&license.id)).copied();
            let pool = Pool::new(left, self.goes_on);
            if let Ok(ahead) = Ahead::look(&self.organization.zone, self.horizon, sensors.clone(), pool) {
                return Ok(ahead);
            }
            let length = u32::try_from(self.pool.len()).unwrap_or(u32::MAX).saturating_mul(2).max(POOL_HEAD);
            self.load_pool(tx, length).await?;
        }
    }

    /// Who goes without by the horizon after a command and did not before it, in R14's order.
    pub(crate) async fn newly_without(
        &mut self,
        tx: &mut Tx,
        changed: &[Sensor],
    ) -> Result<Vec<Ending>, AppError> {
        let before = self.look(tx, &[]).await?.goes_without;
        let before: BTreeSet<SensorId> = before.into_iter().map(|lapse| lapse.sensor).collect();
        let mut after = self.look(tx, changed).await?.goes_without;
        after.retain(|lapse| !before.contains(&lapse.sensor));
        named(tx, self.organization.id, &after).await
    }
}

fn licenses_of(sensor: &Sensor) -> Vec<LicenseId> {
    match &sensor.chain {
        Chain::Unlicensed | Chain::Lapsed(_) => Vec::new(),
        Chain::Running { active, queue } => {
            std::iter::once(active).chain(queue).map(|held| held.license.id).collect()
        }
    }
}

/// How many licenses are in the pool.
pub(crate) async fn licenses_left(tx: &mut Tx, organization: OrganizationId) -> Result<i64, AppError> {
    let codes = codes::of_organization(tx, organization).await?;
    Ok(codes.iter().map(|code| code.tally.available).sum())
}

async fn endings(tx: &mut Tx, organization: OrganizationId, lapses: &[Lapse]) -> Result<Endings, AppError> {
    let first = named(tx, organization, lapses.get(..NAMED).unwrap_or(lapses)).await?;
    Ok(Endings { count: lapses.len(), first_on: lapses.first().map(|lapse| lapse.end.expires_on), first })
}

pub(crate) async fn named(
    tx: &mut Tx,
    organization: OrganizationId,
    lapses: &[Lapse],
) -> Result<Vec<Ending>, AppError> {
    let ids: Vec<SensorId> = lapses.iter().map(|lapse| lapse.sensor).collect();
    let mut names = covers::names(tx, organization, &ids).await?;
    let ending =
        |lapse: &Lapse| Some(Ending { sensor: names.remove(&lapse.sensor)?, on: lapse.end.expires_on });
    Ok(lapses.iter().filter_map(ending).collect())
}

/// What happens at the ends of some sensors' chains.
pub(crate) struct RowEnds {
    horizon: Instant,
    ends: BTreeMap<SensorId, AtEnd>,
    all_renew: bool,
}

/// What of a sensor says what happens at the end of its chain.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    pub(crate) sensor: SensorId,
    pub(crate) auto_renewal: bool,
    pub(crate) chain_ends: Option<Instant>,
}

impl RowEnds {
    /// Looks as far ahead as these sensors need, and not at all where the answer is plain: where all who want a
    /// license by then find one, for there are as many and each lasts beyond.
    pub(crate) async fn load(reading: &mut Reading, questions: &[Question]) -> Result<Self, AppError> {
        let (now, organization) = (reading.now, reading.organization.id);
        let until = reading.today.saturating_add(jiff::Span::new().days(i64::from(ROW_DAYS)));
        let zone = &reading.organization.zone;
        let horizon = zone.first_instant_of(until.saturating_add(jiff::Span::new().days(1)));
        let mut row_ends = Self { horizon, ends: BTreeMap::new(), all_renew: false };
        let wanted = questions
            .iter()
            .filter(|question| question.auto_renewal)
            .filter_map(|question| question.chain_ends)
            .filter(|ends| now < *ends && *ends <= horizon)
            .max();
        let Some(last) = wanted else { return Ok(row_ends) };
        let codes = codes::of_organization(&mut reading.tx, organization).await?;
        let in_pool = || codes.iter().filter(|code| code.tally.available > 0);
        let left: i64 = in_pool().map(|code| code.tally.available).sum();
        // No month is shorter than 28 days: what lasts longer than the window is taken once in it.
        let lasting = in_pool().all(|code| {
            let sum = code.term.sum();
            u64::from(sum.months) * 28 + u64::from(sum.days) > u64::from(ROW_DAYS) + 1
        });
        row_ends.all_renew = left > 0
            && lasting
            && covers::renewals_are_at_most(&mut reading.tx, organization, last, left).await?;
        if !row_ends.all_renew {
            let (tx, organization) = (&mut reading.tx, &reading.organization);
            let mut outlook = Outlook::load_until(tx, organization, until, last).await?;
            row_ends.ends = outlook.look(tx, &[]).await?.at_ends();
        }
        Ok(row_ends)
    }

    /// What happens at the end of this sensor's chain; none for one that has none, or one that is far away.
    pub(crate) fn of(&self, question: Question, now: Instant) -> Option<AtEnd> {
        let ends = question.chain_ends?;
        if ends <= now {
            return Some(AtEnd::of_lapsed(question.auto_renewal));
        }
        if self.horizon < ends {
            return None;
        }
        if !question.auto_renewal {
            return Some(AtEnd::Stops);
        }
        if self.all_renew { Some(AtEnd::Renews) } else { self.ends.get(&question.sensor).copied() }
    }
}
