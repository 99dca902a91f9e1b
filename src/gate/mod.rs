//! The gate: whether a change made a workload slower, told from two sides of measurements.
//!
//! Pure functions over results. The sides are either [`Design::Paired`], measured alternately within
//! one run, or [`Design::Stored`], one of them read from a file, with the drift of the machine in
//! between. [`paired`] and [`stored`] make a [`Comparison`] of each workload, and [`judge()`] makes
//! verdicts of all of them together.

pub mod comparison;
pub mod drift;
pub mod estimate;
pub mod failures;
pub mod fingerprint;
pub mod judge;
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
pub use result::{AdviceDrift, Design, Gate, GateVerdict, Metric, MetricVerdict};
pub use threshold::Thresholds;
