//! Going through the lines of a file, some thousand at a time: each step's cost follows the lines that it does.

use std::collections::{BTreeMap, HashMap};

use tenure_domain::license::{Held, Rest};
use tenure_domain::{
    ActivationCode, Allotment, Chain, CodeId, Instant, License, Refusal, Sensor, SensorId, Serial,
};
use tenure_store::removed::{self, RemovedSensor};
use tenure_store::sensors::{self as rows, NewSensor, Renamed};
use tenure_store::{codes, covers, ledger, released};

use super::file::{File, Line, Wish, shown};
use super::{Changed, Deed, Given, Item, Report, What};
use crate::AppError;
use crate::settled::{Row, SettledOrganization};

/// How many lines are done at once: two full statements of SQLite.
const STEP: usize = 2_048;

/// How many licenses of the pool are loaded beyond those that are asked for.
const MORE: usize = 64;

/// An import under way.
pub(super) struct Work<'a> {
    file: &'a File<'a>,
    first: (Instant, i64, u128),
    allotment: Allotment,
    /// The license keys' codes, and the codes' license keys.
    codes: HashMap<String, CodeId>,
    keys: HashMap<CodeId, String>,
    /// The expired sensors that were switched on, with their lines' places.
    waiting: HashMap<SensorId, usize>,
    report: Report,
}

/// What a line's sensor is before.
enum Before {
    New,
    Back(RemovedSensor),
    There(String),
}

/// A sensor that is worked on, and its line.
struct Subject<'a> {
    place: usize,
    wish: &'a Wish<'a>,
    id: SensorId,
    number: Option<i64>,
    before: Before,
    sensor: Sensor,
}

impl Subject<'_> {
    /// The name that it is to have.
    fn name(&self) -> String {
        let before = match &self.before {
            Before::New => None,
            Before::Back(RemovedSensor { name, .. }) | Before::There(name) => Some(name),
        };
        let given = self.wish.name.as_ref().or(before);
        given.map_or_else(|| self.wish.serial.to_string(), Clone::clone)
    }

    fn is_renamed(&self) -> bool {
        match (&self.before, &self.wish.name) {
            (Before::Back(RemovedSensor { name, .. }) | Before::There(name), Some(given)) => name != given,
            _ => false,
        }
    }
}

impl<'a> Work<'a> {
    /// Looks what there is to give out.
    pub(super) async fn begin(
        settled: &mut SettledOrganization,
        file: &'a File<'a>,
        first: (Instant, i64, u128),
    ) -> Result<Self, AppError> {
        let mut work = Self {
            file,
            first,
            allotment: Allotment::default(),
            codes: HashMap::new(),
            keys: HashMap::new(),
            waiting: HashMap::new(),
            report: Report {
                lines: file.lines.len(),
                ignored_columns: file.ignored.clone(),
                ..Report::default()
            },
        };
        for code in codes::of_organization(&mut settled.tx, settled.organization.id).await? {
            work.report.licenses_left += code.tally.available;
            if let Some(redemption) = code.redemption {
                work.codes.insert(redemption.key.clone(), code.id);
                work.codes.insert(code.id.to_string(), code.id);
                work.keys.insert(code.id, redemption.key);
            }
        }
        let (mut asked, mut of_key) = (MORE, BTreeMap::<CodeId, usize>::new());
        for wish in file.lines.iter().filter_map(|line| line.wish.as_ref().ok()) {
            let count = usize::try_from(wish.licenses.unwrap_or(1)).unwrap_or(usize::MAX);
            asked = asked.saturating_add(count);
            if let Some(Some(code)) = wish.key.as_deref().map(|key| work.code(key)) {
                *of_key.entry(code).or_default() += count;
            }
        }
        let length = u32::try_from(asked).unwrap_or(u32::MAX);
        let head = ledger::pool(&mut settled.tx, settled.organization.id, length).await?;
        let mut in_head: HashMap<CodeId, usize> = HashMap::new();
        for license in head.licenses() {
            *in_head.entry(license.code).or_default() += 1;
        }
        let mut keys = BTreeMap::new();
        for (code, asked) in of_key {
            let most = asked.saturating_add(in_head.get(&code).copied().unwrap_or(0));
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            keys.insert(code, ledger::available_of_code(&mut settled.tx, code, most).await?);
        }
        work.allotment = Allotment::new(head.licenses().copied(), keys);
        work.report.items.reserve(file.lines.len());
        Ok(work)
    }

    /// The code with this license key, or with this id, as a person writes it.
    fn code(&self, key: &str) -> Option<CodeId> {
        let key = key.trim();
        let written = key.parse::<ActivationCode>().map_or_else(|_| key.to_owned(), |code| code.to_string());
        self.codes.get(&written).copied()
    }

    /// Does the next lines; returns how many are through then.
    pub(super) async fn some(
        &mut self,
        settled: &mut SettledOrganization,
        done: usize,
    ) -> Result<usize, AppError> {
        let file = self.file;
        let part: Vec<(usize, &Line<'_>)> = file.lines.iter().enumerate().skip(done).take(STEP).collect();
        let through = done + part.len();
        let item = |(_, line): &(usize, &Line<'_>)| Item {
            line: line.line,
            serial: shown(&line.serial),
            name: shown(&line.name),
            // Whoever is refused for nothing else has been taken by another organization meanwhile.
            outcome: Err(line.wish.as_ref().err().cloned().unwrap_or(Refusal::SerialInUseElsewhere)),
        };
        self.report.items.extend(part.iter().map(item));
        let mut subjects = self.subjects(settled, &part).await?;
        self.make_rows(settled, &mut subjects).await?;
        self.give(settled, subjects).await?;
        Ok(through)
    }

    fn refuse(&mut self, place: usize, refusal: Refusal) {
        if let Some(item) = self.report.items.get_mut(place) {
            item.outcome = Err(refusal);
        }
    }

    /// Finds out who the lines are about.
    async fn subjects(
        &mut self,
        settled: &mut SettledOrganization,
        part: &[(usize, &'a Line<'a>)],
    ) -> Result<Vec<Subject<'a>>, AppError> {
        let organization = settled.organization.id;
        let wishes: Vec<(usize, &Wish<'_>)> =
            part.iter().filter_map(|(place, line)| Some((*place, line.wish.as_ref().ok()?))).collect();
        let serials: Vec<Serial> = wishes.iter().map(|(_, wish)| wish.serial).collect();
        let holders = rows::holders(&mut settled.tx, &serials).await?;
        let ours: Vec<SensorId> =
            holders.values().filter(|(_, holder)| *holder == organization).map(|(id, _)| *id).collect();
        let there = ledger::sensors(&mut settled.tx, organization, &ours).await?;
        let mut there: HashMap<SensorId, Sensor> =
            there.into_iter().map(|sensor| (sensor.id, sensor)).collect();
        let mut names = covers::names(&mut settled.tx, organization, &ours).await?;
        let free: Vec<Serial> = serials.into_iter().filter(|serial| !holders.contains_key(serial)).collect();
        let mut removed = removed::by_serials(&mut settled.tx, organization, &free).await?;
        let gone: Vec<SensorId> = removed.values().map(|sensor| sensor.id).collect();
        let mut ended = ledger::last_ended_of(&mut settled.tx, &gone, settled.now).await?;
        let mut subjects = Vec::with_capacity(wishes.len());
        for (place, wish) in wishes {
            if let Some(key) = &wish.key
                && self.code(key).is_none()
            {
                self.refuse(place, Refusal::NotFound { what: "license key" });
                continue;
            }
            let serial = wish.serial;
            if let Some((id, _)) = holders.get(&serial) {
                // A sensor of another organization is not among these.
                if let Some((sensor, named)) = there.remove(id).zip(names.remove(id)) {
                    let (id, before) = (*id, Before::There(named.name));
                    subjects.push(Subject { place, wish, id, number: None, before, sensor });
                }
                continue;
            }
            let (now, first_number, first_id) = self.first;
            if let Some(back) = removed.remove(&serial) {
                let chain = ended.remove(&back.id).map_or(Chain::Unlicensed, Chain::Lapsed);
                let (id, added_at, auto_renewal) = (back.id, back.added_at, back.auto_renewal);
                let sensor = Sensor { id, serial, added_at, auto_renewal, chain };
                let number = Some(back.number);
                subjects.push(Subject { place, wish, id, number, before: Before::Back(back), sensor });
                continue;
            }
            if wish.licenses == Some(0) {
                let expected = "1 or more: a sensor that is added takes a license".to_owned();
                self.refuse(place, Refusal::Invalid { field: "licenses", expected });
                continue;
            }
            let id = SensorId::new(now, first_id.wrapping_add(u128::try_from(place).unwrap_or(0)));
            let number = first_number + i64::try_from(place).unwrap_or(0);
            let (added_at, chain) = (settled.now, Chain::Unlicensed);
            let sensor = Sensor { id, serial, added_at, auto_renewal: true, chain };
            subjects.push(Subject { place, wish, id, number: Some(number), before: Before::New, sensor });
        }
        Ok(subjects)
    }

    /// Adds the new sensors' rows, brings the removed ones back, renames; each with the trail's row.
    async fn make_rows(
        &mut self,
        settled: &mut SettledOrganization,
        subjects: &mut Vec<Subject<'_>>,
    ) -> Result<(), AppError> {
        let organization = settled.organization.id;
        let (mut new, mut back, mut renamed) = (Vec::new(), Vec::new(), Vec::new());
        for subject in subjects.iter() {
            let (id, serial, name) = (subject.id, subject.wish.serial, subject.name());
            match (&subject.before, subject.number) {
                (Before::New, Some(number)) => {
                    let (added_at, auto_renewal) = (settled.now, subject.wish.auto_renewal.unwrap_or(true));
                    new.push(NewSensor { id, number, organization, serial, name, added_at, auto_renewal });
                }
                (Before::Back(_), _) => back.push(Renamed { id, serial, name }),
                _ if subject.is_renamed() => renamed.push(Renamed { id, serial, name }),
                _ => {}
            }
        }
        let added = rows::insert(&mut settled.tx, &new).await?;
        if usize::try_from(added).is_ok_and(|added| added < new.len()) {
            // On PostgreSQL another organization has taken a serial number since it was looked up.
            let serials: Vec<Serial> = new.iter().map(|new| new.serial).collect();
            let holders = rows::holders(&mut settled.tx, &serials).await?;
            let ours = |serial| holders.get(serial).is_some_and(|(_, holder)| *holder == organization);
            subjects.retain(|subject| !matches!(subject.before, Before::New) || ours(&subject.wish.serial));
        }
        if !back.is_empty()
            && !removed::bring_back_all(&mut settled.tx, &back, settled.organization.rev).await?
        {
            return Err(Refusal::SerialInUseElsewhere.into());
        }
        rows::rename_all(&mut settled.tx, &renamed).await?;
        let mut trail = Vec::<Row>::new();
        for subject in subjects.iter_mut() {
            let (name, before) = (subject.name(), subject.sensor.auto_renewal);
            let after = subject.wish.auto_renewal.unwrap_or(before);
            let json = |on: bool| Some(serde_json::json!({ "auto_renewal": on }));
            let added =
                serde_json::json!({ "serial": subject.wish.serial, "name": name, "auto_renewal": after });
            let id = subject.id.to_string();
            match &subject.before {
                Before::New => trail.push(("sensor_added", id, None, Some(added))),
                Before::Back(RemovedSensor { removed_at, name, .. }) => {
                    let was =
                        serde_json::json!({ "removed_at": removed_at, "name": name, "auto_renewal": before });
                    trail.push(("sensor_brought_back", id, Some(was), Some(added)));
                }
                Before::There(was) => {
                    if subject.is_renamed() {
                        let json = |name: &str| Some(serde_json::json!({ "name": name }));
                        trail.push(("sensor_renamed", id.clone(), json(was), json(&name)));
                    }
                    if before != after {
                        trail.push(("auto_renewal_switched", id, json(before), json(after)));
                    }
                }
            }
            if let Some(number) = subject.number {
                settled.added(subject.id, number);
            }
        }
        settled.audit_all(trail).await
    }

    /// Gives the sensors their licenses, and keeps that.
    async fn give(
        &mut self,
        settled: &mut SettledOrganization,
        subjects: Vec<Subject<'_>>,
    ) -> Result<(), AppError> {
        let back = subjects.iter().filter(|subject| matches!(subject.before, Before::Back(_)));
        let back: Vec<SensorId> = back.map(|subject| subject.id).collect();
        let rests = released::of_sensors(&mut settled.tx, &back).await?;
        let rests: HashMap<SensorId, Rest> =
            rests.into_iter().map(|rest| (rest.placed.sensor, rest)).collect();
        let zone = settled.organization.zone.clone();
        let mut desk = settled.desk(&zone);
        let (mut before, mut after) =
            (Vec::with_capacity(subjects.len()), Vec::with_capacity(subjects.len()));
        for subject in subjects {
            before.push(subject.sensor.clone());
            let name = subject.name();
            let renamed = subject.is_renamed();
            let Subject { place, wish, before: was, mut sensor, .. } = subject;
            let rest = rests.get(&sensor.id);
            if let Some(rest) = rest {
                desk.bring_back(&mut sensor, rest)?;
            }
            let wanted = match (&was, rest) {
                (Before::There(_), _) => wish.licenses.unwrap_or(0),
                // What it left behind is its first license.
                (_, Some(_)) => wish.licenses.unwrap_or(1).saturating_sub(1),
                (_, None) => wish.licenses.unwrap_or(1),
            };
            let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
            self.report.licenses_needed = self.report.licenses_needed.saturating_add(wanted);
            let code = wish.key.as_deref().and_then(|key| self.code(key));
            let outcome = match self.allotment.take(code, wanted) {
                Some(licenses) => licenses
                    .iter()
                    .try_for_each(|license| desk.assign(&mut sensor, *license))
                    .map(|()| licenses),
                None => Err(code.map_or(Refusal::NoLicenseLeft, |_| Refusal::KeyNotAvailable)),
            };
            let switched = wish.auto_renewal.filter(|on| *on != sensor.auto_renewal);
            sensor.auto_renewal = wish.auto_renewal.unwrap_or(sensor.auto_renewal);
            if switched == Some(true) && sensor.waits() && outcome.is_ok() {
                self.waiting.insert(sensor.id, place);
            }
            let outcome = outcome.map(|taken| {
                let there = matches!(was, Before::There(_));
                let switched = switched.filter(|_| there).map(|on| match on {
                    true => Changed::AutoRenewalOn,
                    false => Changed::AutoRenewalOff,
                });
                let changes: Vec<Changed> =
                    renamed.then_some(Changed::Renamed).into_iter().chain(switched).collect();
                let what = match (&was, wanted) {
                    (Before::New, _) => What::Add,
                    (Before::Back(_), _) => What::ComesBack,
                    (Before::There(_), 1..) => What::Assign,
                    (Before::There(_), 0) if changes.is_empty() => What::Unchanged,
                    (Before::There(_), 0) => What::Change,
                };
                let rest = rest.map(|rest| rest.license);
                let licenses = self.given(&sensor, rest.iter().chain(&taken));
                Deed { what, licenses, changes }
            });
            if let Some(item) = self.report.items.get_mut(place) {
                if outcome.is_ok() {
                    item.name = name;
                }
                item.outcome = outcome;
            }
            after.push(sensor);
        }
        let changes = desk.into_changes();
        settled.keep_work(&changes, before, after).await.map(drop)
    }

    /// These licenses with the covers that they have on a sensor.
    fn given<'l>(&self, sensor: &Sensor, licenses: impl Iterator<Item = &'l License>) -> Vec<Given> {
        let Chain::Running { active, queue } = &sensor.chain else { return Vec::new() };
        let held: Vec<&Held> = std::iter::once(active).chain(queue).collect();
        licenses
            .filter_map(|license| held.iter().find(|held| held.license.id == license.id))
            .map(|held| Given {
                key: self.keys.get(&held.license.code).cloned().unwrap_or_default(),
                term: held.license.term,
                activation_date: held.cover.activation_date,
                expires_on: held.cover.expires_on,
            })
            .collect()
    }

    /// Gives the expired sensors that were switched on what is left of the pool, in R14's order (R12).
    pub(super) async fn renew(&mut self, settled: &mut SettledOrganization) -> Result<(), AppError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let ids: Vec<SensorId> = self.waiting.keys().copied().collect();
        let waiting = ledger::sensors(&mut settled.tx, settled.organization.id, &ids).await?;
        let renewed = settled.at_desk(waiting, |desk, sensors| Ok(desk.renew_waiting(sensors)?)).await?;
        self.report.renewed = renewed.len();
        self.report.licenses_needed = self.report.licenses_needed.saturating_add(renewed.len());
        for sensor in renewed {
            let Chain::Running { active, .. } = &sensor.chain else { continue };
            let given = self.given(&sensor, std::iter::once(&active.license));
            let place = self.waiting.get(&sensor.id);
            if let Some(Item { outcome: Ok(deed), .. }) =
                place.and_then(|place| self.report.items.get_mut(*place))
            {
                deed.licenses.extend(given);
                deed.changes.push(Changed::Renewed);
            }
        }
        Ok(())
    }

    /// What was done, counted.
    pub(super) fn report(mut self) -> Report {
        let report = &mut self.report;
        for item in &report.items {
            let Ok(Deed { what, licenses, changes }) = &item.outcome else {
                report.errors += 1;
                continue;
            };
            match what {
                What::Add => report.added += 1,
                What::ComesBack => report.brought_back += 1,
                What::Assign => {
                    report.assigned += 1;
                    report.assigned_licenses += licenses.len();
                }
                What::Unchanged => report.unchanged += 1,
                What::Change => {}
            }
            for changed in changes {
                match changed {
                    Changed::Renamed => report.renamed += 1,
                    Changed::AutoRenewalOn | Changed::AutoRenewalOff => report.auto_renewal_changed += 1,
                    Changed::Renewed => {}
                }
            }
        }
        self.report
    }
}
