//! License keys, which is what redeemed codes are called: their list, and where each license of one is.

use std::collections::HashMap;

use tenure_domain::{CodeId, Date, Instant, LicenseId, OrganizationId, SensorId, Serial, Term};

use crate::args::{Arg, args};
use crate::codes::{self, Code};
use crate::ledger::{Recorded, recorded};
use crate::sensors::{lower_case, placeholders};
use crate::table::containing;
use crate::{Args, Row, StoreError, Tx};

/// A license key with its ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The code that it was.
    pub code: Code,
    /// The first last date of its licenses that are active or queued.
    pub first_expires_on: Option<Date>,
    /// The last one.
    pub last_expires_on: Option<Date>,
}

/// Which keys are asked for.
#[derive(Clone, Debug, Default)]
pub struct KeyQuery {
    /// Only those whose order or redeemer have this, or which are in `codes`.
    pub search: String,
    /// Codes whose keys have what is searched for.
    pub codes: Vec<CodeId>,
    /// Only those that have a license in this state.
    pub state: Option<&'static str>,
    /// Those behind this one: when it was redeemed, and its identifier.
    pub after: Option<(Instant, CodeId)>,
    /// As many at the most.
    pub limit: u32,
}

/// The names of the six states, which are the columns of a code's tally.
pub const STATES: [&str; 6] = ["available", "queued", "active", "ended", "released", "revoked"];

/// An organization's keys, the last redeemed first.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    query: &KeyQuery,
) -> Result<Vec<Key>, StoreError> {
    let KeyQuery { search, codes, state, after, limit } = query;
    let mut conditions = String::from("WHERE organization_id = $1 AND redeemed_us IS NOT NULL");
    let mut args: Args = args![organization];
    if !search.trim().is_empty() {
        let pattern = containing(&lower_case(search.trim()));
        // Who has redeemed it is written as `user:usr_…:ana@harbor.example`.
        args.extend([Arg::from(pattern.as_str()), Arg::from(format!("%:%:{pattern}"))]);
        let named = "lower(order_text) LIKE $2 ESCAPE '\\' OR lower(redeemed_by) LIKE $3 ESCAPE '\\'";
        let places: Vec<String> = codes
            .iter()
            .map(|code| {
                args.push(Arg::from(*code));
                format!(" OR id = ${}", args.len())
            })
            .collect();
        conditions.push_str(&format!(" AND ({named}{})", places.concat()));
    }
    if let Some(state) = STATES.into_iter().find(|name| *state == Some(name)) {
        conditions.push_str(&format!(" AND {state} > 0"));
    }
    if let Some((at, id)) = after {
        args.extend([Arg::from(*at), Arg::from(*id)]);
        let (at, id) = (args.len() - 1, args.len());
        conditions.push_str(&format!(" AND redeemed_us <= ${at} AND (redeemed_us < ${at} OR id < ${id})"));
    }
    args.push(Arg::from(*limit));
    let tail = format!("{conditions} ORDER BY redeemed_us DESC, id DESC LIMIT ${}", args.len());
    let codes = codes::some(tx, &tail, args).await?;
    with_ends(tx, codes).await
}

/// One key of an organization.
pub async fn get(tx: &mut Tx, organization: OrganizationId, code: CodeId) -> Result<Option<Key>, StoreError> {
    let code = codes::get(tx, code).await?;
    let mine = |code: &Code| code.redemption.as_ref().is_some_and(|by| by.organization == organization);
    Ok(with_ends(tx, code.into_iter().filter(mine).collect()).await?.pop())
}

async fn with_ends(tx: &mut Tx, codes: Vec<Code>) -> Result<Vec<Key>, StoreError> {
    let mut ends: HashMap<CodeId, (Option<Date>, Option<Date>)> = HashMap::new();
    for part in codes.chunks(200) {
        let first_and_last = |ends: &str| {
            format!(
                "(SELECT {ends}(l.expires_on) FROM licenses l
                  WHERE l.code_id = c.id AND l.state IN ('active', 'queued')) AS {ends}_on"
            )
        };
        let text = format!(
            "SELECT c.id, {}, {} FROM activation_codes c WHERE c.id IN ({})",
            first_and_last("min"),
            first_and_last("max"),
            placeholders(part.len())
        );
        for row in tx.all_text(text, part.iter().map(|code| Arg::from(code.id)).collect()).await? {
            let dates = (row.parsed_or_null("min_on")?, row.parsed_or_null("max_on")?);
            ends.insert(row.parsed("id")?, dates);
        }
    }
    let key = |code: Code| {
        let (first_expires_on, last_expires_on) = ends.remove(&code.id).unwrap_or_default();
        Key { code, first_expires_on, last_expires_on }
    };
    Ok(codes.into_iter().map(key).collect())
}

/// A license of a key, and the sensor that it is or was on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfKey {
    /// The license and its state.
    pub recorded: Recorded,
    /// The sensor.
    pub sensor: Option<SensorOfKey>,
}

/// A sensor as the list of a key's licenses names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorOfKey {
    /// Its identifier.
    pub id: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
    /// When it was removed, if it is not among the organization's sensors any more.
    pub removed_at: Option<Instant>,
}

const OF_KEY: &str =
    "SELECT l.id, l.code_id, l.number, l.term, l.redeemed_us, l.state, l.sensor_id, l.starts_us,
        l.ends_us, l.activation_date, l.expires_on, l.anchor_date, l.anchor_months, l.anchor_days,
        s.serial, s.name, s.removed_us
    FROM licenses l LEFT JOIN sensors s ON s.id = l.sensor_id
    WHERE l.code_id = $1";

fn read_of_key(row: &Row) -> Result<OfKey, StoreError> {
    let sensor = match row.parsed_or_null("sensor_id")? {
        None => None,
        Some(id) => Some(SensorOfKey {
            id,
            serial: row.parsed("serial")?,
            name: row.text("name")?,
            removed_at: row.instant_or_null("removed_us")?,
        }),
    };
    Ok(OfKey { recorded: recorded(row)?, sensor })
}

/// A key's licenses by their number, from behind `after`; of one state if one is named.
pub async fn licenses(
    tx: &mut Tx,
    code: CodeId,
    state: Option<&str>,
    after: u32,
    limit: u32,
) -> Result<Vec<OfKey>, StoreError> {
    let sql = format!(
        "{OF_KEY} AND l.number > $2 AND (CAST($3 AS text) IS NULL OR l.state = $3) ORDER BY l.number LIMIT $4"
    );
    tx.all_text(sql, args![code, after, state, limit]).await?.iter().map(read_of_key).collect()
}

/// One of a key's licenses.
pub async fn license(tx: &mut Tx, code: CodeId, id: LicenseId) -> Result<Option<OfKey>, StoreError> {
    let sql = format!("{OF_KEY} AND l.id = $2");
    tx.all_text(sql, args![code, id]).await?.first().map(read_of_key).transpose()
}

/// Of each of these licenses its key, that key's identifier, and its term.
pub async fn of_licenses(
    tx: &mut Tx,
    organization: OrganizationId,
    licenses: &[LicenseId],
) -> Result<HashMap<LicenseId, (CodeId, String, Term)>, StoreError> {
    let mut keys = HashMap::with_capacity(licenses.len());
    for part in licenses.chunks(500) {
        let text = format!(
            "SELECT l.id, l.code_id, l.term, c.license_key FROM licenses l JOIN activation_codes c ON c.id = l.code_id
             WHERE l.id IN ({}) AND l.organization_id = ${}",
            placeholders(part.len()),
            part.len() + 1
        );
        let mut args: Args = part.iter().map(|id| Arg::from(*id)).collect();
        args.push(Arg::from(organization));
        for row in tx.all_text(text, args).await? {
            let key = (row.parsed("code_id")?, row.text("license_key")?, row.parsed("term")?);
            keys.insert(row.parsed("id")?, key);
        }
    }
    Ok(keys)
}
