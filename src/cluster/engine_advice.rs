//! What `conc advise --on` says about an engine, as data.

use serde::{Deserialize, Serialize};

use crate::advice::result::CodeExample;
use crate::job::engine_report::EngineKind;
use crate::strategy::StrategyKind;

/// An engine beside this machine: what it costs, how fast it is, and from where on it pays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EngineAdvice {
    /// The engine as it was measured.
    pub measured: EngineMeasurement,
    /// The recommended configuration of this machine, which it is compared with.
    pub machine: MachineMeasurement,
    /// The whole job on both.
    pub job: JobTimes,
    /// Whether the engine pays for this job.
    pub verdict: EngineVerdict,
    /// The job from which it pays.
    pub pays_from: PaysFrom,
    /// The law by which more workers are predicted.
    pub scaling: EngineScaling,
    /// Predictions for more workers.
    pub predicted: Vec<EnginePrediction>,
    /// A program that uses the engine by hand.
    pub code_examples: Vec<CodeExample>,
}

/// What was measured on an engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EngineMeasurement {
    /// The kind of engine.
    pub kind: EngineKind,
    /// The address of its scheduler, or its partition.
    pub address: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Tasks that it can run at the same time without a pool within its workers: threads of Dask, CPUs of Slurm.
    pub threads: u64,
    /// Tasks at a time in each of them.
    pub inner_width: u64,
    /// Tasks that succeeded.
    pub ok: u64,
    /// Tasks that failed.
    pub failed: u64,
    /// Tasks per second, once it ran.
    pub throughput_per_s: f64,
    /// Seconds of a run that do not depend on the number of tasks: to connect or to be scheduled, and to end.
    pub start_s: f64,
    /// Seconds that one more message costs, or an array task from its submission to its start; null if unknown.
    pub message_s: Option<f64>,
    /// Tasks in a message, or in an array task, on average; null without any.
    pub chunk_items: Option<f64>,
}

/// The recommended configuration of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MachineMeasurement {
    /// The strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
    /// Tasks per second.
    pub throughput_per_s: f64,
    /// Seconds to start it.
    pub start_s: f64,
    /// Seconds of one task that runs alone.
    pub task_s: f64,
}

/// Seconds of the whole job.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JobTimes {
    /// Its tasks.
    pub tasks: u64,
    /// Seconds on this machine.
    pub machine_s: f64,
    /// Seconds on the engine.
    pub engine_s: f64,
}

/// Whether an engine pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineVerdict {
    /// The job is faster there by more than a tenth.
    Pays,
    /// The job is slower there by more than a tenth.
    DoesNotPay,
    /// The times differ by less than that.
    NoDifference,
}

/// The smallest job that is faster on the engine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PaysFrom {
    /// Tasks of the length that was measured; null if no number of them is.
    pub tasks: Option<u64>,
    /// Seconds of a task, in a job of as many tasks as this one; null if no length is.
    pub task_s: Option<f64>,
    /// Threads or CPUs of the engine from which this job is; null if no number of them is.
    pub threads: Option<u64>,
}

/// The law by which an engine grows: X(N) = λN / (1 + σ(N − 1)), the universal scalability law with κ = 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EngineScaling {
    /// λ, tasks per second of one thread or CPU.
    pub lambda: f64,
    /// σ, the share of a task that its one scheduler handles; null if that could not be measured.
    pub sigma: Option<f64>,
    /// Threads or CPUs from which the scheduler is busy all the time; null if unknown.
    pub dispatch_binds_from: Option<u64>,
    /// Tasks per second that a resource lets through which all machines share; null if none was found.
    pub shared_limit_per_s: Option<f64>,
    /// Threads or CPUs from which that resource binds; null without one.
    pub shared_binds_from: Option<u64>,
}

/// The throughput that is predicted for a number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EnginePrediction {
    /// Threads of Dask, or CPUs of Slurm.
    pub threads: u64,
    /// Tasks per second.
    pub throughput_per_s: f64,
}
