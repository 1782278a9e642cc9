//! Covers, for systems that take in the data themselves: out of the gate's memory.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenure_app::Ctx;
use tenure_app::covers::{CoverState, Whose};
use tenure_domain::{Instant, OrganizationId, Refusal, Serial};
use tenure_ingest::{Ingest, Told};
use utoipa::ToSchema;

use crate::access::CoverReader;
use crate::extract::{Body, PathSerial};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, etag};

/// The most serial numbers that are asked for at once.
const MOST_SERIALS: usize = 1_000;

/// For how long, in seconds, a cover may be remembered without asking again: an operator may revoke it, and a person
/// remove the sensor, before its end.
const LONGEST_REMEMBERED: u64 = 300;

/// Knows covers by heart: the gate of the hot path, or a stand-in for it.
pub trait CoverDoor: Send + Sync {
    /// What there is to tell of these serial numbers at `now`, in their order; nothing when the service is stopping.
    fn covers(&self, serials: Vec<Serial>, now: Instant) -> Covers<'_>;
}

/// The answer of a [`CoverDoor`], to be awaited.
pub type Covers<'door> = Pin<Box<dyn Future<Output = Option<Vec<Told>>> + Send + 'door>>;

impl CoverDoor for Ingest {
    fn covers(&self, serials: Vec<Serial>, now: Instant) -> Covers<'_> {
        Box::pin(Self::covers(self, serials, now))
    }
}

/// How a serial number stands at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CoverStanding {
    /// Its data is to be taken.
    Covered,
    /// Its cover is over.
    Expired,
    /// It never had a license.
    Unlicensed,
    /// No organization that the caller may know has it.
    Unknown,
}

/// The cover of a serial number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Cover)]
pub(crate) struct CoverBody {
    #[schema(value_type = String, example = "282c02424eed", pattern = "^[0-9a-f]{12}$")]
    serial: Serial,
    standing: CoverStanding,
    /// Whether its data is to be taken: `standing` is `covered`.
    covered: bool,
    /// The first instant that is not covered: when the cover will end unless it goes on, or when it ended. Null without
    /// a cover.
    #[schema(value_type = Option<String>, format = DateTime)]
    covered_until: Option<Instant>,
    /// Who has the sensor; null for `unknown`.
    #[schema(value_type = Option<String>, example = "org_01jxgb66p004hmasw9nf6yy093")]
    organization_id: Option<OrganizationId>,
}

/// A cover that is known, and of which organization.
pub(crate) type Owned = (OrganizationId, CoverState);

impl CoverBody {
    pub(crate) fn new(serial: Serial, cover: Option<Owned>) -> Self {
        let (standing, covered_until) = match cover {
            None => (CoverStanding::Unknown, None),
            Some((_, CoverState::Unlicensed)) => (CoverStanding::Unlicensed, None),
            Some((_, CoverState::Covered(until))) => (CoverStanding::Covered, Some(until)),
            Some((_, CoverState::Expired(since))) => (CoverStanding::Expired, Some(since)),
        };
        let covered = standing == CoverStanding::Covered;
        Self { serial, standing, covered, covered_until, organization_id: cover.map(|(id, _)| id) }
    }

    pub(crate) const fn standing(&self) -> CoverStanding {
        self.standing
    }
}

/// The covers of serial numbers, as far as the caller may know them.
#[derive(Serialize, ToSchema)]
pub(crate) struct CoverList {
    /// In the order of the question.
    items: Vec<CoverBody>,
}

/// Which covers are asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CoverQuestion {
    /// 1 to 1000 serial numbers.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 1000)]
    serials: Vec<String>,
}

/// What the gate knows at the caller's instant. A chain that has ended there is settled first, so the answer is the one
/// that a message of that instant would get (R17, R25).
pub(crate) async fn known(
    state: &ApiState,
    ctx: &Ctx,
    whose: &Whose,
    serials: &[Serial],
) -> Result<Vec<Option<Owned>>, Problem> {
    let door = state.covers.as_ref().ok_or_else(Problem::unavailable)?;
    let told = door.covers(serials.to_vec(), ctx.now).await.ok_or_else(Problem::unavailable)?;
    let mut ended: BTreeMap<OrganizationId, Vec<Serial>> = BTreeMap::new();
    for (serial, told) in serials.iter().zip(&told) {
        if let Told::SettleFirst(organization) = told
            && whose.has(*organization)
        {
            ended.entry(*organization).or_default().push(*serial);
        }
    }
    let mut settled = BTreeMap::new();
    for (organization, serials) in ended {
        for (serial, cover) in state.app.covers_on_record(ctx, organization, &serials).await? {
            settled.insert(serial, (organization, cover));
        }
    }
    let of = |(serial, told): (&Serial, Told)| match told {
        Told::Unknown => None,
        Told::Known(organization, cover) => Some((organization, cover)).filter(|_| whose.has(organization)),
        Told::SettleFirst(_) => settled.get(serial).copied(),
    };
    Ok(serials.iter().zip(told).map(of).collect())
}

/// Read a cover
///
/// Out of the gate's memory, as a message of this instant would be judged: to the microsecond, also when a chain ends
/// just now (R25). The answer may be remembered for as long as `Cache-Control` says: while the sensor is covered until
/// its cover ends, but at most 5 minutes; else it is asked for again each time, by its `ETag`.
#[utoipa::path(
    get,
    path = "/api/v1/cover/{serial}",
    tag = "covers",
    params(
        ("serial" = String, Path, description = "12 hexadecimal digits"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what the caller has"),
    ),
    responses(
        (status = 200, body = CoverBody, headers(
            ("ETag" = String, description = "Changes when the answer does"),
            ("Cache-Control" = String,
                description = "`private, max-age=…` while the sensor is covered, else `private, no-cache`"),
        )),
        (status = 304, description = "The caller has it already"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: no organization that the caller may know has this serial number"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_malformed`"),
    ),
)]
pub(crate) async fn cover(
    by: CoverReader,
    PathSerial(serial): PathSerial,
    State(state): State<ApiState>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let cover = known(&state, &by.ctx, &by.whose, &[serial]).await?.pop().flatten();
    let cover = cover.ok_or(Refusal::NotFound { what: "sensor" })?;
    let tag = etag::quoted(&tag(cover));
    let mut response = if etag::is_known(&asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(CoverBody::new(serial, Some(cover))).into_response()
    };
    let remembered = match cover.1 {
        CoverState::Covered(until) => {
            let seconds = until.micros_since(by.ctx.now).max(0).unsigned_abs() / 1_000_000;
            format!("private, max-age={}", seconds.min(LONGEST_REMEMBERED))
        }
        CoverState::Unlicensed | CoverState::Expired(_) => "private, no-cache".to_owned(),
    };
    let headers = response.headers_mut();
    for (name, text) in [(CACHE_CONTROL, remembered), (ETAG, tag)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// What the `ETag` is made of: all that the answer to one serial number depends on.
fn tag((organization, cover): Owned) -> String {
    match cover {
        CoverState::Unlicensed => format!("{organization}-u"),
        CoverState::Covered(until) => format!("{organization}-c{}", until.as_micros()),
        CoverState::Expired(since) => format!("{organization}-e{}", since.as_micros()),
    }
}

/// Read the covers of many
///
/// As `GET` does one by one, at one instant, in the order of the question. Serial numbers that no organization
/// of the caller has are `unknown`.
#[utoipa::path(
    post,
    path = "/api/v1/cover",
    tag = "covers",
    request_body = CoverQuestion,
    responses(
        (status = 200, body = CoverList),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`serial_malformed`; `invalid`: none or more than 1000 serial numbers"),
    ),
)]
pub(crate) async fn covers(
    by: CoverReader,
    State(state): State<ApiState>,
    Body(question): Body<CoverQuestion>,
) -> Result<Json<CoverList>, Problem> {
    if question.serials.is_empty() || question.serials.len() > MOST_SERIALS {
        let expected = format!("1 to {MOST_SERIALS} serial numbers");
        return Err(Refusal::Invalid { field: "serials", expected }.into());
    }
    let serials: Vec<Serial> =
        question.serials.iter().map(|serial| serial.parse()).collect::<Result<_, Refusal>>()?;
    let covers = known(&state, &by.ctx, &by.whose, &serials).await?;
    let body = |(serial, cover): (&Serial, Option<Owned>)| CoverBody::new(*serial, cover);
    Ok(Json(CoverList { items: serials.iter().zip(covers).map(body).collect() }))
}
