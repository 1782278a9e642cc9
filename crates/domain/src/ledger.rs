//! The ledger's desk: every way in which a license changes its state (R11 to R21).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::license::{Held, License, Placed, Rest, State};
use crate::sensor::{Chain, Sensor};
use crate::{Anchor, CodeId, Cover, Instant, LicenseId, Refusal, Zone};

/// Who or what made a change (R18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The command of a person or token.
    Command,
    /// A sensor took a license of the pool by itself (R12, R15).
    AutoRenewal,
    /// A license ended, or the next one of its queue began, because its time had come (R7).
    Calendar,
}

/// One license's step from a state to the next: one row of the audit trail (R18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The license.
    pub license: LicenseId,
    /// The code that it came with.
    pub code: CodeId,
    /// The instant at which the step was due, which is not when it was noticed (R17).
    pub at: Instant,
    /// Who or what made it.
    pub cause: Cause,
    /// The state before.
    pub before: State,
    /// The state after.
    pub after: State,
}

/// The head of an organization's pool, in the order in which licenses are taken (R13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    head: VecDeque<License>,
    goes_on: bool,
    /// What is taken when nothing is left, as often as it is wanted: to see how often that is.
    endless: Option<License>,
}

/// More licenses are wanted than were loaded, and the pool has more: load a longer head and do it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the loaded head of the pool is too short")]
pub struct PoolHeadTooShort;

impl Pool {
    /// The first licenses of the pool; `goes_on` says that there are more behind them.
    ///
    /// They may come in any order and are put into R13's.
    #[must_use]
    pub fn new(licenses: impl IntoIterator<Item = License>, goes_on: bool) -> Self {
        let mut head: Vec<License> = licenses.into_iter().collect();
        head.sort_unstable_by_key(License::turn);
        Self { head: head.into(), goes_on, endless: None }
    }

    /// The license that would be taken next (R13).
    #[must_use]
    pub fn next(&self) -> Option<&License> {
        self.head.front()
    }

    /// The loaded licenses, first to last.
    pub fn licenses(&self) -> impl ExactSizeIterator<Item = &License> {
        self.head.iter()
    }

    fn peek(&self) -> Result<Option<License>, PoolHeadTooShort> {
        match self.head.front() {
            None if self.goes_on => Err(PoolHeadTooShort),
            first => Ok(first.copied().or(self.endless)),
        }
    }

    /// The same pool, behind whose last license there is always one like this: for a forecast of how many are wanted.
    pub(crate) fn with_endless(self, license: License) -> Self {
        Self { endless: Some(license), ..self }
    }

    fn put(&mut self, license: License) {
        let place = self.head.partition_point(|other| other.turn() < license.turn());
        if place < self.head.len() || !self.goes_on {
            self.head.insert(place, license);
        }
    }
}

/// The desk at which an organization's licenses change hands at one instant.
///
/// It holds the zone, the pool's head and the changes made so far; sensors are handed to it. It does no I/O:
/// whoever holds the organization's lock loads what a step needs, and stores what has changed.
#[derive(Debug)]
pub struct Desk<'zone> {
    zone: &'zone Zone,
    now: Instant,
    pool: Pool,
    changes: Vec<Change>,
}

impl<'zone> Desk<'zone> {
    /// A desk of an organization in this zone, at this instant, with this head of its pool.
    #[must_use]
    pub fn new(zone: &'zone Zone, now: Instant, pool: Pool) -> Self {
        Self { zone, now, pool, changes: Vec::new() }
    }

    /// The head of the pool as it is by now.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The changes made, in their order.
    #[must_use]
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// The pool as it is by now, and the changes made, in their order.
    pub(crate) fn into_parts(self) -> (Pool, Vec<Change>) {
        (self.pool, self.changes)
    }

    /// Puts licenses into the pool that come with a code: for a look at what would then be.
    pub(crate) fn enter(&mut self, licenses: impl IntoIterator<Item = License>) {
        licenses.into_iter().for_each(|license| self.pool.put(license));
    }

    /// Does everything that was due up to and including the desk's instant, in the order of the instants at which
    /// it was due (R17).
    ///
    /// `sensors` are those whose active license ends by then; others are left as they are. At the end of each
    /// license the next of the queue begins (R7); behind the last one a sensor with auto renewal takes the next
    /// license of the pool (R12), in the order of R14.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`] when a longer head of the pool is needed. The desk and the sensors are then of no use:
    /// load again.
    pub fn settle(&mut self, sensors: &mut [Sensor]) -> Result<(), PoolHeadTooShort> {
        self.settle_with(sensors, &[])
    }

    /// Settles sensors as [`Desk::settle`] does, and ends what removed sensors have left behind (R21).
    ///
    /// `rests` are the released licenses that end by then; others are left as they are. What ends at one instant does
    /// so in a fixed order, sensors first.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`] as in [`Desk::settle`].
    pub fn settle_with(&mut self, sensors: &mut [Sensor], rests: &[Rest]) -> Result<(), PoolHeadTooShort> {
        self.settle_telling(sensors, rests, |_, _, _| ControlFlow::Continue(()))
    }

    /// Settles as [`Desk::settle_with`] does, and tells of each license of a sensor that has ended: the sensor's place
    /// and the sensor, with all changes so far, the last ones being what has come of it. They may be taken away.
    ///
    /// When it is told to break off, what is due later has not happened.
    pub(crate) fn settle_telling(
        &mut self,
        sensors: &mut [Sensor],
        rests: &[Rest],
        mut tell: impl FnMut(usize, &Sensor, &mut Vec<Change>) -> ControlFlow<()>,
    ) -> Result<(), PoolHeadTooShort> {
        let mut rests: Vec<&Rest> = rests.iter().filter(|rest| rest.placed.cover.ends <= self.now).collect();
        rests.sort_unstable_by_key(|rest| Reverse((rest.placed.cover.ends, rest.license.turn())));
        let due = |sensor: &Sensor, until: Instant| match &sensor.chain {
            Chain::Running { active, .. } if active.cover.ends <= until => {
                Some((active.cover.ends, sensor.added_at, sensor.serial))
            }
            _ => None,
        };
        let mut queue: BinaryHeap<_> = sensors
            .iter()
            .enumerate()
            .filter_map(|(index, sensor)| due(sensor, self.now).map(|turn| Reverse((turn, index))))
            .collect();
        while let Some(Reverse(((ends, ..), index))) = queue.pop() {
            while let Some(rest) = rests.pop_if(|rest| rest.placed.cover.ends < ends) {
                self.end_rest(rest);
            }
            let Some(sensor) = sensors.get_mut(index) else {
                continue;
            };
            self.end_active(sensor)?;
            if tell(index, sensor, &mut self.changes).is_break() {
                return Ok(());
            }
            if let Some(turn) = due(sensor, self.now) {
                queue.push(Reverse((turn, index)));
            }
        }
        rests.into_iter().rev().for_each(|rest| self.end_rest(rest));
        Ok(())
    }

    /// Gives a license that was taken out of the pool to a sensor: active now, or behind its queue (R11).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChainTooLong`] when it would end after the year 8999.
    pub fn assign(&mut self, sensor: &mut Sensor, license: License) -> Result<(), Refusal> {
        if let Chain::Running { active, queue } = &mut sensor.chain {
            let last = &queue.back().unwrap_or(active).cover;
            let cover = last.followed_by(license.term, self.zone)?;
            queue.push_back(Held { license, cover });
            let after = State::Queued(Placed { sensor: sensor.id, cover });
            self.record(self.now, Cause::Command, &license, State::Available, after);
            return Ok(());
        }
        let cover = Cover::resumed(sensor.chain.last_cover(), self.now, license.term, self.zone)?;
        self.activate(sensor, license, cover, Cause::Command, State::Available);
        Ok(())
    }

    /// Takes the pool's next license out of it (R13), for [`Desk::assign`]; `None` when the pool is empty.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`] when all that were loaded are taken and the pool has more: that is no
    /// [`Refusal::NoLicenseLeft`].
    pub fn take_next(&mut self) -> Result<Option<License>, PoolHeadTooShort> {
        let first = self.pool.peek()?;
        self.pool.head.pop_front();
        Ok(first)
    }

    /// Takes the first license of one key out of the pool, for [`Desk::assign`] (R11); `None` when none is left
    /// under it.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`] when none is among those that were loaded and the pool has more.
    pub fn take_of_key(&mut self, key: CodeId) -> Result<Option<License>, PoolHeadTooShort> {
        match self.pool.head.iter().position(|license| license.code == key) {
            None if self.pool.goes_on => Err(PoolHeadTooShort),
            None => Ok(None),
            Some(place) => Ok(self.pool.head.remove(place)),
        }
    }

    /// Gives the pool's licenses to the sensors that wait for one, in R14's order, starting now (R15, R16).
    ///
    /// Called when licenses have entered the pool, or a sensor has begun to wait.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`] as in [`Desk::settle`].
    pub fn renew_waiting(&mut self, sensors: &mut [Sensor]) -> Result<(), PoolHeadTooShort> {
        let mut waiting: Vec<&mut Sensor> = sensors.iter_mut().filter(|sensor| sensor.waits()).collect();
        waiting.sort_by_key(|sensor| sensor.turn());
        for sensor in waiting {
            let Some(license) = self.pool.peek()? else { break };
            let last = sensor.chain.last_cover();
            let Ok(cover) = Cover::resumed(last, self.now, license.term, self.zone) else {
                continue;
            };
            self.pool.head.pop_front();
            self.activate(sensor, license, cover, Cause::AutoRenewal, State::Available);
        }
        Ok(())
    }

    /// Takes a license back into the pool (R19): a queued one, or the active one while nothing is saved under it.
    ///
    /// The queue behind it moves up. `previous` is the sensor's last license that has ended, if any, and `saved`
    /// whether anything was saved under the active license. Sensors that wait are renewed by the caller
    /// ([`Desk::renew_waiting`]).
    ///
    /// # Errors
    ///
    /// [`Refusal::LicenseNotHeld`] when the sensor has no such license in its chain, [`Refusal::LicenseInUse`] when
    /// it is the active one and something was saved.
    pub fn take_back(
        &mut self,
        sensor: &mut Sensor,
        license: LicenseId,
        previous: Option<Held>,
        saved: bool,
    ) -> Result<(), Refusal> {
        let Chain::Running { active, queue } = &mut sensor.chain else {
            return Err(Refusal::LicenseNotHeld);
        };
        if active.license.id == license {
            if saved {
                return Err(Refusal::LicenseInUse);
            }
            let (taken, rest) = (*active, std::mem::take(queue));
            let before = State::Active(Placed { sensor: sensor.id, cover: taken.cover });
            self.record(self.now, Cause::Command, &taken.license, before, State::Available);
            self.pool.put(taken.license);
            sensor.chain = previous.map_or(Chain::Unlicensed, Chain::Lapsed);
            return self.restart(sensor, rest);
        }
        let place =
            queue.iter().position(|held| held.license.id == license).ok_or(Refusal::LicenseNotHeld)?;
        let Some(taken) = queue.remove(place) else {
            return Err(Refusal::LicenseNotHeld);
        };
        let before = State::Queued(Placed { sensor: sensor.id, cover: taken.cover });
        self.record(self.now, Cause::Command, &taken.license, before, State::Available);
        self.pool.put(taken.license);
        self.move_up(sensor)
    }

    /// Revokes the licenses of a code on one sensor (R5): queued ones, and the active one when `end_active`.
    ///
    /// The queue moves up; behind a cut active license its next one starts now. A sensor that is left uncovered
    /// has lapsed; whether it waits is for [`Desk::renew_waiting`].
    ///
    /// # Errors
    ///
    /// [`Refusal::ChainTooLong`] when what moves up would end after the year 8999.
    pub fn revoke_on(&mut self, sensor: &mut Sensor, code: CodeId, end_active: bool) -> Result<(), Refusal> {
        let Chain::Running { active, queue } = &mut sensor.chain else {
            return Ok(());
        };
        let (revoked, kept): (Vec<Held>, Vec<Held>) =
            std::mem::take(queue).into_iter().partition(|held| held.license.code == code);
        for held in revoked {
            let before = State::Queued(Placed { sensor: sensor.id, cover: held.cover });
            self.record(self.now, Cause::Command, &held.license, before, State::Revoked(None));
        }
        if end_active && active.license.code == code {
            let placed = Placed { sensor: sensor.id, cover: active.cover };
            let cut = active.cover.cut(self.now, self.zone);
            let after = State::Revoked(Some(Placed { cover: cut, ..placed }));
            self.record(self.now, Cause::Command, &active.license, State::Active(placed), after);
            sensor.chain = Chain::Lapsed(Held { cover: cut, ..*active });
            return self.restart(sensor, kept.into());
        }
        *queue = kept.into();
        self.move_up(sensor)
    }

    /// Revokes a license that is in the pool (R5). The caller has left it out of the loaded head.
    pub fn revoke_available(&mut self, license: &License) {
        self.record(self.now, Cause::Command, license, State::Available, State::Revoked(None));
    }

    /// Takes the licenses off a sensor that is removed (R21): its queue goes back to the pool, the active one is
    /// released. Returns what it leaves behind.
    ///
    /// The sensor then holds nothing. Sensors that wait are renewed by the caller ([`Desk::renew_waiting`]).
    pub fn remove(&mut self, sensor: &mut Sensor) -> Option<Rest> {
        let Chain::Running { active, queue } = std::mem::replace(&mut sensor.chain, Chain::Unlicensed) else {
            return None;
        };
        for held in queue {
            let before = State::Queued(Placed { sensor: sensor.id, cover: held.cover });
            self.record(self.now, Cause::Command, &held.license, before, State::Available);
            self.pool.put(held.license);
        }
        let placed = Placed { sensor: sensor.id, cover: active.cover };
        let (before, after) = (State::Active(placed), State::Released(placed));
        self.record(self.now, Cause::Command, &active.license, before, after);
        Some(Rest { license: active.license, placed })
    }

    /// Gives a sensor that is added again what it left behind when it was removed (R21): its license is active as it
    /// was, with the same cover.
    ///
    /// # Errors
    ///
    /// [`Refusal::LicenseNotReleased`] when another sensor has left it, [`Refusal::SensorCovered`] when the sensor has
    /// an active license.
    pub fn bring_back(&mut self, sensor: &mut Sensor, rest: &Rest) -> Result<(), Refusal> {
        if rest.placed.sensor != sensor.id {
            return Err(Refusal::LicenseNotReleased);
        }
        self.hand_over(sensor, rest, rest.placed.cover)
    }

    /// Gives the rest of a released license to another sensor, which is not covered (R21).
    ///
    /// It covers from now to the end that it had.
    ///
    /// # Errors
    ///
    /// [`Refusal::SensorCovered`] when the sensor has an active license.
    pub fn give_released(&mut self, sensor: &mut Sensor, rest: &Rest) -> Result<(), Refusal> {
        self.hand_over(sensor, rest, rest.placed.cover.rest(self.now, self.zone))
    }

    fn hand_over(&mut self, sensor: &mut Sensor, rest: &Rest, cover: Cover) -> Result<(), Refusal> {
        if matches!(sensor.chain, Chain::Running { .. }) {
            return Err(Refusal::SensorCovered);
        }
        let license = rest.license;
        sensor.chain = Chain::Running { active: Held { license, cover }, queue: VecDeque::new() };
        let after = State::Active(Placed { sensor: sensor.id, cover });
        self.record(self.now, Cause::Command, &license, State::Released(rest.placed), after);
        Ok(())
    }

    /// Revokes a released license (R5). It is treated as an active one: the caller does so only when the operator says
    /// that active licenses end at once.
    pub fn revoke_released(&mut self, rest: &Rest) {
        let cut = rest.placed.cover.cut(self.now, self.zone);
        let after = State::Revoked(Some(Placed { cover: cut, ..rest.placed }));
        self.record(self.now, Cause::Command, &rest.license, State::Released(rest.placed), after);
    }

    fn end_rest(&mut self, rest: &Rest) {
        let (due, placed) = (rest.placed.cover.ends, rest.placed);
        self.record(due, Cause::Calendar, &rest.license, State::Released(placed), State::Ended(placed));
    }

    /// Ends the active license at its end, and begins what follows.
    fn end_active(&mut self, sensor: &mut Sensor) -> Result<(), PoolHeadTooShort> {
        let Chain::Running { active, queue } = &mut sensor.chain else {
            return Ok(());
        };
        let ended = *active;
        let due = ended.cover.ends;
        let placed = Placed { sensor: sensor.id, cover: ended.cover };
        self.record(due, Cause::Calendar, &ended.license, State::Active(placed), State::Ended(placed));
        if let Some(next) = queue.pop_front() {
            *active = next;
            let placed = Placed { sensor: sensor.id, cover: next.cover };
            self.record(due, Cause::Calendar, &next.license, State::Queued(placed), State::Active(placed));
            return Ok(());
        }
        sensor.chain = Chain::Lapsed(ended);
        if sensor.auto_renewal
            && let Some(license) = self.pool.peek()?
            && let Ok(cover) = ended.cover.followed_by(license.term, self.zone)
        {
            self.pool.head.pop_front();
            self.activate(sensor, license, cover, Cause::AutoRenewal, State::Available);
        }
        Ok(())
    }

    /// Starts what was queued behind an active license that is gone, now.
    fn restart(&mut self, sensor: &mut Sensor, mut rest: VecDeque<Held>) -> Result<(), Refusal> {
        let Some(next) = rest.pop_front() else {
            return Ok(());
        };
        let cover = Cover::resumed(sensor.chain.last_cover(), self.now, next.license.term, self.zone)?;
        let before = State::Queued(Placed { sensor: sensor.id, cover: next.cover });
        self.activate(sensor, next.license, cover, Cause::Command, before);
        if let Chain::Running { queue, .. } = &mut sensor.chain {
            *queue = rest;
        }
        self.move_up(sensor)
    }

    /// Computes the queue's covers again, after something in front of them has gone.
    fn move_up(&mut self, sensor: &mut Sensor) -> Result<(), Refusal> {
        let Chain::Running { active, queue } = &mut sensor.chain else {
            return Ok(());
        };
        let mut last = active.cover;
        for held in queue {
            // What still follows the same cover keeps its promise, even if the zone has changed since (R8).
            let anchor = Anchor { date: last.anchor.date, sum: last.anchor.sum + held.license.term };
            if held.cover.starts != last.ends || held.cover.anchor != anchor {
                let cover = last.followed_by(held.license.term, self.zone)?;
                let before = State::Queued(Placed { sensor: sensor.id, cover: held.cover });
                let after = State::Queued(Placed { sensor: sensor.id, cover });
                held.cover = cover;
                let license = &held.license;
                self.changes.push(Change {
                    license: license.id,
                    code: license.code,
                    at: self.now,
                    cause: Cause::Command,
                    before,
                    after,
                });
            }
            last = held.cover;
        }
        Ok(())
    }

    /// Makes a license the sensor's active one, with an empty queue.
    fn activate(&mut self, sensor: &mut Sensor, license: License, cover: Cover, cause: Cause, before: State) {
        sensor.chain = Chain::Running { active: Held { license, cover }, queue: VecDeque::new() };
        let after = State::Active(Placed { sensor: sensor.id, cover });
        self.record(cover.starts, cause, &license, before, after);
    }

    fn record(&mut self, at: Instant, cause: Cause, license: &License, before: State, after: State) {
        self.changes.push(Change { license: license.id, code: license.code, at, cause, before, after });
    }
}
