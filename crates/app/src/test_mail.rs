//! A mail to oneself, to see whether mail arrives (R33).

use tenure_domain::guess::TEST_MAILS_PER_USER;
use tenure_domain::{OrganizationId, Refusal, UserId, guess};
use tenure_store::outbox::{self, Posted};
use tenure_store::{guesses, mails, users};

use crate::mail::{Content, TestMail};
use crate::{App, AppError, Ctx};

impl App {
    /// Writes a test mail to a member, in their language.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyTestMails`] after five of a user within an hour.
    pub async fn send_test_mail(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Posted, AppError> {
        let now = self.people_now();
        let mut settled = self.settled(ctx, organization).await?;
        let person = users::get(&mut settled.tx, user).await?.ok_or(Refusal::NotFound { what: "user" })?;
        let subject = format!("test-mail:{user}");
        let number = guesses::take_log_in(&mut settled.tx).await?;
        let full = guesses::log_in_at_limit(&mut settled.tx, &subject, TEST_MAILS_PER_USER).await?;
        guess::check_test_mail(full, now)?;
        guesses::record_log_in(&mut settled.tx, number, &subject, now).await?;
        let content =
            TestMail { organization: settled.organization.name.clone(), asked_by: person.email.clone() };
        let content = Content::Test(&content);
        let mail = self.mail(now, Some(organization), &person.email, &person.language, &content, None)?;
        outbox::insert(&mut settled.tx, &mail).await?;
        let posted = mails::get(&mut settled.tx, organization, mail.id).await?;
        let posted = posted.ok_or(Refusal::NotFound { what: "notice" })?;
        let after = Some(serde_json::json!({ "recipient": mail.recipient }));
        settled.audit("test_mail_sent", mail.id.to_string(), None, after).await?;
        settled.commit(self).await?;
        Ok(posted)
    }
}
