//! Logging in and out, and what a log-in opens.

use data_encoding::BASE64URL_NOPAD;
use tenure_domain::session::{self, WRITTEN_EVERY_US};
use tenure_domain::{Instant, OrganizationId, Refusal, Role};
use tenure_store::Tx;
use tenure_store::sessions::{self, Session};
use tenure_store::users::{self, Membership, User};

use crate::idempotency::Mark;
use crate::{Actor, App, AppError, Caller};

/// Who wants to log in.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The e-mail address, in any case of letters.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The one-time code, or a recovery code.
    pub code: Option<&'a str>,
    /// The network address that it comes from.
    pub address: &'a str,
}

/// A person who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// What they are in which organizations, by the organizations' names.
    pub memberships: Vec<Membership>,
    /// How many recovery codes they have left.
    pub recovery_codes_left: u32,
    /// When the log-in ends if it is not used again.
    pub idle_ends_at: Instant,
    /// That what they ask for is carried out, where it is to be once only.
    pub mark: Option<Mark>,
    pub(crate) hash: Vec<u8>,
}

/// A new log-in.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What the cookie holds. It is not stored and cannot be shown again.
    pub cookie: String,
    /// Who is logged in.
    pub signed_in: SignedIn,
}

impl App {
    /// Logs a person in.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyLogIns`]; [`Refusal::CredentialsWrong`], after the same time for an address that nobody
    /// has; [`Refusal::OneTimeCodeRequired`] and [`Refusal::OneTimeCodeWrong`] where the password is right.
    pub async fn log_in(&self, with: Credentials<'_>) -> Result<NewSession, AppError> {
        let user = self.check_credentials(with).await?;
        let mut tx = self.db.begin().await?;
        let made = self.new_session(&mut tx, user).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// The user whose credentials these are.
    pub(crate) async fn check_credentials(&self, with: Credentials<'_>) -> Result<User, AppError> {
        let now = self.people_now();
        let attempt = self.begin_log_in(now, with.email, with.address).await?;
        let user = self.user_by_email(with.email).await?;
        let kept = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let right = self.is_right(with.password, kept).await;
        let user = user.filter(|_| right).ok_or(Refusal::CredentialsWrong)?;
        match with.code {
            _ if !user.one_time_codes => {}
            Some(code) if self.use_code(now, user.id, code).await? => {}
            // It counts as failed: six digits can be guessed.
            Some(_) => return Err(Refusal::OneTimeCodeWrong.into()),
            None => {
                self.forgive(attempt).await?;
                return Err(Refusal::OneTimeCodeRequired.into());
            }
        }
        self.forgive(attempt).await?;
        Ok(user)
    }

    /// Asks a person who is logged in for their password once more.
    ///
    /// # Errors
    ///
    /// [`Refusal::PasswordWrong`], [`Refusal::TooManyLogIns`].
    pub(crate) async fn check_own_password(
        &self,
        person: &SignedIn,
        password: &str,
        address: &str,
    ) -> Result<(), AppError> {
        let attempt = self.begin_log_in(self.people_now(), &person.user.email, address).await?;
        if !self.is_right(password, person.user.password_hash.as_deref()).await {
            return Err(Refusal::PasswordWrong.into());
        }
        self.forgive(attempt).await
    }

    /// The person whose cookie this is. It is a use of the log-in, which moves its end.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unauthenticated`] when there is no such log-in, or it has ended.
    pub async fn signed_in(&self, cookie: &str) -> Result<SignedIn, AppError> {
        let (hash, now) = (self.secret.hash_token(cookie), self.people_now());
        let mut tx = self.db.read().await?;
        let found = sessions::by_hash(&mut tx, &hash).await?;
        let found = found.filter(|found| session::lasts(found.created_at, found.used_at, now));
        let Some(mut found) = found else {
            tx.roll_back().await?;
            return Err(Refusal::Unauthenticated.into());
        };
        if now.micros_since(found.used_at) >= WRITTEN_EVERY_US {
            tx.roll_back().await?;
            tx = self.db.begin().await?;
            sessions::used(&mut tx, &hash, now).await?;
            users::seen(&mut tx, found.user, now).await?;
            tx.commit().await?;
            tx = self.db.read().await?;
            found.used_at = now;
        }
        let user = users::get(&mut tx, found.user).await?.ok_or(Refusal::Unauthenticated)?;
        let signed_in = describe(&mut tx, found, user, hash).await?;
        tx.roll_back().await?;
        Ok(signed_in)
    }

    /// As [`App::signed_in`], but no use of the log-in.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unauthenticated`] when there is no such log-in, or it has ended.
    pub async fn still_signed_in(&self, cookie: &str) -> Result<SignedIn, AppError> {
        let (hash, now) = (self.secret.hash_token(cookie), self.people_now());
        let mut tx = self.db.read().await?;
        let found = sessions::by_hash(&mut tx, &hash).await?;
        let found = found.filter(|found| session::lasts(found.created_at, found.used_at, now));
        let found = found.ok_or(Refusal::Unauthenticated)?;
        let user = users::get(&mut tx, found.user).await?.ok_or(Refusal::Unauthenticated)?;
        let signed_in = describe(&mut tx, found, user, hash).await?;
        tx.roll_back().await?;
        Ok(signed_in)
    }

    /// Logs a person out: the cookie opens nothing from now on.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn log_out(&self, signed_in: &SignedIn) -> Result<(), AppError> {
        let mut tx = self.db.begin().await?;
        sessions::delete(&mut tx, &signed_in.hash).await?;
        Ok(tx.commit().await?)
    }

    /// The user with this e-mail address, if there is one.
    pub(crate) async fn user_by_email(&self, email: &str) -> Result<Option<User>, AppError> {
        let mut tx = self.db.read().await?;
        let user = users::by_email(&mut tx, email.trim()).await?;
        tx.roll_back().await?;
        Ok(user)
    }

    /// Logs a user in, in a transaction that the caller commits.
    pub(crate) async fn new_session(&self, tx: &mut Tx, user: User) -> Result<NewSession, AppError> {
        let now = self.people_now();
        let cookie = self.new_secret();
        let hash = self.secret.hash_token(&cookie);
        let session = Session { user: user.id, created_at: now, used_at: now };
        sessions::insert(tx, &hash, session).await?;
        users::seen(tx, user.id, now).await?;
        let signed_in = describe(tx, session, user, hash).await?;
        Ok(NewSession { cookie, signed_in })
    }

    /// 256 random bits as text: what a cookie, a link or a token holds.
    pub(crate) fn new_secret(&self) -> String {
        let halves = [self.entropy.bits().to_be_bytes(), self.entropy.bits().to_be_bytes()].concat();
        BASE64URL_NOPAD.encode(&halves)
    }
}

async fn describe(tx: &mut Tx, session: Session, user: User, hash: Vec<u8>) -> Result<SignedIn, AppError> {
    Ok(SignedIn {
        memberships: users::memberships(tx, user.id).await?,
        recovery_codes_left: users::recovery_codes_left(tx, user.id).await?,
        idle_ends_at: session::ends_at(session.created_at, session.used_at),
        user,
        mark: None,
        hash,
    })
}

impl SignedIn {
    /// The person as a caller in one of their organizations (R34).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] for an organization that they are not in.
    pub fn caller_in(&self, organization: OrganizationId) -> Result<Caller, Refusal> {
        let membership = self.memberships.iter().find(|membership| membership.organization == organization);
        let role = membership.ok_or(Refusal::NotFound { what: "organization" })?.role;
        Ok(self.caller(Some(organization), role))
    }

    /// The person as the operator (R34).
    ///
    /// # Errors
    ///
    /// [`Refusal::Forbidden`] when they are none.
    pub fn operator(&self) -> Result<Caller, Refusal> {
        if self.user.operator { Ok(self.caller(None, Role::Operator)) } else { Err(Refusal::Forbidden) }
    }

    /// How the audit trail names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User { id: self.user.id, email: self.user.email.clone() }
    }

    fn caller(&self, organization: Option<OrganizationId>, role: Role) -> Caller {
        let User { id, email, .. } = &self.user;
        Caller {
            user: *id,
            email: email.clone(),
            token: None,
            organization,
            role,
            most: None,
            read_only: false,
        }
    }
}
