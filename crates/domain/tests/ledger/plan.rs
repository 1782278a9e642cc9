//! Random commands, and their instants.

use proptest::prelude::*;

use crate::calendar::Day;
use crate::model::Model;

/// Terms, with their months and days.
pub(crate) const TERMS: [(&str, i32, i32); 8] = [
    ("P1D", 0, 1),
    ("P1W", 0, 7),
    ("P30D", 0, 30),
    ("P1M", 1, 0),
    ("P1Y", 12, 0),
    ("P2Y", 24, 0),
    ("P1Y2M3D", 14, 3),
    ("P2M2W", 2, 14),
];

pub(crate) const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Warsaw",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
];

const STARTS: [&str; 8] = [
    "2024-01-31T10:30:00Z",
    "2024-02-28T23:59:59.999999Z",
    "2024-04-24T22:00:00Z",
    "2025-10-31T03:59:59Z",
    "2027-12-31T12:00:00Z",
    "2028-02-29T10:00:00Z",
    "2029-08-31T00:00:00Z",
    "2030-05-30T21:59:59.999999Z",
];

const DAY: i64 = 86_400_000_000;

/// A command at an instant, with codes and sensors by their number in order of appearance.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Settle,
    Redeem {
        code: usize,
        licenses: u32,
        term: usize,
    },
    Add {
        sensor: usize,
        key: Option<usize>,
    },
    Assign {
        sensor: usize,
        key: Option<usize>,
    },
    AutoRenewal {
        sensor: usize,
        on: bool,
    },
    TakeBack {
        sensor: usize,
        license: (usize, u32),
        saved: bool,
    },
    Revoke {
        code: usize,
        end_active: bool,
    },
    Remove {
        sensor: usize,
    },
    /// Adds a removed sensor again.
    BringBack {
        sensor: usize,
        key: Option<usize>,
    },
    /// Gives the rest of a released license by hand.
    GiveReleased {
        sensor: usize,
        license: (usize, u32),
    },
    /// Replaces a sensor by one whose serial number has this place.
    Replace {
        sensor: usize,
        serial: usize,
    },
    Zone(usize),
}

/// The identifier of a code, in another order than that of redemption (R13).
pub(crate) fn code_bits(code: usize) -> u128 {
    u128::try_from((code * 37 + 11) % 101).unwrap()
}

/// The serial number that is used first, second, third…, in another order than that of addition (R14).
pub(crate) fn serial_number(place: usize) -> u64 {
    u64::try_from((place * 59 + 7) % 103).unwrap()
}

/// How long after the command before.
#[derive(Clone, Copy, Debug)]
enum Jump {
    Micros(i64),
    /// To one of the next promised ends, or a microsecond off.
    ToEnd {
        nth: usize,
        micros: i64,
    },
    /// To the start of a local day in some zone, or a microsecond off.
    ToMidnight {
        zone: usize,
        days: i32,
        micros: i64,
    },
}

/// What is to be done; indices count modulo what there is.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Settle,
    Redeem { licenses: u32, term: usize },
    Add { key: Option<usize> },
    Assign { sensor: usize, key: Option<usize> },
    AutoRenewal { sensor: usize, on: bool },
    TakeBack { sensor: usize, nth: usize, saved: bool },
    Revoke { code: usize, end_active: bool },
    Remove { sensor: usize },
    BringBack { sensor: usize, key: Option<usize> },
    GiveReleased { sensor: usize, nth: usize },
    Replace { sensor: usize },
    Zone(usize),
}

/// An organization's zone at first, and its commands at their instants, in order.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) zone: usize,
    pub(crate) starts: i64,
    pub(crate) commands: Vec<(i64, Command)>,
}

fn jump() -> impl Strategy<Value = Jump> {
    let to_end = (0..4_usize, -1..=1_i64).prop_map(|(nth, micros)| Jump::ToEnd { nth, micros });
    let to_midnight = (0..ZONES.len(), 1..4_i32, -1..=1_i64);
    prop_oneof![
        8 => Just(Jump::Micros(0)),
        2 => (1..3_i64).prop_map(Jump::Micros),
        4 => (1..3 * DAY).prop_map(Jump::Micros),
        2 => (1..90 * DAY).prop_map(Jump::Micros),
        1 => (1..1_500 * DAY).prop_map(Jump::Micros),
        2 => to_midnight.prop_map(|(zone, days, micros)| Jump::ToMidnight { zone, days, micros }),
        6 => to_end,
    ]
}

fn redeem() -> impl Strategy<Value = Wish> {
    // Often the same term for several codes, so that ends coincide.
    let term = prop_oneof![Just(0), Just(3), 0..TERMS.len()];
    (1..12_u32, term).prop_map(|(licenses, term)| Wish::Redeem { licenses, term })
}

fn key() -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.3, 0..9_usize)
}

fn wish() -> impl Strategy<Value = Wish> {
    let sensor = || 0..9_usize;
    let take_back = (sensor(), 0..6_usize, prop::bool::weighted(0.2));
    prop_oneof![
        1 => Just(Wish::Settle),
        5 => redeem(),
        3 => key().prop_map(|key| Wish::Add { key }),
        6 => (sensor(), key()).prop_map(|(sensor, key)| Wish::Assign { sensor, key }),
        4 => (sensor(), any::<bool>()).prop_map(|(sensor, on)| Wish::AutoRenewal { sensor, on }),
        8 => take_back.prop_map(|(sensor, nth, saved)| Wish::TakeBack { sensor, nth, saved }),
        2 => (0..9_usize, any::<bool>()).prop_map(|(code, end_active)| Wish::Revoke { code, end_active }),
        4 => sensor().prop_map(|sensor| Wish::Remove { sensor }),
        3 => (sensor(), key()).prop_map(|(sensor, key)| Wish::BringBack { sensor, key }),
        3 => (sensor(), 0..3_usize).prop_map(|(sensor, nth)| Wish::GiveReleased { sensor, nth }),
        1 => sensor().prop_map(|sensor| Wish::Replace { sensor }),
        2 => (0..ZONES.len()).prop_map(Wish::Zone),
    ]
}

/// One wish; or a queue for one sensor and then a wish; or a sensor that is removed and comes back.
fn steps() -> impl Strategy<Value = Vec<(Jump, Wish)>> {
    let away = (jump(), 0..9_usize, jump(), key());
    let queue = (jump(), 0..9_usize, prop::collection::vec(key(), 2..5), wish());
    prop_oneof![
        6 => (jump(), wish()).prop_map(|step| vec![step]),
        1 => queue.prop_map(|(jump, sensor, keys, wish)| {
            let queue = keys.into_iter().map(|key| (Jump::Micros(0), Wish::Assign { sensor, key }));
            queue.chain([(jump, wish)]).collect()
        }),
        1 => away.prop_map(|(jump, sensor, away, key)| {
            vec![(jump, Wish::Remove { sensor }), (away, Wish::BringBack { sensor, key })]
        }),
    ]
}

/// Plans of up to so many steps.
pub(crate) fn plans(most: usize) -> impl Strategy<Value = Plan> {
    let start = (prop::sample::select(&STARTS[..]), prop_oneof![Just(0), 0..DAY]);
    let first = (prop::collection::vec(redeem(), 1..3), 0..4_usize);
    let wishes = prop::collection::vec(steps(), 1..most);
    (0..ZONES.len(), start, first, wishes).prop_map(|(zone, (start, later), (codes, sensors), wishes)| {
        let sensors = std::iter::repeat_n(Wish::Add { key: None }, sensors);
        let first = codes.into_iter().chain(sensors).map(|wish| (Jump::Micros(0), wish));
        let wishes: Vec<(Jump, Wish)> = first.chain(wishes.into_iter().flatten()).collect();
        let start: tenure_domain::Instant = start.parse().unwrap();
        plan(zone, start.as_micros() + later, &wishes)
    })
}

/// Settles the wishes' indices and instants, by doing them on a model.
fn plan(zone: usize, starts: i64, wishes: &[(Jump, Wish)]) -> Plan {
    let mut model = Model::new(zone);
    let (mut now, mut codes, mut serials, mut commands) = (starts, 0, 5, Vec::new());
    for (jump, wish) in wishes {
        now = jump.after(now, &model);
        model.settle(now);
        let command = wish.resolve(&model, &mut codes, &mut serials);
        let _refused = model.run(now, &command);
        commands.push((now, command));
    }
    Plan { zone, starts, commands }
}

impl Jump {
    fn after(self, now: i64, model: &Model) -> i64 {
        let later = match self {
            Self::Micros(micros) => now + micros,
            Self::ToEnd { nth, micros } => {
                let ends = model.ends_after(now);
                ends.get(nth).or(ends.last()).map_or(now + DAY / 3, |end| end + micros)
            }
            Self::ToMidnight { zone, days, micros } => {
                let zone = jiff::tz::TimeZone::get(ZONES[zone]).unwrap();
                Day::at(now, &zone).plus(0, days).first_instant(&zone) + micros
            }
        };
        later.max(now)
    }
}

impl Wish {
    fn resolve(self, model: &Model, codes: &mut usize, serials: &mut usize) -> Command {
        let sensors = model.sensors();
        // A key is often one that there is, and sometimes one that there is not yet.
        let any_key = |key: Option<usize>| key.map(|key| key % (*codes + 1));
        match self {
            Self::Redeem { licenses, term } => {
                *codes += 1;
                Command::Redeem { code: *codes - 1, licenses, term }
            }
            Self::Add { key } if sensors < 5 => Command::Add { sensor: sensors, key: any_key(key) },
            Self::Zone(zone) => Command::Zone(zone),
            Self::Revoke { code, end_active } if *codes > 0 => {
                Command::Revoke { code: code % *codes, end_active }
            }
            Self::Assign { sensor, key } if sensors > 0 => {
                Command::Assign { sensor: sensor % sensors, key: any_key(key) }
            }
            Self::AutoRenewal { sensor, on } if sensors > 0 => {
                Command::AutoRenewal { sensor: sensor % sensors, on }
            }
            Self::TakeBack { sensor, nth, saved } if sensors > 0 => {
                let sensor = sensor % sensors;
                let licenses = model.licenses_of(sensor);
                let license = licenses.get(nth).or(licenses.last());
                license.map_or(Command::Settle, |license| Command::TakeBack {
                    sensor,
                    license: *license,
                    saved,
                })
            }
            Self::Remove { sensor } if sensors > 0 => Command::Remove { sensor: sensor % sensors },
            Self::BringBack { sensor, key } => {
                let removed = model.removed();
                let sensor = removed.get(sensor % removed.len().max(1)).copied();
                sensor.map_or(Command::Settle, |sensor| Command::BringBack { sensor, key: any_key(key) })
            }
            Self::GiveReleased { sensor, nth } if sensors > 0 => {
                // Often one that is released, and sometimes one that the sensor has itself.
                let sensor = sensor % sensors;
                let mut licenses = model.released();
                licenses.extend(model.licenses_of(sensor).first());
                let license = licenses.get(nth % licenses.len().max(1)).copied();
                license.map_or(Command::Settle, |license| Command::GiveReleased { sensor, license })
            }
            Self::Replace { sensor } if sensors > 0 => {
                *serials += 1;
                Command::Replace { sensor: sensor % sensors, serial: *serials - 1 }
            }
            Self::Settle
            | Self::Remove { .. }
            | Self::GiveReleased { .. }
            | Self::Replace { .. }
            | Self::Revoke { .. }
            | Self::Add { .. }
            | Self::Assign { .. }
            | Self::AutoRenewal { .. }
            | Self::TakeBack { .. } => Command::Settle,
        }
    }
}
