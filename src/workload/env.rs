//! What a process needs to know, besides the workload, to run it.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The surroundings of a run, the same for every process that takes part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Env {
    /// The `conc` binary, re-executed for worker processes.
    pub exe: PathBuf,
    /// Where the embedded server listens, if it runs.
    pub fixture: Option<SocketAddr>,
    /// A directory of this batch alone, removed after it: databases, locks, files written.
    pub state_dir: PathBuf,
    /// Seeds everything that is drawn at random.
    pub seed: u64,
    /// Which of the random orders tasks are taken in; batches of the same number share it.
    pub permutation_id: u64,
}
