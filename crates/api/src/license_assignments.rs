//! Giving several sensors a license each.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_domain::{OrganizationId, Sensor, SensorId};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::ahead::EndingSensor;
use crate::extract::Body;
use crate::licenses::License;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// Which sensors are to be given a license each.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignments {
    /// Each once, in the order in which they take from the pool.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
    sensor_ids: Vec<SensorId>,
    /// The license key, or its id, to take the licenses of; those that are next when nothing is said (R13).
    key: Option<String>,
}

/// A sensor and the license that it was given.
#[derive(Serialize, ToSchema)]
struct AssignedLicense {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    sensor_id: SensorId,
    license: License,
}

/// The licenses that were given.
#[derive(Serialize, ToSchema)]
pub(crate) struct AssignedLicenses {
    /// In the order in which the sensors were asked for.
    items: Vec<AssignedLicense>,
}

/// What giving several sensors a license each would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct AssignmentsPreview {
    /// The licenses with the dates that they would have; none when there are too few.
    items: Vec<AssignedLicense>,
    /// Who will go without a license within a year because of it, and would not else, in R14's order.
    goes_without: Vec<EndingSensor>,
    /// How many licenses are missing. If any is, nobody is given one.
    short: i64,
    /// How many licenses would be left in the pool.
    licenses_left: i64,
}

async fn items(
    state: &ApiState,
    organization: OrganizationId,
    sensors: Vec<Sensor>,
) -> Result<Vec<AssignedLicense>, Problem> {
    let keys = state.app.license_keys(organization).await?;
    let item = |sensor: Sensor| {
        let license = License::given(&sensor.chain, |code| keys.get(&code).cloned());
        let license = license.ok_or_else(Problem::internal)?;
        Ok(AssignedLicense { sensor_id: sensor.id, license })
    };
    sensors.into_iter().map(item).collect()
}

/// Give several sensors a license each
///
/// All of them or none. A sensor that is not covered is covered from now on; else the license goes behind its last one
/// (R11).
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/license-assignments",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = Assignments,
    responses(
        (status = 200, body = AssignedLicenses),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`no_license_left`, `key_not_available`, `chain_too_long`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn assign_licenses(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(assignments): Body<Assignments>,
) -> Result<Json<AssignedLicenses>, Problem> {
    let Assignments { sensor_ids, key } = assignments;
    let sensors = state.app.assign_licenses(&by.ctx, by.organization, &sensor_ids, key.as_deref()).await?;
    Ok(Json(AssignedLicenses { items: items(&state, by.organization, sensors).await? }))
}

/// See what giving several sensors a license each would do
///
/// It changes nothing. Too few licenses are no error here: `short` says how many are missing.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/license-assignments/preview",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = Assignments,
    responses(
        (status = 200, body = AssignmentsPreview),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`chain_too_long`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn preview_assignments(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(assignments): Body<Assignments>,
) -> Result<Json<AssignmentsPreview>, Problem> {
    let Assignments { sensor_ids, key } = assignments;
    let preview =
        state.app.preview_assignments(&by.ctx, by.organization, &sensor_ids, key.as_deref()).await?;
    Ok(Json(AssignmentsPreview {
        items: items(&state, by.organization, preview.sensors).await?,
        goes_without: preview.goes_without.into_iter().map(EndingSensor::from).collect(),
        short: preview.short,
        licenses_left: preview.licenses_left,
    }))
}
