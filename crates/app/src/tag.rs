//! Tags: by which a person who changes something shows what they have seen of it (RFC 9110 §8.8.3, §13.1.1).
//!
//! A tag depends on what people edit, and on nothing that happens by itself: a sensor that sends, or a license that is
//! renewed, does not stand in the way of giving the sensor another name.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tenure_domain::Refusal;
use tenure_store::alert_rules::AlertRule;
use tenure_store::organizations::Organization;
use tenure_store::sensors::SensorRow;
use tenure_store::users::Member;
use tenure_store::webhooks::Webhook;

use crate::App;
use crate::add_alert_rule::shown;
use crate::recipients::Recipients;

/// The tags of the states on which a command depends; none when it depends on none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnlyIf(pub Option<Vec<String>>);

/// What a tag is of.
#[derive(Clone, Copy)]
pub enum Tagged<'a> {
    /// An organization: name, zone, language, device token.
    Organization(&'a Organization),
    /// A sensor: serial number, name, auto renewal; not its licenses, which change by themselves as well.
    Sensor(&'a SensorRow),
    /// An alert rule.
    AlertRule(&'a AlertRule),
    /// A webhook: address, description, events, and whether it is switched on.
    Webhook(&'a Webhook),
    /// A user: their role.
    Member(&'a Member),
    /// Who is told of what.
    Recipients(&'a Recipients),
}

impl OnlyIf {
    /// Checks what is there, under the lock under which it is changed.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedMeanwhile`].
    pub(crate) fn check(&self, app: &App, there: Tagged<'_>) -> Result<(), Refusal> {
        let Some(expected) = &self.0 else { return Ok(()) };
        if expected.contains(&app.tag(there)) { Ok(()) } else { Err(Refusal::ChangedMeanwhile) }
    }
}

impl App {
    /// The tag of something as it is. It is a keyed hash: what it is made of may be secret.
    #[must_use]
    pub fn tag(&self, of: Tagged<'_>) -> String {
        let hash = self.secret.hash_tag(&seen(of).to_string());
        BASE64URL_NOPAD.encode(hash.get(..12).unwrap_or_default())
    }
}

/// What people edit of it.
fn seen(of: Tagged<'_>) -> Value {
    match of {
        Tagged::Organization(Organization { id, name, zone, language, device_token, .. }) => {
            json!([id, name, zone.name(), language, device_token])
        }
        Tagged::Sensor(SensorRow { id, serial, name, auto_renewal, .. }) => {
            json!([id, serial, name, auto_renewal])
        }
        Tagged::AlertRule(rule) => json!([rule.id, shown(rule)]),
        Tagged::Webhook(Webhook { id, url, description, events, enabled, .. }) => {
            let events: Vec<&str> = events.iter().map(|event| event.name()).collect();
            json!([id, url, description, events, enabled])
        }
        Tagged::Member(Member { id, role, .. }) => json!([id, role]),
        Tagged::Recipients(recipients) => json!([recipients]),
    }
}
