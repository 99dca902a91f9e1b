//! Interim looks at data that is still being collected.
//!
//! Every look at noise is another chance of a false alarm. The significance level is therefore spent over the
//! looks, a part at each (alpha spending: Lan and DeMets, Biometrika 70 (1983), 659–663), here by Bonferroni's
//! inequality, which holds for any rule to stop or go on.

/// Numbers of pairs after which the runner decides to stop or go on.
pub(crate) const LOOKS: [usize; 5] = [20, 40, 60, 80, 100];

/// Share of the significance level that each look may spend; the first look finds most differences.
const SHARES: [f64; 5] = [0.5, 0.125, 0.125, 0.125, 0.125];

/// Returns the share of the level that may be spent after `n` pairs, if earlier looks were at [`LOOKS`].
///
/// Before the first look the share is 1: the time was up, whatever the data showed.
pub(crate) fn share_of_level(n: usize) -> f64 {
    if n < LOOKS[0] {
        return 1.0;
    }
    let look = LOOKS.iter().position(|look| n <= *look).unwrap_or(LOOKS.len() - 1);
    SHARES[look]
}

/// Returns the p-value corrected for all looks, given the p-value of the look after `n` pairs alone.
///
/// The probability that the corrected p-value is at most α is at most α, for any rule to stop.
pub(crate) fn p_over_looks(p: f64, n: usize) -> f64 {
    (p / share_of_level(n)).min(1.0)
}

/// Returns true if `n` pairs are the time for a look.
pub(crate) fn is_look(n: usize) -> bool {
    LOOKS.contains(&n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_level_is_spent_and_no_more() {
        assert!((SHARES.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(LOOKS.map(share_of_level), SHARES);
    }

    #[test]
    fn time_that_runs_out_between_looks_spends_what_the_next_one_would() {
        assert_eq!(share_of_level(12), 1.0);
        assert_eq!(share_of_level(33), share_of_level(40));
        assert_eq!(share_of_level(1000), share_of_level(100));
        assert_eq!(p_over_looks(0.003, 20), 0.006);
        assert_eq!(p_over_looks(0.7, 40), 1.0);
    }
}
