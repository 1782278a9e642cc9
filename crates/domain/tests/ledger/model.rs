//! The rules as a plain list of licenses, in which every question is answered by looking at all of them.

use jiff::tz::TimeZone;

use crate::calendar::Day;
use crate::plan::{Command, TERMS, ZONES, code_bits, serial_number};
use crate::rows::{CoverRow, Ledger, LicenseRow, SensorRow};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Available,
    Queued,
    Active,
    Ended,
    Released,
    Revoked,
}

#[derive(Clone, Debug)]
struct Cover {
    sensor: usize,
    starts: i64,
    ends: i64,
    activation_date: Day,
    expires_on: Day,
    /// The chain's first date, and the terms from there on, this license's last (R7).
    first_date: Day,
    terms: Vec<usize>,
}

#[derive(Clone, Debug)]
struct License {
    code: usize,
    number: u32,
    term: usize,
    redeemed_at: i64,
    state: State,
    cover: Option<Cover>,
    /// When, among all that are over, it was over.
    finished: usize,
}

#[derive(Clone, Copy, Debug)]
struct Sensor {
    serial: u64,
    added_at: i64,
    auto_renewal: bool,
    removed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    zone: TimeZone,
    licenses: Vec<License>,
    sensors: Vec<Sensor>,
    revoked_codes: Vec<usize>,
    finished: usize,
}

impl License {
    fn is(&self, state: State, sensor: usize) -> bool {
        self.state == state && self.cover.as_ref().is_some_and(|cover| cover.sensor == sensor)
    }

    fn cover(&self) -> &Cover {
        self.cover.as_ref().unwrap()
    }
}

impl Model {
    pub(crate) fn new(zone: usize) -> Self {
        Self {
            zone: TimeZone::get(ZONES[zone]).unwrap(),
            licenses: Vec::new(),
            sensors: Vec::new(),
            revoked_codes: Vec::new(),
            finished: 0,
        }
    }

    pub(crate) fn sensors(&self) -> usize {
        self.sensors.len()
    }

    /// The sensors that were removed.
    pub(crate) fn removed(&self) -> Vec<usize> {
        (0..self.sensors.len()).filter(|sensor| self.sensors[*sensor].removed).collect()
    }

    /// The released licenses, by code and number.
    pub(crate) fn released(&self) -> Vec<(usize, u32)> {
        let released = self.licenses.iter().filter(|license| license.state == State::Released);
        released.map(|license| (license.code, license.number)).collect()
    }

    /// The licenses that a sensor has, the active one first, and then those that it had; by code and number.
    pub(crate) fn licenses_of(&self, sensor: usize) -> Vec<(usize, u32)> {
        let over = (0..self.licenses.len()).filter(|place| {
            self.licenses[*place].finished > 0 && self.licenses[*place].cover().sensor == sensor
        });
        let all = self.active(sensor).into_iter().chain(self.queue(sensor)).chain(over);
        all.map(|place| (self.licenses[place].code, self.licenses[place].number)).collect()
    }

    /// The promised ends that lie after an instant, first to last.
    pub(crate) fn ends_after(&self, now: i64) -> Vec<i64> {
        let promised =
            |license: &&License| matches!(license.state, State::Queued | State::Active | State::Released);
        let mut ends: Vec<i64> =
            self.licenses.iter().filter(promised).map(|license| license.cover().ends).collect();
        ends.retain(|end| *end > now);
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// R17: everything due by `now`, in the order of its instants.
    pub(crate) fn settle(&mut self, now: i64) {
        let due = |license: &License| {
            let runs = matches!(license.state, State::Active | State::Released);
            runs.then(|| license.cover().ends)
        };
        while let Some(instant) = self.licenses.iter().filter_map(due).min().filter(|instant| *instant <= now)
        {
            for place in 0..self.licenses.len() {
                if due(&self.licenses[place]) == Some(instant) {
                    self.finish(place, State::Ended);
                }
            }
            // R12: the queue goes before the pool.
            for sensor in 0..self.sensors.len() {
                if self.active(sensor).is_none()
                    && let Some(next) = self.queue(sensor).first()
                {
                    assert_eq!(self.licenses[*next].cover().starts, instant, "R7: no gap, no overlap");
                    self.licenses[*next].state = State::Active;
                }
            }
            self.renew_waiting(instant);
        }
    }

    /// What a command does, or the refusal's code.
    pub(crate) fn run(&mut self, now: i64, command: &Command) -> Result<(), &'static str> {
        self.settle(now);
        match *command {
            Command::Settle => {}
            Command::Redeem { code, licenses, term } => {
                self.licenses.extend((1..=licenses).map(|number| License {
                    code,
                    number,
                    term,
                    redeemed_at: now,
                    state: State::Available,
                    cover: None,
                    finished: 0,
                }));
            }
            Command::Add { key, sensor } => {
                let license = self.choose(key)?;
                let serial = serial_number(sensor);
                self.sensors.push(Sensor { serial, added_at: now, auto_renewal: true, removed: false });
                self.give(license, self.sensors.len() - 1, now);
            }
            Command::Assign { sensor, .. }
            | Command::AutoRenewal { sensor, .. }
            | Command::TakeBack { sensor, .. }
            | Command::Remove { sensor }
            | Command::GiveReleased { sensor, .. }
            | Command::Replace { sensor, .. }
                if self.sensors[sensor].removed =>
            {
                return Err("not_found");
            }
            Command::Assign { sensor, key } => {
                let license = self.choose(key)?;
                self.give(license, sensor, now);
            }
            Command::AutoRenewal { sensor, on } => self.sensors[sensor].auto_renewal = on,
            Command::Remove { sensor } => self.remove(sensor),
            Command::BringBack { sensor, key } => self.bring_back(now, sensor, key)?,
            Command::GiveReleased { sensor, license } => self.give_released(now, sensor, license)?,
            Command::Replace { sensor, serial } => self.sensors[sensor].serial = serial_number(serial),
            Command::TakeBack { sensor, license, saved } => self.take_back(now, sensor, license, saved)?,
            Command::Revoke { code, end_active } => self.revoke(now, code, end_active),
            Command::Zone(zone) => self.zone = TimeZone::get(ZONES[zone]).unwrap(),
        }
        self.renew_waiting(now);
        Ok(())
    }

    /// R21.
    fn remove(&mut self, sensor: usize) {
        for license in &mut self.licenses {
            if license.is(State::Queued, sensor) {
                (license.state, license.cover) = (State::Available, None);
            } else if license.is(State::Active, sensor) {
                license.state = State::Released;
            }
        }
        self.sensors[sensor].removed = true;
    }

    /// R21, R22: what it left behind comes back; when that is over or another's, it takes a license.
    fn bring_back(&mut self, now: i64, sensor: usize, key: Option<usize>) -> Result<(), &'static str> {
        match self.licenses.iter_mut().find(|license| license.is(State::Released, sensor)) {
            Some(rest) => rest.state = State::Active,
            None => {
                let license = self.choose(key)?;
                self.give(license, sensor, now);
            }
        }
        self.sensors[sensor].removed = false;
        Ok(())
    }

    /// R21: the rest of a released license, by hand.
    fn give_released(&mut self, now: i64, sensor: usize, id: (usize, u32)) -> Result<(), &'static str> {
        let place = self.licenses.iter().position(|license| (license.code, license.number) == id).unwrap();
        if self.licenses[place].state != State::Released {
            return Err("license_not_released");
        }
        if self.active(sensor).is_some() {
            return Err("sensor_covered");
        }
        let today = Day::at(now, &self.zone);
        let license = &mut self.licenses[place];
        license.state = State::Active;
        let cover = license.cover.as_mut().unwrap();
        (cover.sensor, cover.starts, cover.activation_date) = (sensor, now, today);
        Ok(())
    }

    /// R19.
    fn take_back(
        &mut self,
        now: i64,
        sensor: usize,
        id: (usize, u32),
        saved: bool,
    ) -> Result<(), &'static str> {
        let place = self.licenses.iter().position(|license| (license.code, license.number) == id).unwrap();
        let license = &mut self.licenses[place];
        if !license.is(State::Active, sensor) && !license.is(State::Queued, sensor) {
            return Err("license_not_held");
        }
        if license.state == State::Active && saved {
            return Err("license_in_use");
        }
        // R5: what is not on a sensor any more is not available under a revoked code.
        let revoked = self.revoked_codes.contains(&license.code);
        license.state = if revoked { State::Revoked } else { State::Available };
        let gone = license.cover.take().unwrap();
        self.close_ranks(now, sensor, gone.starts);
        Ok(())
    }

    /// R5.
    fn revoke(&mut self, now: i64, code: usize, end_active: bool) {
        self.revoked_codes.push(code);
        let mut gone = Vec::new();
        for place in 0..self.licenses.len() {
            if self.licenses[place].code != code {
                continue;
            }
            match self.licenses[place].state {
                State::Available => self.licenses[place].state = State::Revoked,
                State::Queued => {
                    self.licenses[place].state = State::Revoked;
                    gone.push(self.licenses[place].cover.take().unwrap());
                }
                State::Active | State::Released if end_active => {
                    gone.push(self.licenses[place].cover().clone());
                    let today = Day::at(now, &self.zone);
                    let cover = self.licenses[place].cover.as_mut().unwrap();
                    (cover.ends, cover.expires_on) = (now, today);
                    self.finish(place, State::Revoked);
                }
                State::Active | State::Released | State::Ended | State::Revoked => {}
            }
        }
        for sensor in 0..self.sensors.len() {
            let starts = gone.iter().filter(|cover| cover.sensor == sensor).map(|cover| cover.starts);
            if let Some(first) = starts.min() {
                self.close_ranks(now, sensor, first);
            }
        }
    }

    /// The queue from an instant on moves up; where nothing is active its first starts now.
    fn close_ranks(&mut self, now: i64, sensor: usize, from: i64) {
        if self.active(sensor).is_none()
            && let Some(next) = self.queue(sensor).first().copied()
        {
            let cover = self.cover_from(now, sensor, self.licenses[next].term);
            self.licenses[next].state = State::Active;
            self.licenses[next].cover = Some(cover);
        }
        let queue = self.queue(sensor);
        let (kept, moving): (Vec<usize>, Vec<usize>) =
            queue.into_iter().partition(|place| self.licenses[*place].cover().starts < from);
        let mut last = kept.last().copied().or(self.active(sensor));
        for place in moving {
            let before = self.licenses[last.unwrap()].cover().clone();
            self.licenses[place].cover = Some(self.cover_behind(&before, self.licenses[place].term));
            last = Some(place);
        }
    }

    /// R12, R14, R15: while there are licenses, the first of the waiting sensors takes the first of the pool.
    fn renew_waiting(&mut self, now: i64) {
        loop {
            let waiting = (0..self.sensors.len()).filter_map(|sensor| {
                let Sensor { serial, added_at, auto_renewal, removed } = self.sensors[sensor];
                let waits = auto_renewal && !removed && self.active(sensor).is_none();
                let end = self.last_finished(sensor)?.cover().ends;
                waits.then_some((end, added_at, serial, sensor))
            });
            let Some((_, _, _, sensor)) = waiting.min() else {
                return;
            };
            let Ok(license) = self.choose(None) else { return };
            self.give(license, sensor, now);
        }
    }

    /// R13, or the chosen key's first.
    fn choose(&self, key: Option<usize>) -> Result<usize, &'static str> {
        (0..self.licenses.len())
            .filter(|place| self.licenses[*place].state == State::Available)
            .filter(|place| key.is_none_or(|key| self.licenses[*place].code == key))
            .min_by_key(|place| {
                let license = &self.licenses[*place];
                (license.redeemed_at, code_bits(license.code), license.number)
            })
            .ok_or(if key.is_some() { "key_not_available" } else { "no_license_left" })
    }

    /// R11.
    fn give(&mut self, place: usize, sensor: usize, now: i64) {
        let term = self.licenses[place].term;
        let (state, cover) = match self.queue(sensor).last().copied().or(self.active(sensor)) {
            Some(last) => (State::Queued, self.cover_behind(self.licenses[last].cover(), term)),
            None => (State::Active, self.cover_from(now, sensor, term)),
        };
        self.licenses[place].state = state;
        self.licenses[place].cover = Some(cover);
    }

    fn finish(&mut self, place: usize, state: State) {
        self.finished += 1;
        self.licenses[place].state = state;
        self.licenses[place].finished = self.finished;
    }

    fn active(&self, sensor: usize) -> Option<usize> {
        self.licenses.iter().position(|license| license.is(State::Active, sensor))
    }

    fn queue(&self, sensor: usize) -> Vec<usize> {
        let mut queue: Vec<usize> = (0..self.licenses.len())
            .filter(|place| self.licenses[*place].is(State::Queued, sensor))
            .collect();
        queue.sort_by_key(|place| self.licenses[*place].cover().starts);
        queue
    }

    fn last_finished(&self, sensor: usize) -> Option<&License> {
        let over =
            |license: &&License| license.is(State::Ended, sensor) || license.is(State::Revoked, sensor);
        self.licenses.iter().filter(over).max_by_key(|license| license.finished)
    }

    /// R7 at the very end of an ended license, else R16.
    fn cover_from(&self, now: i64, sensor: usize, term: usize) -> Cover {
        match self.last_finished(sensor) {
            Some(last) if last.state == State::Ended && last.cover().ends == now => {
                self.cover_behind(last.cover(), term)
            }
            _ => self.cover(sensor, now, Day::at(now, &self.zone), vec![term]),
        }
    }

    /// R7.
    fn cover_behind(&self, last: &Cover, term: usize) -> Cover {
        let mut terms = last.terms.clone();
        terms.push(term);
        self.cover(last.sensor, last.ends, last.first_date, terms)
    }

    /// R6, R7.
    fn cover(&self, sensor: usize, starts: i64, first_date: Day, terms: Vec<usize>) -> Cover {
        let months = terms.iter().map(|term| TERMS[*term].1).sum();
        let days = terms.iter().map(|term| TERMS[*term].2).sum();
        let mut expires_on = first_date.plus(months, days);
        while expires_on.tomorrow().first_instant(&self.zone) <= starts {
            expires_on = expires_on.tomorrow();
        }
        Cover {
            sensor,
            starts,
            ends: expires_on.tomorrow().first_instant(&self.zone),
            activation_date: Day::at(starts, &self.zone),
            expires_on,
            first_date,
            terms,
        }
    }

    pub(crate) fn ledger(&self, now: i64) -> Ledger {
        let cover_row = |cover: &Cover| CoverRow {
            sensor: cover.sensor,
            starts: cover.starts,
            ends: cover.ends,
            activation_date: cover.activation_date.to_string(),
            expires_on: cover.expires_on.to_string(),
        };
        let license_row = |license: &License| LicenseRow {
            code: license.code,
            number: license.number,
            state: match license.state {
                State::Available => "available",
                State::Queued => "queued",
                State::Active => "active",
                State::Ended => "ended",
                State::Released => "released",
                State::Revoked => "revoked",
            },
            cover: license.cover.as_ref().map(cover_row),
        };
        let in_thirty_days = Day::at(now, &self.zone).plus(0, 30);
        let sensor_row = |sensor: usize| {
            let Sensor { serial, auto_renewal, removed, .. } = self.sensors[sensor];
            if removed {
                return SensorRow { serial, auto_renewal, standing: "removed", chain_end: None };
            }
            let promised = self.queue(sensor).last().copied().or(self.active(sensor));
            let last = promised.map(|place| &self.licenses[place]).or(self.last_finished(sensor));
            SensorRow {
                serial,
                auto_renewal,
                standing: match last {
                    None => "unlicensed",
                    Some(_) if promised.is_none() => "expired",
                    Some(last) if last.cover().expires_on <= in_thirty_days => "expiring",
                    Some(_) => "covered",
                },
                chain_end: last.map(|last| (last.cover().ends, last.cover().expires_on.to_string())),
            }
        };
        Ledger {
            licenses: self.licenses.iter().map(license_row).collect(),
            sensors: (0..self.sensors.len()).map(sensor_row).collect(),
        }
    }
}
