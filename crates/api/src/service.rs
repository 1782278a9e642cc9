//! The service itself: what it is, whether it lives, whether it is ready, what it counts.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenure_domain::Instant;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// How long the database may take for a read when it is asked whether it is there.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// What the service tells of itself, and knows of itself alone.
#[derive(Clone, Debug)]
pub struct ServiceInfo {
    /// Whether everybody may sign up, or only who is invited.
    pub sign_up_open: bool,
    /// Whether mail goes to a mail server, or into a folder.
    pub mail_by_smtp: bool,
    /// The address under which people reach the service, without a slash at its end.
    pub public_url: Option<String>,
    /// The address at which HTTP is heard, which counts where no public one is known.
    pub http_address: String,
    /// The host that sensors send to; none for the one in a person's own request.
    pub sensor_host: Option<String>,
    /// The port that sensors send to (UDP).
    pub sensor_port: u16,
}

/// What a person needs to know of the service before they log in.
#[derive(Serialize, ToSchema)]
#[schema(as = Service)]
pub(crate) struct ServiceBody {
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// `open`: everybody may sign up; `invitation`: who is invited.
    #[schema(value_type = shapes::SignUp, example = "invitation")]
    sign_up: &'static str,
    /// `smtp`: mail is sent; `folder`: it is put into a folder of the server.
    #[schema(value_type = shapes::MailRoute, example = "smtp")]
    mail: &'static str,
    sensor_server: SensorServer,
    /// Where the API and the gateways' end point are.
    #[schema(example = "https://tenure.harbor.example")]
    http_address: String,
    /// The service's clock.
    #[schema(value_type = String, format = DateTime)]
    now: Instant,
}

/// Where sensors send to, by CoAP.
#[derive(Serialize, ToSchema)]
pub(crate) struct SensorServer {
    #[schema(example = "tenure.harbor.example")]
    host: String,
    #[schema(example = 5683)]
    port: u16,
}

/// Read what the service is
#[utoipa::path(get, path = "/api/v1/service", tag = "service", security(()),
    responses((status = 200, body = ServiceBody)))]
pub(crate) async fn service(State(state): State<ApiState>, headers: HeaderMap) -> Json<ServiceBody> {
    let info = &state.info;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    Json(ServiceBody {
        version: env!("CARGO_PKG_VERSION"),
        sign_up: if info.sign_up_open { "open" } else { "invitation" },
        mail: if info.mail_by_smtp { "smtp" } else { "folder" },
        sensor_server: SensorServer {
            host: info.sensor_host.clone().unwrap_or_else(|| name.to_owned()),
            port: info.sensor_port,
        },
        http_address: info.public_url.clone().unwrap_or_else(|| info.http_address.clone()),
        now: state.app.clock.now(),
    })
}

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
