//! What threads gain for a callable, measured by running it in one thread and in several.

use serde::{Deserialize, Serialize};

/// The cost of a callable in several threads at once, compared with one thread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TwoThreads {
    /// The number of threads: two for tasks that compute; tasks that also wait get as many as keep two CPUs
    /// busy.
    pub threads: u64,
    /// Calls in these threads.
    pub calls: u64,
    /// Calls per second of all threads together over those of one thread, without the time in which they
    /// waited for a CPU.
    pub speedup: f64,
    /// CPU time of a call among the others over that of a call alone; null if calls hardly compute.
    pub cpu_per_call_ratio: Option<f64>,
    /// CPU seconds of the threads per second.
    pub parallelism: f64,
    /// Share of the time in which a thread waited for a CPU, from 0 to 1: on a busy machine two threads
    /// show less.
    pub queued_share: f64,
    /// Share of the computing that one thread at a time does, by Amdahl's law from the measured gain; above
    /// 1 if several threads do less than one. Null if the threads do not compute enough to show it.
    pub serial_share: Option<f64>,
    /// What the threads do to one another.
    pub verdict: ThreadsVerdict,
}

/// What threads that run the same callable do to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThreadsVerdict {
    /// They compute side by side: the lock of the interpreter (GIL) is released.
    Releases,
    /// A part of the computing is side by side: 1.15 to 1.6 times the work of one thread.
    Partly,
    /// They compute one at a time, because they hold the GIL.
    Holds,
    /// They hand the GIL over so often that they use more CPU time and do no more.
    Thrashing,
    /// One at a time proceeds although the GIL is free: a lock of a library or of the program.
    Locked,
    /// One call uses several CPUs by itself, through threads of its library.
    OwnThreads,
    /// They hardly compute, and their waits overlap.
    Waits,
    /// They hardly compute and hold the GIL while they wait, so that one at a time waits.
    HoldsWaiting,
    /// They wait for child processes, which compute side by side.
    Child,
    /// Calls fail in several threads that succeed in one.
    Fails,
    /// Calls in several threads do not end.
    Hangs,
    /// The interpreter died while several threads ran.
    Dies,
    /// The machine is too busy to tell.
    Unclear,
}

impl TwoThreads {
    /// Returns the finding without any figure, because the threads did not come back.
    pub fn lost(threads: u64, verdict: ThreadsVerdict) -> Self {
        TwoThreads {
            threads,
            calls: 0,
            speedup: 0.0,
            cpu_per_call_ratio: None,
            parallelism: 0.0,
            queued_share: 0.0,
            serial_share: None,
            verdict,
        }
    }
}

impl ThreadsVerdict {
    /// Returns whether threads do the computing of the callable side by side; `None` if that is not known.
    pub fn computes_side_by_side(self) -> Option<bool> {
        match self {
            ThreadsVerdict::Releases | ThreadsVerdict::OwnThreads | ThreadsVerdict::Child => Some(true),
            ThreadsVerdict::Partly
            | ThreadsVerdict::Holds
            | ThreadsVerdict::Thrashing
            | ThreadsVerdict::Locked
            | ThreadsVerdict::HoldsWaiting
            | ThreadsVerdict::Fails
            | ThreadsVerdict::Hangs
            | ThreadsVerdict::Dies => Some(false),
            ThreadsVerdict::Waits | ThreadsVerdict::Unclear => None,
        }
    }
}
