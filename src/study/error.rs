//! The reasons why a study ends without a report.

use crate::error::Error;

/// The reason why a study ended without a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StudyError {
    /// The request cannot be met here, such as a callable that cannot be imported; nothing was run.
    #[error("{0}")]
    Refused(Error),
    /// The run failed.
    #[error("{0}")]
    Failed(Error),
    /// The user interrupted the run before there was anything to report.
    #[error("interrupted")]
    Interrupted,
}

impl StudyError {
    /// Puts the name of a workload before the message, for runs of several workloads.
    #[must_use]
    pub fn of_workload(self, name: &str) -> Self {
        match self {
            StudyError::Refused(error) => StudyError::Refused(error.context(name)),
            StudyError::Failed(error) => StudyError::Failed(error.context(name)),
            StudyError::Interrupted => StudyError::Interrupted,
        }
    }
}
