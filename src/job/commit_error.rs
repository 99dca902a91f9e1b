//! The reason why finished items can no longer be delivered or recorded.

use std::io;

/// A failure to write, which ends the run.
#[derive(Debug)]
pub(crate) struct CommitError {
    /// What failed, as a fragment such as "cannot write output".
    pub(crate) doing: String,
    /// The cause.
    pub(crate) error: io::Error,
}
