//! The verdicts that fail a comparing run.

use serde::Deserialize;

use crate::error::ExitStatus;
use crate::gate::presence::Presence;
use crate::gate::result::AdviceChange;
use crate::gate::{AdviceDrift, GateReport, GateVerdict};
use crate::report::document::BenchReport;

/// The verdicts that fail a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FailPolicy {
    /// Fails the run if a workload has regressed.
    pub fail_on_regression: bool,
    /// Fails the run if the advice for a workload has changed.
    pub fail_on_advice_change: bool,
    /// Fails the run if a workload is missing or was redefined.
    pub fail_on_missing: bool,
    /// Fails the run if a comparison is inconclusive, or a workload is missing.
    pub strict: bool,
    /// Ignores outputs and exit statuses.
    pub allow_changed_outputs: bool,
}

impl FailPolicy {
    /// Returns the policy that fails a run whenever `self` or `other` does.
    #[must_use]
    pub(crate) fn or(self, other: FailPolicy) -> Self {
        FailPolicy {
            fail_on_regression: self.fail_on_regression || other.fail_on_regression,
            fail_on_advice_change: self.fail_on_advice_change || other.fail_on_advice_change,
            fail_on_missing: self.fail_on_missing || other.fail_on_missing,
            strict: self.strict || other.strict,
            allow_changed_outputs: self.allow_changed_outputs || other.allow_changed_outputs,
        }
    }

    /// Returns the exit status of a run that fails by this policy.
    pub(crate) fn exit_status(self, report: &BenchReport) -> Option<ExitStatus> {
        let gates = || report.results.iter().filter_map(|result| result.gate.as_ref());
        let any = |verdict| gates().any(|gate| gate.verdict == verdict);
        let is_changed = |advice: AdviceDrift| advice.verdict == AdviceChange::Changed;
        let has_changed_advice = gates().any(|gate| gate.advice.is_some_and(is_changed));
        let has_regressed = self.fail_on_regression && any(GateVerdict::Regressed);
        let is_redefined = gates().any(|gate| gate.presence == Presence::Redefined);
        let is_missing = self.fail_on_missing && (is_redefined || !report.missing.is_empty());
        // A new workload has nothing to be compared with, which is no doubt.
        let is_open =
            |gate: &GateReport| gate.verdict == GateVerdict::Inconclusive && gate.presence != Presence::New;
        if has_regressed || is_missing || (self.fail_on_advice_change && has_changed_advice) {
            Some(ExitStatus::Regressed)
        } else if self.strict && (gates().any(is_open) || !report.missing.is_empty()) {
            Some(ExitStatus::Inconclusive)
        } else {
            None
        }
    }
}
