//! Licenses that removed sensors have left behind (R21).

use tenure_domain::license::{Rest, State};
use tenure_domain::{CodeId, Instant, LicenseId, OrganizationId, SensorId};

use crate::args::{Arg, Args, args};
use crate::ledger::{Recorded, recorded};
use crate::sensors::placeholders;
use crate::{StoreError, Tx};

const SELECT: &str = "SELECT id, code_id, number, term, redeemed_us, state, sensor_id, starts_us, ends_us,
    activation_date, expires_on, anchor_date, anchor_months, anchor_days FROM licenses";

async fn rests(tx: &mut Tx, condition: &str, args: Args) -> Result<Vec<Rest>, StoreError> {
    let text = format!("{SELECT} WHERE state = 'released' AND {condition} ORDER BY ends_us, id");
    let rows = tx.all_text(text, args).await?;
    let rest = |row| match recorded(row) {
        Ok(Recorded { license, state: State::Released(placed) }) => Some(Ok(Rest { license, placed })),
        // The condition is the state that was asked for.
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    rows.iter().filter_map(rest).collect()
}

/// Those of an organization that end at or before `until`.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn due(tx: &mut Tx, organization: OrganizationId, until: Instant) -> Result<Vec<Rest>, StoreError> {
    rests(tx, "organization_id = $1 AND ends_us <= $2", args![organization, until]).await
}

/// Those that these sensors have left behind.
pub async fn of_sensors(tx: &mut Tx, sensors: &[SensorId]) -> Result<Vec<Rest>, StoreError> {
    let mut all = Vec::new();
    for part in sensors.chunks(1_000) {
        let condition = format!("sensor_id IN ({})", placeholders(part.len()));
        all.extend(rests(tx, &condition, part.iter().map(|id| Arg::from(*id)).collect()).await?);
    }
    Ok(all)
}

/// Those of one code.
pub async fn of_code(tx: &mut Tx, code: CodeId) -> Result<Vec<Rest>, StoreError> {
    rests(tx, "code_id = $1", args![code]).await
}

/// A license of an organization, whatever its state.
pub async fn license(
    tx: &mut Tx,
    organization: OrganizationId,
    license: LicenseId,
) -> Result<Option<Recorded>, StoreError> {
    let text = format!("{SELECT} WHERE organization_id = $1 AND id = $2");
    tx.all_text(text, args![organization, license]).await?.first().map(recorded).transpose()
}

/// Remembers that something was saved under a license on a sensor that is removed (R19).
pub async fn set_saved_before(tx: &mut Tx, license: LicenseId) -> Result<(), StoreError> {
    tx.execute("UPDATE licenses SET saved_before = true WHERE id = $1", args![license]).await.map(drop)
}

/// Whether something was saved under a license on a sensor that was removed since (R19).
pub async fn saved_before(tx: &mut Tx, license: LicenseId) -> Result<bool, StoreError> {
    let row = tx.one_or_none("SELECT saved_before FROM licenses WHERE id = $1", args![license]).await?;
    row.map_or(Ok(false), |row| row.bool("saved_before"))
}
