//! The gate: decides from two sides of measurements if a change made a workload slower.
//!
//! Pure functions over results. The sides are either [`ComparisonDesign::Paired`], measured alternately within
//! one run, or [`ComparisonDesign::Stored`], one of them read from a file, with the drift of the machine in
//! between. [`paired`] and [`stored`] make a [`Comparison`] of each workload, and [`judge()`] makes
//! verdicts of all of them together.

pub mod advice_drift;
pub mod comparison;
pub mod failures;
pub mod fingerprint;
pub mod judge;
pub mod metric_change;
pub mod paired;
pub mod reason;
pub mod result;
mod run_difference;
pub mod stored;
#[cfg(test)]
pub(crate) mod testing;
pub mod threshold;

pub use comparison::Comparison;
pub use judge::judge;
pub use reason::GateReason;
pub use result::{AdviceDrift, ComparisonDesign, GateReport, GateVerdict, Metric, MetricVerdict};
pub use threshold::Thresholds;
