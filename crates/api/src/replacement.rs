//! Replacing a broken sensor (R20).

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenure_domain::id::SensorKind;
use tenure_domain::{Permission, Serial};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::{Body, PathId};
use crate::problem::ProblemBody;
use crate::sensor_row::Sensor;
use crate::{ApiState, Problem};

/// The device that takes a sensor's place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replacement {
    /// Its serial number: 12 hexadecimal digits, as on the label.
    #[schema(example = "282c02424eee")]
    serial: String,
}

/// Replace a sensor
///
/// Its licenses, auto renewal, name and history go on under the new serial number, and no date changes. The old serial
/// number is free (R20). The new one may be that of a removed sensor, which stays removed, with its own history.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/replacement",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    request_body = Replacement,
    responses(
        (status = 200, body = Sensor),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_already_added`, `serial_in_use_elsewhere`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_malformed`"),
    ),
)]
pub(crate) async fn replace_sensor(
    by: Member<access::ManageSensors>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Body(replacement): Body<Replacement>,
) -> Result<Json<Sensor>, Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    let serial: Serial = replacement.serial.parse()?;
    state.app.replace_sensor(&by.ctx, by.organization, id, serial).await?;
    let row = state.app.sensor(&by.ctx, by.organization, id).await?;
    Ok(Json(Sensor::new(row, &by.caller)))
}
