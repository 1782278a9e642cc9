//! Removing a webhook.

use tenure_domain::{OrganizationId, WebhookId};
use tenure_store::webhooks;

use crate::tag::Tagged;
use crate::webhooks::shown;
use crate::{App, AppError, Ctx};

impl App {
    /// Removes a webhook, and what is on its way to it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`](tenure_domain::Refusal::NotFound) when there is no such webhook.
    pub async fn remove_webhook(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: WebhookId,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let webhook = settled.webhook(id).await?;
        ctx.only_if.check(self, Tagged::Webhook(&webhook))?;
        webhooks::remove(&mut settled.tx, id).await?;
        settled.audit("webhook_removed", id.to_string(), Some(shown(&webhook)), None).await?;
        settled.commit(self).await
    }
}
