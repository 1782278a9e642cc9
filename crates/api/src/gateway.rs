//! Where Bluetooth gateways post (`docs/protocols.md`).

use std::future::Future;
use std::pin::Pin;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenure_domain::{Instant, Refusal};
use tenure_ingest::{GatewayOutcome, Ingest};
use tenure_wire::gateway::{self, Answer, Entry, GatewayError, Rejected};
use utoipa::ToSchema;

use crate::extract::bytes_problem;
use crate::problem::{ProblemBody, status_of};
use crate::{ApiState, Problem, shapes};

/// The most bytes of one post: [`gateway::MAX_ENTRIES`] of the usual size, since a gateway sends again and again
/// what it buffered in an outage until it is taken whole.
pub(crate) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// How a gateway is told to show who it is.
const CHALLENGE: &str = "ApiToken header=\"X-Api-Token\"";

/// Takes what gateways post to the gate: the hot path, or a stand-in for it.
pub trait GatewayDoor: Send + Sync {
    /// Judges and keeps the entries, which arrive now; answers when they are durable.
    fn deliver(&self, token: Option<String>, entries: Vec<Entry>, now: Instant) -> Delivery<'_>;
}

/// The answer of a [`GatewayDoor`], to be awaited.
pub type Delivery<'door> = Pin<Box<dyn Future<Output = GatewayOutcome> + Send + 'door>>;

impl GatewayDoor for Ingest {
    fn deliver(&self, token: Option<String>, entries: Vec<Entry>, now: Instant) -> Delivery<'_> {
        Box::pin(Self::deliver(self, token, entries, now))
    }
}

/// Which entries are accepted.
#[derive(Serialize, ToSchema)]
pub(crate) struct GatewayAnswer {
    /// The handles of entries that are accepted, and whose sensors the gateway keeps in step.
    #[serde(rename = "Y")]
    accepted: Vec<i64>,
    /// The handles of entries that are not wanted.
    #[serde(rename = "N")]
    refused: Vec<i64>,
}

/// What a gateway posts.
#[derive(ToSchema)]
#[schema(as = GatewayPost)]
#[allow(dead_code, reason = "the post is read entry by entry; this describes it")]
pub(crate) struct PostBody {
    /// At most 10000 of them. Each has its answer, also one that cannot be read.
    #[schema(max_items = 10_000)]
    measurements: Vec<PostedEntry>,
}

/// One measurement of one sensor.
#[derive(ToSchema)]
#[schema(as = GatewayEntry)]
#[allow(dead_code, reason = "as above")]
struct PostedEntry {
    #[schema(example = "282C024FFFB1")]
    serial: String,
    /// By which the entry is answered.
    response_handle: i64,
    /// `ok` or `low`.
    #[schema(value_type = shapes::GatewayBattery)]
    battery: String,
    /// In dBm; 0 when it is not known.
    #[schema(minimum = -32_768, maximum = 32_767)]
    signal: Option<i16>,
    /// In UTC.
    #[schema(example = "2025-06-11 20:34:00 UTC")]
    measured_at: String,
    /// In seconds.
    #[schema(minimum = 0)]
    measurement_interval: Option<u32>,
    /// In UTC.
    #[schema(example = "2025-06-11 20:37:00")]
    next_measurement_at: Option<String>,
    params: Vec<PostedParam>,
}

/// The value of one channel.
#[derive(ToSchema)]
#[schema(as = GatewayParam)]
#[allow(dead_code, reason = "as above")]
struct PostedParam {
    #[schema(minimum = 1, maximum = 6)]
    channel: u8,
    #[schema(value_type = shapes::ChannelType)]
    r#type: String,
    /// In the unit of the type.
    #[schema(example = 57)]
    value: f64,
}

/// Post measurements, as a gateway
///
/// Entries of sensors that are not covered, and those that cannot be read, are answered with `N` (R26). A gateway resends a post until it is
/// answered with 201, and waits five minutes after a 503.
#[utoipa::path(
    post,
    path = "/api/v2/measurements",
    tag = "gateways",
    params(("X-Api-Token" = Option<String>, Header, description = "The organization's device token, once it is set")),
    request_body(content = PostBody, content_type = "application/json"),
    security(()),
    responses(
        (status = 201, body = GatewayAnswer),
        (status = 400, body = ProblemBody, content_type = "application/problem+json",
            description = "`message_malformed`"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`device_token_wrong`"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json",
            description = "`body_too_large`: more than 8 MiB"),
    ),
)]
pub(crate) async fn post_measurements(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let now = state.app.clock.now();
    let wrong = || Problem::from(Refusal::DeviceTokenWrong).with_challenge(CHALLENGE);
    let token = headers.get("x-api-token").map(|token| token.to_str().map(str::to_owned)).transpose();
    let token = token.map_err(|_| wrong())?.filter(|token| !token.is_empty());
    let body = body.map_err(|rejection| bytes_problem(&rejection))?;
    let (entries, unreadable) = read(&body)?;
    match state.gateway.deliver(token, entries, now).await {
        GatewayOutcome::Done { accepted, mut refused } => {
            refused.extend(unreadable);
            let answer = Answer { accepted, refused }.to_json();
            Ok((StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], answer).into_response())
        }
        GatewayOutcome::WrongToken => Err(wrong()),
        GatewayOutcome::Unavailable => Err(Problem::unavailable()),
    }
}

/// The entries of a post, and the handles of those that cannot be read: a gateway resends a post as a whole, so one
/// broken entry must not hold up the others.
fn read(body: &[u8]) -> Result<(Vec<Entry>, Vec<i64>), Problem> {
    let malformed = |error: &GatewayError| {
        let status = status_of(&Refusal::MessageMalformed);
        Problem::new(status, Refusal::MessageMalformed.code(), format!("The post cannot be read: {error}."))
    };
    let (mut entries, mut handles, mut first) = (Vec::new(), Vec::new(), None);
    for entry in gateway::parse_each(body).map_err(|error| malformed(&error))? {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(Rejected { response_handle, error }) => {
                handles.extend(response_handle);
                first.get_or_insert(error);
            }
        }
    }
    let Some(error) = first else { return Ok((entries, handles)) };
    tracing::warn!(%error, "a gateway's post has entries that cannot be read");
    // With no handle at all there is nothing to answer.
    if entries.is_empty() && handles.is_empty() { Err(malformed(&error)) } else { Ok((entries, handles)) }
}
