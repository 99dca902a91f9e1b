//! The agreement of a configuration's outputs with those of tasks that ran one after another.
//!
//! Outputs are compared item by item, by digests. The digest of a Python output does not depend on the order of a
//! dictionary or a set, nor on the last digits of floating-point numbers, which depend on the order of summation.
//! A time, a process number or a random number in the output makes it differ between sequential runs as well:
//! such outputs are random, and say nothing about concurrency.

use serde::{Deserialize, Serialize};

use crate::policy::CLEARLY_WORSE;
use crate::stats::proportion::{Tally, p_no_more_often};

/// The comparison of the outputs of a configuration with those of sequential runs, and with one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OutputComparison {
    /// The verdict.
    pub verdict: OutputVerdict,
    /// Outputs that were compared with another one of the same item.
    pub compared: u64,
    /// Those of them that were different.
    pub differing: u64,
}

/// The verdict on the outputs of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutputVerdict {
    /// The outputs equal those of sequential runs.
    Same,
    /// The outputs differ, and sequential runs do not explain it: the configuration is out.
    Different,
    /// The outputs differ, and so do those of sequential runs.
    Random,
}

impl OutputComparison {
    /// Judges the outputs of a configuration; `None` if nothing could be compared. `alone` has the outputs of
    /// items that ran sequentially more than once, and those of them that changed.
    pub(crate) fn judge(outputs: Tally, alone: Tally) -> Option<Self> {
        let verdict = if outputs.hits == 0 {
            OutputVerdict::Same
        } else if alone.hits == 0 || p_no_more_often(outputs, alone) < CLEARLY_WORSE {
            OutputVerdict::Different
        } else {
            OutputVerdict::Random
        };
        let Tally { hits: differing, trials: compared } = outputs;
        (compared > 0).then_some(OutputComparison { verdict, compared, differing })
    }

    /// Returns true if the outputs are wrong.
    pub fn is_wrong(&self) -> bool {
        self.verdict == OutputVerdict::Different
    }

    /// Returns the outputs that differ.
    pub(crate) fn tally(&self) -> Tally {
        Tally { hits: self.differing, trials: self.compared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outputs: (u64, u64), alone: (u64, u64)) -> Option<OutputVerdict> {
        let tally = |(hits, trials)| Tally { hits, trials };
        OutputComparison::judge(tally(outputs), tally(alone)).map(|judged| judged.verdict)
    }

    #[test]
    fn one_wrong_output_is_enough_where_sequential_runs_always_agree() {
        assert_eq!(verdict((1, 60), (0, 21)), Some(OutputVerdict::Different));
        assert_eq!(verdict((0, 60), (0, 21)), Some(OutputVerdict::Same));
        assert_eq!(verdict((59, 60), (0, 0)), Some(OutputVerdict::Different), "never excused unseen");
        assert_eq!(verdict((0, 0), (0, 21)), None);
    }

    #[test]
    fn what_is_random_when_run_alone_is_held_against_nobody() {
        assert_eq!(verdict((60, 60), (21, 21)), Some(OutputVerdict::Random));
        assert_eq!(verdict((30, 60), (9, 21)), Some(OutputVerdict::Random));
        assert_eq!(verdict((2, 60), (1, 21)), Some(OutputVerdict::Random));
    }

    #[test]
    fn a_few_random_items_do_not_excuse_wrong_outputs_of_all() {
        assert_eq!(verdict((59, 60), (1, 21)), Some(OutputVerdict::Different));
    }
}
