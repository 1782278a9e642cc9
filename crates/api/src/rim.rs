//! What happens to every request and answer, whatever the route.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderName, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::problem::RetryAt;
use crate::{ApiState, Problem};

/// How long a request may take.
const LONGEST: Duration = Duration::from_secs(30);

/// By which a request is found in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest request id that is taken over from the caller.
const LONGEST_REQUEST_ID: usize = 64;

/// Runs a request, and gives its answer the headers that all have.
///
/// A request runs in a task of its own: a caller who hangs up, or for whom it takes too long, does not stop it
/// between its commit and telling the gate (R25); and a panic ends that task alone.
pub(crate) async fn rim(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers(), &state);
    let api = request.uri().path().starts_with("/api/");
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        path = shown(request.uri().path()),
    );
    let work = tokio::spawn(next.run(request).instrument(span.clone()));
    let mut response = match tokio::time::timeout(LONGEST, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            span.in_scope(|| tracing::error!(%error, "a request ended in a panic"));
            Problem::internal().into_response()
        }
        Err(_) => {
            span.in_scope(|| tracing::error!("a request took too long"));
            Problem::unavailable().into_response()
        }
    };
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    if let Some(RetryAt(instant)) = response.extensions_mut().remove::<RetryAt>() {
        let micros = instant.micros_since(state.app.clock.now()).max(0).unsigned_abs();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(micros.div_ceil(1_000_000)));
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if api {
        // Unless the route itself has said for how long its answer counts.
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Where a path holds a secret: in its last part.
const SECRET_PLACES: [&str; 2] = ["/calendar/", "/api/v1/unsubscriptions/"];

/// The path as it may stand in the log.
fn shown(path: &str) -> &str {
    SECRET_PLACES.into_iter().find(|place| path.starts_with(place)).unwrap_or(path)
}

/// The caller's own id for the request, if it can stand in a log, else a new one.
fn request_id(headers: &HeaderMap, state: &ApiState) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        (1..=LONGEST_REQUEST_ID).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if let Some(id) = headers.get(REQUEST_ID).filter(plain) {
        return id.clone();
    }
    let id = format!("req_{:032x}", state.app.entropy.bits());
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("req_unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_holds_no_secret_address() {
        assert_eq!(shown("/calendar/q8Zc.ics"), "/calendar/");
        assert_eq!(shown("/api/v1/unsubscriptions/u1.q8Zc/undo"), "/api/v1/unsubscriptions/");
        assert_eq!(shown("/api/v1/organizations"), "/api/v1/organizations");
    }
}
