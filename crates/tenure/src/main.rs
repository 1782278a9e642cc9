//! Tenure: an open, self-hosted license manager for sensor clouds.

mod cli;
mod commands;
mod config;
mod demo;
mod doctor;
mod fleet;
mod kept;
mod mail;
mod output;
mod places;
mod sensor;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use tenure_app::AppError;
use tenure_store::StoreError;

/// Why a command did not do it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The rules refuse it: exit status 1, the stable code on standard error.
    #[error(transparent)]
    Refused(#[from] tenure_domain::Refusal),
    /// It was called in a way that cannot be: exit status 2.
    #[error("{0}")]
    Usage(String),
    /// It did not work out: exit status 1.
    #[error("{0}")]
    Failed(String),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refused(refusal) => Self::Refused(refusal),
            AppError::Store(error) => error.into(),
            error @ (AppError::Template(_)
            | AppError::Unsealed
            | AppError::Tls(_)
            | AppError::Json(_)
            | AppError::BrokeOff(_)) => Self::Failed(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match std::error::Error::source(&error) {
            Some(cause) => Self::Failed(format!("{error}: {cause}")),
            None => Self::Failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::error("failed", &format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(commands::run(cli));
    // Everything is done or given up by now. Only a line that the trial clock still waits for on standard input is not
    // there, and it must not keep the process.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(refusal)) => {
            output::error(refusal.code(), &refusal.to_string());
            ExitCode::FAILURE
        }
        Err(Failure::Usage(sentence)) => {
            output::error("usage", &sentence);
            ExitCode::from(2)
        }
        Err(Failure::Failed(sentence)) => {
            output::error("failed", &sentence);
            ExitCode::FAILURE
        }
    }
}
