//! Invitations to an organization.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tenure_app::invitations::{Acceptance, NewInvitation, Shown};
use tenure_app::rows;
use tenure_domain::id::InvitationKind;
use tenure_domain::{Instant, InvitationId, Role};
use utoipa::ToSchema;

use crate::access::{self, MaybeSignedIn, Member};
use crate::cookie::NotCrossSite;
use crate::extract::{Body, PathId, Peer, Query};
use crate::made::Made;
use crate::page::{self, PageQuery};
use crate::problem::ProblemBody;
use crate::sessions::{SessionBody, logged_in};
use crate::{ApiState, Problem, shapes};

/// An invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationBody {
    #[schema(value_type = String, example = "inv_01jxgb66p004hmasw9nf6yy093")]
    id: InvitationId,
    #[schema(example = "bob@harbor.example")]
    email: String,
    /// What the invited will be.
    #[schema(value_type = shapes::Role, example = "analyst")]
    role: Role,
    /// The address of who has invited.
    invited_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// From when on its link opens nothing.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
}

impl From<rows::Invitation> for InvitationBody {
    fn from(invitation: rows::Invitation) -> Self {
        let rows::Invitation { id, email, role, invited_by, created_at, expires_at, .. } = invitation;
        Self { id, email, role, invited_by, created_at, expires_at }
    }
}

/// The organization's invitations.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// Those that have not expired, oldest first.
    items: Vec<InvitationBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeInvitation {
    /// Its link, which is also in the mail. It is not stored and cannot be shown again.
    link: String,
    #[serde(flatten)]
    row: InvitationBody,
}

/// Who is to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitation)]
pub(crate) struct InvitationDraft {
    #[schema(example = "bob@harbor.example")]
    email: String,
    /// `administrator`, `manager` or `analyst`.
    #[schema(value_type = shapes::Role, example = "analyst")]
    role: Role,
    /// The language of the mail: `en`, `pl` or `de`; the organization's when nothing is said.
    #[schema(value_type = Option<shapes::Language>)]
    language: Option<String>,
}

/// List the invitations
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/invitations",
    tag = "users",
    params(("organization_id" = String, Path, description = "The organization"), PageQuery),
    responses((status = 200, body = InvitationList)),
)]
pub(crate) async fn list_invitations(
    by: Member<access::ReadUsers>,
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
) -> Result<Json<InvitationList>, Problem> {
    let (after, limit) = query.read()?;
    let (list, end) = state.app.list_invitations(by.organization, after, limit).await?;
    Ok(Json(InvitationList {
        items: list.into_iter().map(InvitationBody::from).collect(),
        next_cursor: end.map(|end| page::cursor(&end)).transpose()?,
    }))
}

/// Read an invitation
///
/// As long as it has not expired. Its link cannot be shown again.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/invitations/{invitation_id}",
    tag = "users",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("invitation_id" = String, Path, description = "The invitation"),
    ),
    responses((status = 200, body = InvitationBody)),
)]
pub(crate) async fn get_invitation(
    by: Member<access::ReadUsers>,
    PathId(id): PathId<InvitationKind>,
    State(state): State<ApiState>,
) -> Result<Json<InvitationBody>, Problem> {
    Ok(Json(state.app.invitation(by.organization, id).await?.into()))
}

/// Invite somebody by mail
///
/// Inviting the same address again replaces the invitation: its earlier link opens nothing any more.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/invitations",
    tag = "users",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = InvitationDraft,
    responses(
        (status = 201, body = MadeInvitation),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`already_member`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
    ),
)]
pub(crate) async fn invite(
    by: Member<access::ManageUsers>,
    State(state): State<ApiState>,
    Body(draft): Body<InvitationDraft>,
) -> Result<Made<MadeInvitation>, Problem> {
    let InvitationDraft { email, role, language } = draft;
    let new = NewInvitation { email: &email, role, language: language.as_deref() };
    let (invitation, link) = state.app.invite(&by.ctx, by.organization, new).await?;
    let location = by.path_of(&format!("invitations/{}", invitation.id));
    Ok(Made::new(location, MadeInvitation { link, row: invitation.into() }))
}

/// Withdraw an invitation
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/invitations/{invitation_id}",
    tag = "users",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("invitation_id" = String, Path, description = "The invitation"),
    ),
    responses((status = 204, description = "Its link opens nothing any more")),
)]
pub(crate) async fn withdraw_invitation(
    by: Member<access::ManageUsers>,
    PathId(id): PathId<InvitationKind>,
    State(state): State<ApiState>,
) -> Result<StatusCode, Problem> {
    state.app.withdraw_invitation(&by.ctx, by.organization, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invitation's link holds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationToken {
    /// What stands behind `#` in the link.
    token: String,
}

/// What an invitation's link shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownInvitation {
    organization_name: String,
    email: String,
    /// What the invited will be.
    #[schema(value_type = shapes::Role, example = "analyst")]
    role: Role,
    /// The address of who has invited.
    invited_by: String,
    /// Whether there is a user with that address, who accepts with their own password.
    has_account: bool,
}

/// Look at an invitation
#[utoipa::path(
    post,
    path = "/api/v1/invitations/look-up",
    tag = "accounts",
    security(()),
    request_body = InvitationToken,
    responses(
        (status = 200, body = ShownInvitation),
        (status = 410, body = ProblemBody, content_type = "application/problem+json",
            description = "`link_expired`: used, replaced, withdrawn or too old"),
    ),
)]
pub(crate) async fn look_up_invitation(
    State(state): State<ApiState>,
    Body(InvitationToken { token }): Body<InvitationToken>,
) -> Result<Json<ShownInvitation>, Problem> {
    let Shown { invitation, organization, has_account, .. } = state.app.look_up_invitation(&token).await?;
    let rows::Invitation { email, role, invited_by, .. } = invitation;
    Ok(Json(ShownInvitation { organization_name: organization, email, role, invited_by, has_account }))
}

/// Who accepts an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptedInvitation {
    /// What stands behind `#` in the link.
    token: String,
    /// A user's own password, or the one that a new user chooses, 10 to 200 characters. Who is logged in as the
    /// invited user needs none.
    #[schema(min_length = 10, max_length = 200)]
    password: Option<String>,
    /// The one-time code of a user who has switched them on.
    code: Option<String>,
    /// A new user's name, at most 100 characters.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// A new user's language: `en`, `pl` or `de`; the organization's when nothing is said.
    #[schema(value_type = Option<shapes::Language>)]
    language: Option<String>,
}

/// Accept an invitation
///
/// The answer logs the person in.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/acceptance",
    tag = "accounts",
    security((), ("session" = [])),
    request_body = AcceptedInvitation,
    responses(
        (status = 201, body = SessionBody, headers(("Set-Cookie" = String, description = "The log-in"))),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`credentials_wrong`, `one_time_code_required`, `one_time_code_wrong`"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "`cross_site`"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json",
            description = "`link_expired`: used, replaced, withdrawn or too old"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`invalid`"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_log_ins`"),
    ),
)]
pub(crate) async fn accept_invitation(
    _: NotCrossSite,
    MaybeSignedIn(person): MaybeSignedIn,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(accepted): Body<AcceptedInvitation>,
) -> Result<Response, Problem> {
    let acceptance = Acceptance {
        token: &accepted.token,
        password: accepted.password.as_deref(),
        code: accepted.code.as_deref(),
        name: accepted.name.as_deref().unwrap_or_default(),
        language: accepted.language.as_deref(),
        address: &address,
    };
    logged_in(state.app.accept_invitation(person.as_ref(), acceptance).await?)
}
