//! Trying whether a webhook works.

use tenure_domain::{OrganizationId, Refusal, WebhookEvent, WebhookId};
use tenure_store::deliveries;
use tenure_store::outbox::{self, Event, Posted};

use crate::webhook_events::event_for;
use crate::{App, AppError, Ctx};

impl App {
    /// Sends a webhook an event that nothing has caused, `webhook.test`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such webhook, [`Refusal::WebhookDisabled`].
    pub async fn test_webhook(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: WebhookId,
    ) -> Result<Posted<Event>, AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let webhook = settled.webhook(id).await?;
        if !webhook.enabled {
            return Err(Refusal::WebhookDisabled.into());
        }
        let event = WebhookEvent::Test;
        let nothing = serde_json::Map::new();
        let event = event_for(self, &settled.organization, (id, &webhook.url), event, settled.now, nothing)?;
        outbox::insert_event(&mut settled.tx, &event).await?;
        settled.audit("webhook_tested", id.to_string(), None, None).await?;
        let posted = deliveries::get(&mut settled.tx, id, event.id).await?;
        settled.commit(self).await?;
        posted.ok_or_else(|| Refusal::NotFound { what: "delivery" }.into())
    }
}
