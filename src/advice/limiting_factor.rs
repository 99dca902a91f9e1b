//! The limits that can bind a workload, as data.

use serde::{Deserialize, Serialize};

use crate::advice::facts::{SerialPlace, SerialSection};
use crate::advice::seen::Change;
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
        /// Attempts per second that the token bucket allows.
        rate_per_s: f64,
        /// Attempts that a task makes on average, retries included.
        attempts_per_task: f64,
    },
    /// The longest task: a run takes at least as long.
    OneItem {
        /// The item of the longest task.
        item: String,
        /// Seconds of that task.
        item_s: f64,
        /// Seconds of all tasks together, one after another.
        total_s: f64,
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
    /// Throughput is flat and tasks take longer the more are in flight, although CPUs are idle: they wait for
    /// something that they share.
    SharedResource {
        /// The resource, as far as the waits show.
        resource: SharedResource,
        /// The width from which throughput is flat.
        beyond: usize,
        /// Tasks served at the same time, by Little's law; null if no narrower configuration shows how long a
        /// task takes unhindered.
        serves: Option<usize>,
    },
    /// Throughput is flat, and the measurement does not show why.
    Unexplained {
        /// The change of throughput between two widths that shows it.
        change: Change,
        /// True if the steps of the workload share nothing but the CPUs.
        shares_nothing: bool,
    },
    /// Sequential is recommended, because no other configuration is faster by enough.
    NoGain {
        /// The fastest of the others.
        fastest: Configuration,
        /// Its throughput over that of sequential.
        ratio: f64,
    },
    /// The semaphore of the workload.
    MaxInFlight {
        /// Tasks that the semaphore lets through at the same time.
        max_in_flight: usize,
        /// The growth of throughput up to that width; null if none was seen.
        growth: Option<Change>,
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
        /// The growth of throughput up to the recommended width; null if none was seen.
        growth: Option<Change>,
    },
    /// The machine does not allow the strategy to be wider.
    Machine {
        /// The limit of the machine.
        limit: WidthLimit,
        /// The growth of throughput up to that width; null if none was seen.
        growth: Option<Change>,
    },
    /// No limit was reached: throughput grows up to the widest configuration, or beyond the recommended one.
    NotReached {
        /// The recommended width.
        width: usize,
        /// The growth that shows it.
        growth: Change,
        /// A wider width to try: twice as wide, and no wider than there are tasks.
        next_width: usize,
    },
    /// The measurement does not show what keeps throughput from growing.
    Unknown {
        /// The recommended width.
        width: usize,
        /// The change from the next narrower width, which may be noise; null if none was measured.
        narrower: Option<Change>,
        /// The change to a wider one, which may be noise; null if none was measured.
        wider: Option<Change>,
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
    /// The default pool of threads of an event loop, to which `asyncio.to_thread` hands functions.
    DefaultThreadPool,
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
