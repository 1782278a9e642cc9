//! The audit trail: written in the transaction of the change, never changed (R18).

use tenure_domain::{Instant, OrganizationId};

use crate::args::args;
use crate::bulk::{Bulk, Column};
use crate::counters::{self, Counter};
use crate::organizations::Organization;
use crate::{Args, StoreError, Tx};

/// One row of an audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was due, in UTC.
    pub at: Instant,
    /// Who or what: `user:ana@harbor.example`, `token:tok_…`, `operator`, `auto_renewal`, `calendar`.
    pub actor: String,
    /// What was done: `license_activated`.
    pub action: String,
    /// What it was done to: an identifier.
    pub subject: String,
    /// What was before, as JSON.
    pub before: Option<String>,
    /// What was after, as JSON.
    pub after: Option<String>,
}

const INSERT: Bulk = Bulk {
    head: "INSERT INTO audit (trail, seq, at_us, actor, action, subject, before_state, after_state)",
    columns: &[
        Column::Text,
        Column::Int,
        Column::Int,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
    ],
    tail: "",
};

fn rows(trail: &str, first: i64, entries: Vec<Entry>) -> Vec<Args> {
    let row = |(seq, entry): (i64, Entry)| {
        args![trail, seq, entry.at, entry.actor, entry.action, entry.subject, entry.before, entry.after]
    };
    (first..).zip(entries).map(row).collect()
}

/// Adds rows to an organization's trail, whose lock is held.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn add(
    tx: &mut Tx,
    organization: &mut Organization,
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let rows = rows(&organization.id.to_string(), organization.audit_seq + 1, entries);
    organization.audit_seq += count;
    INSERT.run(tx, rows).await.map(drop)
}

/// Adds a row to the service's trail: what the operator does outside of any organization.
pub async fn add_to_service(tx: &mut Tx, entry: Entry) -> Result<(), StoreError> {
    let seq = counters::take_in(tx, Counter::ServiceAudit, 1).await?;
    INSERT.run(tx, rows("service", seq, vec![entry])).await.map(drop)
}

/// An organization's trail, oldest first.
pub async fn of_organization(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT at_us, actor, action, subject, before_state, after_state FROM audit WHERE trail = $1 ORDER BY seq";
    let rows = tx.all(sql, args![organization]).await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                at: row.instant("at_us")?,
                actor: row.text("actor")?,
                action: row.text("action")?,
                subject: row.text("subject")?,
                before: row.text_or_null("before_state")?,
                after: row.text_or_null("after_state")?,
            })
        })
        .collect()
}
