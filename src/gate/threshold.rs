//! By how much something may get worse before it counts.

use serde::{Deserialize, Serialize};

use crate::gate::result::Metric;

/// What is less than this is not worth a red build.
const USUAL: f64 = 0.03;

/// The slowest hundredth of the tasks differs from batch to batch by more than the rest does.
const TAIL: f64 = 0.10;

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
    /// For memory.
    pub peak_rss: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds { p99: TAIL, ..Thresholds::uniform(USUAL) }
    }
}

impl Thresholds {
    /// The same for every metric.
    pub fn uniform(share: f64) -> Self {
        Thresholds { throughput: share, p50: share, p99: share, cpu_per_task: share, peak_rss: share }
    }

    /// Changes the one for `metric`.
    pub fn set(&mut self, metric: Metric, share: f64) {
        *match metric {
            Metric::Throughput => &mut self.throughput,
            Metric::P50 => &mut self.p50,
            Metric::P99 => &mut self.p99,
            Metric::CpuPerTask => &mut self.cpu_per_task,
            Metric::PeakRss => &mut self.peak_rss,
        } = share;
    }

    /// The one for `metric`.
    pub fn of(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Throughput => self.throughput,
            Metric::P50 => self.p50,
            Metric::P99 => self.p99,
            Metric::CpuPerTask => self.cpu_per_task,
            Metric::PeakRss => self.peak_rss,
        }
    }

    /// The one for `metric` as a distance on the logarithmic scale, where 3% more and 3% less are equally far.
    pub(crate) fn margin(&self, metric: Metric) -> f64 {
        self.of(metric).max(0.0).ln_1p()
    }
}
