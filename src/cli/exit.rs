//! The exit status of a command that had a result to show.

use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Reason;
use crate::diagnostics::Code;
use crate::error::ExitStatus;
use crate::host::Interrupt;
use crate::report::document::Report;

use crate::cli::failure::Failure;

/// Returns the exit status of a run with these reports.
///
/// # Errors
/// When no configuration of a workload gave a result.
pub(crate) fn exit_status(interrupt: &Interrupt, reports: &[Report]) -> Result<ExitStatus, Failure> {
    if interrupt.is_raised() {
        return Ok(ExitStatus::Interrupted);
    }
    reports.iter().find_map(total_failure).map_or(Ok(ExitStatus::Done), Err)
}

/// Returns the failure of a workload none of whose configurations gave a result.
fn total_failure(report: &Report) -> Option<Failure> {
    let first = report.cells.first().filter(|_| !report.is_prediction())?;
    if report.cells.iter().any(|cell| cell.tasks.ok > 0) {
        return None;
    }
    let Reason { code, message: reason } = reason(first);
    let message =
        format!("no configuration of {} could be measured: {}: {reason}", report.workload.name, first.cell);
    Some(Failure::coded(code, message))
}

/// Returns the reason why a configuration gave no result.
fn reason(cell: &ConfigurationResult) -> Reason {
    let failure = cell.errors.first().map(|error| Reason::new(error.code, error.message.clone()));
    failure
        .or_else(|| cell.reason.clone())
        .unwrap_or_else(|| Reason::new(Code::WorkloadUnreachable, "no task ended"))
}
