//! The headline of a recommendation, and the reason for its confidence.

use crate::advice::Recommendation;
use crate::advice::confidence::ChoiceConfidenceReason;
use crate::advice::result::TreeFailure;
use crate::advice::verdict::Basis;
use crate::profile::result::Confidence;
use crate::report::prose::together::Together;
use crate::report::prose::workload as describe;
use crate::units::Share;

/// Returns the recommendation in one line, such as "Recommendation (high confidence): threads, 48 in flight".
pub(crate) fn headline(advice: &Recommendation, work: Together) -> String {
    let confidence = advice.confidence.as_str();
    let basis = match advice.basis {
        Basis::Measured => format!("{confidence} confidence"),
        Basis::Predicted => format!("predicted, {confidence} confidence"),
    };
    let failed =
        advice.tree_failure.as_ref().map(|failure| format!("; the tree's {} failed", failure.strategy));
    format!(
        "Recommendation ({basis}): {}{}",
        describe::cell(&advice.cell(), work),
        failed.unwrap_or_default()
    )
}

/// Returns the failure of the tree's strategy, if it failed.
pub(crate) fn tree_failure(advice: &Recommendation) -> Option<String> {
    let TreeFailure { strategy, width, reason } = advice.tree_failure.as_ref()?;
    Some(format!("{strategy} {width}, which theory recommends, failed ({}): {}", reason.code, reason.message))
}

/// Returns the reason for the confidence; where that is low, with what theory says and what would settle it.
pub(crate) fn reason(advice: &Recommendation) -> String {
    let cannot_tell = match advice.confidence {
        Confidence::Low if advice.basis == Basis::Measured => {
            format!("cannot tell on this machine now; theory says {}: ", advice.decision.strategy)
        }
        Confidence::Low | Confidence::Medium | Confidence::High => String::new(),
    };
    format!("{cannot_tell}{}", fragment(&advice.confidence_reason))
}

fn fragment(reason: &ChoiceConfidenceReason) -> String {
    match *reason {
        ChoiceConfidenceReason::Decided { near_best: Some(near_best) } => sure(near_best),
        ChoiceConfidenceReason::Decided { near_best: None } => "the rounds decide it".to_owned(),
        ChoiceConfidenceReason::Undecided { near_best } => {
            format!("{}; more measuring would tell, such as --budget 20s", doubtful(near_best))
        }
        ChoiceConfidenceReason::BusyMachine { near_best, taken } => format!(
            "{}, while others took {} of the CPUs; a quieter machine would tell",
            doubtful(near_best),
            Share(taken)
        ),
        ChoiceConfidenceReason::NotRun { near_best } => format!(
            "not run: theory and the configurations that were run imply it, {}; more measuring would tell, \
             such as --budget 20s",
            doubtful(near_best)
        ),
        ChoiceConfidenceReason::PredictedOnly => {
            "nothing was run; measuring would tell, without --predict-only".to_owned()
        }
    }
}

fn doubtful(near_best: Option<f64>) -> String {
    near_best.map_or("the rounds do not decide it".to_owned(), sure)
}

fn sure(near_best: f64) -> String {
    format!("{} sure to be within 5% of the best", Share(near_best))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::result::Reason;
    use crate::diagnostics::Code;
    use crate::report::example;
    use crate::strategy::StrategyKind;

    fn advice(confidence: Confidence, confidence_reason: ChoiceConfidenceReason) -> Recommendation {
        let advice = example::advise().recommendation.expect("the example has one");
        Recommendation { confidence, confidence_reason, ..advice }
    }

    #[test]
    fn the_headline_says_how_sure_the_advice_is() {
        let decided = ChoiceConfidenceReason::Decided { near_best: Some(0.96) };
        let sure = advice(Confidence::High, decided);
        assert_eq!(headline(&sure, Together::Tasks), "Recommendation (high confidence): async, 64 in flight");
        assert_eq!(reason(&sure), "96% sure to be within 5% of the best");
        let predicted = Recommendation {
            basis: Basis::Predicted,
            ..advice(Confidence::Medium, ChoiceConfidenceReason::PredictedOnly)
        };
        assert_eq!(
            headline(&predicted, Together::Tasks),
            "Recommendation (predicted, medium confidence): async, 64 in flight"
        );
    }

    #[test]
    fn a_tree_that_failed_is_in_the_headline() {
        let failed = Recommendation {
            tree_failure: Some(TreeFailure {
                strategy: StrategyKind::Async,
                width: 64,
                reason: Reason::new(Code::PoolStart, "no loop"),
            }),
            ..advice(Confidence::High, ChoiceConfidenceReason::Decided { near_best: Some(0.9) })
        };
        let told = headline(&failed, Together::Tasks);
        assert!(told.ends_with("; the tree's async failed"), "{told}");
        let told = tree_failure(&failed).expect("it failed");
        assert!(told.starts_with("async 64, which theory recommends, failed (E-POOL-00"), "{told}");
    }

    #[test]
    fn low_confidence_says_what_theory_says_and_what_would_settle_it() {
        let undecided = ChoiceConfidenceReason::Undecided { near_best: Some(0.31) };
        assert_eq!(
            reason(&advice(Confidence::Low, undecided)),
            "cannot tell on this machine now; theory says async: 31% sure to be within 5% of the best; more \
             measuring would tell, such as --budget 20s"
        );
        let busy = ChoiceConfidenceReason::BusyMachine { near_best: Some(0.6), taken: 0.5 };
        assert_eq!(
            reason(&advice(Confidence::Medium, busy)),
            "60% sure to be within 5% of the best, while others took 50% of the CPUs; a quieter machine would \
             tell"
        );
    }
}
