//! Comparison of one cell with another, by the rounds that both share.

use crate::advice::objective::Objective;
use crate::benchmark::ConfigurationResult;
use crate::policy::INDIFFERENCE;
use crate::stats::interval::is_informative_effect;
use crate::stats::ratio::{UncertainOrdering, compare};

/// The comparison of one configuration with another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PairwiseComparison {
    /// The score of the first over that of the second.
    pub(crate) ratio: f64,
    /// The ordering of the two that the paired rounds support.
    pub(crate) verdict: UncertainOrdering,
    /// The smallest detectable difference, as a share; `None` for fewer than two rounds.
    pub(crate) smallest_effect: Option<f64>,
}

/// Returns the score of a cell; zero if the cell has no throughput.
pub(crate) fn score(cell: &ConfigurationResult, objective: Objective) -> f64 {
    objective.score(cell.cell.width, cell.throughput_per_s.unwrap_or(0.0))
}

/// Compares `a` with `b`. If they share fewer than two rounds, the ratio is that of the summaries, which
/// the drift of the machine may have biased, and the verdict is undecided.
pub(crate) fn compare_pairwise(
    a: &ConfigurationResult,
    b: &ConfigurationResult,
    objective: Objective,
) -> PairwiseComparison {
    if a.cell == b.cell {
        return PairwiseComparison { ratio: 1.0, verdict: UncertainOrdering::Tie, smallest_effect: None };
    }
    let widening = a.widening().max(b.widening());
    let paired = compare(&scores(a, objective), &scores(b, objective), INDIFFERENCE);
    match paired.map(|paired| paired.widened(widening, INDIFFERENCE)) {
        Some(paired) if paired.pairs > 1 => PairwiseComparison {
            ratio: paired.ratio,
            verdict: paired.verdict,
            smallest_effect: paired.smallest_effect().filter(|effect| is_informative_effect(*effect)),
        },
        _ => PairwiseComparison {
            ratio: score(a, objective) / score(b, objective),
            verdict: UncertainOrdering::Undecided,
            smallest_effect: None,
        },
    }
}

fn scores(cell: &ConfigurationResult, objective: Objective) -> Vec<(u32, f64)> {
    let score = |x| objective.score(cell.cell.width, x);
    cell.rounds.iter().map(|r| (r.round, score(r.throughput_per_s))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::*;
    use crate::strategy::StrategyKind;

    #[test]
    fn paired_rounds_decide() {
        let (fast, slow) = (cell(StrategyKind::Async, 64, 1200.0), cell(StrategyKind::Threads, 64, 1000.0));
        assert_eq!(compare_pairwise(&slow, &fast, Objective::Throughput).verdict, UncertainOrdering::Slower);
        assert_eq!(compare_pairwise(&fast, &fast, Objective::Throughput).verdict, UncertainOrdering::Tie);
    }

    #[test]
    fn one_shared_round_decides_nothing() {
        let (fast, mut slow) =
            (cell(StrategyKind::Async, 64, 1200.0), cell(StrategyKind::Threads, 64, 600.0));
        slow.rounds.truncate(1);
        let seen = compare_pairwise(&slow, &fast, Objective::Throughput);
        assert_eq!((seen.ratio, seen.verdict), (0.5, UncertainOrdering::Undecided));
    }

    #[test]
    fn the_objective_decides_what_is_compared() {
        let (wide, narrow) = (cell(StrategyKind::Async, 64, 210.0), cell(StrategyKind::Async, 8, 200.0));
        assert_eq!(compare_pairwise(&narrow, &wide, Objective::Latency).verdict, UncertainOrdering::Faster);
    }
}
