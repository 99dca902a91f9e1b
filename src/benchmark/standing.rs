//! The preference among configurations that may be the best, by what is believed about them.
//!
//! The search ends when this preference is known; the advice is this preference.

use crate::benchmark::configuration::Configuration;
use crate::policy::{INDIFFERENCE, SURE_WIDTH, TIE_FROM, TREE_FROM, WORTH_CONCURRENCY};
use crate::strategy::StrategyKind;

/// A configuration and what is believed about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standing {
    /// The configuration.
    pub(crate) cell: Configuration,
    /// True if it was run.
    pub(crate) is_measured: bool,
    /// Throughput in tasks per second.
    pub(crate) per_s: f64,
    /// Probability that the configuration believed to lose the least is not faster by more than 5%.
    pub(crate) near: f64,
    /// Throughput that is expected to be lost, as a share of the best of all.
    pub(crate) regret: f64,
}

/// Returns the configurations among which the choice is made: those that were run, unless one that was not run
/// is expected to lose less by more than 5% of the best.
pub(crate) fn pool(standings: &[Standing]) -> Vec<Standing> {
    let least = |of: &mut dyn Iterator<Item = &Standing>| of.map(|s| s.regret).reduce(f64::min);
    let of_all = least(&mut standings.iter()).unwrap_or(0.0);
    match least(&mut standings.iter().filter(|s| s.is_measured)) {
        Some(measured) if measured <= of_all + INDIFFERENCE => {
            standings.iter().filter(|s| s.is_measured).copied().collect()
        }
        _ => standings.to_vec(),
    }
}

/// Returns those of a pool that are good enough to be recommended:
///
/// - of the tree's strategy, what is within 5% of the best with a probability of 95%;
/// - of the other strategies, what is very probably within 5% of it, and the surest;
/// - sequential from 90% of the best on, because concurrency has its price.
pub(crate) fn acceptable(pool: &[Standing], tree: Option<StrategyKind>) -> Vec<Standing> {
    let surest = pool.iter().map(|s| s.near).fold(0.0, f64::max);
    let fastest = pool.iter().map(|s| s.per_s).fold(0.0, f64::max);
    let is_good = |s: &&Standing| {
        let enough = if Some(s.cell.strategy) == tree { TREE_FROM } else { TIE_FROM };
        let is_reference = s.cell.strategy == StrategyKind::Sequential;
        s.near >= enough.min(surest) || (is_reference && s.per_s >= (1.0 - WORTH_CONCURRENCY) * fastest)
    };
    pool.iter().filter(is_good).copied().collect()
}

/// Returns the preferred one of those that are good enough: sequential, then the tree's strategy, then the
/// simplest program; of the strategy, the narrowest that is as surely good as the others or sure enough.
pub(crate) fn preferred(acceptable: &[Standing], tree: Option<StrategyKind>) -> Option<Standing> {
    let rank = |s: &Standing| {
        let strategy = s.cell.strategy;
        (strategy != StrategyKind::Sequential, Some(strategy) != tree, strategy.info().complexity_rank)
    };
    let first = acceptable.iter().min_by_key(|s| rank(s))?.cell.strategy;
    let own = || acceptable.iter().filter(|s| s.cell.strategy == first);
    let surest = own().map(|s| s.near).fold(0.0, f64::max);
    let good = own().filter(|s| s.near >= SURE_WIDTH.min(surest));
    good.min_by_key(|s| (s.cell.width, s.cell.processes)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(strategy: StrategyKind, width: usize, near: f64, regret: f64) -> Standing {
        let cell = Configuration::new(strategy, width);
        Standing { cell, is_measured: true, per_s: 100.0, near, regret }
    }

    fn choice(standings: &[Standing], tree: StrategyKind) -> String {
        let pool = pool(standings);
        preferred(&acceptable(&pool, Some(tree)), Some(tree)).expect("a choice").cell.to_string()
    }

    #[test]
    fn what_is_undecided_goes_to_the_tree_where_it_is_probably_near_the_best() {
        let of = |near| {
            [
                standing(StrategyKind::Hybrid, 48, 1.0, 0.01),
                standing(StrategyKind::Async, 64, near, 0.03),
                standing(StrategyKind::Threads, 32, 0.7, 0.04),
            ]
        };
        assert_eq!(choice(&of(0.96), StrategyKind::Async), "async 64");
        assert_eq!(choice(&of(0.94), StrategyKind::Async), "hybrid 48");
        assert_eq!(choice(&of(0.9), StrategyKind::Hybrid), "hybrid 48");
    }

    #[test]
    fn where_the_tree_is_out_a_tie_goes_to_the_simpler_program_and_the_narrower_cell() {
        let standings = [
            standing(StrategyKind::Hybrid, 48, 1.0, 0.0),
            standing(StrategyKind::Threads, 64, 0.98, 0.01),
            standing(StrategyKind::Threads, 32, 0.97, 0.01),
            standing(StrategyKind::Threads, 16, 0.85, 0.03),
            standing(StrategyKind::Async, 64, 0.1, 0.2),
        ];
        assert_eq!(choice(&standings, StrategyKind::Async), "threads 32");
    }

    #[test]
    fn a_cell_that_was_not_run_wins_only_where_it_is_expected_to_be_clearly_better() {
        let unrun =
            |regret| Standing { is_measured: false, ..standing(StrategyKind::Threads, 40, 1.0, regret) };
        let close = [standing(StrategyKind::Threads, 32, 0.9, 0.05), unrun(0.01)];
        assert_eq!(choice(&close, StrategyKind::Threads), "threads 32");
        let alone = Standing { per_s: 2.0, ..standing(StrategyKind::Sequential, 1, 0.0, 0.97) };
        assert_eq!(choice(&[alone, unrun(0.01)], StrategyKind::Threads), "threads 40");
    }

    #[test]
    fn sequential_within_a_tenth_of_the_best_is_left_as_it_is() {
        let sequential = |per_s| Standing { per_s, ..standing(StrategyKind::Sequential, 1, 0.0, 0.08) };
        let threads = standing(StrategyKind::Threads, 4, 1.0, 0.0);
        assert_eq!(choice(&[sequential(92.0), threads], StrategyKind::Threads), "sequential 1");
        assert_eq!(choice(&[sequential(88.0), threads], StrategyKind::Threads), "threads 4");
    }
}
