//! The comparison of the recommended strategy with all others, as data.

use serde::{Deserialize, Serialize};

use crate::advice::objective::Objective;
use crate::advice::seen::{RunnerUpFigures, Seen};
use crate::benchmark::ConfigurationResult;
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;

/// The measured speed of the recommended strategy next to that of all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The statement.
    pub code: ComparisonCode,
    /// The goal of the optimisation.
    pub objective: Objective,
    /// Tasks per second that the recommended configuration is believed to reach; null if it was measured.
    pub predicted_per_s: Option<f64>,
    /// The best configuration of every other strategy, best first. If nothing was measured, only strategies
    /// predicted to be within 5%.
    pub runners_up: Vec<RunnerUpFigures>,
    /// Score of the tree's strategy at its best over that of the recommended configuration; null if that
    /// strategy was not measured.
    pub tree_ratio: Option<f64>,
}

/// The place of the recommended strategy among all that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ComparisonCode {
    /// No other strategy was measured.
    OnlyStrategy,
    /// The recommended strategy needs the least memory of those that are as fast as the fastest.
    LeastMemory,
    /// The recommended strategy uses the least CPU of those that are as fast as the fastest.
    LeastCpu,
    /// The recommended strategy is the best.
    Best,
    /// No other strategy is faster, and one or more equal the recommended one within the margin of
    /// indifference.
    TiesWithBest,
    /// The recommended strategy is the best, but the measurement cannot distinguish it from the runner-up.
    BestWithinNoise,
    /// The measurement cannot distinguish the recommended strategy from the best.
    WithinNoiseOfBest,
    /// Another strategy is faster beyond doubt, but the recommended one is near enough to the best.
    NearBest,
    /// The recommended strategy is sequential, and concurrency gains too little to pay.
    ConcurrencyDoesNotPay,
    /// Nothing was measured: the recommended strategy is predicted to be the best.
    Predicted,
    /// The recommended configuration was not run: what was run, and theory, imply that it is the best.
    NotRun,
}

/// Compares the chosen configuration with the best configuration of every other strategy.
pub(crate) fn comparison(
    chosen: &ConfigurationResult,
    tree: StrategyKind,
    seen: &Seen,
    objective: Objective,
) -> Comparison {
    let of_tree = || seen.rivals.iter().find(|rival| rival.cell.strategy == tree).map(|rival| rival.ratio);
    Comparison {
        code: code(chosen, &seen.rivals, objective),
        objective,
        predicted_per_s: None,
        tree_ratio: if chosen.cell.strategy == tree { Some(1.0) } else { of_tree() },
        runners_up: seen.rivals.clone(),
    }
}

/// Returns the statement that every single comparison supports.
fn code(chosen: &ConfigurationResult, rivals: &[RunnerUpFigures], objective: Objective) -> ComparisonCode {
    let is_sequential = chosen.cell.strategy == StrategyKind::Sequential;
    let any = |verdict| rivals.iter().any(|rival| rival.verdict == verdict);
    let is_ahead = rivals.iter().all(|rival| rival.ratio <= 1.0);
    match objective {
        _ if rivals.is_empty() => ComparisonCode::OnlyStrategy,
        Objective::Memory => ComparisonCode::LeastMemory,
        Objective::Cpu => ComparisonCode::LeastCpu,
        _ if any(UncertainOrdering::Faster) && is_sequential => ComparisonCode::ConcurrencyDoesNotPay,
        _ if any(UncertainOrdering::Faster) => ComparisonCode::NearBest,
        _ if any(UncertainOrdering::Undecided) && is_ahead => ComparisonCode::BestWithinNoise,
        _ if any(UncertainOrdering::Undecided) => ComparisonCode::WithinNoiseOfBest,
        _ if any(UncertainOrdering::Tie) => ComparisonCode::TiesWithBest,
        _ => ComparisonCode::Best,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::DecisionPath;
    use crate::advice::testing::*;

    fn compared(cells: &[ConfigurationResult], tree: StrategyKind, objective: Objective) -> Comparison {
        let decision = DecisionPath { steps: Vec::new(), strategy: tree };
        let choice = choose(cells, &decision, objective).unwrap();
        comparison(choice.chosen, tree, &Seen::of(&choice, objective), objective)
    }

    fn code_of(cells: &[ConfigurationResult], tree: StrategyKind, objective: Objective) -> ComparisonCode {
        compared(cells, tree, objective).code
    }

    /// Returns two configurations with a mean ratio of 0.96 that is uncertain.
    fn doubtful() -> [ConfigurationResult; 2] {
        let leader = cell(StrategyKind::Async, 64, 1000.0);
        let mut second = leader.clone();
        second.cell.strategy = StrategyKind::Threads;
        second.throughput_per_s = Some(960.0);
        for (round, factor) in second.rounds.iter_mut().zip([0.8, 1.152].into_iter().cycle()) {
            round.throughput_per_s *= factor;
        }
        [leader, second]
    }

    #[test]
    fn noise_is_admitted_with_the_smallest_effect() {
        let seen = compared(&doubtful(), StrategyKind::Async, Objective::Throughput);
        assert_eq!(seen.code, ComparisonCode::BestWithinNoise);
        let [threads] = seen.runners_up.as_slice() else { panic!("one other strategy: {seen:?}") };
        assert_eq!(
            (threads.cell.strategy, threads.verdict),
            (StrategyKind::Threads, UncertainOrdering::Undecided)
        );
        assert!((threads.ratio - 0.96).abs() < 1e-9 && threads.smallest_effect.is_some_and(|x| x < 0.3));
        let other = code_of(&doubtful(), StrategyKind::Threads, Objective::Throughput);
        assert_eq!(other, ComparisonCode::WithinNoiseOfBest);
    }

    #[test]
    fn sequential_that_is_beaten_by_little_does_not_pay_to_leave() {
        let cells = [cell(StrategyKind::Sequential, 1, 95.0), cell(StrategyKind::Threads, 2, 102.0)];
        let code = code_of(&cells, StrategyKind::Sequential, Objective::Throughput);
        assert_eq!(code, ComparisonCode::ConcurrencyDoesNotPay);
    }

    #[test]
    fn a_clear_winner_is_the_best_and_the_tree_is_compared() {
        let cells = [
            cell(StrategyKind::Threads, 8, 100.0),
            cell(StrategyKind::Async, 8, 50.0),
            cell(StrategyKind::Sequential, 1, 10.0),
        ];
        let seen = compared(&cells, StrategyKind::Async, Objective::Throughput);
        assert_eq!((seen.code, seen.runners_up.len()), (ComparisonCode::Best, 2));
        assert!((seen.tree_ratio.unwrap() - 0.5).abs() < 0.02);
    }

    #[test]
    fn a_tie_is_called_one() {
        let cells = [cell(StrategyKind::Async, 8, 100.0), cell(StrategyKind::Threads, 8, 98.0)];
        let code = code_of(&cells, StrategyKind::Async, Objective::Throughput);
        assert_eq!(code, ComparisonCode::TiesWithBest);
    }

    #[test]
    fn one_strategy_alone_is_compared_with_nothing() {
        let cells = [cell(StrategyKind::Sequential, 1, 10.0)];
        let seen = compared(&cells, StrategyKind::Async, Objective::Throughput);
        assert_eq!((seen.code, seen.tree_ratio), (ComparisonCode::OnlyStrategy, None));
    }

    #[test]
    fn memory_and_cpu_have_statements_of_their_own() {
        let cells = [cell(StrategyKind::Async, 8, 100.0), cell(StrategyKind::Threads, 64, 100.0)];
        let code = |objective| code_of(&cells, StrategyKind::Threads, objective);
        assert_eq!(code(Objective::Memory), ComparisonCode::LeastMemory);
        assert_eq!(code(Objective::Cpu), ComparisonCode::LeastCpu);
    }
}
