//! Redeeming activation codes: what an organization does with them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenure_app::Actor;
use tenure_app::redeem_code::{Attempt, Redeemed, RenewedSensor};
use tenure_domain::{Date, Instant, SensorId, Serial, Term};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::{Body, Peer};
use crate::made::Made;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// An activation code that was typed in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypedCode {
    /// The code; case, spaces, dashes and look-alikes do not matter (R1).
    #[schema(example = "7K3QD-M8V2X-0PZRT-5HNWJ-C4YBF")]
    code: String,
}

/// What redeeming has done, or would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Redemption)]
pub(crate) struct RedeemedBody {
    /// The license key that the code has become.
    key: String,
    /// How many licenses it brought.
    licenses: u32,
    /// How long each lasts, an ISO 8601 duration.
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    /// How many licenses are in the pool now.
    licenses_left: i64,
    /// When and by whom it was redeemed before, in which case nothing has changed (R3).
    already_added: Option<AlreadyAdded>,
    /// The sensors that took one of them at once (R15), in the order of R14.
    renewed: Vec<Renewed>,
}

/// An earlier redemption.
#[derive(Serialize, ToSchema)]
struct AlreadyAdded {
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// An e-mail address, or what the audit trail writes.
    by: String,
}

/// A sensor that was waiting for a license and has one now.
#[derive(Serialize, ToSchema)]
struct Renewed {
    #[schema(value_type = String)]
    id: SensorId,
    #[schema(value_type = String)]
    serial: Serial,
    name: String,
    /// The last local date that is covered now.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
}

impl From<Redeemed> for RedeemedBody {
    fn from(redeemed: Redeemed) -> Self {
        let Redeemed { id: _, key, licenses, term, already_added, licenses_left, renewed } = redeemed;
        let already = |(at, by): (Instant, String)| AlreadyAdded { at, by: Actor::person(&by).to_owned() };
        let shown = |RenewedSensor { id, serial, name, expires_on }| Renewed { id, serial, name, expires_on };
        Self {
            key,
            licenses,
            term,
            licenses_left,
            already_added: already_added.map(already),
            renewed: renewed.into_iter().map(shown).collect(),
        }
    }
}

/// Redeem an activation code
///
/// All its licenses enter the pool, or none does; sensors that wait for a license take theirs at once (R3, R15).
/// Redeeming it again in the same organization changes nothing and answers 200 instead of 201.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/activation-codes",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = TypedCode,
    responses(
        (status = 201, description = "Redeemed", body = RedeemedBody),
        (status = 200, description = "It was redeemed here before", body = RedeemedBody),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`code_malformed`, `code_typo`, `code_not_valid`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_attempts` (R4)",
            headers(("Retry-After" = u64, description = "Seconds until the next attempt is heard"))),
    ),
)]
pub(crate) async fn redeem(
    by: Member<access::ManageLicenses>,
    Peer(peer): Peer,
    State(state): State<ApiState>,
    Body(typed): Body<TypedCode>,
) -> Result<Response, Problem> {
    let attempt = Attempt { organization: by.organization, code: &typed.code, address: &peer };
    let redeemed = state.app.redeem_code(&by.ctx, &by.caller, attempt).await?;
    let (location, body) =
        (by.path_of(&format!("license-keys/{}", redeemed.id)), RedeemedBody::from(redeemed));
    Ok(match body.already_added {
        Some(_) => Json(body).into_response(),
        None => Made::new(location, body).into_response(),
    })
}

/// See what redeeming a code would do
///
/// Nothing changes, but an attempt that fails counts as a failed redemption (R4).
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/activation-codes/preview",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = TypedCode,
    responses(
        (status = 200, body = RedeemedBody),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`code_malformed`, `code_typo`, `code_not_valid`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_attempts` (R4)",
            headers(("Retry-After" = u64, description = "Seconds until the next attempt is heard"))),
    ),
)]
pub(crate) async fn preview(
    by: Member<access::ManageLicenses>,
    Peer(peer): Peer,
    State(state): State<ApiState>,
    Body(typed): Body<TypedCode>,
) -> Result<Json<RedeemedBody>, Problem> {
    let attempt = Attempt { organization: by.organization, code: &typed.code, address: &peer };
    Ok(Json(state.app.preview_code(&by.ctx, &by.caller, attempt).await?.into()))
}
