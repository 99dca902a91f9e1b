//! The sign test.

use statrs::function::beta::beta_reg;

/// Returns the one-sided p-value of the sign test: the probability of at least `worse` of `worse + better`
/// pairs if both directions were equally likely (Arbuthnott, Phil. Trans. 27 (1710), 186–190).
///
/// Pairs in which both sides are equal do not count.
pub(crate) fn sign_test(worse: usize, better: usize) -> f64 {
    if worse == 0 {
        return 1.0;
    }
    if better == 0 {
        return 0.5f64.powf(worse as f64);
    }
    // The upper tail of a binomial distribution is an incomplete beta function.
    beta_reg(worse as f64, (better + 1) as f64, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_scipy() {
        // scipy.stats.binomtest(worse, worse + better, 0.5, alternative="greater").pvalue, SciPy 1.17.
        for (worse, better, expected) in
            [(20, 0, 9.536_743_164e-07), (15, 5, 0.020_694_732_67), (1, 0, 0.5), (3, 7, 0.945_312_5)]
        {
            let p = sign_test(worse, better);
            assert!((p / expected - 1.0).abs() < 1e-7, "{worse} of {}: {p}", worse + better);
        }
        assert_eq!(sign_test(0, 0), 1.0);
        assert_eq!(sign_test(0, 9), 1.0);
    }
}
