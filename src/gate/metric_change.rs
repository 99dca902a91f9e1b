//! One metric, compared but not judged.

use crate::benchmark::series::BatchMetrics;
use crate::gate::result::Metric;
use crate::stats::Mean;

/// How far a metric changed. Whether that counts depends on the rest of the suite too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricChange {
    /// Which metric.
    pub metric: Metric,
    /// Its geometric mean now, in base units.
    pub current: f64,
    /// Its geometric mean on the other side.
    pub reference: f64,
    /// The mean of ln(worse): positive where it got worse, whichever way the metric counts.
    pub worse: Mean,
    /// How much of that, either way, is no evidence: what the circumstances of the two sides may have done.
    pub bias_bound: f64,
    /// The smallest probability that so many observations can claim.
    pub min_p_value: f64,
    /// The share of the level that may be spent on this look at the data.
    pub level_share: f64,
}

impl MetricChange {
    /// The probability of a change for the worse as large as this if there were none, all looks counted;
    /// `None` where nothing is known of the spread.
    pub fn p_worse(&self) -> Option<f64> {
        self.shifted(-self.bias_bound).p_above_zero().map(|p| self.counted(p))
    }

    /// The same of a change for the better.
    pub fn p_better(&self) -> Option<f64> {
        self.shifted(self.bias_bound).p_below_zero().map(|p| self.counted(p))
    }

    /// What ln(worse) may be, with a confidence such as 0.95 and whatever the circumstances did.
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

    /// Now over before.
    pub fn ratio(&self) -> f64 {
        (self.sign() * self.worse.estimate).exp()
    }

    /// The interval of [`MetricChange::ratio`]; `None` where nothing is known of the spread.
    pub fn ratio_interval(&self, confidence: f64) -> Option<[f64; 2]> {
        let mut ends = self.worse_interval(confidence).map(|end| (self.sign() * end).exp());
        ends.sort_by(f64::total_cmp);
        (self.worse.freedom > 0.0).then_some(ends)
    }

    fn sign(&self) -> f64 {
        if self.metric.is_better_bigger() { -1.0 } else { 1.0 }
    }
}

/// What a batch gave of a metric, on the logarithmic scale and so that worse is more; `None` if it gave
/// nothing.
pub(crate) fn ln_cost(metric: Metric, batch: &BatchMetrics) -> Option<f64> {
    let value = metric.of(batch).filter(|value| *value > 0.0 && value.is_finite())?;
    Some(if metric.is_better_bigger() { -value.ln() } else { value.ln() })
}

/// The standard deviation, on the logarithmic scale, to which one batch tells a metric at best.
///
/// Latencies are kept in histograms with steps of up to 1.6%, which is 0.45% as a standard deviation; memory is
/// counted in pages, and heaps grow in steps.
pub(crate) fn resolution(metric: Metric) -> f64 {
    match metric {
        Metric::Throughput | Metric::CpuPerTask => 0.001,
        Metric::P50 | Metric::P99 => 0.0045,
        Metric::PeakRss => 0.005,
    }
}
