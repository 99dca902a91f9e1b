//! The confidence that the recommended configuration is within 5% of the best, and its reason.

use serde::{Deserialize, Serialize};

use crate::advice::verdict::{Basis, ChoiceVerdict};
use crate::benchmark::ConfigurationResult;
use crate::host::contention::unavailable;
use crate::policy::{CONTENDED_DISTRUST, SURE_FROM, UNSURE_BELOW};
use crate::profile::result::Confidence;

/// The reason for the confidence in a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ChoiceConfidenceReason {
    /// The measurement decided.
    Decided {
        /// Probability that no configuration is faster by more than 5%; null if rounds were compared without
        /// a belief.
        near_best: Option<f64>,
    },
    /// The measuring time ended before the measurement decided.
    Undecided {
        /// Probability that no configuration is faster by more than 5%; null if rounds were compared without
        /// a belief.
        near_best: Option<f64>,
    },
    /// Other programs or the hypervisor took so much of the CPUs that figures are distrusted.
    BusyMachine {
        /// Probability that no configuration is faster by more than 5%; null if rounds were compared without
        /// a belief.
        near_best: Option<f64>,
        /// Share of the CPUs that was taken.
        taken: f64,
    },
    /// The recommended configuration was not run: theory and the configurations that were run decide.
    NotRun {
        /// Probability that no configuration is faster by more than 5%.
        near_best: Option<f64>,
    },
    /// Nothing was run: the profile and the model decide.
    PredictedOnly,
}

/// The confidence in a recommendation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChoiceConfidence {
    /// The level.
    pub(crate) level: Confidence,
    /// The reason.
    pub(crate) reason: ChoiceConfidenceReason,
}

impl ChoiceConfidence {
    /// Returns the confidence in a configuration that was measured, or that the measurement of others implies.
    pub(crate) fn of(chosen: &ConfigurationResult, basis: Basis, verdict: ChoiceVerdict) -> Self {
        let near_best = chosen.outlook.map(|outlook| outlook.near_best);
        let taken = unavailable(chosen.cpu_others, chosen.cpu_stolen).unwrap_or(0.0);
        let level = near_best.map_or(compared(verdict), believed);
        if basis == Basis::Predicted {
            let reason = ChoiceConfidenceReason::NotRun { near_best };
            return ChoiceConfidence { level: level.min(Confidence::Medium), reason };
        }
        if taken > CONTENDED_DISTRUST {
            let reason = ChoiceConfidenceReason::BusyMachine { near_best, taken };
            return ChoiceConfidence { level: level.min(Confidence::Medium), reason };
        }
        let reason = match level {
            Confidence::High => ChoiceConfidenceReason::Decided { near_best },
            Confidence::Medium | Confidence::Low => ChoiceConfidenceReason::Undecided { near_best },
        };
        ChoiceConfidence { level, reason }
    }

    /// Returns the confidence in a prediction that nothing has tested.
    pub(crate) fn predicted(profile: Confidence) -> Self {
        let level = profile.min(Confidence::Medium);
        ChoiceConfidence { level, reason: ChoiceConfidenceReason::PredictedOnly }
    }
}

/// Returns the confidence that a probability of being within 5% of the best gives.
fn believed(near_best: f64) -> Confidence {
    if near_best >= SURE_FROM {
        Confidence::High
    } else if near_best < UNSURE_BELOW {
        Confidence::Low
    } else {
        Confidence::Medium
    }
}

/// Returns the confidence that a comparison of rounds gives.
fn compared(verdict: ChoiceVerdict) -> Confidence {
    match verdict {
        ChoiceVerdict::Faster | ChoiceVerdict::Tie => Confidence::High,
        ChoiceVerdict::Undecided => Confidence::Medium,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::*;
    use crate::benchmark::result::Posterior;
    use crate::strategy::StrategyKind;

    fn sure(near_best: f64) -> ConfigurationResult {
        let outlook = Posterior {
            throughput_per_s: 100.0,
            credible95: [90.0, 110.0],
            near_best,
            near_leader: 1.0,
            expected_regret: 0.0,
        };
        ConfigurationResult { outlook: Some(outlook), ..cell(StrategyKind::Async, 8, 100.0) }
    }

    fn level(cell: &ConfigurationResult) -> Confidence {
        ChoiceConfidence::of(cell, Basis::Measured, ChoiceVerdict::Undecided).level
    }

    #[test]
    fn the_probability_of_being_near_the_best_is_the_confidence() {
        let levels = [0.97, 0.7, 0.3].map(|near_best| level(&sure(near_best)));
        assert_eq!(levels, [Confidence::High, Confidence::Medium, Confidence::Low]);
    }

    #[test]
    fn a_busy_machine_and_a_cell_that_was_not_run_are_never_high() {
        let busy = ConfigurationResult { cpu_others: Some(0.5), ..sure(0.97) };
        assert_eq!(level(&busy), Confidence::Medium);
        let unrun = ChoiceConfidence::of(&sure(0.97), Basis::Predicted, ChoiceVerdict::Undecided);
        assert_eq!(unrun.level, Confidence::Medium);
        assert_eq!(unrun.reason, ChoiceConfidenceReason::NotRun { near_best: Some(0.97) });
    }

    #[test]
    fn without_a_belief_the_comparison_of_rounds_decides() {
        let cell = cell(StrategyKind::Async, 8, 100.0);
        assert_eq!(level(&cell), Confidence::Medium);
        let tie = ChoiceConfidence::of(&cell, Basis::Measured, ChoiceVerdict::Tie);
        assert_eq!(
            (tie.level, tie.reason),
            (Confidence::High, ChoiceConfidenceReason::Decided { near_best: None })
        );
    }

    #[test]
    fn a_prediction_is_no_surer_than_its_profile() {
        assert_eq!(ChoiceConfidence::predicted(Confidence::High).level, Confidence::Medium);
        assert_eq!(ChoiceConfidence::predicted(Confidence::Low).level, Confidence::Low);
    }
}
