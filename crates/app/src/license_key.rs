//! The text of a license key.

use tenure_domain::{CodeId, OrganizationId, Refusal};
use tenure_store::codes;

use crate::{App, AppError};

impl App {
    /// The license key that a code has become in the organization that redeemed it (R2).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has redeemed no such code.
    pub async fn license_key(&self, organization: OrganizationId, code: CodeId) -> Result<String, AppError> {
        let mut tx = self.db.read().await?;
        let code = codes::get(&mut tx, code).await?;
        tx.roll_back().await?;
        let redemption = code.and_then(|code| code.redemption).filter(|by| by.organization == organization);
        Ok(redemption.ok_or(Refusal::NotFound { what: "license key" })?.key)
    }
}
