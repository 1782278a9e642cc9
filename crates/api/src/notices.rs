//! The outbox as people see it: mails that wait, were sent or have failed (R33).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::rows::{MailPlace, MailQuery, PostState, Posted};
use tenure_domain::id::MailKind;
use tenure_domain::{Instant, MailId, Refusal};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, Member};
use crate::extract::{PathId, Query};
use crate::made::Made;
use crate::page;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// Which mails are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticesQuery {
    /// Only those that are `queued`, `sent` or `failed`.
    #[param(value_type = Option<shapes::PostState>)]
    state: Option<String>,
    /// Only those of this kind.
    #[param(value_type = Option<shapes::NoticeKind>)]
    kind: Option<String>,
    /// 1 to 200, 50 when nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Notice {
    #[schema(value_type = String, example = "mai_01jxgb66p004hmasw9nf6yy093")]
    id: MailId,
    /// `month_before`, `expiration_day`, `pool_low`, `alerts`, `code_revoked`, `invitation` or `test`.
    #[schema(value_type = shapes::NoticeKind)]
    kind: String,
    subject: String,
    /// The e-mail address.
    #[schema(example = "ana@harbor.example")]
    recipient: String,
    /// `queued`; `sent`: the mail server has taken it; `failed`: it will not be sent unless it is put into the queue
    /// again.
    #[schema(value_type = shapes::PostState)]
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When it was sent, or has failed; null while it is queued.
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Instant>,
    /// How often the mail server has answered about it, or kept silent. A mail server that cannot be reached does not
    /// count.
    attempts: u32,
    /// When it is tried next, at the earliest; null when it is not queued.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_try_at: Option<Instant>,
    /// What the mail server said last, or why it could not be reached; null before the first attempt.
    #[schema(example = "550 5.1.1 There is no such person")]
    last_reply: Option<String>,
}

impl From<Posted> for Notice {
    fn from(posted: Posted) -> Self {
        let Posted { post, state, attempts, next_try_at, settled_at, last_reply } = posted;
        Self {
            id: post.id,
            kind: post.kind,
            subject: post.subject,
            recipient: post.recipient,
            state: state.name(),
            created_at: post.created_at,
            settled_at,
            attempts,
            next_try_at: (state == PostState::Queued).then_some(next_try_at),
            last_reply,
        }
    }
}

/// A page of mails.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoticePage {
    /// Newest first.
    items: Vec<Notice>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    id: MailId,
}

/// How far what lies in the outbox is, by its name.
pub(crate) fn state_named(text: &str) -> Result<PostState, Refusal> {
    let known = PostState::ALL.into_iter().find(|state| state.name() == text);
    known.ok_or_else(|| Refusal::Invalid { field: "state", expected: "queued, sent or failed".to_owned() })
}

/// What a mail is about, by its name.
fn kind_named(text: String) -> Result<String, Refusal> {
    if shapes::NOTICE_KINDS.contains(&text.as_str()) {
        return Ok(text);
    }
    Err(Refusal::Invalid { field: "kind", expected: shapes::NOTICE_KINDS.join(", ") })
}

/// List the organization's mail
///
/// What is about the organization, whoever it goes to: of the last 90 days, and what is still queued. What a mail says
/// is not shown.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/notices",
    tag = "notices",
    params(("organization_id" = String, Path, description = "The organization"), NoticesQuery),
    responses(
        (status = 200, body = NoticePage),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `query_malformed`"),
    ),
)]
pub(crate) async fn list_notices(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
    Query(query): Query<NoticesQuery>,
) -> Result<Json<NoticePage>, Problem> {
    let after: Option<Cursor> = page::place(query.cursor.as_deref())?;
    let asked = MailQuery {
        state: query.state.as_deref().map(state_named).transpose()?,
        kind: query.kind.map(kind_named).transpose()?,
        after: after.map(|Cursor { id }| MailPlace(id)),
        limit: page::limit(query.limit.as_deref())?,
    };
    let (mails, end) = state.app.list_notices(by.organization, asked).await?;
    let cursor = |MailPlace(id)| page::cursor(&Cursor { id });
    Ok(Json(NoticePage {
        items: mails.into_iter().map(Notice::from).collect(),
        next_cursor: end.map(cursor).transpose()?,
    }))
}

/// Read what has become of a mail
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/notices/{notice_id}",
    tag = "notices",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("notice_id" = String, Path, description = "The mail"),
    ),
    responses((status = 200, body = Notice)),
)]
pub(crate) async fn get_notice(
    by: Member<access::ManageNotifications>,
    PathId(id): PathId<MailKind>,
    State(state): State<ApiState>,
) -> Result<Json<Notice>, Problem> {
    Ok(Json(state.app.notice(by.organization, id).await?.into()))
}

/// Send a mail again that has failed
///
/// It is queued with all its attempts, under the same Message-ID.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/notices/{notice_id}/retry",
    tag = "notices",
    params(
        ("organization_id" = String, Path, description = "The organization"),
        ("notice_id" = String, Path, description = "The mail"),
    ),
    responses(
        (status = 200, body = Notice),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`notice_not_failed`: it is queued, or was sent"),
    ),
)]
pub(crate) async fn retry_notice(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
    PathId(id): PathId<MailKind>,
) -> Result<Json<Notice>, Problem> {
    Ok(Json(state.app.retry_notice(&by.ctx, by.organization, id).await?.into()))
}

/// Send a test mail to oneself
///
/// To the user, or the user whose token it is. What has become of it is read at its `Location`.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/notices/test",
    tag = "notices",
    params(("organization_id" = String, Path, description = "The organization")),
    responses(
        (status = 202, body = Notice, description = "It is queued"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_test_mails`: five of the user within an hour"),
    ),
)]
pub(crate) async fn send_test_mail(
    by: Member<access::ManageNotifications>,
    State(state): State<ApiState>,
) -> Result<Made<Notice>, Problem> {
    let posted = state.app.send_test_mail(&by.ctx, by.organization, by.caller.user).await?;
    let notice = Notice::from(posted);
    Ok(Made::on_its_way(by.path_of(&format!("notices/{}", notice.id)), notice))
}
