//! What is to be told of alerts: to each rule's recipients that alerts opened and closed.
//!
//! That something is to be told is written where it is decided, in [`crate::alerts`], and only for rules that have
//! recipients. Whoever takes it tells it in the same transaction, so nothing is told twice or lost.

use std::collections::BTreeMap;

use tenure_domain::alert::{Because, Condition};
use tenure_domain::measurement::Decimal;
use tenure_domain::{AlertId, AlertRuleId, Instant, OrganizationId, SensorId, UserId};

use crate::alert_rules::condition;
use crate::alerts::{closed, value};
use crate::args::args;
use crate::recipients::{Recipient, recipient};
use crate::{Row, StoreError, Tx};

/// What is to be told of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The alert.
    pub id: AlertId,
    /// The sensor.
    pub sensor: SensorId,
    /// What its rule watched for when it opened.
    pub condition: Condition,
    /// Whether it is to be told that it opened.
    pub opened: bool,
    /// When it opened.
    pub opened_at: Instant,
    /// The value with which it opened.
    pub opened_value: Option<Decimal>,
    /// The value that was farthest beyond the threshold.
    pub worst_value: Option<Decimal>,
    /// That it closed, if that is to be told: when, and why.
    pub closed: Option<(Instant, Because)>,
}

/// A rule of which something is to be told, locked until the transaction ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The organization.
    pub organization: OrganizationId,
    /// The rule's name, or its last one.
    pub rule_name: String,
    /// What is to be told, in the order in which the alerts opened. It counts as told.
    pub untold: Vec<Untold>,
}

/// When a rule's alerts may be told: when they were last told before `before`, or so far in the future that the clock
/// has stepped back since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// They were last told at this instant, or before it.
    pub before: Instant,
    /// Or after this one.
    pub after: Instant,
}

// All of them go through the index `alerts_untold`, whose condition they repeat.
const RULES: &str = "SELECT DISTINCT a.rule_id FROM alerts a LEFT JOIN alert_rules r ON r.id = a.rule_id
    WHERE (a.untold_opened OR a.untold_closed) AND (r.told_us IS NULL OR r.told_us <= $1 OR r.told_us > $2)
    ORDER BY a.rule_id LIMIT $3";
const TAKE_CLOSED: &str = "UPDATE alerts SET untold_closed = false
    WHERE rule_id = $1 AND untold_closed AND (untold_opened OR untold_closed)
    RETURNING id, organization_id, rule_name, sensor_id, condition, opened_us, opened_value, worst_value, closed_us,
        closed_because";
const TAKE_OPENED: &str = "UPDATE alerts SET untold_opened = false
    WHERE rule_id = $1 AND untold_opened AND (untold_opened OR untold_closed)
    RETURNING id, organization_id, rule_name, sensor_id, condition, opened_us, opened_value, worst_value, closed_us,
        closed_because";

/// The rules of which something is to be told now, as many as `limit` at the most.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn rules(tx: &mut Tx, window: Window, limit: u32) -> Result<Vec<AlertRuleId>, StoreError> {
    let rows = tx.all(RULES, args![window.before, window.after, limit]).await?;
    rows.iter().map(|row| row.parsed("rule_id")).collect()
}

/// Takes what is to be told of a rule, if there is something and no other node has just told of it.
pub async fn take(tx: &mut Tx, rule: AlertRuleId, window: Window) -> Result<Option<Taken>, StoreError> {
    let lock = "UPDATE alert_rules SET told_us = told_us
        WHERE id = $1 AND (told_us IS NULL OR told_us <= $2 OR told_us > $3) RETURNING name";
    let locked = tx.one_or_none(lock, args![rule, window.before, window.after]).await?;
    let name = match locked {
        Some(row) => Some(row.text("name")?),
        None => {
            let there = "SELECT id FROM alert_rules WHERE id = $1";
            if tx.one_or_none(there, args![rule]).await?.is_some() {
                return Ok(None);
            }
            // It was removed: its recipients are what nodes hold on to.
            let lock = "UPDATE alert_rule_recipients SET rule_id = rule_id WHERE rule_id = $1";
            tx.execute(lock, args![rule]).await?;
            None
        }
    };
    let mut organization = None;
    let mut last_name = String::new();
    let mut untold: BTreeMap<(Instant, AlertId), Untold> = BTreeMap::new();
    for row in tx.all(TAKE_CLOSED, args![rule]).await? {
        (organization, last_name) = (Some(row.parsed("organization_id")?), row.text("rule_name")?);
        let alert = read(&row)?;
        untold.insert((alert.opened_at, alert.id), alert);
    }
    for row in tx.all(TAKE_OPENED, args![rule]).await? {
        (organization, last_name) = (Some(row.parsed("organization_id")?), row.text("rule_name")?);
        // Has it closed since the statement before, that is told next time.
        let alert = Untold { closed: None, ..read(&row)? };
        untold.entry((alert.opened_at, alert.id)).or_insert(alert).opened = true;
    }
    let Some(organization) = organization else { return Ok(None) };
    Ok(Some(Taken {
        organization,
        rule_name: name.unwrap_or(last_name),
        untold: untold.into_values().collect(),
    }))
}

fn read(row: &Row) -> Result<Untold, StoreError> {
    let condition = condition(row)?;
    Ok(Untold {
        id: row.parsed("id")?,
        sensor: row.parsed("sensor_id")?,
        condition,
        opened: false,
        opened_at: row.instant("opened_us")?,
        opened_value: value(row, "opened_value", &condition)?,
        worst_value: value(row, "worst_value", &condition)?,
        closed: closed(row)?,
    })
}

/// Who is told of a rule's alerts: those of its recipients who are members, in the order in which they were made.
pub async fn recipients(
    tx: &mut Tx,
    organization: OrganizationId,
    rule: AlertRuleId,
) -> Result<Vec<Recipient>, StoreError> {
    let sql = "SELECT u.id, u.email, u.language, u.time_zone FROM alert_rule_recipients c
        JOIN users u ON u.id = c.user_id
        JOIN memberships m ON m.user_id = c.user_id AND m.organization_id = $1
        WHERE c.rule_id = $2 ORDER BY u.id";
    tx.all(sql, args![organization, rule]).await?.iter().map(recipient).collect()
}

/// Writes down that a rule's alerts were told now.
pub async fn told(tx: &mut Tx, rule: AlertRuleId, now: Instant) -> Result<(), StoreError> {
    tx.execute("UPDATE alert_rules SET told_us = $2 WHERE id = $1", args![rule, now]).await.map(drop)
}

/// Forgets the recipients of a rule that was removed, once nothing is to be told of it any more.
pub async fn forget_recipients(tx: &mut Tx, rule: AlertRuleId) -> Result<(), StoreError> {
    let sql = "DELETE FROM alert_rule_recipients WHERE rule_id = $1
        AND NOT EXISTS (SELECT 1 FROM alert_rules WHERE id = $1)
        AND NOT EXISTS (SELECT 1 FROM alerts WHERE rule_id = $1 AND (untold_opened OR untold_closed))";
    tx.execute(sql, args![rule]).await.map(drop)
}

/// A user who leaves an organization is told of its alerts no more.
pub(crate) async fn forget_user(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM alert_rule_recipients WHERE user_id = $2
        AND rule_id IN (SELECT id FROM alert_rules WHERE organization_id = $1)";
    tx.execute(sql, args![organization, user]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::{Engine, on_both};

    async fn only_what_is_untold_is_looked_through(test: TestDb) {
        // PostgreSQL plans by what is in the tables: without rows, any plan is as good.
        if test.db.engine() == Engine::Postgres {
            return;
        }
        let mut tx = test.db.read().await.unwrap();
        for sql in [RULES, TAKE_CLOSED, TAKE_OPENED] {
            let args = sql.matches('$').map(|_| crate::Arg::from(0_i64)).collect();
            let plan = tx.all_text(format!("EXPLAIN QUERY PLAN {sql}"), args).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            assert!(plan.iter().any(|step| step.contains("alerts_untold")), "{sql}\n{plan:#?}");
        }
    }

    on_both!(only_what_is_untold_is_looked_through);
}
