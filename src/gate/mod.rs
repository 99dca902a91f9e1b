//! The gate: decides from two sides of measurements if a change made a workload slower.
//!
//! Pure functions over results. The sides are either [`ComparisonDesign::Paired`], measured alternately
//! within one run, or [`ComparisonDesign::Stored`], one of them read from a file, with the drift of the
//! machine in between. [`paired`] and [`stored`] make a [`Comparison`] of each workload, and [`judge()`]
//! judges all comparisons together.

pub(crate) mod advice_drift;
pub(crate) mod comparison;
pub(crate) mod failures;
pub(crate) mod fingerprint;
pub mod judge;
pub(crate) mod metric_change;
pub(crate) mod outcome_change;
pub(crate) mod paired;
pub(crate) mod presence;
pub(crate) mod reason;
pub(crate) mod result;
mod run_difference;
pub(crate) mod stored;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod threshold;
pub(crate) mod verdict;

pub use comparison::Comparison;
pub use judge::judge;
pub use reason::GateReason;
pub(crate) use result::AdviceDrift;
pub use result::{ComparisonDesign, GateReport, GateVerdict, Metric, MetricVerdict};
pub use threshold::Thresholds;
