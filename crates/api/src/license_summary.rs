//! The License Manager's head.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenure_app::Actor;
use tenure_app::rows::{Code, StandingCounts, Tally};
use tenure_domain::{CodeId, Date, Instant, Term};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::{ApiState, Problem};

/// How many licenses are left, and how the sensors stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicenseSummary {
    /// How many licenses are in the pool.
    licenses_left: i64,
    /// The same by term.
    #[schema(example = json!({ "P2Y": 5 }))]
    by_term: BTreeMap<String, i64>,
    sensors: SummaryCounts,
    /// The organization's license keys, oldest issue first.
    keys: Vec<Key>,
    /// Today in the organization's zone.
    #[schema(value_type = String, format = Date)]
    today: Date,
    /// That zone's IANA name.
    time_zone: String,
}

/// How many sensors stand how.
#[derive(Serialize, ToSchema)]
struct SummaryCounts {
    covered: i64,
    expiring: i64,
    expired: i64,
    unlicensed: i64,
}

/// A license key with its ledger: its licenses are all in one of the six states (R18).
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseKey)]
struct Key {
    #[schema(value_type = String)]
    id: CodeId,
    /// The text of the key.
    key: Option<String>,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    licenses: u32,
    available: i64,
    queued: i64,
    active: i64,
    ended: i64,
    /// Left behind by removed sensors, and still running (R21).
    released: i64,
    revoked: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    redeemed_at: Option<Instant>,
    /// An e-mail address, or what the audit trail writes.
    redeemed_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Instant>,
}

impl From<Code> for Key {
    fn from(code: Code) -> Self {
        let Code { id, licenses, term, revoked_at, redemption, tally, .. } = code;
        let Tally { available, queued, active, ended, released, revoked } = tally;
        let redeemed_at = redemption.as_ref().map(|redemption| redemption.at);
        let redeemed_by = redemption.as_ref().map(|redemption| Actor::person(&redemption.by).to_owned());
        let key = redemption.map(|redemption| redemption.key);
        Self {
            id,
            key,
            term,
            licenses,
            available,
            queued,
            active,
            ended,
            released,
            revoked,
            redeemed_at,
            redeemed_by,
            revoked_at,
        }
    }
}

/// Read the licenses left and how the sensors stand
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/license-summary",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = LicenseSummary)),
)]
pub(crate) async fn license_summary(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
) -> Result<Json<LicenseSummary>, Problem> {
    let summary = state.app.summarize(&by.ctx, by.organization).await?;
    let StandingCounts { covered, expiring, expired, unlicensed } = summary.sensors;
    Ok(Json(LicenseSummary {
        licenses_left: summary.licenses_left,
        by_term: summary.by_term.into_iter().map(|(term, count)| (term.to_string(), count)).collect(),
        sensors: SummaryCounts { covered, expiring, expired, unlicensed },
        keys: summary.keys.into_iter().map(Key::from).collect(),
        today: summary.today,
        time_zone: summary.zone.name().to_owned(),
    }))
}
