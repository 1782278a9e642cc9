//! Sensors and their chains.

use std::collections::VecDeque;

use crate::license::{Held, License};
use crate::standing::ChainEnd;
use crate::{Cover, Instant, LicenseId, SensorId, Serial};

/// What the rules need to know of a sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// Its identifier.
    pub id: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// When it was added to the organization.
    pub added_at: Instant,
    /// Whether it takes a license of the pool when its chain ends (R12).
    pub auto_renewal: bool,
    /// Its licenses.
    pub chain: Chain,
}

/// The uninterrupted run of a sensor's licenses, or what is left of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chain {
    /// It never had a license, or those it had were taken back before anything was saved.
    Unlicensed,
    /// The active license and the queue behind it.
    Running {
        /// The license that covers the sensor now.
        active: Held,
        /// What follows, first to last.
        queue: VecDeque<Held>,
    },
    /// The last license of the chain is over.
    Lapsed(Held),
}

impl Chain {
    /// The last promised cover, and when and on which date it ends.
    #[must_use]
    pub fn last_cover(&self) -> Option<&Cover> {
        match self {
            Self::Unlicensed => None,
            Self::Running { active, queue } => Some(&queue.back().unwrap_or(active).cover),
            Self::Lapsed(last) => Some(&last.cover),
        }
    }

    /// When the chain ends or ended.
    #[must_use]
    pub fn end(&self) -> Option<ChainEnd> {
        self.last_cover().map(|cover| ChainEnd { ends: cover.ends, expires_on: cover.expires_on })
    }

    /// The license that a person reads in the sensor's row: the active one, or the last that ended.
    #[must_use]
    pub fn shown(&self) -> Option<&Held> {
        match self {
            Self::Unlicensed => None,
            Self::Running { active: shown, .. } | Self::Lapsed(shown) => Some(shown),
        }
    }

    /// The license of the chain with this identifier, active or queued.
    #[must_use]
    pub fn license(&self, id: LicenseId) -> Option<&License> {
        let Self::Running { active, queue } = self else { return None };
        std::iter::once(active).chain(queue).map(|held| &held.license).find(|license| license.id == id)
    }

    /// The chain's kind on record: `unlicensed`, `running` or `lapsed`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unlicensed => "unlicensed",
            Self::Running { .. } => "running",
            Self::Lapsed(_) => "lapsed",
        }
    }
}

impl Sensor {
    /// Whether it waits for a license: expired, with auto renewal on (R15).
    #[must_use]
    pub fn waits(&self) -> bool {
        self.auto_renewal && matches!(self.chain, Chain::Lapsed(_))
    }

    /// Its place among the sensors that want fewer licenses than there are: the earliest chain end, then the
    /// first added, then the serial number (R14).
    #[must_use]
    pub fn turn(&self) -> (Instant, Instant, Serial) {
        (self.chain.end().map_or(Instant::EPOCH, |end| end.ends), self.added_at, self.serial)
    }
}
