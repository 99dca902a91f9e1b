//! What was read from a table, and what was left out.

use serde::{Deserialize, Serialize};

/// The columns of a table that were read, and the rows that were not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TableReading {
    /// The column of the number in flight.
    pub concurrency: String,
    /// The columns of the throughput: one, or a number of tasks and a time.
    pub throughput: Vec<String>,
    /// How throughput follows from its columns.
    pub basis: ThroughputBasis,
    /// The columns whose texts tell series apart.
    pub series_by: Vec<String>,
    /// Number of rows that are fitted.
    pub rows: usize,
    /// Rows that are not fitted, by reason.
    pub unused: Vec<UnusedRows>,
}

/// How throughput follows from the columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThroughputBasis {
    /// It is a column.
    Column,
    /// A number of tasks divided by the time that they took.
    CountByTime,
    /// Runs per second: one divided by the time of a run.
    RunsByTime,
    /// Samples of a step of the load divided by its length.
    SamplesByTime,
}

/// Rows that are not fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnusedRows {
    /// The reason.
    pub reason: UnusedReason,
    /// Number of rows.
    pub rows: usize,
    /// The different widths of these rows that are known, narrowest first.
    pub widths: Vec<f64>,
}

/// The reason that a row is not fitted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum UnusedReason {
    /// Nothing was done: the throughput or the width is 0.
    Zero,
    /// A value is empty, `N/A` or not finite.
    Missing,
    /// A total, an average or a remark.
    Summary,
    /// A sample of a time in which the load changed.
    Transient,
}
