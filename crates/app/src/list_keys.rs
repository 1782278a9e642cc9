//! License keys: the list, one of them, and its licenses (R18).

use tenure_domain::{CodeId, Instant, LicenseId, OrganizationId, Refusal};
use tenure_store::keys::{self, Key, KeyQuery, OfKey};

use crate::{App, AppError, Ctx, cut, list_sensors};

/// Which license keys are asked for.
#[derive(Clone, Debug, Default)]
pub struct AskedKeys {
    /// Only those whose text, order or redeemer have this.
    pub search: String,
    /// Only those that have a license in this state.
    pub state: Option<&'static str>,
    /// Those behind this one: when it was redeemed, and its identifier.
    pub after: Option<(Instant, CodeId)>,
    /// As many at the most.
    pub limit: u32,
}

const NOT_FOUND: Refusal = Refusal::NotFound { what: "license key" };

impl App {
    /// A page of an organization's license keys, the last redeemed first, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such organization.
    pub async fn list_keys(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        asked: AskedKeys,
    ) -> Result<(Vec<Key>, Option<(Instant, CodeId)>), AppError> {
        let AskedKeys { search, state, after, limit } = asked;
        let mut reading = self.read_settled(ctx, organization).await?;
        let codes = list_sensors::keys(&mut reading.tx, organization, &search).await?;
        let query = KeyQuery { search, codes, state, after, limit: limit.saturating_add(1) };
        let page = keys::page(&mut reading.tx, organization, &query).await?;
        reading.tx.roll_back().await?;
        let place = |key: &Key| Some((key.code.redemption.as_ref()?.at, key.code.id));
        let (page, place) = cut(page, limit, place);
        Ok((page, place.flatten()))
    }

    /// One license key.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has redeemed no such code.
    pub async fn key(&self, ctx: &Ctx, organization: OrganizationId, code: CodeId) -> Result<Key, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let key = keys::get(&mut reading.tx, organization, code).await?;
        reading.tx.roll_back().await?;
        Ok(key.ok_or(NOT_FOUND)?)
    }

    /// A page of a license key's licenses by their number, from behind the number `after`; of one state if one is named.
    /// With it the number where the page ends if there is more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has redeemed no such code.
    pub async fn licenses_of_key(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        code: CodeId,
        state: Option<&str>,
        after: u32,
        limit: u32,
    ) -> Result<(Vec<OfKey>, Option<u32>), AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let tx = &mut reading.tx;
        keys::get(tx, organization, code).await?.ok_or(NOT_FOUND)?;
        let licenses = keys::licenses(tx, code, state, after, limit.saturating_add(1)).await?;
        reading.tx.roll_back().await?;
        Ok(cut(licenses, limit, |of_key| of_key.recorded.license.number))
    }
    /// One of a license key's licenses.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the organization has redeemed no such code, or the key has no such license.
    pub async fn license_of_key(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        code: CodeId,
        id: LicenseId,
    ) -> Result<OfKey, AppError> {
        let mut reading = self.read_settled(ctx, organization).await?;
        let tx = &mut reading.tx;
        keys::get(tx, organization, code).await?.ok_or(NOT_FOUND)?;
        let license = keys::license(tx, code, id).await?;
        reading.tx.roll_back().await?;
        Ok(license.ok_or(Refusal::NotFound { what: "license" })?)
    }
}
