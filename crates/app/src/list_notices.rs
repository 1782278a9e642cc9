//! The mails of an organization, as people see them (R33).

use tenure_domain::OrganizationId;
use tenure_store::mails::{self, MailPlace, MailQuery};
use tenure_store::outbox::Posted;

use crate::{App, AppError};

impl App {
    /// A page of the organization's mails, newest first, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_notices(
        &self,
        organization: OrganizationId,
        query: MailQuery,
    ) -> Result<(Vec<Posted>, Option<MailPlace>), AppError> {
        let mut tx = self.db.read().await?;
        let page = mails::page(&mut tx, organization, &query).await?;
        tx.roll_back().await?;
        Ok(page)
    }
}
