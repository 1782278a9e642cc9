//! One person's tick: whether they are told of one thing by e-mail (R30).

use tenure_domain::{AlertRuleId, OrganizationId, UserId};

use crate::args::args;
use crate::recipients::{self, Notification};
use crate::{StoreError, Tx};

/// What somebody is told of in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// What the Notification manager has a list for.
    Notification(Notification),
    /// The alerts of a rule.
    AlertRule(AlertRuleId),
}

/// Whether a member is told of it.
///
/// # Errors
///
/// Those of the database; so for all functions of this module.
pub async fn is_told(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    topic: Topic,
) -> Result<bool, StoreError> {
    match topic {
        Topic::Notification(kind) => Ok(recipients::of(tx, organization, kind).await?.contains(&user)),
        Topic::AlertRule(rule) => {
            let sql = "SELECT c.user_id FROM alert_rule_recipients c
                JOIN alert_rules r ON r.id = c.rule_id AND r.organization_id = $1
                JOIN memberships m ON m.user_id = c.user_id AND m.organization_id = r.organization_id
                WHERE c.rule_id = $2 AND c.user_id = $3";
            Ok(tx.one_or_none(sql, args![organization, rule, user]).await?.is_some())
        }
    }
}

/// Takes the tick away; returns whether there was one.
pub async fn untick(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    topic: Topic,
) -> Result<bool, StoreError> {
    let gone = match topic {
        Topic::Notification(kind) => {
            let sql = "DELETE FROM notification_recipients
                WHERE organization_id = $1 AND kind = $2 AND user_id = $3";
            tx.execute(sql, args![organization, kind.name(), user]).await?
        }
        Topic::AlertRule(rule) => {
            // The recipients of a rule that was removed stay until they are told of what was not told yet.
            let sql = "DELETE FROM alert_rule_recipients WHERE rule_id = $2 AND user_id = $3
                AND NOT EXISTS (SELECT 1 FROM alert_rules r WHERE r.id = $2 AND r.organization_id <> $1)";
            tx.execute(sql, args![organization, rule, user]).await?
        }
    };
    Ok(gone > 0)
}

/// Sets the tick of a member; returns whether there was none.
pub async fn tick(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    topic: Topic,
) -> Result<bool, StoreError> {
    match topic {
        Topic::Notification(kind) => recipients::add(tx, organization, kind, user).await,
        Topic::AlertRule(rule) => {
            let sql = "INSERT INTO alert_rule_recipients (rule_id, user_id)
                SELECT id, $3 FROM alert_rules WHERE id = $2 AND organization_id = $1
                ON CONFLICT DO NOTHING";
            Ok(tx.execute(sql, args![organization, rule, user]).await? > 0)
        }
    }
}

/// How an alert rule of the organization is called, if it is still there.
pub async fn rule_name(
    tx: &mut Tx,
    organization: OrganizationId,
    rule: AlertRuleId,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT name FROM alert_rules WHERE id = $1 AND organization_id = $2";
    tx.one_or_none(sql, args![rule, organization]).await?.map(|row| row.text("name")).transpose()
}
