//! What sensors' covers were and will be: the parts of the table that are not in a sensor's own row.

use std::collections::{HashMap, HashSet};

use tenure_domain::{Date, LicenseId, OrganizationId, SensorId, Serial};

use crate::args::{Arg, args};
use crate::sensors::placeholders;
use crate::table::pattern;
use crate::{Args, StoreError, Tx};

/// How many earlier covers a sensor's row shows.
const EARLIER: u32 = 5;

/// The dates of a license that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The first date that it covered.
    pub from: Date,
    /// The last one.
    pub until: Date,
}

/// The last licenses of these sensors that were over before the one that their row shows, newest last.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn earlier(
    tx: &mut Tx,
    sensors: &[SensorId],
) -> Result<HashMap<SensorId, Vec<Earlier>>, StoreError> {
    let mut covers: HashMap<SensorId, Vec<Earlier>> = HashMap::new();
    for part in sensors.chunks(500) {
        let text = format!(
            "SELECT sensor_id, activation_date, expires_on FROM
                (SELECT l.sensor_id, l.activation_date, l.expires_on, l.starts_us,
                    row_number() OVER (PARTITION BY l.sensor_id ORDER BY l.starts_us DESC, l.ends_us DESC) AS place
                 FROM licenses l JOIN sensors s ON s.id = l.sensor_id
                 WHERE l.sensor_id IN ({}) AND l.state IN ('ended', 'revoked') AND l.starts_us < l.ends_us
                    AND l.ends_us < s.expires_us) o
             WHERE place <= {EARLIER} ORDER BY sensor_id, starts_us",
            placeholders(part.len())
        );
        for row in tx.all_text(text, part.iter().map(|id| Arg::from(*id)).collect()).await? {
            let earlier = Earlier { from: row.parsed("activation_date")?, until: row.parsed("expires_on")? };
            covers.entry(row.parsed("sensor_id")?).or_default().push(earlier);
        }
    }
    Ok(covers)
}

/// How a sensor is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The sensor.
    pub id: SensorId,
    /// Its serial number.
    pub serial: Serial,
    /// Its name.
    pub name: String,
}

/// How these sensors of an organization are called.
pub async fn names(
    tx: &mut Tx,
    organization: OrganizationId,
    sensors: &[SensorId],
) -> Result<HashMap<SensorId, Named>, StoreError> {
    let mut names = HashMap::with_capacity(sensors.len());
    for part in sensors.chunks(500) {
        let text = format!(
            "SELECT id, serial, name FROM sensors WHERE id IN ({}) AND organization_id = ${}",
            placeholders(part.len()),
            part.len() + 1
        );
        let mut args: Args = part.iter().map(|id| Arg::from(*id)).collect();
        args.push(Arg::from(organization));
        for row in tx.all_text(text, args).await? {
            let id: SensorId = row.parsed("id")?;
            names.insert(id, Named { id, serial: row.parsed("serial")?, name: row.text("name")? });
        }
    }
    Ok(names)
}

/// The sensors of an organization with this part of a name or serial number, as the table finds them.
pub async fn found(
    tx: &mut Tx,
    organization: OrganizationId,
    search: &str,
) -> Result<HashSet<SensorId>, StoreError> {
    let sql = "SELECT id FROM sensors
        WHERE organization_id = $1 AND removed_us IS NULL AND search LIKE $2 ESCAPE '\\'";
    let rows = tx.all(sql, args![organization, pattern(search)]).await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Who gave each license of a sensor to it, as the audit trail writes it.
pub async fn assigned_by(
    tx: &mut Tx,
    organization: OrganizationId,
    sensor: SensorId,
) -> Result<HashMap<LicenseId, String>, StoreError> {
    let sql = "SELECT subject, actor FROM audit WHERE trail = $1 AND about = $2
            AND action IN ('license_activated', 'license_queued')
            AND (before_state LIKE '%\"available\"%' OR before_state LIKE '%\"released\"%')
        ORDER BY seq";
    // A license that was taken back has been given more than once: the last time counts.
    let rows = tx.all(sql, args![organization, sensor]).await?;
    rows.iter().map(|row| Ok((row.parsed("subject")?, row.text("actor")?))).collect()
}

/// Whether at most `most` covered sensors with auto renewal have chains that end at or before `until`.
pub async fn renewals_are_at_most(
    tx: &mut Tx,
    organization: OrganizationId,
    until: tenure_domain::Instant,
    most: i64,
) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) AS renewals FROM (SELECT 1 FROM sensors
        WHERE organization_id = $1 AND chain_ends_us <= $2 AND chain = 'running' AND auto_renewal AND removed_us IS NULL
        LIMIT $3) r";
    let row = tx.one(sql, args![organization, until, most.saturating_add(1)]).await?;
    Ok(row.int("renewals")? <= most)
}
