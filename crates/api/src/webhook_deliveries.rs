//! What became of the events for a webhook.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::rows::{OutboxEvent, PostState, Posted};
use tenure_domain::id::{DeliveryKind, WebhookKind};
use tenure_domain::{DeliveryId, Instant};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{PathId, Query};
use crate::made::Made;
use crate::notices::state_named;
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// An event for a webhook, and how far it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookDelivery {
    /// Sent as `webhook-id`, the same at each attempt.
    #[schema(value_type = String, example = "dlv_01jxgb66p004hmasw9nf6yy093")]
    id: DeliveryId,
    /// One of the events that a webhook can want, or `webhook.test`.
    #[schema(value_type = shapes::WebhookEvent, example = "license.expired")]
    event: String,
    /// `queued`, `sent` or `failed`.
    #[schema(value_type = shapes::PostState, example = "sent")]
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When it was taken, or given up; null while it is queued.
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Instant>,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next; null when it is not queued.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Instant>,
    /// What the receiver has answered last, or why it was not reached; null when it was not tried yet.
    #[schema(example = "500 Internal Server Error")]
    last_reply: Option<String>,
}

impl From<Posted<OutboxEvent>> for WebhookDelivery {
    fn from(posted: Posted<OutboxEvent>) -> Self {
        let Posted { post, state, attempts, next_try_at, settled_at, last_reply } = posted;
        Self {
            id: post.id,
            event: post.kind,
            state: state.name(),
            created_at: post.created_at,
            settled_at,
            attempts,
            next_try_at: (state == PostState::Queued).then_some(next_try_at),
            last_reply,
        }
    }
}

/// A page of events for a webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookDeliveryPage {
    /// Newest first. What was taken or given up is remembered for 90 days.
    items: Vec<WebhookDelivery>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which events are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhookDeliveriesQuery {
    /// Only those that are `queued`, `sent` or `failed`.
    #[param(value_type = Option<shapes::PostState>)]
    state: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List what became of the events for a webhook
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
        WebhookDeliveriesQuery,
    ),
    responses(
        (status = 200, body = WebhookDeliveryPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_deliveries(
    by: Member<access::ManageWebhooks>,
    PathId(id): PathId<WebhookKind>,
    State(state): State<ApiState>,
    Query(query): Query<WebhookDeliveriesQuery>,
) -> Result<Json<WebhookDeliveryPage>, Problem> {
    let before: Option<DeliveryId> = page::place(query.cursor.as_deref())?;
    let limit = page::limit(query.limit.as_deref())?;
    let of = query.state.as_deref().map(state_named).transpose()?;
    let (found, end) = state.app.webhook_deliveries(by.organization, id, of, (before, limit)).await?;
    Ok(Json(WebhookDeliveryPage {
        items: found.into_iter().map(WebhookDelivery::from).collect(),
        next_cursor: end.as_ref().map(page::cursor).transpose()?,
    }))
}

/// Read what became of an event for a webhook
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries/{delivery_id}",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
        ("delivery_id" = String, Path, description = "The event for it"),
    ),
    responses((status = 200, body = WebhookDelivery)),
)]
pub(crate) async fn get_delivery(
    by: Member<access::ManageWebhooks>,
    PathId(webhook): PathId<WebhookKind>,
    PathId(id): PathId<DeliveryKind>,
    State(state): State<ApiState>,
) -> Result<Json<WebhookDelivery>, Problem> {
    Ok(Json(state.app.webhook_delivery(by.organization, webhook, id).await?.into()))
}

/// Send a webhook an event to try it
///
/// The event is `webhook.test`. What became of it is read at its `Location`, as a rule within seconds.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/test",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
    ),
    responses(
        (status = 202, body = WebhookDelivery),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`webhook_disabled`"),
    ),
)]
pub(crate) async fn test_webhook(
    by: Member<access::ManageWebhooks>,
    PathId(id): PathId<WebhookKind>,
    State(state): State<ApiState>,
) -> Result<Made<WebhookDelivery>, Problem> {
    let posted = state.app.test_webhook(&by.ctx, by.organization, id).await?;
    let delivery = WebhookDelivery::from(posted);
    let location = by.path_of(&format!("webhooks/{id}/deliveries/{}", delivery.id));
    Ok(Made::on_its_way(location, delivery))
}

/// Send an event that was given up once more
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry",
    tag = "webhooks",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("webhook_id" = String, Path, description = "The webhook"),
        ("delivery_id" = String, Path, description = "The event for it"),
    ),
    responses(
        (status = 200, body = WebhookDelivery, description = "It is queued again"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`delivery_not_failed`, `webhook_disabled`"),
    ),
)]
pub(crate) async fn retry_delivery(
    by: Member<access::ManageWebhooks>,
    PathId(webhook): PathId<WebhookKind>,
    PathId(id): PathId<DeliveryKind>,
    State(state): State<ApiState>,
) -> Result<Json<WebhookDelivery>, Problem> {
    Ok(Json(state.app.retry_delivery(&by.ctx, by.organization, webhook, id).await?.into()))
}
