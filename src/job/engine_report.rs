//! What is known of the engine beyond this machine that ran the items.

use serde::{Deserialize, Serialize};

/// An engine that `conc` hands items to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// `dask.distributed`.
    Dask,
    /// Slurm.
    Slurm,
}

impl EngineKind {
    /// Returns its name, as `--on` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            EngineKind::Dask => "dask",
            EngineKind::Slurm => "slurm",
        }
    }
}

/// A package of which client, scheduler and workers have different versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EngineVersions {
    /// The name of the package.
    pub package: String,
    /// The version of the client, if it has the package.
    pub client: Option<String>,
    /// The version of the scheduler, if it has the package.
    pub scheduler: Option<String>,
    /// The versions of the workers.
    pub workers: Vec<String>,
}

/// The engine and what it has run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EngineReport {
    /// The kind of engine.
    pub kind: EngineKind,
    /// The address of its scheduler, or its partition.
    pub address: Option<String>,
    /// The version of its client.
    pub version: Option<String>,
    /// Workers at the end of the run, or array tasks of Slurm that were started.
    pub workers: u64,
    /// Items that they could run at the same time without a pool of their own.
    pub threads: u64,
    /// Messages that carried items, or array tasks.
    pub chunks: u64,
    /// Items in one of them, on average; null without any.
    pub chunk_items: Option<f64>,
    /// Items at a time in one thread of a worker.
    pub inner_width: u64,
    /// Seconds that one message costs, or an array task from its submission to its start; null if unknown.
    pub message_s: Option<f64>,
    /// Messages or array tasks whose items were sent again, because their worker or node was lost.
    pub sent_again: u64,
    /// Items of array tasks that somebody else has cancelled.
    #[serde(default)]
    pub cancelled: u64,
    /// Packages whose versions differ.
    pub versions: Vec<EngineVersions>,
    /// The shared directory of the run; null for Dask.
    pub directory: Option<String>,
}
