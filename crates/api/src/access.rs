//! Who calls, what they may (R34), and when it is: one extractor for the three.
//!
//! A route names the permission that it needs in its signature, `Member<ManageLicenses>`, so the check comes before
//! its body is looked at, and cannot be forgotten: without it a handler has no organization.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use tenure_app::{Caller, Ctx};
use tenure_domain::id::OrganizationKind;
use tenure_domain::{OrganizationId, Permission, Refusal};

use crate::extract::PathId;
use crate::{ApiState, Problem};

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

/// A caller who operates the service.
pub(crate) struct Operator {
    /// The clock, read once, and who.
    pub(crate) ctx: Ctx,
}

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
    ManageLicenses,
    ManageSensors,
    ManageTokens
);

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1).
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start())
}

async fn signed_in(parts: &Parts, state: &ApiState) -> Result<(Caller, Ctx), Problem> {
    let token = bearer(parts).ok_or(Refusal::Unauthenticated)?;
    let caller = state.app.authenticate(token).await?;
    let ctx = state.app.ctx(caller.actor());
    Ok((caller, ctx))
}

impl<P: Needs> FromRequestParts<ApiState> for Member<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let (caller, ctx) = signed_in(parts, state).await?;
        let PathId(organization) = PathId::<OrganizationKind>::from_request_parts(parts, state).await?;
        caller.may(organization, P::PERMISSION)?;
        Ok(Self { caller, ctx, organization, permission: PhantomData })
    }
}

impl FromRequestParts<ApiState> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let (caller, ctx) = signed_in(parts, state).await?;
        caller.may_operate()?;
        Ok(Self { ctx })
    }
}
