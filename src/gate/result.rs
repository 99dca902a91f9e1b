//! What the gate says, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::benchmark::Configuration;
use crate::benchmark::series::BatchMetrics;
use crate::gate::reason::GateReason;
use crate::profile::result::Class;

/// How a workload compares with an earlier state of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GateReport {
    /// The worst of the metrics: regressed, else inconclusive, else improved, else unchanged.
    pub verdict: GateVerdict,
    /// Why nothing could be compared, or why the claim is lower than it might be; null if neither.
    pub reason: Option<GateReason>,
    /// How the two sides were measured.
    pub design: ComparisonDesign,
    /// What it was compared with: a command, a program or a file.
    pub reference: String,
    /// The cell that both sides ran; null if nothing could be compared.
    pub cell: Option<Configuration>,
    /// Each metric that both sides have.
    pub metrics: Vec<MetricVerdict>,
    /// Whether the advice is still the same; null where the other side has none.
    pub advice: Option<AdviceDrift>,
}

/// Something that may get better or worse.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Tasks per second that end well, start-up included.
    Throughput,
    /// Median time of a task, in seconds.
    P50,
    /// 99th percentile of the time of a task, in seconds.
    P99,
    /// CPU seconds per task.
    CpuPerTask,
    /// Largest resident size of all processes together, in bytes.
    PeakRss,
}

impl Metric {
    /// Every metric, in the order in which they are told.
    pub const ALL: [Metric; 5] =
        [Metric::Throughput, Metric::P50, Metric::P99, Metric::CpuPerTask, Metric::PeakRss];

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Throughput => "throughput",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::CpuPerTask => "cpu-per-task",
            Metric::PeakRss => "peak-rss",
        }
    }

    /// What a batch gave of it, in base units.
    pub fn of(self, batch: &BatchMetrics) -> Option<f64> {
        match self {
            Metric::Throughput => Some(batch.throughput_per_s),
            Metric::P50 => batch.p50_s,
            Metric::P99 => batch.p99_s,
            Metric::CpuPerTask => Some(batch.cpu_s_per_task),
            Metric::PeakRss => Some(batch.peak_rss_bytes as f64),
        }
    }

    /// Whether more of it is better.
    pub fn is_better_bigger(self) -> bool {
        self == Metric::Throughput
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is said of a metric, a workload or a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// Better beyond doubt, and by more than the threshold.
    Improved,
    /// Not different by more than the threshold, beyond doubt.
    Unchanged,
    /// Worse beyond doubt, and by more than the threshold.
    Regressed,
    /// The measurement cannot tell.
    Inconclusive,
}

impl fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GateVerdict::Improved => "improved",
            GateVerdict::Unchanged => "unchanged",
            GateVerdict::Regressed => "regressed",
            GateVerdict::Inconclusive => "inconclusive",
        })
    }
}

/// How the two sides of a comparison were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ComparisonDesign {
    /// Alternately, in random order, within one run.
    Paired,
    /// One of them earlier, in another run.
    Stored,
}

/// One metric, compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MetricVerdict {
    /// Which metric.
    pub metric: Metric,
    /// What follows.
    pub verdict: GateVerdict,
    /// Its value now, in base units.
    pub current: f64,
    /// Its value on the other side.
    pub reference: f64,
    /// Now over before, in the geometric mean; with a stored side after CPU speed is allowed for.
    pub ratio: f64,
    /// Confidence interval of `ratio`, 95%; null from a single observation.
    pub ci95: Option<[f64; 2]>,
    /// Probability of a change for the worse at least as large if there were none (one-sided); null
    /// where nothing is known of the spread.
    pub p_value: Option<f64>,
    /// The share by which it may be worse.
    pub threshold: f64,
    /// The smallest change, as a share, that would have been seen in four of five cases; null where
    /// nothing is known of the spread.
    pub smallest_effect: Option<f64>,
    /// Pairs, or batches of the side that has fewer.
    pub observations: usize,
}

/// Whether the advice for a workload is still that of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AdviceDrift {
    /// Whether it is.
    pub verdict: AdviceChange,
    /// The class before and now.
    pub class: [Class; 2],
    /// The recommended cell before and now.
    pub recommended: [Configuration; 2],
}

/// Whether advice changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdviceChange {
    /// Class and strategy are the same.
    Unchanged,
    /// The class is another one, or the strategy before is slower than the one now beyond doubt.
    Changed,
    /// Another strategy is recommended, but the measurement does not tell the two difference.
    Undecided,
}
