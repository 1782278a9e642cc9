//! The sensors of the forecast: whose chains end, and what becomes of each.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::forecast::{AskedSensors, Question, SensorProspect, Supposed, Turn};
use tenure_domain::forecast::{Fate, Prospect};
use tenure_domain::{CodeId, Date, Held, Instant, Refusal, SensorId, Serial, Term};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{Body, Query};
use crate::forecast::{SUPPOSED_NOT_FOUND, SUPPOSED_REFUSED, WhatIf, date};
use crate::problem::ProblemBody;
use crate::sensors::search;
use crate::{ApiState, Problem, page};

/// Which sensors of the forecast are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForecastSensorsQuery {
    /// The last local date to look at: today to 1100 days ahead, a year ahead when nothing is said.
    #[param(value_type = Option<String>, format = Date)]
    until: Option<String>,
    /// Only those of whom this becomes.
    #[param(inline, value_type = Option<Outcome>)]
    outcome: Option<String>,
    /// Part of a name or serial number, in any case of letters.
    #[param(max_length = 100)]
    search: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which sensors of the forecast are listed, and what somebody might do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForecastSensorsQuestion {
    /// The last local date to look at: today to 1100 days ahead, a year ahead when nothing is said.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<String>,
    /// What somebody might do now, one step after the other.
    #[serde(default)]
    #[schema(max_items = 20)]
    what_if: Vec<WhatIf>,
    /// Only those of whom this becomes.
    outcome: Option<Outcome>,
    /// Part of a name or serial number, in any case of letters.
    #[schema(max_length = 100)]
    search: Option<String>,
    /// 50 when nothing is said.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What becomes of a sensor whose chain ends.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ForecastOutcome)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It takes a license of the pool, as often as it has to (R12).
    Renews,
    /// It finds no license, at once or after some renewals (R14).
    GoesWithout,
    /// It stops, for its auto renewal is off.
    Stops,
}

impl From<Outcome> for Fate {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Renews => Self::Renews,
            Outcome::GoesWithout => Self::GoesWithout,
            Outcome::Stops => Self::Stops,
        }
    }
}

impl From<Fate> for Outcome {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Renews => Self::Renews,
            Fate::GoesWithout => Self::GoesWithout,
            Fate::Stops => Self::Stops,
        }
    }
}

/// A sensor whose chain ends in the span, and what becomes of it.
#[derive(Serialize, ToSchema)]
struct ForecastSensor {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    id: SensorId,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    name: String,
    /// The last covered date of its chain as it is promised now.
    #[schema(value_type = String, format = Date)]
    ends_on: Date,
    /// The first instant that its chain does not cover any more.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Instant,
    outcome: Outcome,
    /// How many licenses it takes by itself.
    renewal_count: usize,
    /// These licenses, first to last: the first 50.
    #[schema(max_items = 50)]
    renewals: Vec<ForecastRenewal>,
    /// The last covered date when it goes without or stops; null when it is covered beyond the span.
    #[schema(value_type = Option<String>, format = Date)]
    lapses_on: Option<Date>,
}

/// A license that a sensor takes by itself.
#[derive(Serialize, ToSchema)]
struct ForecastRenewal {
    /// When it takes it.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// The local date on which it begins.
    #[schema(value_type = String, format = Date)]
    activation_date: Date,
    /// The last local date that it covers.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    /// The license key; null for a license that is only supposed.
    key: Option<String>,
}

/// A page of the sensors whose chains end.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastSensors {
    /// In the order in which sensors come when there are too few licenses (R14).
    items: Vec<ForecastSensor>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

async fn list(
    by: &Member<access::ReadLicenses>,
    state: &ApiState,
    question: &Question,
    asked: AskedSensors,
) -> Result<Json<ForecastSensors>, Problem> {
    let (page, place, keys) = state.app.forecast_sensors(&by.ctx, by.organization, question, asked).await?;
    let key = |code: CodeId| keys.get(&code).cloned();
    let renewal = |Held { license, cover }: Held| ForecastRenewal {
        at: cover.starts,
        activation_date: cover.activation_date,
        expires_on: cover.expires_on,
        term: license.term,
        key: key(license.code),
    };
    let item = |SensorProspect { sensor, prospect }: SensorProspect| {
        let Prospect { end, fate, renewals, renewal_count, lapses, .. } = prospect;
        ForecastSensor {
            id: sensor.id,
            serial: sensor.serial,
            name: sensor.name,
            ends_on: end.expires_on,
            ends_at: end.ends,
            outcome: fate.into(),
            renewal_count,
            renewals: renewals.into_iter().map(renewal).collect(),
            lapses_on: lapses.map(|end| end.expires_on),
        }
    };
    let items = page.into_iter().map(item).collect();
    let next_cursor = place.as_ref().map(Place::cursor).transpose().map_err(|_| Problem::internal())?;
    Ok(Json(ForecastSensors { items, next_cursor }))
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    ends: i64,
    added: i64,
    serial: Serial,
}

impl Place {
    fn cursor((ends, added, serial): &Turn) -> Result<String, serde_json::Error> {
        page::cursor(&Self { ends: ends.as_micros(), added: added.as_micros(), serial: *serial })
    }

    fn read(text: Option<&str>) -> Result<Option<Turn>, Refusal> {
        let place: Option<Self> = page::place(text)?;
        let turn =
            |Self { ends, added, serial }| (Instant::from_micros(ends), Instant::from_micros(added), serial);
        Ok(place.map(turn))
    }
}

/// List the sensors whose chains end
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/forecast/sensors",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization"), ForecastSensorsQuery),
    responses(
        (status = 200, body = ForecastSensors),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `forecast_too_long`, `query_malformed`"),
    ),
)]
pub(crate) async fn forecast_sensors(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Query(query): Query<ForecastSensorsQuery>,
) -> Result<Json<ForecastSensors>, Problem> {
    let outcome = query.outcome.as_deref().map(|outcome| match outcome {
        "renews" => Ok(Fate::Renews),
        "goes_without" => Ok(Fate::GoesWithout),
        "stops" => Ok(Fate::Stops),
        _ => {
            let expected = "renews, goes_without or stops".to_owned();
            Err(Refusal::Invalid { field: "outcome", expected })
        }
    });
    let asked = AskedSensors {
        outcome: outcome.transpose()?,
        search: search(query.search)?,
        after: Place::read(query.cursor.as_deref())?,
        limit: page::limit(query.limit.as_deref())?,
    };
    let question = Question { until: date(query.until.as_deref())?, what_if: Vec::new() };
    list(&by, &state, &question, asked).await
}

/// List the sensors whose chains end, for what somebody might do now
///
/// It changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/forecast/sensors",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = ForecastSensorsQuestion,
    responses(
        (status = 200, body = ForecastSensors),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = SUPPOSED_NOT_FOUND),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = SUPPOSED_REFUSED),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `forecast_too_long`"),
    ),
)]
pub(crate) async fn forecast_sensors_what_if(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Body(question): Body<ForecastSensorsQuestion>,
) -> Result<Json<ForecastSensors>, Problem> {
    let ForecastSensorsQuestion { until, what_if, outcome, search: text, limit, cursor } = question;
    let asked = AskedSensors {
        outcome: outcome.map(Fate::from),
        search: search(text)?,
        after: Place::read(cursor.as_deref())?,
        limit: page::limit(limit.map(|limit| limit.to_string()).as_deref())?,
    };
    let what_if = what_if.into_iter().map(Supposed::from).collect();
    let question = Question { until: date(until.as_deref())?, what_if };
    list(&by, &state, &question, asked).await
}
