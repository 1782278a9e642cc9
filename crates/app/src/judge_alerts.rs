//! Judging messages by the alert rules, in the transaction that keeps the messages (R23, R27).
//!
//! An open alert is a row, and so is the newest instant that a rule has judged of a sensor: nothing of it is held in
//! memory. So another node goes on where this one stopped, and what was judged in a transaction that is not committed
//! was not judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tenure_domain::alert::{Event, Heard, Kept, State, Watch};
use tenure_domain::measurement::Channel;
use tenure_domain::{AlertId, AlertRuleId, Instant, OrganizationId};
use tenure_store::alert_rules::{self, RuleInForce};
use tenure_store::alerts::{self, NewAlert, OpenAlert, Step};
use tenure_store::{StoreError, Tx};

use crate::App;

/// How often messages are judged anew because a rule was changed meanwhile by another process.
const MOST_TRIES: u8 = 3;

/// The rules that are switched on.
#[derive(Clone, Debug, Default)]
pub struct Rules(HashMap<OrganizationId, Vec<RuleInForce>>);

/// A message of an organization that has rules.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The organization.
    pub organization: OrganizationId,
    /// The sensor's number.
    pub sensor: i64,
    /// When it arrived.
    pub arrived: Instant,
    /// What was kept of it.
    pub kept: Kept,
    /// Whether the sensor warns of its battery.
    pub low_battery: bool,
    /// The samples that were kept.
    pub channels: Vec<Channel>,
}

impl Rules {
    /// All these rules.
    #[must_use]
    pub fn of(rules: Vec<RuleInForce>) -> Self {
        let mut by_organization: HashMap<_, Vec<RuleInForce>> = HashMap::new();
        for rule in rules {
            by_organization.entry(rule.organization).or_default().push(rule);
        }
        Self(by_organization)
    }

    /// Puts an organization's rules in the place of those before.
    pub fn set(&mut self, organization: OrganizationId, rules: Vec<RuleInForce>) {
        if rules.is_empty() {
            self.0.remove(&organization);
        } else {
            self.0.insert(organization, rules);
        }
    }

    /// The rules of an organization.
    #[must_use]
    pub fn of_organization(&self, organization: OrganizationId) -> &[RuleInForce] {
        self.0.get(&organization).map_or(&[], Vec::as_slice)
    }

    /// The rules of an organization that watch a sensor.
    fn watching(&self, organization: OrganizationId, sensor: i64) -> impl Iterator<Item = &RuleInForce> {
        self.of_organization(organization).iter().filter(move |rule| rule.watches(sensor))
    }
}

/// One sensor under one rule, while its messages are judged.
struct Slot {
    watch: Watch,
    row: Place,
}

/// Where the open alert is.
enum Place {
    Nowhere,
    Kept(OpenAlert),
    /// Among the new ones.
    New(usize),
}

/// What came of the messages.
#[derive(Default)]
struct Outcome {
    new: Vec<NewAlert>,
    steps: BTreeMap<AlertId, Step>,
    judged: BTreeMap<(i64, AlertRuleId), Instant>,
    /// The rules by which something has happened, as they were known.
    rules: BTreeMap<AlertRuleId, (i64, OrganizationId)>,
}

impl App {
    /// Judges messages by the rules, and keeps what they open and close.
    ///
    /// The rules may be out of date where another process has changed them; before something is opened or closed by
    /// a rule, it is made sure that it still is the same.
    ///
    /// # Errors
    ///
    /// Those of the database. An alert on record that makes no sense is told in the log and stops no message.
    pub async fn judge_alerts(
        &self,
        tx: &mut Tx,
        rules: &Rules,
        observed: &[Observed],
    ) -> Result<(), StoreError> {
        let mut read_again = None;
        for _ in 0..MOST_TRIES {
            let rules = read_again.as_ref().unwrap_or(rules);
            let outcome = match self.judge(tx, rules, observed).await {
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(%error, "messages were not judged by the alert rules");
                    return Ok(());
                }
                outcome => outcome?,
            };
            let mut changed = BTreeSet::new();
            for (rule, (rev, organization)) in &outcome.rules {
                if !alert_rules::hold(tx, *rule, *rev).await? {
                    changed.insert(*organization);
                }
            }
            if changed.is_empty() {
                return outcome.keep(tx).await;
            }
            let mut newer = rules.clone();
            for organization in changed {
                newer.set(organization, alert_rules::in_force(tx, Some(organization)).await?);
            }
            read_again = Some(newer);
        }
        tracing::warn!(
            "alert rules change faster than messages are judged; these messages open and close nothing"
        );
        Ok(())
    }

    async fn judge(&self, tx: &mut Tx, rules: &Rules, observed: &[Observed]) -> Result<Outcome, StoreError> {
        let mut outcome = Outcome::default();
        let mut watched = BTreeSet::new();
        let mut measured = BTreeSet::new();
        for message in observed {
            for rule in rules.watching(message.organization, message.sensor) {
                watched.insert(message.sensor);
                if let Some(kind) = rule.condition.channel_type()
                    && message.channels.iter().any(|channel| channel.kind == kind)
                {
                    measured.insert(message.sensor);
                }
            }
        }
        if watched.is_empty() {
            return Ok(outcome);
        }
        let open = alerts::open_of(tx, &Vec::from_iter(watched)).await?;
        let mut open: HashMap<_, _> =
            open.into_iter().map(|alert| ((alert.sensor, alert.rule), alert)).collect();
        let judged = alerts::judged(tx, &Vec::from_iter(measured)).await?;
        let mut slots: HashMap<(i64, AlertRuleId), Slot> = HashMap::new();
        for message in observed {
            let heard = Heard {
                arrived: message.arrived,
                kept: message.kept,
                low_battery: message.low_battery,
                channels: &message.channels,
            };
            for rule in rules.watching(message.organization, message.sensor) {
                let key = (message.sensor, rule.id);
                let slot = slots.entry(key).or_insert_with(|| {
                    let kept = open.remove(&key);
                    let state = kept.map_or(State::Normal, |alert| State::Open(alert.open));
                    let watch = Watch { judged: judged.get(&key).copied(), state };
                    Slot { watch, row: kept.map_or(Place::Nowhere, Place::Kept) }
                });
                let before = slot.watch.judged;
                let events = rule.condition.step(&mut slot.watch, &heard);
                if let Some(judged) = slot.watch.judged.filter(|judged| before != Some(*judged)) {
                    outcome.judged.insert(key, judged);
                }
                if !events.is_empty() {
                    outcome.rules.insert(rule.id, (rule.rev, rule.organization));
                }
                for event in events {
                    let random = self.entropy.bits();
                    outcome.tell(rule, message, slot, event, random);
                }
            }
        }
        Ok(outcome)
    }
}

impl Outcome {
    fn tell(&mut self, rule: &RuleInForce, message: &Observed, slot: &mut Slot, event: Event, random: u128) {
        let (open, closed_at) = match event {
            Event::Opened(open) => {
                let id = AlertId::new(message.arrived, random);
                slot.row = Place::New(self.new.len());
                self.new.push(NewAlert::opened(id, rule, message.sensor, open));
                return;
            }
            Event::GoesOn(open) => (open, None),
            Event::Closed { was, at } => (was, Some(at)),
        };
        match &slot.row {
            Place::Nowhere => {}
            Place::Kept(alert) => {
                self.steps.insert(alert.id, alert.after(open, closed_at));
            }
            Place::New(place) => {
                if let Some(alert) = self.new.get_mut(*place) {
                    (alert.open, alert.closed_at) = (open, closed_at);
                }
            }
        }
        if closed_at.is_some() {
            slot.row = Place::Nowhere;
        }
    }

    async fn keep(self, tx: &mut Tx) -> Result<(), StoreError> {
        // What closes goes first: a rule has one open alert of a sensor, also between two statements.
        if !self.steps.is_empty() {
            alerts::step(tx, &Vec::from_iter(self.steps.into_values())).await?;
        }
        if !self.new.is_empty() {
            alerts::insert(tx, &self.new).await?;
        }
        alerts::keep_judged(tx, &self.judged).await
    }
}
