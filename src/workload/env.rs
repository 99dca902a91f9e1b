//! The surroundings of a run, which every process needs besides the workload.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The surroundings of a run, the same for every process that takes part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Env {
    /// The `conc` binary, re-executed for worker processes.
    pub exe: PathBuf,
    /// The address of the embedded server, if it runs.
    pub fixture: Option<SocketAddr>,
    /// A directory of this batch alone, removed after it: databases, locks, files written.
    pub state_dir: PathBuf,
    /// Seeds everything that is drawn at random.
    pub seed: u64,
    /// The number of the random order of tasks; batches with the same number run tasks in the same order.
    pub permutation_id: u64,
}
