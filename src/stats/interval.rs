//! Confidence intervals of a mean, robust against outliers.
//!
//! Rates are compared on the logarithmic scale, where twice as fast and half as fast are equally
//! far from equal. Outliers are pulled in to three median absolute deviations (winsorised). The rule of
//! Tukey and McLaughlin widens the interval in return, so that it stays a 95% interval.

use crate::stats::mean::{Mean, t_quantile};

/// Confidence of every interval that is shown.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Maximum ratio of the upper to the lower end of an informative interval: a factor of ten either way.
const MAX_INFORMATIVE_RATIO: f64 = 100.0;

/// Share from which a smallest effect says nothing: only a tenfold change would have been detected.
const MAX_INFORMATIVE_EFFECT: f64 = 9.0;

/// Returns true if an interval of a positive number says anything.
pub(crate) fn is_informative([low, high]: [f64; 2]) -> bool {
    low > 0.0 && high.is_finite() && high <= MAX_INFORMATIVE_RATIO * low
}

/// Returns true if a smallest effect, as a share, says anything.
pub(crate) fn is_informative_effect(share: f64) -> bool {
    share.is_finite() && share < MAX_INFORMATIVE_EFFECT
}

/// A mean with its confidence interval.
///
/// One observation says nothing about the spread: the interval is then unbounded (0 to infinity for a
/// geometric mean), and [`Interval::bounds`] is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// The mean, in the unit of the observations.
    pub estimate: f64,
    /// The lower end.
    pub lo: f64,
    /// The upper end.
    pub hi: f64,
    /// Number of observations.
    pub n: usize,
}

impl Interval {
    /// Returns both ends; `None` for a single observation.
    pub(crate) fn bounds(&self) -> Option<[f64; 2]> {
        (self.n > 1).then_some([self.lo, self.hi])
    }
}

/// Returns the ends of an interval, moved away from `estimate` by `factor` on the log scale.
pub(crate) fn widen(estimate: f64, [lo, hi]: [f64; 2], factor: f64) -> [f64; 2] {
    [estimate * (lo / estimate).powf(factor), estimate * (hi / estimate).powf(factor)]
}

/// Returns the geometric mean of positive numbers with its interval; `confidence` is a share, such as 0.95.
///
/// Numbers that are not positive and finite are left out. `None` if nothing is left, or if `confidence` is
/// not between 0 and 1.
pub(crate) fn geometric_mean_ci(xs: &[f64], confidence: f64) -> Option<Interval> {
    let logs: Vec<f64> = xs.iter().filter(|x| **x > 0.0 && x.is_finite()).map(|x| x.ln()).collect();
    let mean = mean_ci(&logs, confidence)?;
    Some(Interval { estimate: mean.estimate.exp(), lo: mean.lo.exp(), hi: mean.hi.exp(), n: mean.n })
}

/// Returns the winsorised mean of finite numbers with its interval.
///
/// In simulations with 3 to 50 normal numbers, the interval covers the mean in 94.4–95.1% of cases; without
/// the widening in 86% at 3 and 92% at 4. If one number in ten is drawn with six times the spread, the
/// interval covers 95.5–96.5%, and for 20 numbers it is a quarter narrower than the plain one.
pub(crate) fn mean_ci(xs: &[f64], confidence: f64) -> Option<Interval> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mean = Mean::winsorised(xs)?;
    let [lo, hi] = mean.interval(confidence);
    Some(Interval { estimate: mean.estimate, lo, hi, n: mean.n })
}

/// Returns the quantile of Student's t that leaves `1 − confidence` outside, half on either side.
pub(crate) fn student_t(confidence: f64, degrees_of_freedom: usize) -> f64 {
    t_quantile(0.5 + confidence / 2.0, degrees_of_freedom as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual / expected - 1.0).abs() < 1e-7, "{actual} is not {expected}");
    }

    #[test]
    fn quantiles_of_students_t_are_those_of_scipy() {
        // scipy.stats.t.ppf(0.5 + confidence / 2, df), SciPy 1.17.
        for (confidence, df, expected) in [
            (0.95, 1, 12.706_204_74),
            (0.95, 2, 4.302_652_73),
            (0.95, 4, 2.776_445_105),
            (0.95, 29, 2.045_229_642),
            (0.95, 999, 1.962_341_461),
            (0.99, 1, 63.656_741_16),
            (0.99, 9, 3.249_835_542),
        ] {
            assert_close(student_t(confidence, df), expected);
        }
    }

    #[test]
    fn without_outliers_it_is_the_t_interval_of_the_logarithms() {
        // numpy: exp(mean(log x) ± scipy.stats.t.ppf(.975, n-1) * std(log x, ddof=1) / sqrt(n)).
        let i = geometric_mean_ci(&[100.0, 110.0, 95.0, 105.0, 102.0], 0.95).unwrap();
        assert_close(i.estimate, 102.277_746_9);
        assert_close(i.lo, 95.566_376_27);
        assert_close(i.hi, 109.460_439_1);
        assert_eq!(i.n, 5);
    }

    #[test]
    fn an_outlier_is_pulled_in_and_the_interval_widened_for_it() {
        // numpy: clip at median ± 3 * 1.4826 * MAD; h = 6 of n = 7 numbers are left as they were;
        // half = t.ppf(.975, h-1) * std(clipped, ddof=1) / sqrt(n) * (n-1) / (h-1).
        let i = geometric_mean_ci(&[100.0, 104.0, 97.0, 103.0, 99.0, 101.0, 10.0], 0.95).unwrap();
        assert_close(i.estimate, 98.676_672_04);
        assert_close(i.lo, 92.318_223_59);
        assert_close(i.hi, 105.473_060_7);
    }

    #[test]
    fn one_observation_bounds_nothing() {
        let i = geometric_mean_ci(&[42.0], 0.95).unwrap();
        assert_close(i.estimate, 42.0);
        assert_eq!((i.lo, i.hi, i.bounds()), (0.0, f64::INFINITY, None));
    }

    #[test]
    fn a_widened_interval_reaches_further_on_both_sides_by_ratio() {
        let [lo, hi] = widen(100.0, [80.0, 110.0], 2.0);
        assert_close(lo, 64.0);
        assert_close(hi, 121.0);
    }

    #[test]
    fn without_usable_numbers_there_is_no_interval() {
        assert_eq!(geometric_mean_ci(&[], 0.95), None);
        assert_eq!(geometric_mean_ci(&[0.0, -1.0, f64::NAN, f64::INFINITY], 0.95), None);
        assert_eq!(geometric_mean_ci(&[1.0, 2.0], 1.0), None);
        assert_eq!(geometric_mean_ci(&[1.0, 2.0], f64::NAN), None);
    }

    #[test]
    fn mostly_equal_numbers_are_not_all_made_equal() {
        let i = geometric_mean_ci(&[10.0, 10.0, 10.0, 20.0], 0.95).unwrap();
        assert!(i.estimate > 11.0 && i.lo < 10.0, "{i:?}");
    }

    proptest! {
        #[test]
        fn the_estimate_lies_in_its_interval_and_in_the_range(
            xs in prop::collection::vec(1e-9f64..1e9, 1..40),
            confidence in 0.5f64..0.999,
        ) {
            let i = geometric_mean_ci(&xs, confidence).unwrap();
            let least = xs.iter().copied().fold(f64::INFINITY, f64::min);
            let most = xs.iter().copied().fold(0.0, f64::max);
            prop_assert!(i.lo <= i.estimate && i.estimate <= i.hi);
            prop_assert!(i.estimate >= least * (1.0 - 1e-9) && i.estimate <= most * (1.0 + 1e-9));
        }

        #[test]
        fn scaling_the_numbers_scales_the_interval(
            xs in prop::collection::vec(1e-3f64..1e3, 2..20),
            scale in 1e-3f64..1e3,
        ) {
            let scaled: Vec<f64> = xs.iter().map(|x| x * scale).collect();
            let (a, b) = (geometric_mean_ci(&xs, 0.95).unwrap(), geometric_mean_ci(&scaled, 0.95).unwrap());
            prop_assert!((b.estimate / a.estimate / scale - 1.0).abs() < 1e-6);
        }
    }
}
