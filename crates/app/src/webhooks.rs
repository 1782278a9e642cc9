//! Webhooks: other systems are told of what happens, by HTTP and as Standard Webhooks 1.0.0 says.
//!
//! An event is a row of the outbox in the transaction that decides it (R33), one for each webhook that wants it.
//! [`App::run_webhooks`] sends what is there.

mod address;
mod deliver;
mod http;
mod signature;
mod target;

use std::sync::Arc;

use tenure_domain::{OrganizationId, Refusal, WebhookEvent, WebhookId};
use tenure_store::webhooks::{self, Webhook};
use url::Url;

use crate::settled::SettledOrganization;
use crate::{App, AppError};

pub use http::{Caller, TlsError};
pub use target::{LONGEST_URL, Resolver, Resolving, SystemResolver, Targets};

pub(crate) use http::{Answer, Post, client_config, trusted_by_the_system};
pub(crate) use signature::{new_secret, signatures, written};

/// The most webhooks of an organization.
pub const MOST_WEBHOOKS: i64 = 20;
/// The longest description of a webhook, in characters.
pub const LONGEST_DESCRIPTION: usize = 200;

/// A secret that was made, as its receiver needs it: `whsec_…`. It is shown once.
#[derive(Clone)]
pub struct WebhookSecret(pub(crate) String);

impl WebhookSecret {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl App {
    /// Says how webhooks are called. Only the first call counts, and it comes before the service begins.
    pub fn set_webhook_caller(&self, caller: Caller) {
        if self.webhooks.set(Arc::new(caller)).is_err() {
            tracing::warn!("how webhooks are called is said a second time, which is ignored");
        }
    }

    pub(crate) fn webhook_caller(&self) -> Result<Arc<Caller>, AppError> {
        if let Some(caller) = self.webhooks.get() {
            return Ok(caller.clone());
        }
        let caller = Arc::new(Caller::new(Targets::default())?);
        Ok(self.webhooks.get_or_init(|| caller).clone())
    }

    /// A new secret of a webhook: sealed, and as its receiver needs it.
    pub(crate) fn new_webhook_secret(&self, id: WebhookId) -> Result<(Vec<u8>, WebhookSecret), AppError> {
        let secret = new_secret([self.entropy.bits(), self.entropy.bits()]);
        let nonce = [self.entropy.bits().to_be_bytes(), self.entropy.bits().to_be_bytes()].concat();
        let sealed = self.secret.seal(&id.to_string(), &nonce, &secret).ok_or(AppError::Unsealed)?;
        Ok((sealed, WebhookSecret(written(&secret))))
    }

    /// Reads the address of a webhook, and refuses one that may not be called.
    pub(crate) async fn checked_webhook_url(&self, url: &str) -> Result<Url, AppError> {
        let caller = self.webhook_caller()?;
        let url = caller.targets().read(url)?;
        if caller.refuses(&url).await {
            return Err(Refusal::WebhookNotPublic.into());
        }
        Ok(url)
    }
}

impl SettledOrganization {
    /// A webhook of the organization.
    pub(crate) async fn webhook(&mut self, id: WebhookId) -> Result<Webhook, AppError> {
        webhook_of(&mut self.tx, self.organization.id, id).await
    }
}

/// A webhook of an organization.
pub(crate) async fn webhook_of(
    tx: &mut tenure_store::Tx,
    organization: OrganizationId,
    id: WebhookId,
) -> Result<Webhook, AppError> {
    let webhook = webhooks::of(tx, organization, id).await?;
    webhook.ok_or_else(|| Refusal::NotFound { what: "webhook" }.into())
}

/// The events that a webhook wants: each once, in their order.
pub(crate) fn checked_events(events: &[String]) -> Result<Vec<WebhookEvent>, Refusal> {
    let read: Result<Vec<WebhookEvent>, Refusal> = events.iter().map(|name| name.parse()).collect();
    let mut events = read?;
    events.sort_unstable();
    events.dedup();
    if events.is_empty() {
        let expected = "at least one event".to_owned();
        return Err(Refusal::Invalid { field: "events", expected });
    }
    Ok(events)
}

/// A description without the space around it.
pub(crate) fn checked_description(description: &str) -> Result<String, Refusal> {
    let description = description.trim();
    let fits =
        description.chars().count() <= LONGEST_DESCRIPTION && !description.chars().any(char::is_control);
    let expected = || format!("at most {LONGEST_DESCRIPTION} characters, on one line");
    if fits {
        Ok(description.to_owned())
    } else {
        Err(Refusal::Invalid { field: "description", expected: expected() })
    }
}

/// What the audit trail shows of a webhook: of its address no more than its host, for the rest may hold a secret.
pub(crate) fn shown(webhook: &Webhook) -> serde_json::Value {
    let Webhook { url, description, events, enabled, disabled_because, .. } = webhook;
    let host = Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let events: Vec<&str> = events.iter().map(|event| event.name()).collect();
    let mut shown = serde_json::json!({
        "url": host, "description": description, "events": events, "enabled": enabled,
    });
    if let (Some(because), Some(fields)) = (disabled_because, shown.as_object_mut()) {
        fields.insert("disabled_because".to_owned(), because.name().into());
    }
    shown
}
