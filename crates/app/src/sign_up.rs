//! Signing up: a user, their organization and, if they have one, their activation code, at once or not at all.

use tenure_domain::guess::{PER_ADDRESS, check};
use tenure_domain::{ActivationCode, OrganizationId, Refusal, Role, UserId, Zone};
use tenure_store::organizations::{self, Organization};
use tenure_store::users::{self, User};
use tenure_store::{codes, guesses};

use crate::create_user::checked_email;
use crate::log_in::NewSession;
use crate::me::{checked_language, checked_person_name};
use crate::recipients::tick_creator;
use crate::sensors::checked_name;
use crate::{Actor, App, AppError, Ctx};

/// Who signs up.
#[derive(Clone)]
pub struct NewCustomer<'a> {
    /// Their e-mail address.
    pub email: &'a str,
    /// Their password.
    pub password: &'a str,
    /// Their name; may be empty.
    pub name: &'a str,
    /// Their language, and their organization's.
    pub language: &'a str,
    /// Their organization's name.
    pub organization: &'a str,
    /// Its zone.
    pub zone: Zone,
    /// The activation code that they have bought.
    pub code: Option<&'a str>,
    /// The network address that this comes from.
    pub address: &'a str,
}

impl App {
    /// Makes a user and their organization, of which they are the Administrator, redeems their activation code, and
    /// logs them in.
    ///
    /// # Errors
    ///
    /// [`Refusal::SignUpClosed`], [`Refusal::EmailInUse`], [`Refusal::OrganizationNameInUse`], [`Refusal::Invalid`],
    /// and those of [`App::redeem_code`] for the code. None of it is done then.
    pub async fn sign_up(&self, new: NewCustomer<'_>) -> Result<NewSession, AppError> {
        if !self.sign_up_open() {
            return Err(Refusal::SignUpClosed.into());
        }
        let code: Option<ActivationCode> = new.code.map(str::parse).transpose()?;
        let email = checked_email(new.email)?.to_owned();
        let organization_name = checked_name(new.organization).map_err(|_| Refusal::Invalid {
            field: "organization_name",
            expected: "1 to 100 characters".to_owned(),
        })?;
        let name = checked_person_name(new.name)?.to_owned();
        let language = checked_language(new.language)?.to_owned();
        let password_hash = Some(self.hash_password(new.password).await?);
        let now = self.clock.now();
        let user = User {
            id: UserId::new(now, self.entropy.bits()),
            email,
            password_hash,
            operator: false,
            name,
            language: language.clone(),
            zone: None,
            one_time_codes: false,
            created_at: now,
        };
        let ctx = Ctx::new(now, Actor::User { id: user.id, email: user.email.clone() });
        let id = OrganizationId::new(now, self.entropy.bits());
        let organization = Organization::new(id, organization_name, new.zone, &language, now);

        let mut tx = self.db.begin().await?;
        if !users::insert(&mut tx, &user).await? {
            return Err(Refusal::EmailInUse.into());
        }
        if !organizations::insert(&mut tx, &organization).await? {
            return Err(Refusal::OrganizationNameInUse.into());
        }
        let mut settled = self.settled_in(tx, &ctx, id).await?;
        users::set_membership(&mut settled.tx, user.id, id, Role::Administrator, settled.now).await?;
        tick_creator(&mut settled.tx, id, user.id).await?;
        let after = serde_json::json!({ "email": user.email, "role": Role::Administrator });
        settled.audit("user_added", user.id.to_string(), None, Some(after)).await?;
        if let Some(code) = code {
            let subject = format!("address:{}", new.address);
            check(guesses::failure_at_limit(&mut settled.tx, &subject, PER_ADDRESS).await?, now)?;
            let found = codes::by_hash(&mut settled.tx, &self.secret.hash_code(&code)).await?;
            let redeemed = match found {
                Some(found) => self.take_in(&mut settled, found, &code).await?,
                None => None,
            };
            if redeemed.is_none() {
                settled.roll_back().await?;
                let mut tx = self.db.begin().await?;
                guesses::record(&mut tx, &subject, now).await?;
                tx.commit().await?;
                return Err(Refusal::CodeNotValid.into());
            }
        }
        let session = self.new_session(&mut settled.tx, user).await?;
        settled.commit(self).await?;
        Ok(session)
    }
}
