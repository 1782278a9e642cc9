//! The Notification manager: who is told of what by e-mail (R30).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_domain::UserId;
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::Body;
use crate::{ApiState, Problem};

/// Who is told of what.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationRecipients {
    /// The members who are told that the covers of sensors end (R29).
    #[schema(value_type = Vec<String>)]
    license_expiration: Vec<UserId>,
}

/// Read who is told of what
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/notification-recipients",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = NotificationRecipients)),
)]
pub(crate) async fn recipients(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
) -> Result<Json<NotificationRecipients>, Problem> {
    let license_expiration = state.app.recipients(by.organization).await?;
    Ok(Json(NotificationRecipients { license_expiration }))
}

/// Set who is told of what
///
/// These members and no others. `not_found` is said of a user who is no member.
#[utoipa::path(
    put,
    path = "/api/v1/organizations/{organization_id}/notification-recipients",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NotificationRecipients,
    responses((status = 200, body = NotificationRecipients)),
)]
pub(crate) async fn set_recipients(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
    Body(wish): Body<NotificationRecipients>,
) -> Result<Json<NotificationRecipients>, Problem> {
    let told = state.app.set_recipients(&by.ctx, by.organization, &wish.license_expiration).await?;
    Ok(Json(NotificationRecipients { license_expiration: told }))
}
