//! License keys: the list, one of them with its sum, its licenses, its history (R18).

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::Actor;
use tenure_app::list_keys::AskedKeys;
use tenure_app::rows::{Key as KeyRow, OfKey, Recorded, SensorOfKey, Tally};
use tenure_domain::id::{CodeKind, LicenseKind};
use tenure_domain::{CodeId, Date, Instant, LicenseId, Refusal, SensorId, Serial, Term};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{PathId, Query};
use crate::page;
use crate::problem::ProblemBody;
use crate::sensors::search;
use crate::{ApiState, Problem};

/// The state of a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LedgerState {
    /// In the pool.
    Available,
    /// On a sensor, behind another license.
    Queued,
    /// On a sensor, covering it now.
    Active,
    /// Its interval is over.
    Ended,
    /// Its sensor was removed while it was active (R21).
    Released,
    /// The operator took it back (R5).
    Revoked,
}

impl LedgerState {
    const ALL: [Self; 6] =
        [Self::Available, Self::Queued, Self::Active, Self::Ended, Self::Released, Self::Revoked];

    const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Queued => "queued",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::Released => "released",
            Self::Revoked => "revoked",
        }
    }
}

impl FromStr for LedgerState {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let found = Self::ALL.into_iter().find(|state| state.name() == text);
        let expected = || Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| Refusal::Invalid { field: "state", expected: expected() })
    }
}

/// Which license keys are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeysQuery {
    /// Only those with this in the order or in the address of who redeemed them, or with at least four characters of
    /// the key itself, in any grouping.
    #[param(max_length = 100)]
    search: Option<String>,
    /// Only those that have a license in this state.
    #[param(value_type = Option<LedgerState>)]
    state: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A license key. Its licenses are all in one of the six states: `licenses` is the sum of the six counts (R18).
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseKeyLedger)]
pub(crate) struct KeyBody {
    #[schema(value_type = String, example = "cod_01jxgb66p004hmasw9nf6yy093")]
    id: CodeId,
    /// Its text (R2).
    key: String,
    /// The order that it was issued for, in the vendor's words.
    order: Option<String>,
    licenses: u32,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    #[schema(value_type = String, format = DateTime)]
    redeemed_at: Instant,
    /// An e-mail address, or what the audit trail writes.
    redeemed_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Instant>,
    #[schema(minimum = 0)]
    available: i64,
    #[schema(minimum = 0)]
    queued: i64,
    #[schema(minimum = 0)]
    active: i64,
    #[schema(minimum = 0)]
    ended: i64,
    #[schema(minimum = 0)]
    released: i64,
    #[schema(minimum = 0)]
    revoked: i64,
    /// The first last date of its active and queued licenses.
    #[schema(value_type = Option<String>, format = Date)]
    first_expires_on: Option<Date>,
    /// The last one.
    #[schema(value_type = Option<String>, format = Date)]
    last_expires_on: Option<Date>,
}

impl KeyBody {
    /// None of a code that nobody has redeemed, which is no key.
    fn new(row: KeyRow) -> Option<Self> {
        let KeyRow { code, first_expires_on, last_expires_on } = row;
        let redemption = code.redemption?;
        let Tally { available, queued, active, ended, released, revoked } = code.tally;
        Some(Self {
            id: code.id,
            key: redemption.key,
            order: code.order,
            licenses: code.licenses,
            term: code.term,
            redeemed_at: redemption.at,
            redeemed_by: Actor::person(&redemption.by).to_owned(),
            revoked_at: code.revoked_at,
            available,
            queued,
            active,
            ended,
            released,
            revoked,
            first_expires_on,
            last_expires_on,
        })
    }
}

/// A page of license keys.
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseKeyPage)]
pub(crate) struct KeyPage {
    /// The last redeemed first.
    items: Vec<KeyBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page of keys ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyCursor {
    redeemed_at: Instant,
    id: CodeId,
}

/// List the license keys
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/license-keys",
    tag = "licenses",
    params(("organization_id" = String, Path, description = "The organization"), KeysQuery),
    responses(
        (status = 200, body = KeyPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn license_keys(
    by: Member<access::ReadLicenses>,
    State(state): State<ApiState>,
    Query(query): Query<KeysQuery>,
) -> Result<Json<KeyPage>, Problem> {
    let asked = AskedKeys {
        search: search(query.search)?,
        state: query.state.map(|state| state.parse::<LedgerState>()).transpose()?.map(LedgerState::name),
        after: page::place::<KeyCursor>(query.cursor.as_deref())?.map(|at| (at.redeemed_at, at.id)),
        limit: page::limit(query.limit.as_deref())?,
    };
    let (keys, place) = state.app.list_keys(&by.ctx, by.organization, asked).await?;
    let cursor = place.map(|(redeemed_at, id)| page::cursor(&KeyCursor { redeemed_at, id }));
    Ok(Json(KeyPage {
        items: keys.into_iter().filter_map(KeyBody::new).collect(),
        next_cursor: cursor.transpose()?,
    }))
}

/// Read a license key
///
/// Its sum (R18): `licenses` = `available` + `queued` + `active` + `ended` + `released` + `revoked`.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("activation_code_id" = String, Path, description = "The license key"),
    ),
    responses((status = 200, body = KeyBody)),
)]
pub(crate) async fn license_key(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<CodeKind>,
    State(state): State<ApiState>,
) -> Result<Json<KeyBody>, Problem> {
    let key = state.app.key(&by.ctx, by.organization, id).await?;
    KeyBody::new(key).map(Json).ok_or_else(Problem::internal)
}

/// Which of a key's licenses are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfKeyQuery {
    /// Only those in this state.
    #[param(value_type = Option<LedgerState>)]
    state: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The sensor that a license is or was on.
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseKeySensor)]
struct SensorBody {
    #[schema(value_type = String, example = "sen_01jxgb66p004hmasw9nf6yy093")]
    id: SensorId,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    name: String,
    /// When it was removed (R21); null while it is in the organization.
    #[schema(value_type = Option<String>, format = DateTime)]
    removed_at: Option<Instant>,
}

/// A license of a key.
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseOfKey)]
pub(crate) struct OfKeyBody {
    #[schema(value_type = String, example = "lic_01jxgb66p004hmasw9nf6yy093")]
    license_id: LicenseId,
    /// Its number in its key, from 1.
    #[schema(minimum = 1)]
    number: u32,
    state: LedgerState,
    /// Null in the pool, and of one that was revoked there or in a queue.
    sensor: Option<SensorBody>,
    /// The local date on which it began or will begin.
    #[schema(value_type = Option<String>, format = Date)]
    activation_date: Option<Date>,
    /// The last local date that it covers.
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Instant>,
    /// The first instant that it does not cover any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Instant>,
}

impl From<OfKey> for OfKeyBody {
    fn from(OfKey { recorded: Recorded { license, state }, sensor }: OfKey) -> Self {
        let cover = state.placed().map(|placed| placed.cover);
        let named =
            |SensorOfKey { id, serial, name, removed_at }| SensorBody { id, serial, name, removed_at };
        Self {
            license_id: license.id,
            number: license.number,
            state: match state {
                tenure_domain::State::Available => LedgerState::Available,
                tenure_domain::State::Queued(_) => LedgerState::Queued,
                tenure_domain::State::Active(_) => LedgerState::Active,
                tenure_domain::State::Ended(_) => LedgerState::Ended,
                tenure_domain::State::Released(_) => LedgerState::Released,
                tenure_domain::State::Revoked(_) => LedgerState::Revoked,
            },
            sensor: sensor.map(named),
            activation_date: cover.map(|cover| cover.activation_date),
            expires_on: cover.map(|cover| cover.expires_on),
            starts_at: cover.map(|cover| cover.starts),
            ends_at: cover.map(|cover| cover.ends),
        }
    }
}

/// A page of a key's licenses.
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseOfKeyPage)]
pub(crate) struct OfKeyPage {
    /// By their number.
    items: Vec<OfKeyBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page of licenses ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberCursor {
    number: u32,
}

/// List a license key's licenses
///
/// Each with its state, and the sensor that it is or was on. A license that was given on has the last sensor; its whole
/// way is in the key's audit trail.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}/licenses",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("activation_code_id" = String, Path, description = "The license key"),
        OfKeyQuery,
    ),
    responses(
        (status = 200, body = OfKeyPage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn licenses_of_key(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<CodeKind>,
    State(state): State<ApiState>,
    Query(query): Query<OfKeyQuery>,
) -> Result<Json<OfKeyPage>, Problem> {
    let only = query.state.map(|state| state.parse::<LedgerState>()).transpose()?.map(LedgerState::name);
    let after = page::place::<NumberCursor>(query.cursor.as_deref())?.map_or(0, |cursor| cursor.number);
    let limit = page::limit(query.limit.as_deref())?;
    let (licenses, place) =
        state.app.licenses_of_key(&by.ctx, by.organization, id, only, after, limit).await?;
    Ok(Json(OfKeyPage {
        items: licenses.into_iter().map(OfKeyBody::from).collect(),
        next_cursor: place.map(|number| page::cursor(&NumberCursor { number })).transpose()?,
    }))
}

/// Read a license of a license key
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/license-keys/{activation_code_id}/licenses/{license_id}",
    tag = "licenses",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("activation_code_id" = String, Path, description = "The license key"),
        ("license_id" = String, Path, description = "The license"),
    ),
    responses((status = 200, body = OfKeyBody)),
)]
pub(crate) async fn license_of_key(
    by: Member<access::ReadLicenses>,
    PathId(id): PathId<CodeKind>,
    PathId(license): PathId<LicenseKind>,
    State(state): State<ApiState>,
) -> Result<Json<OfKeyBody>, Problem> {
    Ok(Json(state.app.license_of_key(&by.ctx, by.organization, id, license).await?.into()))
}
