//! HTTP: the JSON API with its OpenAPI document, the end point of gateways, and the embedded web UI.
//!
//! A handler reads the request, calls one use case and shows its result. What goes wrong is a [`Problem`]; who may
//! call is in the signature of each handler.

mod access;
mod activation_codes;
mod additions;
mod ahead;
mod alert_rules;
mod alerts;
mod audit;
mod auto_renewal;
mod calendar;
mod common_date;
mod cookie;
mod cover;
mod csv;
mod document;
mod document_access;
mod document_writes;
mod etag;
mod event_ids;
mod events;
mod exports;
mod extract;
mod forecast;
mod forecast_sensors;
mod gateway;
mod import;
mod import_report;
mod invitations;
mod license_assignments;
mod license_keys;
mod license_summary;
mod licenses;
mod limits;
mod made;
mod me;
mod measurements;
mod mqtt_authorization;
mod names;
mod new_organization;
mod notice_outlook;
mod notices;
mod once;
mod operator_codes;
mod operator_forwarding;
mod operator_organizations;
mod organization;
mod page;
mod password_resets;
mod problem;
mod recipients;
mod removal;
mod replacement;
mod rim;
mod sensor_row;
mod sensor_values;
mod sensors;
mod service;
mod sessions;
mod shapes;
mod sign_up;
mod strict;
mod timeline;
mod tokens;
mod ui;
mod unsubscriptions;
mod users;
mod webhook_deliveries;
mod webhooks;
mod workbook;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use metrics_exporter_prometheus::PrometheusHandle;
use tenure_app::App;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use cover::{CoverDoor, Covers};
pub use events::Streams;
pub use gateway::{Delivery, GatewayDoor};
pub use limits::Limits;
pub use problem::{Problem, ProblemBody, status_of};
pub use service::ServiceInfo;
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
    /// Who knows covers by heart; without one they are not told.
    pub covers: Option<Arc<dyn CoverDoor>>,
    /// How streams of events are kept; without it they end once they have caught up.
    pub streams: Option<Streams>,
    /// What `/metrics` shows; without it there is no such route.
    pub metrics: Option<PrometheusHandle>,
    /// What the service tells of itself.
    pub info: Arc<ServiceInfo>,
    /// How many requests a caller may send; without it as many as they like.
    pub limits: Option<Arc<Limits>>,
    /// Turns of those who import files.
    imports: Arc<Semaphore>,
}

impl ApiState {
    /// The state of a service with these parts.
    #[must_use]
    pub fn new(
        app: Arc<App>,
        gateway: Arc<dyn GatewayDoor>,
        metrics: Option<PrometheusHandle>,
        info: ServiceInfo,
    ) -> Self {
        Self {
            app,
            gateway,
            covers: None,
            streams: None,
            metrics,
            info: Arc::new(info),
            limits: None,
            imports: Arc::new(Semaphore::new(import::AT_ONCE)),
        }
    }

    /// The same with somebody who knows covers by heart.
    #[must_use]
    pub fn with_covers(self, covers: Arc<dyn CoverDoor>) -> Self {
        Self { covers: Some(covers), ..self }
    }

    /// The same, in which a caller may send so many requests a minute.
    #[must_use]
    pub fn with_rate_limit(self, per_minute: u32) -> Self {
        Self { limits: Some(Arc::new(Limits::per_minute(per_minute))), ..self }
    }

    /// The same with streams of events that go on.
    #[must_use]
    pub fn with_streams(self, streams: Streams) -> Self {
        Self { streams: Some(streams), ..self }
    }
}

fn routes() -> OpenApiRouter<ApiState> {
    let gateways = OpenApiRouter::new()
        .routes(routes!(gateway::post_measurements))
        .layer(DefaultBodyLimit::max(gateway::MOST_BYTES));
    let lists = OpenApiRouter::new()
        .routes(routes!(additions::add_sensors))
        .routes(routes!(additions::preview_additions))
        .routes(routes!(names::rename_sensors))
        .layer(DefaultBodyLimit::max(additions::MOST_BYTES));
    let import = OpenApiRouter::new()
        .routes(routes!(import::import_sensors))
        .layer(DefaultBodyLimit::max(import::MOST_BYTES));
    let mut router = OpenApiRouter::with_openapi(document::Head::openapi())
        .routes(routes!(organization::get_organization, organization::patch_organization))
        .routes(routes!(activation_codes::redeem))
        .routes(routes!(activation_codes::preview))
        .routes(routes!(license_summary::license_summary))
        .routes(routes!(sensors::list_sensors, sensors::add_sensor))
        .routes(routes!(sensors::count_sensors))
        .routes(routes!(sensors::get_sensor, sensors::patch_sensor, removal::remove_sensor))
        .routes(routes!(removal::preview_removal))
        .routes(routes!(removal::removed_sensors))
        .routes(routes!(removal::removed_sensor))
        .routes(routes!(removal::erase_history))
        .routes(routes!(measurements::removed_measurements))
        .routes(routes!(replacement::replace_sensor))
        .routes(routes!(ahead::look_ahead))
        .routes(routes!(forecast::forecast, forecast::forecast_what_if))
        .routes(routes!(forecast_sensors::forecast_sensors, forecast_sensors::forecast_sensors_what_if))
        .routes(routes!(common_date::suggest_common_dates))
        .routes(routes!(common_date::preview_common_date))
        .routes(routes!(common_date::bring_to_date))
        .routes(routes!(license_assignments::assign_licenses))
        .routes(routes!(license_assignments::preview_assignments))
        .routes(routes!(auto_renewal::set_auto_renewal))
        .routes(routes!(auto_renewal::preview_auto_renewal))
        .routes(routes!(audit::audit_trail))
        .routes(routes!(audit::sensor_audit_trail))
        .routes(routes!(audit::key_audit_trail))
        .routes(routes!(audit::audit_csv))
        .routes(routes!(license_keys::license_keys))
        .routes(routes!(license_keys::license_key))
        .routes(routes!(license_keys::licenses_of_key))
        .routes(routes!(license_keys::license_of_key))
        .routes(routes!(timeline::timeline))
        .routes(routes!(timeline::removed_timeline))
        .routes(routes!(licenses::assign_license, licenses::sensor_licenses))
        .routes(routes!(licenses::preview_assignment))
        .routes(routes!(licenses::sensor_license, licenses::take_back))
        .routes(routes!(cover::cover))
        .routes(routes!(cover::covers))
        .routes(routes!(mqtt_authorization::mqtt_authorization))
        .routes(routes!(events::events))
        .routes(routes!(events::operator_events))
        .routes(routes!(exports::sensors_csv))
        .routes(routes!(exports::sensors_xlsx))
        .routes(routes!(exports::measurements_csv))
        .routes(routes!(
            calendar::calendar_feed,
            calendar::make_calendar_feed,
            calendar::remove_calendar_feed
        ))
        .routes(routes!(calendar::calendar))
        .routes(routes!(notice_outlook::notice_outlook))
        .routes(routes!(recipients::recipients, recipients::set_recipients))
        .routes(routes!(notices::list_notices))
        .routes(routes!(notices::get_notice))
        .routes(routes!(notices::retry_notice))
        .routes(routes!(notices::send_test_mail))
        .routes(routes!(unsubscriptions::subscription, unsubscriptions::unsubscribe))
        .routes(routes!(unsubscriptions::subscribe_again))
        .routes(routes!(sensor_values::sensor_values))
        .routes(routes!(measurements::measurements))
        .routes(routes!(measurements::device))
        .routes(routes!(alert_rules::list_alert_rules, alert_rules::add_alert_rule))
        .routes(routes!(
            alert_rules::get_alert_rule,
            alert_rules::patch_alert_rule,
            alert_rules::remove_alert_rule
        ))
        .routes(routes!(alerts::list_alerts))
        .routes(routes!(alerts::get_alert))
        .routes(routes!(alerts::alert_counts))
        .routes(routes!(webhooks::list_webhooks, webhooks::add_webhook))
        .routes(routes!(webhooks::get_webhook, webhooks::patch_webhook, webhooks::remove_webhook))
        .routes(routes!(webhooks::renew_webhook_secret))
        .routes(routes!(webhook_deliveries::list_deliveries))
        .routes(routes!(webhook_deliveries::get_delivery))
        .routes(routes!(webhook_deliveries::test_webhook))
        .routes(routes!(webhook_deliveries::retry_delivery))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::get_token, tokens::revoke_token))
        .routes(routes!(operator_codes::issue_code, operator_codes::list_codes))
        .routes(routes!(operator_codes::get_code))
        .routes(routes!(operator_codes::revoke_code))
        .routes(routes!(operator_codes::preview_revocation))
        .routes(routes!(operator_organizations::list_organizations, new_organization::create_organization))
        .routes(routes!(operator_organizations::listed_organization))
        .routes(routes!(operator_forwarding::forwarding))
        .routes(routes!(operator_organizations::find_serial))
        .routes(routes!(operator_organizations::free_serial))
        .routes(routes!(sessions::log_in))
        .routes(routes!(sessions::current_session, sessions::log_out))
        .routes(routes!(sign_up::sign_up))
        .routes(routes!(me::patch_me))
        .routes(routes!(me::put_password))
        .routes(routes!(me::begin_one_time_codes))
        .routes(routes!(me::confirm_one_time_codes))
        .routes(routes!(me::remove_one_time_codes))
        .routes(routes!(me::renew_recovery_codes))
        .routes(routes!(password_resets::ask_for_reset))
        .routes(routes!(password_resets::reset_password))
        .routes(routes!(invitations::look_up_invitation))
        .routes(routes!(invitations::accept_invitation))
        .routes(routes!(users::list_users))
        .routes(routes!(users::get_user, users::patch_user, users::remove_user))
        .routes(routes!(invitations::list_invitations, invitations::invite))
        .routes(routes!(invitations::get_invitation, invitations::withdraw_invitation))
        .routes(routes!(service::service))
        .routes(routes!(service::livez))
        .routes(routes!(service::readyz))
        .routes(routes!(service::metrics))
        .routes(routes!(service::openapi_json))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .merge(lists)
        .merge(import)
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
        .fallback(ui::serve)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn_with_state(state.clone(), once::once))
        .layer(middleware::from_fn_with_state(state.clone(), limits::limits))
        .layer(middleware::from_fn_with_state(state.clone(), rim::rim))
        .layer(CompressionLayer::new())
        .with_state(state)
}

/// The OpenAPI document of the JSON API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}
