//! Adding a list of sensors, whole or not at all, and a look at it beforehand (R22).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::add_sensors::{Additions, Listed, Outlook, Planned};
use tenure_domain::{Date, Permission, Term};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::Body;
use crate::problem::ProblemBody;
use crate::sensor_row::Sensor;
use crate::{ApiState, Problem};

/// The most bytes of a list, of new sensors or of new names: 10,000 sensors with long names.
pub(crate) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Sensors that are to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSensors {
    /// 1 to 10000.
    #[schema(min_items = 1, max_items = 10_000)]
    sensors: Vec<NewListed>,
    /// The license key, or its id, to take licenses of; those that are next when nothing is said (R13).
    key: Option<String>,
    /// Whether they take a license of the pool when their chains end (R12). When nothing is said: true, and for sensors
    /// that come back what it was before.
    auto_renewal: Option<bool>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewListedSensor)]
struct NewListed {
    /// 12 hexadecimal digits, as on the sensor's label.
    #[schema(example = "282c02424eed")]
    serial: String,
    /// 1 to 100 characters. When nothing is said: the serial number, or the name that it had here before.
    name: Option<String>,
}

impl NewSensors {
    fn listed(&self) -> Vec<Listed<'_>> {
        let sensors = self.sensors.iter();
        sensors.map(|new| Listed { serial: &new.serial, name: new.name.as_deref() }).collect()
    }
}

/// The sensors that were added, in the order of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedSensors {
    items: Vec<Sensor>,
}

/// Add a list of sensors
///
/// All of them or none. Each takes one license (R22), but for those that come back while the license that they left
/// behind still runs (R21).
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/additions",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NewSensors,
    responses(
        (status = 201, body = AddedSensors),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`list_refused` names the first sensor that cannot be added, and why; `no_license_left`, \
                `key_not_available`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn add_sensors(
    by: Member<access::ManageSensors>,
    State(state): State<ApiState>,
    Body(new): Body<NewSensors>,
) -> Result<(StatusCode, Json<AddedSensors>), Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    let sensors = new.listed();
    let additions = Additions { sensors: &sensors, key: new.key.as_deref(), auto_renewal: new.auto_renewal };
    let ids = state.app.add_sensors(&by.ctx, by.organization, additions).await?;
    let licenses = by.caller.role_allows(Permission::ReadLicenses);
    let rows = state.app.sensors(&by.ctx, by.organization, &ids, licenses).await?;
    let items = rows.into_iter().map(|row| Sensor::new(row, &by.caller)).collect();
    Ok((StatusCode::CREATED, Json(AddedSensors { items })))
}

/// What adding a list would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdditionsPreview {
    /// In the order of the list.
    items: Vec<PlannedBody>,
    /// How many licenses are needed for those that could be added.
    licenses_needed: usize,
    /// How many are left, of the chosen key if one was chosen.
    licenses_left: i64,
    /// Whether the list can be added as it is.
    can_be_added: bool,
}

/// What adding one of the sensors would do. License, dates and key are null when it cannot be added.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedSensor)]
struct PlannedBody {
    /// As it was sent.
    serial: String,
    name: String,
    /// `takes_license`; `comes_back` with the license that it left behind (R21); or a problem's code, such as
    /// `serial_malformed`, `serial_listed_twice`, `serial_already_added`, `serial_in_use_elsewhere`, `invalid`,
    /// `no_license_left` or `key_not_available`.
    #[schema(example = "takes_license")]
    outcome: &'static str,
    /// Why it cannot be added.
    detail: Option<String>,
    /// The license key of the license that covers it.
    key: Option<String>,
    #[schema(value_type = Option<String>, example = "P2Y")]
    term: Option<Term>,
    #[schema(value_type = Option<String>, format = Date)]
    activation_date: Option<Date>,
    /// The last local date that it covers.
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
}

impl From<Planned> for PlannedBody {
    fn from(planned: Planned) -> Self {
        let Planned { serial, name, outcome } = planned;
        let (placed, refusal) = match outcome {
            Ok(placed) => (Some(placed), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let comes_back = placed.as_ref().is_some_and(|placed| placed.comes_back);
        let done = if comes_back { "comes_back" } else { "takes_license" };
        Self {
            serial,
            name,
            outcome: refusal.as_ref().map_or(done, tenure_domain::Refusal::code),
            detail: refusal.map(|refusal| refusal.to_string()),
            term: placed.as_ref().map(|placed| placed.term),
            activation_date: placed.as_ref().map(|placed| placed.activation_date),
            expires_on: placed.as_ref().map(|placed| placed.expires_on),
            key: placed.map(|placed| placed.key),
        }
    }
}

/// See what adding a list of sensors would do
///
/// Nothing is changed.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/additions/preview",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NewSensors,
    responses(
        (status = 200, body = AdditionsPreview),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn preview_additions(
    by: Member<access::ManageSensors>,
    State(state): State<ApiState>,
    Body(new): Body<NewSensors>,
) -> Result<Json<AdditionsPreview>, Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    let sensors = new.listed();
    let additions = Additions { sensors: &sensors, key: new.key.as_deref(), auto_renewal: new.auto_renewal };
    let outlook = state.app.preview_additions(&by.ctx, by.organization, additions).await?;
    let Outlook { sensors, licenses_needed, licenses_left } = outlook;
    let can_be_added = sensors.iter().all(|planned| planned.outcome.is_ok());
    let items = sensors.into_iter().map(PlannedBody::from).collect();
    Ok(Json(AdditionsPreview { items, licenses_needed, licenses_left, can_be_added }))
}
