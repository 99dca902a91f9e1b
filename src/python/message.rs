//! What the harness is asked and what it answers, as JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;
use crate::model::message::MessageCosts;
use crate::strategy::StrategyKind;
use crate::strategy::time_breakdown::IpcStats;
use crate::workload::spec::{Backoff, PythonSpec, RetryPolicy};

/// What an interpreter is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Say what the callables are.
    Inspect,
    /// Run tasks one after another and take exact account of them.
    Profile,
    /// Run tasks under a strategy.
    Batch,
    /// Run a few tasks under observation.
    Check,
}

/// An order to the harness.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Order {
    /// What to do.
    pub role: Role,
    /// What a task is made of.
    pub steps: Vec<StepOrder>,
    /// The numbers of the tasks, in the order in which they are taken; after the last the first again.
    pub numbers: Vec<u64>,
    /// The items of these tasks, where they are strings and not the numbers.
    pub items: Option<Vec<String>>,
    /// Whether the numbers are those of the items that the module offers.
    pub own_items: bool,
    /// How many tasks to run, at the most.
    pub tasks: u64,
    /// How to run them.
    pub strategy: Option<StrategyKind>,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes of a hybrid.
    pub processes: usize,
    /// Which steps compute rather than wait, as profiled; empty while that is not known.
    pub cpu_steps: Vec<bool>,
    /// Seconds that one task takes alone; 0 while that is not known.
    pub task_s: f64,
    /// No task is started later than this, in seconds.
    pub time_limit_s: f64,
    /// The harness gives up, and says where it hangs, after so many seconds.
    pub patience_s: f64,
    /// Importing the module may take this long, in seconds.
    pub import_s: f64,
    /// Numbers of tasks that a profile leaves out.
    pub skip: Vec<u64>,
    /// How long one task may take, in seconds.
    pub timeout_s: Option<f64>,
    /// How often a failing step is tried again, if at all.
    pub retry: Option<RetryOrder>,
    /// How many attempts may start a second, if that is limited.
    pub rate: Option<RateOrder>,
    /// The board to make.
    pub board: PathBuf,
    /// Workers that have a place on the board.
    pub slots: usize,
}

impl Order {
    /// The number of the task that was taken as number `task`, from 0.
    pub fn number(&self, task: u64) -> u64 {
        let at = usize::try_from(task).unwrap_or(usize::MAX) % self.numbers.len().max(1);
        self.numbers.get(at).copied().unwrap_or(task)
    }
}

/// A policy of retries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetryOrder {
    /// Retries after the first attempt.
    pub max: u32,
    /// `constant` or `exponential`.
    pub backoff: &'static str,
    /// The pause before jitter, for the first retry, in seconds.
    pub base_s: f64,
    /// What the jitter is drawn from, beside the task.
    pub seed: u64,
}

impl RetryOrder {
    /// The policy, with a seed for its jitter.
    pub fn new(policy: &RetryPolicy, seed: u64) -> Self {
        let backoff = match policy.backoff {
            Backoff::Constant => "constant",
            Backoff::Exponential => "exponential",
        };
        RetryOrder { max: policy.max, backoff, base_s: policy.base.as_secs_f64(), seed }
    }
}

/// A limit on attempts, that all processes of a batch keep together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateOrder {
    /// Attempts started per second.
    pub per_s: f64,
    /// Which steps count.
    pub steps: Vec<bool>,
    /// The file that the token bucket is kept in.
    pub bucket: PathBuf,
}

/// A callable to load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepOrder {
    file: Option<PathBuf>,
    module: String,
    callable: String,
    async_callable: Option<String>,
}

impl From<&PythonSpec> for StepOrder {
    fn from(spec: &PythonSpec) -> Self {
        StepOrder {
            file: spec.file.clone(),
            module: spec.module.clone(),
            callable: spec.callable.clone(),
            async_callable: spec.async_callable.clone(),
        }
    }
}

/// A line of the answer to an order whose result is a `T`.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<T> {
    /// Everything is imported and started; tasks begin, or another one does.
    Ready {
        /// The item of the task that begins, where only one does, as Python writes it.
        #[serde(default)]
        item: Option<String>,
    },
    /// It is done.
    Done(T),
    /// It could not be done.
    Failed {
        /// What kind of failure it is.
        code: Code,
        /// The failure in words.
        message: String,
    },
}

/// What the callables of a workload are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Inspection {
    /// The steps, in order.
    pub steps: Vec<StepForms>,
    /// How many items the module offers, if it does.
    pub items: Option<u64>,
}

/// The forms of one step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StepForms {
    /// Its name.
    pub name: String,
    /// Whether it can be called on any thread.
    pub blocking: bool,
    /// Whether it can be awaited.
    pub awaitable: bool,
    /// Whether it has a place for the item.
    pub takes_value: bool,
}

/// A kind of failure on the board.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kinds {
    /// What kind of failure it is.
    pub code: Code,
    /// The failure in words.
    pub message: String,
}

/// What a batch took, beside the board.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BatchReport {
    /// Seconds until the strategy was ready for the first task, imports not included.
    pub startup_s: f64,
    /// Seconds from the first task to the end of the last one.
    pub wall_s: f64,
    /// User CPU seconds of all processes.
    pub cpu_user_s: f64,
    /// System CPU seconds of all processes.
    pub cpu_system_s: f64,
    /// Largest resident sizes of all processes together, in bytes.
    pub peak_rss_bytes: u64,
    /// The failures that the board refers to.
    pub errors: Vec<Kinds>,
    /// What was sent to workers, where there were any to be sent to.
    pub traffic: Option<TrafficReport>,
}

/// What the one who hands out the work saw of the workers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TrafficReport {
    /// Workers.
    pub workers: u64,
    /// Seconds in which workers had something to do, all together.
    pub active_s: f64,
    /// The part of these in which they ran tasks, by their own clocks.
    pub working_s: f64,
    /// Tasks in a message, and how many messages had so many.
    pub messages: Vec<(u64, u64)>,
}

impl TrafficReport {
    /// The traffic in the terms of every other strategy. Messages are not timed one by one: each is
    /// taken to have cost the mean.
    pub fn traffic(&self) -> IpcStats {
        let count: u64 = self.messages.iter().map(|(_, count)| count).sum();
        let mean_s = (self.active_s - self.working_s).max(0.0) / count.max(1) as f64;
        let mut costs = MessageCosts::default();
        for (tasks, count) in &self.messages {
            (0..*count).for_each(|_| costs.add(*tasks, mean_s));
        }
        IpcStats { active_s: self.active_s, working_s: self.working_s.min(self.active_s), costs }
    }
}

/// What a profile found, beside the board.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProfileReport {
    /// The run as a batch of its own.
    #[serde(flatten)]
    pub batch: BatchReport,
    /// Tasks profiled.
    pub tasks: u64,
    /// Seconds in each step, over all tasks.
    pub steps_s: Vec<f64>,
    /// CPU seconds in each step, over all tasks.
    pub steps_cpu_s: Vec<f64>,
    /// Seconds in each step that it waited for a CPU, over all tasks; zero where there is one step.
    pub steps_queue_s: Vec<f64>,
    /// User and system CPU seconds of children that were reaped.
    pub children_cpu: [f64; 2],
    /// Seconds the main thread waited for a CPU, where the system tells.
    pub runqueue_s: Option<f64>,
    /// Share of the time that others would have waited for the lock of the interpreter.
    pub gil_wanted: Option<f64>,
    /// The same as a share of the CPU time of the tasks.
    pub gil_held: Option<f64>,
    /// Threads that Python knows nothing of.
    pub native_threads: Option<u64>,
    /// How many times as long tasks took the first time, where all were run again.
    pub faster_again: Option<f64>,
}
