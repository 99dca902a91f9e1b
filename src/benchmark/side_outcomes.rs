//! What the tasks of one side gave, kept to be compared with another side.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::strategy::run::RunReport;
use crate::workload::outputs::{OutputCounts, Outputs};

/// Outputs kept in a document: one wrong output of some thousand items may go unseen there.
const MAX_STORED_OUTPUTS: usize = 32;

/// The outputs and exit statuses of one side of a series.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SideOutcomes {
    /// Digests of outputs by digests of the numbers of their items, both in hexadecimal: some of the items, the same
    /// ones in every run.
    pub outputs: BTreeMap<String, String>,
    /// Outputs that were compared with an earlier one of the same item on this side.
    pub repeated: u64,
    /// Those of them that were different.
    pub contradicted: u64,
    /// Number of batches.
    pub batches: u64,
    /// Number of batches in which a command failed with an exit status, by that status; 128 and more are signals.
    pub statuses: BTreeMap<i32, u64>,
}

/// The outcomes of one side while it is measured.
#[derive(Debug, Default)]
pub(super) struct OutcomeRecord {
    outputs: Outputs,
    batches: u64,
    statuses: BTreeMap<i32, u64>,
}

impl OutcomeRecord {
    /// Adds a batch.
    pub(super) fn add(&mut self, report: &RunReport) {
        self.outputs.merge(&report.tally.outputs);
        self.batches += 1;
        for status in report.tally.statuses.keys() {
            *self.statuses.entry(*status).or_default() += 1;
        }
    }

    /// Returns what is kept of the outcomes.
    pub(super) fn finish(&self) -> SideOutcomes {
        let OutputCounts { compared: repeated, differing: contradicted } = self.outputs.repeats();
        let kept = self.outputs.kept().take(MAX_STORED_OUTPUTS);
        SideOutcomes {
            outputs: kept.map(|(item, output)| (format!("{item:016x}"), format!("{output:016x}"))).collect(),
            repeated,
            contradicted,
            batches: self.batches,
            statuses: self.statuses.clone(),
        }
    }
}

impl SideOutcomes {
    /// Compares the outputs of the items that both sides have.
    pub(crate) fn compare_outputs(&self, other: &SideOutcomes) -> OutputCounts {
        let shared =
            self.outputs.iter().filter_map(|(item, output)| Some((output, other.outputs.get(item)?)));
        shared.fold(OutputCounts::default(), |counts, (mine, theirs)| OutputCounts {
            compared: counts.compared + 1,
            differing: counts.differing + u64::from(mine != theirs),
        })
    }

    /// Returns the exit statuses that occurred.
    pub(crate) fn all_statuses(&self) -> BTreeSet<i32> {
        self.statuses.keys().copied().collect()
    }
}
