//! The verdicts that fail a comparing run.

use serde::Deserialize;

use crate::error::ExitStatus;
use crate::gate::result::AdviceChange;
use crate::gate::{AdviceDrift, GateVerdict};
use crate::report::document::BenchReport;

/// The verdicts that fail a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FailPolicy {
    /// Fails the run if a workload has regressed.
    pub fail_on_regression: bool,
    /// Fails the run if the advice for a workload has changed.
    pub fail_on_advice_change: bool,
    /// Fails the run if a comparison is inconclusive.
    pub strict: bool,
}

impl FailPolicy {
    /// Returns the policy that fails a run whenever `self` or `other` does.
    #[must_use]
    pub(crate) fn or(self, other: FailPolicy) -> Self {
        FailPolicy {
            fail_on_regression: self.fail_on_regression || other.fail_on_regression,
            fail_on_advice_change: self.fail_on_advice_change || other.fail_on_advice_change,
            strict: self.strict || other.strict,
        }
    }

    /// Returns the exit status of a run that fails by this policy.
    pub(crate) fn exit_status(self, report: &BenchReport) -> Option<ExitStatus> {
        let gates = || report.results.iter().filter_map(|result| result.gate.as_ref());
        let any = |verdict| gates().any(|gate| gate.verdict == verdict);
        let is_changed = |advice: AdviceDrift| advice.verdict == AdviceChange::Changed;
        let has_changed_advice = gates().any(|gate| gate.advice.is_some_and(is_changed));
        let has_regressed = self.fail_on_regression && any(GateVerdict::Regressed);
        if has_regressed || (self.fail_on_advice_change && has_changed_advice) {
            Some(ExitStatus::Regressed)
        } else if self.strict && any(GateVerdict::Inconclusive) {
            Some(ExitStatus::Inconclusive)
        } else {
            None
        }
    }
}
