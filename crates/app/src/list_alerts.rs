//! Reading alerts, also those of sensors that are not covered any more (R28).

use tenure_domain::{AlertId, OrganizationId, Refusal};
use tenure_store::alerts::{self, Alert, AlertPlace, AlertQuery};

use crate::{App, AppError};

impl App {
    /// A page of the organization's alerts, newest first, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_alerts(
        &self,
        organization: OrganizationId,
        query: AlertQuery,
    ) -> Result<(Vec<Alert>, Option<AlertPlace>), AppError> {
        let mut tx = self.db.read().await?;
        let page = alerts::page(&mut tx, organization, &query).await?;
        tx.roll_back().await?;
        Ok(page)
    }

    /// One alert.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such alert.
    pub async fn alert(&self, organization: OrganizationId, id: AlertId) -> Result<Alert, AppError> {
        let mut tx = self.db.read().await?;
        let alert = alerts::of(&mut tx, organization, id).await?;
        tx.roll_back().await?;
        Ok(alert.ok_or(Refusal::NotFound { what: "alert" })?)
    }

    /// How many of the organization's alerts are open.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn open_alerts(&self, organization: OrganizationId) -> Result<i64, AppError> {
        let mut tx = self.db.read().await?;
        let open = alerts::count_open(&mut tx, organization).await?;
        tx.roll_back().await?;
        Ok(open)
    }
}
