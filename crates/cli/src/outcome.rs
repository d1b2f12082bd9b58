//! What a command ends with: 0 fine, 1 findings, 2 bad configuration, 3 could not run.

use std::process::ExitCode;

use crate::tell;

/// How a command ended, short of fine.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command worked and found something (exit 1).
    Findings,
    /// The configuration is wrong; the text names every mistake (exit 2).
    Configuration(String),
    /// The command could not do its work (exit 3).
    CouldNotRun(anyhow::Error),
    /// Another program of ours ended with this code and has said why.
    Code(u8),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::CouldNotRun(error.into())
    }
}

/// A command's result.
pub(crate) type Outcome = Result<(), Failure>;

/// Prints why, and gives the exit code.
pub(crate) fn exit(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Findings) => ExitCode::from(1),
        Err(Failure::Configuration(text)) => {
            tell(text.trim_end());
            ExitCode::from(2)
        }
        Err(Failure::CouldNotRun(error)) => {
            tell(&format!("error: {error:#}"));
            ExitCode::from(3)
        }
        Err(Failure::Code(code)) => ExitCode::from(code),
    }
}
