//! Licenses and their states.

use serde::{Deserialize, Serialize};

use crate::{CodeId, Cover, Instant, LicenseId, SensorId, Term};

/// A license: the right of one sensor to one term.
///
/// Where it is (in the pool, in a sensor's chain) says what state it is in; [`State`] is the same for records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct License {
    /// Its identifier.
    pub id: LicenseId,
    /// The code, and license key, that it came with.
    pub code: CodeId,
    /// Its number in its code, from 1.
    pub number: u32,
    /// How long it lasts.
    pub term: Term,
    /// When its code was redeemed.
    pub redeemed_at: Instant,
}

impl License {
    /// The order of the pool: oldest redemption, then code, then number (R13).
    #[must_use]
    pub fn turn(&self) -> (Instant, CodeId, u32) {
        (self.redeemed_at, self.code, self.number)
    }
}

/// A license in a sensor's chain, with what it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The license.
    pub license: License,
    /// What it covers.
    pub cover: Cover,
}

/// A license that a removed sensor has left behind: what its cover still holds after now is nobody's yet (R21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The license.
    pub license: License,
    /// The sensor that was removed, and what the license covered there and would still cover.
    pub placed: Placed,
}

/// Where a license is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// In the pool.
    Available,
    /// Behind the sensor's active license.
    Queued(Placed),
    /// Covering its sensor.
    Active(Placed),
    /// Its term is over.
    Ended(Placed),
    /// Left behind by a sensor that was removed while this covered it; it keeps its end (R21).
    Released(Placed),
    /// Taken away by the operator (R5); with the cover that it gave until then, if it was active.
    Revoked(Option<Placed>),
}

/// The sensor that a license is or was on, and what it covers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The sensor.
    pub sensor: SensorId,
    /// What the license covers.
    #[serde(flatten)]
    pub cover: Cover,
}

impl State {
    /// The state's name on record, `available`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Queued(_) => "queued",
            Self::Active(_) => "active",
            Self::Ended(_) => "ended",
            Self::Released(_) => "released",
            Self::Revoked(_) => "revoked",
        }
    }

    /// The sensor that it is or was on.
    #[must_use]
    pub const fn placed(&self) -> Option<&Placed> {
        match self {
            Self::Available | Self::Revoked(None) => None,
            Self::Queued(placed)
            | Self::Active(placed)
            | Self::Ended(placed)
            | Self::Released(placed)
            | Self::Revoked(Some(placed)) => Some(placed),
        }
    }
}
