//! The service itself: whether it lives, whether it is ready, what it counts.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;

use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// How long the database may take for a read when it is asked whether it is there.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Whether the process lives
#[utoipa::path(get, path = "/livez", tag = "service", security(()),
    responses((status = 200, body = String, content_type = "text/plain", description = "ok")))]
pub(crate) async fn livez() -> &'static str {
    "ok"
}

/// Whether it can answer requests
#[utoipa::path(get, path = "/readyz", tag = "service", security(()), responses(
    (status = 200, body = String, content_type = "text/plain", description = "ok"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json",
        description = "`unavailable`: the database did not answer within 2 seconds"),
))]
pub(crate) async fn readyz(State(state): State<ApiState>) -> Result<&'static str, Problem> {
    match tokio::time::timeout(READY_WITHIN, state.app.ready()).await {
        Ok(ready) => Ok(ready.map(|()| "ok")?),
        Err(_) => {
            tracing::error!("the database did not answer within 2 seconds");
            Err(Problem::unavailable())
        }
    }
}

/// What it counts, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "service", security(()), responses(
    (status = 200, body = String, content_type = "text/plain; version=0.0.4"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json",
        description = "`route_unknown`: metrics are off"),
))]
pub(crate) async fn metrics(State(state): State<ApiState>) -> Result<Response, Problem> {
    let metrics = state.metrics.ok_or_else(Problem::route_unknown)?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render()).into_response())
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "service", security(()),
    responses((status = 200, body = Object)))]
pub(crate) async fn openapi_json() -> Json<OpenApi> {
    Json(crate::openapi())
}
