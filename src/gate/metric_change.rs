//! The change of one metric, before it is judged.

use crate::benchmark::series::BatchMetrics;
use crate::gate::result::Metric;
use crate::stats::Mean;

/// The change of one metric. The verdict also depends on the rest of the suite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricChange {
    /// The metric.
    pub metric: Metric,
    /// The geometric mean of the current side, in base units.
    pub current: f64,
    /// The geometric mean of the other side, in base units.
    pub reference: f64,
    /// The mean of ln(cost ratio): positive if the metric got worse, whichever direction is better.
    pub worse: Mean,
    /// The bound, in ln, of the bias that the circumstances of both sides may cause in either direction.
    pub bias_bound: f64,
    /// The smallest p-value that this number of observations can support.
    pub min_p_value: f64,
    /// The share of the significance level that this look at the data may spend.
    pub level_share: f64,
}

impl MetricChange {
    /// Returns the p-value of a change for the worse, corrected for interim looks; `None` if the spread is
    /// unknown.
    pub fn p_worse(&self) -> Option<f64> {
        self.shifted(-self.bias_bound).p_above_zero().map(|p| self.counted(p))
    }

    /// Returns the p-value of a change for the better, corrected for interim looks.
    pub fn p_better(&self) -> Option<f64> {
        self.shifted(self.bias_bound).p_below_zero().map(|p| self.counted(p))
    }

    /// Returns the interval of ln(cost ratio) at a confidence such as 0.95, widened by the bias bound.
    pub fn worse_interval(&self, confidence: f64) -> [f64; 2] {
        let [low, high] = self.worse.interval(confidence);
        [low - self.bias_bound, high + self.bias_bound]
    }

    fn shifted(&self, by: f64) -> Mean {
        Mean { estimate: self.worse.estimate + by, ..self.worse }
    }

    fn counted(&self, p: f64) -> f64 {
        (p.max(self.min_p_value) / self.level_share).min(1.0)
    }

    /// Returns the ratio of the current side to the other side.
    pub fn ratio(&self) -> f64 {
        (self.sign() * self.worse.estimate).exp()
    }

    /// Returns the interval of [`MetricChange::ratio`]; `None` if the spread is unknown.
    pub fn ratio_interval(&self, confidence: f64) -> Option<[f64; 2]> {
        let mut ends = self.worse_interval(confidence).map(|end| (self.sign() * end).exp());
        ends.sort_by(f64::total_cmp);
        (self.worse.freedom > 0.0).then_some(ends)
    }

    fn sign(&self) -> f64 {
        if self.metric.is_better_bigger() { -1.0 } else { 1.0 }
    }
}

/// Returns the ln of a metric of a batch, with the sign chosen so that larger is worse; `None` if the batch
/// has no positive value.
pub(crate) fn ln_cost(metric: Metric, batch: &BatchMetrics) -> Option<f64> {
    let value = metric.of(batch).filter(|value| *value > 0.0 && value.is_finite())?;
    Some(if metric.is_better_bigger() { -value.ln() } else { value.ln() })
}

/// Returns the resolution of a metric of one batch, as a standard deviation of its ln.
///
/// Histograms of latencies have steps of up to 1.6%, which is a standard deviation of 0.45%. Memory is
/// counted in pages, and heaps grow in steps.
pub(crate) fn resolution(metric: Metric) -> f64 {
    match metric {
        Metric::Throughput | Metric::CpuPerTask | Metric::Instructions => 0.001,
        Metric::P50 | Metric::P99 => 0.0045,
        Metric::PeakRss => 0.005,
    }
}
