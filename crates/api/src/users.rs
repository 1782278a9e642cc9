//! The users of an organization.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::{App, rows, tag};
use tenure_domain::id::UserKind;
use tenure_domain::{Instant, Role, UserId};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::etag::Tagged;
use crate::extract::{Body, PathId, Query};
use crate::page::{self, PageQuery};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// A user of the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    #[schema(value_type = String, example = "usr_01jxgb66p004hmasw9nf6yy093")]
    id: UserId,
    #[schema(example = "ana@harbor.example")]
    email: String,
    /// Empty when they have not told it.
    name: String,
    /// The language of their screens and mails, ISO 639-1.
    #[schema(value_type = shapes::Language, example = "en")]
    language: String,
    #[schema(value_type = shapes::Role, example = "manager")]
    role: Role,
    /// Since when they are in the organization.
    #[schema(value_type = String, format = DateTime)]
    since: Instant,
    /// When they were last logged in, to the minute; null if never.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Instant>,
    /// Whether logging in asks them for a one-time code.
    one_time_codes: bool,
    /// By which a change says what it is a change of, in `If-Match`.
    #[schema(example = "q8ZcXQ2vJ0n1rT5w")]
    etag: String,
}

impl MemberBody {
    fn new(app: &App, member: rows::Member) -> Self {
        let etag = app.tag(tag::Tagged::Member(&member));
        let rows::Member { id, email, name, language, role, since, last_seen_at, one_time_codes } = member;
        Self { id, email, name, language, role, since, last_seen_at, one_time_codes, etag }
    }
}

/// The organization's users.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberList {
    /// By e-mail address.
    items: Vec<MemberBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// What is to be changed of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberPatch {
    /// `administrator`, `manager` or `analyst`.
    #[schema(value_type = shapes::Role, example = "manager")]
    role: Role,
}

/// List the users
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/users",
    tag = "users",
    params(("organization_id" = String, Path, description = "The organization"), PageQuery),
    responses((status = 200, body = MemberList)),
)]
pub(crate) async fn list_users(
    by: Member<access::ReadUsers>,
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<MemberList>, Problem> {
    let (after, limit) = query.read()?;
    let (members, end) = state.app.list_users(by.organization, after, limit).await?;
    Ok(Json(MemberList {
        items: members.into_iter().map(|member| MemberBody::new(&state.app, member)).collect(),
        next_cursor: end.map(|end| page::cursor(&end)).transpose()?,
    }))
}

/// Read a user
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/users/{user_id}",
    tag = "users",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("user_id" = String, Path, description = "The user"),
    ),
    responses((status = 200, body = MemberBody)),
)]
pub(crate) async fn get_user(
    by: Member<access::ReadUsers>,
    PathId(id): PathId<UserKind>,
    State(state): State<ApiState>,
) -> Result<Tagged<MemberBody>, Problem> {
    let member = MemberBody::new(&state.app, state.app.user(by.organization, id).await?);
    Ok(Tagged { tag: member.etag.clone(), body: member })
}

/// Change a user's role
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{organization_id}/users/{user_id}",
    tag = "users",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("user_id" = String, Path, description = "The user"),
    ),
    request_body = MemberPatch,
    responses(
        (status = 200, body = MemberBody),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`last_administrator`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn patch_user(
    by: Member<access::ManageUsers>,
    PathId(id): PathId<UserKind>,
    State(state): State<ApiState>,
    Body(MemberPatch { role }): Body<MemberPatch>,
) -> Result<Tagged<MemberBody>, Problem> {
    let member = state.app.change_role(&by.ctx, by.organization, id, role).await?;
    let member = MemberBody::new(&state.app, member);
    Ok(Tagged { tag: member.etag.clone(), body: member })
}

/// Remove a user from the organization
///
/// Their API tokens of this organization open nothing any more.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/users/{user_id}",
    tag = "users",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("user_id" = String, Path, description = "The user"),
    ),
    responses(
        (status = 204, description = "They are no member any more"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`last_administrator`"),
    ),
)]
pub(crate) async fn remove_user(
    by: Member<access::ManageUsers>,
    PathId(id): PathId<UserKind>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    state.app.remove_user(&by.ctx, by.organization, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
