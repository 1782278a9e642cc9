//! Switching the auto renewal of several sensors.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::rows::Named;
use tenure_app::set_auto_renewal::Switched;
use tenure_domain::{SensorId, Serial};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::ahead::EndingSensor;
use crate::extract::Body;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// Which sensors are to be switched.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoRenewal {
    /// Each once.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
    sensor_ids: Vec<SensorId>,
    /// On or off.
    auto_renewal: bool,
}

/// What switching has done.
#[derive(Serialize, ToSchema)]
pub(crate) struct AutoRenewalSwitched {
    /// How many sensors were switched; the others were so before.
    changed: usize,
    /// How many of them were expired and took a license at once (R12).
    renewed_now: usize,
}

/// A sensor by its name.
#[derive(Serialize, ToSchema)]
struct NamedSensor {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    id: SensorId,
    name: String,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
}

/// What switching would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct AutoRenewalPreview {
    /// How many sensors would be switched.
    changed: usize,
    /// Expired sensors that would take a license at once (R12), in R14's order.
    renewed_now: Vec<NamedSensor>,
    /// Covered sensors that would stop, and the last date that each is covered, however far that is.
    stops: Vec<EndingSensor>,
    /// Who will go without a license within a year then, and would not now, in R14's order: also a sensor that is
    /// switched on and will find none.
    goes_without: Vec<EndingSensor>,
}

/// Switch the auto renewal of several sensors
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/auto-renewal",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = AutoRenewal,
    responses(
        (status = 200, body = AutoRenewalSwitched),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn set_auto_renewal(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(wish): Body<AutoRenewal>,
) -> Result<Json<AutoRenewalSwitched>, Problem> {
    let AutoRenewal { sensor_ids, auto_renewal } = wish;
    let switched = state.app.set_auto_renewal(&by.ctx, by.organization, &sensor_ids, auto_renewal).await?;
    let Switched { changed, renewed_now } = switched;
    Ok(Json(AutoRenewalSwitched { changed, renewed_now }))
}

/// See what switching the auto renewal of several sensors would do
///
/// It changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/auto-renewal/preview",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = AutoRenewal,
    responses(
        (status = 200, body = AutoRenewalPreview),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn preview_auto_renewal(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(wish): Body<AutoRenewal>,
) -> Result<Json<AutoRenewalPreview>, Problem> {
    let AutoRenewal { sensor_ids, auto_renewal } = wish;
    let preview = state.app.preview_auto_renewal(&by.ctx, by.organization, &sensor_ids, auto_renewal).await?;
    let named = |Named { id, serial, name }: Named| NamedSensor { id, name, serial };
    Ok(Json(AutoRenewalPreview {
        changed: preview.changed,
        renewed_now: preview.renewed_now.into_iter().map(named).collect(),
        stops: preview.stops.into_iter().map(EndingSensor::from).collect(),
        goes_without: preview.goes_without.into_iter().map(EndingSensor::from).collect(),
    }))
}
