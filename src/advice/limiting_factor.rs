//! The limits that can bind a workload, as data.

use serde::{Deserialize, Serialize};

use crate::advice::facts::{SerialPlace, SerialSection};
use crate::benchmark::Configuration;
use crate::benchmark::capacity::WidthLimit;
use crate::benchmark::result::Reason;

/// A limit that keeps the throughput from growing further.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum LimitingFactor {
    /// A place that only one task at a time can be in.
    SerialSection {
        /// The place.
        place: SerialPlace,
        /// Share of a task's time spent in the place, from 0 to 1.
        share: f64,
    },
    /// The token bucket of the workload.
    RateLimit {
        /// Starts per second that the token bucket allows.
        rate_per_s: f64,
    },
    /// Starting a pool costs more than the whole workload.
    WorkloadSize {
        /// Seconds of the whole workload, one task after another.
        total_s: f64,
    },
    /// Handing out a task costs more than running tasks at the same time saves.
    TaskSize {
        /// Seconds of one task.
        task_s: f64,
    },
    /// The CPUs are busy.
    Cpus {
        /// Effective CPUs; fractions are possible.
        cpus: f64,
        /// Share of the CPUs that the tasks use, from 0 to 1.
        used: f64,
        /// Predicted throughput on twice the CPUs at twice the width, over the present one.
        gain_of_twice: f64,
    },
    /// The lock of an interpreter, which lets one thread compute at a time.
    InterpreterLock {
        /// Share of one CPU that the tasks use, from 0 to 1.
        used: f64,
    },
    /// Throughput is flat although CPUs are idle: something behind the tasks is at its limit.
    SharedResource {
        /// The resource, as far as the profile shows.
        resource: SharedResource,
        /// The width from which throughput is flat.
        beyond: usize,
        /// Tasks served at the same time, by Little's law.
        serves: usize,
    },
    /// The semaphore of the workload.
    MaxInFlight {
        /// Tasks that the semaphore lets through at the same time.
        max_in_flight: usize,
    },
    /// All tasks are in flight at the same time.
    TaskCount {
        /// Tasks of the workload.
        tasks: u64,
    },
    /// A wider configuration failed or was not run.
    Refused {
        /// The configuration.
        configuration: Configuration,
        /// The reason why the configuration has no result.
        reason: Reason,
    },
    /// The machine does not allow the strategy to be wider.
    Machine {
        /// The limit of the machine.
        limit: WidthLimit,
    },
    /// No limit was reached: throughput still grows at the recommended width.
    NotReached {
        /// The recommended width.
        width: usize,
        /// The widest width measured.
        widest: usize,
    },
}

/// A resource, other than the CPUs, that tasks can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SharedResource {
    /// A server that the tasks talk to.
    Upstream,
    /// The embedded server, which uses the same CPUs as the tasks.
    EmbeddedServer,
    /// A block device.
    Disk,
    /// A lock between the tasks.
    Lock,
    /// Caches or the path to memory.
    Memory,
    /// A resource that the commands share.
    Commands,
    /// A resource that the profile does not show.
    Unknown,
}

impl From<SerialSection> for LimitingFactor {
    fn from(SerialSection { place, share }: SerialSection) -> Self {
        LimitingFactor::SerialSection { place, share }
    }
}
