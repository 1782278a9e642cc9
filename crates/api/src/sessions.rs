//! Logging in and out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenure_app::log_in::{Credentials, NewSession, SignedIn as Person};
use tenure_app::rows::{Membership, User};
use tenure_domain::{Instant, OrganizationId, Role, UserId};
use utoipa::ToSchema;

use crate::access::SignedIn;
use crate::cookie::{self, NotCrossSite};
use crate::extract::{Body, Peer};
use crate::made::Made;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// A log-in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    user: UserBody,
    /// Whether the person runs the service.
    operator: bool,
    /// The organizations that they are in, by name.
    organizations: Vec<MembershipBody>,
    /// When the log-in ends if it is not used again: 12 hours after the last use, and 30 days after its start at
    /// the latest.
    #[schema(value_type = String, format = DateTime)]
    idle_ends_at: Instant,
}

/// The person who is logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    #[schema(value_type = String, example = "usr_01jxgb66p004hmasw9nf6yy093")]
    id: UserId,
    #[schema(example = "ana@harbor.example")]
    email: String,
    /// Empty when they have not told it.
    name: String,
    /// The language of screens and mails, ISO 639-1.
    #[schema(value_type = shapes::Language, example = "en")]
    language: String,
    /// The IANA time zone in which they read instants; null for the organization's.
    time_zone: Option<String>,
    /// Whether logging in asks for a one-time code.
    one_time_codes: bool,
    /// How many recovery codes are left; 0 without one-time codes.
    recovery_codes_left: u32,
}

/// What a person is in an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Membership)]
struct MembershipBody {
    #[schema(value_type = String, example = "org_01jxgb66p004hmasw9nf6yy093")]
    id: OrganizationId,
    #[schema(example = "Harbor")]
    name: String,
    #[schema(value_type = shapes::Role, example = "manager")]
    role: Role,
    /// The organization's IANA time zone.
    #[schema(example = "Europe/Warsaw")]
    time_zone: String,
    /// The organization's language, ISO 639-1.
    #[schema(value_type = shapes::Language, example = "en")]
    language: String,
}

impl UserBody {
    pub(crate) fn new(user: User, recovery_codes_left: u32) -> Self {
        let User { id, email, name, language, zone, one_time_codes, .. } = user;
        let time_zone = zone.map(|zone| zone.name().to_owned());
        Self { id, email, name, language, time_zone, one_time_codes, recovery_codes_left }
    }
}

impl From<Person> for SessionBody {
    fn from(person: Person) -> Self {
        let Person { user, memberships, recovery_codes_left, idle_ends_at, .. } = person;
        let operator = user.operator;
        let organizations = memberships.into_iter().map(MembershipBody::from).collect();
        Self { user: UserBody::new(user, recovery_codes_left), operator, organizations, idle_ends_at }
    }
}

impl From<Membership> for MembershipBody {
    fn from(membership: Membership) -> Self {
        let Membership { organization, name, zone, language, role } = membership;
        Self { id: organization, name, role, time_zone: zone.name().to_owned(), language }
    }
}

/// The answer that a new log-in has: what it opens, and the cookie.
pub(crate) fn logged_in(session: NewSession) -> Result<Response, Problem> {
    let cookie = cookie::set(&session.cookie)?;
    let made = Made::new("/api/v1/sessions/current".to_owned(), SessionBody::from(session.signed_in));
    Ok(([(SET_COOKIE, cookie)], made).into_response())
}

/// Who wants to log in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    /// In any case of letters.
    #[schema(example = "ana@harbor.example")]
    email: String,
    password: String,
    /// The code that the authenticator app shows, or a recovery code; only with one-time codes switched on.
    code: Option<String>,
}

/// Log in
///
/// The answer sets the cookie `__Host-tenure`. Browsers keep it on HTTPS, and on the machine itself.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    tag = "accounts",
    security(()),
    request_body = LogIn,
    responses(
        (status = 201, body = SessionBody, headers(("Set-Cookie" = String, description = "The log-in"))),
        (status = 401, body = ProblemBody, content_type = "application/problem+json",
            description = "`credentials_wrong`: the e-mail address or the password; \
                `one_time_code_required`: send `code` as well; `one_time_code_wrong`"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json",
            description = "`cross_site`: another site's page made this request"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json",
            description = "`too_many_log_ins`: come back after the seconds in `Retry-After`"),
    ),
)]
pub(crate) async fn log_in(
    _: NotCrossSite,
    Peer(address): Peer,
    State(state): State<ApiState>,
    Body(log_in): Body<LogIn>,
) -> Result<Response, Problem> {
    let LogIn { email, password, code } = log_in;
    let with = Credentials { email: &email, password: &password, code: code.as_deref(), address: &address };
    logged_in(state.app.log_in(with).await?)
}

/// Read who is logged in
#[utoipa::path(
    get,
    path = "/api/v1/sessions/current",
    tag = "accounts",
    security(("session" = [])),
    responses((status = 200, body = SessionBody)),
)]
pub(crate) async fn current_session(by: SignedIn) -> Json<SessionBody> {
    Json(by.person.into())
}

/// Log out
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    tag = "accounts",
    security(("session" = [])),
    responses((status = 204, description = "The cookie opens nothing any more, and is taken away",
        headers(("Set-Cookie" = String, description = "Takes the cookie away")))),
)]
pub(crate) async fn log_out(by: SignedIn, State(state): State<ApiState>) -> Result<Response, Problem> {
    state.app.log_out(&by.person).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::clear())]).into_response())
}
