//! The operator's list of organizations.

use tenure_domain::{OrganizationId, Refusal};
use tenure_store::organizations::{self, Listed};

use crate::{App, AppError};

impl App {
    /// A page of all organizations by name, from behind one of this folded name, with how many users, sensors and
    /// licenses left each has. `search` is part of a name.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_organizations(
        &self,
        search: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Listed>, AppError> {
        let mut tx = self.db.read().await?;
        let page = organizations::page(&mut tx, search, after, limit).await?;
        tx.roll_back().await?;
        Ok(page)
    }

    /// One organization, as the list has it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn listed_organization(&self, id: OrganizationId) -> Result<Listed, AppError> {
        let mut tx = self.db.read().await?;
        let listed = organizations::listed(&mut tx, id).await?;
        tx.roll_back().await?;
        Ok(listed.ok_or(Refusal::NotFound { what: "organization" })?)
    }
}
