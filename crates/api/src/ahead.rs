//! What happens if nobody does anything.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::ahead::{self, Ending, Endings, LookedAhead};
use tenure_domain::{Date, SensorId, Serial};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{Query, parsed};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// How many days are looked ahead when nothing is said.
const DEFAULT_DAYS: u32 = 60;

/// How far to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AheadQuery {
    /// 0 (until tonight) to 1100, 60 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1100)]
    days: Option<String>,
}

/// A sensor whose cover ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndingSensor {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    id: SensorId,
    name: String,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    /// The last local date that it is covered.
    #[schema(value_type = String, format = Date)]
    on: Date,
}

impl From<Ending> for EndingSensor {
    fn from(Ending { sensor, on }: Ending) -> Self {
        Self { id: sensor.id, name: sensor.name, serial: sensor.serial, on }
    }
}

/// Sensors whose covers end.
#[derive(Serialize, ToSchema)]
struct EndingSensors {
    /// How many they are.
    count: usize,
    /// The last covered date of the first of them.
    #[schema(value_type = Option<String>, format = Date)]
    first_on: Option<Date>,
    /// The first 50, in the order in which sensors come when there are too few licenses (R14).
    sensors: Vec<EndingSensor>,
}

impl From<Endings> for EndingSensors {
    fn from(Endings { count, first_on, first }: Endings) -> Self {
        Self { count, first_on, sensors: first.into_iter().map(EndingSensor::from).collect() }
    }
}

/// What happens up to a date if nobody does anything.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookAhead {
    /// The last local date that is looked at.
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// How many licenses sensors with auto renewal want of the pool by then.
    renewals_due: usize,
    /// How many licenses are in the pool now.
    licenses_left: i64,
    /// How many of the wanted licenses the pool has.
    covered_by_pool: usize,
    /// Covered sensors that will want a license and find none.
    goes_without: EndingSensors,
    /// Covered sensors that will stop: their auto renewal is off, and no queue goes on beyond.
    stops: EndingSensors,
}

/// Look ahead
///
/// The rules R12 to R14 played forward from now to the end of a day.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/ahead",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization"), AheadQuery),
    responses(
        (status = 200, body = LookAhead),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn look_ahead(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Query(query): Query<AheadQuery>,
) -> Result<Json<LookAhead>, Problem> {
    let expected = format!("a number from 0 to {}", ahead::MOST_DAYS);
    let days = parsed("days", query.days.as_deref(), &expected)?.unwrap_or(DEFAULT_DAYS);
    let ahead = state.app.look_ahead(&by.ctx, by.organization, days).await?;
    let LookedAhead { until, renewals_due, licenses_left, covered_by_pool, goes_without, stops } = ahead;
    let (goes_without, stops) = (goes_without.into(), stops.into());
    Ok(Json(LookAhead { until, renewals_due, licenses_left, covered_by_pool, goes_without, stops }))
}
