//! Bringing sensors to expire around a common date.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::common_date::{Brought, Plan, PlanPreview, Wish};
use tenure_domain::common_date::Suggestion;
use tenure_domain::{Date, Held, Refusal, SensorId, Serial, Term};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::ahead::EndingSensor;
use crate::extract::{Body, parsed};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// Which sensors may come to share a date.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommonDateSensors {
    /// Each once.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
    sensor_ids: Vec<SensorId>,
    /// The license key, or its id, to take licenses of; the whole pool when nothing is said.
    key: Option<String>,
}

/// Which sensors are to expire around which date.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommonDateQuestion {
    /// Each once.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
    sensor_ids: Vec<SensorId>,
    /// The last local date that they are to be covered: today to 3660 days ahead.
    #[schema(value_type = String, format = Date)]
    date: String,
    /// The license key, or its id, to take licenses of; the whole pool when nothing is said.
    key: Option<String>,
}

/// Which sensors are to expire around which date, by the plan that was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommonDateWish {
    /// Each once.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000)]
    sensor_ids: Vec<SensorId>,
    /// The last local date that they are to be covered: today to 3660 days ahead.
    #[schema(value_type = String, format = Date)]
    date: String,
    /// The license key, or its id, to take licenses of; the whole pool when nothing is said.
    key: Option<String>,
    /// The `plan` of the preview. If another plan would be carried out, none is.
    #[schema(max_length = 100)]
    expected: String,
}

/// Dates that sensors may come to share.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommonDates {
    /// The best first.
    #[schema(max_items = 5)]
    items: Vec<CommonDate>,
}

/// A date that sensors may come to share.
#[derive(Serialize, ToSchema)]
struct CommonDate {
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// How many days would lie between the first end and the last.
    spread_days: u32,
    /// How many licenses it would take.
    licenses_needed: usize,
    /// How many sensors would be left without cover.
    uncovered: usize,
}

/// A license that a sensor is given.
#[derive(Serialize, ToSchema)]
struct CommonDateLicense {
    key: String,
    #[schema(value_type = String, example = "P1Y")]
    term: Term,
    /// The local date on which it begins.
    #[schema(value_type = String, format = Date)]
    activation_date: Date,
    /// The last local date that it covers.
    #[schema(value_type = String, format = Date)]
    expires_on: Date,
}

/// What one sensor is given.
#[derive(Serialize, ToSchema)]
struct CommonDateSensor {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    sensor_id: SensorId,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    name: String,
    /// The last date that it is covered without it; null for one that is not covered.
    #[schema(value_type = Option<String>, format = Date)]
    ends_on: Option<Date>,
    /// First to last; none when nothing brings it nearer.
    #[schema(max_items = 100)]
    licenses: Vec<CommonDateLicense>,
    /// The last date that it is then covered; null for one that is not covered and is given none.
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
    /// How many days that lies behind the common date; before it when negative.
    days_from_date: Option<i32>,
}

/// What has been done.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommonDateDone {
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// In the order in which sensors come when there are too few licenses (R14).
    items: Vec<CommonDateSensor>,
    /// How many licenses it took.
    licenses_needed: usize,
    /// How many licenses are left in the pool.
    licenses_left: i64,
}

/// What would be done.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommonDatePreview {
    #[schema(value_type = String, format = Date)]
    date: Date,
    /// What tells this plan from another, to be sent with the deed.
    plan: String,
    /// In the order in which sensors come when there are too few licenses (R14).
    items: Vec<CommonDateSensor>,
    /// How many licenses it takes.
    licenses_needed: usize,
    /// How many licenses would be left in the pool.
    licenses_left: i64,
    /// How many more licenses it would take if there were enough of each length.
    short: usize,
    /// How many days lie between the first end and the last of those that are covered now; null when none is.
    spread_days_before: Option<u32>,
    /// How many days would lie between the first end and the last; null when none is covered then.
    spread_days_after: Option<u32>,
    /// Who will go without a license within a year because of it, and would not else, in R14's order.
    goes_without: Vec<EndingSensor>,
}

fn license((Held { license, cover }, key): (Held, String)) -> CommonDateLicense {
    let (activation_date, expires_on) = (cover.activation_date, cover.expires_on);
    CommonDateLicense { key, term: license.term, activation_date, expires_on }
}

impl From<Brought> for CommonDateSensor {
    fn from(brought: Brought) -> Self {
        let Brought { sensor, ends_on, licenses, expires_on, days_from_date } = brought;
        Self {
            sensor_id: sensor.id,
            serial: sensor.serial,
            name: sensor.name,
            ends_on,
            licenses: licenses.into_iter().map(license).collect(),
            expires_on,
            days_from_date,
        }
    }
}

fn date(text: &str) -> Result<Date, Refusal> {
    let expected = "a date such as 2028-02-29";
    let date = parsed("date", Some(text), expected)?;
    date.ok_or_else(|| Refusal::Invalid { field: "date", expected: expected.to_owned() })
}

/// See which dates sensors may come to share
///
/// It changes nothing. Where the last of them ends now, or would with one or two licenses of the pool more: only dates
/// for which a license is given, and which bring the ends nearer to each other than they are. First those that leave the
/// fewest without cover, then those where the ends would lie nearest together.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/common-date/dates",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = CommonDateSensors,
    responses(
        (status = 200, body = CommonDates),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: there is no such organization, sensor or license key"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn suggest_common_dates(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(question): Body<CommonDateSensors>,
) -> Result<Json<CommonDates>, Problem> {
    let CommonDateSensors { sensor_ids, key } = question;
    let (app, organization) = (&state.app, by.organization);
    let found = app.suggest_common_dates(&by.ctx, organization, &sensor_ids, key.as_deref()).await?;
    let item = |found: Suggestion| {
        let Suggestion { date, uncovered, spread_days, licenses_needed } = found;
        CommonDate { date, spread_days, licenses_needed, uncovered }
    };
    Ok(Json(CommonDates { items: found.into_iter().map(item).collect() }))
}

/// See what bringing sensors to a common date would do
///
/// It changes nothing. Each sensor is given as many whole licenses of the pool as bring its end nearest to the date,
/// also none. For each alone there is nothing nearer; they choose in R14's order of what is left, so where licenses are
/// too few another distribution might be nearer on the whole.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/common-date/preview",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = CommonDateQuestion,
    responses(
        (status = 200, body = CommonDatePreview),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: there is no such organization, sensor or license key"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`chain_too_long`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn preview_common_date(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(question): Body<CommonDateQuestion>,
) -> Result<Json<CommonDatePreview>, Problem> {
    let date = date(&question.date)?;
    let wish = Wish { sensors: &question.sensor_ids, date, key: question.key.as_deref() };
    let preview = state.app.preview_common_date(&by.ctx, by.organization, wish).await?;
    let PlanPreview { plan, short, spread_before, spread_after, goes_without } = preview;
    let Plan { token, items, licenses_needed, licenses_left } = plan;
    Ok(Json(CommonDatePreview {
        date,
        plan: token,
        items: items.into_iter().map(CommonDateSensor::from).collect(),
        licenses_needed,
        licenses_left,
        short,
        spread_days_before: spread_before,
        spread_days_after: spread_after,
        goes_without: goes_without.into_iter().map(EndingSensor::from).collect(),
    }))
}

/// Bring sensors to a common date
///
/// All or none. It does what its preview shows, by the rules for giving licenses (R11); when that would be another plan
/// by now, it does nothing.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/common-date",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = CommonDateWish,
    responses(
        (status = 200, body = CommonDateDone),
        (status = 404, body = ProblemBody, content_type = "application/problem+json",
            description = "`not_found`: there is no such organization, sensor or license key"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`plan_changed`, `chain_too_long`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn bring_to_date(
    by: Member<access::ManageLicenses>,
    State(state): State<ApiState>,
    Body(wish): Body<CommonDateWish>,
) -> Result<Json<CommonDateDone>, Problem> {
    let CommonDateWish { sensor_ids, date: text, key, expected } = wish;
    let date = date(&text)?;
    let wish = Wish { sensors: &sensor_ids, date, key: key.as_deref() };
    let plan = state.app.bring_to_date(&by.ctx, by.organization, wish, &expected).await?;
    let Plan { items, licenses_needed, licenses_left, .. } = plan;
    let items = items.into_iter().map(CommonDateSensor::from).collect();
    Ok(Json(CommonDateDone { date, items, licenses_needed, licenses_left }))
}
