//! The use cases of Tenure: one file for each verb, and what they share.
//!
//! A use case takes a [`Ctx`] (who, when) and its input, settles the organization (R17), lets the domain decide,
//! keeps the result and its audit rows in one transaction, and tells the gate after the commit.

mod chosen;
mod clock;
mod context;
mod entropy;
mod error;
mod password;
mod secret;
mod settled;
#[cfg(test)]
mod tests;

pub mod add_alert_rule;
pub mod add_sensors;
pub mod add_webhook;
pub mod ahead;
pub mod assign_license;
pub mod assign_licenses;
pub mod audit_trail;
pub mod authenticate;
pub mod calendar;
pub mod calendar_feeds;
pub mod change_alert_rule;
pub mod change_organization;
pub mod change_webhook;
pub mod common_date;
pub mod cover_events;
pub mod cover_hub;
pub mod covers;
pub mod create_organization;
pub mod create_token;
pub mod create_user;
pub mod csv;
pub mod erase_history;
pub mod export;
pub mod find;
pub mod forecast;
pub mod forwarding;
pub mod free_serial;
pub mod give_released;
pub mod history;
pub mod idempotency;
pub mod import_sensors;
pub mod invitations;
pub mod issue_code;
pub mod judge_alerts;
pub mod license_key;
pub mod list_alert_rules;
pub mod list_alerts;
pub mod list_keys;
pub mod list_notices;
pub mod list_organizations;
pub mod list_sensors;
pub mod list_webhooks;
pub mod log_in;
pub mod lost_connections;
pub mod mail;
pub mod me;
pub mod notice_outlook;
pub mod notices;
pub mod one_time_codes;
pub mod preview_assignment;
pub mod ready;
pub mod recipients;
pub mod redeem_code;
pub mod remove_alert_rule;
pub mod remove_sensor;
pub mod remove_webhook;
pub mod removed_sensors;
pub mod rename_sensors;
pub mod renew_webhook_secret;
pub mod replace_sensor;
pub mod reset_password;
pub mod retry_notice;
pub mod revoke_code;
pub mod scheduler;
pub mod sensor_licenses;
pub mod sensor_values;
pub mod sensors;
pub mod set_auto_renewal;
pub mod settle;
pub mod sign_up;
pub mod summarize;
pub mod tag;
pub mod take_back;
pub mod tell_alerts;
pub mod test_mail;
pub mod test_webhook;
pub mod timeline;
pub mod unsubscribe;
pub mod users;
pub mod webhook_deliveries;
pub mod webhook_events;
pub mod webhooks;

/// The rows of the store that use cases return, for those who may not name the store.
pub mod rows {
    pub use tenure_store::alert_rules::{AlertRule, ListedRule, RuleInForce, Watched};
    pub use tenure_store::alerts::{Alert, AlertPlace, AlertQuery};
    pub use tenure_store::calendar_feeds::CalendarFeed;
    pub use tenure_store::codes::{Code, Redemption, Tally};
    pub use tenure_store::covers::{Earlier, Named};
    pub use tenure_store::device::Document;
    pub use tenure_store::forwards::Standing as Forwarding;
    pub use tenure_store::invitations::Invitation;
    pub use tenure_store::keys::{Key, OfKey, STATES as LICENSE_STATES, SensorOfKey};
    pub use tenure_store::ledger::Recorded;
    pub use tenure_store::mails::{MailPlace, MailQuery};
    pub use tenure_store::messages::{SensorState, Status};
    pub use tenure_store::organizations::{Listed as ListedOrganization, Organization};
    pub use tenure_store::outbox::{Event as OutboxEvent, Mail, Posted, State as PostState};
    pub use tenure_store::removed::RemovedSensor;
    pub use tenure_store::sensors::{Place, QueuedRow, SensorRow, Shown, Sort, StandingCounts};
    pub use tenure_store::tokens::Token;
    pub use tenure_store::users::{Member, Membership, User};
    pub use tenure_store::webhooks::{DisabledBecause, Webhook};
}

use std::sync::{Arc, OnceLock};

use tenure_domain::{Instant, OrganizationId, Serial};
use tenure_store::Db;
use tenure_store::alert_rules::RuleInForce;
use tokio::sync::Semaphore;

pub use authenticate::Caller;
pub use clock::{Clock, ManualClock, ScaledClock, SystemClock};
pub use context::{Actor, Ctx};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use error::AppError;
pub use secret::Secret;
pub use tenure_store::page::cut;

/// What the use cases need: the database, the clock, randomness, the secret, and who listens to covers.
pub struct App {
    /// The database.
    pub db: Db,
    /// The clock (R9).
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The key of all keyed hashes (R2).
    pub secret: Secret,
    covers: OnceLock<Arc<dyn CoverListener>>,
    settings: OnceLock<Settings>,
    webhooks: OnceLock<Arc<webhooks::Caller>>,
    hashing: Semaphore,
    at_work: idempotency::AtWork,
    hub: Arc<cover_hub::Hub>,
    /// Told when messages were committed that are to be handed on.
    arrived: tokio::sync::Notify,
}

/// What the binary tells the use cases of the service.
#[derive(Clone)]
pub struct Settings {
    /// The address under which people reach the service, without a slash at its end: what links in mails begin with.
    pub public_url: String,
    /// Whether everybody may sign up, or only who is invited.
    pub sign_up_open: bool,
    /// The clock of log-ins, links and mail, where it is not the clock of licenses: in a demo whose days last seconds,
    /// people still live at their own speed.
    pub people_clock: Option<Arc<dyn Clock>>,
    /// The templates of mails.
    pub templates: mail::Templates,
    /// Where accepted messages are handed on to, as people may see it, if they are.
    pub forward_to: Option<String>,
}

/// A sensor whose cover has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverChange {
    /// Its serial number.
    pub serial: Serial,
    /// The number under which its measurements are kept, when the serial number is new to the organization or gone.
    pub number: Option<i64>,
    /// When its chain ends or ended.
    pub chain_ends: Option<Instant>,
    /// Whether it has an active license, so that at the chain's end the organization is settled first (R17).
    pub running: bool,
    /// Whether the organization has the serial number no more (R20, R21): nobody knows it then.
    pub gone: bool,
}

/// Who wants to know of changed covers at once: the gate.
pub trait CoverListener: Send + Sync {
    /// Called after the commit of what raised the organization's `rev` to this.
    fn covers_changed(&self, organization: OrganizationId, rev: i64, changes: &[CoverChange]);
    /// Called when the organization's device token has changed.
    fn device_token_changed(&self, organization: OrganizationId, token: Option<&str>);
    /// Called after the commit of what raised the organization's `rev` to this and changed its alert rules; these
    /// are those that are switched on now.
    fn alert_rules_changed(&self, organization: OrganizationId, rev: i64, rules: Vec<RuleInForce>);
}

impl App {
    /// The use cases over this database.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, secret: Secret) -> Self {
        Self {
            db,
            clock,
            entropy,
            secret,
            covers: OnceLock::new(),
            settings: OnceLock::new(),
            webhooks: OnceLock::new(),
            hashing: Semaphore::const_new(password::AT_ONCE),
            at_work: idempotency::AtWork::default(),
            hub: Arc::default(),
            arrived: tokio::sync::Notify::new(),
        }
    }

    /// Tells of the service. Only the first call counts.
    pub fn configure(&self, settings: Settings) {
        if self.settings.set(settings).is_err() {
            tracing::warn!("the service is told of a second time, which is ignored");
        }
    }

    /// The address of one of the service's pages.
    pub(crate) fn link(&self, page: &str, secret: &str) -> String {
        format!("{}/{page}#{secret}", self.public_url())
    }

    /// The address under which people reach the service, without a slash at its end.
    pub(crate) fn public_url(&self) -> &str {
        self.settings.get().map_or("http://127.0.0.1:8080", |settings| &settings.public_url)
    }

    /// The templates of mails.
    pub(crate) fn templates(&self) -> mail::Templates {
        self.settings.get().map(|settings| settings.templates.clone()).unwrap_or_default()
    }

    /// Whether everybody may sign up.
    pub(crate) fn sign_up_open(&self) -> bool {
        self.settings.get().is_some_and(|settings| settings.sign_up_open)
    }

    /// The instant for log-ins, links and mail.
    pub(crate) fn people_now(&self) -> Instant {
        let own = self.settings.get().and_then(|settings| settings.people_clock.as_ref());
        own.unwrap_or(&self.clock).now()
    }

    /// Lets the gate hear of changed covers. Only the first call counts.
    pub fn set_cover_listener(&self, listener: Arc<dyn CoverListener>) {
        if self.covers.set(listener).is_err() {
            tracing::warn!("a second listener to covers is ignored");
        }
    }

    fn listener(&self) -> Option<&Arc<dyn CoverListener>> {
        self.covers.get()
    }

    /// The context of something that happens now.
    #[must_use]
    pub fn ctx(&self, actor: Actor) -> Ctx {
        Ctx::new(self.clock.now(), actor)
    }
}
