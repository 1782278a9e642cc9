//! Giving a webhook a new secret.

use tenure_domain::{OrganizationId, WebhookId};
use tenure_store::webhooks;

use crate::mail::in_hours;
use crate::webhooks::WebhookSecret;
use crate::{App, AppError, Ctx};

/// For how long the secret before signs as well, in hours.
const BOTH_HOURS: i64 = 24;

impl App {
    /// Gives a webhook a new secret, which is shown here and never again. For 24 hours events are signed by both, so
    /// that the receiver can change it without missing one.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`](tenure_domain::Refusal::NotFound) when there is no such webhook.
    pub async fn renew_webhook_secret(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: WebhookId,
    ) -> Result<WebhookSecret, AppError> {
        let (sealed, secret) = self.new_webhook_secret(id)?;
        let mut settled = self.settled(ctx, organization).await?;
        settled.webhook(id).await?;
        let until = in_hours(self.people_now(), BOTH_HOURS);
        webhooks::set_secret(&mut settled.tx, id, &sealed, until).await?;
        settled.audit("webhook_secret_renewed", id.to_string(), None, None).await?;
        settled.commit(self).await?;
        Ok(secret)
    }
}
