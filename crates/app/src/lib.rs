//! The use cases of Tenure: one file for each verb, and what they share.
//!
//! A use case takes a [`Ctx`] (who, when) and its input, settles the organization (R17), lets the domain decide,
//! keeps the result and its audit rows in one transaction, and tells the gate after the commit.

mod clock;
mod context;
mod entropy;
mod error;
mod secret;
mod settled;
#[cfg(test)]
mod tests;

pub mod assign_license;
pub mod authenticate;
pub mod change_organization;
pub mod create_token;
pub mod create_user;
pub mod history;
pub mod issue_code;
pub mod license_key;
pub mod list_sensors;
pub mod ready;
pub mod redeem_code;
pub mod revoke_code;
pub mod scheduler;
pub mod sensors;
pub mod settle;
pub mod summarize;
pub mod take_back;

/// The rows of the store that use cases return, for those who may not name the store.
pub mod rows {
    pub use tenure_store::codes::{Code, Redemption, Tally};
    pub use tenure_store::device::Document;
    pub use tenure_store::messages::{SensorState, Status};
    pub use tenure_store::organizations::Organization;
    pub use tenure_store::sensors::{Place, QueuedRow, SensorRow, Shown, Sort, StandingCounts};
    pub use tenure_store::tokens::Token;
}

use std::sync::{Arc, OnceLock};

use tenure_domain::{Instant, OrganizationId, Serial};
use tenure_store::Db;

pub use authenticate::Caller;
pub use clock::{Clock, ManualClock, ScaledClock, SystemClock};
pub use context::{Actor, Ctx};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use error::AppError;
pub use secret::Secret;

/// What the use cases need: the database, the clock, randomness, the secret, and who listens to covers.
pub struct App {
    /// The database.
    pub db: Db,
    /// The clock (R9).
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The key of all keyed hashes (R2).
    pub secret: Secret,
    covers: OnceLock<Arc<dyn CoverListener>>,
}

/// A sensor whose cover has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverChange {
    /// Its serial number.
    pub serial: Serial,
    /// The number under which its measurements are kept, when the sensor is new.
    pub number: Option<i64>,
    /// When its chain ends or ended.
    pub chain_ends: Option<Instant>,
    /// Whether it has an active license, so that at the chain's end the organization is settled first (R17).
    pub running: bool,
}

/// Who wants to know of changed covers at once: the gate.
pub trait CoverListener: Send + Sync {
    /// Called after the commit of what raised the organization's `rev` to this.
    fn covers_changed(&self, organization: OrganizationId, rev: i64, changes: &[CoverChange]);
    /// Called when the organization's device token has changed.
    fn device_token_changed(&self, organization: OrganizationId, token: Option<&str>);
}

impl App {
    /// The use cases over this database.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, secret: Secret) -> Self {
        Self { db, clock, entropy, secret, covers: OnceLock::new() }
    }

    /// Lets the gate hear of changed covers. Only the first call counts.
    pub fn set_cover_listener(&self, listener: Arc<dyn CoverListener>) {
        if self.covers.set(listener).is_err() {
            tracing::warn!("a second listener to covers is ignored");
        }
    }

    fn listener(&self) -> Option<&Arc<dyn CoverListener>> {
        self.covers.get()
    }

    /// The context of something that happens now.
    #[must_use]
    pub fn ctx(&self, actor: Actor) -> Ctx {
        Ctx { now: self.clock.now(), actor }
    }
}
