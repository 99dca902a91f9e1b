//! CPU time that goes into loops that only wait.

use serde::{Deserialize, Serialize};

/// CPU time that goes into asking again and again whether a wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Polling {
    /// Share of the CPU time, from 0 to 1: at least this much, because threads are only sampled once they
    /// have computed for a while.
    pub share: f64,
    /// What is waited for, or how.
    pub cause: PollingCause,
    /// Samples of the user mode of threads that it rests on.
    pub samples: u64,
}

/// What a loop waits for, or how it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PollingCause {
    /// Threads of an OpenMP library wait for one another at a barrier, or for work.
    OpenMp,
    /// An MPI library waits for messages.
    Mpi,
    /// Threads give way to others by `sched_yield` until something has happened.
    Yield,
    /// Threads spin with the processor's instruction for that: a spin lock.
    Spin,
}

impl PollingCause {
    /// Every cause.
    pub(crate) const ALL: [PollingCause; 4] =
        [PollingCause::OpenMp, PollingCause::Mpi, PollingCause::Yield, PollingCause::Spin];
}
