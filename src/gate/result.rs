//! The verdicts of the gate, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::benchmark::Configuration;
use crate::benchmark::series::BatchMetrics;
use crate::gate::outcome_change::OutcomeChange;
use crate::gate::presence::Presence;
use crate::gate::reason::GateReason;
pub use crate::gate::verdict::GateVerdict;
use crate::profile::result::Class;

/// The comparison of a workload with an earlier state of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GateReport {
    /// The worst of the metrics: regressed, else inconclusive, else improved, else unchanged.
    pub verdict: GateVerdict,
    /// The reason why nothing could be compared, or why the verdict is weak; null if there is none.
    pub reason: Option<GateReason>,
    /// The way in which the two sides were measured.
    pub design: ComparisonDesign,
    /// The other side: a command, a program or a file.
    pub reference: String,
    /// The cell that both sides ran; null if nothing could be compared.
    pub cell: Option<Configuration>,
    /// Each metric that both sides have.
    pub metrics: Vec<MetricVerdict>,
    /// The comparison of the advice; null if a side has no advice.
    pub advice: Option<AdviceDrift>,
    /// The presence of the workload on the other side.
    #[serde(default)]
    pub presence: Presence,
    /// The comparison of outputs and exit statuses; null if they are not compared.
    #[serde(default)]
    pub outcomes: Option<OutcomeChange>,
}

/// A quantity that may get better or worse.
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
    /// Instructions per task in user mode.
    Instructions,
    /// Largest resident size of all processes together, in bytes.
    PeakRss,
}

impl Metric {
    /// Every metric, in the order of the reports.
    pub const ALL: [Metric; 6] = [
        Metric::Throughput,
        Metric::P50,
        Metric::P99,
        Metric::CpuPerTask,
        Metric::Instructions,
        Metric::PeakRss,
    ];

    /// Returns the stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Throughput => "throughput",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::CpuPerTask => "cpu-per-task",
            Metric::Instructions => "instructions",
            Metric::PeakRss => "peak-rss",
        }
    }

    /// Returns the value of a batch, in base units.
    pub fn of(self, batch: &BatchMetrics) -> Option<f64> {
        match self {
            Metric::Throughput => Some(batch.throughput_per_s),
            Metric::P50 => batch.p50_s,
            Metric::P99 => batch.p99_s,
            Metric::CpuPerTask => Some(batch.cpu_s_per_task),
            Metric::Instructions => batch.instructions_per_task,
            Metric::PeakRss => Some(batch.peak_rss_bytes as f64),
        }
    }

    /// Returns true if a larger value is better.
    pub fn is_better_bigger(self) -> bool {
        self == Metric::Throughput
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The way in which the two sides of a comparison were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ComparisonDesign {
    /// The sides ran alternately within one run, in random order.
    Paired,
    /// The other side was measured by an earlier run.
    Stored,
}

/// The verdict on one metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MetricVerdict {
    /// The metric.
    pub metric: Metric,
    /// The verdict.
    pub verdict: GateVerdict,
    /// The value of the current side, in base units.
    pub current: f64,
    /// The value of the other side, in base units.
    pub reference: f64,
    /// Ratio of the current side to the other side, as a geometric mean; corrected for CPU speed if the other
    /// side is stored.
    pub ratio: f64,
    /// Confidence interval of `ratio`, with a confidence of 95% for all metrics of the suite together; null if the interval is unknown or too wide to be informative.
    pub ci95: Option<[f64; 2]>,
    /// One-sided p-value of a change for the worse; null if the spread is unknown.
    pub p_value: Option<f64>,
    /// The share by which the metric may be worse.
    pub threshold: f64,
    /// The smallest change, as a share, that the test detects in four of five cases; null if the spread is
    /// unknown.
    pub smallest_effect: Option<f64>,
    /// The number of pairs, or of batches of the side that has fewer.
    pub observations: usize,
    /// What keeps the metric from being decided; null if it is decided.
    #[serde(default)]
    pub doubt: Option<Doubt>,
}

/// The reason why a metric is inconclusive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Doubt {
    /// Few batches were measured.
    FewBatches {
        /// Their number.
        batches: usize,
    },
    /// The batches of one side differ.
    Spread {
        /// Share by which the comparison is uncertain for it.
        share: f64,
    },
    /// The machine was busy, or is not known to have been the same.
    Machine {
        /// Share that the machine may account for.
        share: f64,
    },
}

/// The comparison of the advice of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AdviceDrift {
    /// The verdict on the advice.
    pub verdict: AdviceChange,
    /// The class before and now.
    pub class: [Class; 2],
    /// The recommended cell before and now.
    pub recommended: [Configuration; 2],
}

/// The change of advice between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdviceChange {
    /// Class and strategy are the same.
    Unchanged,
    /// The class is significantly different, or the strategy before is significantly slower than the one now.
    Changed,
    /// The class or the strategy is another one, but the difference is not significant.
    Undecided,
}
