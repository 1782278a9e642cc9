//! Alerts: opening them, closing them, reading them.

use std::collections::{BTreeMap, HashMap};

use tenure_domain::alert::{Because, Condition, Open, Positions};
use tenure_domain::measurement::Decimal;
use tenure_domain::{AlertId, AlertRuleId, Instant, OrganizationId, SensorId, Serial};

use crate::alert_rules::{RuleInForce, condition, written};
use crate::args::{Arg, args};
use crate::bulk::{Bulk, Column};
use crate::page::cut;
use crate::row::corrupt;
use crate::sensors::number_lists;
use crate::{Row, StoreError, Tx};

/// An alert that is to be kept, open or closed already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// Its identifier.
    pub id: AlertId,
    /// The organization of its rule.
    pub organization: OrganizationId,
    /// Its rule.
    pub rule: AlertRuleId,
    /// The rule's name.
    pub rule_name: String,
    /// What the rule watches for.
    pub condition: Condition,
    /// The sensor's number.
    pub sensor: i64,
    /// The value with which it opened.
    pub opened_value: Option<Decimal>,
    /// What it has come to.
    pub open: Open,
    /// When the sensor was back to normal, if it is.
    pub closed_at: Option<Instant>,
}

impl NewAlert {
    /// An alert that a rule opens.
    #[must_use]
    pub fn opened(id: AlertId, rule: &RuleInForce, sensor: i64, open: Open) -> Self {
        Self {
            id,
            organization: rule.organization,
            rule: rule.id,
            rule_name: rule.name.clone(),
            condition: rule.condition,
            sensor,
            opened_value: open.worst,
            open,
            closed_at: None,
        }
    }
}

/// An open alert, as messages are judged against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAlert {
    /// The alert.
    pub id: AlertId,
    /// Its rule.
    pub rule: AlertRuleId,
    /// What the rule watched for when it opened.
    pub condition: Condition,
    /// The sensor's number.
    pub sensor: i64,
    /// What it is.
    pub open: Open,
}

impl OpenAlert {
    /// The alert after a step.
    #[must_use]
    pub const fn after(&self, open: Open, closed_at: Option<Instant>) -> Step {
        Step { id: self.id, condition: self.condition, open, closed_at }
    }
}

/// What became of an open alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The alert.
    pub id: AlertId,
    /// What its rule watches for.
    pub condition: Condition,
    /// What it has come to.
    pub open: Open,
    /// When the sensor was back to normal, if it is.
    pub closed_at: Option<Instant>,
}

/// A value in the smallest steps of its type.
fn steps(condition: &Condition, value: Option<Decimal>) -> Option<i64> {
    value?.mantissa_at(condition.channel_type()?.decimals())
}

pub(crate) fn value(row: &Row, column: &str, condition: &Condition) -> Result<Option<Decimal>, StoreError> {
    let (steps, kind) = (row.int_or_null(column)?, condition.channel_type());
    Ok(steps.zip(kind).map(|(steps, kind)| Decimal::new(steps, kind.decimals())))
}

fn because(closed_at: Option<Instant>) -> Option<&'static str> {
    closed_at.map(|_| Because::BackToNormal.name())
}

/// Opens alerts; those who are told of the rule's alerts are to be told of them. Where the rule has an open one of the
/// sensor already, that one stays: another node was quicker.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn insert(tx: &mut Tx, alerts: &[NewAlert]) -> Result<u64, StoreError> {
    const INSERT: Bulk = Bulk {
        head: "WITH v (id, organization_id, rule_id, rule_name, condition, lost_connection, sensor, opened_us,
                opened_value, worst_value, channels_over, closed_us, closed_because) AS (",
        columns: &[
            Column::Text,
            Column::Text,
            Column::Text,
            Column::Text,
            Column::Text,
            Column::Bool,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Int,
            Column::Text,
        ],
        tail: ") INSERT INTO alerts (id, organization_id, rule_id, rule_name, condition, lost_connection, sensor_id, sensor,
                opened_us, opened_value, worst_value, channels_over, closed_us, closed_because, untold_opened,
                untold_closed)
            SELECT v.id, v.organization_id, v.rule_id, v.rule_name, v.condition, v.lost_connection, s.id, v.sensor,
                v.opened_us, v.opened_value, v.worst_value, v.channels_over, v.closed_us, v.closed_because,
                EXISTS (SELECT 1 FROM alert_rule_recipients c WHERE c.rule_id = v.rule_id),
                v.closed_us IS NOT NULL AND EXISTS (SELECT 1 FROM alert_rule_recipients c WHERE c.rule_id = v.rule_id)
            FROM v CROSS JOIN sensors s WHERE s.number = v.sensor + 0
            ON CONFLICT DO NOTHING",
    };
    let mut rows = Vec::with_capacity(alerts.len());
    for alert in alerts {
        let NewAlert { id, organization, rule, rule_name, condition, sensor, opened_value, open, closed_at } =
            alert;
        rows.push(args![
            *id,
            *organization,
            *rule,
            rule_name.as_str(),
            written(condition)?,
            condition.silence_us().is_some(),
            *sensor,
            open.since,
            steps(condition, *opened_value),
            steps(condition, open.worst),
            i64::from(open.over.bits()),
            *closed_at,
            because(*closed_at)
        ]);
    }
    INSERT.run(tx, rows).await
}

/// Keeps what became of open alerts. One that was closed meanwhile stays as it is.
pub async fn step(tx: &mut Tx, alerts: &[Step]) -> Result<(), StoreError> {
    const UPDATE: Bulk = Bulk {
        head: "WITH v (id, worst_value, channels_over, closed_us, closed_because) AS (",
        columns: &[Column::Text, Column::Int, Column::Int, Column::Int, Column::Text],
        tail: ") UPDATE alerts SET worst_value = v.worst_value, channels_over = v.channels_over, closed_us = v.closed_us,
                closed_because = v.closed_because, untold_closed = v.closed_us IS NOT NULL AND EXISTS
                    (SELECT 1 FROM alert_rule_recipients c WHERE c.rule_id = alerts.rule_id)
            FROM v WHERE alerts.id = v.id || '' AND alerts.closed_us IS NULL",
    };
    let mut alerts = alerts.to_vec();
    alerts.sort_unstable_by_key(|alert| alert.id);
    let rows = alerts.iter().map(|Step { id, condition, open, closed_at }| {
        let over = i64::from(open.over.bits());
        args![*id, steps(condition, open.worst), over, *closed_at, because(*closed_at)]
    });
    UPDATE.run(tx, rows.collect()).await.map(drop)
}

/// The open alerts of sensors, by their numbers.
pub async fn open_of(tx: &mut Tx, sensors: &[i64]) -> Result<Vec<OpenAlert>, StoreError> {
    let mut open = Vec::new();
    for (places, args) in number_lists(sensors) {
        let text = format!(
            "SELECT id, rule_id, condition, sensor, opened_us, worst_value, channels_over FROM alerts
             WHERE closed_us IS NULL AND sensor IN ({places})"
        );
        for row in tx.all_text(text, args).await? {
            let over = row.int("channels_over")?;
            let over = u8::try_from(over).map_err(|error| corrupt("channels_over", &over, &error))?;
            let condition = condition(&row)?;
            let worst = value(&row, "worst_value", &condition)?;
            open.push(OpenAlert {
                id: row.parsed("id")?,
                rule: row.parsed("rule_id")?,
                condition,
                sensor: row.int("sensor")?,
                open: Open { since: row.instant("opened_us")?, over: Positions::from_bits(over), worst },
            });
        }
    }
    Ok(open)
}

/// The newest instants that rules have judged of sensors, by their numbers.
pub async fn judged(
    tx: &mut Tx,
    sensors: &[i64],
) -> Result<HashMap<(i64, AlertRuleId), Instant>, StoreError> {
    let mut judged = HashMap::new();
    for (places, args) in number_lists(sensors) {
        let text = format!("SELECT sensor, rule_id, judged_us FROM alert_watches WHERE sensor IN ({places})");
        for row in tx.all_text(text, args).await? {
            judged.insert((row.int("sensor")?, row.parsed("rule_id")?), row.instant("judged_us")?);
        }
    }
    Ok(judged)
}

/// Keeps the newest instants that rules have judged of sensors. They never step back.
pub async fn keep_judged(
    tx: &mut Tx,
    judged: &BTreeMap<(i64, AlertRuleId), Instant>,
) -> Result<(), StoreError> {
    const UPSERT: Bulk = Bulk {
        head: "INSERT INTO alert_watches (sensor, rule_id, judged_us)",
        columns: &[Column::Int, Column::Text, Column::Int],
        tail: "ON CONFLICT (sensor, rule_id) DO UPDATE SET judged_us = excluded.judged_us
            WHERE alert_watches.judged_us < excluded.judged_us",
    };
    let rows = judged.iter().map(|((sensor, rule), instant)| args![*sensor, *rule, *instant]);
    UPSERT.run(tx, rows.collect()).await.map(drop)
}

/// Closes the open alerts of a rule: all of them, or those of sensors that the rule, as it is kept now, does not watch
/// any more. Returns how many there were.
pub async fn close_of_rule(
    tx: &mut Tx,
    rule: AlertRuleId,
    at: Instant,
    because: Because,
    only_unwatched: bool,
) -> Result<u64, StoreError> {
    let sql = "UPDATE alerts SET closed_us = CASE WHEN opened_us > $2 THEN opened_us ELSE $2 END, closed_because = $3,
            untold_closed = EXISTS (SELECT 1 FROM alert_rule_recipients c WHERE c.rule_id = alerts.rule_id)
        WHERE rule_id = $1 AND closed_us IS NULL AND NOT ($4 AND EXISTS (SELECT 1 FROM alert_rules r
            WHERE r.id = $1 AND (r.all_sensors OR EXISTS (SELECT 1 FROM alert_rule_sensors c
                WHERE c.rule_id = r.id AND c.sensor_id = alerts.sensor_id))))";
    tx.execute(sql, args![rule, at, because.name(), only_unwatched]).await
}

/// Closes the open alerts of a sensor; returns how many there were.
pub async fn close_of_sensor(
    tx: &mut Tx,
    sensor: SensorId,
    at: Instant,
    because: Because,
) -> Result<u64, StoreError> {
    let sql = "UPDATE alerts SET closed_us = CASE WHEN opened_us > $2 THEN opened_us ELSE $2 END, closed_because = $3,
            untold_closed = EXISTS (SELECT 1 FROM alert_rule_recipients c WHERE c.rule_id = alerts.rule_id)
        WHERE sensor_id = $1 AND closed_us IS NULL";
    tx.execute(sql, args![sensor, at, because.name()]).await
}

/// Erases all alerts of a sensor, as part of its history.
pub async fn erase_of_sensor(tx: &mut Tx, sensor: SensorId, number: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM alert_watches WHERE sensor = $1", args![number]).await?;
    tx.execute("DELETE FROM alerts WHERE sensor_id = $1", args![sensor]).await
}

/// An alert, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its identifier.
    pub id: AlertId,
    /// Its rule, while there is one.
    pub rule: Option<AlertRuleId>,
    /// The rule's name, or its last one.
    pub rule_name: String,
    /// What the rule watched for when it opened.
    pub condition: Condition,
    /// The sensor.
    pub sensor: SensorId,
    /// The sensor's name.
    pub sensor_name: String,
    /// The sensor's serial number.
    pub serial: Serial,
    /// When it opened.
    pub opened_at: Instant,
    /// The value with which it opened.
    pub opened_value: Option<Decimal>,
    /// The value that was farthest beyond the threshold.
    pub worst_value: Option<Decimal>,
    /// When and why it closed, if it has.
    pub closed: Option<(Instant, Because)>,
}

/// Where a page of alerts ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertPlace {
    /// When its last alert opened.
    pub opened_at: Instant,
    /// That alert.
    pub id: AlertId,
}

/// Which alerts are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertQuery {
    /// Only open ones, or only closed ones.
    pub open: Option<bool>,
    /// Only of this sensor.
    pub sensor: Option<SensorId>,
    /// Only by this rule.
    pub rule: Option<AlertRuleId>,
    /// Those behind this place.
    pub after: Option<AlertPlace>,
    /// As many at the most.
    pub limit: u32,
}

const SELECT: &str = "SELECT a.id, r.id AS rule_id, coalesce(r.name, a.rule_name) AS rule_name, a.condition,
        a.sensor_id, s.name AS sensor_name, s.serial, a.opened_us, a.opened_value, a.worst_value, a.closed_us,
        a.closed_because
    FROM alerts a JOIN sensors s ON s.id = a.sensor_id LEFT JOIN alert_rules r ON r.id = a.rule_id
    WHERE a.organization_id = $1";

/// An alert of an organization.
pub async fn of(tx: &mut Tx, organization: OrganizationId, id: AlertId) -> Result<Option<Alert>, StoreError> {
    let sql = format!("{SELECT} AND a.id = $2");
    tx.all_text(sql, args![organization, id]).await?.first().map(read).transpose()
}

/// A page of an organization's alerts, newest first, and where it ends if there is more.
pub async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    query: &AlertQuery,
) -> Result<(Vec<Alert>, Option<AlertPlace>), StoreError> {
    let AlertQuery { open, sensor, rule, after, limit } = *query;
    let mut args = args![organization];
    let mut text = SELECT.to_owned();
    match open {
        Some(true) => text.push_str(" AND a.closed_us IS NULL"),
        Some(false) => text.push_str(" AND a.closed_us IS NOT NULL"),
        None => {}
    }
    let mut add = |part: &str, arg: Arg| {
        args.push(arg);
        text.push_str(&part.replace('?', &format!("${}", args.len())));
    };
    if let Some(sensor) = sensor {
        add(" AND a.sensor_id = ?", sensor.into());
    }
    if let Some(rule) = rule {
        add(" AND a.rule_id = ?", rule.into());
    }
    // A first page has a place too, behind which all are: for a bound on `opened_us` SQLite takes the index over the
    // open ones, and without one it would look through all.
    let last = AlertPlace { opened_at: Instant::from_micros(i64::MAX), id: AlertId::from_bits(u128::MAX) };
    let AlertPlace { opened_at, id } = after.unwrap_or(last);
    add(" AND (a.opened_us, a.id) < (?", opened_at.into());
    add(", ?)", id.into());
    add(" ORDER BY a.opened_us DESC, a.id DESC LIMIT ?", limit.saturating_add(1).into());
    let alerts: Vec<Alert> = tx.all_text(text, args).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(cut(alerts, limit, |alert| AlertPlace { opened_at: alert.opened_at, id: alert.id }))
}

/// When and why the alert of a row closed, if it has.
pub(crate) fn closed(row: &Row) -> Result<Option<(Instant, Because)>, StoreError> {
    let (at, name) = (row.instant_or_null("closed_us")?, row.text_or_null("closed_because")?);
    let (Some(at), Some(name)) = (at, name) else { return Ok(None) };
    let because = Because::ALL.into_iter().find(|because| because.name() == name);
    Ok(Some((at, because.ok_or_else(|| corrupt("closed_because", &name, &"no such reason"))?)))
}

fn read(row: &Row) -> Result<Alert, StoreError> {
    let condition = condition(row)?;
    let closed = closed(row)?;
    Ok(Alert {
        id: row.parsed("id")?,
        rule: row.parsed_or_null("rule_id")?,
        rule_name: row.text("rule_name")?,
        condition,
        sensor: row.parsed("sensor_id")?,
        sensor_name: row.text("sensor_name")?,
        serial: row.parsed("serial")?,
        opened_at: row.instant("opened_us")?,
        opened_value: value(row, "opened_value", &condition)?,
        worst_value: value(row, "worst_value", &condition)?,
        closed,
    })
}

/// How many alerts of an organization are open.
pub async fn count_open(tx: &mut Tx, organization: OrganizationId) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) AS alerts FROM alerts
        WHERE organization_id = $1 AND closed_us IS NULL AND opened_us >= $2";
    tx.one(sql, args![organization, i64::MIN]).await?.int("alerts")
}
