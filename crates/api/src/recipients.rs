//! The Notification manager: who is told of what by e-mail (R30).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::recipients::{Recipients, RecipientsChange};
use tenure_app::tag;
use tenure_domain::UserId;
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::etag::Tagged;
use crate::extract::Body;
use crate::{ApiState, Problem};

/// Who is told of what.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationRecipients {
    /// The members who are told that the covers of sensors end (R29).
    #[schema(value_type = Vec<String>)]
    license_expiration: Vec<UserId>,
    /// The members who are told that the pool holds less than the renewals of the next 60 days need.
    #[schema(value_type = Vec<String>)]
    pool_low: Vec<UserId>,
}

impl From<Recipients> for NotificationRecipients {
    fn from(Recipients { license_expiration, pool_low }: Recipients) -> Self {
        Self { license_expiration, pool_low }
    }
}

/// Who is to be told of what. A list that is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotificationRecipients {
    /// The members who are told that the covers of sensors end (R29).
    #[schema(value_type = Option<Vec<String>>)]
    license_expiration: Option<Vec<UserId>>,
    /// The members who are told that the pool holds less than the renewals of the next 60 days need.
    #[schema(value_type = Option<Vec<String>>)]
    pool_low: Option<Vec<UserId>>,
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
) -> Result<Tagged<NotificationRecipients>, Problem> {
    let recipients = state.app.recipients(by.organization).await?;
    let tag = state.app.tag(tag::Tagged::Recipients(&recipients));
    Ok(Tagged { tag, body: recipients.into() })
}

/// Set who is told of what
///
/// These members and no others. `not_found` is said of a user who is no member.
#[utoipa::path(
    put,
    path = "/api/v1/organizations/{organization_id}/notification-recipients",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NewNotificationRecipients,
    responses((status = 200, body = NotificationRecipients)),
)]
pub(crate) async fn set_recipients(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
    Body(NewNotificationRecipients { license_expiration, pool_low }): Body<NewNotificationRecipients>,
) -> Result<Tagged<NotificationRecipients>, Problem> {
    let change = RecipientsChange { license_expiration, pool_low };
    let recipients = state.app.set_recipients(&by.ctx, by.organization, change).await?;
    let tag = state.app.tag(tag::Tagged::Recipients(&recipients));
    Ok(Tagged { tag, body: recipients.into() })
}
