//! What a run has learned about its width.

use serde::{Deserialize, Serialize};

/// A width, from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WidthStep {
    /// Seconds since the run began.
    pub at_s: f64,
    /// The width from then on.
    pub width: usize,
}

/// What keeps a wider run from being faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WidthLimit {
    /// The user has fixed the width.
    Fixed,
    /// The CPUs are busy.
    Cpus,
    /// There are no more items.
    Items,
    /// Items do not arrive any faster.
    Source,
    /// The largest width that is tried.
    MaxWidth,
    /// Something that the tasks share, such as a server: more in flight are not finished faster.
    Shared,
    /// More in flight fail.
    Failures,
    /// Memory, processes or descriptors.
    Resources,
    /// Tasks of the machine waited for CPUs, memory or I/O for too much of the time.
    Pressure,
    /// The run was too short to tell.
    Unknown,
}

/// What a run has learned about its width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WidthReport {
    /// The width at the end.
    pub width: usize,
    /// The way in which it was chosen: `fixed` or `auto`.
    pub choice: String,
    /// Widths over time.
    pub steps: Vec<WidthStep>,
    /// What keeps a wider run from being faster.
    pub limit: WidthLimit,
    /// Successes per second at that width, as measured last; null if too few ended.
    pub per_second: Option<f64>,
    /// The standard error of that rate, relative to it.
    pub error: Option<f64>,
    /// Widths that were tried and left again.
    pub rejected: u64,
    /// Seconds that the run has lost by trying them, as far as they were slower.
    pub search_cost_s: f64,
}
