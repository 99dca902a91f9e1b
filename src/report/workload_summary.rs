//! The workload as reports show it.

use serde::{Deserialize, Serialize};

use crate::workload::Workload;
use crate::workload::spec::WorkloadSource;

/// A summary of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkloadSummary {
    /// Its name.
    pub name: String,
    /// The source of the description.
    pub source: WorkloadSource,
    /// The runtime of the tasks.
    pub runtime: WorkloadRuntime,
    /// Tasks of one run.
    pub tasks: u64,
    /// A hash of what it does; another one means another workload under the same name.
    #[serde(default)]
    pub definition: String,
}

impl WorkloadSummary {
    /// The summary of a workload.
    pub fn of(workload: &Workload) -> Self {
        WorkloadSummary {
            name: workload.name.clone(),
            source: workload.source,
            runtime: if workload.runs_python() { WorkloadRuntime::Python } else { WorkloadRuntime::Native },
            tasks: workload.tasks(),
            definition: workload.definition(),
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
