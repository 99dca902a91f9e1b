//! One cell, run again and again, so that it can be compared with itself at another time or with
//! another program.

use serde::{Deserialize, Serialize};

use crate::benchmark::configuration::Configuration;
use crate::benchmark::sizing::Sizing;
use crate::benchmark::throughput::BatchTimes;
use crate::host::contention::TakenShares;
use crate::strategy::run::RunReport;

/// The batches of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Series {
    /// Which cell.
    #[serde(flatten)]
    pub cell: Configuration,
    /// Iterations of each `cpu` step, in the order of the workload: another run does the same work if it
    /// does as many.
    pub iterations: Vec<u64>,
    /// What each batch gave, in the order in which they ran.
    pub batches: Vec<BatchMetrics>,
    /// What the other side gave, where there is one: each batch ran beside the one of the same index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<BatchMetrics>,
}

/// What one batch gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BatchMetrics {
    /// When it began, in seconds from the beginning of the series.
    pub at_s: f64,
    /// How fast a CPU was just before: iterations of the sha256 kernel per CPU second; null where it
    /// was not measured.
    pub cpu_speed: Option<f64>,
    /// The share of the CPUs that other programs used meanwhile; null where the system does not tell.
    #[serde(default)]
    pub cpu_others: Option<f64>,
    /// The share of the CPUs that the hypervisor took meanwhile; null where the system does not tell.
    #[serde(default)]
    pub cpu_stolen: Option<f64>,
    /// Tasks per second that ended well, over the whole workload, start-up included.
    pub throughput_per_s: f64,
    /// Median time of a task, in seconds.
    pub p50_s: Option<f64>,
    /// 99th percentile of the time of a task, in seconds.
    pub p99_s: Option<f64>,
    /// CPU seconds per task.
    pub cpu_s_per_task: f64,
    /// Largest resident size of all processes together, in bytes.
    pub peak_rss_bytes: u64,
    /// Tasks that ended well.
    pub ok: u64,
    /// Tasks started.
    pub started: u64,
}

/// What the machine was like around a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MachineConditions {
    /// When the batch began, in seconds from the beginning of the series.
    pub at_s: f64,
    /// How fast a CPU was just before: iterations of the sha256 kernel per CPU second.
    pub cpu_speed: Option<f64>,
    /// The shares of the CPUs that other programs and the hypervisor took meanwhile.
    pub taken: Option<TakenShares>,
}

impl BatchMetrics {
    /// Takes the numbers out of the report of a batch.
    pub fn of(report: &RunReport, sizing: &Sizing, weather: MachineConditions) -> Self {
        let counts = report.tally.counts;
        BatchMetrics {
            at_s: weather.at_s,
            cpu_speed: weather.cpu_speed,
            cpu_others: weather.taken.map(|taken| taken.others),
            cpu_stolen: weather.taken.map(|taken| taken.stolen),
            throughput_per_s: BatchTimes::of(report, sizing.cpus).throughput(sizing.tasks),
            p50_s: report.tally.latencies.quantile(0.5),
            p99_s: report.tally.latencies.quantile(0.99),
            cpu_s_per_task: report.cpu.total_s() / counts.started().max(1) as f64,
            peak_rss_bytes: report.peak_rss_bytes,
            ok: counts.ok,
            started: counts.started(),
        }
    }
}
