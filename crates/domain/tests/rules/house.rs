//! A small organization: its zone, its pool and its sensors, and a desk at any instant.

use std::mem;

use tenure_domain::{
    Chain, Change, CodeId, Cover, Date, Desk, Held, Instant, License, LicenseId, Pool, Sensor, SensorId,
    Serial, Standing, Zone,
};

pub(crate) struct House {
    pub(crate) zone: Zone,
    pub(crate) pool: Vec<License>,
    pub(crate) sensors: Vec<Sensor>,
    pub(crate) changes: Vec<Change>,
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn code(letter: char) -> CodeId {
    CodeId::from_bits(u128::from(u32::from(letter)))
}

/// The identifier of a license, `A1`.
pub(crate) fn id(name: &str) -> LicenseId {
    let number: u128 = name[1..].parse().unwrap();
    LicenseId::from_bits((code(name.chars().next().unwrap()).bits() << 32) + number)
}

fn name(license: LicenseId) -> String {
    let letter = char::from(u8::try_from(license.bits() >> 32).unwrap());
    format!("{letter}{}", license.bits() & 0xffff)
}

/// The licenses of a code with this letter, redeemed at an instant.
pub(crate) fn licenses(letter: char, count: u32, term: &str, redeemed_at: &str) -> Vec<License> {
    let license = |number| License {
        id: id(&format!("{letter}{number}")),
        code: code(letter),
        number,
        term: term.parse().unwrap(),
        redeemed_at: at(redeemed_at),
    };
    (1..=count).map(license).collect()
}

/// A sensor without a license, with this serial number, added at an instant.
pub(crate) fn sensor(serial: u64, added_at: &str) -> Sensor {
    Sensor {
        id: SensorId::from_bits(1000 - u128::from(serial)),
        serial: Serial::from_number(serial),
        added_at: at(added_at),
        auto_renewal: true,
        chain: Chain::Unlicensed,
    }
}

impl House {
    /// An organization in UTC, with sensors 1 to `sensors`, each added a second after the one before it.
    pub(crate) fn new(sensors: u64, pool: Vec<License>) -> Self {
        let added = |serial: u64| sensor(serial, &format!("2025-01-01T00:00:{serial:02}Z"));
        Self { zone: Zone::UTC, pool, sensors: (1..=sensors).map(added).collect(), changes: Vec::new() }
    }

    /// Work at a desk with the whole pool, at an instant.
    pub(crate) fn desk<T>(
        &mut self,
        now: Instant,
        work: impl FnOnce(&mut Desk<'_>, &mut [Sensor]) -> T,
    ) -> T {
        let mut desk = Desk::new(&self.zone, now, Pool::new(mem::take(&mut self.pool), false));
        let answer = work(&mut desk, &mut self.sensors);
        self.pool = desk.pool().licenses().copied().collect();
        self.changes.extend(desk.into_changes());
        answer
    }

    pub(crate) fn settle(&mut self, now: Instant) {
        self.desk(now, |desk, sensors| desk.settle(sensors).unwrap());
    }

    /// Gives the pool's next license to a sensor, after what was due.
    pub(crate) fn assign(&mut self, sensor: usize, now: Instant) {
        self.desk(now, |desk, sensors| {
            desk.settle(sensors).unwrap();
            let license = desk.take_next().unwrap().unwrap();
            desk.assign(&mut sensors[sensor], license).unwrap();
        });
    }

    /// Serves the sensors that wait.
    pub(crate) fn renew(&mut self, now: Instant) {
        self.desk(now, |desk, sensors| desk.renew_waiting(sensors).unwrap());
    }

    /// The names of the licenses in the pool, first to last.
    pub(crate) fn pool(&self) -> Vec<String> {
        self.pool.iter().map(|license| name(license.id)).collect()
    }

    /// A sensor's active license and its queue.
    pub(crate) fn held(&self, sensor: usize) -> Vec<Held> {
        match &self.sensors[sensor].chain {
            Chain::Running { active, queue } => [active].into_iter().chain(queue).copied().collect(),
            Chain::Unlicensed | Chain::Lapsed(_) => Vec::new(),
        }
    }

    /// The covers of the sensor's active license and its queue.
    pub(crate) fn covers(&self, sensor: usize) -> Vec<Cover> {
        self.held(sensor).iter().map(|held| held.cover).collect()
    }

    /// The same, each as `A1 2026-01-31..2026-02-28` with its first and last date.
    pub(crate) fn chain(&self, sensor: usize) -> Vec<String> {
        let row = |held: &Held| {
            let Cover { activation_date, expires_on, .. } = held.cover;
            format!("{} {activation_date}..{expires_on}", name(held.license.id))
        };
        self.held(sensor).iter().map(row).collect()
    }

    pub(crate) fn standing(&self, sensor: usize, now: Instant) -> Standing {
        Standing::of(self.sensors[sensor].chain.end(), now, self.zone.date_at(now))
    }

    /// The changes so far, each as `A1 available > active 2026-01-31T09:00:00Z`.
    pub(crate) fn trail(&self) -> Vec<String> {
        let row = |change: &Change| {
            let (before, after) = (change.before.name(), change.after.name());
            format!("{} {before} > {after} {}", name(change.license), change.at)
        };
        self.changes.iter().map(row).collect()
    }
}
