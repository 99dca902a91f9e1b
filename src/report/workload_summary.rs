//! The workload as reports show it.

use serde::{Deserialize, Serialize};

use crate::workload::Workload;
use crate::workload::spec::WorkloadSource;

/// A summary of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkloadSummary {
    /// Name of the workload.
    pub name: String,
    /// The source of the description.
    pub source: WorkloadSource,
    /// The runtime of the tasks.
    pub runtime: WorkloadRuntime,
    /// Number of tasks in one run.
    pub tasks: u64,
    /// Hash of the work; a different hash means a different workload under the same name.
    #[serde(default)]
    pub definition: String,
    /// Hash of the work and the words of its commands; the same hash under another name means that the workload was
    /// renamed. Empty in results of earlier versions.
    #[serde(default)]
    pub identity: String,
}

impl WorkloadSummary {
    /// Returns the summary of a workload.
    pub fn of(workload: &Workload) -> Self {
        WorkloadSummary {
            name: workload.name.clone(),
            source: workload.source,
            runtime: if workload.runs_python() { WorkloadRuntime::Python } else { WorkloadRuntime::Native },
            tasks: workload.tasks(),
            definition: workload.definition(),
            identity: workload.identity(),
        }
    }
}

/// A runtime of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadRuntime {
    /// This binary, or the programs it starts.
    Native,
    /// CPython.
    Python,
}
