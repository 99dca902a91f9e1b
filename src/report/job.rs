//! The document of `run`.

use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::job::summary::JobSummary;
use crate::report::command::{CommandName, SCHEMA_VERSION};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JobReport {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The machine it ran on.
    pub host: Host,
    /// What came of the items, and what was learned about the width.
    pub job: JobSummary,
}

impl JobReport {
    /// Returns the document of one run.
    pub fn new(host: Host, job: JobSummary) -> Self {
        JobReport {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: CommandName::Run,
            host,
            job,
        }
    }
}
