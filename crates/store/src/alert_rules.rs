//! Alert rules.

use std::collections::{HashMap, HashSet};

use tenure_domain::alert::Condition;
use tenure_domain::{AlertRuleId, Instant, OrganizationId, SensorId, UserId};

use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::row::corrupt;
use crate::sensors::placeholders;
use crate::{Row, StoreError, Tx};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Its identifier.
    pub id: AlertRuleId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// What it watches for.
    pub condition: Condition,
    /// Whom it watches.
    pub sensors: Watched,
    /// Who is told of its alerts by mail, in the order in which the users were made.
    pub recipients: Vec<UserId>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Instant,
    /// Since when it watches for this.
    pub since: Instant,
    /// The organization's `rev` at its last change.
    pub rev: i64,
}

/// The sensors that a rule watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// All of the organization, also those to come.
    All,
    /// These, in the order of their identifiers.
    Chosen(Vec<SensorId>),
}

/// A rule that is switched on, as messages are judged by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInForce {
    /// The rule.
    pub id: AlertRuleId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// What it watches for.
    pub condition: Condition,
    /// The numbers of the sensors that it watches; all when there are none.
    pub sensors: Option<HashSet<i64>>,
    /// The organization's `rev` at its last change.
    pub rev: i64,
}

impl RuleInForce {
    /// Whether it watches the sensor with this number.
    #[must_use]
    pub fn watches(&self, sensor: i64) -> bool {
        self.sensors.as_ref().is_none_or(|sensors| sensors.contains(&sensor))
    }
}

/// A condition as it is stored.
pub(crate) fn written(condition: &Condition) -> Result<String, StoreError> {
    serde_json::to_string(condition).map_err(|error| corrupt("condition", &condition.name(), &error))
}

/// The condition in a row.
pub(crate) fn condition(row: &Row) -> Result<Condition, StoreError> {
    let text = row.text("condition")?;
    serde_json::from_str(&text).map_err(|error| corrupt("condition", &text, &error))
}

/// Adds a rule.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, rule: &AlertRule) -> Result<(), StoreError> {
    let AlertRule { id, organization, name, condition, sensors, recipients, enabled, created_at, since, rev } =
        rule;
    let sql = "INSERT INTO alert_rules (id, organization_id, name, condition, silence_us, all_sensors, enabled, created_us,
            since_us, rev)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let all = *sensors == Watched::All;
    let (text, silence) = (written(condition)?, condition.silence_us());
    let args =
        args![*id, *organization, name.as_str(), text, silence, all, *enabled, *created_at, *since, *rev];
    tx.execute(sql, args).await?;
    keep_sensors(tx, *id, sensors).await?;
    keep_recipients(tx, *id, recipients).await?;
    // The hot paths of other nodes hold the rules.
    tx.notify_cover().await
}

/// Keeps what was changed of a rule.
pub async fn update(tx: &mut Tx, rule: &AlertRule) -> Result<(), StoreError> {
    let AlertRule { id, name, condition, sensors, recipients, enabled, since, rev, .. } = rule;
    let sql =
        "UPDATE alert_rules SET name = $2, condition = $3, silence_us = $4, all_sensors = $5, enabled = $6,
            since_us = $7, rev = $8
        WHERE id = $1";
    let all = *sensors == Watched::All;
    let (text, silence) = (written(condition)?, condition.silence_us());
    tx.execute(sql, args![*id, name.as_str(), text, silence, all, *enabled, *since, *rev]).await?;
    tx.execute("DELETE FROM alert_rule_sensors WHERE rule_id = $1", args![*id]).await?;
    keep_sensors(tx, *id, sensors).await?;
    tx.execute("DELETE FROM alert_rule_recipients WHERE rule_id = $1", args![*id]).await?;
    keep_recipients(tx, *id, recipients).await?;
    tx.notify_cover().await
}

async fn keep_sensors(tx: &mut Tx, rule: AlertRuleId, sensors: &Watched) -> Result<(), StoreError> {
    const INSERT: Bulk = Bulk {
        head: "INSERT INTO alert_rule_sensors (rule_id, sensor_id)",
        columns: &[Column::Text, Column::Text],
        tail: "ON CONFLICT DO NOTHING",
    };
    let Watched::Chosen(sensors) = sensors else { return Ok(()) };
    INSERT.run(tx, sensors.iter().map(|sensor| args![rule, *sensor]).collect()).await.map(drop)
}

async fn keep_recipients(tx: &mut Tx, rule: AlertRuleId, recipients: &[UserId]) -> Result<(), StoreError> {
    for user in recipients {
        let sql =
            "INSERT INTO alert_rule_recipients (rule_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, args![rule, *user]).await?;
    }
    Ok(())
}

/// Removes a rule and what it knew of sensors; its alerts stay. So do its recipients, until they are told of what was
/// not told yet: close its alerts, then call [`crate::untold::forget_recipients`].
pub async fn remove(tx: &mut Tx, id: AlertRuleId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM alert_rules WHERE id = $1", args![id]).await?;
    tx.execute("DELETE FROM alert_rule_sensors WHERE rule_id = $1", args![id]).await?;
    tx.execute("DELETE FROM alert_watches WHERE rule_id = $1", args![id]).await?;
    tx.notify_cover().await
}

/// Whether the rule is still the one of this `rev`. If so it stays that until the transaction ends: whoever changes
/// it waits, and then sees the alerts that were opened by it.
pub async fn hold(tx: &mut Tx, id: AlertRuleId, rev: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE alert_rules SET rev = rev WHERE id = $1 AND rev = $2 AND enabled";
    Ok(tx.execute(sql, args![id, rev]).await? == 1)
}

/// A rule of an organization.
pub async fn get(
    tx: &mut Tx,
    organization: OrganizationId,
    id: AlertRuleId,
) -> Result<Option<AlertRule>, StoreError> {
    let sql = "SELECT id, organization_id, name, condition, all_sensors, enabled, created_us, since_us, rev
        FROM alert_rules WHERE organization_id = $1 AND id = $2";
    match tx.one_or_none(sql, args![organization, id]).await? {
        Some(row) => read(tx, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn read(tx: &mut Tx, row: &Row) -> Result<AlertRule, StoreError> {
    let id = row.parsed("id")?;
    let sensors = if row.bool("all_sensors")? {
        Watched::All
    } else {
        let sql = "SELECT sensor_id FROM alert_rule_sensors WHERE rule_id = $1 ORDER BY sensor_id";
        let rows = tx.all(sql, args![id]).await?;
        Watched::Chosen(rows.iter().map(|row| row.parsed("sensor_id")).collect::<Result<_, _>>()?)
    };
    let sql = "SELECT user_id FROM alert_rule_recipients WHERE rule_id = $1 ORDER BY user_id";
    let recipients = tx.all(sql, args![id]).await?;
    Ok(AlertRule {
        id,
        organization: row.parsed("organization_id")?,
        name: row.text("name")?,
        condition: condition(row)?,
        sensors,
        recipients: recipients.iter().map(|row| row.parsed("user_id")).collect::<Result<_, _>>()?,
        enabled: row.bool("enabled")?,
        created_at: row.instant("created_us")?,
        since: row.instant("since_us")?,
        rev: row.int("rev")?,
    })
}

/// A rule with the number of its open alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRule {
    /// The rule.
    pub rule: AlertRule,
    /// How many alerts are open by it.
    pub open_alerts: i64,
}

/// The rules of an organization behind `after`, oldest first, as many as `limit` at the most.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    after: Option<AlertRuleId>,
    limit: u32,
) -> Result<Vec<ListedRule>, StoreError> {
    let sql = "SELECT id, organization_id, name, condition, all_sensors, enabled, created_us, since_us, rev
        FROM alert_rules WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let after = after.map_or_else(String::new, |id| id.to_string());
    let rows = tx.all(sql, args![organization, after, limit]).await?;
    let sql = "SELECT rule_id, count(*) AS alerts FROM alerts
        WHERE organization_id = $1 AND closed_us IS NULL AND opened_us >= $2 GROUP BY rule_id";
    let mut open: HashMap<AlertRuleId, i64> = HashMap::new();
    for row in tx.all(sql, args![organization, i64::MIN]).await? {
        open.insert(row.parsed("rule_id")?, row.int("alerts")?);
    }
    let mut rules = Vec::new();
    for row in rows {
        let rule = read(tx, &row).await?;
        let open_alerts = open.get(&rule.id).copied().unwrap_or(0);
        rules.push(ListedRule { rule, open_alerts });
    }
    Ok(rules)
}

/// How many alerts are open by a rule.
pub async fn count_open(tx: &mut Tx, rule: AlertRuleId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS alerts FROM alerts WHERE rule_id = $1 AND closed_us IS NULL";
    tx.one(sql, args![rule]).await?.int("alerts")
}

/// How many rules an organization has.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS rules FROM alert_rules WHERE organization_id = $1";
    tx.one(sql, args![organization]).await?.int("rules")
}

/// How many of these sensors an organization has.
pub async fn count_sensors(
    tx: &mut Tx,
    organization: OrganizationId,
    ids: &[SensorId],
) -> Result<i64, StoreError> {
    let mut known = 0;
    for part in ids.chunks(256) {
        let text = format!(
            "SELECT count(*) AS sensors FROM sensors
             WHERE id IN ({}) AND organization_id = ${} AND removed_us IS NULL",
            placeholders(part.len()),
            part.len() + 1
        );
        let ids = part.iter().map(|id| Arg::from(*id)).chain([Arg::from(organization)]);
        known += tx.all_text(text, ids.collect()).await?.first().map_or(Ok(0), |row| row.int("sensors"))?;
    }
    Ok(known)
}

/// The rules that are switched on, of one organization or of all.
pub async fn in_force(
    tx: &mut Tx,
    organization: Option<OrganizationId>,
) -> Result<Vec<RuleInForce>, StoreError> {
    let sql = "SELECT id, organization_id, name, condition, all_sensors, rev FROM alert_rules
        WHERE enabled AND (CAST($1 AS text) IS NULL OR organization_id = $1) ORDER BY id";
    let rows = tx.all(sql, args![organization]).await?;
    let sql = "SELECT c.rule_id, s.number FROM alert_rules r JOIN alert_rule_sensors c ON c.rule_id = r.id
            JOIN sensors s ON s.id = c.sensor_id
        WHERE r.enabled AND (CAST($1 AS text) IS NULL OR r.organization_id = $1)";
    let mut chosen: HashMap<AlertRuleId, HashSet<i64>> = HashMap::new();
    for row in tx.all(sql, args![organization]).await? {
        chosen.entry(row.parsed("rule_id")?).or_default().insert(row.int("number")?);
    }
    rows.iter()
        .map(|row| {
            let id = row.parsed("id")?;
            let all = row.bool("all_sensors")?;
            Ok(RuleInForce {
                id,
                organization: row.parsed("organization_id")?,
                name: row.text("name")?,
                condition: condition(row)?,
                sensors: if all { None } else { Some(chosen.remove(&id).unwrap_or_default()) },
                rev: row.int("rev")?,
            })
        })
        .collect()
}
