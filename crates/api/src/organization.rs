//! The organization: reading and changing it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::Caller;
use tenure_app::change_organization::OrganizationChange;
use tenure_app::rows::Organization;
use tenure_app::tag;
use tenure_domain::{OrganizationId, Permission};
use utoipa::ToSchema;

use crate::access::{self, Member};
use crate::etag::Tagged;
use crate::extract::{Body, present};
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// An organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationBody {
    #[schema(value_type = String, example = "org_01jxgb66p004hmasw9nf6yy093")]
    id: OrganizationId,
    #[schema(example = "Harbor")]
    name: String,
    /// The IANA time zone that decides its dates.
    #[schema(example = "Europe/Warsaw")]
    time_zone: String,
    /// The language of its mails, ISO 639-1.
    #[schema(value_type = shapes::Language, example = "en")]
    language: String,
    /// Whether its sensors and gateways must send a device token.
    device_token_required: bool,
    /// That token; null also for those who may not change it.
    device_token: Option<String>,
}

impl OrganizationBody {
    fn new(organization: Organization, caller: &Caller) -> Self {
        let Organization { id, name, zone, language, device_token, .. } = organization;
        Self {
            id,
            name,
            time_zone: zone.name().to_owned(),
            language,
            device_token_required: device_token.is_some(),
            device_token: device_token.filter(|_| caller.role_allows(Permission::ChangeOrganization)),
        }
    }
}

/// What is to be changed; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationPatch {
    /// Another name, 1 to 100 characters.
    name: Option<String>,
    /// Another IANA time zone. What was promised before keeps its instants (R8).
    time_zone: Option<String>,
    /// `en`, `pl` or `de`.
    #[schema(value_type = Option<shapes::Language>)]
    language: Option<String>,
    /// The token that sensors and gateways must send, 1 to 36 visible ASCII characters; null for none any more.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    device_token: Option<Option<String>>,
}

/// Read an organization
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization")),
    responses((status = 200, body = OrganizationBody)),
)]
pub(crate) async fn get_organization(
    by: Member<access::ReadOrganization>,
    State(state): State<ApiState>,
) -> Result<Tagged<OrganizationBody>, Problem> {
    let organization = state.app.organization(&by.ctx, by.organization).await?;
    let tag = state.app.tag(tag::Tagged::Organization(&organization));
    Ok(Tagged { tag, body: OrganizationBody::new(organization, &by.caller) })
}

/// Change an organization
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{organization_id}",
    tag = "organization",
    params(("organization_id" = String, Path, description = "The organization")),
    request_body = OrganizationPatch,
    responses(
        (status = 200, body = OrganizationBody),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`organization_name_in_use`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`zone_unknown`, `invalid`"),
    ),
)]
pub(crate) async fn patch_organization(
    by: Member<access::ChangeOrganization>,
    State(state): State<ApiState>,
    Body(patch): Body<OrganizationPatch>,
) -> Result<Tagged<OrganizationBody>, Problem> {
    let OrganizationPatch { name, time_zone, language, device_token } = patch;
    let zone = time_zone.map(|zone| zone.parse()).transpose()?;
    let change = OrganizationChange { name, zone, language, device_token };
    let organization = state.app.change_organization(&by.ctx, by.organization, change).await?;
    let tag = state.app.tag(tag::Tagged::Organization(&organization));
    Ok(Tagged { tag, body: OrganizationBody::new(organization, &by.caller) })
}
