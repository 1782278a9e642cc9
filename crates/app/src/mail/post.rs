//! Putting one mail for several people into the outbox.

use std::collections::BTreeMap;

use tenure_domain::{AttachmentId, OrganizationId};
use tenure_store::recipients::Recipient;
use tenure_store::{Tx, outbox};

use super::Content;
use crate::unsubscribe::Topic;
use crate::{App, AppError};

impl App {
    /// Puts a mail about an organization into the outbox for each of these people, in their own languages, in the
    /// transaction that decides it (R33); returns how many there are. The list that it carries is kept once for each
    /// language. `topic` is what they can stop being told of, if they can.
    pub(crate) async fn post(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
        told: &[Recipient],
        topic: Option<Topic>,
        content: &Content<'_>,
    ) -> Result<usize, AppError> {
        let now = self.people_now();
        let mut lists: BTreeMap<&str, Option<AttachmentId>> = BTreeMap::new();
        for Recipient { user, email, language, .. } in told {
            let list = match lists.get(language.as_str()) {
                Some(list) => *list,
                None => {
                    let attachment = self.attachment(now, language, content);
                    if let Some(attachment) = &attachment {
                        outbox::attach(tx, attachment).await?;
                    }
                    let id = attachment.map(|attachment| attachment.id);
                    lists.insert(language, id);
                    id
                }
            };
            let unsubscribe = topic.map(|topic| self.unsubscribe_address(organization, *user, topic));
            let mail =
                self.mail(now, Some(organization), email, language, content, unsubscribe.as_deref())?;
            outbox::insert(tx, &outbox::Mail { attachment: list, ..mail }).await?;
        }
        Ok(told.len())
    }
}
