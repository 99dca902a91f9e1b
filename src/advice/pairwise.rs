//! Comparison of one cell with another: the quotient of the figures that tables print, and its uncertainty.

use crate::advice::objective::Objective;
use crate::benchmark::ConfigurationResult;
use crate::policy::INDIFFERENCE;
use crate::stats::interval::is_informative_effect;
use crate::stats::ratio::{RatioEstimate, UncertainOrdering, compare, ordering};

/// Smallest detectable effect over half a 95% interval, both on the log scale, at a power of 80%:
/// (1.96 + 0.84) / 1.96 for the normal distribution (Cohen, *Statistical Power Analysis for the Behavioral
/// Sciences*, 1988, section 2.4).
const POWER: f64 = 1.43;

/// The comparison of one configuration with another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PairwiseComparison {
    /// The score of the first over that of the second: the quotient of the figures that tables print.
    pub(crate) ratio: f64,
    /// Interval that holds the ratio with a probability of 95%; `None` if it is unknown.
    pub(crate) interval95: Option<[f64; 2]>,
    /// The ordering of the two that the interval implies.
    pub(crate) verdict: UncertainOrdering,
    /// The smallest detectable difference, as a share; `None` if the interval is unknown.
    pub(crate) smallest_effect: Option<f64>,
}

/// Returns the score of a cell, which for one that did not run is that of the belief; zero if its throughput
/// is unknown.
pub(crate) fn score(cell: &ConfigurationResult, objective: Objective) -> f64 {
    let believed = || cell.outlook.map(|outlook| outlook.throughput_per_s);
    objective.score(cell.cell.width, cell.per_s().or_else(believed).unwrap_or(0.0))
}

/// Compares `a` with `b`.
///
/// The ratio is that of the figures that tables print, so that a sentence and the table agree. Its interval is
/// the narrower of two: that of the rounds that both share, which are free of the machine's drift, extended to
/// the ratio; and that of the two estimates as if they were independent. Without either, the ordering is
/// undecided.
pub(crate) fn compare_pairwise(
    a: &ConfigurationResult,
    b: &ConfigurationResult,
    objective: Objective,
) -> PairwiseComparison {
    let ratio = if a.cell == b.cell { 1.0 } else { score(a, objective) / score(b, objective) };
    let half = if a.cell == b.cell {
        Some(0.0)
    } else {
        let halves = [of_rounds(a, b, objective, ratio), of_estimates(a, b, objective)];
        halves.into_iter().flatten().filter(|half| half.is_finite()).reduce(f64::min)
    };
    let Some(half) = half.filter(|_| ratio > 0.0 && ratio.is_finite()) else {
        let verdict = UncertainOrdering::Undecided;
        return PairwiseComparison { ratio, interval95: None, verdict, smallest_effect: None };
    };
    let (low, high) = (ratio.ln() - half, ratio.ln() + half);
    PairwiseComparison {
        ratio,
        interval95: Some([low.exp(), high.exp()]),
        verdict: ordering(low, high, INDIFFERENCE.ln_1p()),
        smallest_effect: Some((half * POWER).exp_m1())
            .filter(|effect| half > 0.0 && is_informative_effect(*effect)),
    }
}

/// Returns half the interval of ln(a/b) that the shared rounds give, as far as it must reach to be centred at
/// `ratio`; `None` for fewer than two such rounds.
fn of_rounds(
    a: &ConfigurationResult,
    b: &ConfigurationResult,
    objective: Objective,
    ratio: f64,
) -> Option<f64> {
    let widening = a.widening().max(b.widening());
    let paired = compare(&scores(a, objective), &scores(b, objective), INDIFFERENCE)?;
    let RatioEstimate { ratio: seen, lo, hi, pairs, .. } = paired.widened(widening, INDIFFERENCE);
    (pairs > 1).then(|| (hi / lo).ln() / 2.0 + (seen / ratio).ln().abs())
}

/// Returns half the interval of ln(a/b) that the estimates of the two give; `None` if one has no interval.
fn of_estimates(a: &ConfigurationResult, b: &ConfigurationResult, objective: Objective) -> Option<f64> {
    let half = |cell: &ConfigurationResult| {
        let [low, high] = cell.estimate()?.interval95?.map(|end| objective.score(cell.cell.width, end));
        Some((high / low).ln() / 2.0)
    };
    Some(half(a)?.hypot(half(b)?))
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
    fn the_ratio_divides_what_tables_print_and_its_interval_covers_what_the_rounds_say() {
        let (mut a, b) = (cell(StrategyKind::Async, 64, 1000.0), cell(StrategyKind::Threads, 64, 1000.0));
        let paired = compare_pairwise(&a, &b, Objective::Throughput);
        a.outlook = Some(believed(1100.0, [900.0, 1344.0]));
        let seen = compare_pairwise(&a, &b, Objective::Throughput);
        assert!((seen.ratio - 1.1).abs() < 1e-9, "{seen:?}");
        let ([low, high], [narrow, _]) = (seen.interval95.unwrap(), paired.interval95.unwrap());
        assert!(low <= narrow && high > 1.2, "{seen:?} does not cover {paired:?}");
        assert_eq!(seen.verdict, UncertainOrdering::Undecided);
    }

    #[test]
    fn without_shared_rounds_the_estimates_decide() {
        let of = |strategy, per_s: f64, off: f64| ConfigurationResult {
            outlook: Some(believed(per_s, [per_s / off, per_s * off])),
            rounds: Vec::new(),
            ..cell(strategy, 8, per_s)
        };
        let verdict = |per_s, off| {
            let (a, b) = (of(StrategyKind::Async, per_s, off), of(StrategyKind::Threads, 100.0, off));
            compare_pairwise(&a, &b, Objective::Throughput).verdict
        };
        assert_eq!(verdict(120.0, 1.05), UncertainOrdering::Faster);
        assert_eq!(verdict(80.0, 1.05), UncertainOrdering::Slower);
        assert_eq!(verdict(101.0, 1.02), UncertainOrdering::Tie);
        assert_eq!(verdict(105.0, 1.10), UncertainOrdering::Undecided);
    }

    #[test]
    fn the_smallest_effect_is_that_of_a_power_of_four_in_five() {
        let estimated = |strategy, ends| ConfigurationResult {
            outlook: Some(believed(100.0, ends)),
            rounds: Vec::new(),
            ..cell(strategy, 8, 100.0)
        };
        // Standard errors of 0.03 and 0.04 of the logarithms: 0.05 of their difference, times 2.8.
        let ends = |error: f64| [100.0 * (-1.96 * error).exp(), 100.0 * (1.96 * error).exp()];
        let (a, b) =
            (estimated(StrategyKind::Async, ends(0.03)), estimated(StrategyKind::Threads, ends(0.04)));
        let effect = compare_pairwise(&a, &b, Objective::Throughput).smallest_effect.unwrap();
        assert!((effect - 0.14_f64.exp_m1()).abs() < 1e-3, "{effect}");
    }

    #[test]
    fn the_objective_decides_what_is_compared() {
        let (wide, narrow) = (cell(StrategyKind::Async, 64, 210.0), cell(StrategyKind::Async, 8, 200.0));
        assert_eq!(compare_pairwise(&narrow, &wide, Objective::Latency).verdict, UncertainOrdering::Faster);
    }
}
