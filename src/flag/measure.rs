//! One run of the command, as plain numbers.

use serde::{Deserialize, Serialize};

use crate::host::usage::CpuTime;
use crate::profile::result::{Waits, WorkersOverTime};

/// What one run of the command took.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RunMeasure {
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU time of the whole process tree.
    pub cpu: CpuTime,
    /// Largest resident memory of the tree seen at one time, in bytes; shared pages count several times.
    pub peak_memory_bytes: Option<u64>,
    /// Workers over the time of the run.
    pub workers: WorkersOverTime,
    /// Mean number of CPUs that other programs used meanwhile; 0 where it is not known.
    pub others_cpus: f64,
    /// Processes seen.
    pub processes: u64,
    /// Threads seen, of all processes together.
    pub threads: u64,
    /// Kinds of waits, as shares.
    pub waits: Waits,
    /// Share of the CPU time that goes into loops that only wait.
    pub polling_share: f64,
    /// The number that the program printed, if one is read.
    pub metric: Option<f64>,
    /// Processes that outlived the command and were killed.
    pub left_behind: u64,
}

impl RunMeasure {
    /// Returns the mean number of CPUs in use.
    pub(crate) fn cpus_busy(&self) -> f64 {
        if self.wall_s > 0.0 { self.cpu.total_s() / self.wall_s } else { 0.0 }
    }
}

/// The failure of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunFailure {
    /// The exit code; null if a signal ended the program.
    pub exit_code: Option<i32>,
    /// The signal that ended the program; null if it exited.
    pub signal: Option<i32>,
    /// The last line that the program wrote to standard error, or to standard output if that is empty.
    pub said: Option<String>,
}
