//! Organizations and serial numbers from the operator's side.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::cut;
use tenure_app::free_serial::SerialOwner;
use tenure_app::rows::ListedOrganization;
use tenure_domain::id::OrganizationKind;
use tenure_domain::{Instant, OrganizationId, Refusal, Serial};
use utoipa::{IntoParams, ToSchema};

use crate::access::Operator;
use crate::extract::{PathId, PathSerial, Query};
use crate::page;
use crate::problem::ProblemBody;
use crate::removal::RemovalBody;
use crate::{ApiState, Problem};

/// The longest text that is searched for, in characters: as long as a name.
const LONGEST_SEARCH: usize = 100;

/// Which organizations are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrganizationsQuery {
    /// Part of a name, in any case of letters.
    search: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of organizations, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganizationPage {
    items: Vec<ListedBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// An organization as the operator sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = OperatorOrganization)]
pub(crate) struct ListedBody {
    #[schema(value_type = String, example = "org_01jxgb66p004hmasw9nf6yy093")]
    id: OrganizationId,
    name: String,
    /// The IANA time zone that decides its dates.
    #[schema(example = "Europe/Warsaw")]
    time_zone: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    users: i64,
    sensors: i64,
    /// How many licenses are in its pool.
    licenses_left: i64,
}

impl From<ListedOrganization> for ListedBody {
    fn from(row: ListedOrganization) -> Self {
        let ListedOrganization { id, name, zone, created_at, users, sensors, licenses_left, .. } = row;
        Self { id, name, time_zone: zone.name().to_owned(), created_at, users, sensors, licenses_left }
    }
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    name: String,
}

/// List the organizations
#[utoipa::path(
    get,
    path = "/api/v1/operator/organizations",
    tag = "operator",
    params(OrganizationsQuery),
    responses(
        (status = 200, body = OrganizationPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_organizations(
    _: Operator,
    State(state): State<ApiState>,
    Query(query): Query<OrganizationsQuery>,
) -> Result<Json<OrganizationPage>, Problem> {
    let search = query.search.unwrap_or_default();
    if search.chars().count() > LONGEST_SEARCH || search.chars().any(char::is_control) {
        let expected = format!("at most {LONGEST_SEARCH} characters, on one line");
        return Err(Refusal::Invalid { field: "search", expected }.into());
    }
    let limit = page::limit(query.limit.as_deref())?;
    let after = page::place::<Cursor>(query.cursor.as_deref())?.map(|Cursor { name }| name);
    if after.as_ref().is_some_and(|name| name.contains('\0')) {
        return Err(page::cursor_invalid().into());
    }
    let rows = state.app.list_organizations(&search, after.as_deref(), limit.saturating_add(1)).await?;
    let cursor = |row: &ListedOrganization| page::cursor(&Cursor { name: row.name_folded.clone() });
    let (rows, end) = cut(rows, limit, cursor);
    Ok(Json(OrganizationPage {
        items: rows.into_iter().map(ListedBody::from).collect(),
        next_cursor: end.transpose()?,
    }))
}

/// Read an organization as the operator
#[utoipa::path(
    get,
    path = "/api/v1/operator/organizations/{organization_id}",
    tag = "operator",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = ListedBody)),
)]
pub(crate) async fn listed_organization(
    _: Operator,
    PathId(id): PathId<OrganizationKind>,
    State(state): State<ApiState>,
) -> Result<Json<ListedBody>, Problem> {
    Ok(Json(state.app.listed_organization(id).await?.into()))
}

/// Which organization has a serial number.
#[derive(Serialize, ToSchema)]
pub(crate) struct SerialNumber {
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    organization: NamedOrganization,
    #[schema(value_type = String, format = DateTime)]
    added_at: Instant,
}

/// An organization's id and name.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedOrganization {
    #[schema(value_type = String, example = "org_01jxgb66p004hmasw9nf6yy093")]
    pub(crate) id: OrganizationId,
    pub(crate) name: String,
}

/// Find who has a serial number
#[utoipa::path(
    get,
    path = "/api/v1/operator/serial-numbers/{serial}",
    tag = "operator",
    params(("serial" = String, Path, description = "12 hexadecimal digits")),
    responses(
        (status = 200, body = SerialNumber),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_malformed`"),
    ),
)]
pub(crate) async fn find_serial(
    _: Operator,
    PathSerial(serial): PathSerial,
    State(state): State<ApiState>,
) -> Result<Json<SerialNumber>, Problem> {
    let SerialOwner { organization: id, name, added_at } = state.app.serial_owner(serial).await?;
    Ok(Json(SerialNumber { serial, organization: NamedOrganization { id, name }, added_at }))
}

/// Free a serial number
///
/// Its sensor is removed from the organization that has it, as that organization could itself (R21, R22). It is in the
/// organization's audit trail and in the service's.
#[utoipa::path(
    post,
    path = "/api/v1/operator/serial-numbers/{serial}/release",
    tag = "operator",
    params(("serial" = String, Path, description = "12 hexadecimal digits")),
    responses(
        (status = 200, body = RemovalBody),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_malformed`"),
    ),
)]
pub(crate) async fn free_serial(
    by: Operator,
    PathSerial(serial): PathSerial,
    State(state): State<ApiState>,
) -> Result<Json<RemovalBody>, Problem> {
    let removal = state.app.free_serial(&by.ctx, serial).await?;
    Ok(Json(RemovalBody::new(removal, false)))
}
