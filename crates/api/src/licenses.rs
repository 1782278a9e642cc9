//! A sensor's licenses: giving one more ("+"), and taking one back.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::sensor_licenses::OnSensor;
use tenure_app::{cut, preview_assignment};
use tenure_domain::id::{LicenseKind, SensorKind};
use tenure_domain::{Chain, CodeId, Date, Held, Instant, LicenseId, Refusal, Term};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::ahead::EndingSensor;
use crate::audit::ActorBody;
use crate::extract::{OptionalBody, PathId, Query};
use crate::made::Made;
use crate::page::{self, PageQuery};
use crate::problem::ProblemBody;
use crate::sensor_row::Sensor;
use crate::{ApiState, Problem, shapes};

/// Which license a sensor is to be given.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// The license key, or its id, to take a license of; the license that is next when nothing is said (R13).
    key: Option<String>,
    /// A released license, in place of a key: what is left of it goes to the sensor, which must not be covered (R21).
    license_id: Option<String>,
}

impl Assignment {
    /// The released license that is to be given, if one is named.
    fn released(&self) -> Result<Option<LicenseId>, Refusal> {
        match (&self.key, &self.license_id) {
            (_, None) => Ok(None),
            (None, Some(license)) => {
                license.parse().map(Some).map_err(|_| Refusal::NotFound { what: "license" })
            }
            (Some(_), Some(_)) => {
                Err(Refusal::Invalid { field: "license_id", expected: "either this or a key".to_owned() })
            }
        }
    }
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
    #[schema(value_type = shapes::GivenState, example = "active")]
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

impl License {
    /// The license that was given last to a sensor with this chain, and its key.
    pub(crate) fn given(chain: &Chain, key: impl FnOnce(CodeId) -> Option<String>) -> Option<Self> {
        let (active, Held { license, cover }) = preview_assignment::last(chain)?;
        Some(Self {
            license_id: license.id,
            key: key(license.code)?,
            term: license.term,
            state: if active { "active" } else { "queued" },
            activation_date: cover.activation_date,
            expires_on: cover.expires_on,
            starts_at: cover.starts,
            ends_at: cover.ends,
        })
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
            description = "`no_license_left`, `key_not_available`, `chain_too_long`; of a released license \
                `license_not_released`, `sensor_covered`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn assign_license(
    by: Member<access::ManageLicenses>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    OptionalBody(assignment): OptionalBody<Assignment>,
) -> Result<Made<License>, Problem> {
    let sensor = match assignment.released()? {
        None => {
            let key = assignment.key.as_deref();
            state.app.assign_license(&by.ctx, by.organization, id, key).await?
        }
        Some(license) => state.app.give_released(&by.ctx, by.organization, id, license).await?,
    };
    let keys = state.app.license_keys(by.organization).await?;
    let license = License::given(&sensor.chain, |code| keys.get(&code).cloned());
    let license = license.ok_or_else(Problem::internal)?;
    Ok(Made::new(by.path_of(&format!("sensors/{id}/licenses/{}", license.license_id)), license))
}

/// What giving a sensor one more license would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct AssignmentPreview {
    /// The license with the dates that it would have.
    license: License,
    /// Whether it is the license that is taken when no key is chosen (R13).
    takes_by_itself: bool,
    /// Who will go without a license within a year because of it, and would not else, in the order in which sensors
    /// come when there are too few licenses (R14).
    goes_without: Vec<EndingSensor>,
    /// How many licenses would be left in the pool.
    licenses_left: i64,
}

/// See what giving a sensor one more license would do
///
/// It changes nothing. Given at the same instant, the license has exactly these dates.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses/preview",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    request_body = Option<Assignment>,
    responses(
        (status = 200, body = AssignmentPreview),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`no_license_left`, `key_not_available`, `chain_too_long`; of a released license \
                `license_not_released`, `sensor_covered`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn preview_assignment(
    by: Member<access::ManageLicenses>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    OptionalBody(assignment): OptionalBody<Assignment>,
) -> Result<Json<AssignmentPreview>, Problem> {
    let preview = match assignment.released()? {
        None => {
            let key = assignment.key.as_deref();
            state.app.preview_assignment(&by.ctx, by.organization, id, key).await?
        }
        Some(license) => state.app.preview_released(&by.ctx, by.organization, id, license).await?,
    };
    let keys = state.app.license_keys(by.organization).await?;
    let license = License::given(&preview.sensor.chain, |code| keys.get(&code).cloned());
    Ok(Json(AssignmentPreview {
        license: license.ok_or_else(Problem::internal)?,
        takes_by_itself: preview.takes_by_itself,
        goes_without: preview.goes_without.into_iter().map(EndingSensor::from).collect(),
        licenses_left: preview.licenses_left,
    }))
}

/// A license that is or was on a sensor.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorLicense {
    #[schema(value_type = String, example = "lic_01jxgb66p004hmasw9nf6yy093")]
    license_id: LicenseId,
    key: String,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    /// `ended`, `revoked` (taken away by the operator while it was active), `active` or `queued`.
    #[schema(value_type = shapes::HeldState, example = "active")]
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
    /// Who or what gave it to the sensor.
    assigned_by: Option<ActorBody>,
}

impl From<OnSensor> for SensorLicense {
    fn from(on: OnSensor) -> Self {
        let OnSensor { license, key, state, placed, assigned_by } = on;
        Self {
            license_id: license.id,
            key,
            term: license.term,
            state,
            activation_date: placed.cover.activation_date,
            expires_on: placed.cover.expires_on,
            starts_at: placed.cover.starts,
            ends_at: placed.cover.ends,
            assigned_by: assigned_by.map(ActorBody::from),
        }
    }
}

/// Where a page of a sensor's licenses ended. No two of them begin and end at the same instants.
#[derive(Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LicensePlace {
    starts: Instant,
    ends: Instant,
}

impl LicensePlace {
    fn of(on: &OnSensor) -> Self {
        Self { starts: on.placed.cover.starts, ends: on.placed.cover.ends }
    }
}

/// A sensor's licenses.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorLicenses {
    /// In the order of time: those that are over, the active one, its queue.
    items: Vec<SensorLicense>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// List a sensor's licenses
///
/// All that cover, covered or will cover it. What was taken back (R19) is in the audit trail.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        PageQuery,
    ),
    responses((status = 200, body = SensorLicenses)),
)]
pub(crate) async fn sensor_licenses(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<SensorLicenses>, Problem> {
    let (after, limit): (Option<LicensePlace>, _) = query.read()?;
    let mut licenses = state.app.sensor_licenses(&by.ctx, by.organization, id).await?;
    licenses.retain(|on| after.is_none_or(|after| after < LicensePlace::of(on)));
    let (licenses, end) = cut(licenses, limit, LicensePlace::of);
    Ok(Json(SensorLicenses {
        items: licenses.into_iter().map(SensorLicense::from).collect(),
        next_cursor: end.map(|end| page::cursor(&end)).transpose()?,
    }))
}

/// Read a license of a sensor
///
/// One that covers, covered or will cover it.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/licenses/{license_id}",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        ("license_id" = String, Path, description = "The license"),
    ),
    responses((status = 200, body = SensorLicense)),
)]
pub(crate) async fn sensor_license(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<SensorKind>,
    PathId(license): PathId<LicenseKind>,
    State(state): State<ApiState>,
) -> Result<Json<SensorLicense>, Problem> {
    Ok(Json(state.app.sensor_license(&by.ctx, by.organization, id, license).await?.into()))
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
