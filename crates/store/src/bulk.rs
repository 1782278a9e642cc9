//! Statements over many rows at once, in each engine's own form: the one place that has two texts for one meaning.
//!
//! SQLite takes a list of `VALUES`. PostgreSQL takes an array for each column, since it would parse and plan a list of
//! thousands of placeholders anew each time.

use std::fmt::Write;
use std::sync::Arc;

use sqlx::postgres::PgArguments;

use crate::{Arg, Args, Engine, StoreError, Tx};

/// Arguments in one statement of SQLite at the most; it takes 32,766.
const MOST_ARGUMENTS: usize = 32_000;
/// Rows in one statement of SQLite at the most: 2 to the power of this.
const LARGEST_POWER: u32 = 10;
/// Rows in one statement of PostgreSQL at the most.
const MOST_ROWS: usize = 50_000;

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Text,
    Int,
    Bool,
    Blob,
}

/// A statement over many rows: `head`, the rows, `tail`.
pub(crate) struct Bulk {
    /// What stands before the rows: `INSERT INTO table (columns)`, or `WITH v (columns) AS (`.
    pub head: &'static str,
    /// The columns' types.
    pub columns: &'static [Column],
    /// What stands behind the rows.
    pub tail: &'static str,
}

impl Bulk {
    /// Runs the statement over all rows, as many at once as fit; returns how many rows it affected.
    pub(crate) async fn run(&self, tx: &mut Tx, rows: Vec<Args>) -> Result<u64, StoreError> {
        match tx.engine() {
            Engine::Sqlite => self.run_values(tx, rows).await,
            Engine::Postgres => self.run_arrays(tx, rows).await,
        }
    }

    /// Batches are powers of two, so that there are only a few texts for SQLite to keep prepared. Their placeholders
    /// have no numbers: SQLite finds a numbered one's name by looking through all of them.
    async fn run_values(&self, tx: &mut Tx, rows: Vec<Args>) -> Result<u64, StoreError> {
        let largest = MOST_ARGUMENTS / self.columns.len().max(1);
        let sizes = (0..=LARGEST_POWER).rev().map(|power| 1_usize << power).filter(|size| *size <= largest);
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let mut affected = 0;
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        for size in sizes {
            if left < size {
                continue;
            }
            let values = vec![row.as_str(); size].join(", ");
            let text: Arc<str> = format!("{} VALUES {values} {}", self.head, self.tail).into();
            while left >= size {
                let args: Vec<Arg> = rows.by_ref().take(size).flatten().collect();
                affected += tx.execute_text(&text, args).await?;
                left -= size;
            }
        }
        Ok(affected)
    }

    async fn run_arrays(&self, tx: &mut Tx, rows: Vec<Args>) -> Result<u64, StoreError> {
        let mut arrays = String::new();
        for (number, column) in (1..).zip(self.columns) {
            let kind = match column {
                Column::Text => "text",
                Column::Int => "bigint",
                Column::Bool => "boolean",
                Column::Blob => "bytea",
            };
            let comma = if number == 1 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(arrays, "{comma}CAST(${number} AS {kind}[])");
        }
        let text: Arc<str> = format!("{} SELECT * FROM unnest({arrays}) {}", self.head, self.tail).into();
        let mut affected = 0;
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let mut arrays: Vec<Array> = self.columns.iter().map(|column| Array::of(*column)).collect();
            for row in rows.by_ref().take(MOST_ROWS) {
                for (array, arg) in arrays.iter_mut().zip(row) {
                    array.push(arg)?;
                }
            }
            affected += tx.execute_arrays(&text, arrays).await?;
        }
        Ok(affected)
    }
}

/// The values of one column.
pub(crate) enum Array {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<bool>),
    Blob(Vec<Vec<u8>>),
}

impl Array {
    const fn of(column: Column) -> Self {
        match column {
            Column::Text => Self::Text(Vec::new()),
            Column::Int => Self::Int(Vec::new()),
            Column::Bool => Self::Bool(Vec::new()),
            Column::Blob => Self::Blob(Vec::new()),
        }
    }

    fn push(&mut self, arg: Arg) -> Result<(), StoreError> {
        match (self, arg) {
            (Self::Text(values), Arg::Text(value)) => values.push(value),
            (Self::Int(values), Arg::Int(value)) => values.push(value),
            (Self::Bool(values), Arg::Bool(value)) => values.push(value),
            (Self::Blob(values), Arg::Blob(value)) => values.push(value),
            (_, arg) => {
                let error = format!("{arg:?} is not of its column's type");
                return Err(StoreError::Database(sqlx::Error::Encode(error.into())));
            }
        }
        Ok(())
    }

    pub(crate) fn bind(self, bound: &mut PgArguments) -> Result<(), StoreError> {
        match self {
            Self::Text(values) => sqlx::Arguments::add(bound, values),
            Self::Int(values) => sqlx::Arguments::add(bound, values),
            Self::Bool(values) => sqlx::Arguments::add(bound, values),
            Self::Blob(values) => sqlx::Arguments::add(bound, values),
        }
        .map_err(|error| StoreError::Database(sqlx::Error::Encode(error)))
    }
}
