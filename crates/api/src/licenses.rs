//! A sensor's licenses: giving one more ("+"), and taking one back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_domain::id::{LicenseKind, SensorKind};
use tenure_domain::{Chain, Date, Held, Instant, LicenseId, Term};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::{OptionalBody, PathId};
use crate::problem::ProblemBody;
use crate::sensor_row::Sensor;
use crate::{ApiState, Problem};

/// Which license a sensor is to be given.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// The license key, or its id, to take a license of; the license that is next when nothing is said (R13).
    key: Option<String>,
}

/// A license on a sensor.
#[derive(Serialize, ToSchema)]
pub(crate) struct License {
    #[schema(value_type = String, example = "lic_01jxgb66p004hmasw9nf6yy093")]
    license_id: LicenseId,
    key: String,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    /// `active`, or `queued` behind another license (R11).
    #[schema(example = "active")]
    state: &'static str,
    /// The local date on which it begins.
    #[schema(value_type = String, format = Date)]
    activation_date: Date,
    /// The last local date that it covers.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Instant,
    /// The first instant that it does not cover any more.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Instant,
}

/// The license at the end of a chain, where a new one goes.
fn last(chain: &Chain) -> Option<(&'static str, Held)> {
    match chain {
        Chain::Unlicensed | Chain::Lapsed(_) => None,
        Chain::Running { active, queue } => {
            Some(queue.back().map_or(("active", *active), |queued| ("queued", *queued)))
        }
    }
}

/// Give a sensor one more license
///
/// A sensor that is not covered is covered from now on; else the license goes behind the last one (R11).
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    request_body = Option<Assignment>,
    responses(
        (status = 201, body = License),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`no_license_left`, `key_not_available`, `chain_too_long`"),
    ),
)]
pub(crate) async fn assign_license(
    by: Member<access::ManageLicenses>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    OptionalBody(assignment): OptionalBody<Assignment>,
) -> Result<(StatusCode, Json<License>), Problem> {
    let key = assignment.key.as_deref();
    let sensor = state.app.assign_license(&by.ctx, by.organization, id, key).await?;
    let (name, Held { license, cover }) = last(&sensor.chain).ok_or_else(Problem::internal)?;
    let key = state.app.license_key(by.organization, license.code).await?;
    let license = License {
        license_id: license.id,
        key,
        term: license.term,
        state: name,
        activation_date: cover.activation_date,
        expires_on: cover.expires_on,
        starts_at: cover.starts,
        ends_at: cover.ends,
    };
    Ok((StatusCode::CREATED, Json(license)))
}

/// Take a license back into the pool
///
/// A queued one, or the active one while nothing was saved under it (R19). Answers with the sensor after it.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses/{license_id}",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        ("license_id" = String, Path, description = "The license"),
    ),
    responses(
        (status = 200, body = Sensor),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`license_in_use`, `license_not_held`"),
    ),
)]
pub(crate) async fn take_back(
    by: Member<access::ManageLicenses>,
    PathId(id): PathId<SensorKind>,
    PathId(license): PathId<LicenseKind>,
    State(state): State<ApiState>,
) -> Result<Json<Sensor>, Problem> {
    state.app.take_back(&by.ctx, by.organization, id, license).await?;
    let row = state.app.sensor(&by.ctx, by.organization, id).await?;
    Ok(Json(Sensor::new(row, &by.caller)))
}
