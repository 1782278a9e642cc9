//! Who calls, what they may (R34), and when it is: one extractor for the three.
//!
//! A route names the permission that it needs in its signature, `Member<ManageLicenses>`, so the check comes before
//! its body is looked at, and cannot be forgotten: without it a handler has no organization.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use tenure_app::covers::Whose;
use tenure_app::idempotency::Mark;
use tenure_app::log_in::SignedIn as Person;
use tenure_app::{AppError, Caller, Ctx};
use tenure_domain::id::OrganizationKind;
use tenure_domain::{OrganizationId, Permission, Refusal};

use crate::etag::only_if;
use crate::extract::PathId;
use crate::{ApiState, Problem, cookie};

/// A caller who may do `P` in the organization that the path names.
pub(crate) struct Member<P> {
    /// Who.
    pub(crate) caller: Caller,
    /// The clock, read once, and who.
    pub(crate) ctx: Ctx,
    /// Where.
    pub(crate) organization: OrganizationId,
    permission: PhantomData<P>,
}

impl<P> Member<P> {
    /// The path of something of the organization.
    pub(crate) fn path_of(&self, rest: &str) -> String {
        format!("/api/v1/organizations/{}/{rest}", self.organization)
    }
}

/// A caller who operates the service.
pub(crate) struct Operator {
    /// The clock, read once, and who.
    pub(crate) ctx: Ctx,
}

/// A caller who may know covers.
pub(crate) struct CoverReader {
    /// Whose.
    pub(crate) whose: Whose,
    /// The clock, read once, and who.
    pub(crate) ctx: Ctx,
}

/// What a caller has shown, for those who are looked at again.
pub(crate) enum Credentials {
    /// An API token.
    Token(String),
    /// The cookie of a log-in.
    Cookie(String),
}

/// A person who is logged in, wherever they may what. An API token is no person.
pub(crate) struct SignedIn {
    /// Who.
    pub(crate) person: Person,
}

/// The person who is logged in, if one is.
pub(crate) struct MaybeSignedIn(pub(crate) Option<Person>);

/// A permission as a type.
pub(crate) trait Needs: Send {
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($permission:ident),* $(,)?) => {$(
        pub(crate) enum $permission {}
        impl Needs for $permission {
            const PERMISSION: Permission = Permission::$permission;
        }
    )*};
}
needs!(
    ReadOrganization,
    ChangeOrganization,
    ReadHistory,
    ReadLicenses,
    KeepCalendarFeed,
    ManageLicenses,
    ManageSensors,
    ManageNotifications,
    ManageWebhooks,
    ManageTokens,
    ReadAudit,
    ReadRules,
    ManageRules,
    ReadUsers,
    ManageUsers,
);

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1).
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

/// Who calls, before it is known where.
#[derive(Clone)]
pub(crate) enum Who {
    Token(Caller),
    Person(Person),
}

impl Who {
    /// The same for all that one caller sends: a person's log-ins are one caller, each of their tokens is another.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Token(caller) => caller.token.map_or_else(|| caller.user.to_string(), |id| id.to_string()),
            Self::Person(person) => person.user.id.to_string(),
        }
    }
}

/// Who calls, or why that is not known, read once in a request.
#[derive(Clone)]
struct Read(Result<Who, Problem>);

/// Who calls.
pub(crate) async fn known(parts: &mut Parts, state: &ApiState) -> Result<Who, Problem> {
    if let Some(Read(who)) = parts.extensions.get::<Read>() {
        return who.clone();
    }
    let read = who(parts, state).await;
    parts.extensions.insert(Read(read.clone()));
    read
}

/// The context of what a caller asks for.
fn ctx(parts: &Parts, state: &ApiState, caller: &Caller) -> Ctx {
    let mark = parts.extensions.get::<Mark>().cloned();
    Ctx { mark, only_if: only_if(&parts.headers), ..state.app.ctx(caller.actor()) }
}

/// Reads who calls: by an API token, if one is sent, else by the cookie of a log-in.
async fn who(parts: &Parts, state: &ApiState) -> Result<Who, Problem> {
    if let Some(token) = bearer(parts) {
        return Ok(Who::Token(state.app.authenticate(token).await?));
    }
    let cookie = cookie::value(&parts.headers).ok_or(Refusal::Unauthenticated)?;
    let person = state.app.signed_in(cookie).await?;
    cookie::check_site(parts, state)?;
    Ok(Who::Person(person))
}

impl<P: Needs> FromRequestParts<ApiState> for Member<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let who = known(parts, state).await?;
        let PathId(organization) = PathId::<OrganizationKind>::from_request_parts(parts, state).await?;
        let caller = match who {
            Who::Token(caller) => caller,
            Who::Person(person) => person.caller_in(organization)?,
        };
        caller.may(organization, P::PERMISSION)?;
        let ctx = ctx(parts, state, &caller);
        Ok(Self { caller, ctx, organization, permission: PhantomData })
    }
}

impl FromRequestParts<ApiState> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let caller = match known(parts, state).await? {
            Who::Token(caller) => caller,
            Who::Person(person) => person.operator()?,
        };
        caller.may_operate()?;
        Ok(Self { ctx: ctx(parts, state, &caller) })
    }
}

impl FromRequestParts<ApiState> for CoverReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let (whose, actor) = match known(parts, state).await? {
            Who::Token(caller) => (caller.covers()?, caller.actor()),
            Who::Person(person) => (person.covers()?, person.actor()),
        };
        Ok(Self { whose, ctx: state.app.ctx(actor) })
    }
}

impl FromRequestParts<ApiState> for Credentials {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        if let Some(token) = bearer(parts) {
            return Ok(Self::Token(token.to_owned()));
        }
        let cookie = cookie::value(&parts.headers).ok_or(Refusal::Unauthenticated)?;
        Ok(Self::Cookie(cookie.to_owned()))
    }
}

impl FromRequestParts<ApiState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        match known(parts, state).await? {
            Who::Token(_) => Err(Refusal::SessionNeeded.into()),
            Who::Person(mut person) => {
                person.mark = parts.extensions.get::<Mark>().cloned();
                Ok(Self { person })
            }
        }
    }
}

impl FromRequestParts<ApiState> for MaybeSignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let own_page = cookie::check_site(parts, state).is_ok();
        let Some(cookie) = cookie::value(&parts.headers).filter(|_| own_page) else { return Ok(Self(None)) };
        match state.app.signed_in(cookie).await {
            Ok(person) => Ok(Self(Some(person))),
            Err(AppError::Refused(_)) => Ok(Self(None)),
            Err(error) => Err(error.into()),
        }
    }
}
