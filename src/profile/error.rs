//! Why something could not be profiled.

use crate::diagnostics::Code;

/// Why a workload could not be profiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProfileError {
    /// What kind of failure it is.
    pub code: Code,
    /// The failure in words.
    pub message: String,
}
