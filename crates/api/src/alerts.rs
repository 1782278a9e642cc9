//! Alerts.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::rows::{Alert as Row, AlertPlace, AlertQuery};
use tenure_domain::id::AlertKind;
use tenure_domain::measurement::{ChannelType, Decimal};
use tenure_domain::{AlertId, AlertRuleId, Instant, Refusal, SensorId, Serial};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::alert_rules::ConditionBody;
use crate::extract::{PathId, Query, parsed};
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// Which alerts are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsQuery {
    /// Only those that are `open`, or only those that are `closed`.
    #[param(value_type = Option<shapes::AlertState>)]
    state: Option<String>,
    /// Only of this sensor.
    sensor_id: Option<String>,
    /// Only by this rule.
    rule_id: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// An alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alert {
    #[schema(value_type = String, example = "alr_01jxgb66p004hmasw9nf6yy093")]
    id: AlertId,
    /// Its rule; null when it was removed.
    #[schema(value_type = Option<String>)]
    rule_id: Option<AlertRuleId>,
    /// The rule's name, also of one that was removed.
    rule_name: String,
    /// What the rule watched for when the alert opened.
    condition: ConditionBody,
    #[schema(value_type = String)]
    sensor_id: SensorId,
    sensor_name: String,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    /// When the value was measured, the message with the warning came, or the connection began to count as lost.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Instant,
    /// The value with which it opened; null where there is no threshold.
    #[schema(value_type = Option<f64>)]
    opened_value: Option<Decimal>,
    /// The value that was farthest beyond the threshold; null where there is none.
    #[schema(value_type = Option<f64>)]
    worst_value: Option<Decimal>,
    /// The unit of the values; null where there are none.
    #[schema(example = "°C")]
    unit: Option<&'static str>,
    /// Null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Instant>,
    /// `back_to_normal`, `rule_changed`, `rule_removed` or `sensor_removed`; null while it is open.
    #[schema(value_type = Option<shapes::ClosedBecause>)]
    closed_because: Option<&'static str>,
}

impl From<Row> for Alert {
    fn from(row: Row) -> Self {
        let Row { id, rule, rule_name, condition, sensor, sensor_name, serial, opened_at, .. } = row;
        let (closed_at, because) = row.closed.unzip();
        Self {
            id,
            rule_id: rule,
            rule_name,
            condition: condition.into(),
            sensor_id: sensor,
            sensor_name,
            serial,
            opened_at,
            opened_value: row.opened_value,
            worst_value: row.worst_value,
            unit: condition.channel_type().map(ChannelType::unit).filter(|unit| !unit.is_empty()),
            closed_at,
            closed_because: because.map(tenure_domain::alert::Because::name),
        }
    }
}

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertPage {
    /// Newest first.
    items: Vec<Alert>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    opened_at: Instant,
    id: AlertId,
}

fn open(text: Option<&str>) -> Result<Option<bool>, Refusal> {
    match text {
        None => Ok(None),
        Some("open") => Ok(Some(true)),
        Some("closed") => Ok(Some(false)),
        Some(_) => Err(Refusal::Invalid { field: "state", expected: "open or closed".to_owned() }),
    }
}

/// List alerts
///
/// Also those of sensors that are not covered any more (R28).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/alerts",
    tag = "alerts",
    params(("organization_id" = String, Path, description = "The organization"), AlertsQuery),
    responses(
        (status = 200, body = AlertPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_alerts(
    by: Member<access::ReadHistory>,
    State(state): State<ApiState>,
    Query(query): Query<AlertsQuery>,
) -> Result<Json<AlertPage>, Problem> {
    let after: Option<Cursor> = page::place(query.cursor.as_deref())?;
    let asked = AlertQuery {
        open: open(query.state.as_deref())?,
        sensor: parsed("sensor_id", query.sensor_id.as_deref(), "the identifier of a sensor")?,
        rule: parsed("rule_id", query.rule_id.as_deref(), "the identifier of an alert rule")?,
        after: after.map(|Cursor { opened_at, id }| AlertPlace { opened_at, id }),
        limit: page::limit(query.limit.as_deref())?,
    };
    let (alerts, end) = state.app.list_alerts(by.organization, asked).await?;
    let cursor = |AlertPlace { opened_at, id }| page::cursor(&Cursor { opened_at, id });
    Ok(Json(AlertPage {
        items: alerts.into_iter().map(Alert::from).collect(),
        next_cursor: end.map(cursor).transpose()?,
    }))
}

/// Read an alert
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/alerts/{alert_id}",
    tag = "alerts",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("alert_id" = String, Path, description = "The alert"),
    ),
    responses((status = 200, body = Alert)),
)]
pub(crate) async fn get_alert(
    by: Member<access::ReadHistory>,
    PathId(id): PathId<AlertKind>,
    State(state): State<ApiState>,
) -> Result<Json<Alert>, Problem> {
    Ok(Json(state.app.alert(by.organization, id).await?.into()))
}

/// How many alerts there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertCounts {
    /// Those that are open.
    open: i64,
}

/// Count the open alerts
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/alert-counts",
    tag = "alerts",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = AlertCounts)),
)]
pub(crate) async fn alert_counts(
    by: Member<access::ReadHistory>,
    State(state): State<ApiState>,
) -> Result<Json<AlertCounts>, Problem> {
    Ok(Json(AlertCounts { open: state.app.open_alerts(by.organization).await? }))
}
