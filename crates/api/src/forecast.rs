//! The forecast: what happens over months, what would if somebody did something now, and what to buy.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::forecast::{Compared, Foretold, Question, Supposed, ToBuy};
use tenure_domain::forecast::{Counts, Month};
use tenure_domain::{Date, Refusal, SensorId, Serial, Term};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{Body, Query, parsed};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// What 404 and 409 say where something is supposed.
pub(crate) const SUPPOSED_NOT_FOUND: &str =
    "`not_found`: there is no such organization, sensor or license key";
pub(crate) const SUPPOSED_REFUSED: &str = "What is supposed would be refused: `no_license_left`, `key_not_available`, \
    `chain_too_long`, `serial_already_added`, `serial_in_use_elsewhere`";

/// How far to look, and what is bought.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForecastQuery {
    /// The last local date to look at: today to 1100 days ahead, a year ahead when nothing is said.
    #[param(value_type = Option<String>, format = Date)]
    until: Option<String>,
    /// The term of the licenses in `to_buy`; when nothing is said the one of most licenses that the organization has had.
    #[param(value_type = Option<String>, example = "P2Y")]
    term: Option<String>,
}

/// Something that somebody might do now.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum WhatIf {
    /// Redeem a code. Its licenses enter the pool last (R13), and sensors that wait take first (R15).
    Redeem {
        /// All steps together, 100000 at the most.
        #[schema(minimum = 1, maximum = 100_000)]
        licenses: u32,
        /// How long each lasts.
        #[schema(value_type = String, example = "P2Y")]
        term: Term,
    },
    /// Switch the auto renewal of sensors. An expired one that is switched on renews at once (R12).
    AutoRenewal {
        /// Each once.
        #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
        sensor_ids: Vec<SensorId>,
        /// On or off.
        on: bool,
    },
    /// Give each of these sensors a license, in their order (R11).
    Assign {
        /// Each once.
        #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
        sensor_ids: Vec<SensorId>,
        /// The license key, or its id, to take the licenses of; those that are next when nothing is said (R13).
        key: Option<String>,
    },
    /// Remove sensors, one after the other (R21).
    Remove {
        /// Each once.
        #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
        sensor_ids: Vec<SensorId>,
    },
    /// Replace a sensor (R20). No date changes.
    Replace {
        /// The sensor.
        #[schema(value_type = String)]
        sensor_id: SensorId,
        /// The serial number of the new one.
        #[schema(value_type = String, pattern = "^[0-9A-Fa-f]{12}$", example = "282c02424eed")]
        serial: Serial,
    },
}

impl From<WhatIf> for Supposed {
    fn from(step: WhatIf) -> Self {
        match step {
            WhatIf::Redeem { licenses, term } => Self::Redeem { licenses, term },
            WhatIf::AutoRenewal { sensor_ids, on } => Self::AutoRenewal { sensors: sensor_ids, on },
            WhatIf::Assign { sensor_ids, key } => Self::Assign { sensors: sensor_ids, key },
            WhatIf::Remove { sensor_ids } => Self::Remove { sensors: sensor_ids },
            WhatIf::Replace { sensor_id, serial } => Self::Replace { sensor: sensor_id, serial },
        }
    }
}

/// How far to look, what is bought, and what somebody might do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForecastQuestion {
    /// The last local date to look at: today to 1100 days ahead, a year ahead when nothing is said.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<String>,
    /// The term of the licenses in `to_buy`; when nothing is said the one of most licenses that the organization has had.
    #[schema(value_type = Option<String>, example = "P2Y")]
    term: Option<String>,
    /// What somebody might do now, one step after the other.
    #[serde(default)]
    #[schema(max_items = 20)]
    what_if: Vec<WhatIf>,
}

/// What happens up to the end of a day.
#[derive(Serialize, ToSchema)]
pub(crate) struct Forecast {
    /// Today.
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// The last local date that is looked at, to its end.
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// How many licenses are in the pool now, after what is supposed.
    licenses_left: usize,
    /// How many sensors are covered now, after what is supposed.
    covered: usize,
    /// How many expired sensors with auto renewal wait for a license now, after what is supposed (R15).
    waiting: usize,
    /// How many sensors take a license at once by what is supposed (R12, R15).
    renewed_now: usize,
    /// The months of the span, also those in which nothing happens. What ends counts on its last covered date.
    months: Vec<ForecastMonth>,
    /// The days on which the last license of some chain ends.
    days: Vec<ForecastDay>,
    /// The term of the licenses in `to_buy`; null while the organization has had no license, so that nothing is known
    /// of what it uses.
    #[schema(value_type = Option<String>, example = "P2Y")]
    term: Option<Term>,
    /// What to buy so that no sensor with auto renewal is without a license up to the end of `until`. It is exact: with
    /// all of it nobody is, with one license less in any group somebody is.
    to_buy: Vec<Purchase>,
    lapses: Lapses,
    /// What is supposed, against doing nothing; null when nothing is supposed.
    compared: Option<Comparison>,
}

/// A month of the forecast.
#[derive(Serialize, ToSchema)]
struct ForecastMonth {
    #[schema(example = "2027-01", pattern = "^[0-9]{4}-[0-9]{2}$")]
    month: String,
    /// How often the last license of a chain ends: `renewals`, `goes_without` and `stops` together.
    expirations: usize,
    /// How often a sensor then takes a license of the pool.
    renewals: usize,
    /// How often the next license of a queue begins. The chain goes on.
    queue_starts: usize,
    /// How many sensors find no license.
    goes_without: usize,
    /// How many sensors stop, for their auto renewal is off.
    stops: usize,
    /// How many licenses are left when the month, or the span, is over.
    licenses_left: usize,
    /// How many sensors are covered when the month, or the span, is over.
    covered: usize,
}

/// A day on which chains end.
#[derive(Serialize, ToSchema)]
struct ForecastDay {
    /// The last covered date of what ends.
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// How often the last license of a chain ends: `renews`, `goes_without` and `stops` together.
    ends: usize,
    /// How often a sensor then takes a license of the pool.
    renews: usize,
    /// How many sensors find no license.
    goes_without: usize,
    /// How many sensors stop, for their auto renewal is off.
    stops: usize,
}

/// Licenses that are to be bought.
#[derive(Serialize, ToSchema)]
#[schema(as = ForecastPurchase)]
struct Purchase {
    /// The last covered date of the first sensor that would go without but for this group, in its month. It is in time
    /// when the code is redeemed at the start of that day. Today, for sensors that wait already: they take first (R15).
    #[schema(value_type = String, format = Date)]
    by: Date,
    /// How many licenses.
    licenses: usize,
    /// How long each lasts.
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    /// How many licenses these are with those of the groups before.
    cumulative: usize,
}

/// Sensors that find no license.
#[derive(Serialize, ToSchema)]
#[schema(as = ForecastLapses)]
struct Lapses {
    /// How many sensors find no license in the span. Those that wait already are not among them.
    count: usize,
    /// The last covered date of the first of them.
    #[schema(value_type = Option<String>, format = Date)]
    first_on: Option<Date>,
}

/// What is supposed against doing nothing: the sensors with auto renewal that are without a license when the span is
/// over, those included that wait already.
#[derive(Serialize, ToSchema)]
#[schema(as = ForecastComparison)]
struct Comparison {
    /// How many there are when nothing is done.
    goes_without_before: usize,
    /// How many there are when it is done.
    goes_without_after: usize,
    /// How many sensors would be without, and are covered.
    saved: usize,
    /// How many sensors would not be without, and are.
    lost: usize,
}

impl From<Month> for ForecastMonth {
    fn from(Month { first, counts, licenses_left, covered }: Month) -> Self {
        Self {
            month: first.strftime("%Y-%m").to_string(),
            expirations: counts.ends(),
            renewals: counts.renews,
            queue_starts: counts.queue_starts,
            goes_without: counts.goes_without,
            stops: counts.stops,
            licenses_left,
            covered,
        }
    }
}

impl From<Foretold> for Forecast {
    fn from(told: Foretold) -> Self {
        let day = |(date, counts): (Date, Counts)| {
            let Counts { renews, goes_without, stops, .. } = counts;
            ForecastDay { date, ends: counts.ends(), renews, goes_without, stops }
        };
        let purchase = |ToBuy { by, licenses, term, cumulative }| Purchase { by, licenses, term, cumulative };
        let comparison = |compared: Compared| {
            let Compared { goes_without_before, goes_without_after, saved, lost } = compared;
            Comparison { goes_without_before, goes_without_after, saved, lost }
        };
        Self {
            from: told.from,
            until: told.until,
            licenses_left: told.licenses_left,
            covered: told.covered,
            waiting: told.waiting,
            renewed_now: told.renewed_now,
            months: told.months.into_iter().map(ForecastMonth::from).collect(),
            days: told.days.into_iter().filter(|(_, counts)| counts.ends() > 0).map(day).collect(),
            term: told.term,
            to_buy: told.to_buy.into_iter().map(purchase).collect(),
            lapses: Lapses { count: told.lapses, first_on: told.first_lapse_on },
            compared: told.compared.map(comparison),
        }
    }
}

pub(crate) fn date(text: Option<&str>) -> Result<Option<Date>, Refusal> {
    parsed("until", text, "a date such as 2028-02-29")
}

async fn tell(
    by: &Member<access::ReadLicenses>,
    state: &ApiState,
    question: ForecastQuestion,
) -> Result<Json<Forecast>, Problem> {
    let term = question.term.as_deref().map(str::parse).transpose()?;
    let what_if = question.what_if.into_iter().map(Supposed::from).collect();
    let question = Question { until: date(question.until.as_deref())?, what_if };
    let told = state.app.forecast(&by.ctx, by.organization, &question, term).await?;
    Ok(Json(Forecast::from(told)))
}

/// Read the forecast
///
/// The rules R12 to R16 played forward from now to the end of a day, as if nobody did anything.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/forecast",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization"), ForecastQuery),
    responses(
        (status = 200, body = Forecast),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `term_malformed`, `forecast_too_long`, `query_malformed`"),
    ),
)]
pub(crate) async fn forecast(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Query(query): Query<ForecastQuery>,
) -> Result<Json<Forecast>, Problem> {
    let ForecastQuery { until, term } = query;
    tell(&by, &state, ForecastQuestion { until, term, what_if: Vec::new() }).await
}

/// Read the forecast for what somebody might do now
///
/// It changes nothing. The steps are done to copies, one after the other; then the rules are played forward.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/forecast",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = ForecastQuestion,
    responses(
        (status = 200, body = Forecast),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = SUPPOSED_NOT_FOUND),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = SUPPOSED_REFUSED),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `term_malformed`, `forecast_too_long`"),
    ),
)]
pub(crate) async fn forecast_what_if(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Body(question): Body<ForecastQuestion>,
) -> Result<Json<Forecast>, Problem> {
    tell(&by, &state, question).await
}
