//! The programs in Python, and the choice of programs for a cell.

use std::time::Duration;

use crate::benchmark::Configuration;
use crate::snippets::form::Form;
use crate::snippets::python::stages::is_threads_only;
use crate::snippets::shape::TaskShape;
use crate::strategy::StrategyKind;

/// Minimum time between two tasks on an event loop for forms with an object for each task, which costs 5 to 6 µs.
const MIN_SPACING: Duration = Duration::from_micros(120);

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// A plain loop.
    Sequential,
    /// A plain loop in a coroutine.
    SequentialLoop,
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
    /// A pool of threads that is watched, because threads cannot be interrupted at a timeout.
    WatchedThreads,
    /// A producer and consumers on threads, with a bounded queue between them.
    ThreadQueue,
    /// A pool of processes, fed in chunks.
    Processes,
    /// An event loop for steps that wait and a pool of processes for steps that compute.
    Hybrid,
    /// A pool for each step on one event loop, with bounded queues between them.
    Stages,
    /// A pool of threads for each step, with bounded queues between them.
    ThreadStages,
    /// An event loop in every process.
    Loops,
    /// A pool of interpreters, fed in chunks.
    Interpreters,
}

impl Program {
    /// Returns the programs for a cell, the one that was measured first.
    pub(super) fn of(cell: &Configuration, shape: &TaskShape) -> &'static [Program] {
        if cell.strategy == StrategyKind::Interpreters {
            return &[Program::Interpreters];
        }
        match form(cell.strategy, shape) {
            Form::Sequential if needs_loop(shape) => &[Program::SequentialLoop],
            Form::Sequential => &[Program::Sequential],
            Form::Async if is_short(cell, shape) => &[Program::Workers],
            Form::Async => &[Program::Workers, Program::TaskGroup, Program::Semaphore, Program::Queue],
            Form::Threads | Form::WorkStealing if needs_watch(shape) => &[Program::WatchedThreads],
            Form::Threads | Form::WorkStealing => &[Program::Threads, Program::ThreadQueue],
            Form::Processes => &[Program::Processes],
            Form::Hybrid if shape.python.as_ref().is_some_and(|task| !task.is_split()) => &[Program::Loops],
            Form::Hybrid => &[Program::Hybrid],
            // Stand-ins are in Rust.
            Form::Pipeline if shape.python.is_none() => &[],
            Form::Pipeline if is_threads_only(shape) => &[Program::ThreadStages],
            Form::Pipeline => &[Program::Stages],
        }
    }

    /// Returns true if the program awaits its tasks.
    pub(super) fn awaits(self) -> bool {
        use Program::{Hybrid, Loops, Queue, Semaphore, SequentialLoop, Stages, TaskGroup, Workers};
        matches!(self, SequentialLoop | Workers | TaskGroup | Semaphore | Queue | Loops | Hybrid | Stages)
    }

    /// Returns true if the program runs on one event loop from beginning to end.
    pub(super) fn has_one_loop(self) -> bool {
        self.awaits() && self != Program::Loops
    }

    /// Returns true if tasks run in processes or interpreters, fed in chunks.
    pub(super) fn is_fed_in_chunks(self) -> bool {
        matches!(self, Program::Processes | Program::Interpreters)
    }

    /// Returns true if the errors of tasks come as text, from another process or interpreter.
    pub(super) fn has_errors_as_text(self) -> bool {
        self.is_fed_in_chunks() || self == Program::Loops
    }

    /// Returns the source of the function `run` with places to fill.
    pub(super) fn template(self) -> &'static str {
        match self {
            Program::Sequential => include_str!("run/sequential.py.tmpl"),
            Program::SequentialLoop => include_str!("run/sequential_loop.py.tmpl"),
            Program::Workers => include_str!("run/workers.py.tmpl"),
            Program::TaskGroup => include_str!("run/task_group.py.tmpl"),
            Program::Semaphore => include_str!("run/semaphore.py.tmpl"),
            Program::Queue => include_str!("run/queue.py.tmpl"),
            Program::Threads => include_str!("run/threads.py.tmpl"),
            Program::WatchedThreads => include_str!("run/watched_threads.py.tmpl"),
            Program::ThreadQueue => include_str!("run/threads_queue.py.tmpl"),
            Program::Processes => include_str!("run/processes.py.tmpl"),
            Program::Hybrid => include_str!("run/hybrid.py.tmpl"),
            Program::Loops => include_str!("run/loops.py.tmpl"),
            Program::Stages => include_str!("run/stages.py.tmpl"),
            Program::ThreadStages => include_str!("run/thread_stages.py.tmpl"),
            Program::Interpreters => include_str!("run/interpreters.py.tmpl"),
        }
    }

    /// Returns the names that `run` needs from the standard library.
    pub(super) fn imports(self) -> &'static [&'static str] {
        match self {
            Program::Sequential => &[],
            Program::SequentialLoop
            | Program::Workers
            | Program::TaskGroup
            | Program::Semaphore
            | Program::Queue
            | Program::Stages => &["asyncio"],
            Program::Threads => &["ThreadPoolExecutor"],
            Program::WatchedThreads => &["ThreadPoolExecutor", "os", "threading", "wait"],
            Program::ThreadQueue | Program::ThreadStages => &["ThreadPoolExecutor", "queue"],
            Program::Processes => &["ProcessPoolExecutor"],
            Program::Hybrid | Program::Loops => &["ProcessPoolExecutor", "asyncio"],
            Program::Interpreters => &["InterpreterPoolExecutor", "os"],
        }
    }

    /// Returns the oldest version of Python that runs the program.
    pub(super) fn oldest_python(self) -> [u32; 2] {
        match self {
            Program::Interpreters => [3, 14],
            Program::TaskGroup => [3, 11],
            _ => [3, 9],
        }
    }

    /// Returns the title of the program.
    pub(super) fn title(self, cell: &Configuration, shape: &TaskShape) -> String {
        let (width, processes) = (cell.width, cell.processes.unwrap_or(1));
        let unit = if shape.command.is_some() { "at a time" } else { "in flight" };
        match self {
            Program::Sequential | Program::SequentialLoop => "one task after another".to_owned(),
            Program::Workers if cell.strategy == StrategyKind::Uvloop => format!("uvloop, {width} {unit}"),
            Program::Workers => format!("asyncio, {width} {unit}"),
            Program::TaskGroup => format!("a TaskGroup and a semaphore, {width} {unit}"),
            Program::Semaphore => format!("gather and a semaphore, {width} {unit}"),
            Program::Queue => format!("a producer and {width} consumers on a bounded queue"),
            Program::Threads | Program::WatchedThreads => format!("ThreadPoolExecutor, {width} wide"),
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
            Program::Stages => format!("asyncio and bounded queues, {} workers", cell.width_label()),
            Program::ThreadStages => {
                format!("threads and bounded queues, {} workers", cell.width_label())
            }
            Program::Loops => format!("asyncio in {processes} processes, {width} in flight together"),
        }
    }
}

/// Returns the form of `kind`; the user's own callables keep the form that was measured.
fn form(kind: StrategyKind, shape: &TaskShape) -> Form {
    if shape.python.is_some() { Form::rust(kind, shape) } else { Form::python(kind, shape) }
}

/// Returns true if a coroutine, a semaphore or a queue for each task would cost more than a few percent.
fn is_short(cell: &Configuration, shape: &TaskShape) -> bool {
    let spacing = (shape.cpu + shape.wait) / u32::try_from(cell.width).unwrap_or(u32::MAX).max(1);
    spacing.max(shape.cpu) < MIN_SPACING
}

/// Returns true if some callable has only an async form.
fn needs_loop(shape: &TaskShape) -> bool {
    shape.python.iter().flat_map(|task| &task.steps).any(|step| step.blocking.is_none())
}

/// Returns true if threads have to be watched: a command and a coroutine end at their timeout, other work does
/// not.
fn needs_watch(shape: &TaskShape) -> bool {
    shape.limits.timeout.is_some() && shape.command.is_none() && !needs_loop(shape)
}
