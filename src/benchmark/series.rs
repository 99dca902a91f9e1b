//! Repeated batches of one configuration, to compare it with itself at another time or with another program.

use serde::{Deserialize, Serialize};

use crate::benchmark::configuration::Configuration;
use crate::benchmark::side_outcomes::SideOutcomes;
use crate::benchmark::sizing::Sizing;
use crate::benchmark::throughput::BatchTimes;
use crate::host::contention::TakenShares;
use crate::strategy::run::RunReport;

/// The repeated batches of one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Series {
    /// The configuration.
    #[serde(flatten)]
    pub cell: Configuration,
    /// Iterations of each `cpu` step, in the order of the workload; runs with equal iterations do the same
    /// work.
    pub iterations: Vec<u64>,
    /// The figures of each batch, in the order in which they ran.
    pub batches: Vec<BatchMetrics>,
    /// The figures of the other side, if there is one; each batch is paired with the one of the same index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<BatchMetrics>,
    /// What the tasks gave; null in results of earlier versions.
    #[serde(default)]
    pub outcomes: Option<SideOutcomes>,
    /// What the tasks of the other side gave, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_outcomes: Option<SideOutcomes>,
}

impl Series {
    /// Returns a series of one side without outcomes.
    pub fn of(cell: Configuration, iterations: Vec<u64>, batches: Vec<BatchMetrics>) -> Self {
        Series { cell, iterations, batches, reference: Vec::new(), outcomes: None, reference_outcomes: None }
    }
}

/// The figures of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BatchMetrics {
    /// Start in seconds from the beginning of the series.
    pub at_s: f64,
    /// Speed of a CPU just before, in iterations of the sha256 kernel per CPU second; null if it was not
    /// measured.
    pub cpu_speed: Option<f64>,
    /// Share of the CPUs that other programs used meanwhile; null if the system does not report it.
    #[serde(default)]
    pub cpu_others: Option<f64>,
    /// The share of the CPUs that the hypervisor took meanwhile; null if the system does not report it.
    #[serde(default)]
    pub cpu_stolen: Option<f64>,
    /// Successful tasks per second over the whole workload, start-up included.
    pub throughput_per_s: f64,
    /// Median time of a task, in seconds.
    pub p50_s: Option<f64>,
    /// 99th percentile of the time of a task, in seconds.
    pub p99_s: Option<f64>,
    /// CPU seconds per task.
    pub cpu_s_per_task: f64,
    /// Instructions per task in user mode; null where they are not counted.
    #[serde(default)]
    pub instructions_per_task: Option<f64>,
    /// Peak resident size of all processes together, in bytes.
    pub peak_rss_bytes: u64,
    /// Number of tasks that succeeded.
    pub ok: u64,
    /// Number of tasks started.
    pub started: u64,
}

/// The state of the machine around a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MachineConditions {
    /// Start of the batch in seconds from the beginning of the series.
    pub at_s: f64,
    /// Speed of a CPU just before, in iterations of the sha256 kernel per CPU second.
    pub cpu_speed: Option<f64>,
    /// The shares of the CPUs that other programs and the hypervisor took meanwhile.
    pub taken: Option<TakenShares>,
}

impl BatchMetrics {
    /// Reads the figures off the report of a batch.
    pub fn of(report: &RunReport, sizing: &Sizing, conditions: MachineConditions) -> Self {
        let counts = report.tally.counts;
        let per_task = |all: f64| all / counts.started().max(1) as f64;
        BatchMetrics {
            at_s: conditions.at_s,
            cpu_speed: conditions.cpu_speed,
            cpu_others: conditions.taken.map(|taken| taken.others),
            cpu_stolen: conditions.taken.map(|taken| taken.stolen),
            throughput_per_s: BatchTimes::of(report, sizing.cpus).throughput(sizing.tasks),
            p50_s: report.tally.latencies.quantile(0.5),
            p99_s: report.tally.latencies.quantile(0.99),
            cpu_s_per_task: per_task(report.cpu.total_s()),
            instructions_per_task: report.instructions.map(per_task),
            peak_rss_bytes: report.peak_rss_bytes,
            ok: counts.ok,
            started: counts.started(),
        }
    }
}
