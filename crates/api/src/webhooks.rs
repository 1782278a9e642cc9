//! Webhooks: other systems are told of what happens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::add_webhook::NewWebhook as New;
use tenure_app::change_webhook::WebhookChange;
use tenure_app::{App, rows, tag};
use tenure_domain::id::WebhookKind;
use tenure_domain::{Instant, WebhookId};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::etag::Tagged;
use crate::extract::{Body, PathId, Query};
use crate::made::Made;
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// A webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    #[schema(value_type = String, example = "whk_01jxgb66p004hmasw9nf6yy093")]
    id: WebhookId,
    /// Where events are sent.
    #[schema(example = "https://hooks.harbor.example/tenure")]
    url: String,
    /// What it is for, in words; may be empty.
    description: String,
    /// The events that it wants: `license.expiring`, `license.expired`, `license.renewed`, `pool.low`,
    /// `sensor.refused`.
    #[schema(value_type = Vec<shapes::WantedEvent>, min_items = 1, example = json!(["license.expiring", "license.expired"]))]
    events: Vec<String>,
    /// Whether it is switched on.
    enabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// Since when nothing was taken; null when the last event was, or there was none yet. After five days the webhook
    /// is switched off.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Instant>,
    /// Why the service has switched it off: `gone`, the receiver has answered 410; `failing`, nothing was taken for
    /// five days. Null when it has not.
    #[schema(value_type = Option<shapes::WebhookDisabledBecause>, example = "failing")]
    disabled_because: Option<&'static str>,
    /// By which a change says what it is a change of, in `If-Match`.
    #[schema(example = "q8ZcXQ2vJ0n1rT5w")]
    etag: String,
}

impl Webhook {
    fn new(app: &App, webhook: rows::Webhook) -> Self {
        let etag = app.tag(tag::Tagged::Webhook(&webhook));
        let rows::Webhook { id, url, description, events, enabled, created_at, failing_since, .. } = webhook;
        Self {
            id,
            url,
            description,
            events: events.iter().map(ToString::to_string).collect(),
            enabled,
            created_at,
            failing_since,
            disabled_because: webhook.disabled_because.map(rows::DisabledBecause::name),
            etag,
        }
    }
}

/// A page of webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookPage {
    /// Oldest first.
    items: Vec<Webhook>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhooksQuery {
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A webhook that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeWebhook {
    /// The secret by which its events are signed. It cannot be shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    #[serde(flatten)]
    row: Webhook,
}

/// A secret that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookSecret {
    /// The secret by which events are signed. It cannot be shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

/// A webhook that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// Where events are sent: an `https://` address on the public internet, of at most 2000 characters. Who runs the
    /// service may allow others.
    #[schema(example = "https://hooks.harbor.example/tenure")]
    url: String,
    /// What it is for, in words, at most 200 characters.
    #[schema(max_length = 200)]
    description: Option<String>,
    /// The events that it wants: at least one of `license.expiring`, `license.expired`, `license.renewed`, `pool.low`,
    /// `sensor.refused`.
    #[schema(value_type = Vec<shapes::WantedEvent>, min_items = 1, example = json!(["license.expiring", "license.expired"]))]
    events: Vec<String>,
    /// Whether it is switched on; true when nothing is said.
    enabled: Option<bool>,
}

/// What is to be changed of a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatch {
    /// As in a new webhook. What is on its way goes there as well.
    url: Option<String>,
    /// As in a new webhook.
    #[schema(max_length = 200)]
    description: Option<String>,
    /// As in a new webhook.
    #[schema(value_type = Option<Vec<shapes::WantedEvent>>, min_items = 1)]
    events: Option<Vec<String>>,
    /// False gives up what waits for it. True switches it on again, also after the service has switched it off.
    enabled: Option<bool>,
}

/// List the webhooks
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/webhooks",
    tag = "webhooks",
    params(("organization_id" = String, Path, description = "The organization"), WebhooksQuery),
    responses(
        (status = 200, body = WebhookPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_webhooks(
    by: Member<access::ManageWebhooks>,
    State(state): State<ApiState>,
    Query(query): Query<WebhooksQuery>,
) -> Result<Json<WebhookPage>, Problem> {
    let after: Option<WebhookId> = page::place(query.cursor.as_deref())?;
    let limit = page::limit(query.limit.as_deref())?;
    let (webhooks, end) = state.app.list_webhooks(by.organization, after, limit).await?;
    Ok(Json(WebhookPage {
        items: webhooks.into_iter().map(|webhook| Webhook::new(&state.app, webhook)).collect(),
        next_cursor: end.as_ref().map(page::cursor).transpose()?,
    }))
}

/// Read a webhook
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
    ),
    responses((status = 200, body = Webhook)),
)]
pub(crate) async fn get_webhook(
    by: Member<access::ManageWebhooks>,
    PathId(id): PathId<WebhookKind>,
    State(state): State<ApiState>,
) -> Result<Tagged<Webhook>, Problem> {
    let webhook = Webhook::new(&state.app, state.app.webhook(by.organization, id).await?);
    Ok(Tagged { tag: webhook.etag.clone(), body: webhook })
}

/// Make a webhook
///
/// It is told of what happens from now on. Its secret is in this answer and in no other. An organization has at most 20
/// webhooks.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/webhooks",
    tag = "webhooks",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NewWebhook,
    responses(
        (status = 201, body = MadeWebhook),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_webhooks`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `webhook_not_public`"),
    ),
)]
pub(crate) async fn add_webhook(
    by: Member<access::ManageWebhooks>,
    State(state): State<ApiState>,
    Body(new): Body<NewWebhook>,
) -> Result<Made<MadeWebhook>, Problem> {
    let new = New {
        url: &new.url,
        description: new.description.as_deref().unwrap_or_default(),
        events: &new.events,
        enabled: new.enabled.unwrap_or(true),
    };
    let (webhook, secret) = state.app.add_webhook(&by.ctx, by.organization, new).await?;
    let row = Webhook::new(&state.app, webhook);
    let (location, tag) = (by.path_of(&format!("webhooks/{}", row.id)), row.etag.clone());
    Ok(Made::new(location, MadeWebhook { secret: secret.text().to_owned(), row }).tagged(tag))
}

/// Change a webhook
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
    ),
    request_body = WebhookPatch,
    responses(
        (status = 200, body = Webhook),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `webhook_not_public`"),
    ),
)]
pub(crate) async fn patch_webhook(
    by: Member<access::ManageWebhooks>,
    PathId(id): PathId<WebhookKind>,
    State(state): State<ApiState>,
    Body(patch): Body<WebhookPatch>,
) -> Result<Tagged<Webhook>, Problem> {
    let change = WebhookChange {
        url: patch.url.as_deref(),
        description: patch.description.as_deref(),
        events: patch.events.as_deref(),
        enabled: patch.enabled,
    };
    let changed = state.app.change_webhook(&by.ctx, by.organization, id, change).await?;
    let webhook = Webhook::new(&state.app, changed);
    Ok(Tagged { tag: webhook.etag.clone(), body: webhook })
}

/// Remove a webhook
///
/// What is on its way to it is forgotten.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
    ),
    responses((status = 204, description = "It is told of nothing any more")),
)]
pub(crate) async fn remove_webhook(
    by: Member<access::ManageWebhooks>,
    PathId(id): PathId<WebhookKind>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    state.app.remove_webhook(&by.ctx, by.organization, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret
///
/// For 24 hours events are signed by both, so that the receiver can change it without missing one.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/secret",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
    ),
    responses((status = 200, body = WebhookSecret)),
)]
pub(crate) async fn renew_webhook_secret(
    by: Member<access::ManageWebhooks>,
    PathId(id): PathId<WebhookKind>,
    State(state): State<ApiState>,
) -> Result<Json<WebhookSecret>, Problem> {
    let secret = state.app.renew_webhook_secret(&by.ctx, by.organization, id).await?;
    Ok(Json(WebhookSecret { secret: secret.text().to_owned() }))
}
