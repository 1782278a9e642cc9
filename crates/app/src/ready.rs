//! Whether the service can do its work.

use tenure_domain::OrganizationId;
use tenure_store::organizations;

use crate::{App, AppError};

impl App {
    /// Reads from the database, and so finds out whether it answers.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn ready(&self) -> Result<(), AppError> {
        let mut tx = self.db.read().await?;
        organizations::get(&mut tx, OrganizationId::from_bits(0)).await?;
        Ok(tx.roll_back().await?)
    }
}
