//! Signing up.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tenure_app::sign_up::NewCustomer;
use utoipa::ToSchema;

use crate::cookie::NotCrossSite;
use crate::extract::{Body, Peer};
use crate::problem::ProblemBody;
use crate::sessions::{SessionBody, logged_in};
use crate::{ApiState, Problem, shapes};

/// Who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSignUp {
    #[schema(example = "ana@harbor.example")]
    email: String,
    /// 10 to 200 characters.
    #[schema(min_length = 10, max_length = 200)]
    password: String,
    /// The name of the organization that is made, 1 to 100 characters.
    #[schema(example = "Harbor")]
    organization_name: String,
    /// The IANA time zone that decides its dates.
    #[schema(example = "Europe/Warsaw")]
    time_zone: String,
    /// The person's name, at most 100 characters.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// `en`, `pl` or `de`; `en` when nothing is said.
    #[schema(value_type = Option<shapes::Language>)]
    language: Option<String>,
    /// The activation code that is redeemed at once.
    activation_code: Option<String>,
}

/// Sign up
///
/// Makes the user, and the organization whose Administrator they are, redeems the code and logs them in: all of it,
/// or nothing.
#[utoipa::path(
    post,
    path = "/api/v1/sign-up",
    tag = "accounts",
    security(()),
    request_body = NewSignUp,
    responses(
        (status = 201, body = SessionBody, headers(("Set-Cookie" = String, description = "The log-in"))),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`sign_up_closed`, `cross_site`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`email_in_use`, `organization_name_in_use`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `zone_unknown`, `code_malformed`, `code_typo`, `code_not_valid`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_attempts`: come back after the seconds in `Retry-After` (R4)"),
    ),
)]
pub(crate) async fn sign_up(
    _: NotCrossSite,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(new): Body<NewSignUp>,
) -> Result<Response, Problem> {
    let new_customer = NewCustomer {
        email: &new.email,
        password: &new.password,
        name: new.name.as_deref().unwrap_or_default(),
        language: new.language.as_deref().unwrap_or("en"),
        organization: &new.organization_name,
        zone: new.time_zone.parse()?,
        code: new.activation_code.as_deref(),
        address: &address,
    };
    logged_in(state.app.sign_up(new_customer).await?)
}
