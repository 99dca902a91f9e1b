//! The head of every document.

use serde::{Deserialize, Serialize};

/// Version of the document's shape, incremented on breaking changes.
pub const SCHEMA_VERSION: u32 = 2;

/// A command that prints a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CommandName {
    /// Recommends.
    Advise,
    /// Profiles.
    Profile,
    /// Measures several workloads, for CI.
    Bench,
    /// Compares two results.
    Compare,
    /// Fits the universal scalability law.
    Fit,
    /// Explains.
    Explain,
    /// Checks a Python callable for faults.
    Check,
    /// Runs every item once.
    Run,
}
