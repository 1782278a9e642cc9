//! Removing a sensor, what it leaves behind, and its history after that (R21).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::cut;
use tenure_app::remove_sensor::{Released, Removal};
use tenure_app::rows::RemovedSensor;
use tenure_domain::id::SensorKind;
use tenure_domain::{Date, Instant, LicenseId, Permission, SensorId, Serial, Term};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{Body, PathId, Query};
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// What removing a sensor has done, or would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Removal)]
pub(crate) struct RemovalBody {
    /// How many queued licenses have gone back to the pool. Sensors that waited may have taken some of them (R15).
    returned_to_pool: u32,
    /// The license that covered it, which keeps its end; null when it was not covered.
    released: Option<ReleasedBody>,
}

/// A license that a sensor leaves behind.
#[derive(Serialize, ToSchema)]
#[schema(as = Released)]
struct ReleasedBody {
    #[schema(value_type = String, example = "lic_01jxgb66p004hmasw9nf6yy093")]
    license_id: LicenseId,
    /// Its license key; null for the operator (R2).
    key: Option<String>,
    /// The last local date that it covers.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
}

impl RemovalBody {
    /// What is shown of a removal; keys are for those whose they are (R2).
    pub(crate) fn new(removal: Removal, keys: bool) -> Self {
        let Removal { returned_to_pool, released } = removal;
        let released = released.map(|Released { license, key, expires_on, .. }| ReleasedBody {
            license_id: license,
            key: Some(key).filter(|_| keys),
            expires_on,
        });
        Self { returned_to_pool, released }
    }
}

/// Remove a sensor
///
/// Its queued licenses go back to the pool, the one that covers it is released and keeps its end, and its serial number
/// is free (R21). Its history stays, under the removed sensors.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    responses((status = 200, body = RemovalBody)),
)]
pub(crate) async fn remove_sensor(
    by: Member<access::ManageSensors>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
) -> Result<Json<RemovalBody>, Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    let removal = state.app.remove_sensor(&by.ctx, by.organization, id).await?;
    Ok(Json(RemovalBody::new(removal, true)))
}

/// See what removing a sensor would do
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/removal/preview",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    responses((status = 200, body = RemovalBody)),
)]
pub(crate) async fn preview_removal(
    by: Member<access::ManageSensors>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
) -> Result<Json<RemovalBody>, Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    let removal = state.app.preview_removal(&by.ctx, by.organization, id).await?;
    Ok(Json(RemovalBody::new(removal, true)))
}

/// Which page of removed sensors is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemovedQuery {
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of removed sensors, the last removed first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RemovedPage {
    items: Vec<RemovedBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// A sensor that was removed.
#[derive(Serialize, ToSchema)]
#[schema(as = RemovedSensor)]
pub(crate) struct RemovedBody {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    id: SensorId,
    /// 12 hexadecimal digits. The serial number may be in use again.
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    removed_at: Instant,
    /// The license that it left behind; null when that is over or another sensor's, and for those who may not read
    /// licenses.
    released: Option<LeftBehind>,
}

/// A license that a removed sensor has left behind, and that still runs.
#[derive(Serialize, ToSchema)]
#[schema(as = ReleasedLicense)]
struct LeftBehind {
    #[schema(value_type = String, example = "lic_01jxgb66p004hmasw9nf6yy093")]
    license_id: LicenseId,
    key: String,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    /// The last local date that it covers.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
    /// The first instant that it does not cover any more.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
}

impl RemovedBody {
    /// What is shown of a removed sensor; what it left behind is for those who may read licenses.
    fn new(row: RemovedSensor, released: Option<Released>, licenses: bool) -> Self {
        let RemovedSensor { id, serial, name, removed_at, .. } = row;
        let released = released.filter(|_| licenses).map(|released| LeftBehind {
            license_id: released.license,
            key: released.key,
            term: released.term,
            expires_on: released.expires_on,
            expires_at: released.expires_at,
        });
        Self { id, serial, name, removed_at, released }
    }
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    removed_at: Instant,
    id: SensorId,
}

/// List the removed sensors
///
/// The license that one has left behind comes back with it when its serial number is added again, or can be given to
/// another sensor that is not covered (R21).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/removed-sensors",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), RemovedQuery),
    responses(
        (status = 200, body = RemovedPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn removed_sensors(
    by: Member<access::ReadHistory>,
    State(state): State<ApiState>,
    Query(query): Query<RemovedQuery>,
) -> Result<Json<RemovedPage>, Problem> {
    let limit = page::limit(query.limit.as_deref())?;
    let after = page::place(query.cursor.as_deref())?.map(|Cursor { removed_at, id }| (removed_at, id));
    let licenses = by.caller.role_allows(Permission::ReadLicenses);
    let rows = state.app.removed_sensors(&by.ctx, by.organization, after, limit.saturating_add(1)).await?;
    let cursor = |(row, _): &(RemovedSensor, Option<Released>)| {
        page::cursor(&Cursor { removed_at: row.removed_at, id: row.id })
    };
    let (rows, end) = cut(rows, limit, cursor);
    Ok(Json(RemovedPage {
        items: rows.into_iter().map(|(row, released)| RemovedBody::new(row, released, licenses)).collect(),
        next_cursor: end.transpose()?,
    }))
}

/// Read a removed sensor
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The removed sensor"),
    ),
    responses((status = 200, body = RemovedBody)),
)]
pub(crate) async fn removed_sensor(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
) -> Result<Json<RemovedBody>, Problem> {
    let licenses = by.caller.role_allows(Permission::ReadLicenses);
    let (row, released) = state.app.removed_sensor(&by.ctx, by.organization, id).await?;
    Ok(Json(RemovedBody::new(row, released, licenses)))
}

/// What is typed to confirm an erasure.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Erasure {
    /// The sensor's serial number.
    #[schema(example = "282c02424eed")]
    serial: String,
}

/// Erase the history of a removed sensor
///
/// What it has measured and told of itself, and its alerts, are gone for good (R21). The sensor stays in the list, and in the audit trail.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/erasure",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The removed sensor"),
    ),
    request_body = Erasure,
    responses(
        (status = 204, description = "It is erased."),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_not_confirmed`"),
    ),
)]
pub(crate) async fn erase_history(
    by: Member<access::ChangeOrganization>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Body(Erasure { serial }): Body<Erasure>,
) -> Result<StatusCode, Problem> {
    state.app.erase_history(&by.ctx, by.organization, id, &serial).await?;
    Ok(StatusCode::NO_CONTENT)
}
