//! The share by which each metric may get worse before that counts.

use serde::{Deserialize, Serialize};

use crate::gate::result::Metric;
use crate::policy::INDIFFERENCE;

/// Default threshold of what hardly varies, CPU time, instructions and memory: smaller deteriorations are not worth a failed build.
const DEFAULT_THRESHOLD: f64 = 0.03;

/// Default threshold of throughput and p50: nobody minds a smaller difference. With 3%, 28% of equal workloads on an
/// idle machine stayed inconclusive (`tests/gate`), with 5% a tenth of that.
const DEFAULT_TIME_THRESHOLD: f64 = INDIFFERENCE;

/// Default threshold of the 99th percentile, which varies more from batch to batch.
const DEFAULT_P99_THRESHOLD: f64 = 0.10;

/// Default thresholds of a comparison with a stored run, in which the machine may differ by more: of times,
/// of the 99th percentile, of CPU time, of instructions and of memory.
const STORED_TIME_THRESHOLD: f64 = 0.15;
const STORED_P99_THRESHOLD: f64 = 0.30;
const STORED_CPU_THRESHOLD: f64 = 0.06;
const STORED_INSTRUCTIONS_THRESHOLD: f64 = 0.05;
const STORED_MEMORY_THRESHOLD: f64 = 0.05;

/// The share by which each metric may be worse, such as 0.03.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Thresholds {
    /// For tasks per second.
    pub throughput: f64,
    /// For the median time of a task.
    pub p50: f64,
    /// For the 99th percentile of the time of a task.
    pub p99: f64,
    /// For CPU time per task.
    pub cpu_per_task: f64,
    /// For instructions per task.
    pub instructions: f64,
    /// For memory.
    pub peak_rss: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            throughput: DEFAULT_TIME_THRESHOLD,
            p50: DEFAULT_TIME_THRESHOLD,
            p99: DEFAULT_P99_THRESHOLD,
            ..Thresholds::uniform(DEFAULT_THRESHOLD)
        }
    }
}

impl Thresholds {
    /// Returns the default thresholds of a comparison with a stored run.
    pub fn stored() -> Self {
        Thresholds {
            p99: STORED_P99_THRESHOLD,
            cpu_per_task: STORED_CPU_THRESHOLD,
            instructions: STORED_INSTRUCTIONS_THRESHOLD,
            peak_rss: STORED_MEMORY_THRESHOLD,
            ..Thresholds::uniform(STORED_TIME_THRESHOLD)
        }
    }

    /// Returns one threshold for every metric.
    pub fn uniform(share: f64) -> Self {
        Thresholds {
            throughput: share,
            p50: share,
            p99: share,
            cpu_per_task: share,
            instructions: share,
            peak_rss: share,
        }
    }

    /// Changes the threshold of `metric`.
    pub fn set(&mut self, metric: Metric, share: f64) {
        *match metric {
            Metric::Throughput => &mut self.throughput,
            Metric::P50 => &mut self.p50,
            Metric::P99 => &mut self.p99,
            Metric::CpuPerTask => &mut self.cpu_per_task,
            Metric::Instructions => &mut self.instructions,
            Metric::PeakRss => &mut self.peak_rss,
        } = share;
    }

    /// Returns the threshold of `metric`.
    pub fn of(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Throughput => self.throughput,
            Metric::P50 => self.p50,
            Metric::P99 => self.p99,
            Metric::CpuPerTask => self.cpu_per_task,
            Metric::Instructions => self.instructions,
            Metric::PeakRss => self.peak_rss,
        }
    }

    /// Returns the threshold of `metric` as a distance in ln, so that both directions are equally far.
    pub(crate) fn margin(&self, metric: Metric) -> f64 {
        self.of(metric).max(0.0).ln_1p()
    }
}
