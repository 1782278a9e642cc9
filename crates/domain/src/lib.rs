//! Tenure's rules as a pure state machine.
//!
//! Nothing here does I/O, reads a clock or makes randomness: time and identifiers are arguments, so a rule
//! can be tested one microsecond before, at, and after the instant at which it turns. The rules R1 to R34
//! are stated in `docs/rules.md`; each item names the ones it implements.

pub mod ahead;
pub mod alert;
pub mod allotment;
pub mod chain;
pub mod code;
pub mod common_date;
pub mod forecast;
pub mod gate;
pub mod guess;
pub mod id;
pub mod instant;
pub mod ledger;
pub mod license;
pub mod measurement;
pub mod notice;
pub mod refusal;
pub mod role;
pub mod sensor;
pub mod serial;
pub mod session;
pub mod standing;
pub mod term;
pub mod webhook;
pub mod zone;

pub use ahead::{Ahead, AtEnd};
pub use allotment::Allotment;
pub use chain::{Anchor, Cover};
pub use code::ActivationCode;
pub use id::{
    AlertId, AlertRuleId, AttachmentId, AuditId, CodeId, DeliveryId, Id, InvitationId, LicenseId, MailId,
    OrganizationId, SensorId, TokenId, UserId, WebhookId,
};
pub use instant::Instant;
pub use ledger::{Cause, Change, Desk, Pool, PoolHeadTooShort};
pub use license::{Held, License, Rest, State};
pub use refusal::Refusal;
pub use role::{Permission, Role};
pub use sensor::{Chain, Sensor};
pub use serial::Serial;
pub use standing::Standing;
pub use term::{Term, TermSum};
pub use webhook::WebhookEvent;
pub use zone::Zone;

pub use jiff::civil::Date;
