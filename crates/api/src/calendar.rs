//! The calendar feed: one's own address of it, and what is read there.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenure_domain::{Instant, Refusal};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::made::Made;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, etag};

/// The caller's calendar feed.
#[derive(Serialize, ToSchema)]
pub(crate) struct CalendarFeed {
    /// When its address was made; null when there is none.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Instant>,
    /// When a program last read it, to the minute; null if never.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Instant>,
}

/// A calendar feed that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeCalendarFeed {
    /// The secret address. It is not stored and cannot be shown again.
    #[schema(example = "https://tenure.harbor.example/calendar/q8Zc….ics")]
    url: String,
}

/// Read whether one has a calendar feed
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/calendar-feed",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = CalendarFeed)),
)]
pub(crate) async fn calendar_feed(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
) -> Result<Json<CalendarFeed>, Problem> {
    let feed = state.app.calendar_feed(by.organization, by.caller.user).await?;
    let (created_at, used_at) = (feed.map(|feed| feed.created_at), feed.and_then(|feed| feed.used_at));
    Ok(Json(CalendarFeed { created_at, used_at }))
}

/// Make one's calendar feed
///
/// A secret address at which programs read, without log-in, when which sensor's licenses end. One address for each
/// user and organization: an earlier one opens nothing any more. It is read in the user's language, and only while the
/// user may read licenses.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/calendar-feed",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 201, body = MadeCalendarFeed)),
)]
pub(crate) async fn make_calendar_feed(
    by: Member<access::KeepCalendarFeed>,
    State(state): State<ApiState>,
) -> Result<Made<MadeCalendarFeed>, Problem> {
    let url = state.app.make_calendar_feed(&by.ctx, by.organization, by.caller.user).await?;
    Ok(Made::new(by.path_of("calendar-feed"), MadeCalendarFeed { url }))
}

/// Remove one's calendar feed
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/calendar-feed",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 204, description = "Its address opens nothing, if there was one")),
)]
pub(crate) async fn remove_calendar_feed(
    by: Member<access::KeepCalendarFeed>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    state.app.remove_calendar_feed(&by.ctx, by.organization, by.caller.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a calendar feed
///
/// Its secret address is who may read it. One all-day event for each sensor, on the last day of its licenses, from 90
/// days ago on. When a sensor's licenses go on, the event with the same `UID` moves, and its `SEQUENCE` has grown.
#[utoipa::path(
    get,
    path = "/calendar/{file}",
    tag = "licenses",
    security(()),
    params(
        ("file" = String, Path, description = "The secret and `.ics`"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what the caller has"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/calendar", description = "RFC 5545, UTF-8",
            headers(("ETag" = String, description = "Changes when the calendar does"))),
        (status = 304, description = "The caller has it already"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: nobody has this address, or its owner may not read licenses any more"),
    ),
)]
pub(crate) async fn calendar(
    State(state): State<ApiState>,
    file: Result<Path<String>, PathRejection>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let not_found = Refusal::NotFound { what: "calendar" };
    let Ok(Path(file)) = file else { return Err(not_found.into()) };
    let calendar = state.app.calendar(file.strip_suffix(".ics").ok_or(not_found)?).await?;
    let tag = etag::quoted(&calendar.tag);
    let mut response = if etag::is_known(&asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = HeaderValue::from_static("text/calendar; charset=utf-8");
        let name = HeaderValue::from_static("inline; filename=\"licenses.ics\"");
        ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], calendar.text).into_response()
    };
    let headers = response.headers_mut();
    // What stands between may keep it for its owner, and asks again each time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(response)
}
