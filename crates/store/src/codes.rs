//! Activation codes.

use std::collections::BTreeMap;

use tenure_domain::license::License;
use tenure_domain::{CodeId, Date, Instant, LicenseId, OrganizationId, Term};

use crate::args::args;
use crate::bulk::{Bulk, Column};
use crate::{Args, Row, StoreError, Tx};

/// A code's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its identifier.
    pub id: CodeId,
    /// How many licenses it is for.
    pub licenses: u32,
    /// How long each lasts.
    pub term: Term,
    /// The order that it was issued for, in the vendor's words.
    pub order: Option<String>,
    /// The last local date on which it can be redeemed.
    pub redeem_by: Option<Date>,
    /// When it was issued.
    pub issued_at: Instant,
    /// When it was revoked (R5).
    pub revoked_at: Option<Instant>,
    /// Who has redeemed it, if anyone (R3).
    pub redemption: Option<Redemption>,
    /// How its licenses stand (R18); all zero before it is redeemed.
    pub tally: Tally,
}

/// A code's redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// The organization that redeemed it.
    pub organization: OrganizationId,
    /// When.
    pub at: Instant,
    /// Who, as the audit trail writes it.
    pub by: String,
    /// The code in five groups, from now on the license key (R2).
    pub key: String,
}

/// How many of a code's licenses are in which state (R18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the pool.
    pub available: i64,
    /// Behind an active license.
    pub queued: i64,
    /// Covering a sensor.
    pub active: i64,
    /// Over.
    pub ended: i64,
    /// Left behind by removed sensors (R21).
    pub released: i64,
    /// Taken away.
    pub revoked: i64,
}

impl Tally {
    /// The count of the state with this name.
    pub fn of(&mut self, state: &str) -> Option<&mut i64> {
        match state {
            "available" => Some(&mut self.available),
            "queued" => Some(&mut self.queued),
            "active" => Some(&mut self.active),
            "ended" => Some(&mut self.ended),
            "released" => Some(&mut self.released),
            "revoked" => Some(&mut self.revoked),
            _ => None,
        }
    }

    /// All of them together.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.available + self.queued + self.active + self.ended + self.released + self.revoked
    }
}

const SELECT: &str = "SELECT id, licenses, term, order_text, redeem_by, issued_us, revoked_us, license_key,
    organization_id, redeemed_us, redeemed_by, available, queued, active, ended, released, revoked FROM activation_codes";

fn read(row: &Row) -> Result<Code, StoreError> {
    let redemption = match (row.parsed_or_null("organization_id")?, row.instant_or_null("redeemed_us")?) {
        (Some(organization), Some(at)) => {
            Some(Redemption { organization, at, by: row.text("redeemed_by")?, key: row.text("license_key")? })
        }
        _ => None,
    };
    Ok(Code {
        id: row.parsed("id")?,
        licenses: row.count("licenses")?,
        term: row.parsed("term")?,
        order: row.text_or_null("order_text")?,
        redeem_by: row.parsed_or_null("redeem_by")?,
        issued_at: row.instant("issued_us")?,
        revoked_at: row.instant_or_null("revoked_us")?,
        redemption,
        tally: Tally {
            available: row.int("available")?,
            queued: row.int("queued")?,
            active: row.int("active")?,
            ended: row.int("ended")?,
            released: row.int("released")?,
            revoked: row.int("revoked")?,
        },
    })
}

/// Keeps a new code under its keyed hash (R2).
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, code: &Code, hash: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO activation_codes (id, hash, licenses, term, order_text, redeem_by, issued_us,
            available, queued, active, ended, released, revoked)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0)";
    let Code { id, licenses, term, order, redeem_by, issued_at, .. } = code;
    tx.execute(sql, args![*id, hash, *licenses, *term, order.as_deref(), *redeem_by, *issued_at])
        .await
        .map(drop)
}

/// The code with this keyed hash.
pub async fn by_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Code>, StoreError> {
    tx.all_text(format!("{SELECT} WHERE hash = $1"), args![hash]).await?.first().map(read).transpose()
}

/// The code with this identifier.
pub async fn get(tx: &mut Tx, id: CodeId) -> Result<Option<Code>, StoreError> {
    tx.all_text(format!("{SELECT} WHERE id = $1"), args![id]).await?.first().map(read).transpose()
}

/// A page of all codes, newest first, from before `before`.
pub async fn page(tx: &mut Tx, before: Option<CodeId>, limit: u32) -> Result<Vec<Code>, StoreError> {
    let text = format!("{SELECT} WHERE (CAST($1 AS text) IS NULL OR id < $1) ORDER BY id DESC LIMIT $2");
    tx.all_text(text, args![before, limit]).await?.iter().map(read).collect()
}

/// The codes that a condition, an order and a limit select.
pub(crate) async fn some(tx: &mut Tx, tail: &str, args: Args) -> Result<Vec<Code>, StoreError> {
    tx.all_text(format!("{SELECT} {tail}"), args).await?.iter().map(read).collect()
}

/// The codes that an organization has redeemed, oldest issue first.
pub async fn of_organization(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Code>, StoreError> {
    let text = format!("{SELECT} WHERE organization_id = $1 ORDER BY id");
    tx.all_text(text, args![organization]).await?.iter().map(read).collect()
}

/// Whether the organization has redeemed this code whose key is asked for by its text or its id.
pub async fn by_key(
    tx: &mut Tx,
    organization: OrganizationId,
    key: &str,
) -> Result<Option<CodeId>, StoreError> {
    let sql = "SELECT id FROM activation_codes WHERE organization_id = $1 AND (license_key = $2 OR id = $2)";
    tx.one_or_none(sql, args![organization, key]).await?.map(|row| row.parsed("id")).transpose()
}

/// The organization's codes whose license keys have this part, in any grouping: `letters` are in a key's alphabet.
pub async fn with_key_part(
    tx: &mut Tx,
    organization: OrganizationId,
    letters: &str,
) -> Result<Vec<CodeId>, StoreError> {
    let sql = "SELECT id FROM activation_codes
        WHERE organization_id = $1 AND replace(license_key, '-', '') LIKE $2 ORDER BY id";
    let rows = tx.all(sql, args![organization, format!("%{letters}%")]).await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Marks a code as redeemed, with all its licenses available. Returns whether it still could be: of two
/// organizations that redeem it at once, one finds it taken (R3).
pub async fn redeem(tx: &mut Tx, code: CodeId, redemption: &Redemption) -> Result<bool, StoreError> {
    let sql = "UPDATE activation_codes SET organization_id = $2, redeemed_us = $3, redeemed_by = $4, license_key = $5,
            available = licenses
        WHERE id = $1 AND redeemed_us IS NULL AND revoked_us IS NULL";
    let Redemption { organization, at, by, key } = redemption;
    Ok(tx.execute(sql, args![code, *organization, *at, by.as_str(), key.as_str()]).await? == 1)
}

/// Marks a code as revoked (R5). Returns whether it was not before.
pub async fn revoke(tx: &mut Tx, code: CodeId, now: Instant) -> Result<bool, StoreError> {
    let sql = "UPDATE activation_codes SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL";
    Ok(tx.execute(sql, args![code, now]).await? == 1)
}

/// Adds to the tallies of codes; the database refuses a sum that is off (R18).
pub async fn add_to_tallies(tx: &mut Tx, deltas: &BTreeMap<CodeId, Tally>) -> Result<(), StoreError> {
    let sql =
        "UPDATE activation_codes SET available = available + $2, queued = queued + $3, active = active + $4,
            ended = ended + $5, released = released + $6, revoked = revoked + $7
        WHERE id = $1";
    for (code, Tally { available, queued, active, ended, released, revoked }) in deltas {
        tx.execute(sql, args![*code, *available, *queued, *active, *ended, *released, *revoked]).await?;
    }
    Ok(())
}

/// Makes the available licenses of a redeemed code.
pub async fn insert_licenses(
    tx: &mut Tx,
    organization: OrganizationId,
    licenses: &[License],
) -> Result<(), StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO licenses (id, organization_id, code_id, number, term, redeemed_us, state)",
        columns: &[
            Column::Text,
            Column::Text,
            Column::Text,
            Column::Int,
            Column::Text,
            Column::Int,
            Column::Text,
        ],
        tail: "",
    };
    let rows = licenses.iter().map(|license| {
        let License { id, code, number, term, redeemed_at } = *license;
        args![id, organization, code, number, term, redeemed_at, "available"]
    });
    INSERT.run(tx, rows.collect()).await.map(drop)
}

/// The identifiers of a code's licenses, by number.
pub async fn licenses(tx: &mut Tx, code: CodeId) -> Result<Vec<LicenseId>, StoreError> {
    let rows = tx.all("SELECT id FROM licenses WHERE code_id = $1 ORDER BY number", args![code]).await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}
