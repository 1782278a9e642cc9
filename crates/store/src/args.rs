//! Arguments of statements: the four types that both engines share.

use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use tenure_domain::id::Kind;
use tenure_domain::{Date, Id, Instant, Role, Serial, Term, Zone};

use crate::StoreError;

/// One argument of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A `text`.
    Text(Option<String>),
    /// A `bigint`.
    Int(Option<i64>),
    /// A `boolean`.
    Bool(bool),
    /// A `blob` or `bytea`.
    Blob(Vec<u8>),
}

/// The arguments of a statement, `$1` first.
pub type Args = Vec<Arg>;

/// Builds [`Args`] from values.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::args::Arg::from($value)),*] };
}
pub(crate) use args;

impl Arg {
    fn failed(error: sqlx::error::BoxDynError) -> StoreError {
        StoreError::Database(sqlx::Error::Encode(error))
    }
}

/// Binds arguments in one engine's form.
macro_rules! bind {
    ($args:expr, $bound:ty) => {{
        let mut bound = <$bound>::default();
        bound.reserve($args.len(), 0);
        for arg in $args {
            match arg {
                Arg::Text(value) => Arguments::add(&mut bound, value),
                Arg::Int(value) => Arguments::add(&mut bound, value),
                Arg::Bool(value) => Arguments::add(&mut bound, value),
                Arg::Blob(value) => Arguments::add(&mut bound, value),
            }
            .map_err(Arg::failed)?;
        }
        Ok(bound)
    }};
}

pub(crate) fn for_sqlite(args: Args) -> Result<SqliteArguments, StoreError> {
    bind!(args, SqliteArguments)
}

pub(crate) fn for_postgres(args: Args) -> Result<PgArguments, StoreError> {
    bind!(args, PgArguments)
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}
impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}
impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}
impl From<Option<u32>> for Arg {
    fn from(value: Option<u32>) -> Self {
        Self::Int(value.map(i64::from))
    }
}
impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<Vec<u8>> for Arg {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}
impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}
impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}
impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}
impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}
impl From<Instant> for Arg {
    fn from(value: Instant) -> Self {
        Self::Int(Some(value.as_micros()))
    }
}
impl From<Option<Instant>> for Arg {
    fn from(value: Option<Instant>) -> Self {
        Self::Int(value.map(Instant::as_micros))
    }
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl From<$type> for Arg {
            fn from(value: $type) -> Self {
                Self::Text(Some(value.to_string()))
            }
        }
        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self {
                Self::Text(value.map(|value| value.to_string()))
            }
        }
    )*};
}
as_text!(Date, Role, Serial, Term, &Zone);

impl<K: Kind> From<Id<K>> for Arg {
    fn from(value: Id<K>) -> Self {
        Self::Text(Some(value.to_string()))
    }
}
impl<K: Kind> From<Option<Id<K>>> for Arg {
    fn from(value: Option<Id<K>>) -> Self {
        Self::Text(value.map(|id| id.to_string()))
    }
}
