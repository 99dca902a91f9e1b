//! Choice of the program that shows a strategy in a language.

use crate::snippets::shape::TaskShape;
use crate::strategy::StrategyKind;

/// The kinds of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A plain loop.
    Sequential,
    /// Long-lived tasks on an event loop.
    Async,
    /// Long-lived threads.
    Threads,
    /// A work-stealing pool.
    WorkStealing,
    /// Worker processes.
    Processes,
    /// An event loop and worker processes.
    Hybrid,
    /// A pool per step, with queues between them.
    Pipeline,
}

impl Form {
    /// Returns the form of `kind` in Rust.
    ///
    /// A command is a process already and needs only a thread that waits for it.
    pub(super) fn rust(kind: StrategyKind, shape: &TaskShape) -> Form {
        let runs_command = shape.command.is_some();
        match kind {
            StrategyKind::Sequential => Form::Sequential,
            StrategyKind::Async | StrategyKind::Uvloop => Form::Async,
            StrategyKind::WorkStealing if !runs_command => Form::WorkStealing,
            StrategyKind::Processes if !runs_command => Form::Processes,
            StrategyKind::Hybrid if !runs_command => Form::Hybrid,
            StrategyKind::Pipeline if !runs_command && shape.stages.len() > 1 => Form::Pipeline,
            _ => Form::Threads,
        }
    }

    /// Returns the form of `kind` in Python, which has no work-stealing pool, and whose threads compute
    /// one at a time.
    pub(super) fn python(kind: StrategyKind, shape: &TaskShape) -> Form {
        match Form::rust(kind, shape) {
            Form::Threads | Form::WorkStealing if computes(shape) => Form::Processes,
            Form::WorkStealing => Form::Threads,
            form => form,
        }
    }
}

/// Returns true if a task computes in this process for at least as long as it waits.
fn computes(shape: &TaskShape) -> bool {
    shape.command.is_none() && shape.cpu >= shape.wait
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shape(cpu_ms: u64, wait_ms: u64, command: bool) -> TaskShape {
        TaskShape {
            tasks: 8,
            cpu: Duration::from_millis(cpu_ms),
            wait: Duration::from_millis(wait_ms),
            command: command.then(|| vec!["true".into()]),
            ..TaskShape::default()
        }
    }

    #[test]
    fn commands_need_no_more_than_threads() {
        for kind in [StrategyKind::WorkStealing, StrategyKind::Processes, StrategyKind::Hybrid] {
            assert_eq!(Form::rust(kind, &shape(5, 0, true)), Form::Threads);
            assert_eq!(Form::python(kind, &shape(5, 0, true)), Form::Threads);
        }
        assert_eq!(Form::rust(StrategyKind::Async, &shape(5, 0, true)), Form::Async);
    }

    #[test]
    fn threads_that_compute_become_processes_in_python() {
        assert_eq!(Form::python(StrategyKind::Threads, &shape(5, 0, false)), Form::Processes);
        assert_eq!(Form::python(StrategyKind::WorkStealing, &shape(5, 0, false)), Form::Processes);
        assert_eq!(Form::python(StrategyKind::Threads, &shape(1, 9, false)), Form::Threads);
        assert_eq!(Form::python(StrategyKind::WorkStealing, &shape(1, 9, false)), Form::Threads);
    }
}
