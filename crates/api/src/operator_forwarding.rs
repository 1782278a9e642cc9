//! How handing accepted messages on to another system goes.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenure_app::rows::Forwarding;
use tenure_domain::Instant;
use utoipa::ToSchema;

use crate::access::Operator;
use crate::{ApiState, Problem};

/// How handing on goes.
#[derive(Serialize, ToSchema)]
#[schema(as = Forwarding)]
pub(crate) struct ForwardingBody {
    /// The other system's address, without what is secret in it; null when nothing is handed on.
    #[schema(example = "mqtts://broker.harbor.example/tenure")]
    to: Option<String>,
    /// How many messages wait.
    waiting: i64,
    /// How many of them were refused, and are tried again by and by.
    refused: i64,
    /// When the oldest of those that wait arrived.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_arrived_at: Option<Instant>,
    /// When a message was taken last.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_taken_at: Option<Instant>,
    /// Since when none is taken.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Instant>,
    /// What was said of it last.
    #[schema(example = "503 Service Unavailable")]
    trouble: Option<String>,
    /// How many messages were given up because they were not taken within 7 days.
    given_up: i64,
}

/// Read how forwarding goes
///
/// Whether accepted messages are handed on to another system, and whether it takes them.
#[utoipa::path(
    get,
    path = "/api/v1/operator/forwarding",
    tag = "operator",
    responses((status = 200, body = ForwardingBody)),
)]
pub(crate) async fn forwarding(
    _: Operator,
    State(state): State<ApiState>,
) -> Result<Json<ForwardingBody>, Problem> {
    let (to, standing) = state.app.forwarding().await?;
    let Forwarding { waiting, put_back, oldest_arrived, last_taken, trouble, given_up } = standing;
    let (failing_since, trouble) = trouble.unzip();
    Ok(Json(ForwardingBody {
        to,
        waiting,
        refused: put_back,
        oldest_arrived_at: oldest_arrived,
        last_taken_at: last_taken,
        failing_since,
        trouble,
        given_up,
    }))
}
