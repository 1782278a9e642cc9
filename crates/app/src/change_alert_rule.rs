//! Changing an alert rule.

use tenure_domain::alert::{Because, Condition};
use tenure_domain::{AlertRuleId, OrganizationId, Refusal, UserId};
use tenure_store::alert_rules::{self, AlertRule, Watched};
use tenure_store::alerts;

use crate::add_alert_rule::shown;
use crate::sensors::checked_name;
use crate::tag::Tagged;
use crate::{App, AppError, Ctx};

/// What is to be changed of a rule.
#[derive(Clone, Debug, Default)]
pub struct AlertRuleChange<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// What it watches for.
    pub condition: Option<Condition>,
    /// Whom it watches.
    pub sensors: Option<Watched>,
    /// Who is told of its alerts by mail.
    pub recipients: Option<Vec<UserId>>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
}

impl App {
    /// Changes an alert rule, from the first message on that is sent after this returns.
    ///
    /// Its open alerts close when it watches for something else or is switched off, and those of sensors that it does
    /// not watch any more.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such rule, sensor or member, [`Refusal::Invalid`] for its name, its condition or
    /// its sensors, [`Refusal::ChangedMeanwhile`].
    pub async fn change_alert_rule(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: AlertRuleId,
        change: AlertRuleChange<'_>,
    ) -> Result<AlertRule, AppError> {
        let AlertRuleChange { name, condition, sensors, recipients, enabled } = change;
        let name = name.map(checked_name).transpose()?;
        let condition = condition.map(Condition::checked).transpose()?;
        let mut settled = self.settled(ctx, organization).await?;
        let before = alert_rules::get(&mut settled.tx, organization, id).await?;
        let before = before.ok_or(Refusal::NotFound { what: "alert rule" })?;
        ctx.only_if.check(self, Tagged::AlertRule(&before))?;
        let sensors = match sensors {
            Some(sensors) => settled.checked_sensors(sensors).await?,
            None => before.sensors.clone(),
        };
        let recipients = match recipients {
            Some(recipients) => settled.checked_recipients(recipients).await?,
            None => before.recipients.clone(),
        };
        let mut after = AlertRule {
            name: name.map_or_else(|| before.name.clone(), str::to_owned),
            condition: condition.unwrap_or(before.condition),
            sensors,
            recipients,
            enabled: enabled.unwrap_or(before.enabled),
            ..before.clone()
        };
        if after == before {
            settled.commit(self).await?;
            return Ok(after);
        }
        after.rev = settled.organization.rev;
        let watches_as_before = AlertRule {
            name: after.name.clone(),
            recipients: after.recipients.clone(),
            rev: after.rev,
            ..before.clone()
        };
        if after != watches_as_before {
            after.since = settled.now;
        }
        alert_rules::update(&mut settled.tx, &after).await?;
        let others_stay = after.condition == before.condition && after.enabled;
        let (now, because) = (settled.now, Because::RuleChanged);
        alerts::close_of_rule(&mut settled.tx, id, now, because, others_stay).await?;
        let (was, is) = (shown(&before), shown(&after));
        settled.audit("alert_rule_changed", id.to_string(), Some(was), Some(is)).await?;
        settled.commit_alert_rules(self).await?;
        Ok(after)
    }
}
