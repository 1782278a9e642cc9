//! Adding sensors (R22): new ones, and ones that come back (R21); whole or not at all, and a look at it beforehand.

use std::collections::{HashMap, HashSet};

use tenure_domain::license::Rest;
use tenure_domain::{Chain, CodeId, Date, License, OrganizationId, Refusal, Sensor, SensorId, Serial, Term};
use tenure_store::counters::{self, Counter};
use tenure_store::removed::{self, RemovedSensor};
use tenure_store::sensors::{self as rows, NewSensor};
use tenure_store::{codes, ledger, released};

use crate::sensors::checked_name;
use crate::settled::{Row, SettledOrganization};
use crate::{App, AppError, Ctx};

/// The most sensors that are added at once.
pub const MOST_ADDED: usize = 10_000;

/// The longest text that is repeated to whom a serial number was refused.
const LONGEST_REPEATED: usize = 40;

/// A sensor that is to be added, as somebody has written it down.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Its serial number.
    pub serial: &'a str,
    /// Its name. When none is given: the name that it had here before, or its serial number.
    pub name: Option<&'a str>,
}

/// Sensors that are to be added.
#[derive(Clone, Copy, Debug)]
pub struct Additions<'a> {
    /// The sensors.
    pub sensors: &'a [Listed<'a>],
    /// The license key to take licenses of; the next licenses of the pool when none is given (R13).
    pub key: Option<&'a str>,
    /// Whether they renew themselves. When nothing is said: as they did before, or yes (R12).
    pub auto_renewal: Option<bool>,
}

/// What adding one of the sensors does, or why it cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its serial number, as it was written down.
    pub serial: String,
    /// Its name.
    pub name: String,
    /// What happens.
    pub outcome: Result<Placed, Refusal>,
}

/// A sensor that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its identifier.
    pub id: SensorId,
    /// Whether what it left behind when it was removed comes back with it, so that it takes no license (R21).
    pub comes_back: bool,
    /// The license key of the license that covers it.
    pub key: String,
    /// That license's term.
    pub term: Term,
    /// Its activation date.
    pub activation_date: Date,
    /// The last local date that it covers.
    pub expires_on: Date,
}

/// What adding sensors would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Each sensor, in the order in which they were written down.
    pub sensors: Vec<Planned>,
    /// How many licenses those take that could be added.
    pub licenses_needed: usize,
    /// How many licenses are left, of the chosen key if one was chosen.
    pub licenses_left: i64,
}

/// A sensor that nothing but a missing license keeps out.
struct Candidate<'a> {
    place: usize,
    id: SensorId,
    number: i64,
    serial: Serial,
    name: String,
    given_name: Option<&'a str>,
    back: Option<RemovedSensor>,
}

impl App {
    /// Adds sensors, all of them or none. Each takes one license, but for those that come back while what they have
    /// left behind still runs. Returns them in the order of the list.
    ///
    /// # Errors
    ///
    /// [`Refusal::ListRefused`] names the first that cannot be added; [`Refusal::NoLicenseLeft`] or
    /// [`Refusal::KeyNotAvailable`] when all could but for the licenses; [`Refusal::NotFound`] for an unknown key;
    /// [`Refusal::Invalid`] for an empty list, or one that is too long.
    pub async fn add_sensors(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        additions: Additions<'_>,
    ) -> Result<Vec<SensorId>, AppError> {
        let count = count(&additions)?;
        let first_number = self.db.take_numbers(Counter::Sensor, count).await?;
        let first_id = self.entropy.bits();
        let mut settled = self.settled(ctx, organization).await?;
        let planned = settled.add(ctx, first_number, first_id, &additions).await?;
        let added = whole(planned)?;
        settled.commit(self).await?;
        Ok(added)
    }

    /// What adding sensors would do: they are added, and that is undone.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for an unknown key; [`Refusal::Invalid`] for an empty list, or one that is too long.
    pub async fn preview_additions(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        additions: Additions<'_>,
    ) -> Result<Outlook, AppError> {
        let count = count(&additions)?;
        let first_id = self.entropy.bits();
        let mut settled = self.settled(ctx, organization).await?;
        let first_number = counters::take_in(&mut settled.tx, Counter::Sensor, count).await?;
        let licenses_left = settled.licenses_left(additions.key).await?;
        let sensors = settled.add(ctx, first_number, first_id, &additions).await?;
        settled.roll_back().await?;
        let takes = |planned: &&Planned| match &planned.outcome {
            Ok(placed) => !placed.comes_back,
            Err(refusal) => lacks_license(refusal),
        };
        let licenses_needed = sensors.iter().filter(takes).count();
        Ok(Outlook { sensors, licenses_needed, licenses_left })
    }
}

fn count(additions: &Additions<'_>) -> Result<u32, Refusal> {
    let count = additions.sensors.len();
    let expected = || format!("a list of 1 to {MOST_ADDED} sensors");
    let fits = (1..=MOST_ADDED).contains(&count);
    let count = u32::try_from(count).ok().filter(|_| fits);
    count.ok_or_else(|| Refusal::Invalid { field: "sensors", expected: expected() })
}

const fn lacks_license(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NoLicenseLeft | Refusal::KeyNotAvailable)
}

/// All sensors of a list, or why none of them is added.
fn whole(planned: Vec<Planned>) -> Result<Vec<SensorId>, Refusal> {
    let (mut added, mut lacking) = (Vec::with_capacity(planned.len()), None);
    for (place, Planned { serial, outcome, .. }) in (1..).zip(planned) {
        match outcome {
            Ok(placed) => added.push(placed.id),
            Err(refusal) if lacks_license(&refusal) => lacking = Some(refusal),
            Err(refusal) => {
                let repeated = serial.chars().filter(|letter| !letter.is_control()).take(LONGEST_REPEATED);
                let (serial, why) = (repeated.collect(), refusal.to_string());
                return Err(Refusal::ListRefused { place, serial, why });
            }
        }
    }
    lacking.map_or(Ok(added), Err)
}

impl SettledOrganization {
    /// Adds sensors as far as they can be added; whether that is far enough is for the caller to say.
    ///
    /// A new sensor's number and identifier are the first ones and its place in the list.
    pub(crate) async fn add(
        &mut self,
        ctx: &Ctx,
        first_number: i64,
        first_id: u128,
        additions: &Additions<'_>,
    ) -> Result<Vec<Planned>, AppError> {
        let code = match additions.key {
            Some(key) => Some(self.key(key).await?),
            None => None,
        };
        let (mut planned, mut candidates) = (Vec::new(), Vec::new());
        let places = (0_usize..).zip(first_number..).zip(additions.sensors);
        let mut seen = HashSet::new();
        for ((place, number), listed) in places {
            let read = read(listed, &mut seen);
            let name = listed.name.unwrap_or(listed.serial).trim().to_owned();
            // Whoever is refused only for a missing license is told so at the end.
            let outcome = Err(code.map_or(Refusal::NoLicenseLeft, |_| Refusal::KeyNotAvailable));
            let outcome = read.as_ref().map_or_else(|refusal| Err(refusal.clone()), |_| outcome);
            planned.push(Planned { serial: listed.serial.to_owned(), name, outcome });
            let Ok((serial, given_name)) = read else { continue };
            let id = SensorId::new(ctx.now, first_id.wrapping_add(u128::try_from(place).unwrap_or(0)));
            let name = given_name.map_or_else(|| serial.to_string(), str::to_owned);
            candidates.push(Candidate { place, id, number, serial, name, given_name, back: None });
        }
        self.leave_out_taken(&mut candidates, &mut planned).await?;
        let mut sensors = self.make_rows(&mut candidates, additions.auto_renewal).await?;
        self.leave_out_taken_meanwhile(&candidates, &mut planned, &mut sensors).await?;
        let chains = self.cover(sensors, code).await?;
        let keys: HashMap<CodeId, String> = codes::of_organization(&mut self.tx, self.organization.id)
            .await?
            .into_iter()
            .filter_map(|code| Some((code.id, code.redemption?.key)))
            .collect();
        for candidate in candidates {
            let Some(planned) = planned.get_mut(candidate.place) else { continue };
            planned.name = candidate.name;
            if let Some((Chain::Running { active, .. }, comes_back)) = chains.get(&candidate.id) {
                planned.outcome = Ok(Placed {
                    id: candidate.id,
                    comes_back: *comes_back,
                    key: keys.get(&active.license.code).cloned().unwrap_or_default(),
                    term: active.license.term,
                    activation_date: active.cover.activation_date,
                    expires_on: active.cover.expires_on,
                });
            }
        }
        Ok(planned)
    }

    /// How many licenses are in the pool, of this key if one is named.
    async fn licenses_left(&mut self, key: Option<&str>) -> Result<i64, AppError> {
        let only = match key {
            Some(key) => Some(self.key(key).await?),
            None => None,
        };
        let codes = codes::of_organization(&mut self.tx, self.organization.id).await?;
        let counted = codes.iter().filter(|code| only.is_none_or(|only| code.id == only));
        Ok(counted.map(|code| code.tally.available).sum())
    }

    /// Finds which serial numbers are in use, and which sensors were here before.
    async fn leave_out_taken(
        &mut self,
        candidates: &mut Vec<Candidate<'_>>,
        planned: &mut [Planned],
    ) -> Result<(), AppError> {
        let serials: Vec<Serial> = candidates.iter().map(|candidate| candidate.serial).collect();
        let owners = rows::owners(&mut self.tx, &serials).await?;
        let mut before = removed::by_serials(&mut self.tx, self.organization.id, &serials).await?;
        candidates.retain(|candidate| {
            let Some(owner) = owners.get(&candidate.serial) else { return true };
            if let Some(planned) = planned.get_mut(candidate.place) {
                planned.outcome = Err(if *owner == self.organization.id {
                    Refusal::SerialAlreadyAdded
                } else {
                    Refusal::SerialInUseElsewhere
                });
            }
            false
        });
        for candidate in candidates {
            candidate.back = before.remove(&candidate.serial);
            if let Some(RemovedSensor { id, number, name, .. }) = &candidate.back {
                (candidate.id, candidate.number) = (*id, *number);
                candidate.name = candidate.given_name.unwrap_or(name).to_owned();
            }
        }
        Ok(())
    }

    /// Makes the rows of new sensors, and makes removed ones the organization's again; each with the trail's row.
    async fn make_rows(
        &mut self,
        candidates: &mut [Candidate<'_>],
        auto_renewal: Option<bool>,
    ) -> Result<Vec<Sensor>, AppError> {
        let (organization, now, rev) = (self.organization.id, self.now, self.organization.rev);
        let (mut sensors, mut new, mut trail) = (Vec::new(), Vec::new(), Vec::<Row>::new());
        for candidate in candidates {
            let Candidate { id, number, serial, name, back, .. } = candidate;
            let (id, number, serial) = (*id, *number, *serial);
            self.added(id, number);
            let (added_at, auto_renewal, chain) = match back {
                None => {
                    let auto_renewal = auto_renewal.unwrap_or(true);
                    let (name, added_at) = (name.clone(), now);
                    new.push(NewSensor { id, number, organization, serial, name, added_at, auto_renewal });
                    (now, auto_renewal, Chain::Unlicensed)
                }
                Some(back) => {
                    if !removed::bring_back(&mut self.tx, id, rev).await? {
                        return Err(Refusal::SerialInUseElsewhere.into());
                    }
                    if back.name != *name {
                        rows::rename(&mut self.tx, id, serial, name).await?;
                    }
                    let last = ledger::last_ended(&mut self.tx, id, now).await?;
                    let chain = last.map_or(Chain::Unlicensed, Chain::Lapsed);
                    (back.added_at, auto_renewal.unwrap_or(back.auto_renewal), chain)
                }
            };
            let after = serde_json::json!({ "serial": serial, "name": name, "auto_renewal": auto_renewal });
            let before = back.as_ref().map(|back| {
                serde_json::json!({ "removed_at": back.removed_at, "name": back.name, "auto_renewal": back.auto_renewal })
            });
            let action = if back.is_some() { "sensor_brought_back" } else { "sensor_added" };
            trail.push((action, id.to_string(), before, Some(after)));
            sensors.push(Sensor { id, serial, added_at, auto_renewal, chain });
        }
        rows::insert(&mut self.tx, &new).await?;
        self.audit_all(trail).await?;
        Ok(sensors)
    }

    /// On PostgreSQL another organization may have taken a serial number since it was looked up.
    async fn leave_out_taken_meanwhile(
        &mut self,
        candidates: &[Candidate<'_>],
        planned: &mut [Planned],
        sensors: &mut Vec<Sensor>,
    ) -> Result<(), AppError> {
        let serials: Vec<Serial> = candidates.iter().map(|candidate| candidate.serial).collect();
        let owners = rows::owners(&mut self.tx, &serials).await?;
        sensors.retain(|sensor| owners.get(&sensor.serial) == Some(&self.organization.id));
        for candidate in candidates {
            if owners.get(&candidate.serial) != Some(&self.organization.id)
                && let Some(planned) = planned.get_mut(candidate.place)
            {
                planned.outcome = Err(Refusal::SerialInUseElsewhere);
            }
        }
        Ok(())
    }

    /// Gives each sensor what it left behind, or a license of the pool while there are any. Returns the chains of those
    /// that got one, and whether it was their own.
    async fn cover(
        &mut self,
        sensors: Vec<Sensor>,
        code: Option<CodeId>,
    ) -> Result<HashMap<SensorId, (Chain, bool)>, AppError> {
        let ids: Vec<SensorId> = sensors.iter().map(|sensor| sensor.id).collect();
        let rests = released::of_sensors(&mut self.tx, &ids).await?;
        let rests: HashMap<SensorId, Rest> =
            rests.into_iter().map(|rest| (rest.placed.sensor, rest)).collect();
        let of_key: Option<Vec<License>> = match code {
            Some(code) => {
                let most = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                Some(ledger::available_of_code(&mut self.tx, code, most).await?)
            }
            None => None,
        };
        let covered = self
            .at_desk(sensors, |desk, sensors| {
                let mut of_key = of_key.as_ref().map(|licenses| licenses.iter().copied());
                for sensor in sensors {
                    if let Some(rest) = rests.get(&sensor.id) {
                        desk.bring_back(sensor, rest)?;
                        continue;
                    }
                    let license = match &mut of_key {
                        Some(licenses) => licenses.next(),
                        None => desk.take_next()?,
                    };
                    if let Some(license) = license {
                        desk.assign(sensor, license)?;
                    }
                }
                Ok(())
            })
            .await?;
        let row = |sensor: Sensor| (sensor.id, (sensor.chain, rests.contains_key(&sensor.id)));
        Ok(covered.into_iter().map(row).collect())
    }
}

/// A line of the list: the serial number and the name.
fn read<'a>(listed: &Listed<'a>, seen: &mut HashSet<Serial>) -> Result<(Serial, Option<&'a str>), Refusal> {
    let serial: Serial = listed.serial.parse()?;
    let name = listed.name.map(checked_name).transpose()?;
    if seen.insert(serial) { Ok((serial, name)) } else { Err(Refusal::SerialListedTwice) }
}
