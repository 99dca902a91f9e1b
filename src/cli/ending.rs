//! The exit status of a command that had a result to show.

use crate::benchmark::ConfigurationResult;
use crate::diagnostics::Code;
use crate::error::ExitStatus;
use crate::report::document::Report;

use crate::host::Interrupt;

use crate::cli::failure::Failure;

/// Success, unless the user interrupted the run or nothing of a workload could be measured.
pub(crate) fn of(interrupt: &Interrupt, reports: &[Report]) -> Result<ExitStatus, Failure> {
    if interrupt.is_raised() {
        return Ok(ExitStatus::Interrupted);
    }
    reports.iter().find_map(futility).map_or(Ok(ExitStatus::Done), Err)
}

/// Why none of the cells gave a result, if none did.
fn futility(report: &Report) -> Option<Failure> {
    let first = report.cells.first().filter(|_| !report.is_prediction())?;
    if report.cells.iter().any(|cell| cell.tasks.ok > 0) {
        return None;
    }
    let (code, reason) = reason(first);
    let message = format!("nothing of {} could be measured: {}: {reason}", report.workload.name, first.cell);
    Some(Failure::coded(code, message))
}

/// Why a cell gave no result.
fn reason(cell: &ConfigurationResult) -> (Code, &str) {
    if let Some(error) = cell.errors.first() {
        return (error.code, &error.message);
    }
    let reason = cell.reason.as_deref().unwrap_or("no task ended");
    let coded = reason.split_once(": ").and_then(|(code, rest)| Some((code.parse().ok()?, rest)));
    coded.unwrap_or((Code::WorkloadUnreachable, reason))
}
