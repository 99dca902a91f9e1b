//! Comparison of the recommended strategy with the others and with that of the decision tree.

use crate::advice::Objective;
use crate::advice::Recommendation;
use crate::advice::comparison::ComparisonCode;
use crate::advice::seen::RunnerUpFigures;
use crate::profile::result::Confidence;
use crate::report::prose::uncertainty;
use crate::stats::ratio::UncertainOrdering;
use crate::units::{PerSecond, Share};

/// Maximum number of runners-up that are named.
const MAX_NAMED: usize = 2;

/// Minimum ratio for a second runner-up to be named.
const WORTH_NAMING: f64 = 0.8;

/// Relative difference below which it would print as 0%.
const INVISIBLE: f64 = 0.005;

/// Factor from which a multiple reads better than a percentage.
const MULTIPLE_FROM: f64 = 3.0;

/// Returns one sentence, such as "async is the fastest within noise (threads 4% slower, undecided:
/// less than 25% cannot be seen); the decision tree agrees".
pub(crate) fn sentence(advice: &Recommendation) -> String {
    if advice.comparison.code == ComparisonCode::Predicted {
        return predicted(advice);
    }
    format!("{}{}; {}", standing(advice), runners_up(advice), agreement(advice))
}

fn predicted(advice: &Recommendation) -> String {
    let near: Vec<&str> = advice.comparison.runners_up.iter().map(|of| of.cell.strategy.as_str()).collect();
    let near = if near.is_empty() { String::new() } else { format!("; {} within 5% of it", near.join(", ")) };
    let rate = advice.comparison.predicted_per_s.unwrap_or(0.0);
    format!("nothing was run: {} is predicted to give {} tasks/s{near}", advice.cell(), PerSecond(rate))
}

fn standing(advice: &Recommendation) -> String {
    let strategy = advice.strategy;
    let best = best(advice.comparison.objective);
    match advice.comparison.code {
        ComparisonCode::OnlyStrategy => format!("only {strategy} was measured"),
        ComparisonCode::LeastMemory => {
            format!("{strategy} needs the least memory of all that are as fast as the fastest")
        }
        ComparisonCode::LeastCpu => {
            format!("{strategy} uses the least CPU of all that are as fast as the fastest")
        }
        ComparisonCode::NotRun => {
            let rate = advice.comparison.predicted_per_s.unwrap_or(0.0);
            let cell = advice.cell();
            format!("{cell} was not run; theory and what was run imply {} tasks/s", PerSecond(rate))
        }
        ComparisonCode::Best if advice.confidence != Confidence::High => {
            format!("{strategy} is {best} of those measured")
        }
        ComparisonCode::Best | ComparisonCode::Predicted => format!("{strategy} is {best}"),
        ComparisonCode::TiesWithBest => format!("{strategy} is as good as {best}"),
        ComparisonCode::BestWithinNoise => format!("{strategy} is {best} within noise"),
        ComparisonCode::WithinNoiseOfBest => format!("{strategy} is within noise of {best}"),
        ComparisonCode::NearBest => format!("{strategy} is near {best}"),
        ComparisonCode::ConcurrencyDoesNotPay => {
            format!("{strategy} is so close to {best} that concurrency does not pay")
        }
    }
}

/// Returns the words for the best by the objective.
fn best(objective: Objective) -> &'static str {
    match objective {
        Objective::Latency => "the best balance of throughput and latency",
        Objective::Throughput | Objective::Memory | Objective::Cpu => "the fastest",
    }
}

/// Returns the first runner-up, and the second if it is near, in brackets.
fn runners_up(advice: &Recommendation) -> String {
    let is_named = |(i, of): &(usize, &RunnerUpFigures)| *i == 0 || of.ratio >= WORTH_NAMING;
    let named = advice.comparison.runners_up.iter().enumerate().filter(is_named).take(MAX_NAMED);
    let named: Vec<String> = named.map(|(_, of)| runner_up(of, advice.comparison.objective)).collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) }
}

fn runner_up(of: &RunnerUpFigures, objective: Objective) -> String {
    format!("{} {}", of.cell.strategy, standing_of(of, objective))
}

/// Returns "4% slower, undecided: less than 6% cannot be seen".
fn standing_of(of: &RunnerUpFigures, objective: Objective) -> String {
    let doubt = match of.verdict {
        UncertainOrdering::Undecided => match of.smallest_effect.and_then(uncertainty::effect) {
            Some(effect) => format!(", undecided: less than {effect} cannot be seen"),
            None => ", undecided".to_owned(),
        },
        UncertainOrdering::Tie => ", a tie".to_owned(),
        UncertainOrdering::Faster | UncertainOrdering::Slower => String::new(),
    };
    format!("{}{doubt}", difference(of.ratio, objective))
}

/// Returns "4% slower" for a ratio of 0.96, or "4% worse" for latency, whose score is no speed.
fn difference(ratio: f64, objective: Objective) -> String {
    let (less, more) = match objective {
        Objective::Latency => ("worse", "better"),
        Objective::Throughput | Objective::Memory | Objective::Cpu => ("slower", "faster"),
    };
    if (ratio - 1.0).abs() < INVISIBLE {
        "equal".to_owned()
    } else if ratio * MULTIPLE_FROM < 1.0 {
        format!("{:.1}x {less}", 1.0 / ratio)
    } else if ratio > MULTIPLE_FROM {
        format!("{ratio:.1}x {more}")
    } else if ratio < 1.0 {
        format!("{} {less}", Share(1.0 - ratio))
    } else {
        format!("{} {more}", Share(ratio - 1.0))
    }
}

/// Returns the standing of the tree's strategy: the same figures as in the brackets, where it is named there.
fn agreement(advice: &Recommendation) -> String {
    let tree = advice.decision.strategy;
    if advice.strategy == tree {
        return "the decision tree agrees".to_owned();
    }
    let of_tree = advice.comparison.runners_up.iter().find(|of| of.cell.strategy == tree);
    match of_tree {
        Some(of) => {
            format!("the decision tree says {tree} ({})", standing_of(of, advice.comparison.objective))
        }
        None => format!("the decision tree says {tree}, which has no valid result"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;
    use crate::report::example;
    use crate::strategy::StrategyKind;

    fn figures(strategy: StrategyKind, ratio: f64, verdict: UncertainOrdering) -> RunnerUpFigures {
        let cell = Configuration::new(strategy, 64);
        RunnerUpFigures { cell, ratio, verdict, smallest_effect: None }
    }

    fn told(code: ComparisonCode, objective: Objective, runners_up: Vec<RunnerUpFigures>) -> String {
        let mut advice = example::advise().recommendation.unwrap();
        advice.comparison.code = code;
        advice.comparison.objective = objective;
        advice.comparison.runners_up = runners_up;
        sentence(&advice)
    }

    #[test]
    fn every_statement_has_its_sentence() {
        let one = |ratio| vec![figures(StrategyKind::Threads, ratio, UncertainOrdering::Slower)];
        for (code, objective, expected) in [
            (ComparisonCode::Best, Objective::Throughput, "async is the fastest ("),
            (
                ComparisonCode::Best,
                Objective::Latency,
                "async is the best balance of throughput and latency (",
            ),
            (ComparisonCode::TiesWithBest, Objective::Throughput, "async is as good as the fastest ("),
            (ComparisonCode::BestWithinNoise, Objective::Throughput, "async is the fastest within noise ("),
            (
                ComparisonCode::WithinNoiseOfBest,
                Objective::Throughput,
                "async is within noise of the fastest (",
            ),
            (
                ComparisonCode::ConcurrencyDoesNotPay,
                Objective::Throughput,
                "async is so close to the fastest that concurrency does not pay (",
            ),
            (
                ComparisonCode::LeastMemory,
                Objective::Memory,
                "async needs the least memory of all that are as fast as the fastest (",
            ),
            (
                ComparisonCode::LeastCpu,
                Objective::Cpu,
                "async uses the least CPU of all that are as fast as the fastest (",
            ),
        ] {
            let text = told(code, objective, one(0.5));
            assert!(text.starts_with(expected), "{text}");
        }
        let only = told(ComparisonCode::OnlyStrategy, Objective::Throughput, Vec::new());
        assert_eq!(only, "only async was measured; the decision tree agrees");
    }

    #[test]
    fn doubt_is_admitted() {
        let undecided = |smallest_effect| RunnerUpFigures {
            smallest_effect,
            ..figures(StrategyKind::Threads, 0.96, UncertainOrdering::Undecided)
        };
        let told =
            |effect| told(ComparisonCode::BestWithinNoise, Objective::Throughput, vec![undecided(effect)]);
        assert_eq!(
            told(Some(0.25)),
            "async is the fastest within noise (threads 4% slower, undecided: less than 25% cannot be \
             seen); the decision tree agrees"
        );
        assert!(told(Some(1e14)).contains("(threads 4% slower, undecided);"));
    }

    #[test]
    fn the_second_is_named_where_it_is_near() {
        let near = vec![
            figures(StrategyKind::Threads, 0.98, UncertainOrdering::Tie),
            figures(StrategyKind::Hybrid, 0.9, UncertainOrdering::Slower),
        ];
        let text = told(ComparisonCode::TiesWithBest, Objective::Throughput, near.clone());
        assert!(text.contains("(threads 2% slower, a tie; hybrid 10% slower)"), "{text}");
        let far = vec![near[0], figures(StrategyKind::Hybrid, 0.5, UncertainOrdering::Slower)];
        assert!(!told(ComparisonCode::TiesWithBest, Objective::Throughput, far).contains("hybrid"));
    }

    #[test]
    fn large_differences_are_multiples() {
        assert_eq!(difference(1.0 / 56.0, Objective::Throughput), "56.0x slower");
        assert_eq!(difference(4.2, Objective::Latency), "4.2x better");
        assert_eq!(difference(0.4, Objective::Throughput), "60% slower");
        assert_eq!(difference(1.002, Objective::Throughput), "equal");
    }

    #[test]
    fn the_tree_agrees_or_is_compared() {
        let mut advice = example::advise().recommendation.unwrap();
        advice.decision.strategy = StrategyKind::Hybrid;
        let ends = |advice: &Recommendation, end: &str| {
            let text = sentence(advice);
            assert!(text.ends_with(end), "{text}");
        };
        for (ratio, verdict, end) in [
            (0.98, UncertainOrdering::Tie, "; the decision tree says hybrid (2% slower, a tie)"),
            (0.8, UncertainOrdering::Slower, "; the decision tree says hybrid (20% slower)"),
            (0.8, UncertainOrdering::Undecided, "; the decision tree says hybrid (20% slower, undecided)"),
        ] {
            advice.comparison.runners_up = vec![figures(StrategyKind::Hybrid, ratio, verdict)];
            ends(&advice, end);
        }
        advice.comparison.runners_up = Vec::new();
        ends(&advice, "; the decision tree says hybrid, which has no valid result");
    }

    #[test]
    fn a_prediction_admits_that_nothing_was_run() {
        let mut advice = example::advise().recommendation.unwrap();
        advice.comparison.code = ComparisonCode::Predicted;
        advice.comparison.predicted_per_s = Some(1200.0);
        advice.comparison.runners_up =
            vec![figures(StrategyKind::Threads, 0.98, UncertainOrdering::Undecided)];
        assert_eq!(
            sentence(&advice),
            "nothing was run: async 64 is predicted to give 1 200 tasks/s; threads within 5% of it"
        );
    }
}
