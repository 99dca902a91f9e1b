//! The programs in Python, and the choice of programs for a cell.

use crate::benchmark::Configuration;
use crate::snippets::form::Form;
use crate::snippets::shape::TaskShape;
use crate::strategy::StrategyKind;

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// A plain loop.
    Sequential,
    /// Worker coroutines over one iterator.
    Workers,
    /// A coroutine for every item in a task group.
    TaskGroup,
    /// A coroutine for every item behind a semaphore, gathered.
    Semaphore,
    /// A producer and consumers on an event loop, with a bounded queue between them.
    Queue,
    /// A pool of threads.
    Threads,
    /// A producer and consumers on threads, with a bounded queue between them.
    ThreadQueue,
    /// A pool of processes, fed in chunks.
    Processes,
    /// An event loop for steps that wait and a pool of processes for steps that compute.
    Hybrid,
    /// An event loop in every process.
    Loops,
    /// A pool of interpreters.
    Interpreters,
}

impl Program {
    /// Returns the programs for a cell, the one that was measured first.
    pub(super) fn of(cell: &Configuration, shape: &TaskShape) -> &'static [Program] {
        if cell.strategy == StrategyKind::Interpreters {
            return &[Program::Interpreters];
        }
        match form(cell.strategy, shape) {
            Form::Sequential => &[Program::Sequential],
            Form::Async => &[Program::Workers, Program::TaskGroup, Program::Semaphore, Program::Queue],
            Form::Threads | Form::WorkStealing => &[Program::Threads, Program::ThreadQueue],
            Form::Processes => &[Program::Processes],
            Form::Hybrid if shape.python.as_ref().is_some_and(|task| task.split().is_none()) => {
                &[Program::Loops]
            }
            Form::Hybrid => &[Program::Hybrid],
        }
    }

    /// Returns true if the program awaits its tasks.
    pub(super) fn awaits(self) -> bool {
        use Program::{Loops, Queue, Semaphore, TaskGroup, Workers};
        matches!(self, Workers | TaskGroup | Semaphore | Queue | Loops)
    }

    /// Returns the source of the program with places to fill.
    pub(super) fn template(self) -> &'static str {
        match self {
            Program::Sequential => include_str!("sequential.py.tmpl"),
            Program::Workers => include_str!("async.py.tmpl"),
            Program::TaskGroup => include_str!("task_group.py.tmpl"),
            Program::Semaphore => include_str!("semaphore.py.tmpl"),
            Program::Queue => include_str!("queue.py.tmpl"),
            Program::Threads => include_str!("threads.py.tmpl"),
            Program::ThreadQueue => include_str!("threads_queue.py.tmpl"),
            Program::Processes => include_str!("processes.py.tmpl"),
            Program::Hybrid => include_str!("hybrid.py.tmpl"),
            Program::Loops => include_str!("loops.py.tmpl"),
            Program::Interpreters => include_str!("interpreters.py.tmpl"),
        }
    }

    /// Returns the title of the program.
    pub(super) fn title(self, cell: &Configuration) -> String {
        let (width, processes) = (cell.width, cell.processes.unwrap_or(1));
        match self {
            Program::Sequential => "one task after another".to_owned(),
            Program::Workers if cell.strategy == StrategyKind::Uvloop => format!("uvloop, {width} in flight"),
            Program::Workers => format!("asyncio, {width} in flight"),
            Program::TaskGroup => format!("a TaskGroup and a semaphore, {width} in flight"),
            Program::Semaphore => format!("gather and a semaphore, {width} in flight"),
            Program::Queue => format!("a producer and {width} consumers on a bounded queue"),
            Program::Threads => format!("ThreadPoolExecutor, {width} wide"),
            Program::ThreadQueue => format!("a producer and {width} threads on a bounded queue"),
            Program::Processes if cell.strategy == StrategyKind::Processes => {
                format!("ProcessPoolExecutor, {width} wide")
            }
            Program::Processes => {
                format!("Python threads would compute one at a time: a process pool, {width} wide")
            }
            Program::Hybrid => {
                format!("asyncio, {width} in flight, computing in a process pool of {processes}")
            }
            Program::Interpreters => format!("InterpreterPoolExecutor, {width} wide"),
            Program::Loops => format!("asyncio in {processes} processes, {width} in flight together"),
        }
    }
}

/// Returns the form of `kind`; the user's own callables keep the form that was measured.
fn form(kind: StrategyKind, shape: &TaskShape) -> Form {
    if shape.python.is_some() { Form::rust(kind, shape) } else { Form::python(kind, shape) }
}
