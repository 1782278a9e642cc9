//! What an MQTT broker asks before it takes a message, and hears: `docs/licensing-only.md`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_domain::{Refusal, Serial};
use utoipa::{IntoParams, ToSchema};

use crate::access::CoverReader;
use crate::cover::{CoverBody, CoverStanding, known};
use crate::extract::{Body, Query};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// Where the serial number of a client is.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SaidIn {
    /// In its user name.
    #[default]
    Username,
    /// In its client id. Only a broker that checks who has which client id makes it true.
    Clientid,
}

/// What a client hears that is covered.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhenCovered {
    /// It may; nobody else is asked.
    #[default]
    Allow,
    /// The broker's next authorizer decides, by the topic.
    Ignore,
}

/// How the broker is set up.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MqttQuery {
    /// Where the serial number is.
    #[serde(default)]
    #[param(inline, value_type = Option<SaidIn>)]
    by: SaidIn,
    /// What is answered for a client that is covered.
    #[serde(default)]
    #[param(inline, value_type = Option<WhenCovered>)]
    covered: WhenCovered,
}

/// A client of the broker. Whatever else the broker says of it may stand beside these.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MqttClient {
    /// The name under which it has logged in.
    #[schema(example = "282c02424eed")]
    username: Option<String>,
    /// Its client id.
    clientid: Option<String>,
    /// What else the broker says.
    #[serde(flatten)]
    #[expect(dead_code, reason = "it tells the document that there may be more")]
    others: HashMap<String, serde_json::Value>,
}

/// What the broker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MqttResult {
    /// Take it.
    Allow,
    /// Refuse it.
    Deny,
    /// Ask the next authorizer.
    Ignore,
}

/// An answer that EMQX and mosquitto-go-auth understand.
#[derive(Serialize, ToSchema)]
pub(crate) struct MqttAnswer {
    /// For EMQX.
    result: MqttResult,
    /// For mosquitto-go-auth: whether the client is covered.
    ok: bool,
    /// Why not; empty for a client that is covered.
    #[schema(example = "expired")]
    error: &'static str,
}

/// Answer an MQTT broker
///
/// Whether a client may publish: whether the sensor whose serial number it has logged in with is covered. The answer is
/// 200 in either case, with `deny` also for who is not known, because brokers take other answers for trouble. Fields of
/// the body that are not known are passed over: a broker sends what it likes.
#[utoipa::path(
    post,
    path = "/api/v1/cover/mqtt-authorization",
    tag = "covers",
    params(MqttQuery),
    request_body = MqttClient,
    responses(
        (status = 200, body = MqttAnswer),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`query_malformed`"),
    ),
)]
pub(crate) async fn mqtt_authorization(
    by: CoverReader,
    State(state): State<ApiState>,
    Query(query): Query<MqttQuery>,
    Body(client): Body<MqttClient>,
) -> Result<Json<MqttAnswer>, Problem> {
    let said = match query.by {
        SaidIn::Username => client.username,
        SaidIn::Clientid => client.clientid,
    };
    let serial: Result<Serial, Refusal> = said.unwrap_or_default().parse();
    let Ok(serial) = serial else {
        return Ok(Json(MqttAnswer { result: MqttResult::Deny, ok: false, error: "no serial number" }));
    };
    let cover = known(&state, &by.ctx, &by.whose, &[serial]).await?.pop().flatten();
    let error = match CoverBody::new(serial, cover).standing() {
        CoverStanding::Covered => "",
        CoverStanding::Expired => "expired",
        CoverStanding::Unlicensed => "unlicensed",
        CoverStanding::Unknown => "unknown",
    };
    let result = match query.covered {
        _ if !error.is_empty() => MqttResult::Deny,
        WhenCovered::Allow => MqttResult::Allow,
        WhenCovered::Ignore => MqttResult::Ignore,
    };
    Ok(Json(MqttAnswer { result, ok: error.is_empty(), error }))
}
