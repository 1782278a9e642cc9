//! Removing an alert rule.

use tenure_domain::alert::Because;
use tenure_domain::{AlertRuleId, OrganizationId, Refusal};
use tenure_store::{alert_rules, alerts, untold};

use crate::add_alert_rule::shown;
use crate::tag::Tagged;
use crate::{App, AppError, Ctx};

impl App {
    /// Removes an alert rule. Its open alerts close, of which its recipients are still told; all its alerts stay
    /// readable (R28).
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such rule, [`Refusal::ChangedMeanwhile`].
    pub async fn remove_alert_rule(
        &self,
        ctx: &Ctx,
        organization: OrganizationId,
        id: AlertRuleId,
    ) -> Result<(), AppError> {
        let mut settled = self.settled(ctx, organization).await?;
        let rule = alert_rules::get(&mut settled.tx, organization, id).await?;
        let rule = rule.ok_or(Refusal::NotFound { what: "alert rule" })?;
        ctx.only_if.check(self, Tagged::AlertRule(&rule))?;
        // The rule goes first: whoever opens an alert by it has then done so, or does not find it any more.
        alert_rules::remove(&mut settled.tx, id).await?;
        let (now, because) = (settled.now, Because::RuleRemoved);
        alerts::close_of_rule(&mut settled.tx, id, now, because, false).await?;
        untold::forget_recipients(&mut settled.tx, id).await?;
        settled.audit("alert_rule_removed", id.to_string(), Some(shown(&rule)), None).await?;
        settled.commit_alert_rules(self).await
    }
}
