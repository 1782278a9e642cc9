//! SQLite and PostgreSQL behind one [`Db`] and one [`Tx`].
//!
//! Each statement is written once and runs on both engines: `$1` placeholders, portable types, instants as UTC
//! microseconds, ids as text. Every test of this crate runs on both.

mod args;
mod bulk;
mod db;
mod error;
mod migrate;
mod row;
#[cfg(test)]
mod tests;

pub mod alert_rules;
pub mod alerts;
pub mod audit;
pub mod calendar_feeds;
pub mod changed_covers;
pub mod codes;
pub mod counters;
pub mod covers;
pub mod deliveries;
pub mod device;
pub mod forwards;
pub mod guesses;
pub mod history;
pub mod idempotency;
pub mod invitations;
pub mod keys;
pub mod ledger;
pub mod lost_connections;
pub mod mails;
pub mod messages;
pub mod notices;
pub mod one_time_codes;
pub mod organizations;
pub mod outbox;
pub mod page;
pub mod recipients;
pub mod released;
pub mod removed;
pub mod sensors;
pub mod sessions;
pub mod subscriptions;
pub mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tokens;
pub mod untold;
pub mod users;
pub mod values;
pub mod webhooks;

pub use args::{Arg, Args};
pub use db::{CoverFeed, Db, Engine, Tx};
pub use error::StoreError;
pub use row::Row;
