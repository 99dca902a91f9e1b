//! The profile of a workload, a command or a running process.

use serde::{Deserialize, Serialize};

use crate::profile::result::class::{Class, Confidence};
use crate::profile::result::polling::Polling;
use crate::profile::result::python::PythonProfile;
use crate::profile::result::reason::ConfidenceReason;
use crate::profile::result::task_cost::TaskCost;
use crate::profile::result::tree::Tree;
use crate::profile::result::waits::Waits;

/// The cost of one task, its class and its waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Profile {
    /// The class of the work; null for a process tree that showed too little (`tree.no_class` says why).
    pub class: Option<Class>,
    /// Confidence in the class.
    pub confidence: Confidence,
    /// The most serious doubt about the class, or the evidence it rests on.
    pub confidence_reason: ConfidenceReason,
    /// CPU time over wall time less run-queue wait, from 0 to 1.
    pub cpu_fraction: f64,
    /// User CPU seconds of the profiled tasks, children included.
    pub cpu_user_s: f64,
    /// System CPU seconds of the profiled tasks, children included.
    pub cpu_system_s: f64,
    /// Wall seconds of the profiled tasks, without those in which they were stopped (`tree.stopped_s`).
    pub wall_s: f64,
    /// Seconds spent runnable but waiting for a CPU.
    pub runqueue_s: f64,
    /// Kinds of waits, as shares of the time not on a CPU; they sum to 1 or are all 0.
    pub waits: Waits,
    /// CPU time that goes into loops that only wait; null where none is worth reporting, or none can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polling: Option<Polling>,
    /// The cost of one task.
    pub task: TaskCost,
    /// CPU seconds that a process needs to prepare the workload before its first task; 0 where that is
    /// part of starting it, as for Python, or nobody prepares anything, as for a command.
    #[serde(default)]
    pub preparation_s: f64,
    /// Mean number of threads that could use a CPU at once while any could, those in the run queue included; 1
    /// where it was not sampled. A task with more has threads or processes of its own, however few CPUs they get.
    #[serde(default = "one")]
    pub threads_at_once: f64,
    /// Samples taken.
    pub samples: u64,
    /// Tasks profiled.
    pub tasks: u64,
    /// Mean seconds of each step of a task, in the order of the workload.
    pub steps: Vec<StepCost>,
    /// Facts about Python callables and their interpreter; null for other workloads.
    #[serde(default)]
    pub python: Option<PythonProfile>,
    /// Spread of the times of tasks; null if fewer than two were profiled.
    pub dispersion: Option<Dispersion>,
    /// Facts about the process tree; only for commands and running processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Box<Tree>>,
}

/// Multiple of the mean from which a task counts as long: shorter ones differ by chance.
const LONG_FROM_MEANS: f64 = 2.0;

fn one() -> f64 {
    1.0
}

impl Profile {
    /// Returns the class of tasks, which always have one.
    pub fn task_class(&self) -> Class {
        // Work that hardly did anything waited.
        self.class.unwrap_or(Class::IoBound)
    }

    /// Returns the seconds of the longest task if it takes much longer than most; the whole workload takes at
    /// least as long.
    pub(crate) fn longest_task_s(&self) -> Option<f64> {
        let longest_s = self.dispersion.as_ref()?.slowest.first()?.wall_s;
        (longest_s >= LONG_FROM_MEANS * (self.task.cpu_s + self.task.wait_s)).then_some(longest_s)
    }
}

/// Spread of the times that tasks take, one after another.
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
    /// The item of the task.
    pub item: String,
    /// Seconds it took.
    pub wall_s: f64,
}

/// The mean cost of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StepCost {
    /// The kind of the step.
    pub kind: String,
    /// Mean wall seconds per task.
    pub wall_s: f64,
    /// The standard deviation of the wall seconds over their mean; absent if fewer than two tasks were profiled, and
    /// for Python callables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variation: Option<f64>,
}
