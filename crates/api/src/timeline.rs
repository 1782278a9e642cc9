//! A sensor's time line: how it was covered from its first day on.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::timeline::{Cause, Item, Kind, OnLine, Standing, Timeline};
use tenure_domain::id::SensorKind;
use tenure_domain::{CodeId, Date, Instant, LicenseId, SensorId, Serial, Term};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::audit::ActorBody;
use crate::extract::{PathId, Query};
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// Which part of the time line is read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineQuery {
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What an item of a time line is. `license` and `gap` are intervals, the others points in time.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TimelineKind {
    /// A license covers, covered or will cover the sensor.
    License,
    /// Nothing covers it.
    Gap,
    /// It was added to the organization.
    Added,
    /// It got another serial number (R20).
    Replaced,
    /// It was removed (R21).
    Removed,
    /// It was added again (R21).
    BroughtBack,
}

/// How a license on a time line stands, or how it went from the sensor.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TimelineState {
    /// It covers the sensor.
    Active,
    /// It will.
    Queued,
    /// Its time was over.
    Ended,
    /// The sensor was removed while it covered it (R21).
    Released,
    /// The operator took it away (R5).
    Revoked,
    /// It went back to the pool: nothing was saved under it (R19).
    TakenBack,
}

/// Why a license or a gap began.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TimelineCause {
    /// Somebody gave the license to the sensor.
    Assigned,
    /// The sensor took the license by itself (R12, R15).
    AutoRenewal,
    /// The license was queued, and its turn came or will come.
    Queue,
    /// The sensor came back while the license still ran (R21).
    CameBack,
    /// The license is the rest that another sensor had left behind (R21).
    RestGiven,
    /// The sensor had no license.
    Unlicensed,
    /// Its chain ended, and no license was left for it.
    NoLicenseLeft,
    /// Its chain ended while auto renewal was off.
    AutoRenewalOff,
    /// Its license was taken back (R19).
    TakenBack,
    /// Its license was revoked (R5).
    Revoked,
    /// The sensor was removed (R21).
    Removed,
}

/// An item of a time line.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineItem)]
struct ItemBody {
    kind: TimelineKind,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Instant,
    /// The first instant that is not in it any more; null of a point in time, and of a gap that goes on.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Instant>,
    /// Of a license or a gap.
    cause: Option<TimelineCause>,
    /// Who or what gave the license, or did what the point tells.
    by: Option<ActorBody>,
    /// Of a license, as the four that follow.
    #[schema(value_type = Option<String>, example = "lic_01jxgb66p004hmasw9nf6yy093")]
    license_id: Option<LicenseId>,
    /// The id of its license key.
    #[schema(value_type = Option<String>)]
    key_id: Option<CodeId>,
    key: Option<String>,
    #[schema(value_type = Option<String>, example = "P2Y")]
    term: Option<Term>,
    state: Option<TimelineState>,
    /// The local date on which the license began, or will begin.
    #[schema(value_type = Option<String>, format = Date)]
    activation_date: Option<Date>,
    /// The last local date that the license covers, or was to cover: `ends_at` is earlier when it left the sensor before.
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
    /// Of a point in time the sensor's serial number, from then on.
    #[schema(value_type = Option<String>, example = "282c02424eed")]
    serial: Option<Serial>,
    /// The serial number that was replaced.
    #[schema(value_type = Option<String>)]
    serial_before: Option<Serial>,
}

/// A page of a sensor's time line.
#[derive(Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(crate) struct TimelineBody {
    /// When the sensor was first added.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
    /// In the order of time. Licenses and gaps follow each other from `since` on without a hole and without an overlap.
    items: Vec<ItemBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    place: usize,
}

impl From<Item> for ItemBody {
    fn from(item: Item) -> Self {
        let Item { kind, starts, ends, license, cause, by, serial, serial_before } = item;
        let of = license.as_ref();
        Self {
            kind: match kind {
                Kind::License => TimelineKind::License,
                Kind::Gap => TimelineKind::Gap,
                Kind::Added => TimelineKind::Added,
                Kind::Replaced => TimelineKind::Replaced,
                Kind::Removed => TimelineKind::Removed,
                Kind::BroughtBack => TimelineKind::BroughtBack,
            },
            starts_at: starts,
            ends_at: ends,
            cause: cause.map(TimelineCause::from),
            by: by.map(ActorBody::from),
            license_id: of.map(|license| license.id),
            key_id: of.map(|license| license.code),
            term: of.map(|license| license.term),
            state: of.map(|license| TimelineState::from(license.standing)),
            activation_date: of.map(|license| license.activation_date),
            expires_on: of.map(|license| license.expires_on),
            key: license.map(|OnLine { key, .. }| key),
            serial,
            serial_before,
        }
    }
}

impl From<Standing> for TimelineState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Active => Self::Active,
            Standing::Queued => Self::Queued,
            Standing::Ended => Self::Ended,
            Standing::Released => Self::Released,
            Standing::Revoked => Self::Revoked,
            Standing::TakenBack => Self::TakenBack,
        }
    }
}

impl From<Cause> for TimelineCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Assigned => Self::Assigned,
            Cause::AutoRenewal => Self::AutoRenewal,
            Cause::Queue => Self::Queue,
            Cause::CameBack => Self::CameBack,
            Cause::RestGiven => Self::RestGiven,
            Cause::Unlicensed => Self::Unlicensed,
            Cause::NoLicenseLeft => Self::NoLicenseLeft,
            Cause::AutoRenewalOff => Self::AutoRenewalOff,
            Cause::TakenBack => Self::TakenBack,
            Cause::Revoked => Self::Revoked,
            Cause::Removed => Self::Removed,
        }
    }
}

async fn page_of(
    by: &Member<access::ReadLicenses>,
    state: &ApiState,
    sensor: SensorId,
    removed: bool,
    query: &TimelineQuery,
) -> Result<Json<TimelineBody>, Problem> {
    let after = page::place::<Cursor>(query.cursor.as_deref())?.map_or(0, |cursor| cursor.place);
    let limit = page::limit(query.limit.as_deref())?;
    let line = state.app.timeline(&by.ctx, by.organization, sensor, removed, (after, limit)).await?;
    let Timeline { since, items, next } = line;
    Ok(Json(TimelineBody {
        since,
        items: items.into_iter().map(ItemBody::from).collect(),
        next_cursor: next.map(|place| page::cursor(&Cursor { place })).transpose()?,
    }))
}

/// Read a sensor's time line
///
/// How it was covered from the first day on, with the gaps as gaps (R16), and when it was replaced, removed and brought
/// back (R20, R21). What it holds of the past is exact: the gate let data in at an instant just when that instant lies in
/// a license.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/sensors/{sensor_id}/timeline",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The sensor"),
        TimelineQuery,
    ),
    responses(
        (status = 200, body = TimelineBody),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn timeline(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<TimelineBody>, Problem> {
    page_of(&by, &state, id, false, &query).await
}

/// Read a removed sensor's time line
///
/// As that of a sensor: the history stays (R21).
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/removed-sensors/{sensor_id}/timeline",
    tag = "sensors",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("sensor_id" = String, Path, description = "The removed sensor"),
        TimelineQuery,
    ),
    responses(
        (status = 200, body = TimelineBody),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn removed_timeline(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<SensorKind>,
    State(state): State<ApiState>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<TimelineBody>, Problem> {
    page_of(&by, &state, id, true, &query).await
}
