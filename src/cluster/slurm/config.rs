//! What a run on Slurm is asked to do.

use std::ffi::OsString;
use std::path::PathBuf;

/// Items of the sample for each of its CPUs.
const ITEMS_PER_CPU: usize = 4;

/// The options of a run on Slurm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlurmConfig {
    /// The partition; `None` is the default of the cluster.
    pub(crate) partition: Option<String>,
    /// Array tasks at the same time, at most.
    pub(crate) nodes: Option<usize>,
    /// CPUs of each array task.
    pub(crate) cpus: usize,
    /// The longest time of an array task, as Slurm writes it.
    pub(crate) time: Option<String>,
    /// The account that is charged.
    pub(crate) account: Option<String>,
    /// More arguments for `sbatch`.
    pub(crate) sbatch_args: Vec<String>,
    /// The shared directory; `None` makes one in the working directory.
    pub(crate) directory: Option<PathBuf>,
    /// Whether to end once everything is submitted.
    pub(crate) detaches: bool,
    /// Whether the directory is that of an earlier run, which goes on.
    pub(crate) attaches: bool,
    /// Arguments of `conc run` on a node, up to the work.
    pub(crate) node_options: Vec<OsString>,
    /// The work: a callable, or `--` and a command.
    pub(crate) work: Vec<OsString>,
    /// The arguments of this run, by which another goes on.
    pub(crate) arguments: Vec<OsString>,
}

impl SlurmConfig {
    /// Returns the number of first items, which run alone to show how long the others take.
    pub(crate) fn sample_items(&self) -> u64 {
        (ITEMS_PER_CPU * self.cpus.max(1)) as u64
    }
}
