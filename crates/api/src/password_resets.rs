//! Setting a new password by a link that is sent by mail.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::cookie::NotCrossSite;
use crate::extract::Body;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// Who has forgotten their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    #[schema(example = "ana@harbor.example")]
    email: String,
}

/// Ask for a link to set a new password
///
/// The answer is the same whether there is such a user or not. The link opens once, within an hour.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets",
    tag = "accounts",
    security(()),
    request_body = Forgotten,
    responses(
        (status = 202, description = "If there is such a user, they get a mail"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "`cross_site`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`: this is no e-mail address"),
    ),
)]
pub(crate) async fn ask_for_reset(
    _: NotCrossSite,
    State(state): State<ApiState>,
    Body(Forgotten { email }): Body<Forgotten>,
) -> Result<StatusCode, Problem> {
    state.app.ask_for_reset(&email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password, and what opens.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// What stands behind `#` in the link.
    token: String,
    /// 10 to 200 characters.
    #[schema(min_length = 10, max_length = 200)]
    password: String,
}

/// Set a new password
///
/// All log-ins of the person end.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets/redemption",
    tag = "accounts",
    security(()),
    request_body = Reset,
    responses(
        (status = 204, description = "From now on the new one counts"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "`cross_site`"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json",
            description = "`link_expired`: used, replaced or too old"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn reset_password(
    _: NotCrossSite,
    State(state): State<ApiState>,
    Body(Reset { token, password }): Body<Reset>,
) -> Result<StatusCode, Problem> {
    state.app.reset_password(&token, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}
