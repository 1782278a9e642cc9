//! HTTP: the JSON API with its OpenAPI document, and the end point of gateways.
//!
//! A handler reads the request, calls one use case and shows its result. What goes wrong is a [`Problem`]; who may
//! call is in the signature of each handler.

mod access;
mod activation_codes;
mod document;
mod extract;
mod gateway;
mod license_summary;
mod licenses;
mod measurements;
mod operator_codes;
mod organization;
mod page;
mod problem;
mod rim;
mod sensor_row;
mod sensors;
mod service;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use metrics_exporter_prometheus::PrometheusHandle;
use tenure_app::App;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use gateway::{Delivery, GatewayDoor};
pub use problem::{Problem, ProblemBody, status_of};
pub use tenure_ingest::GatewayOutcome;

/// The most bytes of a body of the JSON API.
const MOST_BYTES: usize = 1024 * 1024;

/// What the handlers need.
#[derive(Clone)]
pub struct ApiState {
    /// The use cases.
    pub app: Arc<App>,
    /// Where gateways' posts go.
    pub gateway: Arc<dyn GatewayDoor>,
    /// What `/metrics` shows; without it there is no such route.
    pub metrics: Option<PrometheusHandle>,
}

impl ApiState {
    /// The state of a service with these parts.
    #[must_use]
    pub fn new(app: Arc<App>, gateway: Arc<dyn GatewayDoor>, metrics: Option<PrometheusHandle>) -> Self {
        Self { app, gateway, metrics }
    }
}

fn routes() -> OpenApiRouter<ApiState> {
    let gateways = OpenApiRouter::new()
        .routes(routes!(gateway::post_measurements))
        .layer(DefaultBodyLimit::max(gateway::MOST_BYTES));
    let mut router = OpenApiRouter::with_openapi(document::Head::openapi())
        .routes(routes!(organization::get_organization, organization::patch_organization))
        .routes(routes!(activation_codes::redeem))
        .routes(routes!(activation_codes::preview))
        .routes(routes!(license_summary::license_summary))
        .routes(routes!(sensors::list_sensors, sensors::add_sensor))
        .routes(routes!(sensors::get_sensor, sensors::patch_sensor))
        .routes(routes!(licenses::assign_license))
        .routes(routes!(licenses::take_back))
        .routes(routes!(measurements::measurements))
        .routes(routes!(measurements::device))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(operator_codes::issue_code, operator_codes::list_codes))
        .routes(routes!(operator_codes::revoke_code))
        .routes(routes!(service::livez))
        .routes(routes!(service::readyz))
        .routes(routes!(service::metrics))
        .routes(routes!(service::openapi_json))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .merge(gateways);
    document::complete(router.get_openapi_mut());
    router
}

/// The service's HTTP.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: the limits on guessing count by the caller's
/// address (R4), which is the same for all, `unknown`, when the server does not tell it.
pub fn router(state: ApiState) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(async || Problem::route_unknown())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn_with_state(state.clone(), rim::rim))
        .with_state(state)
}

/// The OpenAPI document of the JSON API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}
