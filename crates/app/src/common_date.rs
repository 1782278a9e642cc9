//! Bringing sensors to expire around a common date with whole licenses of the pool, and looking at that before.

use std::collections::{BTreeSet, HashMap};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use tenure_domain::common_date::{Choice, MOST_DAYS, MOST_EACH, Stock, Suggestion, choose, suggest};
use tenure_domain::{Chain, CodeId, Date, Held, License, OrganizationId, Refusal, Sensor, SensorId};
use tenure_store::codes::{self, Code};
use tenure_store::covers::{self, Named};
use tenure_store::{Tx, ledger};

use crate::ahead::{Ending, Outlook, PREVIEW_DAYS, licenses_left};
use crate::assign_license::key_of;
use crate::chosen::checked;
use crate::forecast::most_used;
use crate::settled::{SettledOrganization, Stop};
use crate::{App, AppError, Ctx};

/// How many dates are suggested.
const SUGGESTED: usize = 5;

/// Which sensors are to expire around which date.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The sensors.
    pub sensors: &'a [SensorId],
    /// The last local date that they are to be covered.
    pub date: Date,
    /// The license key to take from; the whole pool when none is given.
    pub key: Option<&'a str>,
}

/// What a sensor is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// How it is called.
    pub sensor: Named,
    /// The last date that it is covered without it; none for one that is not covered.
    pub ends_on: Option<Date>,
    /// The licenses that it is given, first to last, with the license keys.
    pub licenses: Vec<(Held, String)>,
    /// The last date that it is then covered; none for one that is not covered and is given none.
    pub expires_on: Option<Date>,
    /// How many days that lies behind the common date; before it when negative.
    pub days_from_date: Option<i32>,
}

/// What is done to bring sensors to a common date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What tells this plan from another one.
    pub token: String,
    /// Each sensor, in R14's order.
    pub items: Vec<Brought>,
    /// How many licenses it takes.
    pub licenses_needed: usize,
    /// How many licenses are left in the pool then.
    pub licenses_left: i64,
}

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPreview {
    /// The plan.
    pub plan: Plan,
    /// How many more licenses it would take if there were enough of each length.
    pub short: usize,
    /// How many days lie between the first end and the last of those that are covered now; none when none is.
    pub spread_before: Option<u32>,
    /// How many days would lie between the first end and the last.
    pub spread_after: Option<u32>,
    /// Who goes without within a year because of it, in R14's order.
    pub goes_without: Vec<Ending>,
}

impl App {
    /// Brings sensors to expire around a date, all or none: each is given as many whole licenses of the pool as bring
    /// its end nearest to it.
    ///
    /// # Errors
    ///
    /// [`Refusal::PlanChanged`] when it would not be the plan of this token; [`Refusal::Invalid`] for too many sensors,
    /// one twice, or a date that is over or too far; [`Refusal::NotFound`] when there is no such sensor or key.
    pub async fn bring_to_date(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        wish: Wish<'_>,
        expected: &str,
    ) -> Result<Plan, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let (plan, _) = settled.bring_to_date(wish).await?;
        if plan.token != expected {
            settled.roll_back().await?;
            return Err(Refusal::PlanChanged.into());
        }
        settled.commit(self).await?;
        Ok(plan)
    }

    /// What [`App::bring_to_date`] would do: it is done, and then undone.
    ///
    /// # Errors
    ///
    /// As [`App::bring_to_date`].
    pub async fn preview_common_date(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        wish: Wish<'_>,
    ) -> Result<PlanPreview, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let (plan, changed) = settled.bring_to_date(wish).await?;
        settled.roll_back().await?;

        let mut reading = self.read_settled(ctx, organization).await?;
        let mut outlook = Outlook::load(&mut reading, PREVIEW_DAYS).await?;
        let goes_without = outlook.newly_without(&mut reading.tx, &changed).await?;
        let sensors = ledger::sensors(&mut reading.tx, organization, wish.sensors).await?;
        let codes = codes::of_organization(&mut reading.tx, organization).await?;
        let stock = in_stock(&mut reading.tx, organization, &codes, wish.key).await?;
        reading.tx.roll_back().await?;
        let enough = enough(&stock, &codes, sensors.len());
        let (zone, now) = (reading.organization.zone, reading.now);
        let date = wish.date;
        let wanted = tokio::task::spawn_blocking(move || choose(&zone, now, &sensors, date, &enough)).await?;
        let wanted: usize = wanted.iter().map(|choice| choice.codes.len()).sum();
        Ok(PlanPreview {
            short: wanted.saturating_sub(plan.licenses_needed),
            spread_before: spread(plan.items.iter().filter_map(|item| item.ends_on)),
            spread_after: spread(plan.items.iter().filter_map(|item| item.expires_on)),
            plan,
            goes_without,
        })
    }

    /// Up to five dates that sensors may come to share, the best first.
    ///
    /// # Errors
    ///
    /// As [`App::preview_common_date`].
    pub async fn suggest_common_dates(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        sensors: &[SensorId],
        key: Option<&str>,
    ) -> Result<Vec<Suggestion>, AppError> {
        checked(sensors)?;
        let mut reading = self.read_settled(ctx, organization).await?;
        let found = ledger::sensors(&mut reading.tx, organization, sensors).await?;
        if found.len() < sensors.len() {
            return Err(Refusal::NotFound { what: "sensor" }.into());
        }
        let codes = codes::of_organization(&mut reading.tx, organization).await?;
        let stock = in_stock(&mut reading.tx, organization, &codes, key).await?;
        reading.tx.roll_back().await?;
        let (zone, now) = (reading.organization.zone, reading.now);
        let work = move || suggest(&zone, now, &found, &stock, SUGGESTED);
        Ok(tokio::task::spawn_blocking(work).await?)
    }
}

impl SettledOrganization {
    /// Gives the sensors their licenses; returns what was given, and the sensors that got any.
    async fn bring_to_date(&mut self, wish: Wish<'_>) -> Result<(Plan, Vec<Sensor>), AppError> {
        let (organization, today) = (self.organization.id, self.today());
        let last = today.saturating_add(jiff::Span::new().days(i64::from(MOST_DAYS)));
        if !(today..=last).contains(&wish.date) {
            let expected = format!("a date from {today} to {last}");
            return Err(Refusal::Invalid { field: "date", expected }.into());
        }
        let before = self.sensors(wish.sensors).await?;
        let codes = codes::of_organization(&mut self.tx, organization).await?;
        let stock = in_stock(&mut self.tx, organization, &codes, wish.key).await?;
        let (zone, now, sensors, date) =
            (self.organization.zone.clone(), self.now, before.clone(), wish.date);
        let choices = tokio::task::spawn_blocking(move || choose(&zone, now, &sensors, date, &stock)).await?;
        let licenses = self.licenses_of(&choices).await?;
        let given = licenses.clone();
        let changed = self
            .at_desk(before.clone(), move |desk, sensors| {
                sensors.iter_mut().try_for_each(|sensor| {
                    let licenses = given.get(&sensor.id).map_or(&[][..], Vec::as_slice);
                    licenses.iter().try_for_each(|license| Ok::<_, Stop>(desk.assign(sensor, *license)?))
                })
            })
            .await?;
        let mut names = covers::names(&mut self.tx, organization, wish.sensors).await?;
        let keys: HashMap<CodeId, String> =
            codes.into_iter().filter_map(|code| Some((code.id, code.redemption?.key))).collect();
        let before: HashMap<SensorId, &Sensor> = before.iter().map(|sensor| (sensor.id, sensor)).collect();
        let after: HashMap<SensorId, &Sensor> = changed.iter().map(|sensor| (sensor.id, sensor)).collect();
        let item = |choice: &Choice| {
            let was = before.get(&choice.sensor)?;
            let is = after.get(&choice.sensor).unwrap_or(was);
            let count = licenses.get(&choice.sensor).map_or(0, Vec::len);
            let key = |held: Held| (held, keys.get(&held.license.code).cloned().unwrap_or_default());
            let expires_on = covered_until(is);
            Some(Brought {
                sensor: names.remove(&choice.sensor)?,
                ends_on: covered_until(was),
                licenses: last_of(is, count).into_iter().map(key).collect(),
                expires_on,
                days_from_date: expires_on.map(|on| tenure_domain::standing::days_remaining(on, wish.date)),
            })
        };
        let items: Vec<Brought> = choices.iter().filter_map(item).collect();
        let plan = Plan {
            token: token(wish.date, &items),
            licenses_needed: items.iter().map(|item| item.licenses.len()).sum(),
            items,
            licenses_left: licenses_left(&mut self.tx, organization).await?,
        };
        Ok((plan, changed))
    }

    /// The licenses that were chosen by their codes: of each code the first ones (R13).
    async fn licenses_of(&mut self, choices: &[Choice]) -> Result<HashMap<SensorId, Vec<License>>, AppError> {
        let mut counts: HashMap<CodeId, u32> = HashMap::new();
        for code in choices.iter().flat_map(|choice| &choice.codes) {
            *counts.entry(*code).or_default() += 1;
        }
        let mut shelves: HashMap<CodeId, std::vec::IntoIter<License>> = HashMap::new();
        for (code, count) in counts {
            let licenses = ledger::available_of_code(&mut self.tx, code, count).await?;
            shelves.insert(code, licenses.into_iter());
        }
        let mut licenses = HashMap::new();
        for choice in choices {
            let mut of_sensor = Vec::with_capacity(choice.codes.len());
            for code in &choice.codes {
                let next = shelves.get_mut(code).and_then(Iterator::next);
                of_sensor.push(next.ok_or(Refusal::KeyNotAvailable)?);
            }
            licenses.insert(choice.sensor, of_sensor);
        }
        Ok(licenses)
    }
}

/// What the pool has, of one key or of all.
async fn in_stock(
    tx: &mut Tx,
    organization: OrganizationId,
    codes: &[Code],
    key: Option<&str>,
) -> Result<Vec<Stock>, AppError> {
    let only = match key {
        Some(key) => Some(key_of(tx, organization, key).await?),
        None => None,
    };
    let stock = |code: &Code| {
        let available = u32::try_from(code.tally.available).ok().filter(|available| *available > 0)?;
        let redeemed_at = code.redemption.as_ref()?.at;
        Some(Stock { code: code.id, term: code.term, redeemed_at, available })
    };
    Ok(codes.iter().filter(|code| only.is_none_or(|only| only == code.id)).filter_map(stock).collect())
}

/// A pool that has enough of each length; of an empty one, of the length that the organization uses most.
fn enough(stock: &[Stock], codes: &[Code], sensors: usize) -> Vec<Stock> {
    let available = u32::try_from(sensors).unwrap_or(u32::MAX).saturating_mul(MOST_EACH);
    if stock.is_empty() {
        let of_most = most_used(codes).and_then(|term| codes.iter().find(|code| code.term == term));
        let stock = of_most.map(|code| Stock {
            code: code.id,
            term: code.term,
            redeemed_at: code.issued_at,
            available,
        });
        return stock.into_iter().collect();
    }
    stock.iter().map(|stock| Stock { available, ..*stock }).collect()
}

fn covered_until(sensor: &Sensor) -> Option<Date> {
    let running = matches!(sensor.chain, Chain::Running { .. });
    sensor.chain.end().filter(|_| running).map(|end| end.expires_on)
}

/// The last licenses of a chain.
fn last_of(sensor: &Sensor, count: usize) -> Vec<Held> {
    let Chain::Running { active, queue } = &sensor.chain else { return Vec::new() };
    let skipped = (queue.len() + 1).saturating_sub(count);
    std::iter::once(active).chain(queue).skip(skipped).copied().collect()
}

fn spread(ends: impl Iterator<Item = Date>) -> Option<u32> {
    let ends: BTreeSet<Date> = ends.collect();
    let days = tenure_domain::standing::days_remaining(*ends.last()?, *ends.first()?);
    Some(days.unsigned_abs())
}

/// What tells a plan from another: who is given which license, and when it expires.
fn token(date: Date, items: &[Brought]) -> String {
    let mut hash = Sha256::new();
    hash.update(date.to_string());
    for item in items {
        hash.update(format!("\n{}", item.sensor.id));
        for (held, _) in &item.licenses {
            hash.update(format!(" {} {}", held.license.id, held.cover.expires_on));
        }
    }
    BASE64URL_NOPAD.encode(&hash.finalize())
}
