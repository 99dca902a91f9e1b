//! The largest width of each strategy on this machine, and the limit that sets it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::strategy::StrategyKind;
use crate::units::Bytes;
use crate::workload::Workload;
use crate::workload::spec::{StepNature, StepSpec};

/// Descriptors that the parent holds for each worker process.
const PIPES_PER_PROCESS: u64 = 2;

/// Descriptors that are not for tasks: streams, pipes, the event loop.
const DESCRIPTORS_KEPT: u64 = 64;

/// Share of the free memory that a run may plan to use.
const MEMORY_SHARE: f64 = 0.8;

/// Memory maps of one thread: its stack and the guard page below it.
const MAPS_PER_THREAD: u64 = 2;

/// The largest width of a strategy, and the limit that sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Largest number of tasks in flight.
    pub width: usize,
    /// The limit that binds.
    pub limit: WidthLimit,
}

/// A limit of how many tasks can be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum WidthLimit {
    /// The tasks of the workload.
    Tasks {
        /// Number of tasks.
        tasks: u64,
    },
    /// The semaphore of the workload.
    MaxInFlight {
        /// Tasks that it lets through.
        max_in_flight: u64,
    },
    /// The memory limit of the workload.
    WorkloadMemory {
        /// The limit.
        bytes: u64,
    },
    /// File descriptors of a process.
    OpenFiles {
        /// Number of descriptors allowed.
        allowed: u64,
        /// Number of descriptors that a task in flight holds.
        per_task: u64,
    },
    /// Processes and threads of the user.
    Processes {
        /// Number of processes and threads allowed.
        allowed: u64,
    },
    /// Memory maps of a process.
    MemoryMaps {
        /// Number of memory maps allowed.
        allowed: u64,
        /// Number of memory maps that a thread takes.
        per_thread: u64,
    },
    /// Free memory.
    FreeMemory {
        /// Bytes of free memory.
        bytes: u64,
    },
}

impl WidthLimit {
    /// Returns true if the machine sets the limit, rather than the workload.
    pub fn is_of_machine(self) -> bool {
        !matches!(
            self,
            WidthLimit::Tasks { .. } | WidthLimit::MaxInFlight { .. } | WidthLimit::WorkloadMemory { .. }
        )
    }
}

impl fmt::Display for WidthLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WidthLimit::Tasks { tasks: 1 } => f.write_str("1 task"),
            WidthLimit::Tasks { tasks } => write!(f, "{tasks} tasks"),
            WidthLimit::MaxInFlight { max_in_flight } => write!(f, "max_in_flight = {max_in_flight}"),
            WidthLimit::WorkloadMemory { bytes } => write!(f, "memory = {}", Bytes(*bytes)),
            WidthLimit::OpenFiles { allowed, per_task } => {
                write!(f, "open files: {allowed} ({per_task} per task)")
            }
            WidthLimit::Processes { allowed } => write!(f, "processes and threads: {allowed}"),
            WidthLimit::MemoryMaps { allowed, per_thread } => {
                write!(f, "memory maps: {allowed} ({per_thread} per thread)")
            }
            WidthLimit::FreeMemory { bytes } => write!(f, "memory: {} free", Bytes(*bytes)),
        }
    }
}

/// Returns the largest width of `strategy` for `workload` on `host`: the smallest of all limits.
pub(crate) fn capacity(strategy: StrategyKind, workload: &Workload, host: &Host) -> Capacity {
    let tasks = workload.tasks();
    let mut limits = vec![limited(tasks, WidthLimit::Tasks { tasks })];
    if let Some(most) = workload.limits.max_in_flight {
        let max_in_flight = most as u64;
        limits.push(limited(max_in_flight, WidthLimit::MaxInFlight { max_in_flight }));
    }
    // Strategies that are native raise their limit; an interpreter is started with the limit that was found.
    let soft = host.limits.open_files_soft.filter(|_| workload.runs_python());
    if let Some(files) = soft.or(host.limits.open_files) {
        let per_task = descriptors_per_task(strategy, workload);
        let width = files.saturating_sub(DESCRIPTORS_KEPT).checked_div(per_task).unwrap_or(u64::MAX);
        limits.push(limited(width, WidthLimit::OpenFiles { allowed: files, per_task }));
    }
    if uses_threads(strategy, workload) {
        limits.extend(thread_limits(strategy, host));
    }
    limits.push(memory_limit(strategy, workload, host));
    let least = limits.into_iter().min_by_key(|limit| limit.width);
    least.expect("the task count always limits")
}

/// Returns the descriptors that a process needs for `width` tasks in flight.
pub(crate) fn descriptors_needed(strategy: StrategyKind, workload: &Workload, width: usize) -> u64 {
    let per_task = descriptors_per_task(strategy, workload);
    per_task.saturating_mul(width as u64).saturating_add(DESCRIPTORS_KEPT)
}

fn limited(width: u64, limit: WidthLimit) -> Capacity {
    Capacity { width: usize::try_from(width).unwrap_or(usize::MAX).max(1), limit }
}

/// Returns the descriptors that one task in flight holds in the process that has the fewest to spare.
fn descriptors_per_task(strategy: StrategyKind, workload: &Workload) -> u64 {
    let of_steps: u64 = workload.steps.iter().map(StepSpec::descriptors).sum();
    // A worker process has descriptors of its own; its parent holds two pipes.
    if strategy.info().width.workers_are_processes() { PIPES_PER_PROCESS } else { of_steps }
}

/// Returns true if every task in flight holds a thread.
fn uses_threads(strategy: StrategyKind, workload: &Workload) -> bool {
    let blocking = workload.steps.iter().any(|step| step.nature() == StepNature::Blocking);
    let width = strategy.info().width;
    width.holds_thread_per_task() || (width.has_event_loop() && blocking)
}

fn thread_limits(strategy: StrategyKind, host: &Host) -> Vec<Capacity> {
    // A worker process needs a process and a thread that drives it.
    let each = if strategy.info().width.workers_are_processes() { 2 } else { 1 };
    let processes =
        host.limits.processes.map(|allowed| limited(allowed / 2 / each, WidthLimit::Processes { allowed }));
    let maps = host.limits.memory_maps.map(|allowed| {
        let per_thread = MAPS_PER_THREAD;
        limited(allowed / 2 / per_thread, WidthLimit::MemoryMaps { allowed, per_thread })
    });
    processes.into_iter().chain(maps).collect()
}

fn memory_limit(strategy: StrategyKind, workload: &Workload, host: &Host) -> Capacity {
    let rss = strategy.info().rss_per_worker;
    let each = if workload.runs_python() { rss.python } else { rss.native };
    let free = (host.limits.memory_available_bytes as f64 * MEMORY_SHARE) as u64;
    match workload.limits.memory {
        Some(bytes) if bytes < free => limited(bytes / each, WidthLimit::WorkloadMemory { bytes }),
        _ => limited(free / each, WidthLimit::FreeMemory { bytes: host.limits.memory_available_bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::{host, sleeping};

    #[test]
    fn the_limit_that_binds_is_named() {
        let mut workload = sleeping(1_000_000);
        assert_eq!(capacity(StrategyKind::Async, &workload, &host(2)).width, 1_000_000);
        let threads = capacity(StrategyKind::Threads, &workload, &host(2));
        assert!(threads.limit.is_of_machine(), "{threads:?}");
        assert!(matches!(threads.limit, WidthLimit::MemoryMaps { .. }), "{threads:?}");
        workload.limits.max_in_flight = Some(32);
        let limit = |workload: &Workload| capacity(StrategyKind::Async, workload, &host(2)).limit;
        assert_eq!(limit(&workload), WidthLimit::MaxInFlight { max_in_flight: 32 });
        assert_eq!(limit(&sleeping(5)), WidthLimit::Tasks { tasks: 5 });
    }

    #[test]
    fn processes_are_bound_by_memory_first() {
        let mut small = host(2);
        small.limits.memory_available_bytes = 100 << 20;
        let bound = capacity(StrategyKind::Processes, &sleeping(1000), &small);
        assert_eq!(bound.width, 10);
        assert!(matches!(bound.limit, WidthLimit::FreeMemory { .. }), "{bound:?}");
    }
}
