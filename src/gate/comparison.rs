//! A workload compared with an earlier state of itself, before the suite is judged.

use crate::benchmark::Configuration;
use crate::gate::failures::FailureComparison;
use crate::gate::metric_change::MetricChange;
use crate::gate::reason::GateReason;
use crate::gate::result::{AdviceDrift, ComparisonDesign};
use crate::gate::threshold::Thresholds;

/// What was found out about one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How the two sides were measured.
    pub design: ComparisonDesign,
    /// What it was compared with: a command, a program or a file.
    pub reference: String,
    /// The cell that both sides ran; `None` if nothing could be compared.
    pub cell: Option<Configuration>,
    /// Each metric that both sides have.
    pub estimates: Vec<MetricChange>,
    /// The tasks that did not end well.
    pub failures: Option<FailureComparison>,
    /// Whether the current side cannot run at all, though the other one does; `reason` says why.
    pub is_broken: bool,
    /// Why nothing could be compared, or why the claim is lower than it might be.
    pub reason: Option<GateReason>,
    /// By how much each metric may be worse.
    pub thresholds: Thresholds,
    /// Whether the advice is still the same.
    pub advice: Option<AdviceDrift>,
}

impl Comparison {
    /// A workload of which nothing could be compared, and why.
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
        }
    }

    /// A workload that cannot be run any more, and why: that is a regression.
    pub fn broken(design: ComparisonDesign, reference: &str, reason: GateReason) -> Self {
        Comparison { is_broken: true, ..Comparison::impossible(design, reference, reason) }
    }

    /// The same with what is known of the advice.
    #[must_use]
    pub fn with_advice(self, advice: Option<AdviceDrift>) -> Self {
        Comparison { advice, ..self }
    }
}
