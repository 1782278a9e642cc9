//! What a sensor has measured, and what it tells of itself.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::history::{Asked, Channel, Point};
use tenure_app::rows::Document;
use tenure_domain::id::SensorKind;
use tenure_domain::measurement::{ChannelType, MAX_CHANNELS};
use tenure_domain::{Instant, Refusal};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{PathId, Query, parsed};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// How many points a channel has when nothing is said.
const DEFAULT_POINTS: u32 = 1_000;

/// Which measurements are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// The channel's place in the sensor, 1 to 6; all when nothing is said.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 6)]
    channel: Option<String>,
    /// From this instant on; a day before `to` when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Before this instant; all there is when nothing is said.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<String>,
    /// As many points a channel at the most, 1 to 10000, 1000 when nothing is said; more are told in slices of time.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000)]
    points: Option<String>,
}

/// A sensor's measurements.
#[derive(Serialize, ToSchema)]
pub(crate) struct Measurements {
    channels: Vec<ChannelBody>,
}

/// One channel's measurements.
#[derive(Serialize, ToSchema)]
#[schema(as = Channel)]
struct ChannelBody {
    /// Its place in the sensor, 1 to 6.
    channel: u8,
    /// What it measures.
    #[schema(value_type = shapes::ChannelType, example = "temperature")]
    r#type: ChannelType,
    /// The unit of its values; empty when they have none.
    #[schema(example = "°C")]
    unit: &'static str,
    /// In the order of time.
    points: Vec<PointBody>,
}

/// A sample, or a slice of time.
#[derive(Serialize, ToSchema)]
#[schema(as = Point)]
struct PointBody {
    /// When it was measured, or where the slice begins.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// The value, or the slice's mean; null when the sensor reported only errors.
    value: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    /// How many errors the sensor reported.
    errors: u32,
}

impl From<Channel> for ChannelBody {
    fn from(channel: Channel) -> Self {
        let Channel { channel, kind, points } = channel;
        let point = |Point { at, value, min, max, errors }| PointBody {
            at,
            value: value.map(rounded),
            min,
            max,
            errors,
        };
        Self { channel, r#type: kind, unit: kind.unit(), points: points.into_iter().map(point).collect() }
    }
}

/// A mean to a millionth, a thousandth of the finest step that a sensor has: what follows is noise of the division.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn asked(query: &HistoryQuery) -> Result<Asked, Refusal> {
    let channels = format!("a number from 1 to {MAX_CHANNELS}");
    let channel: Option<u8> = parsed("channel", query.channel.as_deref(), &channels)?;
    if channel.is_some_and(|channel| !(1..=MAX_CHANNELS).contains(&channel)) {
        return Err(Refusal::Invalid { field: "channel", expected: channels });
    }
    let instant = "an instant such as 2028-02-29T12:00:00Z";
    let points = format!("a number from 1 to {}", tenure_app::history::MOST_POINTS);
    Ok(Asked {
        channel,
        from: parsed("from", query.from.as_deref(), instant)?,
        to: parsed("to", query.to.as_deref(), instant)?,
        points: parsed("points", query.points.as_deref(), &points)?.unwrap_or(DEFAULT_POINTS),
    })
}

/// Read a sensor's measurements
///
/// Also those of a sensor that is not covered any more (R28).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/measurements",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        HistoryQuery,
    ),
    responses(
        (status = 200, body = Measurements),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn measurements(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Measurements>, Problem> {
    let channels = state.app.measurements(&by.ctx, by.organization, id, asked(&query)?).await?;
    Ok(Json(Measurements { channels: channels.into_iter().map(ChannelBody::from).collect() }))
}

/// Read a removed sensor's measurements
///
/// Its history stays until it is erased (R21).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/measurements",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The removed sensor"),
        HistoryQuery,
    ),
    responses(
        (status = 200, body = Measurements),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn removed_measurements(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Measurements>, Problem> {
    let channels = state.app.removed_measurements(&by.ctx, by.organization, id, asked(&query)?).await?;
    Ok(Json(Measurements { channels: channels.into_iter().map(ChannelBody::from).collect() }))
}

/// What a sensor has told of itself last.
#[derive(Serialize, ToSchema)]
pub(crate) struct Device {
    /// Its device info; null until it came.
    #[schema(value_type = Option<Object>)]
    info: Option<serde_json::Value>,
    #[schema(value_type = Option<String>, format = DateTime)]
    info_received_at: Option<Instant>,
    /// Its configuration; null until it came.
    #[schema(value_type = Option<Object>)]
    configuration: Option<serde_json::Value>,
    #[schema(value_type = Option<String>, format = DateTime)]
    configuration_received_at: Option<Instant>,
}

/// Read what a sensor has told of itself
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/device",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
    ),
    responses((status = 200, body = Device)),
)]
pub(crate) async fn device(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
) -> Result<Json<Device>, Problem> {
    let document = async |kind| {
        let document = state.app.device_document(by.organization, id, kind).await?;
        let read = |(at, json): (Instant, String)| Ok::<_, Problem>((at, serde_json::from_str(&json)?));
        Ok::<_, Problem>(document.map(read).transpose()?.unzip())
    };
    let (info_received_at, info) = document(Document::Info).await?;
    let (configuration_received_at, configuration) = document(Document::Configuration).await?;
    Ok(Json(Device { info, info_received_at, configuration, configuration_received_at }))
}
