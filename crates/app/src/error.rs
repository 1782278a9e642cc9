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
    /// A mail could not be written: its template is broken.
    #[error("a mail could not be written")]
    Template(#[from] minijinja::Error),
    /// A sealed secret could not be opened or made: the secret file is not the one that it was sealed with.
    #[error("a sealed secret cannot be opened: the secret file is another one")]
    Unsealed,
    /// Webhooks cannot be called by HTTPS.
    #[error(transparent)]
    Tls(#[from] crate::webhooks::TlsError),
    /// An event could not be written as JSON.
    #[error("an event could not be written")]
    Json(#[from] serde_json::Error),
    /// What was computed on a thread of its own broke off.
    #[error("a computation broke off")]
    BrokeOff(#[from] tokio::task::JoinError),
}

impl AppError {
    /// The refusal, if it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Store(_)
            | Self::Template(_)
            | Self::Unsealed
            | Self::Tls(_)
            | Self::Json(_)
            | Self::BrokeOff(_) => None,
        }
    }
}
