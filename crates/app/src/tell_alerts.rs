//! Telling of alerts by mail: to each rule's recipients, that alerts opened and closed.
//!
//! What is to be told is written with what opens or closes an alert ([`tenure_store::untold`]). Telling takes it and
//! writes the mails in one transaction, so nothing is lost or told twice, on however many nodes.

use tenure_domain::{AlertRuleId, Instant, OrganizationId, SensorId};
use tenure_store::outbox::{self, Mail};
use tenure_store::untold::{self, Taken, Untold, Window};
use tenure_store::{Tx, covers, organizations};

use crate::mail::{Alerts, Content, Happening};
use crate::unsubscribe::Topic;
use crate::{App, AppError};

/// How long a rule is silent after a mail, in microseconds: 5 minutes. What happens meanwhile is in the next one.
const PAUSE_US: i64 = 5 * 60 * 1_000_000;

/// How old the end of an alert may be, in microseconds, for the alert to be told of at all: a day. What opened and was
/// over before is no alarm but history, which a sensor or this service delivers late.
const HISTORY_US: i64 = 24 * 3_600 * 1_000_000;

/// Of as many rules is told at once at the most; of the others a moment later.
const MOST_RULES: u32 = 100;

impl App {
    /// Tells of the alerts that opened and closed since it was last told of them; returns how many mails it wrote.
    ///
    /// The first mail of a rule goes at once, then one every 5 minutes at the most. Nothing to be told costs a look
    /// into an index.
    ///
    /// # Errors
    ///
    /// Those of the store. A rule of which cannot be told is named in the log, and keeps no other one waiting.
    pub async fn tell_alerts(&self) -> Result<usize, AppError> {
        let now = self.people_now();
        let window = Window { before: now.plus_micros(-PAUSE_US), after: now.plus_micros(PAUSE_US) };
        let mut tx = self.db.read().await?;
        let rules = untold::rules(&mut tx, window, MOST_RULES).await?;
        tx.roll_back().await?;
        let mut mails = 0;
        for rule in rules {
            match self.tell_alerts_of(rule, now, window).await {
                Ok(written) => mails += written,
                Err(error) => tracing::warn!(%rule, %error, "could not tell of alerts; trying again"),
            }
        }
        Ok(mails)
    }

    async fn tell_alerts_of(
        &self,
        rule: AlertRuleId,
        now: Instant,
        window: Window,
    ) -> Result<usize, AppError> {
        let mut tx = self.db.begin().await?;
        let Some(taken) = untold::take(&mut tx, rule, window).await? else {
            tx.roll_back().await?;
            return Ok(0);
        };
        let mails = self.write_alerts(&mut tx, rule, taken, now).await?;
        for mail in &mails {
            outbox::insert(&mut tx, mail).await?;
        }
        if !mails.is_empty() {
            untold::told(&mut tx, rule, now).await?;
        }
        untold::forget_recipients(&mut tx, rule).await?;
        tx.commit().await?;
        Ok(mails.len())
    }

    /// A mail for each recipient of the rule; none when there is nothing to tell of, or nobody to tell.
    async fn write_alerts(
        &self,
        tx: &mut Tx,
        rule: AlertRuleId,
        taken: Taken,
        now: Instant,
    ) -> Result<Vec<Mail>, AppError> {
        let Taken { organization, rule_name, mut untold } = taken;
        let history = self.clock.now().plus_micros(-HISTORY_US);
        untold.retain(|alert| !(alert.opened && alert.closed.is_some_and(|(at, _)| at <= history)));
        let happenings = happenings(tx, organization, &untold).await?;
        let Some(place) = organizations::get(tx, organization).await?.filter(|_| !happenings.is_empty())
        else {
            return Ok(Vec::new());
        };
        let zone = place.zone;
        let mut alerts = Alerts { organization: place.name, rule: rule_name, zone: zone.clone(), happenings };
        let mut mails = Vec::new();
        for recipient in untold::recipients(tx, organization, rule).await? {
            alerts.zone = recipient.zone.unwrap_or_else(|| zone.clone());
            let content = Content::Alerts(&alerts);
            let (to, language) = (recipient.email.as_str(), recipient.language.as_str());
            let stop = self.unsubscribe_address(organization, recipient.user, Topic::AlertRule(rule));
            mails.push(self.mail(now, Some(organization), to, language, &content, Some(&stop))?);
        }
        Ok(mails)
    }
}

/// What has happened, with the names of the sensors as they are now.
async fn happenings(
    tx: &mut Tx,
    organization: OrganizationId,
    untold: &[Untold],
) -> Result<Vec<Happening>, AppError> {
    let sensors: Vec<SensorId> = untold.iter().map(|alert| alert.sensor).collect();
    let names = covers::names(tx, organization, &sensors).await?;
    let happening = |alert: &Untold| {
        let sensor = names.get(&alert.sensor)?;
        Some(Happening {
            sensor: sensor.name.clone(),
            serial: sensor.serial,
            opened_at: alert.opened_at,
            closed: alert.closed,
            condition: alert.condition,
            worst: alert.worst_value,
        })
    };
    Ok(untold.iter().filter_map(happening).collect())
}
