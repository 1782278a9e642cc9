//! Making users, for scripts and the first set-up.

use tenure_domain::{OrganizationId, Refusal, Role, UserId, Zone};
use tenure_store::audit::{self, Entry};
use tenure_store::organizations::{self, Organization};
use tenure_store::users::{self, User};

use crate::recipients::tick_creator;
use crate::sensors::checked_name;
use crate::{App, AppError, Ctx};

/// A user that is to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their e-mail address.
    pub email: String,
    /// Their organization's name; it is made if it is new. None for an operator, who belongs to none (R34).
    pub organization: Option<String>,
    /// The zone of an organization that is made.
    pub zone: Zone,
    /// Their role.
    pub role: Role,
    /// Their password; without one they cannot log in, but have tokens.
    pub password: Option<String>,
}

/// A user that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeUser {
    /// The user.
    pub id: UserId,
    /// Their organization.
    pub organization: Option<OrganizationId>,
}

/// The longest e-mail address, and the longest name in it (RFC 5321 §4.5.3.1).
const LONGEST_EMAIL: usize = 254;
const LONGEST_EMAIL_NAME: usize = 64;

impl App {
    /// Makes a user, and their organization if it is new. A user who exists becomes a member of the organization,
    /// or changes their role in it; their password stays.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a value that cannot be, [`Refusal::EmailInUse`] for an operator who exists.
    pub async fn create_user(&self, ctx: &Ctx, new: NewUser) -> Result<MadeUser, AppError> {
        let email = checked_email(&new.email)?;
        let name = match (&new.organization, new.role) {
            (Some(name), Role::Administrator | Role::Manager | Role::Analyst) => Some(checked_name(name)?),
            (None, Role::Operator) => None,
            (Some(_), Role::Operator) => {
                return Err(Refusal::Invalid {
                    field: "organization",
                    expected: "none for an operator".to_owned(),
                }
                .into());
            }
            (None, _) => {
                return Err(Refusal::Invalid {
                    field: "organization",
                    expected: "a name; only an operator has none".to_owned(),
                }
                .into());
            }
        };
        let password_hash = match &new.password {
            Some(password) => Some(self.hash_password(password).await?),
            None => None,
        };

        let mut tx = self.db.begin().await?;
        let fresh = User {
            id: UserId::new(ctx.now, self.entropy.bits()),
            email: email.to_owned(),
            password_hash,
            operator: new.role == Role::Operator,
            name: String::new(),
            language: "en".to_owned(),
            zone: None,
            one_time_codes: false,
            created_at: ctx.now,
        };
        let user = if users::insert(&mut tx, &fresh).await? {
            fresh
        } else if new.role == Role::Operator {
            return Err(Refusal::EmailInUse.into());
        } else {
            users::by_email(&mut tx, email).await?.ok_or(Refusal::EmailInUse)?
        };
        let after = serde_json::json!({ "email": user.email, "role": new.role });
        let Some(name) = name else {
            let entry = Entry {
                at: ctx.now,
                actor: ctx.actor.to_string(),
                action: "user_added".to_owned(),
                subject: user.id.to_string(),
                before: None,
                after: Some(after.to_string()),
            };
            audit::add_to_service(&mut tx, entry).await?;
            self.commit(tx, ctx.mark.as_ref()).await?;
            return Ok(MadeUser { id: user.id, organization: None });
        };
        let fresh = Organization::new(
            OrganizationId::new(ctx.now, self.entropy.bits()),
            name,
            new.zone,
            "en",
            ctx.now,
        );
        let made = organizations::insert(&mut tx, &fresh).await?;
        let organization = organizations::by_name(&mut tx, name).await?.unwrap_or(fresh);
        let mut settled = self.settled_in(tx, ctx, organization.id).await?;
        users::set_membership(&mut settled.tx, user.id, organization.id, new.role, settled.now).await?;
        if made {
            tick_creator(&mut settled.tx, organization.id, user.id).await?;
        }
        settled.audit("user_added", user.id.to_string(), None, Some(after)).await?;
        settled.commit(self).await?;
        Ok(MadeUser { id: user.id, organization: Some(organization.id) })
    }
}

/// An e-mail address without the space around it: a dot-atom and the name of a host (RFC 5321 §4.1.2), which every mail
/// server takes. The domain of other scripts is written as it is looked up (`xn--…`), as browsers do it.
pub(crate) fn checked_email(email: &str) -> Result<&str, Refusal> {
    let email = email.trim();
    let atom = |text: &str| {
        let special = |byte: u8| b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || special(byte))
    };
    let label = |text: &str| {
        (1..=63).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    let good = email.len() <= LONGEST_EMAIL
        && email.split_once('@').is_some_and(|(name, host)| {
            name.len() <= LONGEST_EMAIL_NAME && name.split('.').all(atom) && host.split('.').all(label)
        });
    let expected = || "an e-mail address, such as ana@harbor.example".to_owned();
    if good { Ok(email) } else { Err(Refusal::Invalid { field: "email", expected: expected() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_mail_servers_take() {
        for good in
            ["ana@harbor.example", "  a.b+c@localhost ", "o'hara@x-1.example", "a@xn--mnchen-3ya.example"]
        {
            assert_eq!(checked_email(good), Ok(good.trim()), "{good}");
            assert!(good.trim().parse::<lettre::Address>().is_ok(), "{good}");
        }
        let long = format!("{}@harbor.example", "x".repeat(65));
        for bad in [
            "", "ana", "@x", "ana@", "a@b@c", ".a@x", "a..b@x", "a b@x", "a@-x", "a@x-", "a@x..y", "ł@x",
            &long,
        ] {
            assert!(checked_email(bad).is_err(), "{bad}");
        }
    }
}
