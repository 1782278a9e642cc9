//! Covers for other systems: who may know which, and those that the gate leaves to settling.

use std::collections::HashMap;

use tenure_domain::standing::covers;
use tenure_domain::{Instant, OrganizationId, Permission, Refusal, Serial};
use tenure_store::sensors::{self, GateRow};

use crate::log_in::SignedIn;
use crate::{App, AppError, Caller, Ctx};

/// The organizations whose covers somebody may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All: an operator's.
    Everybodys,
    /// Those of these organizations.
    Of(Vec<OrganizationId>),
}

impl Whose {
    /// Whether the covers of this organization are among them.
    #[must_use]
    pub fn has(&self, organization: OrganizationId) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Of(organizations) => organizations.contains(&organization),
        }
    }
}

/// The cover of a sensor at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverState {
    /// It never had a license that counts.
    Unlicensed,
    /// Its chain covers the instant, and ends at this one unless it goes on.
    Covered(Instant),
    /// Its cover ended at this instant.
    Expired(Instant),
}

impl CoverState {
    /// The state at `now` of a sensor whose chain ends so. What has lapsed stays so, also for a clock that has stepped
    /// back (R9).
    #[must_use]
    pub const fn of(chain_ends: Option<Instant>, running: bool, now: Instant) -> Self {
        match chain_ends {
            None => Self::Unlicensed,
            Some(ends) if running && covers(ends, now) => Self::Covered(ends),
            Some(ends) => Self::Expired(ends),
        }
    }
}

impl Caller {
    /// Whose covers a token shows: an operator's all, another's those of its organization. A token that only reads
    /// suffices.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`] when its user may not read licenses.
    pub fn covers(&self) -> Result<Whose, Refusal> {
        match self.organization {
            None if self.role_allows(Permission::Operate) => Ok(Whose::Everybodys),
            Some(organization) if self.role_allows(Permission::ReadLicenses) => {
                Ok(Whose::Of(vec![organization]))
            }
            None | Some(_) => Err(Refusal::Forbidden),
        }
    }
}

impl SignedIn {
    /// Whose covers the person may know.
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`] when they may read no organization's licenses.
    pub fn covers(&self) -> Result<Whose, Refusal> {
        if self.user.operator {
            return Ok(Whose::Everybodys);
        }
        let readable = self.memberships.iter().filter(|member| member.role.allows(Permission::ReadLicenses));
        let organizations: Vec<OrganizationId> = readable.map(|member| member.organization).collect();
        if organizations.is_empty() { Err(Refusal::Forbidden) } else { Ok(Whose::Of(organizations)) }
    }
}

impl App {
    /// The covers of an organization's sensors as they are on record once it is settled (R17). Serial numbers that it
    /// has not are left out.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization; those of the store.
    pub async fn covers_on_record(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        serials: &[Serial],
    ) -> Result<HashMap<Serial, CoverState>, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let rows = sensors::gate_rows_of(&mut reading.tx, organization, serials).await?;
        reading.tx.roll_back().await?;
        let state = |row: &GateRow| CoverState::of(row.chain_ends, row.running, reading.now);
        Ok(rows.iter().map(|row| (row.serial, state(row))).collect())
    }
}
