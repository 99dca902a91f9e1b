//! Data to fit.

use crate::model::Point;
use crate::report::fit::reading::TableReading;
use crate::strategy::StrategyKind;

/// The columns that the user names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnNames {
    /// The column of the number in flight.
    pub concurrency: Option<String>,
    /// The column of the throughput.
    pub throughput: Option<String>,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Data {
    /// The file as the user named it.
    pub name: String,
    /// The series: at least one.
    pub series: Vec<Series>,
    /// The reading of a table; `None` for a result of `conc`.
    pub table: Option<TableReading>,
}

/// Throughput at several widths.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series {
    /// The workload, where the file names one.
    pub workload: Option<String>,
    /// The strategy, where the file names one.
    pub strategy: Option<StrategyKind>,
    /// The texts of the columns that tell series of a table apart.
    pub label: Option<String>,
    /// The measured points.
    pub points: Vec<Point>,
    /// Failures by width, where the table has a column of them.
    pub failures: Vec<FailuresAt>,
}

/// The failures at a width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FailuresAt {
    /// Tasks in flight.
    pub width: f64,
    /// A share of the tasks from 0 to 1, or a number of them.
    pub amount: f64,
    /// True for a share.
    pub is_share: bool,
}
