//! The widest that each strategy can be on this machine, and the limit that says so.

use crate::host::Host;
use crate::strategy::StrategyKind;
use crate::units::Bytes;
use crate::workload::Workload;
use crate::workload::spec::StepSpec;

/// Descriptors that the parent holds for each worker process.
const PIPES_PER_PROCESS: u64 = 2;

/// Descriptors that are not for tasks: streams, pipes, the event loop.
const DESCRIPTORS_KEPT: u64 = 64;

/// Share of the free memory that a run may plan to use.
const MEMORY_SHARE: f64 = 0.8;

/// Memory maps of one thread: its stack and the guard page below it.
const MAPS_PER_THREAD: u64 = 2;

/// The widest a strategy can be, and the limit that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Largest number of tasks in flight.
    pub width: usize,
    /// The limit that binds, as a fragment such as `max_in_flight = 32`.
    pub bound_by: String,
    /// Whether the machine sets it, rather than the workload.
    pub by_machine: bool,
}

/// Returns the widest that `strategy` can be for `workload` on `host`: the smallest of all limits.
pub fn capacity(strategy: StrategyKind, workload: &Workload, host: &Host) -> Capacity {
    let mut limits = vec![of_workload(workload.tasks(), format!("{} tasks", workload.tasks()))];
    if let Some(most) = workload.limits.max_in_flight {
        limits.push(of_workload(most as u64, format!("max_in_flight = {most}")));
    }
    if let Some(files) = host.limits.open_files {
        let each = descriptors_per_task(strategy, workload);
        let width = files.saturating_sub(DESCRIPTORS_KEPT) / each.max(1);
        let each_uses = if each > 0 { width } else { u64::MAX };
        limits.push(of_machine(each_uses, format!("open files: {files} ({each} per task)")));
    }
    if uses_threads(strategy, workload) {
        limits.extend(thread_limits(strategy, host));
    }
    limits.push(memory_limit(strategy, workload, host));
    let least = limits.into_iter().min_by_key(|limit| limit.width);
    least.expect("the task count always limits")
}

fn of_workload(width: u64, bound_by: String) -> Capacity {
    Capacity { width: usize::try_from(width).unwrap_or(usize::MAX).max(1), bound_by, by_machine: false }
}

fn of_machine(width: u64, bound_by: String) -> Capacity {
    Capacity { by_machine: true, ..of_workload(width, bound_by) }
}

/// Returns the descriptors that one task in flight holds in the process that has the fewest to spare.
fn descriptors_per_task(strategy: StrategyKind, workload: &Workload) -> u64 {
    let of_steps: u64 = workload
        .steps
        .iter()
        .map(|step| match step {
            StepSpec::Cpu(_) | StepSpec::Sleep(_) => 0,
            StepSpec::Http(_) | StepSpec::Read(_) | StepSpec::Write(_) | StepSpec::Lock(_) => 1,
            StepSpec::WebSocket(ws) => 1 + u64::from(ws.subscribers),
            StepSpec::Sqlite(_) => 3,
            StepSpec::Command(_) => 4,
            // An unknown callable most likely holds a connection.
            StepSpec::Python(_) => 1,
        })
        .sum();
    // A worker process has descriptors of its own; its parent holds two pipes.
    if strategy.info().width.workers_are_processes() { PIPES_PER_PROCESS } else { of_steps }
}

/// Returns true if every task in flight holds a thread.
fn uses_threads(strategy: StrategyKind, workload: &Workload) -> bool {
    let blocking = workload.steps.iter().any(|step| step.nature() == crate::workload::spec::Nature::Blocking);
    let width = strategy.info().width;
    width.holds_thread_per_task() || (width.has_event_loop() && blocking)
}

fn thread_limits(strategy: StrategyKind, host: &Host) -> Vec<Capacity> {
    // A worker process needs a process and a thread that drives it.
    let each = if strategy.info().width.workers_are_processes() { 2 } else { 1 };
    let processes =
        host.limits.processes.map(|n| of_machine(n / 2 / each, format!("processes and threads: {n}")));
    let maps = host.limits.memory_maps.map(|n| {
        of_machine(n / 2 / MAPS_PER_THREAD, format!("memory maps: {n} ({MAPS_PER_THREAD} per thread)"))
    });
    processes.into_iter().chain(maps).collect()
}

fn memory_limit(strategy: StrategyKind, workload: &Workload, host: &Host) -> Capacity {
    let rss = strategy.info().rss_per_worker;
    let each = if workload.runs_python() { rss.python } else { rss.native };
    let free = (host.limits.memory_available_bytes as f64 * MEMORY_SHARE) as u64;
    match workload.limits.memory {
        Some(limit) if limit < free => of_workload(limit / each, format!("memory = {}", Bytes(limit))),
        _ => of_machine(free / each, format!("memory: {} free", Bytes(host.limits.memory_available_bytes))),
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
        assert!(threads.by_machine && threads.bound_by.contains("memory maps"), "{threads:?}");
        workload.limits.max_in_flight = Some(32);
        assert_eq!(capacity(StrategyKind::Threads, &workload, &host(2)).bound_by, "max_in_flight = 32");
        assert_eq!(capacity(StrategyKind::Async, &sleeping(5), &host(2)).bound_by, "5 tasks");
    }

    #[test]
    fn processes_are_bound_by_memory_first() {
        let mut small = host(2);
        small.limits.memory_available_bytes = 100 << 20;
        let bound = capacity(StrategyKind::Processes, &sleeping(1000), &small);
        assert_eq!(bound.width, 10);
        assert!(bound.bound_by.starts_with("memory"), "{bound:?}");
    }
}
