//! The License Manager's head: how many licenses are left, and how the sensors stand.

use std::collections::BTreeMap;

use tenure_domain::{Date, OrganizationId, Term, Zone};
use tenure_store::codes::{self, Code};
use tenure_store::sensors::{self, StandingCounts};

use crate::{App, AppError, Ctx};

/// The License Manager's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many licenses are in the pool.
    pub licenses_left: i64,
    /// The same by term.
    pub by_term: BTreeMap<Term, i64>,
    /// How the sensors stand.
    pub sensors: StandingCounts,
    /// The organization's license keys with their ledgers (R18), oldest issue first.
    pub keys: Vec<Code>,
    /// Today in the organization's zone.
    pub today: Date,
    /// That zone (R6).
    pub zone: Zone,
}

impl App {
    /// The License Manager's head.
    ///
    /// # Errors
    ///
    /// [`tenure_domain::Refusal::NotFound`] when there is no such organization.
    pub async fn summarize(&self, ctx: &Ctx, organization: OrganizationId) -> Result<Summary, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let (now, today, zone) = (reading.now, reading.today, reading.organization.zone.clone());
        let sensors = sensors::count_by_standing(&mut reading.tx, organization, now, today).await?;
        let keys = codes::of_organization(&mut reading.tx, organization).await?;
        reading.tx.roll_back().await?;
        let mut by_term = BTreeMap::new();
        for key in keys.iter().filter(|key| key.tally.available > 0) {
            *by_term.entry(key.term).or_default() += key.tally.available;
        }
        Ok(Summary { licenses_left: by_term.values().sum(), by_term, sensors, keys, today, zone })
    }
}
