//! The comparison of one workload with an earlier state of itself, before the suite is judged.

use crate::benchmark::Configuration;
use crate::benchmark::side_outcomes::SideOutcomes;
use crate::gate::failures::FailureComparison;
use crate::gate::metric_change::MetricChange;
use crate::gate::outcome_change::OutcomeChange;
use crate::gate::presence::Presence;
use crate::gate::reason::GateReason;
use crate::gate::result::{AdviceDrift, ComparisonDesign};
use crate::gate::threshold::Thresholds;

/// The comparison of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The way in which the two sides were measured.
    pub design: ComparisonDesign,
    /// The other side: a command, a program or a file.
    pub reference: String,
    /// The cell that both sides ran; `None` if nothing could be compared.
    pub cell: Option<Configuration>,
    /// Each metric that both sides have.
    pub estimates: Vec<MetricChange>,
    /// The tasks that did not end well.
    pub failures: Option<FailureComparison>,
    /// True if the current side cannot run at all, although the other side does; `reason` says why.
    pub is_broken: bool,
    /// The reason why nothing could be compared, or why the verdict is weaker than it could be.
    pub reason: Option<GateReason>,
    /// The share by which each metric may be worse.
    pub thresholds: Thresholds,
    /// The comparison of the advice; `None` if a side has no advice.
    pub advice: Option<AdviceDrift>,
    /// The presence of the workload on the other side.
    pub presence: Presence,
    /// The comparison of outputs and exit statuses; `None` if they are not compared.
    pub outcomes: Option<OutcomeChange>,
}

impl Comparison {
    /// Returns a workload of which nothing could be compared, and why.
    pub fn impossible(design: ComparisonDesign, reference: &str, reason: GateReason) -> Self {
        Comparison {
            design,
            reference: reference.to_owned(),
            cell: None,
            estimates: Vec::new(),
            failures: None,
            is_broken: false,
            reason: Some(reason),
            thresholds: Thresholds::default(),
            advice: None,
            presence: Presence::Both,
            outcomes: None,
        }
    }

    /// Returns a workload that cannot be run any more, and why: that is a regression.
    pub fn broken(design: ComparisonDesign, reference: &str, reason: GateReason) -> Self {
        Comparison { is_broken: true, ..Comparison::impossible(design, reference, reason) }
    }

    /// Returns the comparison with a comparison of the advice.
    #[must_use]
    pub fn with_advice(self, advice: Option<AdviceDrift>) -> Self {
        Comparison { advice, ..self }
    }

    /// Returns the comparison of a workload that the other side has in this way.
    #[must_use]
    pub(crate) fn with_presence(self, presence: Presence) -> Self {
        Comparison { presence, ..self }
    }

    /// Returns the comparison with that of the outcomes of both sides, if both are known.
    #[must_use]
    pub(crate) fn with_outcomes(
        self,
        current: Option<&SideOutcomes>,
        reference: Option<&SideOutcomes>,
    ) -> Self {
        let outcomes =
            current.zip(reference).map(|(current, reference)| OutcomeChange::of(current, reference));
        Comparison { outcomes, ..self }
    }
}
