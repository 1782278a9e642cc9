//! Redeeming an activation code (R1 to R4, R15), and looking at what that would do.

use tenure_domain::guess::{self, PER_ADDRESS, PER_ORGANIZATION, PER_USER};
use tenure_domain::license::License;
use tenure_domain::{
    ActivationCode, CodeId, Date, Instant, LicenseId, OrganizationId, Refusal, Sensor, SensorId, Serial, Term,
};
use tenure_store::codes::{self, Code, Redemption};
use tenure_store::{guesses, sensors};

use crate::ahead::licenses_left;
use crate::settled::SettledOrganization;
use crate::{App, AppError, Caller, Ctx};

/// What redeeming has done, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// The code's identifier.
    pub id: CodeId,
    /// The license key.
    pub key: String,
    /// How many licenses it brought.
    pub licenses: u32,
    /// How long each lasts.
    pub term: Term,
    /// When and by whom it was redeemed before, in which case nothing has changed (R3).
    pub already_added: Option<(Instant, String)>,
    /// How many licenses are in the pool now.
    pub licenses_left: i64,
    /// The sensors that took one of them at once (R15), in R14's order.
    pub renewed: Vec<RenewedSensor>,
}

/// A sensor that was waiting for a license and has one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewedSensor {
    /// The sensor.
    pub id: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// The last local date that it is covered now.
    pub expires_on: Date,
}

/// Where an attempt comes from, for the limits on guessing (R4).
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The organization.
    pub organization: OrganizationId,
    /// The text that was typed.
    pub code: &'a str,
    /// The network address of the caller.
    pub address: &'a str,
}

impl App {
    /// Redeems an activation code: all its licenses enter the organization's pool, or none does (R3).
    ///
    /// # Errors
    ///
    /// [`Refusal::CodeMalformed`], [`Refusal::CodeTypo`] (R1); [`Refusal::TooManyAttempts`] (R4);
    /// [`Refusal::CodeNotValid`] for all other reasons (R3).
    pub async fn redeem_code(
        &self,
        ctx: &Ctx,
        caller: &Caller,
        attempt: Attempt<'_>,
    ) -> Result<Redeemed, AppError> {
        let (settled, redeemed) = self.try_code(ctx, caller, attempt).await?;
        settled.commit(self).await?;
        Ok(redeemed)
    }

    /// What redeeming a code would do: it is redeemed, and then undone.
    ///
    /// # Errors
    ///
    /// As [`App::redeem_code`]; an attempt that fails counts as a failed redemption (R4).
    pub async fn preview_code(
        &self,
        ctx: &Ctx,
        caller: &Caller,
        attempt: Attempt<'_>,
    ) -> Result<Redeemed, AppError> {
        let (settled, redeemed) = self.try_code(ctx, caller, attempt).await?;
        settled.roll_back().await?;
        Ok(redeemed)
    }

    async fn try_code(
        &self,
        ctx: &Ctx,
        caller: &Caller,
        attempt: Attempt<'_>,
    ) -> Result<(SettledOrganization, Redeemed), AppError> {
        let code: ActivationCode = attempt.code.parse()?;
        let subjects = [
            (format!("user:{}", caller.user), PER_USER),
            (format!("organization:{}", attempt.organization), PER_ORGANIZATION),
            (format!("address:{}", attempt.address), PER_ADDRESS),
        ];
        let mut settled = self.settled(ctx, attempt.organization).await?;
        // Of several limits that are reached, the one that opens last says when.
        let mut latest = None;
        for (subject, limit) in &subjects {
            latest = latest.max(guesses::failure_at_limit(&mut settled.tx, subject, *limit).await?);
        }
        guess::check(latest, settled.now)?;
        let found = codes::by_hash(&mut settled.tx, &self.secret.hash_code(&code)).await?;
        if let Some(found) = found
            && let Some(redeemed) = self.take_in(&mut settled, found, &code).await?
        {
            return Ok((settled, redeemed));
        }
        // One answer, one way to it and so one time, whatever the reason (R3).
        for (subject, _) in &subjects {
            guesses::record(&mut settled.tx, subject, settled.now).await?;
        }
        settled.commit_refused(self).await?;
        Err(Refusal::CodeNotValid.into())
    }

    /// Takes a code's licenses into the pool; none when it cannot be redeemed here.
    pub(crate) async fn take_in(
        &self,
        settled: &mut SettledOrganization,
        found: Code,
        code: &ActivationCode,
    ) -> Result<Option<Redeemed>, AppError> {
        let organization = settled.organization.id;
        let Code { id, licenses, term, .. } = found;
        let mut redeemed = Redeemed {
            id,
            key: code.to_string(),
            licenses,
            term,
            already_added: None,
            licenses_left: 0,
            renewed: Vec::new(),
        };
        if let Some(before) = found.redemption {
            if before.organization != organization {
                return Ok(None);
            }
            redeemed.already_added = Some((before.at, before.by));
            redeemed.licenses_left = licenses_left(&mut settled.tx, organization).await?;
            return Ok(Some(redeemed));
        }
        if found.redeem_by.is_some_and(|last| last < settled.today()) {
            return Ok(None);
        }
        let by = settled.actor().to_owned();
        let redemption = Redemption { organization, at: settled.now, by, key: redeemed.key.clone() };
        if !codes::redeem(&mut settled.tx, id, &redemption).await? {
            return Ok(None);
        }
        let first = self.entropy.bits();
        let made: Vec<License> = (1..=licenses)
            .map(|number| License {
                id: LicenseId::new(settled.now, first.wrapping_add(u128::from(number))),
                code: id,
                number,
                term,
                redeemed_at: settled.now,
            })
            .collect();
        codes::insert_licenses(&mut settled.tx, organization, &made).await?;
        let after = serde_json::json!({ "licenses": licenses, "term": term });
        settled.audit("code_redeemed", id.to_string(), None, Some(after)).await?;
        for Sensor { id, serial, chain, .. } in settled.renew_waiting(licenses).await? {
            let row = sensors::get(&mut settled.tx, organization, id).await?;
            if let (Some(row), Some(end)) = (row, chain.end()) {
                redeemed.renewed.push(RenewedSensor {
                    id,
                    serial,
                    name: row.name,
                    expires_on: end.expires_on,
                });
            }
        }
        redeemed.licenses_left = licenses_left(&mut settled.tx, organization).await?;
        Ok(Some(redeemed))
    }
}
