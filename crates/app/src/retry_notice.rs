//! Sending a mail again that has failed (R33).

use tenure_domain::{MailId, OrganizationId, Refusal};
use tenure_store::mails;
use tenure_store::outbox::{self, Posted};

use crate::{App, AppError, Ctx};

impl App {
    /// Puts a mail that has failed into the queue again, with all its attempts.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`]; [`Refusal::NoticeNotFailed`] when it is queued or sent.
    pub async fn retry_notice(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: MailId,
    ) -> Result<Posted, AppError> {
        let not_found = Refusal::NotFound { what: "notice" };
        let mut settled = self.settled(ctx, organization).await?;
        let before = mails::get(&mut settled.tx, organization, id).await?.ok_or(not_found.clone())?;
        if !outbox::queue_again(&mut settled.tx, id, self.people_now()).await? {
            return Err(Refusal::NoticeNotFailed.into());
        }
        let after = mails::get(&mut settled.tx, organization, id).await?.ok_or(not_found)?;
        let about = |posted: &Posted| {
            Some(serde_json::json!({
                "state": posted.state.name(),
                "kind": posted.post.kind,
                "recipient": posted.post.recipient,
                "last_reply": posted.last_reply,
            }))
        };
        settled.audit("notice_retried", id.to_string(), about(&before), about(&after)).await?;
        settled.commit(self).await?;
        Ok(after)
    }
}
