//! Being told of something no more, by the address in a mail (RFC 8058). Nobody needs a log-in for it.

use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::request::Parts;
use serde::Serialize;
use tenure_app::unsubscribe::Subscription as Row;
use tenure_domain::Refusal;
use utoipa::ToSchema;

use crate::{ApiState, Problem, shapes};

/// The token in the path, whatever stands there.
pub(crate) struct Token(String);

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let not_found = |_| Problem::from(Refusal::NotFound { what: "unsubscription" });
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(not_found)?;
        let text = path.iter().find_map(|(key, value)| (key == "token").then_some(value));
        Ok(Self(text.unwrap_or_default().to_owned()))
    }
}

/// Whether somebody is told of something by e-mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subscription {
    /// `license_expiration`, `pool_low` or `alert_rule`.
    #[schema(value_type = shapes::SubscriptionTopic)]
    what: &'static str,
    /// The name of the alert rule; null when it is about something else, or the rule was removed.
    rule: Option<String>,
    /// The organization's name.
    #[schema(example = "Harbor Foods")]
    organization: String,
    /// Who is told.
    #[schema(example = "ana@harbor.example")]
    email: String,
    /// Whether they are told.
    subscribed: bool,
}

impl From<Row> for Subscription {
    fn from(row: Row) -> Self {
        let Row { what, rule, organization, email, subscribed } = row;
        Self { what, rule, organization, email, subscribed }
    }
}

/// Read what an address in a mail is about
#[utoipa::path(
    get,
    path = "/api/v1/unsubscriptions/{token}",
    tag = "notices",
    security(()),
    params(("token" = String, Path, description = "The end of the address in the mail")),
    responses((status = 200, body = Subscription)),
)]
pub(crate) async fn subscription(
    State(state): State<ApiState>,
    Token(token): Token,
) -> Result<Json<Subscription>, Problem> {
    Ok(Json(state.app.subscription(&token).await?.into()))
}

/// Be told of it no more
///
/// Mail programs do it with one click, by the form `List-Unsubscribe=One-Click` (RFC 8058 §3.2); no body is needed,
/// and none is looked at. Once more changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/unsubscriptions/{token}",
    tag = "notices",
    security(()),
    params(("token" = String, Path, description = "The end of the address in the mail")),
    responses((status = 200, body = Subscription)),
)]
pub(crate) async fn unsubscribe(
    State(state): State<ApiState>,
    Token(token): Token,
) -> Result<Json<Subscription>, Problem> {
    Ok(Json(state.app.unsubscribe(&token).await?.into()))
}

/// Be told of it again after all
///
/// `not_found` is also said of who is no member any more, and of a rule that was removed.
#[utoipa::path(
    post,
    path = "/api/v1/unsubscriptions/{token}/undo",
    tag = "notices",
    security(()),
    params(("token" = String, Path, description = "The end of the address in the mail")),
    responses((status = 200, body = Subscription)),
)]
pub(crate) async fn subscribe_again(
    State(state): State<ApiState>,
    Token(token): Token,
) -> Result<Json<Subscription>, Problem> {
    Ok(Json(state.app.subscribe_again(&token).await?.into()))
}
