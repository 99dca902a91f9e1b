//! What was measured of each value of the parameters.

use crate::flag::measure::{RunFailure, RunMeasure};
use crate::flag::parameters::Parameters;
use crate::stats::quantile::median;

/// Rate of the first run of all, as a share of the later runs of its cell, below which it was a warm-up: files
/// had to be read, caches were empty.
const COLD_BELOW: f64 = 0.87;

/// Standard deviations of the noise by which it must be slower too.
const COLD_SDS: f64 = 2.5;

/// What is optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objective {
    /// The wall time, to be short.
    WallTime,
    /// The number that the program prints, to be large.
    LargeMetric,
    /// The number that the program prints, to be small.
    SmallMetric,
}

impl Objective {
    /// Returns the rate of a run, which is to be large: runs or units per second, or the metric.
    pub(crate) fn rate(self, run: &RunMeasure) -> Option<f64> {
        let rate = match self {
            Objective::WallTime => run.wall_s.recip(),
            Objective::LargeMetric => run.metric?,
            Objective::SmallMetric => run.metric?.recip(),
        };
        (rate > 0.0 && rate.is_finite()).then_some(rate)
    }

    /// Returns the value that users see for a rate: seconds, or the metric.
    pub(crate) fn shown(self, rate: f64) -> f64 {
        match self {
            Objective::WallTime | Objective::SmallMetric => rate.recip(),
            Objective::LargeMetric => rate,
        }
    }

    /// Returns true if the wall time is what counts.
    pub(crate) fn is_time(self) -> bool {
        self == Objective::WallTime
    }
}

/// One run of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// Seconds from the start of the search to the start of the run.
    pub at_s: f64,
    /// The round that the run belongs to.
    pub round: u32,
    /// The rate that the search maximises.
    pub rate: f64,
    /// The figures.
    pub measure: RunMeasure,
    /// True if the run does not count, because it warmed up what later runs found warm.
    pub is_cold: bool,
}

/// Everything measured of one cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// The values of the parameters.
    pub parameters: Parameters,
    /// The runs that ended well.
    pub runs: Vec<Run>,
    /// The failure that took the cell out, if one did.
    pub failure: Option<RunFailure>,
}

impl Record {
    /// Makes the record of a cell that has not run.
    pub(crate) fn new(parameters: Parameters) -> Self {
        Record { parameters, runs: Vec::new(), failure: None }
    }

    /// Returns the runs that count.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| !run.is_cold)
    }

    /// Returns true if the cell ran and did not fail.
    pub(crate) fn is_measured(&self) -> bool {
        self.failure.is_none() && !self.runs.is_empty()
    }

    /// Returns a mean over the runs that count; 0 without any.
    pub(crate) fn mean(&self, value: impl Fn(&RunMeasure) -> f64) -> f64 {
        let n = self.counted().count().max(1) as f64;
        self.counted().map(|run| value(&run.measure)).sum::<f64>() / n
    }

    /// Returns the geometric mean of the rates of the runs that count; 1 without any.
    pub(crate) fn rate(&self) -> f64 {
        let n = self.counted().count().max(1) as f64;
        (self.counted().map(|run| run.rate.ln()).sum::<f64>() / n).exp()
    }

    /// Returns the largest memory of any run, in bytes.
    pub(crate) fn peak_memory_bytes(&self) -> Option<u64> {
        self.runs.iter().filter_map(|run| run.measure.peak_memory_bytes).max()
    }

    /// Marks the first run of all as a warm-up if the later ones of its cell show that it was one.
    ///
    /// `noise` is the standard deviation of ln of the rate between equal runs.
    pub(crate) fn mark_cold(&mut self, noise: f64) {
        let [first, rest @ ..] = &mut self.runs[..] else { return };
        let rates: Vec<f64> = rest.iter().map(|run| run.rate).collect();
        let below = COLD_BELOW.min((-COLD_SDS * noise).exp());
        first.is_cold = median(&rates).is_some_and(|usual| first.rate < below * usual);
    }
}
