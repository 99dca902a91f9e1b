//! The document of `check`.

use serde::{Deserialize, Serialize};

use crate::advice::check_result::{CheckResult, CheckStatus};
use crate::host::Host;
use crate::report::command::{CommandName, SCHEMA_VERSION};
use crate::report::workload_summary::WorkloadSummary;

/// The checklist of a callable with its faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckReport {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The machine it ran on.
    pub host: Host,
    /// The workload; `tasks` counts the tasks that were run.
    pub workload: WorkloadSummary,
    /// The interpreter, as `sys.version` on one line.
    pub python: String,
    /// Every item of the list, in order.
    pub checks: Vec<CheckResult>,
}

impl CheckReport {
    /// Returns the report of one run of `check`.
    pub fn new(host: Host, workload: WorkloadSummary, python: String, checks: Vec<CheckResult>) -> Self {
        CheckReport {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: CommandName::Check,
            host,
            workload,
            python,
            checks,
        }
    }

    /// Returns the number of items that failed.
    pub fn failed(&self) -> usize {
        self.checks.iter().filter(|check| check.status == CheckStatus::Failed).count()
    }
}
