//! One's own calendar feed: whether there is one, making it, removing it.

use tenure_domain::{OrganizationId, Refusal, UserId};
use tenure_store::calendar_feeds::{self, CalendarFeed};
use tenure_store::users;

use crate::{App, AppError, Ctx};

impl App {
    /// The user's feed of an organization, if they have one. Its address is not stored.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn calendar_feed(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<CalendarFeed>, AppError> {
        let mut tx = self.db.read().await?;
        let feed = calendar_feeds::get(&mut tx, organization, user).await?;
        tx.roll_back().await?;
        Ok(feed)
    }

    /// Makes the user's feed of an organization and returns its secret address, which cannot be shown again. The
    /// address of an earlier one opens nothing any more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when the user is no member.
    pub async fn make_calendar_feed(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<String, AppError> {
        let secret = self.new_secret();
        let hash = self.secret.hash_calendar_feed(&secret);
        let mut settled = self.settled(ctx, organization).await?;
        let role = users::role_in(&mut settled.tx, user, organization).await?;
        role.ok_or(Refusal::NotFound { what: "user" })?;
        calendar_feeds::replace(&mut settled.tx, &hash, organization, user, self.people_now()).await?;
        settled.audit("calendar_feed_made", user.to_string(), None, None).await?;
        settled.commit(self).await?;
        Ok(format!("{}/calendar/{secret}.ics", self.public_url()))
    }

    /// Removes the user's feed of an organization: its address opens nothing any more. Without one nothing happens.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn remove_calendar_feed(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        if calendar_feeds::remove(&mut settled.tx, organization, user).await? {
            settled.audit("calendar_feed_removed", user.to_string(), None, None).await?;
        }
        settled.commit(self).await
    }
}
