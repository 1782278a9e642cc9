//! Activation codes from the operator's side: issuing, listing and revoking them.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::Actor;
use tenure_app::cut;
use tenure_app::issue_code::Order;
use tenure_app::revoke_code::Revoked;
use tenure_app::rows::{Code, Tally};
use tenure_domain::id::CodeKind;
use tenure_domain::{CodeId, Date, Instant, OrganizationId, SensorId, Serial, Term};
use utoipa::{IntoParams, ToSchema};

use crate::access::Operator;
use crate::extract::{Body, OptionalBody, PathId, Query, parsed};
use crate::made::Made;
use crate::operator_organizations::NamedOrganization;
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem};

/// An order for which a code is to be issued.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCode {
    /// 1 to 100000.
    #[schema(example = 100, minimum = 1, maximum = 100_000)]
    licenses: u32,
    /// How long each license lasts, an ISO 8601 duration of years, months, weeks and days.
    #[schema(example = "P2Y")]
    term: String,
    /// The order, in your words, at most 200 characters.
    order: Option<String>,
    /// The last date, in the redeeming organization's zone, on which the code can be redeemed.
    #[schema(value_type = Option<String>, format = Date)]
    redeem_by: Option<String>,
}

/// A code that was issued.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedCode {
    #[schema(value_type = String, example = "cod_01jxgb66p004hmasw9nf6yy093")]
    id: CodeId,
    /// The code. It is not stored and cannot be shown again (R2).
    #[schema(example = "7K3QD-M8V2X-0PZRT-5HNWJ-C4YBF")]
    code: String,
    licenses: u32,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
}

/// Issue an activation code
#[utoipa::path(
    post,
    path = "/api/v1/operator/activation-codes",
    tag = "operator",
    request_body = NewCode,
    responses(
        (status = 201, body = IssuedCode),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`term_malformed`, `invalid`"),
    ),
)]
pub(crate) async fn issue_code(
    by: Operator,
    State(state): State<ApiState>,
    Body(new): Body<NewCode>,
) -> Result<Made<IssuedCode>, Problem> {
    let NewCode { licenses, term, order, redeem_by } = new;
    let term: Term = term.parse()?;
    let redeem_by = parsed("redeem_by", redeem_by.as_deref(), "a date such as 2028-02-29")?;
    let issued = state.app.issue_code(&by.ctx, Order { licenses, term, order, redeem_by }).await?;
    let issued = IssuedCode { id: issued.id, code: issued.code.to_string(), licenses, term };
    Ok(Made::new(format!("/api/v1/operator/activation-codes/{}", issued.id), issued))
}

/// Which page of codes is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CodesQuery {
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of codes, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct CodePage {
    items: Vec<CodeBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// A code, without its text (R2).
#[derive(Serialize, ToSchema)]
#[schema(as = OperatorCode)]
pub(crate) struct CodeBody {
    #[schema(value_type = String)]
    id: CodeId,
    licenses: u32,
    #[schema(value_type = String, example = "P2Y")]
    term: Term,
    order: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    redeem_by: Option<Date>,
    #[schema(value_type = String, format = DateTime)]
    issued_at: Instant,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Instant>,
    redemption: Option<CodeRedemption>,
    available: i64,
    queued: i64,
    active: i64,
    ended: i64,
    /// Left behind by removed sensors, and still running (R21).
    released: i64,
    revoked: i64,
}

/// Who has redeemed a code.
#[derive(Serialize, ToSchema)]
struct CodeRedemption {
    #[schema(value_type = String)]
    organization_id: OrganizationId,
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    by: String,
}

impl From<Code> for CodeBody {
    fn from(code: Code) -> Self {
        let Code { id, licenses, term, order, redeem_by, issued_at, revoked_at, redemption, tally } = code;
        let Tally { available, queued, active, ended, released, revoked } = tally;
        let redemption = redemption.map(|redemption| CodeRedemption {
            organization_id: redemption.organization,
            at: redemption.at,
            by: Actor::person(&redemption.by).to_owned(),
        });
        Self {
            id,
            licenses,
            term,
            order,
            redeem_by,
            issued_at,
            revoked_at,
            redemption,
            available,
            queued,
            active,
            ended,
            released,
            revoked,
        }
    }
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    before: CodeId,
}

/// List the activation codes
#[utoipa::path(
    get,
    path = "/api/v1/operator/activation-codes",
    tag = "operator",
    params(CodesQuery),
    responses(
        (status = 200, body = CodePage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_codes(
    _: Operator,
    State(state): State<ApiState>,
    Query(query): Query<CodesQuery>,
) -> Result<Json<CodePage>, Problem> {
    let limit = page::limit(query.limit.as_deref())?;
    let before = page::place(query.cursor.as_deref())?.map(|Cursor { before }| before);
    let codes = state.app.list_codes(before, limit.saturating_add(1)).await?;
    let (codes, end) = cut(codes, limit, |code| page::cursor(&Cursor { before: code.id }));
    Ok(Json(CodePage {
        items: codes.into_iter().map(CodeBody::from).collect(),
        next_cursor: end.transpose()?,
    }))
}

/// Read an activation code
///
/// Its text cannot be shown again (R2).
#[utoipa::path(
    get,
    path = "/api/v1/operator/activation-codes/{activation_code_id}",
    tag = "operator",
    params(("activation_code_id" = String, Path, description = "The code's id")),
    responses((status = 200, body = CodeBody)),
)]
pub(crate) async fn get_code(
    _: Operator,
    PathId(id): PathId<CodeKind>,
    State(state): State<ApiState>,
) -> Result<Json<CodeBody>, Problem> {
    Ok(Json(state.app.code(id).await?.into()))
}

/// How a code is to be revoked.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRevocation {
    /// Whether its active licenses end at once (R5); false when nothing is said.
    end_active: Option<bool>,
}

/// What revoking has done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revocation {
    /// Whether the code was revoked before.
    was_revoked: bool,
    /// How many of its licenses are revoked by now.
    revoked: i64,
    /// How many still cover a sensor until their end.
    still_active: i64,
    /// How many are left behind by removed sensors, and still run until their end (R21).
    still_released: i64,
}

/// Revoke an activation code
///
/// Not redeemed, it can no longer be. Redeemed, its licenses in the pool and in queues are revoked, and the active
/// ones as well with `end_active` (R5).
#[utoipa::path(
    post,
    path = "/api/v1/operator/activation-codes/{activation_code_id}/revocation",
    tag = "operator",
    params(("activation_code_id" = String, Path, description = "The code's id")),
    request_body = Option<NewRevocation>,
    responses((status = 200, body = Revocation)),
)]
pub(crate) async fn revoke_code(
    by: Operator,
    PathId(id): PathId<CodeKind>,
    State(state): State<ApiState>,
    OptionalBody(revocation): OptionalBody<NewRevocation>,
) -> Result<Json<Revocation>, Problem> {
    let end_active = revocation.end_active.unwrap_or(false);
    let Revoked { was_revoked, revoked, still_active, still_released } =
        state.app.revoke_code(&by.ctx, id, end_active).await?;
    Ok(Json(Revocation { was_revoked, revoked, still_active, still_released }))
}

/// How many sensors a preview names.
const MOST_NAMED: usize = 50;

/// What revoking a code would do. All is zero, and the organization null, while nobody has redeemed it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevocationPreview {
    /// How many of its licenses are in the pool: they are revoked.
    available: i64,
    /// How many are queued: they are revoked.
    queued: i64,
    /// How many cover a sensor: they end at once with `end_active`, and else run to their end.
    active: i64,
    /// How many are left behind by removed sensors: they are treated as the active ones (R21).
    released: i64,
    organization: Option<NamedOrganization>,
    /// How many sensors have no cover any more once it is done.
    sensors_losing_cover: usize,
    /// The first 50 of them.
    sensors: Vec<LosingCover>,
}

/// A sensor that loses its cover.
#[derive(Serialize, ToSchema)]
struct LosingCover {
    #[schema(value_type = String)]
    id: SensorId,
    #[schema(value_type = String, example = "282c02424eed")]
    serial: Serial,
    name: String,
}

/// See what revoking an activation code would do
#[utoipa::path(
    post,
    path = "/api/v1/operator/activation-codes/{activation_code_id}/revocation/preview",
    tag = "operator",
    params(("activation_code_id" = String, Path, description = "The code's id")),
    request_body = Option<NewRevocation>,
    responses((status = 200, body = RevocationPreview)),
)]
pub(crate) async fn preview_revocation(
    by: Operator,
    PathId(id): PathId<CodeKind>,
    State(state): State<ApiState>,
    OptionalBody(revocation): OptionalBody<NewRevocation>,
) -> Result<Json<RevocationPreview>, Problem> {
    let end_active = revocation.end_active.unwrap_or(false);
    let preview = state.app.preview_revocation(&by.ctx, id, end_active).await?;
    let named = preview.losing_cover.iter().take(MOST_NAMED);
    Ok(Json(RevocationPreview {
        available: preview.available,
        queued: preview.queued,
        active: preview.active,
        released: preview.released,
        organization: preview.organization.map(|(id, name)| NamedOrganization { id, name }),
        sensors_losing_cover: preview.losing_cover.len(),
        sensors: named
            .map(|(id, serial, name)| LosingCover { id: *id, serial: *serial, name: name.clone() })
            .collect(),
    }))
}
