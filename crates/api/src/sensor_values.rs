//! Sensors at a glance.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::sensor_values::{Glance, LastValue, MOST_SENSORS, POINTS};
use tenure_domain::measurement::ChannelType;
use tenure_domain::{Instant, Refusal, SensorId};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::Query;
use crate::measurements::rounded;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// Which sensors are looked at.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValuesQuery {
    /// 1 to 100 ids of sensors, with commas between them. What is no sensor of the organization is left out.
    ids: String,
}

/// A channel's last value.
#[derive(Serialize, ToSchema)]
#[schema(as = LastValue)]
struct ValueBody {
    /// Its place in the sensor, 1 to 6.
    channel: u8,
    /// What it measures.
    #[schema(value_type = shapes::ChannelType, example = "temperature")]
    r#type: ChannelType,
    /// The unit of its values; empty when they have none.
    #[schema(example = "°C")]
    unit: &'static str,
    /// The value; null when the sensor reported an error.
    value: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
}

/// A channel's last 24 hours in 48 slices.
#[derive(Serialize, ToSchema)]
struct Sparkline {
    channel: u8,
    /// The mean of each half hour, first to last; null where nothing was measured.
    points: Vec<Option<f64>>,
    #[schema(value_type = String, format = DateTime)]
    from: Instant,
    #[schema(value_type = String, format = DateTime)]
    to: Instant,
}

/// A sensor at a glance.
#[derive(Serialize, ToSchema)]
struct SensorValues {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    sensor_id: SensorId,
    /// The last value of each channel, however long ago it was measured.
    values: Vec<ValueBody>,
    /// The last day of the first channel; null before the sensor has measured anything.
    sparkline: Option<Sparkline>,
}

/// Sensors at a glance.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorValuesList {
    /// In the order in which they were asked for.
    items: Vec<SensorValues>,
}

/// Reads identifiers with commas between them.
pub(crate) fn ids(text: &str, most: usize) -> Result<Vec<SensorId>, Refusal> {
    let expected = || Refusal::Invalid {
        field: "ids",
        expected: format!("1 to {most} ids of sensors, with commas between them"),
    };
    let ids: Vec<SensorId> =
        text.split(',').map(|id| id.trim().parse().map_err(|_| expected())).collect::<Result<_, _>>()?;
    if ids.len() <= most { Ok(ids) } else { Err(expected()) }
}

/// Read the last values of several sensors
///
/// Also of those that are not covered any more (R28).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensor-values",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), ValuesQuery),
    responses(
        (status = 200, body = SensorValuesList),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn sensor_values(
    by: Member<access::ReadHistory>,
    State(state): State<ApiState>,
    Query(query): Query<ValuesQuery>,
) -> Result<Json<SensorValuesList>, Problem> {
    let ids = ids(&query.ids, MOST_SENSORS)?;
    let glances = state.app.sensor_values(&by.ctx, by.organization, &ids).await?;
    let (from, to) = (by.ctx.now.plus_seconds(-i64::from(POINTS) * 1_800), by.ctx.now);
    let value = |LastValue { channel, kind, value, at }: LastValue| ValueBody {
        channel,
        r#type: kind,
        unit: kind.unit(),
        value: value.map(rounded),
        at,
    };
    let item = |Glance { sensor, values, sparkline }: Glance| SensorValues {
        sensor_id: sensor,
        values: values.into_iter().map(value).collect(),
        sparkline: sparkline.map(|line| Sparkline {
            channel: line.channel,
            points: line.points.into_iter().map(|point| point.map(rounded)).collect(),
            from,
            to,
        }),
    };
    Ok(Json(SensorValuesList { items: glances.into_iter().map(item).collect() }))
}
