//! The covers that have changed since an organization had some `rev`, in the order of their last changes.

use tenure_domain::{Date, Instant, OrganizationId, SensorId, Serial};

use crate::args::args;
use crate::{Row, StoreError, Tx};

/// How far somebody has followed an organization's covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The `rev` of the last change that they know.
    pub rev: i64,
    /// The number of its sensor: those with greater numbers may have changed by the same command.
    pub number: i64,
}

impl Place {
    /// Nothing is known.
    pub const BEGINNING: Self = Self::behind(-1);

    /// Everything up to this `rev` is known.
    #[must_use]
    pub const fn behind(rev: i64) -> Self {
        Self { rev, number: i64::MAX }
    }

    /// Whether nothing of its `rev` is missing.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.number == i64::MAX
    }
}

/// A sensor's cover after its last change, or a serial number that the organization has no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedCover {
    /// Where it stands in the order.
    pub place: Place,
    /// The sensor.
    pub sensor: SensorId,
    /// Its serial number, or the one that it had.
    pub serial: Serial,
    /// Whether the organization has the serial number no more (R20, R21).
    pub gone: bool,
    /// When its chain ends or ended.
    pub chain_ends: Option<Instant>,
    /// The last date of its chain.
    pub expires_on: Option<Date>,
    /// Whether it has an active license.
    pub running: bool,
}

/// At most `limit` changed covers behind a place, and where the next ones begin: nowhere when these were all.
///
/// A serial number that is gone and has come back since is not among what is gone. What changes again moves to the end,
/// so whoever goes on from the place returned misses nothing, however much changes in between.
///
/// # Errors
///
/// Those of the database.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Place,
    limit: u32,
) -> Result<(Vec<ChangedCover>, Option<Place>), StoreError> {
    let sql =
        "SELECT s.id, s.number, s.serial, s.cover_rev AS rev, s.chain_ends_us, s.chain_expires_on, s.chain,
            s.removed_us IS NOT NULL AS gone, s.removed_us IS NOT NULL AND EXISTS (SELECT 1 FROM sensors n
                WHERE n.serial = s.serial AND n.removed_us IS NULL AND n.organization_id = $1) AS came_back
        FROM sensors s
        WHERE s.organization_id = $1 AND (s.cover_rev, s.number) > ($2, $3)
        ORDER BY s.cover_rev, s.number LIMIT $4";
    let rows = tx.all(sql, args![organization, after.rev, after.number, limit]).await?;
    let full = u32::try_from(rows.len()).is_ok_and(|length| length >= limit);
    let last = match rows.last() {
        Some(row) if full => Some(Place { rev: row.int("rev")?, number: row.int("number")? }),
        Some(_) | None => None,
    };
    let mut covers = Vec::with_capacity(rows.len());
    for row in &rows {
        if !row.bool("came_back")? {
            covers.push(read(row, row.int("number")?)?);
        }
    }
    let sql = "SELECT r.sensor_id AS id, r.serial, r.rev, true AS gone, NULL AS chain_ends_us,
            NULL AS chain_expires_on, 'unlicensed' AS chain
        FROM replacements r
        WHERE r.organization_id = $1 AND r.rev > $2 AND r.rev <= $3 AND NOT EXISTS (SELECT 1 FROM sensors n
            WHERE n.serial = r.serial AND n.removed_us IS NULL AND n.organization_id = $1)
        ORDER BY r.rev";
    let until = last.map_or(i64::MAX, |last| last.rev);
    for row in tx.all(sql, args![organization, after.rev, until]).await? {
        // Before all sensors of its `rev`.
        covers.push(read(&row, -1)?);
    }
    covers.sort_by_key(|cover| cover.place);
    Ok((covers, last))
}

fn read(row: &Row, number: i64) -> Result<ChangedCover, StoreError> {
    let gone = row.bool("gone")?;
    Ok(ChangedCover {
        place: Place { rev: row.int("rev")?, number },
        sensor: row.parsed("id")?,
        serial: row.parsed("serial")?,
        gone,
        chain_ends: if gone { None } else { row.instant_or_null("chain_ends_us")? },
        expires_on: if gone { None } else { row.parsed_or_null("chain_expires_on")? },
        running: row.text("chain")? == "running",
    })
}
