//! Rows of answers.

use std::fmt::Display;
use std::str::FromStr;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};
use tenure_domain::Instant;

use crate::StoreError;

/// One row of an answer, read by column names.
pub enum Row {
    /// SQLite's.
    Sqlite(SqliteRow),
    /// PostgreSQL's.
    Postgres(PgRow),
}

impl Row {
    fn get<'row, T>(&'row self, column: &str) -> Result<T, StoreError>
    where
        T: Decode<'row, Sqlite> + Type<Sqlite> + Decode<'row, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(column)?),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    /// A `text`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when there is no such column, or it holds something else; so for all that follow.
    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    /// A `text` or null.
    pub fn text_or_null(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    /// A `bigint`.
    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    /// A `bigint` or null.
    pub fn int_or_null(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    /// A `boolean`.
    pub fn bool(&self, column: &str) -> Result<bool, StoreError> {
        self.get(column)
    }

    /// A `blob` or `bytea`.
    pub fn blob(&self, column: &str) -> Result<&[u8], StoreError> {
        self.get(column)
    }

    /// A `blob` or `bytea`, or null.
    pub fn blob_or_null(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(column)
    }

    /// An instant in a `…_us` column.
    pub fn instant(&self, column: &str) -> Result<Instant, StoreError> {
        self.int(column).map(Instant::from_micros)
    }

    /// An instant in a `…_us` column, or null.
    pub fn instant_or_null(&self, column: &str) -> Result<Option<Instant>, StoreError> {
        Ok(self.int_or_null(column)?.map(Instant::from_micros))
    }

    /// A count that is never negative.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when it is negative or larger than a `u32`.
    pub fn count(&self, column: &str) -> Result<u32, StoreError> {
        let value = self.int(column)?;
        u32::try_from(value).map_err(|error| corrupt(column, &value, &error))
    }

    /// A `text` that is some type's text form: an identifier, a term, a date.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the type cannot read it.
    pub fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        let value = self.get::<&str>(column)?;
        value.parse().map_err(|error: T::Err| corrupt(column, &value, &error))
    }

    /// As [`Row::parsed`], or null.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when the type cannot read it.
    pub fn parsed_or_null<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let value = self.get::<Option<&str>>(column)?;
        value.map(|value| value.parse().map_err(|error: T::Err| corrupt(column, &value, &error))).transpose()
    }
}

pub(crate) fn corrupt(column: &str, value: &impl Display, reason: &impl Display) -> StoreError {
    StoreError::Corrupt { column: column.to_owned(), value: value.to_string(), reason: reason.to_string() }
}
