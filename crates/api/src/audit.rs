//! The audit trail (R18).

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tenure_app::audit_trail::{ActorShown, Asked, AuditRow};
use tenure_domain::id::{CodeKind, SensorKind};
use tenure_domain::{CodeId, Instant, Refusal, SensorId};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::csv;
use crate::extract::{PathId, Query, parsed};
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// The longest text of a filter, in characters.
const LONGEST_FILTER: usize = 300;

/// Which rows are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrailQuery {
    /// Only what was done to, or by, what this text names: sensors, also removed ones, with it in their name of today or
    /// in a serial number that they have or had, and their licenses; people with it in their e-mail address; license
    /// keys with at least four characters of it, in any grouping, and their licenses; or what has this id.
    #[param(max_length = 300)]
    search: Option<String>,
    /// The e-mail address of a user: what they and their API tokens did.
    #[param(max_length = 300)]
    actor: Option<String>,
    /// What was done: `sensor_added`, `license_activated`.
    #[param(max_length = 300)]
    action: Option<String>,
    /// The id of what it was done to.
    #[param(max_length = 300)]
    subject: Option<String>,
    /// From this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which rows are exported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrailExportQuery {
    /// As in the list.
    #[param(max_length = 300)]
    search: Option<String>,
    /// As in the list.
    #[param(max_length = 300)]
    actor: Option<String>,
    /// As in the list.
    #[param(max_length = 300)]
    action: Option<String>,
    /// As in the list.
    #[param(max_length = 300)]
    subject: Option<String>,
    /// From this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<String>,
}

/// Who or what made a change.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct ActorBody {
    /// `user`, `token` (a user's API token), `operator`, `service`, `auto_renewal` (a sensor took a license by
    /// itself) or `calendar` (its time had come).
    #[schema(value_type = shapes::ActorKind, example = "user")]
    kind: &'static str,
    /// The user's or the token's id.
    id: Option<String>,
    /// The address of the user, or of the token's user.
    email: Option<String>,
}

impl From<ActorShown> for ActorBody {
    fn from(ActorShown { kind, id, email }: ActorShown) -> Self {
        Self { kind, id, email }
    }
}

/// What something was done to.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditSubject)]
struct SubjectBody {
    /// `sensor`, `license`, `code`, `user`, `organization`, `token`, `invitation`, `rule`, `alert`, `webhook` or `other`.
    #[schema(value_type = shapes::SubjectKind, example = "sensor")]
    kind: &'static str,
    id: String,
    /// How it is called today: a sensor's name, a user's address, a code's license key.
    name: Option<String>,
}

/// A sensor in a row about a license.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditSensor)]
struct AboutSensor {
    id: String,
    name: Option<String>,
}

/// One change.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
struct RowBody {
    /// Its place in the trail, from 1.
    seq: i64,
    /// When it was due, which is not when it was noticed (R17).
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    actor: ActorBody,
    #[schema(example = "license_activated")]
    action: String,
    subject: SubjectBody,
    /// Of a license, the sensor that it is or was on.
    sensor: Option<AboutSensor>,
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// Newest first.
    items: Vec<RowBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    seq: i64,
}

/// What the identifier's prefix says.
fn kind(id: &str) -> &'static str {
    match id.split_once('_').map_or("", |(prefix, _)| prefix) {
        "sen" => "sensor",
        "lic" => "license",
        "cod" => "code",
        "usr" => "user",
        "org" => "organization",
        "tok" => "token",
        "inv" => "invitation",
        "rul" => "rule",
        "whk" => "webhook",
        "alr" | "alt" => "alert",
        _ => "other",
    }
}

fn row(row: AuditRow) -> Result<RowBody, serde_json::Error> {
    let AuditRow { seq, at, actor, action, subject, name, sensor, before, after } = row;
    let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(RowBody {
        seq,
        at,
        actor: actor.into(),
        action,
        subject: SubjectBody { kind: kind(&subject), id: subject, name },
        sensor: sensor.map(|(id, name)| AboutSensor { id, name }),
        before: json(before)?,
        after: json(after)?,
    })
}

fn filter(field: &'static str, text: Option<String>) -> Result<Option<String>, Refusal> {
    let fits = |text: &str| text.chars().count() <= LONGEST_FILTER && !text.chars().any(char::is_control);
    match text {
        Some(text) if !fits(&text) => {
            let expected = format!("at most {LONGEST_FILTER} characters, on one line");
            Err(Refusal::Invalid { field, expected })
        }
        text => Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())),
    }
}

/// Of which things the trail is read.
#[derive(Clone, Copy, Default)]
struct Of {
    sensor: Option<SensorId>,
    code: Option<CodeId>,
}

fn asked(query: TrailQuery, Of { sensor, code }: Of) -> Result<Asked, Refusal> {
    let instant = "an instant such as 2028-02-29T12:00:00Z";
    Ok(Asked {
        sensor,
        code,
        search: filter("search", query.search)?,
        actor: filter("actor", query.actor)?,
        action: filter("action", query.action)?,
        subject: filter("subject", query.subject)?,
        from: parsed("from", query.from.as_deref(), instant)?,
        to: parsed("to", query.to.as_deref(), instant)?,
        before: page::place::<Cursor>(query.cursor.as_deref())?.map(|cursor| cursor.seq),
        limit: page::limit(query.limit.as_deref())?,
    })
}

async fn trail(
    by: &Member<access::ReadAudit>,
    state: &ApiState,
    asked: Asked,
) -> Result<Json<AuditPage>, Problem> {
    let (rows, place) = state.app.audit_trail(by.organization, asked).await?;
    Ok(Json(AuditPage {
        items: rows.into_iter().map(row).collect::<Result<_, _>>()?,
        next_cursor: place.map(|seq| page::cursor(&Cursor { seq })).transpose()?,
    }))
}

/// Read the audit trail
///
/// Every change of the organization: who or what made it, when, what was before and what was after (R18).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/audit",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization"), TrailQuery),
    responses(
        (status = 200, body = AuditPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`, `search_too_broad`"),
    ),
)]
pub(crate) async fn audit_trail(
    by: Member<access::ReadAudit>,
    State(state): State<ApiState>,
    Query(query): Query<TrailQuery>,
) -> Result<Json<AuditPage>, Problem> {
    trail(&by, &state, asked(query, Of::default())?).await
}

/// Read a sensor's audit trail
///
/// What was done to it and to the licenses that are or were on it.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/audit",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        TrailQuery,
    ),
    responses(
        (status = 200, body = AuditPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`, `search_too_broad`"),
    ),
)]
pub(crate) async fn sensor_audit_trail(
    by: Member<access::ReadAudit>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<TrailQuery>,
) -> Result<Json<AuditPage>, Problem> {
    trail(&by, &state, asked(query, Of { sensor: Some(id), code: None })?).await
}

/// Read a license key's audit trail
///
/// Who redeemed it and when, and what happened to each of its licenses since.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}/audit",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("activation_code_id" = String, Path, description = "The license key"),
        TrailQuery,
    ),
    responses(
        (status = 200, body = AuditPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`, `search_too_broad`"),
    ),
)]
pub(crate) async fn key_audit_trail(
    by: Member<access::ReadAudit>,
    PathId(id): PathId<CodeKind>,
    State(state): State<ApiState>,
    Query(query): Query<TrailQuery>,
) -> Result<Json<AuditPage>, Problem> {
    trail(&by, &state, asked(query, Of { sensor: None, code: Some(id) })?).await
}

/// The columns of the exported trail.
const CSV_HEADER: [&str; 13] = [
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_email",
    "action",
    "subject_kind",
    "subject_id",
    "subject_name",
    "sensor_id",
    "sensor_name",
    "before",
    "after",
];

/// A row of the exported trail; its states are the JSON that the trail has.
fn csv_row(piece: &mut String, row: AuditRow) {
    let AuditRow { seq, at, actor, action, subject, name, sensor, before, after } = row;
    let (seq, at) = (seq.to_string(), at.to_string());
    let (sensor_id, sensor_name) = sensor.unzip();
    let sensor_name = sensor_name.flatten();
    fn text(value: Option<&String>) -> &str {
        value.map_or("", String::as_str)
    }
    let fields: [&str; 13] = [
        &seq,
        &at,
        actor.kind,
        text(actor.id.as_ref()),
        text(actor.email.as_ref()),
        &action,
        kind(&subject),
        &subject,
        text(name.as_ref()),
        text(sensor_id.as_ref()),
        text(sensor_name.as_ref()),
        text(before.as_ref()),
        text(after.as_ref()),
    ];
    csv::record(piece, fields);
}

/// Export the audit trail as CSV
///
/// The rows of the list, newest first, with a header of this API's names; `before` and `after` are JSON. A text that a
/// spreadsheet would take for a formula has an apostrophe in front of it. What comes while the file is being sent is not
/// in it.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/audit.csv",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization"), TrailExportQuery),
    responses(
        (status = 200, body = String, content_type = "text/csv", description = "RFC 4180, UTF-8"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`, `search_too_broad`"),
    ),
)]
pub(crate) async fn audit_csv(
    by: Member<access::ReadAudit>,
    State(state): State<ApiState>,
    Query(query): Query<TrailExportQuery>,
) -> Result<Response, Problem> {
    let TrailExportQuery { search, actor, action, subject, from, to } = query;
    let query = TrailQuery { search, actor, action, subject, from, to, limit: None, cursor: None };
    let export = state.app.export_trail(by.organization, asked(query, Of::default())?).await?;
    let (today, _) = state.app.today(&by.ctx, by.organization).await?;
    let name = format!("audit-{today}.csv");
    let mut header = String::new();
    csv::record(&mut header, CSV_HEADER);
    let pieces = stream::try_unfold((export, Some(header)), move |(mut export, header)| {
        let app = state.app.clone();
        async move {
            let rows = app.next_trail_rows(&mut export).await?;
            let mut piece = match (header, &rows) {
                (None, None) => return Ok(None),
                (header, _) => header.unwrap_or_default(),
            };
            for row in rows.unwrap_or_default() {
                csv_row(&mut piece, row);
            }
            Ok::<_, tenure_app::AppError>(Some((piece, (export, None))))
        }
    });
    csv::file(&name, pieces)
}
