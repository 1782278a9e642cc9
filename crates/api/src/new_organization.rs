//! Organizations from the operator's side.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenure_app::create_organization::{self, MadeOrganization};
use tenure_domain::OrganizationId;
use utoipa::ToSchema;

use crate::access::Operator;
use crate::extract::Body;
use crate::made::Made;
use crate::problem::ProblemBody;
use crate::{ApiState, Problem, shapes};

/// An organization that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganization {
    /// 1 to 100 characters.
    #[schema(example = "Harbor")]
    name: String,
    /// The IANA time zone that decides its dates.
    #[schema(example = "Europe/Warsaw")]
    time_zone: String,
    /// `en`, `pl` or `de`; `en` when nothing is said.
    #[schema(value_type = Option<shapes::Language>)]
    language: Option<String>,
    /// Who is invited as its Administrator.
    #[schema(example = "ana@harbor.example")]
    administrator_email: String,
}

/// An organization that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeOrganization)]
pub(crate) struct MadeOrganizationBody {
    #[schema(value_type = String, example = "org_01jxgb66p004hmasw9nf6yy093")]
    id: OrganizationId,
    name: String,
    /// The link of the invitation, which is also in the mail. It is not stored and cannot be shown again.
    invitation_link: String,
}

/// Make an organization, and invite its Administrator by mail
#[utoipa::path(
    post,
    path = "/api/v1/operator/organizations",
    tag = "operator",
    request_body = NewOrganization,
    responses(
        (status = 201, body = MadeOrganizationBody),
        (status = 409, body = ProblemBody, content_type = "application/problem+json",
            description = "`organization_name_in_use`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json",
            description = "`invalid`, `zone_unknown`"),
    ),
)]
pub(crate) async fn create_organization(
    by: Operator,
    State(state): State<ApiState>,
    Body(new): Body<NewOrganization>,
) -> Result<Made<MadeOrganizationBody>, Problem> {
    let new = create_organization::NewOrganization {
        name: &new.name,
        zone: new.time_zone.parse()?,
        language: new.language.as_deref().unwrap_or("en"),
        administrator_email: &new.administrator_email,
    };
    let MadeOrganization { id, name, link } = state.app.create_organization(&by.ctx, new).await?;
    let location = format!("/api/v1/operator/organizations/{id}");
    Ok(Made::new(location, MadeOrganizationBody { id, name, invitation_link: link }))
}
