//! Alert rules.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::add_alert_rule::{MOST_SENSORS, NewAlertRule as New};
use tenure_app::change_alert_rule::AlertRuleChange;
use tenure_app::rows::{ListedRule, Watched};
use tenure_app::{App, tag};
use tenure_domain::alert::{Condition, Threshold};
use tenure_domain::id::AlertRuleKind;
use tenure_domain::measurement::{ChannelType, Decimal};
use tenure_domain::{AlertRuleId, Instant, Refusal, SensorId, UserId};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::etag::Tagged;
use crate::extract::{Body, PathId, Query};
use crate::made::Made;
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// What a rule watches for.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertCondition)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ConditionBody {
    /// A value above a threshold.
    Above {
        /// What is measured; all of a sensor's channels of this type are watched.
        #[schema(value_type = shapes::ChannelType, example = "temperature")]
        channel_type: ChannelType,
        /// In the unit of the type. The alert opens when a value is above it.
        #[schema(value_type = f64, minimum = -1e9, maximum = 1e9, example = 8.0)]
        threshold: Decimal,
        /// How far the value must come back for the alert to close; 0 when nothing is said.
        #[schema(value_type = Option<f64>, minimum = 0, maximum = 1e9, example = 0.5)]
        hysteresis: Option<Decimal>,
    },
    /// A value below a threshold.
    Below {
        /// What is measured; all of a sensor's channels of this type are watched.
        #[schema(value_type = shapes::ChannelType, example = "temperature")]
        channel_type: ChannelType,
        /// In the unit of the type. The alert opens when a value is below it.
        #[schema(value_type = f64, minimum = -1e9, maximum = 1e9, example = -18.0)]
        threshold: Decimal,
        /// How far the value must come back for the alert to close; 0 when nothing is said.
        #[schema(value_type = Option<f64>, minimum = 0, maximum = 1e9, example = 0.5)]
        hysteresis: Option<Decimal>,
    },
    /// The sensor warns that its battery is low.
    LowBattery {},
    /// No message, saved or refused, has come for this long.
    LostConnection {
        /// 1 to 43200.
        #[schema(minimum = 1, maximum = 43_200, example = 60)]
        after_minutes: u32,
    },
}

impl From<Condition> for ConditionBody {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Above(Threshold { channel_type, threshold, hysteresis }) => {
                Self::Above { channel_type, threshold, hysteresis: Some(hysteresis) }
            }
            Condition::Below(Threshold { channel_type, threshold, hysteresis }) => {
                Self::Below { channel_type, threshold, hysteresis: Some(hysteresis) }
            }
            Condition::LowBattery => Self::LowBattery {},
            Condition::LostConnection { after_minutes } => Self::LostConnection { after_minutes },
        }
    }
}

impl From<ConditionBody> for Condition {
    fn from(body: ConditionBody) -> Self {
        let by = |hysteresis: Option<Decimal>| hysteresis.unwrap_or(Decimal::new(0, 0));
        match body {
            ConditionBody::Above { channel_type, threshold, hysteresis } => {
                Self::Above(Threshold { channel_type, threshold, hysteresis: by(hysteresis) })
            }
            ConditionBody::Below { channel_type, threshold, hysteresis } => {
                Self::Below(Threshold { channel_type, threshold, hysteresis: by(hysteresis) })
            }
            ConditionBody::LowBattery {} => Self::LowBattery,
            ConditionBody::LostConnection { after_minutes } => Self::LostConnection { after_minutes },
        }
    }
}

/// Whom a rule watches: the word `all`, or a list of sensors.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AlertRuleSensors)]
#[serde(untagged)]
enum SensorsBody {
    /// `all`: every sensor of the organization, also those to come.
    All(AllWord),
    /// 1 to 1000 sensors.
    #[schema(value_type = shapes::ChosenSensors)]
    Chosen(Vec<SensorId>),
}

/// Every sensor of the organization, also those to come.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = AllSensors)]
#[serde(rename_all = "snake_case")]
enum AllWord {
    All,
}

impl From<SensorsBody> for Watched {
    fn from(body: SensorsBody) -> Self {
        match body {
            SensorsBody::All(AllWord::All) => Self::All,
            SensorsBody::Chosen(sensors) => Self::Chosen(sensors),
        }
    }
}

/// What `sensors` must be.
fn sensors(value: serde_json::Value) -> Result<Watched, Refusal> {
    let expected = || format!("\"all\", or a list of 1 to {MOST_SENSORS} identifiers of sensors");
    let read: Result<SensorsBody, _> = serde_json::from_value(value);
    read.map(Watched::from).map_err(|_| Refusal::Invalid { field: "sensors", expected: expected() })
}

/// An alert rule.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertRule {
    #[schema(value_type = String, example = "rul_01jxgb66p004hmasw9nf6yy093")]
    id: AlertRuleId,
    name: String,
    condition: ConditionBody,
    sensors: SensorsBody,
    /// The members who are told of its alerts by mail.
    #[schema(value_type = Vec<String>)]
    recipients: Vec<UserId>,
    /// Whether it is switched on.
    enabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// How many alerts are open by it.
    open_alerts: i64,
    /// By which a change says what it is a change of, in `If-Match`.
    #[schema(example = "q8ZcXQ2vJ0n1rT5w")]
    etag: String,
}

impl AlertRule {
    fn new(app: &App, listed: ListedRule) -> Self {
        let ListedRule { rule, open_alerts } = listed;
        let etag = app.tag(tag::Tagged::AlertRule(&rule));
        let sensors = match rule.sensors {
            Watched::All => SensorsBody::All(AllWord::All),
            Watched::Chosen(sensors) => SensorsBody::Chosen(sensors),
        };
        Self {
            id: rule.id,
            name: rule.name,
            condition: rule.condition.into(),
            sensors,
            recipients: rule.recipients,
            enabled: rule.enabled,
            created_at: rule.created_at,
            open_alerts,
            etag,
        }
    }
}

/// A page of alert rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertRulePage {
    /// Oldest first.
    items: Vec<AlertRule>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertRulesQuery {
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List the alert rules
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/alert-rules",
    tag = "alerts",
    params(("organization_id" = String, Path, description = "The organization"), AlertRulesQuery),
    responses(
        (status = 200, body = AlertRulePage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_alert_rules(
    by: Member<access::ReadRules>,
    State(state): State<ApiState>,
    Query(query): Query<AlertRulesQuery>,
) -> Result<Json<AlertRulePage>, Problem> {
    let after: Option<AlertRuleId> = page::place(query.cursor.as_deref())?;
    let limit = page::limit(query.limit.as_deref())?;
    let (rules, end) = state.app.list_alert_rules(by.organization, after, limit).await?;
    Ok(Json(AlertRulePage {
        items: rules.into_iter().map(|rule| AlertRule::new(&state.app, rule)).collect(),
        next_cursor: end.as_ref().map(page::cursor).transpose()?,
    }))
}

/// Read an alert rule
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}",
    tag = "alerts",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("alert_rule_id" = String, Path, description = "The rule"),
    ),
    responses((status = 200, body = AlertRule)),
)]
pub(crate) async fn get_alert_rule(
    by: Member<access::ReadRules>,
    PathId(id): PathId<AlertRuleKind>,
    State(state): State<ApiState>,
) -> Result<Tagged<AlertRule>, Problem> {
    let rule = AlertRule::new(&state.app, state.app.alert_rule(by.organization, id).await?);
    Ok(Tagged { tag: rule.etag.clone(), body: rule })
}

/// An alert rule that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAlertRule {
    /// 1 to 100 characters.
    #[schema(example = "Cold stores too warm")]
    name: String,
    condition: ConditionBody,
    /// `all`, or 1 to 1000 sensors.
    #[schema(value_type = SensorsBody)]
    sensors: serde_json::Value,
    /// The members who are told of its alerts by mail; nobody when nothing is said.
    #[schema(value_type = Option<Vec<String>>)]
    recipients: Option<Vec<UserId>>,
    /// Whether it is switched on; true when nothing is said.
    enabled: Option<bool>,
}

/// Make an alert rule
///
/// It is in force for the first message that a sensor sends after the answer. An organization has at most 100 rules.
/// `not_found` is said of a sensor that it does not have, and of a recipient who is no member.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/alert-rules",
    tag = "alerts",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = NewAlertRule,
    responses(
        (status = 201, body = AlertRule),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_alert_rules`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn add_alert_rule(
    by: Member<access::ManageRules>,
    State(state): State<ApiState>,
    Body(new): Body<NewAlertRule>,
) -> Result<Made<AlertRule>, Problem> {
    let new = New {
        name: &new.name,
        condition: new.condition.into(),
        sensors: sensors(new.sensors)?,
        recipients: new.recipients.unwrap_or_default(),
        enabled: new.enabled.unwrap_or(true),
    };
    let rule = state.app.add_alert_rule(&by.ctx, by.organization, new).await?;
    let rule = AlertRule::new(&state.app, ListedRule { rule, open_alerts: 0 });
    let location = by.path_of(&format!("alert-rules/{}", rule.id));
    let tag = rule.etag.clone();
    Ok(Made::new(location, rule).tagged(tag))
}

/// What is to be changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertRulePatch {
    /// Another name, 1 to 100 characters.
    name: Option<String>,
    condition: Option<ConditionBody>,
    /// `all`, or 1 to 1000 sensors.
    #[schema(value_type = Option<SensorsBody>)]
    sensors: Option<serde_json::Value>,
    /// The members who are told of its alerts by mail; an empty list for nobody.
    #[schema(value_type = Option<Vec<String>>)]
    recipients: Option<Vec<UserId>>,
    /// Whether it is switched on.
    enabled: Option<bool>,
}

/// Change an alert rule
///
/// Its open alerts close when it is to watch for something else or is switched off, and those of sensors that it does
/// not watch any more.
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}",
    tag = "alerts",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("alert_rule_id" = String, Path, description = "The rule"),
    ),
    request_body = AlertRulePatch,
    responses(
        (status = 200, body = AlertRule),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn patch_alert_rule(
    by: Member<access::ManageRules>,
    PathId(id): PathId<AlertRuleKind>,
    State(state): State<ApiState>,
    Body(patch): Body<AlertRulePatch>,
) -> Result<Tagged<AlertRule>, Problem> {
    let change = AlertRuleChange {
        name: patch.name.as_deref(),
        condition: patch.condition.map(Condition::from),
        sensors: patch.sensors.map(sensors).transpose()?,
        recipients: patch.recipients,
        enabled: patch.enabled,
    };
    state.app.change_alert_rule(&by.ctx, by.organization, id, change).await?;
    let rule = AlertRule::new(&state.app, state.app.alert_rule(by.organization, id).await?);
    Ok(Tagged { tag: rule.etag.clone(), body: rule })
}

/// Remove an alert rule
///
/// Its open alerts close; all its alerts stay readable (R28).
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/alert-rules/{alert_rule_id}",
    tag = "alerts",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("alert_rule_id" = String, Path, description = "The rule"),
    ),
    responses((status = 204, description = "It opens no alert any more")),
)]
pub(crate) async fn remove_alert_rule(
    by: Member<access::ManageRules>,
    PathId(id): PathId<AlertRuleKind>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    state.app.remove_alert_rule(&by.ctx, by.organization, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
