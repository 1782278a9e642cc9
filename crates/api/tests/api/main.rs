//! The API in process: real use cases, a real database for each test, both engines; no server and no clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

/// Makes each of these scenarios a test on SQLite and one on PostgreSQL.
macro_rules! on_both_engines {
    ($($scenario:ident),* $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::support::World::on_sqlite().await).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::support::World::on_postgres().await).await;
            }
        )*}
    };
}

/// Compares with a text that is the same on both engines.
macro_rules! assert_reads {
    ($value:expr, @$text:literal) => {{
        let value = $value.to_string();
        insta::allow_duplicates! { insta::assert_snapshot!(value, @$text) }
    }};
}

mod access;
mod accounts;
mod ahead;
mod alerts;
mod audit;
mod calendar;
mod codes;
mod common_date;
mod cover;
mod document;
mod errors;
mod events;
mod exports;
mod forecast;
mod gateways;
mod history;
mod idempotency;
mod import;
mod invitations;
mod ledger;
mod licenses;
mod limits;
mod lists;
mod names;
mod notices;
mod one_time_codes;
mod operator;
mod organization;
mod recipients;
mod sensor_life;
mod sensors;
mod service;
mod sessions;
mod support;
mod tags;
mod tokens;
mod unsubscriptions;
mod users;
mod values;
mod webhooks;
