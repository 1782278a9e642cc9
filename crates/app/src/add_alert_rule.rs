//! Making an alert rule.

use std::collections::BTreeSet;

use tenure_domain::alert::Condition;
use tenure_domain::{AlertRuleId, OrganizationId, Refusal, SensorId, UserId};
use tenure_store::alert_rules::{self, AlertRule, Watched};
use tenure_store::users;

use crate::sensors::checked_name;
use crate::settled::SettledOrganization;
use crate::{App, AppError, Ctx};

/// The most rules of an organization.
pub const MOST_RULES: i64 = 100;

/// The most sensors that a rule names.
pub const MOST_SENSORS: usize = 1_000;

/// A rule that is to be made.
#[derive(Clone, Debug)]
pub struct NewAlertRule<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it watches for.
    pub condition: Condition,
    /// Whom it watches.
    pub sensors: Watched,
    /// Who is told of its alerts by mail.
    pub recipients: Vec<UserId>,
    /// Whether it is switched on.
    pub enabled: bool,
}

impl App {
    /// Makes an alert rule. It is in force for the first message that is sent after this returns.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for its name, its condition or its sensors, [`Refusal::NotFound`] for sensors and
    /// recipients that the organization does not have, [`Refusal::TooManyAlertRules`].
    pub async fn add_alert_rule(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        new: NewAlertRule<'_>,
    ) -> Result<AlertRule, AppError> {
        let NewAlertRule { name, condition, sensors, recipients, enabled } = new;
        let (name, condition) = (checked_name(name)?.to_owned(), condition.checked()?);
        let id = AlertRuleId::new(ctx.now, self.entropy.bits());
        let mut settled = self.settled(ctx, organization).await?;
        if alert_rules::count(&mut settled.tx, organization).await? >= MOST_RULES {
            return Err(Refusal::TooManyAlertRules.into());
        }
        let sensors = settled.checked_sensors(sensors).await?;
        let recipients = settled.checked_recipients(recipients).await?;
        let (now, rev) = (settled.now, settled.organization.rev);
        let rule = AlertRule {
            id,
            organization,
            name,
            condition,
            sensors,
            recipients,
            enabled,
            created_at: now,
            since: now,
            rev,
        };
        alert_rules::insert(&mut settled.tx, &rule).await?;
        settled.audit("alert_rule_added", id.to_string(), None, Some(shown(&rule))).await?;
        settled.commit_alert_rules(self).await?;
        Ok(rule)
    }
}

impl SettledOrganization {
    /// The sensors of a rule in order, each once, if the organization has them.
    pub(crate) async fn checked_sensors(&mut self, sensors: Watched) -> Result<Watched, AppError> {
        let Watched::Chosen(chosen) = sensors else { return Ok(Watched::All) };
        let chosen: BTreeSet<SensorId> = chosen.into_iter().collect();
        if !(1..=MOST_SENSORS).contains(&chosen.len()) {
            let expected = format!("\"all\", or 1 to {MOST_SENSORS} sensors");
            return Err(Refusal::Invalid { field: "sensors", expected }.into());
        }
        let chosen: Vec<SensorId> = chosen.into_iter().collect();
        let known = alert_rules::count_sensors(&mut self.tx, self.organization.id, &chosen).await?;
        if usize::try_from(known) != Ok(chosen.len()) {
            return Err(Refusal::NotFound { what: "sensor" }.into());
        }
        Ok(Watched::Chosen(chosen))
    }

    /// The recipients of a rule in order, each once, if they are members.
    pub(crate) async fn checked_recipients(
        &mut self,
        recipients: Vec<UserId>,
    ) -> Result<Vec<UserId>, AppError> {
        let recipients: BTreeSet<UserId> = recipients.into_iter().collect();
        for user in &recipients {
            let role = users::role_in(&mut self.tx, *user, self.organization.id).await?;
            role.ok_or(Refusal::NotFound { what: "user" })?;
        }
        Ok(recipients.into_iter().collect())
    }

    /// Commits a change of the rules, and tells the hot path.
    pub(crate) async fn commit_alert_rules(mut self, app: &App) -> Result<(), AppError> {
        let (id, rev) = (self.organization.id, self.organization.rev);
        let rules = alert_rules::in_force(&mut self.tx, Some(id)).await?;
        self.commit(app).await?;
        if let Some(listener) = app.listener() {
            listener.alert_rules_changed(id, rev, rules);
        }
        Ok(())
    }
}

/// What the audit trail shows of a rule.
pub(crate) fn shown(rule: &AlertRule) -> serde_json::Value {
    let AlertRule { name, condition, sensors, recipients, enabled, .. } = rule;
    let sensors = match sensors {
        Watched::All => serde_json::json!("all"),
        Watched::Chosen(chosen) => serde_json::json!(chosen),
    };
    serde_json::json!({
        "name": name, "condition": condition, "sensors": sensors, "recipients": recipients, "enabled": enabled,
    })
}
