//! What has changed about covers, for systems that follow them.

use tenure_domain::{Date, OrganizationId, SensorId, Serial};
use tenure_store::changed_covers::{self, ChangedCover};

pub use tenure_store::changed_covers::Place;

use crate::covers::CoverState;
use crate::{App, AppError, Ctx};

/// The most covers that are read at once.
const PAGE: u32 = 500;

/// A cover after its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverEvent {
    /// Where it stands in the order of changes: who knows it, knows all before it.
    pub place: Place,
    /// The organization.
    pub organization: OrganizationId,
    /// The sensor.
    pub sensor: SensorId,
    /// Its serial number, or the one that it had.
    pub serial: Serial,
    /// Its cover; none when the organization has the serial number no more (R20, R21).
    pub cover: Option<CoverState>,
    /// The last date of its chain.
    pub expires_on: Option<Date>,
}

/// Changed covers of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverPage {
    /// Whose they are.
    pub organization: OrganizationId,
    /// Behind what they begin.
    pub from: Place,
    /// Who knows them too, knows all up to here.
    pub to: Place,
    /// In the order of their last changes.
    pub events: Vec<CoverEvent>,
    /// Whether they are all that there is.
    pub is_last: bool,
}

impl App {
    /// The covers that have changed behind a place, a page of them, once the organization is settled (R17). A place
    /// that has not been reached, as after a backup was restored, counts as nothing known.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`](tenure_domain::Refusal::NotFound) when there is no such organization; those of the store.
    pub async fn covers_after(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        after: Place,
    ) -> Result<CoverPage, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let rev = reading.organization.rev;
        let from = if after.rev > rev { Place::BEGINNING } else { after };
        let (covers, next) = changed_covers::page(&mut reading.tx, organization, from, PAGE).await?;
        reading.tx.roll_back().await?;
        let event = |changed: ChangedCover| {
            let ChangedCover { place, sensor, serial, gone, chain_ends, expires_on, running } = changed;
            let cover = (!gone).then(|| CoverState::of(chain_ends, running, reading.now));
            CoverEvent { place, organization, sensor, serial, cover, expires_on }
        };
        Ok(CoverPage {
            organization,
            from,
            to: next.unwrap_or(Place::behind(rev)),
            events: covers.into_iter().map(event).collect(),
            is_last: next.is_none(),
        })
    }
}
