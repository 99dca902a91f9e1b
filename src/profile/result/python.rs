//! The part of a profile that is about Python.

use serde::{Deserialize, Serialize};

use crate::strategy::StrategyKind;

/// What a profile shows of Python callables and their interpreter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PythonProfile {
    /// The interpreter.
    pub executable: String,
    /// Its `sys.version`.
    pub version: String,
    /// Whether it has no global lock: `yes` or `no`.
    pub free_threaded: String,
    /// How it starts processes unless told otherwise, such as `fork`.
    pub start_method: String,
    /// The strategies that this interpreter has beside those of every one: `interpreters` from Python
    /// 3.14 on, `uvloop` where it is installed.
    #[serde(default)]
    pub offers: Vec<StrategyKind>,
    /// Share of the time that another thread would have waited for the global lock, from 0 to 1; null
    /// where it was not measured.
    pub gil_wanted: Option<f64>,
    /// The same as a share of the CPU time of the tasks: near 1 where they hold the lock while they
    /// compute, near 0 where they release it; null where they hardly compute.
    pub gil_held: Option<f64>,
    /// Threads that Python knows nothing of, as BLAS and OpenMP start them; null where the system does
    /// not tell.
    pub native_threads: Option<u64>,
    /// How many times as long tasks took at first as when they were run again, where that is so much
    /// that something must have been kept; then nothing was run twice.
    #[serde(default)]
    pub faster_again: Option<f64>,
    /// The callables, in the order of the workload.
    pub steps: Vec<PythonStep>,
}

/// One callable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PythonStep {
    /// Its name.
    pub name: String,
    /// Whether it can be called on any thread.
    pub blocking: bool,
    /// Whether it can be awaited.
    pub awaitable: bool,
    /// CPU time over wall time, from 0 to 1.
    pub cpu_fraction: f64,
}

/// Below this share of the CPU time the lock is held so little that threads compute side by side.
/// Pure Python gives 0.8 to 1, hashing of large buffers and numeric kernels 0.00 to 0.1.
const RELEASED_BELOW: f64 = 0.3;

/// A callable that uses a CPU for this share of its time computes rather than waits.
const COMPUTES_FROM: f64 = 0.5;

impl PythonProfile {
    /// Whether there is a global lock and it was seen to be held while tasks compute.
    pub fn holds_lock(&self) -> bool {
        self.has_lock() && self.gil_held.is_none_or(|share| share >= RELEASED_BELOW)
    }

    /// How many of `cpus` threads can use at once (Amdahl's law with the lock as the serial part).
    pub fn cpus_of_threads(&self, cpus: f64) -> f64 {
        let held = if self.has_lock() { self.gil_held.unwrap_or(1.0) } else { 0.0 };
        (1.0 / held.max(f64::MIN_POSITIVE)).clamp(1.0, cpus.max(1.0))
    }

    /// Whether the interpreter has a global lock.
    pub fn has_lock(&self) -> bool {
        self.free_threaded != "yes"
    }

    /// Which callables compute rather than wait.
    pub fn cpu_steps(&self) -> Vec<bool> {
        self.steps.iter().map(|step| step.cpu_fraction >= COMPUTES_FROM).collect()
    }

    /// Whether some callables compute and others wait, so that each kind can have a pool of its own.
    pub fn has_separate_steps(&self) -> bool {
        let computes = self.cpu_steps();
        computes.contains(&true) && computes.contains(&false)
    }

    /// Whether something of a task can be awaited.
    pub fn is_awaitable(&self) -> bool {
        self.steps.iter().any(|step| step.awaitable)
    }

    /// The first callable that waits and cannot be awaited.
    pub fn blocking_step(&self) -> Option<&PythonStep> {
        self.steps
            .iter()
            .zip(self.cpu_steps())
            .find(|(step, computes)| !step.awaitable && !computes)
            .map(|(s, _)| s)
    }
}
