//! Setting a new password by a link that is sent by mail.

use tenure_domain::Refusal;
use tenure_store::audit::{self, Entry};
use tenure_store::{guesses, invitations, outbox, sessions, users};

use crate::create_user::checked_email;
use crate::mail::{Content, in_hours};
use crate::{Actor, App, AppError};

/// How many links an hour one e-mail address may have sent.
const PER_HOUR: u32 = 5;

impl App {
    /// Sends a user the link by which they set a new password, within an hour. Nobody is told whether there is such
    /// a user.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for what is no e-mail address.
    pub async fn ask_for_reset(&self, email: &str) -> Result<(), AppError> {
        let email = checked_email(email)?;
        let now = self.people_now();
        let mut tx = self.db.begin().await?;
        let Some(user) = users::by_email(&mut tx, email).await? else {
            return Ok(tx.roll_back().await?);
        };
        // Nobody's letter box is filled by somebody else.
        let subject = format!("reset:{}", user.id);
        let number = guesses::take_log_in(&mut tx).await?;
        let full = guesses::log_in_at_limit(&mut tx, &subject, PER_HOUR).await?;
        if tenure_domain::guess::check_log_in(full, now).is_err() {
            return Ok(tx.roll_back().await?);
        }
        guesses::record_log_in(&mut tx, number, &subject, now).await?;
        let secret = self.new_secret();
        let hash = self.secret.hash_token(&secret);
        invitations::insert_reset(&mut tx, &hash, user.id, in_hours(now, 1)).await?;
        let content = Content::PasswordReset { email: &user.email, link: &self.link("reset", &secret) };
        let mail = self.mail(now, None, &user.email, &user.language, &content, None)?;
        outbox::insert(&mut tx, &mail).await?;
        Ok(tx.commit().await?)
    }

    /// Sets the password by such a link, which opens nothing afterwards; all log-ins of the user end.
    ///
    /// # Errors
    ///
    /// [`Refusal::LinkExpired`], [`Refusal::Invalid`] for the password.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<(), AppError> {
        let hash = self.hash_password(password).await?;
        let now = self.people_now();
        let mut tx = self.db.begin().await?;
        let id = invitations::take_reset(&mut tx, &self.secret.hash_token(token), now).await?;
        let id = id.ok_or(Refusal::LinkExpired)?;
        let user = users::get(&mut tx, id).await?.ok_or(Refusal::LinkExpired)?;
        users::set_password(&mut tx, id, &hash).await?;
        sessions::delete_others(&mut tx, id, &[]).await?;
        let entry = Entry {
            at: self.clock.now(),
            actor: Actor::User { id, email: user.email }.to_string(),
            action: "password_reset".to_owned(),
            subject: id.to_string(),
            before: None,
            after: None,
        };
        audit::add_to_service(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }
}
