//! The real desk, used as the store and the use cases do: records, loaded pools, changes applied.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tenure_domain::forecast::Scene;
use tenure_domain::{
    Ahead, Chain, Change, CodeId, Desk, Held, Instant, License, LicenseId, Pool, PoolHeadTooShort, Refusal,
    Rest, Sensor, SensorId, Serial, Standing, State, Term, Zone,
};

use crate::plan::{Command, TERMS, ZONES, code_bits, serial_number};
use crate::rows::{CoverRow, Ledger, LicenseRow, SensorRow};

#[derive(Clone, Copy, Debug)]
struct SensorRecord {
    number: usize,
    serial: Serial,
    added_at: Instant,
    auto_renewal: bool,
    removed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Driver {
    zone: Zone,
    /// How many licenses of the pool are loaded at the first try.
    head: usize,
    licenses: BTreeMap<LicenseId, (usize, License, State)>,
    sensors: BTreeMap<SensorId, SensorRecord>,
    revoked_codes: BTreeSet<CodeId>,
    audit: Vec<Change>,
}

/// Why a piece of work at the desk came to nothing.
enum Stop {
    TooShort,
    Refused(Refusal),
}

impl From<PoolHeadTooShort> for Stop {
    fn from(_: PoolHeadTooShort) -> Self {
        Self::TooShort
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The state on record is not the one that a change says was before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stale;

pub(crate) fn code_id(code: usize) -> CodeId {
    CodeId::from_bits(code_bits(code))
}

/// No rule orders by the identifiers of licenses or sensors: these are in nobody's order.
fn license_id((code, number): (usize, u32)) -> LicenseId {
    LicenseId::from_bits(
        (code_bits(code) * 7 + u128::from(number) * 5) << 64 | code_bits(code) << 32 | u128::from(number),
    )
}

pub(crate) fn sensor_id(sensor: usize) -> SensorId {
    SensorId::from_bits(u128::MAX - u128::try_from((sensor * 31 + 5) % 97).unwrap())
}

impl Driver {
    pub(crate) fn new(zone: usize, head: usize) -> Self {
        Self {
            zone: ZONES[zone].parse().unwrap(),
            head,
            licenses: BTreeMap::new(),
            sensors: BTreeMap::new(),
            revoked_codes: BTreeSet::new(),
            audit: Vec::new(),
        }
    }

    pub(crate) fn audit(&self) -> &[Change] {
        &self.audit
    }

    /// The states on record, with the codes.
    pub(crate) fn states(&self) -> impl Iterator<Item = (LicenseId, usize, &State)> {
        self.licenses.iter().map(|(id, (code, _, state))| (*id, *code, state))
    }

    /// The next instant at which something is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let due = |state: &State| match state {
            State::Active(placed) | State::Released(placed) => Some(placed.cover.ends),
            _ => None,
        };
        self.licenses.values().filter_map(|(_, _, state)| due(state)).min()
    }

    /// What settling at an instant changes, computed with a pool of which `head` licenses are loaded at first.
    pub(crate) fn due_changes(&self, now: Instant, head: usize) -> Vec<Change> {
        // Only those that are due, as the store loads them.
        let is_due = |sensor: &Sensor| match &sensor.chain {
            Chain::Running { active, .. } => active.cover.ends <= now,
            _ => false,
        };
        let due: Vec<Sensor> = self.sensors().into_iter().filter(is_due).collect();
        let rests: Vec<Rest> =
            self.rests().into_iter().filter(|rest| rest.placed.cover.ends <= now).collect();
        self.at_desk(now, head, None, &due, |desk, sensors| Ok(desk.settle_with(sensors, &rests)?)).unwrap()
    }

    /// What removed sensors have left behind.
    fn rests(&self) -> Vec<Rest> {
        let rest = |(_, license, state): &(usize, License, State)| match state {
            State::Released(placed) => Some(Rest { license: *license, placed: *placed }),
            _ => None,
        };
        self.licenses.values().filter_map(rest).collect()
    }

    /// What lies ahead until an instant, looked at with only the sensors that the store would load, and a pool of
    /// which `head` licenses are loaded at first.
    pub(crate) fn ahead(&self, horizon: Instant, head: usize) -> Ahead {
        let mut sensors = self.sensors();
        sensors.retain(|sensor| sensor.chain.end().is_some_and(|end| end.ends <= horizon));
        let mut pool: Vec<License> = (self.licenses.values())
            .filter(|(_, _, state)| *state == State::Available)
            .map(|(_, license, _)| *license)
            .collect();
        pool.sort_by_key(License::turn);
        let look = |head: usize| {
            let loaded = pool.iter().take(head).copied();
            Ahead::look(&self.zone, horizon, sensors.clone(), Pool::new(loaded, pool.len() > head))
        };
        (head..).find_map(|head| look(head).ok()).unwrap()
    }

    /// A scene for a forecast until a horizon, with only the sensors that the store would load and those that are named,
    /// and a pool of which `head` licenses are loaded.
    pub(crate) fn scene(&self, now: Instant, horizon: Instant, head: usize, named: &[SensorId]) -> Scene {
        let mut sensors = self.sensors();
        let covered = |sensors: &[Sensor]| {
            sensors.iter().filter(|sensor| matches!(sensor.chain, Chain::Running { .. })).count()
        };
        let all_covered = covered(&sensors);
        sensors.retain(|sensor| {
            let acts = match &sensor.chain {
                Chain::Running { active, .. } => active.cover.ends <= horizon,
                _ => sensor.waits(),
            };
            acts || named.contains(&sensor.id)
        });
        let mut pool: Vec<License> = (self.licenses.values())
            .filter(|(_, _, state)| *state == State::Available)
            .map(|(_, license, _)| *license)
            .collect();
        pool.sort_by_key(License::turn);
        let left = pool.len();
        let loaded = pool.into_iter().take(head);
        let elsewhere = all_covered - covered(&sensors);
        Scene::new(self.zone.clone(), now, sensors, (Pool::new(loaded, left > head), left), elsewhere)
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(crate) fn term(&self, license: LicenseId) -> Term {
        self.licenses[&license].1.term
    }

    /// The number that the next code gets.
    pub(crate) fn next_code(&self) -> usize {
        self.licenses.values().map(|(code, ..)| code + 1).max().unwrap_or(0)
    }

    /// Settles at an instant, as a scheduler does.
    pub(crate) fn settle(&mut self, now: Instant) {
        let changes = self.due_changes(now, self.head);
        self.apply(&changes).unwrap();
    }

    /// Writes changes to the records and the audit trail, all or none.
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<(), Stale> {
        let mut licenses = self.licenses.clone();
        for change in changes {
            let (_, license, state) = licenses.get_mut(&change.license).unwrap();
            assert_eq!(license.code, change.code);
            if *state != change.before {
                return Err(Stale);
            }
            *state = change.after;
        }
        self.licenses = licenses;
        self.audit.extend_from_slice(changes);
        Ok(())
    }

    /// A command, after everything due before it (R17), or the refusal's code.
    pub(crate) fn run(&mut self, now: Instant, command: &Command) -> Result<(), &'static str> {
        self.settle(now);
        let before = self.sensors.clone();
        let answer = self.run_settled(now, command);
        if answer.is_err() {
            self.sensors = before;
        }
        answer
    }

    fn run_settled(&mut self, now: Instant, command: &Command) -> Result<(), &'static str> {
        let mut sensors = self.sensors();
        let mut without = None;
        match *command {
            Command::Assign { sensor, .. }
            | Command::AutoRenewal { sensor, .. }
            | Command::TakeBack { sensor, .. }
            | Command::Remove { sensor }
            | Command::GiveReleased { sensor, .. }
            | Command::Replace { sensor, .. }
                if self.sensors[&sensor_id(sensor)].removed =>
            {
                return Err("not_found");
            }
            Command::BringBack { sensor, .. } => {
                self.sensors.get_mut(&sensor_id(sensor)).unwrap().removed = false;
                sensors = self.sensors();
            }
            Command::Replace { sensor, serial } => {
                let record = self.sensors.get_mut(&sensor_id(sensor)).unwrap();
                record.serial = Serial::from_number(serial_number(serial));
            }
            Command::Redeem { code, licenses, term } => self.redeem(now, code, licenses, term),
            Command::Zone(zone) => self.zone = ZONES[zone].parse().unwrap(),
            Command::AutoRenewal { sensor, on } => {
                self.sensors.get_mut(&sensor_id(sensor)).unwrap().auto_renewal = on;
                sensors = self.sensors();
            }
            Command::Add { sensor, .. } => sensors.push(Sensor {
                id: sensor_id(sensor),
                serial: Serial::from_number(serial_number(sensor)),
                added_at: now,
                auto_renewal: true,
                chain: Chain::Unlicensed,
            }),
            Command::Revoke { code, .. } => without = Some(code_id(code)),
            Command::Settle
            | Command::Assign { .. }
            | Command::TakeBack { .. }
            | Command::Remove { .. }
            | Command::GiveReleased { .. } => {}
        }
        let work = |desk: &mut Desk<'_>, sensors: &mut [Sensor]| {
            self.command(desk, sensors, command)?;
            Ok(desk.renew_waiting(sensors)?)
        };
        let changes =
            self.at_desk(now, self.head, without, &sensors, work).map_err(|refusal| refusal.code())?;
        if let Command::Add { sensor, .. } = *command {
            let serial = Serial::from_number(serial_number(sensor));
            let record =
                SensorRecord { number: sensor, serial, added_at: now, auto_renewal: true, removed: false };
            self.sensors.insert(sensor_id(sensor), record);
        }
        if let Command::Remove { sensor } = *command {
            self.sensors.get_mut(&sensor_id(sensor)).unwrap().removed = true;
        }
        self.revoked_codes.extend(without);
        self.apply(&changes).unwrap();
        Ok(())
    }

    /// What a command does at the desk, before the sensors that wait are served.
    fn command(&self, desk: &mut Desk<'_>, sensors: &mut [Sensor], command: &Command) -> Result<(), Stop> {
        let place = |sensors: &[Sensor], sensor: usize| {
            sensors.iter().position(|other| other.id == sensor_id(sensor)).unwrap()
        };
        let left =
            |sensor: usize| self.rests().into_iter().find(|rest| rest.placed.sensor == sensor_id(sensor));
        match *command {
            Command::BringBack { sensor, .. } if left(sensor).is_some() => {
                let place = place(sensors, sensor);
                desk.bring_back(&mut sensors[place], &left(sensor).unwrap())?;
            }
            Command::Add { sensor, key }
            | Command::Assign { sensor, key }
            | Command::BringBack { sensor, key } => {
                let license = match key {
                    Some(key) => desk.take_of_key(code_id(key))?.ok_or(Refusal::KeyNotAvailable)?,
                    None => desk.take_next()?.ok_or(Refusal::NoLicenseLeft)?,
                };
                let place = place(sensors, sensor);
                desk.assign(&mut sensors[place], license)?;
            }
            Command::Remove { sensor } => {
                let place = place(sensors, sensor);
                assert_eq!(desk.remove(&mut sensors[place]).is_some(), self.covered(sensor));
            }
            Command::GiveReleased { sensor, license } => {
                let rests = self.rests();
                let rest = rests.iter().find(|rest| rest.license.id == license_id(license));
                let place = place(sensors, sensor);
                desk.give_released(&mut sensors[place], rest.ok_or(Refusal::LicenseNotReleased)?)?;
            }
            Command::TakeBack { sensor, license, saved } => {
                let previous = self.last_over(sensor_id(sensor));
                let place = place(sensors, sensor);
                let sensor = &mut sensors[place];
                desk.take_back(sensor, license_id(license), previous, saved)?;
                let code = code_id(license.0);
                if self.revoked_codes.contains(&code) {
                    // R5: nothing is available under a revoked code.
                    desk.take_of_key(code)?;
                    desk.revoke_available(&self.licenses[&license_id(license)].1);
                }
            }
            Command::Revoke { code, end_active } => {
                for (_, license, state) in self.licenses.values() {
                    if license.code == code_id(code) && *state == State::Available {
                        desk.revoke_available(license);
                    }
                }
                for sensor in sensors {
                    desk.revoke_on(sensor, code_id(code), end_active)?;
                }
                for rest in self.rests() {
                    if end_active && rest.license.code == code_id(code) {
                        desk.revoke_released(&rest);
                    }
                }
            }
            Command::Settle
            | Command::Redeem { .. }
            | Command::AutoRenewal { .. }
            | Command::Replace { .. }
            | Command::Zone(_) => {}
        }
        Ok(())
    }

    fn covered(&self, sensor: usize) -> bool {
        matches!(self.chain(sensor_id(sensor)), Chain::Running { .. })
    }

    fn redeem(&mut self, now: Instant, code: usize, licenses: u32, term: usize) {
        for number in 1..=licenses {
            let id = license_id((code, number));
            let term = TERMS[term].0.parse().unwrap();
            let license = License { id, code: code_id(code), number, term, redeemed_at: now };
            self.licenses.insert(id, (code, license, State::Available));
        }
    }

    /// Does some work with ever longer heads of the pool, until one is long enough.
    fn at_desk(
        &self,
        now: Instant,
        first_head: usize,
        without: Option<CodeId>,
        sensors: &[Sensor],
        work: impl Fn(&mut Desk<'_>, &mut [Sensor]) -> Result<(), Stop>,
    ) -> Result<Vec<Change>, Refusal> {
        let available = |(_, license, state): &&(usize, License, State)| {
            *state == State::Available && Some(license.code) != without
        };
        let mut pool: Vec<License> =
            self.licenses.values().filter(available).map(|(_, license, _)| *license).collect();
        pool.sort_by_key(|license| (license.redeemed_at, license.code, license.number));
        let mut head = first_head;
        loop {
            // Backwards: the head may come in any order (R13).
            let loaded: Vec<License> = pool.iter().take(head).rev().copied().collect();
            let mut desk = Desk::new(&self.zone, now, Pool::new(loaded, pool.len() > head));
            match work(&mut desk, &mut sensors.to_vec()) {
                Ok(()) => return Ok(desk.into_changes()),
                Err(Stop::Refused(refusal)) => return Err(refusal),
                Err(Stop::TooShort) => assert!(head < pool.len(), "the whole pool is loaded"),
            }
            head += 1;
        }
    }

    /// The sensors as they are on record, without those that were removed.
    pub(crate) fn sensors(&self) -> Vec<Sensor> {
        let sensor = |(id, record): (&SensorId, &SensorRecord)| Sensor {
            id: *id,
            serial: record.serial,
            added_at: record.added_at,
            auto_renewal: record.auto_renewal,
            chain: self.chain(*id),
        };
        self.sensors.iter().filter(|(_, record)| !record.removed).map(sensor).collect()
    }

    fn chain(&self, sensor: SensorId) -> Chain {
        let (mut active, mut queue) = (None, Vec::new());
        for (_, license, state) in self.licenses.values() {
            match state {
                State::Active(placed) if placed.sensor == sensor => {
                    assert!(active.is_none(), "R18: two active licenses");
                    active = Some(Held { license: *license, cover: placed.cover });
                }
                State::Queued(placed) if placed.sensor == sensor => {
                    queue.push(Held { license: *license, cover: placed.cover });
                }
                _ => {}
            }
        }
        queue.sort_by_key(|held| held.cover.starts);
        match active {
            Some(active) => Chain::Running { active, queue: VecDeque::from(queue) },
            None => {
                assert!(queue.is_empty(), "a queue behind nothing");
                self.last_over(sensor).map_or(Chain::Unlicensed, Chain::Lapsed)
            }
        }
    }

    /// The sensor's last license that is over: ended, or revoked while active.
    fn last_over(&self, sensor: SensorId) -> Option<Held> {
        self.audit.iter().rev().find_map(|change| match change.after {
            State::Ended(placed) | State::Revoked(Some(placed)) if placed.sensor == sensor => {
                let (_, license, _) = self.licenses[&change.license];
                Some(Held { license, cover: placed.cover })
            }
            _ => None,
        })
    }

    pub(crate) fn ledger(&self, now: Instant) -> Ledger {
        let mut licenses: Vec<LicenseRow> = self.licenses.values().map(|row| self.license_row(row)).collect();
        licenses.sort_by_key(|row| (row.code, row.number));
        let mut sensors: Vec<(usize, SensorRow)> =
            self.sensors().iter().map(|row| self.sensor_row(row, now)).collect();
        let removed = self.sensors.values().filter(|record| record.removed).map(|record| {
            let SensorRecord { number, serial, auto_renewal, .. } = *record;
            let row =
                SensorRow { serial: serial.number(), auto_renewal, standing: "removed", chain_end: None };
            (number, row)
        });
        sensors.extend(removed);
        sensors.sort_by_key(|(number, _)| *number);
        Ledger { licenses, sensors: sensors.into_iter().map(|(_, row)| row).collect() }
    }

    fn license_row(&self, (code, license, state): &(usize, License, State)) -> LicenseRow {
        let cover = state.placed().map(|placed| CoverRow {
            sensor: self.sensors[&placed.sensor].number,
            starts: placed.cover.starts.as_micros(),
            ends: placed.cover.ends.as_micros(),
            activation_date: placed.cover.activation_date.to_string(),
            expires_on: placed.cover.expires_on.to_string(),
        });
        LicenseRow { code: *code, number: license.number, state: state.name(), cover }
    }

    fn sensor_row(&self, sensor: &Sensor, now: Instant) -> (usize, SensorRow) {
        let end = sensor.chain.end();
        let row = SensorRow {
            serial: sensor.serial.number(),
            auto_renewal: sensor.auto_renewal,
            standing: Standing::of(end, now, self.zone.date_at(now)).name(),
            chain_end: end.map(|end| (end.ends.as_micros(), end.expires_on.to_string())),
        };
        (self.sensors[&sensor.id].number, row)
    }
}
