//! The mails of the outbox as people see them (R33).

use tenure_domain::{MailId, OrganizationId};

use crate::args::{Arg, args};
use crate::outbox::{COLUMNS, Mail, Posted, State, read};
use crate::page::cut;
use crate::{StoreError, Tx};

/// Where a page of mails ended: at this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailPlace(pub MailId);

/// Which mails are asked for.
#[derive(Clone, Debug, Default)]
pub struct MailQuery {
    /// Only those that are so far.
    pub state: Option<State>,
    /// Only those of this kind: `month_before`.
    pub kind: Option<String>,
    /// Those behind this place.
    pub after: Option<MailPlace>,
    /// As many at the most.
    pub limit: u32,
}

/// A page of an organization's mails, newest first, and where it ends if there is more.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    query: &MailQuery,
) -> Result<(Vec<Posted>, Option<MailPlace>), StoreError> {
    let mut args = args![organization];
    let mut text = format!("SELECT {COLUMNS} FROM outbox WHERE organization_id = $1 AND webhook_id IS NULL");
    if let Some(state) = query.state {
        args.push(Arg::from(state.name()));
        text.push_str(&format!(" AND state = ${}", args.len()));
    }
    if let Some(kind) = &query.kind {
        args.push(Arg::from(kind.as_str()));
        text.push_str(&format!(" AND kind = ${}", args.len()));
    }
    if let Some(MailPlace(id)) = query.after {
        args.push(Arg::from(id));
        text.push_str(&format!(" AND id < ${}", args.len()));
    }
    args.push(Arg::from(query.limit.saturating_add(1)));
    text.push_str(&format!(" ORDER BY id DESC LIMIT ${}", args.len()));
    let rows = tx.all_text(text, args).await?;
    let mails: Vec<Posted> = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(cut(mails, query.limit, |posted| MailPlace(posted.post.id)))
}

/// One of the organization's mails.
pub async fn get(
    tx: &mut Tx,
    organization: OrganizationId,
    id: MailId,
) -> Result<Option<Posted<Mail>>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM outbox WHERE organization_id = $1 AND id = $2 AND webhook_id IS NULL");
    tx.all_text(sql, args![organization, id]).await?.first().map(read).transpose()
}
