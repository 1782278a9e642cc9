//! The change stream: covers as they change, by server-sent events.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tenure_app::AppError;
use tenure_app::cover_events::{CoverEvent, Place};
use tenure_app::cover_hub::{CoverFollower, Followed, Heard};
use tenure_app::covers::CoverState;
use tenure_domain::{Date, Instant, OrganizationId, Refusal, SensorId, Serial};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Credentials, Member, Operator};
use crate::cover::CoverStanding;
use crate::event_ids::{id, mark, place, read_places, written_places};
use crate::extract::Query;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies are not to collect what they pass on.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The most streams at once, each of which holds a connection.
const MOST_STREAMS: usize = 2_000;
/// After how long a client connects again that has lost its stream.
const RETRY: Duration = Duration::from_secs(2);

/// How streams of events are kept.
#[derive(Clone, Debug)]
pub struct Streams {
    /// Until this is told, or its sender is gone, streams go on.
    pub stop: watch::Receiver<bool>,
    /// How often a quiet stream shows that it lives, and its caller's permission is looked at again.
    pub heartbeat: Duration,
    /// How many more there may be.
    room: Arc<Semaphore>,
}

impl Streams {
    /// Streams that go on until this is told.
    #[must_use]
    pub fn until(stop: watch::Receiver<bool>) -> Self {
        Self { stop, heartbeat: Duration::from_secs(15), room: Arc::new(Semaphore::new(MOST_STREAMS)) }
    }
}

/// Which changes are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The `id` of the last event that was heard, where the header `Last-Event-ID` cannot be sent. The header counts
    /// before it.
    after: Option<String>,
    /// Begin with every sensor's cover, where no `id` is sent.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    snapshot: bool,
    /// `false`: the answer ends with `caught_up`, for who asks now and then.
    #[serde(default = "yes")]
    #[param(value_type = Option<bool>)]
    follow: bool,
}

const fn yes() -> bool {
    true
}

/// One event of a stream (the standard of HTML, “Server-sent events”), as its lines name what is in it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the document has it: axum writes the events")]
pub(crate) struct ServerSentEvent {
    /// What it tells.
    event: Option<String>,
    /// JSON.
    data: String,
    /// Its place, for `Last-Event-ID`; not every event has one.
    id: Option<String>,
    /// After how many milliseconds to connect again.
    retry: Option<u32>,
}

/// A sensor's cover has changed: the `data` of an event `cover`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CoverEvent)]
pub(crate) struct CoverEventBody {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    sensor_id: SensorId,
    #[schema(value_type = String, example = "org_01jxgb66p004hmasw9nf6yy093")]
    organization_id: OrganizationId,
    #[schema(value_type = String, example = "282c02424eed", pattern = "^[0-9a-f]{12}$")]
    serial: Serial,
    /// `unknown`: the organization has the serial number no more.
    standing: CoverStanding,
    /// Whether its data is to be taken: `standing` is `covered`.
    covered: bool,
    /// The first instant that is not covered: when the cover will end unless it goes on, or when it ended. Null without
    /// a cover.
    #[schema(value_type = Option<String>, format = DateTime)]
    covered_until: Option<Instant>,
    /// The last date of its licenses, in the organization's zone; null without one.
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
}

impl From<CoverEvent> for CoverEventBody {
    fn from(event: CoverEvent) -> Self {
        let (standing, covered_until) = match event.cover {
            None => (CoverStanding::Unknown, None),
            Some(CoverState::Unlicensed) => (CoverStanding::Unlicensed, None),
            Some(CoverState::Covered(until)) => (CoverStanding::Covered, Some(until)),
            Some(CoverState::Expired(since)) => (CoverStanding::Expired, Some(since)),
        };
        Self {
            sensor_id: event.sensor,
            organization_id: event.organization,
            serial: event.serial,
            standing,
            covered: standing == CoverStanding::Covered,
            covered_until,
            expires_on: event.expires_on,
        }
    }
}

/// Follow changes of covers
///
/// Server-sent events. An event `cover` tells how a sensor's cover is after a change; its `data` is a `CoverEvent`. What
/// changes by time alone, the end of a cover or its renewal, is told within about a second. An event `caught_up`, with
/// the data `{}`, says that nothing is missing at the moment.
///
/// Whoever connects again with the `id` of the last event that they heard hears of every sensor whose cover has changed
/// since, as it is now, however long they were away: of several changes of one sensor the last one. An event may come
/// twice. Without an `id` the stream begins now, or with `snapshot=true` with all sensors.
///
/// A quiet stream has a comment every 15 seconds. It ends when the token is revoked or the log-in ends, within 15
/// seconds, and when the service stops.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/events",
    tag = "covers",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was heard"),
    ),
    responses(
        (status = 200, body = ServerSentEvent, content_type = "text/event-stream",
            description = "Events `cover`, whose `data` is a `CoverEvent`, and `caught_up`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`: the id is none of this stream; `query_malformed`"),
    ),
)]
pub(crate) async fn events(
    by: Member<access::ReadLicenses>,
    credentials: Credentials,
    State(state): State<ApiState>,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let known = match last_heard(&headers, &query)? {
        Some(id) => Some(place(&id).ok_or_else(id_invalid)?),
        None => query.snapshot.then_some(Place::BEGINNING),
    };
    let followed = Followed::Organization(by.organization);
    let follower = state.app.follow_covers(followed, |_| known).await?;
    answer(state, follower, credentials, followed, query.follow)
}

/// Follow changes of covers in all organizations
///
/// As an organization's own stream. Its `id` grows with the number of organizations, by some ten characters for each;
/// not every event has one. Who has a sensor is told with it: one that leaves an organization for another one is
/// `unknown` in the first and has a cover in the second, in any order.
#[utoipa::path(
    get,
    path = "/api/v1/operator/events",
    tag = "covers",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that had one"),
    ),
    responses(
        (status = 200, body = ServerSentEvent, content_type = "text/event-stream",
            description = "Events `cover`, whose `data` is a `CoverEvent`, and `caught_up`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`: the id is none of this stream; `query_malformed`"),
    ),
)]
pub(crate) async fn operator_events(
    _: Operator,
    credentials: Credentials,
    State(state): State<ApiState>,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    let known = match last_heard(&headers, &query)? {
        Some(id) => Some(read_places(&id).ok_or_else(id_invalid)?),
        None => query.snapshot.then(HashMap::new),
    };
    let known = |id| {
        // Of an organization that was not there yet, nothing is known.
        known.as_ref().map(|known| known.get(&mark(id)).copied().map_or(Place::BEGINNING, Place::behind))
    };
    let follower = state.app.follow_covers(Followed::Everybodys, known).await?;
    answer(state, follower, credentials, Followed::Everybodys, query.follow)
}

fn last_heard(headers: &HeaderMap, query: &EventsQuery) -> Result<Option<String>, Problem> {
    let header = headers.get(LAST_EVENT_ID).map(|id| id.to_str().map(str::to_owned)).transpose();
    let header = header.map_err(|_| id_invalid())?.filter(|id| !id.is_empty());
    Ok(header.or_else(|| query.after.clone()))
}

fn id_invalid() -> Problem {
    let expected = "the id of an event of this stream, or nothing to begin anew".to_owned();
    Refusal::Invalid { field: "after", expected }.into()
}

fn answer(
    state: ApiState,
    follower: CoverFollower,
    credentials: Credentials,
    followed: Followed,
    follow: bool,
) -> Result<Response, Problem> {
    let streams = state.streams.clone().filter(|_| follow);
    let heartbeat = streams.as_ref().map_or(Duration::from_secs(15), |streams| streams.heartbeat);
    let mut beats = tokio::time::interval(heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let room = streams.as_ref().map(|streams| Arc::clone(&streams.room).try_acquire_owned()).transpose();
    let room = room.map_err(|_| Problem::unavailable())?;
    let stop = streams.map(|streams| streams.stop);
    let first = Event::default().comment("Tenure").retry(RETRY);
    let listening = Listening {
        state,
        follower,
        credentials,
        followed,
        beats,
        stop,
        waiting: VecDeque::from([first]),
        ended: false,
        _room: room,
    };
    let events = stream::unfold(listening, |mut listening| async move {
        listening.next().await.map(|event| (Ok::<_, Infallible>(event), listening))
    });
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Sse::new(events)).into_response())
}

/// One stream.
struct Listening {
    state: ApiState,
    follower: CoverFollower,
    credentials: Credentials,
    followed: Followed,
    beats: Interval,
    /// When the stream goes on after it has caught up: until when.
    stop: Option<watch::Receiver<bool>>,
    /// A page at most: the next one is asked for when these are taken.
    waiting: VecDeque<Event>,
    ended: bool,
    _room: Option<OwnedSemaphorePermit>,
}

impl Listening {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let stopped = async {
                match &mut self.stop {
                    Some(stop) => {
                        // An error is a sender that is gone: stop as well.
                        let _ = stop.wait_for(|stop| *stop).await;
                    }
                    None => std::future::pending().await,
                }
            };
            let heard = tokio::select! {
                biased;
                () = stopped => return None,
                _ = self.beats.tick() => {
                    if !self.credentials.may_follow(&self.state, self.followed).await {
                        return None;
                    }
                    return Some(Event::default().comment(""));
                }
                heard = self.follower.next() => heard,
            };
            match heard {
                Ok(Some(heard)) => self.hear(heard),
                Ok(None) => return None,
                Err(error) => {
                    // Who connects again goes on where this ends.
                    tracing::warn!(%error, "a stream of events ends");
                    return None;
                }
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        let whole = match self.followed {
            Followed::Organization(id_of) => self.follower.places().get(&id_of).copied().map(id),
            Followed::Everybodys => Some(written_places(self.follower.places().iter())),
        };
        let last = |event: Event| match whole {
            Some(id) => event.id(id),
            None => event,
        };
        match heard {
            Heard::CaughtUp => {
                self.waiting.push_back(last(Event::default().event("caught_up").data("{}")));
                self.ended = self.stop.is_none();
            }
            Heard::Changed(changed) => {
                let mut events: Vec<Event> = Vec::with_capacity(changed.len());
                let single = matches!(self.followed, Followed::Organization(_));
                for event in changed {
                    let Ok(data) = serde_json::to_string(&CoverEventBody::from(event)) else { continue };
                    let told = Event::default().event("cover").data(data);
                    events.push(if single { told.id(id(event.place)) } else { told });
                }
                if !single && let Some(event) = events.pop() {
                    events.push(last(event));
                }
                self.waiting.extend(events);
            }
        }
    }
}

impl Credentials {
    /// Whether whoever has these may still follow. It is no use of a log-in: a stream does not keep one alive. While
    /// the database is away nothing is known, and nothing is told either.
    async fn may_follow(&self, state: &ApiState, followed: Followed) -> bool {
        let allowed: Result<(), AppError> = async {
            let caller = match self {
                Self::Token(token) => state.app.authenticate(token).await?,
                Self::Cookie(cookie) => {
                    let person = state.app.still_signed_in(cookie).await?;
                    match followed {
                        Followed::Organization(id) => person.caller_in(id)?,
                        Followed::Everybodys => person.operator()?,
                    }
                }
            };
            match followed {
                Followed::Organization(id) => caller.may(id, tenure_domain::Permission::ReadLicenses)?,
                Followed::Everybodys => caller.may_operate()?,
            }
            Ok(())
        }
        .await;
        !matches!(allowed, Err(AppError::Refused(_)))
    }
}
