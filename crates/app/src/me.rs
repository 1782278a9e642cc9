//! A person's own account: name, language, zone and password.

use tenure_domain::{Refusal, Zone};
use tenure_store::audit::{self, Entry};
use tenure_store::users::{self, User};
use tenure_store::{Tx, invitations, sessions};

use crate::change_organization::LANGUAGES;
use crate::log_in::SignedIn;
use crate::{App, AppError};

/// The longest name of a person, in characters.
const LONGEST_NAME: usize = 100;

/// What is to be changed of a person's account; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// Their name; may be empty.
    pub name: Option<String>,
    /// Their language, one of [`LANGUAGES`].
    pub language: Option<String>,
    /// The zone in which they read instants; `Some(None)` for the organization's.
    pub zone: Option<Option<Zone>>,
}

impl App {
    /// Changes a person's own account.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a value that cannot be.
    pub async fn change_me(&self, person: &SignedIn, change: PersonChange) -> Result<User, AppError> {
        let PersonChange { name, language, zone } = change;
        let mut tx = self.db.begin().await?;
        let mut user = users::get(&mut tx, person.user.id).await?.ok_or(Refusal::Unauthenticated)?;
        if let Some(name) = name {
            user.name = checked_person_name(&name)?.to_owned();
        }
        if let Some(language) = language {
            user.language = checked_language(&language)?.to_owned();
        }
        if let Some(zone) = zone {
            user.zone = zone;
        }
        users::update(&mut tx, &user).await?;
        self.commit(tx, person.mark.as_ref()).await?;
        Ok(user)
    }

    /// Changes a person's password; their other log-ins end.
    ///
    /// # Errors
    ///
    /// [`Refusal::PasswordWrong`], [`Refusal::TooManyLogIns`], [`Refusal::Invalid`] for the new one.
    pub async fn change_password(
        &self,
        person: &SignedIn,
        current: &str,
        new: &str,
        address: &str,
    ) -> Result<(), AppError> {
        self.check_own_password(person, current, address).await?;
        let hash = self.hash_password(new).await?;
        let mut tx = self.db.begin().await?;
        users::set_password(&mut tx, person.user.id, &hash).await?;
        invitations::delete_resets(&mut tx, person.user.id).await?;
        sessions::delete_others(&mut tx, person.user.id, &person.hash).await?;
        self.audit_account(&mut tx, person, "password_changed").await?;
        self.commit(tx, person.mark.as_ref()).await
    }

    /// Adds what a person did with their account to the service's trail: it is of no single organization.
    pub(crate) async fn audit_account(
        &self,
        tx: &mut Tx,
        person: &SignedIn,
        action: &str,
    ) -> Result<(), AppError> {
        let entry = Entry {
            at: self.clock.now(),
            actor: person.actor().to_string(),
            action: action.to_owned(),
            subject: person.user.id.to_string(),
            before: None,
            after: None,
        };
        Ok(audit::add_to_service(tx, entry).await?)
    }
}

pub(crate) fn checked_person_name(name: &str) -> Result<&str, Refusal> {
    let name = name.trim();
    if name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    let expected = format!("at most {LONGEST_NAME} characters, on one line");
    Err(Refusal::Invalid { field: "name", expected })
}

pub(crate) fn checked_language(language: &str) -> Result<&'static str, Refusal> {
    let known = LANGUAGES.into_iter().find(|known| *known == language);
    let expected = || format!("one of {}", LANGUAGES.join(", "));
    known.ok_or_else(|| Refusal::Invalid { field: "language", expected: expected() })
}
