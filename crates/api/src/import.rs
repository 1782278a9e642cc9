//! Importing a file of sensors (R22), with a dry run, and events that tell how far it is.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tenure_app::idempotency::Answer;
use tenure_app::import_sensors::{Imported, Phase, Progress};
use tenure_app::{AppError, Ctx};
use tenure_domain::{OrganizationId, Permission, Refusal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use utoipa::IntoParams;

use crate::access::{self, Member};
use crate::events::ServerSentEvent;
use crate::extract::{Query, bytes_problem};
use crate::import_report::{ImportProblem, ImportProgress, ImportReport};
use crate::once::keep;
use crate::problem::{PROBLEM_JSON, ProblemBody};
use crate::{ApiState, Problem, csv};

/// The most bytes of a file.
pub(crate) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How many files the service imports at once; others wait.
pub(crate) const AT_ONCE: usize = 2;

/// How often the stream says that it is still there.
const KEPT_ALIVE: Duration = Duration::from_secs(5);

/// What is to be done with the file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Whether only to look at what the import would do. It is done when nothing is said.
    #[serde(default)]
    #[param(default = false)]
    dry_run: bool,
}

/// Import sensors
///
/// A file with one sensor a line. It is added if the organization does not have it, and then takes a license (R22); one
/// that was removed comes back (R21). One that is there takes as many more licenses as `licenses` says, is renamed if
/// `name` is another one, and has its auto renewal switched. What a line leaves empty stays as it is. All lines are done
/// or none is.
///
/// The columns are named in the first line, in any order: `serial`, `name`, `key` (a license key to take the licenses
/// of; those that are next when it is empty, R13), `auto_renewal` (yes or no) and `licenses` (0 to 100; empty: 1 for a
/// sensor that is added, for which what it left behind counts, and 0 for one that is there). The web UI's names in
/// English, Polish and German are known too. Other columns are ignored, and named in the answer. Without a header the
/// columns are these, in this order. Cells are parted by commas, semicolons or tabs.
///
/// Licenses are taken in the order of the lines. When all lines are through, the expired sensors that the file has
/// switched on take what is left, in R14's order (R12).
///
/// With `Accept: text/event-stream` events tell how far it is, which a large file needs: other answers take 30 seconds
/// at the most. An event `progress` has an `ImportProgress`; the last event is `report` with the `ImportReport`, or
/// `problem` with the `ImportProblem`. Whoever hangs up does not stop it; with an `Idempotency-Key` they ask again, and
/// are sent the `report`. With `Accept: text/csv` the report's lines
/// are CSV.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/sensors/import",
    tag = "sensors",
    params(("organization_id" = String, Path, description = "The organization"), ImportQuery),
    request_body(content = String, content_type = "text/csv",
        description = "UTF-8, at most 100,000 lines and 32 MiB",
        example = "serial,name,key,auto_renewal,licenses\r\n282c02424eed,Cold room,,yes,1\r\n"),
    responses(
        (status = 200, description = "It is done, or was a dry run", content(
            (ImportReport = "application/json"), (String = "text/csv"), (ServerSentEvent = "text/event-stream"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`body_malformed`: the body did not arrive whole"),
        (status = 409, body = ImportProblem, content_type = "application/problem+json",
            description = "`import_refused`: lines have errors; the report has them all. `serial_in_use_elsewhere`: \
                another organization took a serial number at the same time"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json",
            description = "`body_too_large`: more than 32 MiB"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json",
            description = "`content_type_unsupported`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "The file cannot be read: `import_empty`, `import_too_long`, `import_not_utf8`, \
                `import_quote_open`, `import_no_serials`, `import_column_twice`. Or `query_malformed`"),
    ),
)]
pub(crate) async fn import_sensors(
    by: Member<access::ManageSensors>,
    State(state): State<ApiState>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    by.caller.may(by.organization, Permission::ManageLicenses)?;
    if !says(&headers, CONTENT_TYPE.as_str(), "text/csv") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type_unsupported",
            "Send the file as CSV, with the header \"Content-Type: text/csv\".",
        ));
    }
    let body = body.map_err(|rejection| bytes_problem(&rejection))?;
    let ImportQuery { dry_run } = query;
    if says(&headers, ACCEPT.as_str(), "text/event-stream") {
        return Ok(told(state, by.ctx, by.organization, body, dry_run));
    }
    let _turn = state.imports.acquire().await.map_err(|_| Problem::unavailable())?;
    let imported = state.app.import_sensors(&by.ctx, by.organization, &body, dry_run, &|_| {}).await?;
    let report = match imported {
        Imported::Done(report) | Imported::DryRun(report) => ImportReport::new(report, dry_run),
        refused @ Imported::Refused(_) => {
            let (status, problem) = refused_problem(refused);
            let mut response = (status, Json(problem)).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
            return Ok(response);
        }
    };
    if says(&headers, ACCEPT.as_str(), "text/csv") {
        let (today, _) = state.app.today(&by.ctx, by.organization).await?;
        let pieces = stream::iter([Ok(report.csv())]);
        return csv::file(&format!("import-{today}.csv"), pieces);
    }
    Ok(Json(report).into_response())
}

/// Whether a header names this media type.
fn says(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut types = values.flat_map(|value| value.split(',')).filter_map(|part| part.split(';').next());
    types.any(|part| part.trim().eq_ignore_ascii_case(wanted))
}

fn refused_problem(imported: Imported) -> (StatusCode, ImportProblem) {
    let report = match imported {
        Imported::Refused(report) | Imported::Done(report) | Imported::DryRun(report) => report,
    };
    let lines = u32::try_from(report.errors).unwrap_or(u32::MAX);
    let problem = Problem::from(Refusal::ImportRefused { lines });
    (problem.status(), ImportProblem::new(problem.body(), Some(report)))
}

/// An import in a task of its own, which goes on when nobody listens any more: it is done whole or not at all.
fn told(state: ApiState, ctx: Ctx, organization: OrganizationId, body: Bytes, dry_run: bool) -> Response {
    let (progress, listening) = watch::channel(Progress { phase: Phase::Waiting, done: 0, of: 0 });
    let work = tokio::spawn(async move {
        let Ok(_turn) = state.imports.acquire().await else {
            return Told::problem(&Problem::unavailable());
        };
        let tell = |at| {
            progress.send_replace(at);
        };
        let imported = state.app.import_sensors(&ctx, organization, &body, dry_run, &tell).await;
        let ending = Told::of(imported, dry_run);
        if let Some(mark) = ctx.mark.as_ref().filter(|mark| mark.is_written()) {
            keep(&state, mark, ending.answer()).await;
        }
        ending
    });
    let telling = Telling { listening, work: Some(work), first: true };
    let events = stream::unfold(telling, async |mut telling| {
        let event = telling.next().await?;
        Some((Ok::<_, Infallible>(event), telling))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEPT_ALIVE)).into_response()
}

struct Telling {
    listening: watch::Receiver<Progress>,
    /// None when its end was told.
    work: Option<JoinHandle<Told>>,
    first: bool,
}

/// What is told of an import: an event.
struct Told {
    name: &'static str,
    data: String,
}

impl Told {
    fn of(imported: Result<Imported, AppError>, dry_run: bool) -> Self {
        match imported {
            Ok(Imported::Done(report) | Imported::DryRun(report)) => {
                Self::new("report", &ImportReport::new(report, dry_run))
            }
            Ok(refused @ Imported::Refused(_)) => Self::new("problem", &refused_problem(refused).1),
            Err(error) => Self::problem(&error.into()),
        }
    }

    fn problem(problem: &Problem) -> Self {
        Self::new("problem", &ImportProblem::new(problem.body(), None))
    }

    fn new(name: &'static str, data: &impl Serialize) -> Self {
        match serde_json::to_string(data) {
            Ok(data) => Self { name, data },
            Err(error) => {
                tracing::error!(%error, "an event cannot be written");
                Self { name: "problem", data: "{}".to_owned() }
            }
        }
    }

    fn event(self) -> Event {
        Event::default().event(self.name).data(self.data)
    }

    /// What is answered to the same request with the same `Idempotency-Key`: this event alone.
    fn answer(&self) -> Answer {
        let content_type = (CONTENT_TYPE.as_str().to_owned(), "text/event-stream".to_owned());
        let body = format!("event: {}\ndata: {}\n\n", self.name, self.data).into_bytes();
        Answer { status: StatusCode::OK.as_u16(), headers: vec![content_type], body }
    }
}

impl Telling {
    async fn next(&mut self) -> Option<Event> {
        self.work.as_ref()?;
        // The sender goes away with the work.
        if std::mem::take(&mut self.first) || self.listening.changed().await.is_ok() {
            let progress = ImportProgress::from(*self.listening.borrow_and_update());
            return Some(Told::new("progress", &progress).event());
        }
        let ending = self.work.take()?.await.unwrap_or_else(|error| {
            tracing::error!(%error, "an import ended in a panic");
            Told::problem(&Problem::internal())
        });
        Some(ending.event())
    }
}
