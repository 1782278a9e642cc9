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

pub mod audit;
pub mod codes;
pub mod counters;
pub mod device;
pub mod guesses;
pub mod history;
pub mod ledger;
pub mod messages;
pub mod organizations;
pub mod sensors;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tokens;
pub mod users;

pub use args::{Arg, Args};
pub use db::{CoverFeed, Db, Engine, Tx};
pub use error::StoreError;
pub use row::Row;
