//! The mails of an organization, as people see them (R33).

use tenure_domain::{MailId, OrganizationId, Refusal};
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

    /// One of the organization's mails.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such mail, or it was settled more than 90 days ago.
    pub async fn notice(&self, organization: OrganizationId, id: MailId) -> Result<Posted, AppError> {
        let mut tx = self.db.read().await?;
        let mail = mails::get(&mut tx, organization, id).await?;
        tx.roll_back().await?;
        Ok(mail.ok_or(Refusal::NotFound { what: "notice" })?)
    }
}
