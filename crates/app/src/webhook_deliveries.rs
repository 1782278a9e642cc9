//! What became of the events for a webhook.

use tenure_domain::{DeliveryId, OrganizationId, Refusal, WebhookId};
use tenure_store::deliveries;
use tenure_store::outbox::{self, Event, Posted, State};
use tenure_store::page::cut;

use crate::webhooks::webhook_of;
use crate::{App, AppError, Ctx};

impl App {
    /// The events for a webhook, newest first, of a state if one is named, before one of them; and where the next page
    /// begins.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such webhook.
    pub async fn webhook_deliveries(
        &self,
        organization: OrganizationId,
        webhook: WebhookId,
        state: Option<State>,
        (before, limit): (Option<DeliveryId>, u32),
    ) -> Result<(Vec<Posted<Event>>, Option<DeliveryId>), AppError> {
        let mut tx = self.db.read().await?;
        webhook_of(&mut tx, organization, webhook).await?;
        let found = deliveries::list(&mut tx, webhook, state, before, limit.saturating_add(1)).await?;
        tx.roll_back().await?;
        Ok(cut(found, limit, |posted| posted.post.id))
    }

    /// One of the events for a webhook.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such webhook or delivery.
    pub async fn webhook_delivery(
        &self,
        organization: OrganizationId,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<Posted<Event>, AppError> {
        let mut tx = self.db.read().await?;
        webhook_of(&mut tx, organization, webhook).await?;
        let found = deliveries::get(&mut tx, webhook, id).await?;
        tx.roll_back().await?;
        Ok(found.ok_or(Refusal::NotFound { what: "delivery" })?)
    }

    /// Sends an event that was given up once more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such webhook or delivery, [`Refusal::WebhookDisabled`],
    /// [`Refusal::DeliveryNotFailed`].
    pub async fn retry_delivery(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<Posted<Event>, AppError> {
        let not_found = || Refusal::NotFound { what: "delivery" };
        let mut settled = self.settled(ctx, organization).await?;
        let enabled = settled.webhook(webhook).await?.enabled;
        deliveries::get(&mut settled.tx, webhook, id).await?.ok_or_else(not_found)?;
        if !enabled {
            return Err(Refusal::WebhookDisabled.into());
        }
        if !outbox::queue_again(&mut settled.tx, id, self.people_now()).await? {
            return Err(Refusal::DeliveryNotFailed.into());
        }
        let posted = deliveries::get(&mut settled.tx, webhook, id).await?.ok_or_else(not_found)?;
        let after = serde_json::json!({ "delivery_id": id, "event": posted.post.kind });
        settled.audit("webhook_delivery_retried", webhook.to_string(), None, Some(after)).await?;
        settled.commit(self).await?;
        Ok(posted)
    }
}
