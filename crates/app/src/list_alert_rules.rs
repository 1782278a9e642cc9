//! Reading alert rules.

use tenure_domain::{AlertRuleId, OrganizationId, Refusal};
use tenure_store::alert_rules::{self, ListedRule};

use crate::{App, AppError, cut};

impl App {
    /// A page of the organization's alert rules, oldest first, and where it ends if there is more.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list_alert_rules(
        &self,
        organization: OrganizationId,
        after: Option<AlertRuleId>,
        limit: u32,
    ) -> Result<(Vec<ListedRule>, Option<AlertRuleId>), AppError> {
        let mut tx = self.db.read().await?;
        let rules = alert_rules::page(&mut tx, organization, after, limit.saturating_add(1)).await?;
        tx.roll_back().await?;
        Ok(cut(rules, limit, |listed| listed.rule.id))
    }

    /// One alert rule.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] when there is no such rule.
    pub async fn alert_rule(
        &self,
        organization: OrganizationId,
        id: AlertRuleId,
    ) -> Result<ListedRule, AppError> {
        let mut tx = self.db.read().await?;
        let rule = alert_rules::get(&mut tx, organization, id).await?;
        let rule = rule.ok_or(Refusal::NotFound { what: "alert rule" })?;
        let open_alerts = alert_rules::count_open(&mut tx, id).await?;
        tx.roll_back().await?;
        Ok(ListedRule { rule, open_alerts })
    }
}
