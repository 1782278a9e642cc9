//! Making a webhook.

use tenure_domain::{OrganizationId, Refusal, WebhookId};
use tenure_store::webhooks::{self, Webhook};

use crate::webhooks::{MOST_WEBHOOKS, WebhookSecret, checked_description, checked_events, shown};
use crate::{App, AppError, Ctx};

/// A webhook that is to be made.
#[derive(Clone, Debug)]
pub struct NewWebhook<'a> {
    /// Where events are sent.
    pub url: &'a str,
    /// What it is for, in words; may be empty.
    pub description: &'a str,
    /// The names of the events that it wants.
    pub events: &'a [String],
    /// Whether it is switched on.
    pub enabled: bool,
}

impl App {
    /// Makes a webhook. It is told of what happens after this returns; its secret is shown here and never again.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for its address, its description or its events, [`Refusal::WebhookNotPublic`],
    /// [`Refusal::TooManyWebhooks`].
    pub async fn add_webhook(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        new: NewWebhook<'_>,
    ) -> Result<(Webhook, WebhookSecret), AppError> {
        let (description, events) = (checked_description(new.description)?, checked_events(new.events)?);
        let url = self.checked_webhook_url(new.url).await?.to_string();
        let id = WebhookId::new(ctx.now, self.entropy.bits());
        let (sealed, secret) = self.new_webhook_secret(id)?;
        let mut settled = self.settled(ctx, organization).await?;
        if webhooks::count(&mut settled.tx, organization).await? >= MOST_WEBHOOKS {
            return Err(Refusal::TooManyWebhooks.into());
        }
        let webhook = Webhook {
            id,
            organization,
            url,
            description,
            events,
            enabled: new.enabled,
            secret: sealed,
            secret_before: None,
            created_at: settled.now,
            failing_since: None,
            disabled_because: None,
        };
        webhooks::insert(&mut settled.tx, &webhook).await?;
        settled.audit("webhook_added", id.to_string(), None, Some(shown(&webhook))).await?;
        settled.commit(self).await?;
        Ok((webhook, secret))
    }
}
