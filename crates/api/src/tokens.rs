//! API tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenure_app::{create_token, rows};
use tenure_domain::id::TokenKind;
use tenure_domain::{Instant, Role, TokenId};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::extract::{OptionalBody, PathId, Query};
use crate::made::Made;
use crate::page::{self, PageQuery};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// An API token.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    #[schema(value_type = String, example = "tok_01jxgb66p004hmasw9nf6yy093")]
    id: TokenId,
    /// The address of the user whose role it carries.
    email: String,
    /// What it is for, in words; may be empty.
    name: String,
    /// What it may today: the user's role, or the lesser one that it was given.
    #[schema(value_type = shapes::Role, example = "manager")]
    role: Role,
    read_only: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When it was last used, to the minute; null if never.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Instant>,
}

impl From<rows::Token> for Token {
    fn from(token: rows::Token) -> Self {
        let rows::Token { id, email, name, role, read_only, created_at, last_used_at, .. } = token;
        Self { id, email, name, role, read_only, created_at, last_used_at }
    }
}

/// The organization's tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// Oldest first.
    items: Vec<Token>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// The token itself. It is not stored and cannot be shown again.
    token: String,
    #[serde(flatten)]
    row: Token,
}

/// A token that is to be made.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for, in words, at most 100 characters.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// Whether it only reads; false when nothing is said.
    read_only: Option<bool>,
    /// The most that it may: `administrator`, `manager` or `analyst`, no more than the caller may. The caller's role
    /// of each day when nothing is said.
    #[schema(value_type = Option<shapes::Role>, example = "analyst")]
    role: Option<Role>,
}

/// List the API tokens
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/tokens",
    tag = "tokens",
    params(("organization_id" = String, Path, description = "The organization"), PageQuery),
    responses((status = 200, body = TokenList)),
)]
pub(crate) async fn list_tokens(
    by: Member<access::ManageTokens>,
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<TokenList>, Problem> {
    let (after, limit) = query.read()?;
    let (tokens, end) = state.app.list_tokens(by.organization, after, limit).await?;
    Ok(Json(TokenList {
        items: tokens.into_iter().map(Token::from).collect(),
        next_cursor: end.map(|end| page::cursor(&end)).transpose()?,
    }))
}

/// Read an API token
///
/// The token itself cannot be shown again.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/tokens/{token_id}",
    tag = "tokens",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("token_id" = String, Path, description = "The token"),
    ),
    responses((status = 200, body = Token)),
)]
pub(crate) async fn get_token(
    by: Member<access::ManageTokens>,
    PathId(id): PathId<TokenKind>,
    State(state): State<ApiState>,
) -> Result<Json<Token>, Problem> {
    Ok(Json(state.app.token(by.organization, id).await?.into()))
}

/// Make an API token of the caller's own
///
/// It carries the caller's role in the organization, today's and later ones, or a lesser one.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/tokens",
    tag = "tokens",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = Option<NewToken>,
    responses(
        (status = 201, body = MadeToken),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn create_token(
    by: Member<access::ManageTokens>,
    State(state): State<ApiState>,
    OptionalBody(new): OptionalBody<NewToken>,
) -> Result<Made<MadeToken>, Problem> {
    by.caller.may_pass_on(new.role)?;
    let new = create_token::NewToken {
        email: &by.caller.email,
        name: new.name.as_deref().unwrap_or_default(),
        read_only: new.read_only.unwrap_or(false),
        role: new.role.or(by.caller.given_role()),
    };
    let made = state.app.create_token_with(&by.ctx, by.organization, new).await?;
    let location = by.path_of(&format!("tokens/{}", made.token.id));
    Ok(Made::new(location, MadeToken { token: made.secret, row: made.token.into() }))
}

/// Revoke an API token
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/tokens/{token_id}",
    tag = "tokens",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("token_id" = String, Path, description = "The token"),
    ),
    responses((status = 204, description = "From now on it opens nothing")),
)]
pub(crate) async fn revoke_token(
    by: Member<access::ManageTokens>,
    PathId(id): PathId<TokenKind>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    state.app.revoke_token(&by.ctx, by.organization, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
