//! Sensors: the License Manager's table, and adding and changing them.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::list_sensors::Asked;
use tenure_app::rows::{Place, Sort, StandingCounts};
use tenure_app::sensors::{Addition, SensorChange};
use tenure_app::tag;
use tenure_domain::id::SensorKind;
use tenure_domain::{Permission, Refusal, SensorId, Serial, Standing};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::etag::Tagged;
use crate::extract::{Body, PathId, Query};
use crate::made::Made;
use crate::page;
use crate::problem::ProblemBody;
use crate::sensor_row::Sensor;
use crate::{ApiState, Problem, shapes};

/// The longest text that is searched for, in characters: as long as a name.
const LONGEST_SEARCH: usize = 100;

/// Which sensors are listed, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Part of a name or serial number, in any case of letters. For those who may read licenses also at least four
    /// letters of a license key.
    search: Option<String>,
    /// Only those that stand so: `covered`, `expiring`, `expired` or `unlicensed`.
    #[param(value_type = Option<shapes::Standing>)]
    standing: Option<String>,
    /// `expires_at` (what is sorted by when nothing is said), `name`, `serial`, `standing` (expired, expiring,
    /// covered), `activation_date`, `key`, `auto_renewal` (off, on), `covered_until` or `last_seen_at` (as of the last
    /// minute). What has no such value comes last in either direction. Without the right to read licenses: `name` when
    /// nothing is said, `serial`, `auto_renewal` or `last_seen_at`.
    #[param(value_type = Option<shapes::SensorSort>)]
    sort: Option<String>,
    /// `asc` (when nothing is said) or `desc`.
    #[param(value_type = Option<shapes::Order>)]
    order: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of sensors.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorPage {
    items: Vec<Sensor>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page ended, and in which order: in another one it would be somewhere else.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    sort: String,
    descending: bool,
    value: String,
    id: SensorId,
}

/// Whether a sort shows something of licenses.
const fn is_about_licenses(sort: Sort) -> bool {
    match sort {
        Sort::ExpiresAt | Sort::Standing | Sort::ActivationDate | Sort::Key | Sort::CoveredUntil => true,
        Sort::Name | Sort::Serial | Sort::AutoRenewal | Sort::LastSeenAt => false,
    }
}

pub(crate) fn sort(text: Option<&str>, licenses: bool) -> Result<(&'static str, Sort), Refusal> {
    let text = text.unwrap_or(if licenses { "expires_at" } else { "name" });
    let found = Sort::ALL.into_iter().find(|(name, _)| *name == text);
    let (name, sort) = found.ok_or_else(|| {
        let names: Vec<&str> = Sort::ALL.into_iter().map(|(name, _)| name).collect();
        Refusal::Invalid { field: "sort", expected: format!("one of {}", names.join(", ")) }
    })?;
    if is_about_licenses(sort) && !licenses {
        return Err(Refusal::Forbidden);
    }
    Ok((name, sort))
}

pub(crate) fn descending(text: Option<&str>) -> Result<bool, Refusal> {
    match text {
        None | Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) => Err(Refusal::Invalid { field: "order", expected: "asc or desc".to_owned() }),
    }
}

pub(crate) fn search(text: Option<String>) -> Result<String, Refusal> {
    let text = text.unwrap_or_default();
    let fits = text.chars().count() <= LONGEST_SEARCH && !text.chars().any(char::is_control);
    let expected = || format!("at most {LONGEST_SEARCH} characters, on one line");
    if fits { Ok(text) } else { Err(Refusal::Invalid { field: "search", expected: expected() }) }
}

/// List sensors
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), ListQuery),
    responses(
        (status = 200, body = SensorPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_sensors(
    by: Member<access::ReadHistory>,
    State(state): State<ApiState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<SensorPage>, Problem> {
    let (name, sort) = sort(query.sort.as_deref(), by.caller.role_allows(Permission::ReadLicenses))?;
    let descending = descending(query.order.as_deref())?;
    let after = match page::place::<Cursor>(query.cursor.as_deref())? {
        None => None,
        Some(cursor)
            if cursor.sort != name || cursor.descending != descending || cursor.value.contains('\0') =>
        {
            return Err(page::cursor_invalid().into());
        }
        Some(Cursor { value, id, .. }) => Some(Place { value, id }),
    };
    let asked = Asked {
        search: search(query.search)?,
        licenses: by.caller.role_allows(Permission::ReadLicenses),
        only: None,
        standing: query.standing.map(|standing| standing.parse::<Standing>()).transpose()?,
        sort,
        descending,
        after,
        limit: page::limit(query.limit.as_deref())?,
    };
    let (rows, place) = state.app.list_sensors(&by.ctx, by.organization, asked).await?;
    let cursor = |Place { value, id }| page::cursor(&Cursor { sort: name.to_owned(), descending, value, id });
    Ok(Json(SensorPage {
        items: rows.into_iter().map(|row| Sensor::new(row, &by.caller)).collect(),
        next_cursor: place.map(cursor).transpose()?,
    }))
}

/// What is counted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountQuery {
    /// As in the list.
    search: Option<String>,
}

/// How many sensors stand how.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorCounts {
    all: i64,
    covered: i64,
    /// Covered for at most 30 days more; they are not among the covered ones here.
    expiring: i64,
    expired: i64,
    unlicensed: i64,
}

/// Count sensors by their standing
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/count",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), CountQuery),
    responses(
        (status = 200, body = SensorCounts),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn count_sensors(
    by: Member<access::ReadHistory>,
    State(state): State<ApiState>,
    Query(query): Query<CountQuery>,
) -> Result<Json<SensorCounts>, Problem> {
    let (search, licenses) = (search(query.search)?, by.caller.role_allows(Permission::ReadLicenses));
    let counts = state.app.count_sensors(&by.ctx, by.organization, &search, licenses).await?;
    let StandingCounts { covered, expiring, expired, unlicensed } = counts;
    let all = covered + expiring + expired + unlicensed;
    Ok(Json(SensorCounts { all, covered, expiring, expired, unlicensed }))
}

/// Read a sensor
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    responses((status = 200, body = Sensor)),
)]
pub(crate) async fn get_sensor(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
) -> Result<Tagged<Sensor>, Problem> {
    let row = state.app.sensor(&by.ctx, by.organization, id).await?;
    let tag = state.app.tag(tag::Tagged::Sensor(&row.sensor));
    Ok(Tagged { tag, body: Sensor::new(row, &by.caller) })
}

/// A sensor that is to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSensor {
    /// 12 hexadecimal digits, as on the sensor's label.
    #[schema(example = "282c02424eed")]
    serial: String,
    /// 1 to 100 characters. When nothing is said: the serial number, or the name that it had here before.
    name: Option<String>,
    /// The license key, or its id, to take a license of; the license that is next when nothing is said (R13).
    key: Option<String>,
    /// Whether it takes a license of the pool when its chain ends (R12). When nothing is said: true, or what it was
    /// before.
    auto_renewal: Option<bool>,
}

/// Add a sensor
///
/// It takes one license (R22). A sensor that was removed comes back with its id, its name and its history, and with the
/// license that it left behind if that still runs; then it takes none, and `key` is not used (R21).
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NewSensor,
    responses(
        (status = 201, body = Sensor),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`no_license_left`, `key_not_available`, `serial_already_added`, `serial_in_use_elsewhere`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_malformed`, `invalid`"),
    ),
)]
pub(crate) async fn add_sensor(
    by: Member<access::ManageSensors>,
    State(state): State<ApiState>,
    Body(new): Body<NewSensor>,
) -> Result<Made<Sensor>, Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    let serial: Serial = new.serial.parse()?;
    let (name, key) = (new.name.as_deref(), new.key.as_deref());
    let addition = Addition { serial, name, key, auto_renewal: new.auto_renewal };
    let id = state.app.add_sensor(&by.ctx, by.organization, addition).await?;
    let row = state.app.sensor(&by.ctx, by.organization, id).await?;
    let tag = state.app.tag(tag::Tagged::Sensor(&row.sensor));
    Ok(Made::new(by.path_of(&format!("sensors/{id}")), Sensor::new(row, &by.caller)).tagged(tag))
}

/// What is to be changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SensorPatch {
    /// Another name, 1 to 100 characters.
    name: Option<String>,
    /// Whether it takes a license of the pool when its chain ends. Switched on for an expired sensor, it takes one
    /// now (R12).
    auto_renewal: Option<bool>,
}

/// Change a sensor
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    request_body = SensorPatch,
    responses(
        (status = 200, body = Sensor),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn patch_sensor(
    by: Member<access::ManageSensors>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Body(patch): Body<SensorPatch>,
) -> Result<Tagged<Sensor>, Problem> {
    if patch.auto_renewal.is_some() {
        by.caller.may(by.organization, Permission::ManageLicenses)?;
    }
    let change = SensorChange { name: patch.name.as_deref(), auto_renewal: patch.auto_renewal };
    state.app.change_sensor(&by.ctx, by.organization, id, change).await?;
    let row = state.app.sensor(&by.ctx, by.organization, id).await?;
    let tag = state.app.tag(tag::Tagged::Sensor(&row.sensor));
    Ok(Tagged { tag, body: Sensor::new(row, &by.caller) })
}
