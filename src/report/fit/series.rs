//! What is fitted.

use crate::model::Point;
use crate::strategy::StrategyKind;

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// The file as the user named it.
    pub name: String,
    /// What is in it: at least one series.
    pub series: Vec<Series>,
    /// Whether it is a result of `conc`, of several cells, and not a table of one series.
    pub is_result: bool,
}

/// Throughput at several widths.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The workload, where the file names one.
    pub workload: Option<String>,
    /// The strategy, where the file names one.
    pub strategy: Option<StrategyKind>,
    /// What was measured.
    pub points: Vec<Point>,
}
