//! Looking ahead: R12 to R14 played forward, as if nobody did anything until then.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::standing::ChainEnd;
use crate::{Cause, Chain, Desk, Instant, Pool, PoolHeadTooShort, Sensor, SensorId, State, Zone};

/// What happens at the end of a sensor's chain if nobody does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AtEnd {
    /// It takes a license of the pool (R12).
    Renews,
    /// It would take one, but none is left for it (R14).
    NoLicense,
    /// Its auto renewal is off, so it stops, even while licenses are left (R12).
    Stops,
}

impl AtEnd {
    /// The word, as the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Renews => "renews",
            Self::NoLicense => "no_license",
            Self::Stops => "stops",
        }
    }

    /// What there is to say of a sensor whose chain is over: that it waits for a license (R15), or has stopped.
    #[must_use]
    pub const fn of_lapsed(auto_renewal: bool) -> Self {
        if auto_renewal { Self::NoLicense } else { Self::Stops }
    }
}

/// A license that a sensor takes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The sensor.
    pub sensor: SensorId,
    /// When it takes it: at the end of its chain (R12).
    pub at: Instant,
}

/// The end of a sensor's cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// The sensor.
    pub sensor: SensorId,
    /// The end of the chain behind which nothing follows.
    pub end: ChainEnd,
}

/// What happens by an instant if nobody does anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// The licenses that are taken of the pool, in the order of their instants. A sensor may take several.
    pub renewals: Vec<Renewal>,
    /// The covered sensors that find no license, in R14's order.
    pub goes_without: Vec<Lapse>,
    /// The covered sensors that stop because their auto renewal is off, in R14's order.
    pub stops: Vec<Lapse>,
}

impl Ahead {
    /// Plays R12 to R14 forward up to and including `horizon`: settling, on copies (R17).
    ///
    /// `sensors` are the covered ones; those whose chain goes on beyond the horizon may be left out, for nothing
    /// happens to them. Nothing enters the pool meanwhile, so a sensor that has lapsed stays lapsed.
    ///
    /// # Errors
    ///
    /// [`PoolHeadTooShort`] when a longer head of the pool is needed.
    pub fn look(
        zone: &Zone,
        horizon: Instant,
        mut sensors: Vec<Sensor>,
        pool: Pool,
    ) -> Result<Self, PoolHeadTooShort> {
        sensors.retain(|sensor| matches!(sensor.chain, Chain::Running { .. }));
        let mut desk = Desk::new(zone, horizon, pool);
        desk.settle(&mut sensors)?;
        let renewals = desk.into_changes().into_iter().filter_map(|change| match change.after {
            State::Active(placed) if change.cause == Cause::AutoRenewal => {
                Some(Renewal { sensor: placed.sensor, at: change.at })
            }
            _ => None,
        });
        let mut ahead = Self { renewals: renewals.collect(), ..Self::default() };
        sensors.retain(|sensor| matches!(sensor.chain, Chain::Lapsed(_)));
        sensors.sort_by_key(Sensor::turn);
        for sensor in sensors {
            let Some(end) = sensor.chain.end() else { continue };
            let lapses = if sensor.auto_renewal { &mut ahead.goes_without } else { &mut ahead.stops };
            lapses.push(Lapse { sensor: sensor.id, end });
        }
        Ok(ahead)
    }

    /// How many licenses the sensors with auto renewal want of the pool, found or not.
    #[must_use]
    pub const fn wanted(&self) -> usize {
        self.renewals.len() + self.goes_without.len()
    }

    /// What happens at the next end of each sensor's chain that lies before the horizon.
    #[must_use]
    pub fn at_ends(&self) -> BTreeMap<SensorId, AtEnd> {
        let lapses = |lapses: &[Lapse], what: AtEnd| -> Vec<(SensorId, AtEnd)> {
            lapses.iter().map(|lapse| (lapse.sensor, what)).collect()
        };
        let mut ends: BTreeMap<SensorId, AtEnd> =
            lapses(&self.goes_without, AtEnd::NoLicense).into_iter().collect();
        ends.extend(lapses(&self.stops, AtEnd::Stops));
        // Whoever takes one first and finds none later renews at the next end.
        ends.extend(self.renewals.iter().map(|renewal| (renewal.sensor, AtEnd::Renews)));
        ends
    }
}
