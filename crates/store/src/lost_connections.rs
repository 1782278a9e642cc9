//! Sensors that are silent, as rules watch for it, and those that are heard again.

use tenure_domain::Instant;
use tenure_domain::alert::{Open, Positions, Silence};

use crate::alert_rules::{RuleInForce, condition};
use crate::alerts::OpenAlert;
use crate::args::args;
use crate::{StoreError, Tx};

/// A sensor that has been silent for as long as a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// The rule; whom else it watches is not in it.
    pub rule: RuleInForce,
    /// The sensor's number.
    pub sensor: i64,
    /// What is known of its silence.
    pub silence: Silence,
}

/// The sensors that have been silent for long enough at `now`, without those that have an open alert for it, as many
/// as `limit` at the most. Only sealed messages and the fact that there are others count, so seal first.
///
/// The states of all sensors are looked through, and only when there is a rule for it. An index over what changes
/// with nearly each message would cost more than looking once a minute. (`CROSS JOIN` tells SQLite to begin with them.)
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn silent(
    tx: &mut Tx,
    now: Instant,
    heard_since: Instant,
    limit: u32,
) -> Result<Vec<Silent>, StoreError> {
    let sql = "SELECT min(silence_us) AS shortest FROM alert_rules WHERE enabled AND silence_us IS NOT NULL";
    let Some(shortest) = tx.one(sql, args![]).await?.int_or_null("shortest")? else { return Ok(Vec::new()) };
    let sql = "SELECT r.id, r.organization_id, r.name, r.condition, r.since_us, r.rev, s.number, st.last_seen_us,
            l.starts_us, s.chain_ends_us
        FROM sensor_state st CROSS JOIN sensors s CROSS JOIN alert_rules r CROSS JOIN licenses l
        WHERE st.last_seen_us <= $1 AND s.number = st.sensor AND r.organization_id = s.organization_id
            AND l.sensor_id = s.id AND l.state = 'active' AND s.chain = 'running' AND r.enabled AND r.silence_us IS NOT NULL
            AND st.last_seen_us + r.silence_us <= $2 AND r.silence_us <= $3
            AND (r.all_sensors OR EXISTS
                (SELECT 1 FROM alert_rule_sensors c WHERE c.rule_id = r.id AND c.sensor_id = s.id))
            AND NOT EXISTS
                (SELECT 1 FROM alerts a WHERE a.sensor = s.number AND a.rule_id = r.id AND a.closed_us IS NULL)
            AND s.number NOT IN (SELECT sensor FROM messages)
        LIMIT $4";
    let args = args![now.plus_micros(-shortest), now, now.micros_since(heard_since), limit];
    let rows = tx.all(sql, args).await?;
    rows.iter()
        .map(|row| {
            let rule = RuleInForce {
                id: row.parsed("id")?,
                organization: row.parsed("organization_id")?,
                name: row.text("name")?,
                condition: condition(row)?,
                sensors: None,
                rev: row.int("rev")?,
            };
            let silence = Silence {
                last_seen: row.instant("last_seen_us")?,
                heard_since,
                covered_from: row.instant("starts_us")?,
                covered_until: row.instant("chain_ends_us")?,
                ruled_since: row.instant("since_us")?,
            };
            Ok(Silent { rule, sensor: row.int("number")?, silence })
        })
        .collect()
}

/// The sensors whose connection counts as lost although they were heard since: their message crossed the alert on
/// its way. With the instant at which they were heard.
pub async fn heard_again(tx: &mut Tx) -> Result<Vec<(OpenAlert, Instant)>, StoreError> {
    let sql = "SELECT a.id, a.rule_id, a.condition, a.sensor, a.opened_us, st.last_seen_us
        FROM alerts a JOIN sensor_state st ON st.sensor = a.sensor
        WHERE a.closed_us IS NULL AND a.lost_connection AND st.last_seen_us > a.opened_us";
    let rows = tx.all(sql, args![]).await?;
    rows.iter()
        .map(|row| {
            let open = Open { since: row.instant("opened_us")?, over: Positions::default(), worst: None };
            let (id, rule, sensor) = (row.parsed("id")?, row.parsed("rule_id")?, row.int("sensor")?);
            let condition = condition(row)?;
            Ok((OpenAlert { id, rule, condition, sensor, open }, row.instant("last_seen_us")?))
        })
        .collect()
}
