//! The gate: whether a change made a workload slower, told from two sides of measurements.
//!
//! Pure functions over results. The sides are either [`Design::Paired`], measured alternately within
//! one run, or [`Design::Stored`], one of them read from a file, with the drift of the machine in
//! between.

pub mod result;

pub use result::{AdviceDrift, Design, Gate, Metric, MetricVerdict, Verdict};
