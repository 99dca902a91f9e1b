//! The results of a configuration, summed up over its batches.

use serde::{Deserialize, Serialize};

use crate::benchmark::agreement::OutputComparison;
use crate::benchmark::configuration::Configuration;
pub(crate) use crate::benchmark::posterior::Posterior;
use crate::diagnostics::Code;
use crate::host::contention::unavailable;
use crate::stats::interval::is_informative;
pub(crate) use crate::workload::task_outcomes::{ErrorCount, TaskCounts};

/// The summary of one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConfigurationResult {
    /// The configuration.
    #[serde(flatten)]
    pub cell: Configuration,
    /// The status of the run.
    pub status: Status,
    /// The reason why the configuration failed or was skipped; null if it ran, or was only predicted.
    pub reason: Option<Reason>,
    /// Tasks per second that the model predicted before the run.
    pub predicted_per_s: Option<f64>,
    /// Mean tasks per second of the configuration's own batches, over the whole workload, start-up included.
    pub throughput_per_s: Option<f64>,
    /// The belief about the configuration, from the batches of all configurations together. Where it is
    /// known, tables print its throughput and interval, and every sentence speaks of them.
    pub outlook: Option<Posterior>,
    /// 95% confidence interval of `throughput_per_s`.
    pub ci95: Option<[f64; 2]>,
    /// Share of the CPUs that other programs used during the measurement, by which intervals are wider;
    /// absent if the system does not report it.
    pub cpu_others: Option<f64>,
    /// The share of the CPUs that the hypervisor took meanwhile, which also makes intervals wider; null if
    /// the system does not report it.
    #[serde(default)]
    pub cpu_stolen: Option<f64>,
    /// Throughput as a multiple of the sequential reference's: the quotient of the figures that tables print.
    pub speedup: Option<f64>,
    /// Quantiles of the time from the start of a task to its end, retries included, in seconds.
    pub latency_s: Option<Latency>,
    /// User and system CPU seconds per task, child processes included, start-up excluded.
    pub cpu_s_per_task: Option<f64>,
    /// Seconds to start the strategy, before the first task.
    pub startup_s: Option<f64>,
    /// Sum of the largest resident sizes of all processes of a batch, in bytes: pages that they share count
    /// several times.
    pub peak_rss_bytes: Option<u64>,
    /// Largest memory of all processes of a batch together, in bytes, each shared page counted once
    /// (proportional set size); null where it was not measured, as for native tasks.
    #[serde(default)]
    pub peak_pss_bytes: Option<u64>,
    /// Counts of task outcomes, over all batches.
    pub tasks: TaskCounts,
    /// Failures by kind, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// Digest of the outputs of up to 256 items that every cell ran; equal for equal outputs.
    pub digest: Option<String>,
    /// The comparison of the outputs with those of sequential runs; null if no item ran in both.
    #[serde(default)]
    pub outputs: Option<OutputComparison>,
    /// Time of worker processes by purpose; null if there are none.
    pub ledger: Option<LedgerPerTask>,
    /// Throughput of each batch, with the number of the round it belongs to.
    pub rounds: Vec<Round>,
}

impl ConfigurationResult {
    /// Returns the memory that the configuration needs, in bytes: with each shared page counted once where that
    /// is known, else the sum of resident sizes.
    pub(crate) fn memory_bytes(&self) -> Option<u64> {
        self.peak_pss_bytes.or(self.peak_rss_bytes)
    }

    /// Creates the result of a configuration without numbers.
    pub fn without_numbers(cell: Configuration, status: Status, reason: Option<Reason>) -> Self {
        ConfigurationResult {
            cell,
            status,
            reason,
            predicted_per_s: None,
            throughput_per_s: None,
            outlook: None,
            ci95: None,
            cpu_others: None,
            cpu_stolen: None,
            speedup: None,
            latency_s: None,
            cpu_s_per_task: None,
            startup_s: None,
            peak_rss_bytes: None,
            peak_pss_bytes: None,
            tasks: TaskCounts::default(),
            errors: Vec::new(),
            digest: None,
            outputs: None,
            ledger: None,
            rounds: Vec::new(),
        }
    }
}

/// The throughput of a configuration, with the interval that belongs to this figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateEstimate {
    /// Tasks per second.
    pub per_s: f64,
    /// Interval that holds the throughput with a probability of 95%; `None` with too few batches to tell.
    pub interval95: Option<[f64; 2]>,
}

impl ConfigurationResult {
    /// Returns the throughput that tables print and sentences speak of: that of the belief if it is known,
    /// else the mean of the batches. `None` for a configuration that failed, or of which nothing is known.
    pub fn estimate(&self) -> Option<RateEstimate> {
        let usable = |estimate: &RateEstimate| estimate.per_s > 0.0 && estimate.per_s.is_finite();
        let believed = self.outlook.map(|outlook| RateEstimate {
            per_s: outlook.throughput_per_s,
            interval95: Some(outlook.credible95).filter(|ends| is_informative(*ends)),
        });
        let measured = || Some(RateEstimate { per_s: self.throughput_per_s?, interval95: self.ci95 });
        let may_run = self.status != Status::Failed;
        believed.filter(usable).or_else(measured).filter(|estimate| may_run && usable(estimate))
    }

    /// Returns the throughput of `estimate`, in tasks per second.
    pub fn per_s(&self) -> Option<f64> {
        self.estimate().map(|estimate| estimate.per_s)
    }

    /// Returns the factor by which intervals are wider than their batches suggest: other programs may use
    /// more or less of the CPUs the next time.
    pub fn widening(&self) -> f64 {
        widening(unavailable(self.cpu_others, self.cpu_stolen))
    }
}

/// Returns the factor by which intervals are wider where `unavailable` of the CPUs were taken: 1 on a quiet
/// machine, 2 where half of them were.
pub(crate) fn widening(unavailable: Option<f64>) -> f64 {
    1.0 / (1.0 - unavailable.unwrap_or(0.0).clamp(0.0, 0.9))
}

/// The reason why a configuration has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reason {
    /// The kind of failure; `conc explain CODE` describes it.
    pub code: Code,
    /// The failure in words.
    pub message: String,
}

impl Reason {
    /// Creates a reason of kind `code`.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Reason { code, message: message.into() }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The status of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The configuration ran.
    Ok,
    /// The configuration was started and failed.
    Failed,
    /// The configuration was not started; `reason` says why.
    Skipped,
}

/// One batch of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Round {
    /// Batches of the same round ran close in time and may be paired.
    pub round: u32,
    /// Tasks per second over the whole workload, start-up included.
    pub throughput_per_s: f64,
}

/// The time of the worker processes of a cell, start-up included: `workers` times the time of its
/// batches, in seconds per task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LedgerPerTask {
    /// Worker processes.
    pub workers: u64,
    /// Time until the workers were ready.
    pub startup_s: f64,
    /// Time with nothing to do.
    pub waiting_s: f64,
    /// Time in tasks.
    pub working_s: f64,
    /// Time spent handing tasks over and results back, waiting included.
    pub transfer_s: f64,
    /// Mean number of tasks per message; for hybrid, of their computing parts.
    pub tasks_per_message: f64,
    /// Seconds that a message costs regardless of its content, without waits for a CPU; null if there were
    /// too few messages.
    pub message_s: Option<f64>,
}

/// Quantiles of task latency, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The slowest task.
    pub max: f64,
}
