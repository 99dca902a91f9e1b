//! Alternatives for a reader who cannot use the recommended strategy.

use crate::advice::choose::{Choice, narrowest_good};
use crate::advice::objective::Objective;
use crate::advice::pairwise::score;
use crate::advice::result::Fallback;
use crate::strategy::StrategyKind;

/// Maximum number of fallbacks in a recommendation.
const MOST_FALLBACKS: usize = 3;

/// Returns the other strategies that beat running tasks one after another, best first, each at its
/// narrowest good width. Sequential needs no fallback, because it can always be used.
pub(crate) fn fallbacks(choice: &Choice<'_>, objective: Objective) -> Vec<Fallback> {
    if choice.chosen.cell.strategy == StrategyKind::Sequential {
        return Vec::new();
    }
    let sequential = narrowest_good(&choice.eligible, StrategyKind::Sequential, objective);
    let floor = sequential.map_or(0.0, |cell| score(cell, objective));
    choice
        .runners_up
        .iter()
        .filter_map(|runner_up| narrowest_good(&choice.eligible, runner_up.cell.cell.strategy, objective))
        .filter(|cell| score(cell, objective) >= floor)
        .take(MOST_FALLBACKS)
        .map(|cell| Fallback { strategy: cell.cell.strategy, width: cell.cell.width })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::DecisionPath;
    use crate::advice::testing::*;
    use crate::benchmark::ConfigurationResult;

    fn of(cells: &[ConfigurationResult]) -> Vec<(StrategyKind, usize)> {
        let tree = DecisionPath { steps: Vec::new(), strategy: StrategyKind::Async };
        let choice = choose(cells, &tree, Objective::Throughput).unwrap();
        let found = fallbacks(&choice, Objective::Throughput);
        found.iter().map(|f| (f.strategy, f.width)).collect()
    }

    #[test]
    fn they_are_the_other_strategies_at_their_knees_best_first() {
        let mut cells = vec![cell(StrategyKind::Sequential, 1, 20.0)];
        cells.extend(curve(StrategyKind::Async, &[8, 16, 32, 64], |n| 20.0 * n.min(32.0)));
        cells.extend(curve(StrategyKind::Processes, &[8, 16, 32, 64], |n| 19.0 * n.min(16.0)));
        cells.extend(curve(StrategyKind::Threads, &[8, 16, 32, 64], |n| 19.0 * n.min(32.0)));
        assert_eq!(
            of(&cells),
            [(StrategyKind::Threads, 32), (StrategyKind::Processes, 16), (StrategyKind::Sequential, 1)]
        );
    }

    #[test]
    fn what_is_slower_than_sequential_is_none() {
        let cells = [
            cell(StrategyKind::Async, 64, 900.0),
            cell(StrategyKind::Sequential, 1, 20.0),
            cell(StrategyKind::Processes, 64, 10.0),
        ];
        assert_eq!(of(&cells), [(StrategyKind::Sequential, 1)]);
    }

    #[test]
    fn sequential_needs_none() {
        assert_eq!(of(&[cell(StrategyKind::Async, 64, 10.0), cell(StrategyKind::Sequential, 1, 20.0)]), []);
    }
}
