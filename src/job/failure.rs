//! The ways in which a run fails as a whole.

use crate::error::Error;
use crate::job::commit_error::CommitError;
use crate::job::journal::JournalError;
use crate::job::reader::ItemsError;
use crate::job::results::ResultsError;
use crate::job::summary::JobSummary;

/// The reason why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The items cannot be read, or belong to another run.
    #[error(transparent)]
    Items(#[from] ItemsError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Results cannot be written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// A file cannot be used: what was tried, and the cause.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The callable cannot be run.
    #[error(transparent)]
    Callable(#[from] Error),
}

impl JobError {
    /// Returns true if the user asked for something impossible; false if the machine failed.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            JobError::Items(_) => true,
            JobError::Journal(error) => !matches!(error, JournalError::Io { .. }),
            JobError::Results(error) => !matches!(error, ResultsError::Io { .. }),
            JobError::Io(..) | JobError::Callable(_) => false,
        }
    }
}

/// The reason why a run could not go on.
#[derive(Debug)]
pub(crate) enum JobFailure {
    /// Items cannot be read any further.
    Items(ItemsError),
    /// Finished items cannot be delivered or recorded.
    Commit(CommitError),
    /// The engine beyond this machine is gone.
    Engine(Error),
}

/// The end of a run.
#[derive(Debug)]
pub(crate) struct JobOutcome {
    /// What came of the items.
    pub(crate) summary: JobSummary,
    /// The reason why the run could not go on, if it is broken.
    pub(crate) failure: Option<JobFailure>,
}
