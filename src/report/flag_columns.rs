//! The columns of a table about a program's own flag.

use crate::flag::FlagReport;
use crate::flag::result::{FlagCell, FlagStatus};
use crate::report::prose;
use crate::report::prose::uncertainty;
use crate::units::{Bytes, Seconds};

/// Text in place of an unknown value.
const UNKNOWN: &str = "-";

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagColumn {
    /// The value of `{processes}`.
    Processes,
    /// The value of `{width}`.
    Width,
    /// The value of the listed parameter.
    Listed,
    /// The time or the metric.
    Value,
    /// Its interval.
    Interval,
    /// How many times better than the reference.
    Speedup,
    /// CPUs in use.
    Cpus,
    /// CPU time of a run.
    CpuTime,
    /// Largest memory.
    Memory,
    /// Number of runs.
    Runs,
}

/// Returns the columns that identify a cell.
pub(super) fn identity(report: &FlagReport) -> Vec<FlagColumn> {
    let has_processes = report.cells.iter().any(|cell| cell.parameters.processes.is_some());
    let listed = report.list.as_ref().map(|_| FlagColumn::Listed);
    let processes = has_processes.then_some(FlagColumn::Processes);
    listed.into_iter().chain(processes).chain([FlagColumn::Width]).collect()
}

/// Returns every column of a report.
pub(super) fn all(report: &FlagReport) -> Vec<FlagColumn> {
    use FlagColumn::{CpuTime, Cpus, Interval, Memory, Runs, Speedup, Value};
    identity(report).into_iter().chain([Value, Interval, Speedup, Cpus, CpuTime, Memory, Runs]).collect()
}

impl FlagColumn {
    /// Returns the heading.
    pub(super) fn heading(self, report: &FlagReport) -> String {
        match self {
            FlagColumn::Processes => "Processes".to_owned(),
            FlagColumn::Width => "Width".to_owned(),
            FlagColumn::Listed => report.list.as_ref().map(|list| list.name.clone()).unwrap_or_default(),
            FlagColumn::Value if report.metric.is_some() => "Metric".to_owned(),
            FlagColumn::Value => "Time".to_owned(),
            FlagColumn::Interval => "95% CI".to_owned(),
            FlagColumn::Speedup => prose::flag::beside_reference(report),
            FlagColumn::Cpus => "CPUs".to_owned(),
            FlagColumn::CpuTime => "CPU time".to_owned(),
            FlagColumn::Memory => "Peak mem".to_owned(),
            FlagColumn::Runs => "Runs".to_owned(),
        }
    }

    /// Returns the text in the row of `cell`.
    pub(super) fn value(self, report: &FlagReport, cell: &FlagCell) -> String {
        let parameters = &cell.parameters;
        let value = match self {
            FlagColumn::Processes => parameters.processes.map(|processes| processes.to_string()),
            FlagColumn::Width => Some(parameters.width.to_string()),
            FlagColumn::Listed => parameters.value.clone(),
            FlagColumn::Value => cell.estimate.map(|value| prose::flag::quantity(report, value)),
            FlagColumn::Interval if cell.status == FlagStatus::Predicted => Some("predicted".to_owned()),
            FlagColumn::Interval => {
                cell.estimate.zip(cell.interval95).map(|(value, ends)| uncertainty::margin(value, ends))
            }
            FlagColumn::Speedup => cell.speedup.map(times),
            FlagColumn::Cpus => cell.cpus_busy.map(|cpus| format!("{cpus:.2}")),
            FlagColumn::CpuTime => cell
                .cpu_user_s
                .zip(cell.cpu_system_s)
                .map(|(user, system)| Seconds(user + system).to_string()),
            FlagColumn::Memory => cell.peak_memory_bytes.map(|bytes| Bytes(bytes).to_string()),
            FlagColumn::Runs => Some(cell.runs.len()).filter(|runs| *runs > 0).map(|runs| runs.to_string()),
        };
        value.unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

/// Returns a ratio as text; one below 0.95 needs a digit more.
fn times(ratio: f64) -> String {
    if ratio < 0.95 { format!("{ratio:.2}x") } else { format!("{ratio:.1}x") }
}

/// Returns the cells that are worth a row: those that ran or may not run, the reference, and predictions up to
/// the widest that ran; all of them if `every` is true.
pub(super) fn rows(report: &FlagReport, every: bool) -> Vec<&FlagCell> {
    let ran = |cell: &&FlagCell| matches!(cell.status, FlagStatus::Measured | FlagStatus::Failed);
    let widest = report.cells.iter().filter(ran).map(|cell| cell.parameters.total()).max().unwrap_or(0);
    let is_plain = identity(report).len() == 1;
    let is_shown = |cell: &&FlagCell| {
        let is_known = ran(cell) || report.is_recommended(cell) || cell.parameters == report.reference;
        let total = cell.parameters.total();
        let is_near = total <= widest || report.assumed_cpus.is_some() || report.cells.len() <= DENSE;
        every || is_known || (is_plain && is_near && total <= DENSE)
    };
    report.cells.iter().filter(is_shown).collect()
}

/// Total of threads up to which predictions are shown between those that ran.
const DENSE: usize = 8;
