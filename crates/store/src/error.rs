//! What can go wrong in the store.

/// A failure of the store. Refusals are not among them: those are the domain's.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do it: it is away, full, or has said no.
    #[error("the database did not answer as it should")]
    Database(#[from] sqlx::Error),
    /// A row holds what cannot be.
    #[error("column {column} holds {value:?}, which cannot be: {reason}")]
    Corrupt {
        /// The column's name.
        column: String,
        /// What it holds.
        value: String,
        /// Why it cannot be.
        reason: String,
    },
    /// The database's address cannot be read.
    #[error("{0:?} is no address of a database; write sqlite:FILE or postgres://USER@HOST/NAME")]
    Address(String),
    /// A migration that the database has is not known to this program.
    #[error(
        "the database was migrated by a newer Tenure: it has migration {0}, which this one does not know"
    )]
    Newer(i64),
}

impl StoreError {
    /// Whether the database has refused a row because another one has what must be unique.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}
