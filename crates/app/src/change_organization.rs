//! Reading and changing an organization.

use tenure_domain::{OrganizationId, Refusal, Zone};
use tenure_store::organizations::{self, Organization};

use crate::sensors::checked_name;
use crate::tag::Tagged;
use crate::{App, AppError, Ctx};

/// The longest device token: what fits in field 16 of a sensor's message.
const LONGEST_DEVICE_TOKEN: usize = 36;

/// The languages that mails and screens have.
pub const LANGUAGES: [&str; 3] = ["en", "pl", "de"];

/// What is to be changed of an organization.
#[derive(Clone, Debug, Default)]
pub struct OrganizationChange {
    /// Its name.
    pub name: Option<String>,
    /// Its time zone. What was promised before keeps its instants (R8).
    pub zone: Option<Zone>,
    /// Its language, one of [`LANGUAGES`].
    pub language: Option<String>,
    /// The device token that its sensors must send; `Some(None)` asks for none any more.
    pub device_token: Option<Option<String>>,
}

impl App {
    /// An organization, settled.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is none.
    pub async fn organization(&self, ctx: &Ctx, id: OrganizationId) -> Result<Organization, AppError> {
        let reading = self.read_settled(ctx, id).await?;
        reading.tx.roll_back().await?;
        Ok(reading.organization)
    }

    /// Changes an organization.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a value that cannot be, [`Refusal::ChangedMeanwhile`].
    pub async fn change_organization(
        &self,
        ctx: &Ctx,
        id: OrganizationId,
        change: OrganizationChange,
    ) -> Result<Organization, AppError> {
        let OrganizationChange { name, zone, language, device_token } = change;
        let mut settled = self.settled(ctx, id).await?;
        let before = settled.organization.clone();
        ctx.only_if.check(self, Tagged::Organization(&before))?;
        let organization = &mut settled.organization;
        if let Some(name) = name {
            organization.name = checked_name(&name)?.to_owned();
        }
        if let Some(zone) = zone {
            organization.zone = zone;
        }
        if let Some(language) = language {
            if !LANGUAGES.contains(&language.as_str()) {
                let expected = format!("one of {}", LANGUAGES.join(", "));
                return Err(Refusal::Invalid { field: "language", expected }.into());
            }
            organization.language = language;
        }
        if let Some(device_token) = device_token {
            organization.device_token = device_token.map(checked_device_token).transpose()?;
        }
        if organization.name != before.name
            && let Some(other) = organizations::by_name(&mut settled.tx, &settled.organization.name).await?
            && other.id != id
        {
            return Err(Refusal::OrganizationNameInUse.into());
        }
        organizations::update(&mut settled.tx, &settled.organization).await?;
        if settled.organization.zone != before.zone {
            organizations::look_again(&mut settled.tx, id, settled.now).await?;
        }
        let (was, is) = (shown(&before), shown(&settled.organization));
        if was != is {
            settled.audit("organization_changed", id.to_string(), Some(was), Some(is)).await?;
        }
        let after = settled.organization.clone();
        settled.commit(self).await?;
        if before.device_token != after.device_token
            && let Some(listener) = self.listener()
        {
            listener.device_token_changed(id, after.device_token.as_deref());
        }
        Ok(after)
    }
}

fn checked_device_token(token: String) -> Result<String, Refusal> {
    let fits = (1..=LONGEST_DEVICE_TOKEN).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    let expected = || format!("1 to {LONGEST_DEVICE_TOKEN} visible ASCII characters, or null for none");
    if fits { Ok(token) } else { Err(Refusal::Invalid { field: "device_token", expected: expected() }) }
}

/// What the audit trail shows; of the device token only whether there is one.
fn shown(organization: &Organization) -> serde_json::Value {
    let Organization { name, zone, language, device_token, .. } = organization;
    serde_json::json!({
        "name": name, "time_zone": zone.name(), "language": language, "device_token": device_token.is_some(),
    })
}
