//! A person's own account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::me::PersonChange;
use tenure_app::one_time_codes::NewSecret;
use utoipa::ToSchema;

use crate::access::SignedIn;
use crate::extract::{Body, Peer, present};
use crate::problem::ProblemBody;
use crate::sessions::UserBody;
use crate::{ApiState, Problem, shapes};

/// What is to be changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserPatch {
    /// Another name, at most 100 characters; may be empty.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// `en`, `pl` or `de`.
    #[schema(value_type = Option<shapes::Language>)]
    language: Option<String>,
    /// Another IANA time zone for reading instants; null for the organization's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
}

/// Change one's own account
#[utoipa::path(
    patch,
    path = "/api/v1/me",
    tag = "accounts",
    security(("session" = [])),
    request_body = UserPatch,
    responses(
        (status = 200, body = UserBody),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `zone_unknown`"),
    ),
)]
pub(crate) async fn patch_me(
    by: SignedIn,
    State(state): State<ApiState>,
    Body(patch): Body<UserPatch>,
) -> Result<Json<UserBody>, Problem> {
    let UserPatch { name, language, time_zone } = patch;
    let zone = time_zone.map(|zone| zone.map(|zone| zone.parse()).transpose()).transpose()?;
    let user = state.app.change_me(&by.person, PersonChange { name, language, zone }).await?;
    Ok(Json(UserBody::new(user, by.person.recovery_codes_left)))
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    current_password: String,
    /// 10 to 200 characters.
    #[schema(min_length = 10, max_length = 200)]
    new_password: String,
}

/// Change one's own password
///
/// All other log-ins of the person end.
#[utoipa::path(
    put,
    path = "/api/v1/me/password",
    tag = "accounts",
    security(("session" = [])),
    request_body = NewPassword,
    responses(
        (status = 204, description = "From now on the new one counts"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`password_wrong`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_log_ins`"),
    ),
)]
pub(crate) async fn put_password(
    by: SignedIn,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(new): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let NewPassword { current_password, new_password } = new;
    state.app.change_password(&by.person, &current_password, &new_password, &address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person's password, asked for once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPassword {
    password: String,
}

/// A secret for an authenticator app.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneTimeCodeSecret {
    /// In base32, for typing.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// `otpauth://…`, for a QR code.
    uri: String,
}

/// Codes that each open once where the authenticator app is lost.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Ten. They are not stored and cannot be shown again.
    recovery_codes: Vec<String>,
}

/// Begin with one-time codes
///
/// They count once they are confirmed. Codes that count already do so until then.
#[utoipa::path(
    post,
    path = "/api/v1/me/one-time-codes",
    tag = "accounts",
    security(("session" = [])),
    request_body = OwnPassword,
    responses(
        (status = 200, body = OneTimeCodeSecret),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`password_wrong`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_log_ins`"),
    ),
)]
pub(crate) async fn begin_one_time_codes(
    by: SignedIn,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(OwnPassword { password }): Body<OwnPassword>,
) -> Result<Json<OneTimeCodeSecret>, Problem> {
    let NewSecret { secret, uri } = state.app.begin_one_time_codes(&by.person, &password, &address).await?;
    Ok(Json(OneTimeCodeSecret { secret, uri }))
}

/// A code that the authenticator app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownCode {
    #[schema(example = "492039")]
    code: String,
}

/// Confirm one-time codes
///
/// From now on logging in asks for one.
#[utoipa::path(
    post,
    path = "/api/v1/me/one-time-codes/confirmation",
    tag = "accounts",
    security(("session" = [])),
    request_body = ShownCode,
    responses(
        (status = 200, body = RecoveryCodes),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`one_time_codes_off`: nothing was begun"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`: this is not the code that the app shows now"),
    ),
)]
pub(crate) async fn confirm_one_time_codes(
    by: SignedIn,
    State(state): State<ApiState>,
    Body(ShownCode { code }): Body<ShownCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let recovery_codes = state.app.confirm_one_time_codes(&by.person, &code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Switch one-time codes off
#[utoipa::path(
    post,
    path = "/api/v1/me/one-time-codes/removal",
    tag = "accounts",
    security(("session" = [])),
    request_body = OwnPassword,
    responses(
        (status = 204, description = "Logging in asks for none any more"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`password_wrong`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_log_ins`"),
    ),
)]
pub(crate) async fn remove_one_time_codes(
    by: SignedIn,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(OwnPassword { password }): Body<OwnPassword>,
) -> Result<StatusCode, Problem> {
    state.app.remove_one_time_codes(&by.person, &password, &address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make new recovery codes
///
/// The old ones open nothing any more.
#[utoipa::path(
    post,
    path = "/api/v1/me/recovery-codes",
    tag = "accounts",
    security(("session" = [])),
    request_body = OwnPassword,
    responses(
        (status = 200, body = RecoveryCodes),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`password_wrong`"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`one_time_codes_off`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_log_ins`"),
    ),
)]
pub(crate) async fn renew_recovery_codes(
    by: SignedIn,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(OwnPassword { password }): Body<OwnPassword>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let recovery_codes = state.app.renew_recovery_codes(&by.person, &password, &address).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}
