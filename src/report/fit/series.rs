//! Data to fit.

use crate::model::Point;
use crate::strategy::StrategyKind;

/// The content of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Data {
    /// The file as the user named it.
    pub name: String,
    /// The series: at least one.
    pub series: Vec<Series>,
    /// True for a result of `conc` with several cells, false for a table of one series.
    pub is_result: bool,
}

/// Throughput at several widths.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// The workload, where the file names one.
    pub workload: Option<String>,
    /// The strategy, where the file names one.
    pub strategy: Option<StrategyKind>,
    /// The measured points.
    pub points: Vec<Point>,
}
