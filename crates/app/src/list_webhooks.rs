//! Reading the webhooks of an organization.

use tenure_domain::{OrganizationId, WebhookId};
use tenure_store::webhooks::{self, Webhook};

use crate::webhooks::webhook_of;
use crate::{App, AppError, cut};

impl App {
    /// The webhooks of an organization, oldest first, behind one of them; and where the next page begins.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_webhooks(
        &self,
        organization: OrganizationId,
        after: Option<WebhookId>,
        limit: u32,
    ) -> Result<(Vec<Webhook>, Option<WebhookId>), AppError> {
        let mut tx = self.db.read().await?;
        let found = webhooks::list(&mut tx, organization, after, limit.saturating_add(1)).await?;
        tx.roll_back().await?;
        Ok(cut(found, limit, |webhook| webhook.id))
    }

    /// One webhook.
    ///
    /// # Errors
    ///
    /// [`tenure_domain::Refusal::NotFound`] when there is no such webhook.
    pub async fn webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<Webhook, AppError> {
        let mut tx = self.db.read().await?;
        let webhook = webhook_of(&mut tx, organization, id).await?;
        tx.roll_back().await?;
        Ok(webhook)
    }
}
