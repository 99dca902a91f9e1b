//! The result of a profile.

use serde::{Deserialize, Serialize};

pub use crate::profile::kinds::{Class, Confidence, Waits};
use crate::profile::tree::result::Tree;
use crate::strategy::StrategyKind;

/// What one task costs and where it waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Profile {
    /// The class of the work.
    pub class: Class,
    /// How sure the class is.
    pub confidence: Confidence,
    /// Why the confidence is not higher, or what it rests on.
    pub confidence_reason: String,
    /// CPU time over wall time less run-queue wait, from 0 to 1.
    pub cpu_fraction: f64,
    /// User CPU seconds of the profiled tasks, children included.
    pub cpu_user_s: f64,
    /// System CPU seconds of the profiled tasks, children included.
    pub cpu_system_s: f64,
    /// Wall seconds of the profiled tasks.
    pub wall_s: f64,
    /// Seconds spent runnable but waiting for a CPU.
    pub runqueue_s: f64,
    /// Where the waiting time went, as shares of the time not on a CPU; they sum to 1 or are all 0.
    pub waits: Waits,
    /// The evidence in words.
    pub detail: String,
    /// The cost of one task.
    pub task: TaskCost,
    /// CPU seconds that a process needs to prepare the workload before its first task; 0 where that is
    /// part of starting it, as for Python, or nobody prepares anything, as for a command.
    #[serde(default)]
    pub preparation_s: f64,
    /// Samples taken of where the time goes.
    pub samples: u64,
    /// Tasks profiled.
    pub tasks: u64,
    /// Mean seconds of each step of a task, in the order of the workload.
    pub steps: Vec<StepCost>,
    /// What is known of a Python callable beside this; null for everything else.
    #[serde(default)]
    pub python: Option<PythonProfile>,
    /// How much tasks differ in the time they take; null if fewer than two were profiled.
    pub dispersion: Option<Dispersion>,
    /// What was seen of the process tree, where commands were profiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Box<Tree>>,
}

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

/// How much tasks differ in the time they take, one after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Dispersion {
    /// The standard deviation of the time of a task over its mean; an exponential time has 1.
    pub coefficient_of_variation: f64,
    /// The tasks that took longest, the slowest first.
    pub slowest: Vec<SlowTask>,
}

/// One of the slowest tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SlowTask {
    /// Its item.
    pub item: String,
    /// Seconds it took.
    pub wall_s: f64,
}

/// The cost of one task: the demand *D* and the delay *Z* of queueing theory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TaskCost {
    /// CPU seconds (*D*).
    pub cpu_s: f64,
    /// Seconds not on a CPU, run-queue wait excluded (*Z*).
    pub wait_s: f64,
}

impl TaskCost {
    /// Seconds from start to end when nothing else runs.
    pub fn total_s(&self) -> f64 {
        self.cpu_s + self.wait_s
    }
}

/// The mean cost of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepCost {
    /// The kind of the step.
    pub kind: String,
    /// Mean wall seconds per task.
    pub wall_s: f64,
}
