//! The reason a configuration has no figures.

use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Status;

/// Returns the reason for missing figures, such as "failed (E-POOL-001): worker process died"; `None` if
/// there are figures.
pub(crate) fn trouble(result: &ConfigurationResult) -> Option<String> {
    let state = match result.status {
        Status::Ok => return None,
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    Some(match &result.reason {
        Some(reason) => format!("{state} ({}): {}", reason.code, last_line(&reason.message)),
        None => format!("{state}: only predicted"),
    })
}

/// Returns the last line of a reason, which for a traceback is the exception.
pub(crate) fn last_line(reason: &str) -> &str {
    reason.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;
    use crate::benchmark::result::Reason;
    use crate::diagnostics::Code;

    #[test]
    fn a_failure_has_its_code_and_a_prediction_is_called_one() {
        let of = |status, reason| {
            let cell = Configuration::REFERENCE;
            trouble(&ConfigurationResult::without_numbers(cell, status, reason))
        };
        let died = Reason::new(Code::PoolWorkerDied, "killed by signal 9");
        assert_eq!(of(Status::Failed, Some(died)).unwrap(), "failed (E-POOL-001): killed by signal 9");
        let traceback = "Traceback (most recent call last):\n  File \"t.py\", line 1\nValueError: no\n";
        let raised = Reason::new(Code::PythonImport, traceback);
        assert_eq!(of(Status::Failed, Some(raised)).unwrap(), "failed (E-PYTHON-002): ValueError: no");
        assert_eq!(of(Status::Skipped, None).unwrap(), "skipped: only predicted");
        assert_eq!(of(Status::Ok, None), None);
    }
}
