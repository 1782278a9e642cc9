//! Settling: doing what is due (R17).

use tenure_domain::{Date, Instant, OrganizationId, Refusal};
use tenure_store::Tx;
use tenure_store::organizations::{self, Organization};

use crate::{App, AppError, Ctx};

/// An organization as it is at an instant, with everything due by then done; for reading.
pub struct Reading {
    /// A transaction that sees one state of the database.
    pub(crate) tx: Tx,
    /// The organization.
    pub organization: Organization,
    /// The instant.
    pub now: Instant,
    /// Its local date.
    pub today: Date,
}

impl App {
    /// Does what is due in an organization, and nothing else.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization; those of the store.
    pub async fn settle(&self, ctx: &Ctx, id: OrganizationId) -> Result<(), AppError> {
        self.settled(&ctx.beside(), id).await?.commit(self).await
    }

    /// Opens an organization for reading, after settling it if something is due.
    pub(crate) async fn read_settled(&self, ctx: &Ctx, id: OrganizationId) -> Result<Reading, AppError> {
        loop {
            let mut tx = self.db.read().await?;
            let organization = organizations::get(&mut tx, id).await?;
            let organization = organization.ok_or(Refusal::NotFound { what: "organization" })?;
            let now = ctx.now.max(organization.settled_until);
            if organization.next_due.is_none_or(|due| now < due) {
                let today = organization.zone.date_at(now);
                return Ok(Reading { tx, organization, now, today });
            }
            tx.roll_back().await?;
            self.settle(ctx, id).await?;
        }
    }
}
