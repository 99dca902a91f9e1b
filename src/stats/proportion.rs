//! Tests on shares of tasks, exact for small numbers.

use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

/// Share of the sum below which further terms of a tail do not matter.
const NEGLIGIBLE: f64 = 1e-12;

/// Some of a number of trials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Trials that count.
    pub(crate) hits: u64,
    /// All trials.
    pub(crate) trials: u64,
}

impl Tally {
    /// Returns the share of hits; 0 without trials.
    pub(crate) fn share(self) -> f64 {
        self.hits as f64 / self.trials.max(1) as f64
    }

    /// Returns both tallies together.
    pub(crate) fn plus(self, other: Tally) -> Tally {
        Tally { hits: self.hits + other.hits, trials: self.trials + other.trials }
    }
}

/// Returns the one-sided p-value of Fisher's exact test: the probability of at least as many hits in `a` if
/// both had the same share; 1 where `a` has no larger share than `b`.
pub(crate) fn p_no_more_often(a: Tally, b: Tally) -> f64 {
    if a.trials == 0 || b.trials == 0 || a.share() <= b.share() {
        return 1.0;
    }
    let (all, hits) = (a.trials + b.trials, a.hits + b.hits);
    let ln_all = ln_choose(all, a.trials);
    let term = |k: u64| (ln_choose(hits, k) + ln_choose(all - hits, a.trials - k) - ln_all).exp();
    // Above the expected number the terms fall.
    let mut sum = 0.0;
    for k in a.hits..=hits.min(a.trials) {
        let next = term(k);
        sum += next;
        if next <= NEGLIGIBLE * sum {
            break;
        }
    }
    sum.min(1.0)
}

/// Returns the probability of at most the hits of `tally` where each trial is one with probability `p`.
pub(crate) fn p_at_most(tally: Tally, p: f64) -> f64 {
    let Tally { hits, trials } = tally;
    if hits >= trials || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    // The lower tail of a binomial distribution is an incomplete beta function.
    beta_reg((trials - hits) as f64, (hits + 1) as f64, 1.0 - p)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hits: u64, trials: u64) -> Tally {
        Tally { hits, trials }
    }

    #[test]
    fn fishers_tails_are_exact() {
        // Sums of hypergeometric probabilities, by hand: 1/44, C(8,4)/C(11,4), C(20,8)/C(40,8).
        for (a, b, expected) in [
            (of(1, 4), of(0, 40), 4.0 / 44.0),
            (of(4, 8), of(0, 3), 70.0 / 330.0),
            (of(8, 20), of(0, 20), 125_970.0 / 76_904_685.0),
        ] {
            let p = p_no_more_often(a, b);
            assert!((p / expected - 1.0).abs() < 1e-9, "{a:?} {b:?}: {p}");
        }
    }

    #[test]
    fn what_is_no_more_frequent_is_never_significant() {
        assert_eq!(p_no_more_often(of(1, 20), of(10, 20)), 1.0);
        assert_eq!(p_no_more_often(of(3, 3), of(0, 0)), 1.0);
        assert!(p_no_more_often(of(600_000, 1_000_000), of(1, 1_000_000)) < 1e-12);
    }

    #[test]
    fn binomial_tails_are_exact() {
        assert!((p_at_most(of(0, 10), 0.5) - 0.5f64.powi(10)).abs() < 1e-12);
        assert!((p_at_most(of(1, 10), 0.5) - 11.0 * 0.5f64.powi(10)).abs() < 1e-12);
        assert_eq!((p_at_most(of(0, 0), 0.5), p_at_most(of(3, 10), 0.0)), (1.0, 1.0));
        assert_eq!(p_at_most(of(3, 10), 1.0), 0.0);
    }
}
