//! The part of a profile that is about Python.

use serde::{Deserialize, Serialize};

use crate::profile::result::task_cost::TaskCost;
use crate::profile::result::two_threads::{ThreadsVerdict, TwoThreads};
use crate::strategy::StrategyKind;

/// Facts about Python callables and their interpreter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PythonProfile {
    /// The interpreter.
    pub executable: String,
    /// `sys.version` of the interpreter.
    pub version: String,
    /// Free-threading status: yes if the interpreter has no global lock.
    pub free_threaded: FreeThreading,
    /// Start method of `multiprocessing`, such as `fork`: the one that the module of the callables sets, or
    /// the default of the interpreter.
    pub start_method: String,
    /// Cost of importing the modules of the callables, in CPU seconds and seconds of waiting. Every process
    /// that imports them pays it.
    #[serde(default)]
    pub import: TaskCost,
    /// Strategies that not every interpreter has: `interpreters` from Python 3.14 on, `uvloop` where it is
    /// installed.
    #[serde(default)]
    pub offers: Vec<StrategyKind>,
    /// Share of the time that another thread would have waited for the global lock, from 0 to 1; null
    /// where it was not measured.
    pub gil_wanted: Option<f64>,
    /// Time that another thread would have waited for the global lock, as a share of the CPU time of the
    /// tasks: near 1 where they hold the lock while they compute, near 0 where they release it; null where
    /// they hardly compute.
    pub gil_held: Option<f64>,
    /// What several threads gain over one, measured with the tasks themselves; null where tasks may not run
    /// twice, are limited in their rate or are coroutines.
    #[serde(default)]
    pub two_threads: Option<TwoThreads>,
    /// CPUs that one task uses while it computes: 1, or more if its libraries or child processes compute in
    /// parallel.
    #[serde(default = "one")]
    pub cpus_per_task: f64,
    /// CPU seconds of a task on a busy interpreter: one after another without a pause if tasks compute, beside
    /// others if they wait. Less than alone, where CPUs slow down and caches cool between tasks. Null if
    /// it was not measured.
    #[serde(default)]
    pub busy_cpu_s: Option<f64>,
    /// CPU seconds to send a large result to another process, on both sides together; null if results are small or
    /// cannot be sent.
    #[serde(default)]
    pub send_cpu_s: Option<f64>,
    /// The module whose import switched the global lock on in an interpreter built without one; null if none
    /// did.
    #[serde(default)]
    pub gil_switched_on_by: Option<String>,
    /// Number of threads started by libraries such as BLAS and OpenMP, not by Python; null if the system
    /// does not report it.
    pub native_threads: Option<u64>,
    /// Cost of the first call in a process on top of that of a task, such as a model that is loaded or a
    /// connection that is opened then; null if the first call costs no more than others. No other figure of
    /// the profile contains it.
    #[serde(default)]
    pub once_per_process: Option<TaskCost>,
    /// Time of tasks in their first round over that in the second, if the ratio shows that results were
    /// cached; the profile then runs no task twice.
    #[serde(default)]
    pub faster_again: Option<f64>,
    /// Objects of the user's modules that limit tasks themselves, such as a semaphore, or that belong to one
    /// event loop.
    #[serde(default)]
    pub own_limits: Vec<OwnLimit>,
    /// The library that replaces threads and clocks with its own, such as "gevent", or "the module"; null if none
    /// does.
    #[serde(default)]
    pub threads_replaced_by: Option<String>,
    /// The line of a coroutine that blocks the event loop; null if none does.
    #[serde(default)]
    pub blocked_loop: Option<BlockedLoop>,
    /// The functions of libraries that the code of the callables names, such as `lxml.html.fromstring`.
    #[serde(default)]
    pub library_calls: Vec<LibraryCall>,
    /// The callables, in the order of the workload.
    pub steps: Vec<PythonStep>,
}

/// Free-threading status of an interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FreeThreading {
    /// The interpreter has no global lock.
    Yes,
    /// The interpreter has a global lock.
    No,
}

/// An object of the user's modules that limits tasks itself, or that belongs to one event loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OwnLimit {
    /// The name by which the code refers to the object, such as `gate` or `client.gate`.
    pub name: String,
    /// The class of the object, such as `asyncio.Semaphore`.
    pub kind: String,
    /// Number of tasks that it lets through at a time; null if it is no semaphore. Every process and every
    /// interpreter has one of its own.
    pub permits: Option<u64>,
    /// True if the object works on one event loop only.
    pub one_loop: bool,
}

/// A function of a library that the code of a callable names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LibraryCall {
    /// The full name.
    pub name: String,
    /// The version of the library; null if it does not say, as in the standard library.
    pub version: Option<String>,
}

/// A line of a coroutine that waits in a call instead of awaiting, so that no other task of the event loop runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BlockedLoop {
    /// The file.
    pub file: String,
    /// The number of the line.
    pub line: u32,
    /// The function that has the line.
    pub function: String,
    /// The text of the line.
    pub code: String,
    /// Seconds of a task in which the event loop is blocked, by this line and by others.
    pub per_task_s: f64,
    /// Part of the time of a task in which the event loop is blocked, from 0 to 1.
    pub share: f64,
}

/// One callable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PythonStep {
    /// The name of the callable.
    pub name: String,
    /// True if the callable can be called on any thread.
    pub blocking: bool,
    /// True if the callable can be awaited.
    pub awaitable: bool,
    /// CPU time over wall time, from 0 to 1.
    pub cpu_fraction: f64,
}

fn one() -> f64 {
    1.0
}

/// Share of the CPU time of the task itself that a busy interpreter saves, at most: from 774 to 179 µs was seen for a request of
/// `asyncio`.
const MAX_SAVED_SHARE: f64 = 0.9;

/// Seconds of a task in a profile that are those of the clocks around its steps, at most: 6 µs on CPython 3.11, and
/// more on a slow machine.
pub(crate) const CLOCKS_OF_A_TASK_S: f64 = 20e-6;

/// Share of the CPU time for which the global lock is held, below which threads compute in parallel.
///
/// Pure Python gives 0.8 to 1, hashing of large buffers and numeric kernels 0.00 to 0.1.
const LOCK_RELEASED_BELOW_SHARE: f64 = 0.3;

/// Share of its time that a callable uses a CPU, from which it computes rather than waits.
const COMPUTES_FROM_SHARE: f64 = 0.5;

/// The pool in which a pipeline runs a callable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StagePool {
    /// Coroutines on the event loop.
    Loop,
    /// Threads.
    Thread,
    /// Worker processes.
    Process,
}

impl PythonProfile {
    /// Returns the pool for each callable in a pipeline: what computes goes to processes where a lock lets one thread
    /// compute at a time, and what waits is awaited if it can be.
    pub fn stage_pools(&self) -> Vec<StagePool> {
        let pool = |(step, computes): (&PythonStep, bool)| match computes {
            true if self.holds_lock() => StagePool::Process,
            true if step.blocking => StagePool::Thread,
            _ if step.awaitable => StagePool::Loop,
            _ => StagePool::Thread,
        };
        self.steps.iter().zip(self.cpu_steps()).map(pool).collect()
    }

    /// Makes the profile of callables on CPython 3.12, for tests.
    #[cfg(test)]
    pub(crate) fn of_steps(gil_held: f64, steps: Vec<PythonStep>) -> Self {
        PythonProfile {
            executable: "python3".into(),
            version: "3.12.1".into(),
            free_threaded: FreeThreading::No,
            start_method: "fork".into(),
            offers: Vec::new(),
            import: TaskCost::default(),
            once_per_process: None,
            two_threads: None,
            cpus_per_task: 1.0,
            busy_cpu_s: None,
            send_cpu_s: None,
            gil_switched_on_by: None,
            faster_again: None,
            own_limits: Vec::new(),
            threads_replaced_by: None,
            blocked_loop: None,
            library_calls: Vec::new(),
            gil_wanted: Some(gil_held),
            gil_held: Some(gil_held),
            native_threads: Some(0),
            steps,
        }
    }

    /// Returns true if a library runs what looks like threads in one thread, beside which process pools fail.
    pub fn has_green_threads(&self) -> bool {
        self.threads_replaced_by.as_deref().is_some_and(|by| ["gevent", "eventlet"].contains(&by))
    }

    /// Returns the first semaphore of the user's modules, of which every process has one of its own.
    pub fn own_semaphore(&self) -> Option<&OwnLimit> {
        self.own_limits.iter().find(|limit| limit.permits.is_some())
    }

    /// Returns the first object that belongs to one event loop, if tasks need a loop in every thread.
    pub fn bound_to_one_loop(&self) -> Option<&OwnLimit> {
        let needs_loop = self.steps.iter().any(|step| !step.blocking);
        self.own_limits.iter().find(|limit| limit.one_loop && needs_loop)
    }

    /// Returns whether tasks compute one at a time in threads: because of the global lock or of one of a
    /// library, as measured in two threads, or else as a probe of the lock suggests.
    pub fn holds_lock(&self) -> bool {
        let measured = self.two_threads.and_then(|threads| threads.verdict.computes_side_by_side());
        measured.map_or_else(|| self.seems_to_hold_lock(), |side_by_side| !side_by_side)
    }

    /// Returns whether tasks that compute hold the global lock: as the tasks showed in two threads, or else as a
    /// probe of the lock suggests.
    pub fn holds_gil(&self) -> bool {
        match self.two_threads.map(|threads| threads.verdict) {
            Some(ThreadsVerdict::Holds | ThreadsVerdict::Thrashing) => true,
            Some(ThreadsVerdict::Unclear) | None => {
                self.has_lock() && self.gil_held.is_some_and(|share| share >= LOCK_RELEASED_BELOW_SHARE)
            }
            Some(_) => false,
        }
    }

    fn seems_to_hold_lock(&self) -> bool {
        self.has_lock() && self.gil_held.is_none_or(|share| share >= LOCK_RELEASED_BELOW_SHARE)
    }

    /// Returns the share of the computing that one thread at a time does; above 1 if threads thrash.
    ///
    /// It is measured with the tasks in two threads, or else taken from the probe of the global lock, which is
    /// right only for long stretches of computing.
    pub fn serial_share(&self) -> f64 {
        let measured = self.two_threads.and_then(|threads| threads.serial_share);
        let suspected = || if self.has_lock() { self.gil_held.unwrap_or(1.0) } else { 0.0 };
        measured.unwrap_or_else(suspected)
    }

    /// Returns how many of `cpus` CPUs threads use at once (Amdahl's law), at least the one of a thread alone.
    pub fn cpus_of_threads(&self, cpus: f64) -> f64 {
        let (serial, cpus) = (self.serial_share().min(1.0), cpus.max(1.0));
        1.0 / (serial + (1.0 - serial) / cpus)
    }

    /// Returns whether tasks hold the global lock while they wait, so that only processes wait side by side.
    pub fn holds_lock_while_waiting(&self) -> bool {
        self.two_threads.is_some_and(|threads| threads.verdict == ThreadsVerdict::HoldsWaiting)
    }

    /// Returns the tasks that proceed at once in one interpreter, if the global lock or that of a library lets
    /// only one through for all of its time.
    pub fn at_once_in_one_process(&self) -> Option<f64> {
        let threads = self.two_threads?;
        let is_kept_apart = matches!(threads.verdict, ThreadsVerdict::HoldsWaiting | ThreadsVerdict::Locked);
        is_kept_apart.then(|| threads.speedup.max(1.0))
    }

    /// Returns the CPU seconds that a task saves on a busy interpreter, of `alone_s` CPU seconds; negative if
    /// threads of one process hinder one another. Processes of their own never do.
    pub fn saved_when_busy_s(&self, alone_s: f64, in_one_process: bool) -> f64 {
        let saved_s = self.busy_cpu_s.map_or(0.0, |busy_s| alone_s - busy_s);
        let least_s = if in_one_process { -alone_s } else { 0.0 };
        let clocks_s = CLOCKS_OF_A_TASK_S.min(alone_s);
        saved_s.clamp(least_s, clocks_s + MAX_SAVED_SHARE * (alone_s - clocks_s))
    }

    /// Returns whether the interpreter has a global lock.
    pub fn has_lock(&self) -> bool {
        self.free_threaded == FreeThreading::No
    }

    /// Returns for each callable whether it computes rather than waits.
    pub fn cpu_steps(&self) -> Vec<bool> {
        self.steps.iter().map(|step| step.cpu_fraction >= COMPUTES_FROM_SHARE).collect()
    }

    /// Returns whether some callables compute and others wait, so that each kind can have a pool of its own.
    pub fn has_separate_steps(&self) -> bool {
        let computes = self.cpu_steps();
        computes.contains(&true) && computes.contains(&false)
    }

    /// Returns whether any callable of a task can be awaited.
    pub fn is_awaitable(&self) -> bool {
        self.steps.iter().any(|step| step.awaitable)
    }

    /// Returns the first callable that waits and cannot be awaited.
    pub fn blocking_step(&self) -> Option<&PythonStep> {
        self.steps
            .iter()
            .zip(self.cpu_steps())
            .find(|(step, computes)| !step.awaitable && !computes)
            .map(|(s, _)| s)
    }
}
