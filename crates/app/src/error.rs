//! What a use case answers when it does not do it.

use tenure_domain::Refusal;
use tenure_store::StoreError;

/// A refusal, or trouble of the service's own.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The rules refuse it; the sentence is for the person who asked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store did not do it; what happened is for the log, not for the person.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AppError {
    /// The refusal, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Store(_) => None,
        }
    }
}
