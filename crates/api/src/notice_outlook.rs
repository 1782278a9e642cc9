//! What the next mails of the License Manager will say.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenure_app::notice_outlook::{ComingMail, NoticeOutlook};
use tenure_domain::{Date, Instant};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::{ApiState, Problem, shapes};

/// A mail that will be written if nobody does anything.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComingNotice {
    /// What it is about: `month_before`, `expiration_day`.
    #[schema(value_type = shapes::ExpirationNotice)]
    kind: &'static str,
    /// When it is written.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// Of how many sensors it tells.
    sensors: usize,
    /// The first of their last covered dates.
    #[schema(value_type = String, format = Date)]
    first_expires_on: Date,
    /// The last of them.
    #[schema(value_type = String, format = Date)]
    last_expires_on: Date,
    /// How many will be renewed automatically from the pool.
    renews: usize,
    /// For how many no license is left.
    no_license: usize,
    /// How many have auto renewal off.
    stops: usize,
}

impl From<ComingMail> for ComingNotice {
    fn from(mail: ComingMail) -> Self {
        let ComingMail { kind, at, sensors, first_expires_on, last_expires_on, renews, no_license, stops } =
            mail;
        let kind = kind.name();
        Self { kind, at, sensors, first_expires_on, last_expires_on, renews, no_license, stops }
    }
}

/// Whether the pool has what the coming renewals need.
#[derive(Serialize, ToSchema)]
pub(crate) struct PoolNeed {
    /// Whether it has less.
    low: bool,
    /// How many licenses the renewals need by then.
    needed: usize,
    /// How many are in the pool.
    licenses_left: i64,
    /// The last local date that is looked at.
    #[schema(value_type = String, format = Date)]
    until: Date,
    /// How many days are looked ahead.
    days: u32,
}

/// What the next mails will say.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoticeForecast {
    /// Whether mail goes to a mail server; else it is put into a folder of the service.
    mail_by_smtp: bool,
    /// How many people are told of expirations.
    recipients: usize,
    /// When it was last found out whether somebody is to be told.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<Instant>,
    /// When it is found out next, if nobody does anything.
    #[schema(value_type = String, format = DateTime)]
    next_run_at: Instant,
    /// The mails of the next 62 days, the first one first.
    next: Vec<ComingNotice>,
    /// Whether the pool has what the coming renewals need.
    pool_low: PoolNeed,
}

/// Look ahead to the next mails
///
/// R29 to R32 played forward: when mails will be written, and of what they will tell.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/notice-outlook",
    tag = "notices",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = NoticeForecast)),
)]
pub(crate) async fn notice_outlook(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
) -> Result<Json<NoticeForecast>, Problem> {
    let outlook = state.app.notice_outlook(&by.ctx, by.organization).await?;
    let NoticeOutlook { recipients, last_run, next_run, next, pool } = outlook;
    Ok(Json(NoticeForecast {
        mail_by_smtp: state.info.mail_by_smtp,
        recipients,
        last_run_at: last_run,
        next_run_at: next_run,
        next: next.into_iter().map(ComingNotice::from).collect(),
        pool_low: PoolNeed {
            low: i64::try_from(pool.needed).is_ok_and(|needed| needed > pool.licenses_left),
            needed: pool.needed,
            licenses_left: pool.licenses_left,
            until: pool.until,
            days: tenure_domain::notice::POOL_DAYS,
        },
    }))
}
