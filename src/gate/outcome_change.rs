//! Comparison of what the tasks of two sides gave: their outputs, and the exit statuses of their commands.
//!
//! A faster program that answers something else is no improvement, so that other outcomes are a regression of
//! their own, whatever the times say.

use serde::{Deserialize, Serialize};

use crate::benchmark::agreement::{OutputComparison, OutputVerdict};
use crate::benchmark::side_outcomes::SideOutcomes;
use crate::gate::verdict::GateVerdict;
use crate::stats::proportion::Tally;

/// Batches with an exit status that the other side never had, from which that is no chance: half of as many
/// batches would be those of the other side, and all of them are of this one with a probability of 0.1%.
const MIN_BATCHES_WITH_STATUS: u64 = 10;

/// The change of outcomes between two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OutcomeChange {
    /// The verdict: regressed if outputs or exit statuses changed, else unchanged, and inconclusive if nothing could
    /// be compared.
    pub verdict: GateVerdict,
    /// The comparison of the outputs; null if no item has an output on both sides, or none ran twice.
    pub outputs: Option<OutputComparison>,
    /// Exit statuses of failed commands that the other side does not have.
    pub new_statuses: Vec<StatusCount>,
}

/// An exit status of failed commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StatusCount {
    /// The exit status; 128 and more are signals.
    pub status: i32,
    /// Batches of this side with it.
    pub batches: u64,
    /// Batches of this side.
    pub of: u64,
}

impl OutcomeChange {
    /// Compares the outcomes of two sides.
    ///
    /// Outputs that vary on either side by themselves say nothing about the other one.
    pub(crate) fn of(current: &SideOutcomes, reference: &SideOutcomes) -> Self {
        let outputs = compare_outputs(current, reference);
        let is_other = outputs.is_some_and(|outputs| outputs.verdict == OutputVerdict::Different);
        let known = reference.all_statuses();
        let enough = |batches: u64| batches >= MIN_BATCHES_WITH_STATUS && reference.batches >= batches / 2;
        let new_statuses: Vec<StatusCount> = current
            .statuses
            .iter()
            .filter(|(status, batches)| !known.contains(status) && enough(**batches))
            .map(|(status, batches)| StatusCount { status: *status, batches: *batches, of: current.batches })
            .collect();
        let verdict = if is_other || !new_statuses.is_empty() {
            GateVerdict::Regressed
        } else if outputs.is_some() {
            GateVerdict::Unchanged
        } else {
            GateVerdict::Inconclusive
        };
        OutcomeChange { verdict, outputs, new_statuses }
    }

    /// Returns true if outputs or exit statuses changed.
    pub fn is_regression(&self) -> bool {
        self.verdict == GateVerdict::Regressed
    }
}

fn compare_outputs(current: &SideOutcomes, reference: &SideOutcomes) -> Option<OutputComparison> {
    if current.repeated == 0 || reference.repeated == 0 {
        // Outputs that were seen once may be random.
        return None;
    }
    let counts = current.compare_outputs(reference);
    let alone = Tally {
        hits: current.contradicted + reference.contradicted,
        trials: current.repeated + reference.repeated,
    };
    OutputComparison::judge(Tally { hits: counts.differing, trials: counts.compared }, alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(outputs: &[u64], repeated: u64, contradicted: u64) -> SideOutcomes {
        let outputs = outputs.iter().enumerate().map(|(i, output)| (i.to_string(), output.to_string()));
        SideOutcomes {
            outputs: outputs.collect(),
            repeated,
            contradicted,
            batches: 20,
            ..SideOutcomes::default()
        }
    }

    #[test]
    fn other_outputs_are_a_regression_unless_they_are_random() {
        let verdict = |now: &SideOutcomes, before: &SideOutcomes| OutcomeChange::of(now, before).verdict;
        let (same, other) = (side(&[1, 2, 3], 57, 0), side(&[1, 2, 4], 57, 0));
        assert_eq!(verdict(&same, &same), GateVerdict::Unchanged);
        assert_eq!(verdict(&other, &same), GateVerdict::Regressed);
        let random = side(&[5, 6, 7], 57, 57);
        assert_eq!(verdict(&random, &same), GateVerdict::Unchanged);
        assert_eq!(verdict(&other, &side(&[1, 2, 3], 0, 0)), GateVerdict::Inconclusive, "seen once");
    }

    #[test]
    fn a_new_exit_status_is_a_regression_and_one_bad_batch_is_not() {
        let mut now = side(&[1], 19, 0);
        now.statuses = [(3, 20), (1, 20)].into();
        let mut before = side(&[1], 19, 0);
        before.statuses = [(1, 20)].into();
        let change = OutcomeChange::of(&now, &before);
        assert_eq!(change.new_statuses, [StatusCount { status: 3, batches: 20, of: 20 }]);
        assert!(change.is_regression());
        now.statuses = [(3, 2), (1, 20)].into();
        assert_eq!(OutcomeChange::of(&now, &before).verdict, GateVerdict::Unchanged);
    }
}
