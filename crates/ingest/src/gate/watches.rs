//! Whose messages are judged by alert rules.

use std::collections::HashSet;

use tenure_app::rows::RuleInForce;

/// Of each organization, by its place in the gate: the sensors that its rules watch. One without rules has nothing
/// here, and costs a look at eight bytes for each message.
#[derive(Default)]
pub(super) struct Watches(Vec<Option<Box<Watch>>>);

struct Watch {
    /// The organization's `rev` when this was so; what is older comes too late.
    rev: i64,
    sensors: Watched,
}

enum Watched {
    None,
    All,
    /// Those with these numbers.
    Chosen(HashSet<i64>),
}

impl Watches {
    /// Takes over an organization's rules, unless later ones are known; returns whether.
    pub(super) fn set(&mut self, organization: u32, rev: i64, rules: &[RuleInForce]) -> bool {
        let Ok(index) = usize::try_from(organization) else { return false };
        let known = self.0.get(index).and_then(Option::as_ref);
        if known.is_some_and(|watch| watch.rev > rev) {
            return false;
        }
        let chosen: Option<Vec<_>> = rules.iter().map(|rule| rule.sensors.as_ref()).collect();
        let sensors = match chosen {
            None => Watched::All,
            Some(chosen) if chosen.is_empty() => Watched::None,
            Some(chosen) => Watched::Chosen(chosen.into_iter().flatten().copied().collect()),
        };
        if known.is_some() || !matches!(sensors, Watched::None) {
            if self.0.len() <= index {
                self.0.resize_with(index + 1, || None);
            }
            if let Some(watch) = self.0.get_mut(index) {
                *watch = Some(Box::new(Watch { rev, sensors }));
            }
        }
        true
    }

    /// Whether a rule of the organization watches the sensor with this number.
    pub(super) fn watch(&self, organization: u32, number: u32) -> bool {
        let index = usize::try_from(organization).ok();
        let Some(Some(watch)) = index.and_then(|index| self.0.get(index)) else { return false };
        match &watch.sensors {
            Watched::None => false,
            Watched::All => true,
            Watched::Chosen(numbers) => numbers.contains(&i64::from(number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tenure_app::CoverChange;
    use tenure_app::rows::RuleInForce;
    use tenure_domain::{Instant, OrganizationId, Serial};

    use crate::gate::{Decision, Gate};

    const END: Instant = Instant::from_seconds(1_000_000);
    const SERIAL: Serial = Serial::from_number(0x282c_0242_4eed);

    fn organization(number: u128) -> OrganizationId {
        OrganizationId::from_bits(number)
    }

    fn rule(sensors: Option<&[i64]>) -> RuleInForce {
        RuleInForce {
            id: tenure_domain::AlertRuleId::from_bits(1),
            organization: organization(1),
            name: "Battery".to_owned(),
            condition: tenure_domain::alert::Condition::LowBattery,
            sensors: sensors.map(|sensors| sensors.iter().copied().collect()),
            rev: 1,
        }
    }

    #[test]
    fn messages_are_marked_where_a_rule_watches_their_sensor() {
        let mut gate = Gate::default();
        let change = CoverChange {
            serial: SERIAL,
            number: Some(7),
            chain_ends: Some(END),
            running: true,
            gone: false,
        };
        gate.set_cover(organization(1), 1, &change);
        let watched = |gate: &Gate| match gate.decide(SERIAL, None, Instant::EPOCH, 0) {
            Decision::Judged { watched, .. } => watched.is_some(),
            other => panic!("{other:?}"),
        };
        assert!(!watched(&gate));
        assert!(gate.set_alert_rules(organization(2), 5, &[rule(None)]));
        assert!(!watched(&gate), "another organization's");
        assert!(gate.set_alert_rules(organization(1), 5, &[rule(Some(&[6, 8]))]));
        assert!(!watched(&gate));
        assert!(gate.set_alert_rules(organization(1), 6, &[rule(Some(&[6])), rule(Some(&[7]))]));
        assert!(watched(&gate));
        assert!(!gate.set_alert_rules(organization(1), 5, &[]), "it comes too late");
        assert!(watched(&gate));
        assert!(gate.set_alert_rules(organization(1), 7, &[rule(Some(&[])), rule(None)]));
        assert!(watched(&gate));
        assert!(gate.set_alert_rules(organization(1), 8, &[]));
        assert!(!watched(&gate));
        assert!(!gate.set_alert_rules(organization(1), 7, &[rule(None)]), "it comes too late");
    }
}
