//! Giving several sensors other names.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::rename_sensors::Renaming;
use tenure_domain::SensorId;
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::Body;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// The names that sensors are to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SensorNames {
    /// Each sensor once.
    #[schema(min_items = 1, max_items = 10_000)]
    items: Vec<SensorName>,
}

/// A sensor and its new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SensorName {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    sensor_id: SensorId,
    /// On one line.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// What renaming has done.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorsRenamed {
    /// How many sensors had another name before.
    renamed: usize,
}

/// Rename several sensors
///
/// All of them or none.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/names",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = SensorNames,
    responses(
        (status = 200, body = SensorsRenamed),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn rename_sensors(
    by: Member<access::ManageSensors>,
    State(state): State<ApiState>,
    Body(names): Body<SensorNames>,
) -> Result<Json<SensorsRenamed>, Problem> {
    let items = names.items.iter();
    let renamings: Vec<Renaming<'_>> =
        items.map(|item| Renaming { sensor: item.sensor_id, name: &item.name }).collect();
    let renamed = state.app.rename_sensors(&by.ctx, by.organization, &renamings).await?;
    Ok(Json(SensorsRenamed { renamed }))
}
