//! Changing a webhook.

use tenure_domain::{OrganizationId, WebhookId};
use tenure_store::deliveries;
use tenure_store::webhooks::{self, Webhook};

use crate::tag::Tagged;
use crate::webhooks::{checked_description, checked_events, shown};
use crate::{App, AppError, Ctx};

/// What is to be changed of a webhook.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange<'a> {
    /// Where events are sent. What is on its way goes there as well.
    pub url: Option<&'a str>,
    /// What it is for, in words.
    pub description: Option<&'a str>,
    /// The names of the events that it wants.
    pub events: Option<&'a [String]>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
}

impl App {
    /// Changes a webhook. What waits for one that is switched off is given up; one that is switched on begins anew,
    /// whatever was.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such webhook, [`Refusal::Invalid`] for its address, its description or
    /// its events, [`Refusal::WebhookNotPublic`], [`Refusal::ChangedMeanwhile`].
    ///
    /// [`Refusal::NotFound`]: tenure_domain::Refusal::NotFound
    /// [`Refusal::Invalid`]: tenure_domain::Refusal::Invalid
    /// [`Refusal::WebhookNotPublic`]: tenure_domain::Refusal::WebhookNotPublic
    /// [`Refusal::ChangedMeanwhile`]: tenure_domain::Refusal::ChangedMeanwhile
    pub async fn change_webhook(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: WebhookId,
        change: WebhookChange<'_>,
    ) -> Result<Webhook, AppError> {
        let description = change.description.map(checked_description).transpose()?;
        let events = change.events.map(checked_events).transpose()?;
        let url = match change.url {
            Some(url) => Some(self.checked_webhook_url(url).await?.to_string()),
            None => None,
        };
        let mut settled = self.settled(ctx, organization).await?;
        let before = settled.webhook(id).await?;
        ctx.only_if.check(self, Tagged::Webhook(&before))?;
        let mut after = Webhook {
            url: url.unwrap_or_else(|| before.url.clone()),
            description: description.unwrap_or_else(|| before.description.clone()),
            events: events.unwrap_or_else(|| before.events.clone()),
            enabled: change.enabled.unwrap_or(before.enabled),
            ..before.clone()
        };
        if after.enabled && !before.enabled {
            (after.failing_since, after.disabled_because) = (None, None);
        }
        if after != before {
            webhooks::update(&mut settled.tx, &after).await?;
            if before.enabled && !after.enabled {
                let now = self.people_now();
                deliveries::give_up(&mut settled.tx, id, now, "the webhook was switched off").await?;
            }
            let (was, is) = (shown(&before), shown(&after));
            settled.audit("webhook_changed", id.to_string(), Some(was), Some(is)).await?;
        }
        settled.commit(self).await?;
        Ok(after)
    }
}
