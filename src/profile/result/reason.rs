//! Reasons for a confidence, and gaps of a profile, as data.

use serde::{Deserialize, Serialize};

/// The most serious doubt about a class, or the evidence it rests on where nothing is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ConfidenceReason {
    /// No doubt: CPU time was accounted for and there were enough samples.
    Accounted {
        /// True if CPU time is exact, as it is for children that have ended.
        is_exact: bool,
        /// Wall seconds profiled.
        wall_s: f64,
        /// Samples taken.
        samples: u64,
    },
    /// Too little time or too few samples.
    TooShort {
        /// Wall seconds profiled.
        wall_s: f64,
        /// Samples taken.
        samples: u64,
    },
    /// The hypervisor took CPU time, which looks like waiting.
    Stolen {
        /// Share of the machine's CPU time that was taken, from 0 to 1.
        share: f64,
    },
    /// Other programs kept the work waiting for a CPU.
    Contended {
        /// Share of the wall time spent waiting for a CPU, from 0 to 1.
        queued_share: f64,
        /// CPUs that could be used.
        cpus: f64,
        /// CPUs that other programs used, on average; null if the system does not report it.
        others_cpus: Option<f64>,
        /// Share of the time in which some task of the machine waited for a CPU; null if the system does
        /// not report it.
        cpu_pressure: Option<f64>,
    },
    /// Other programs used the CPUs, and the class depends on how long threads waited for a CPU that were not seen
    /// to wait.
    LoadedOpen {
        /// Share of the time in which any thread computes, if these threads never waited, from 0 to 1.
        least_fraction: f64,
        /// The same if they waited for as long as samples allow, from 0 to 1.
        most_fraction: f64,
    },
    /// The class depends on whether each worker is judged alone or the tree as a whole.
    ViewsDiffer {
        /// Share of its time that each worker computes, from 0 to 1.
        each_fraction: f64,
        /// Share of the time in which any worker computes, from 0 to 1.
        any_fraction: f64,
    },
    /// The CPU share is close to a threshold between two classes.
    NearThreshold {
        /// Share of its time that the work computes, from 0 to 1.
        cpu_fraction: f64,
    },
    /// The system reports neither run queue times nor kinds of waits.
    Portable,
    /// No reason was recorded.
    Unspecified,
}

/// Something that a profile cannot see from outside the process tree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Unknown {
    /// CPU time of a server on this machine, outside the tree, that the tree waits for.
    LocalServerCpu,
    /// The activity of a server on another machine that the tree waits for.
    RemoteServer,
    /// The part of the CPU time that is spent waiting for memory; only hardware counters show it.
    MemoryStalls,
    /// Kinds of waits and run queue times, which this system does not report.
    WaitsNotReported,
    /// Kinds of waits that were too short to sample or that this user may not see.
    WaitsNotSeen,
    /// The processes behind a part of the CPU time: they ended before a sample caught them.
    ShortProcesses {
        /// Share of the CPU time that they used, from 0 to 1.
        cpu_share: f64,
    },
    /// The part of the CPU time in which threads or processes poll for one another: this system, or this user's
    /// rights, do not allow to sample what they execute.
    Polling,
    /// The part of the CPU time in which an event loop asks for events again and again without waiting.
    PollingForEvents,
}
