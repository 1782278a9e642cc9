//! The operator's list of organizations.

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
}
