//! A mean that resists outliers, with its standard error and tests.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::stats::quantile::{mad, median};

/// Maximum distance of an observation from the median, in scaled median absolute deviations.
///
/// Three is the cautious choice of Leys et al., "Detecting outliers", J. Exp. Soc. Psychol. 49
/// (2013), 764–766.
const WINSOR_LIMIT: f64 = 3.0;

/// Factor from the median absolute deviation of normal numbers to their standard deviation: 1/Φ⁻¹(3/4), from
/// Rousseeuw and Croux, J. Am. Stat. Assoc. 88 (1993), 1273–1283.
const MAD_TO_SD: f64 = 1.4826;

/// Relative difference below which numbers are equal except for rounding.
const ROUNDING: f64 = 1e-12;

/// The winsorised mean of some numbers, with its standard error.
///
/// Outliers are pulled in to three median absolute deviations from the median; the standard error of the
/// `n` winsorised numbers is multiplied by `(n − 1)/(h − 1)` and Student's t has `h − 1` degrees of
/// freedom, where `h` numbers were left as they were (Tukey and McLaughlin, Sankhyā A 25 (1963),
/// 331–352).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean, in the unit of the numbers.
    pub estimate: f64,
    /// The standard error; infinite for one number, which says nothing about the spread.
    pub standard_error: f64,
    /// Degrees of freedom of Student's t; 0 for one number.
    pub freedom: f64,
    /// Number of observations.
    pub n: usize,
}

impl Mean {
    /// Returns the winsorised mean of the finite numbers; `None` if there are none.
    pub fn winsorised(xs: &[f64]) -> Option<Self> {
        let (winsorised, kept) = winsorise(xs)?;
        let n = winsorised.len();
        let estimate = winsorised.iter().sum::<f64>() / n as f64;
        if n == 1 {
            return Some(Mean { estimate, standard_error: f64::INFINITY, freedom: 0.0, n });
        }
        let squares: f64 = winsorised.iter().map(|x| (x - estimate).powi(2)).sum();
        let widening = (n - 1) as f64 / (kept - 1) as f64;
        let standard_error = (squares / (n - 1) as f64 / n as f64).sqrt() * widening;
        Some(Mean { estimate, standard_error, freedom: (kept - 1) as f64, n })
    }

    /// Returns the mean with at least the standard error of numbers whose resolution has the standard deviation
    /// `sd`: numbers that look equal at this resolution may still differ.
    #[must_use]
    pub fn resolved_to(self, sd: f64) -> Self {
        let least = sd / (self.n as f64).sqrt();
        Mean { standard_error: self.standard_error.max(least), ..self }
    }

    /// Returns the mean with the standard error for an effective sample size of `effective`.
    #[must_use]
    pub fn with_effective(self, effective: f64) -> Self {
        let n = self.n as f64;
        if self.freedom <= 0.0 || effective >= n {
            return self;
        }
        let share = effective.max(1.0) / n;
        Mean {
            standard_error: self.standard_error / share.sqrt(),
            freedom: (self.freedom * share).max(1.0),
            ..self
        }
    }

    /// Returns the difference from another mean, with the degrees of freedom of Welch and Satterthwaite (B. L.
    /// Welch, Biometrika 34 (1947), 28–35).
    #[must_use]
    pub fn minus(self, other: Mean) -> Self {
        let n = self.n.min(other.n);
        let estimate = self.estimate - other.estimate;
        if self.freedom <= 0.0 || other.freedom <= 0.0 {
            return Mean { estimate, standard_error: f64::INFINITY, freedom: 0.0, n };
        }
        Mean { estimate, n, ..self }.blurred(other.standard_error, other.freedom)
    }

    /// Returns the mean with an independent error added, whose standard deviation has `freedom` degrees of
    /// freedom.
    #[must_use]
    pub fn blurred(self, sd: f64, freedom: f64) -> Self {
        let (own, added) = (self.standard_error.powi(2), sd.powi(2));
        if self.freedom <= 0.0 || own + added <= 0.0 {
            return self;
        }
        let weights = own.powi(2) / self.freedom + added.powi(2) / freedom.max(f64::MIN_POSITIVE);
        let together = (own + added).powi(2) / weights;
        Mean { standard_error: (own + added).sqrt(), freedom: together, ..self }
    }

    /// Returns the two-sided interval, unbounded for one number; `confidence` is a share, such as 0.95.
    pub fn interval(&self, confidence: f64) -> [f64; 2] {
        if self.freedom <= 0.0 {
            return [f64::NEG_INFINITY, f64::INFINITY];
        }
        let half = t_quantile(0.5 + confidence / 2.0, self.freedom) * self.standard_error;
        [self.estimate - half, self.estimate + half]
    }

    /// Returns the one-sided p-value of a mean above zero; `None` if the spread is unknown.
    pub fn p_above_zero(&self) -> Option<f64> {
        if self.freedom <= 0.0 {
            return None;
        }
        if self.standard_error <= 0.0 {
            return Some(if self.estimate > 0.0 { 0.0 } else { 1.0 });
        }
        let t = self.estimate / self.standard_error;
        let beyond = StudentsT::new(0.0, 1.0, self.freedom).expect("more than no degrees of freedom");
        Some(beyond.sf(t))
    }

    /// Returns the one-sided p-value of a mean below zero; `None` if the spread is unknown.
    pub fn p_below_zero(&self) -> Option<f64> {
        Mean { estimate: -self.estimate, ..*self }.p_above_zero()
    }

    /// Returns the smallest true mean above zero that a test at the one-sided level `alpha` detects with a
    /// probability of `power`; `None` if the spread is unknown.
    ///
    /// The formula is (t₁₋ₐ + t_power)·SE (Cohen, *Statistical Power Analysis for the Behavioral Sciences*, 1988,
    /// section 2.4).
    pub fn smallest_effect(&self, alpha: f64, power: f64) -> Option<f64> {
        if self.freedom <= 0.0 {
            return None;
        }
        let t = t_quantile(1.0 - alpha, self.freedom) + t_quantile(power, self.freedom);
        Some(t * self.standard_error)
    }
}

/// Pulls outliers in, and counts the unchanged numbers, which are always more than half.
fn winsorise(xs: &[f64]) -> Option<(Vec<f64>, usize)> {
    let centre = median(xs)?;
    let reach = WINSOR_LIMIT * MAD_TO_SD * mad(xs)?;
    if reach <= centre.abs() * ROUNDING {
        // If most numbers are equal except for rounding, every other number would count as an outlier.
        return Some((xs.to_vec(), xs.len()));
    }
    let winsorised: Vec<f64> = xs.iter().map(|x| x.clamp(centre - reach, centre + reach)).collect();
    let kept = xs.iter().zip(&winsorised).filter(|(x, w)| x == w).count();
    Some((winsorised, kept))
}

/// Returns the quantile of Student's t below which a share of `p` lies.
pub(crate) fn t_quantile(p: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).expect("more than no degrees of freedom").inverse_cdf(p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual / expected - 1.0).abs() < 1e-6, "{actual} is not {expected}");
    }

    /// Eight numbers, of which the last is an outlier.
    const XS: [f64; 8] = [0.04, 0.01, 0.05, 0.02, 0.03, 0.06, 0.02, 0.9];

    #[test]
    fn it_is_what_numpy_and_scipy_say() {
        // numpy: w = clip(xs, median ± 3 * 1.4826 * MAD), of which h = 7 are as they were;
        // se = std(w, ddof=1) / sqrt(8) * 7 / (h - 1); scipy.stats.t.sf(mean(w) / se, h - 1), SciPy 1.17.
        let mean = Mean::winsorised(&XS).unwrap();
        assert_close(mean.estimate, 0.041_464_625);
        assert_close(mean.standard_error, 0.012_168_206_17);
        assert_eq!((mean.freedom, mean.n), (6.0, 8));
        assert_close(mean.p_above_zero().unwrap(), 0.007_180_306_63);
        assert_close(mean.p_below_zero().unwrap(), 0.992_819_693_4);
        // t.ppf(.95, 6) * se on either side; (t.ppf(.99, 6) + t.ppf(.8, 6)) * se.
        let [lo, hi] = mean.interval(0.9);
        assert_close(lo, 0.017_819_61);
        assert_close(hi, 0.065_109_64);
        assert_close(mean.smallest_effect(0.01, 0.8).unwrap(), 0.049_261_421_37);
    }

    #[test]
    fn the_difference_of_two_is_welchs() {
        // scipy.stats.ttest_ind(a, b, equal_var=False, alternative="greater"); no number is an outlier.
        let a = Mean::winsorised(&[10.2, 11.1, 9.8, 10.5, 10.9]).unwrap();
        let b = Mean::winsorised(&[9.1, 9.9, 9.4, 8.7, 9.6, 9.0]).unwrap();
        let difference = a.minus(b);
        assert_close(difference.estimate / difference.standard_error, 4.134_136_43);
        assert_close(difference.freedom, 7.845_900_215);
        assert_close(difference.p_above_zero().unwrap(), 0.001_710_410_901);
    }

    #[test]
    fn one_number_says_nothing_of_its_spread() {
        let one = Mean::winsorised(&[3.0]).unwrap();
        assert_eq!((one.p_above_zero(), one.smallest_effect(0.01, 0.8)), (None, None));
        assert_eq!(one.interval(0.95), [f64::NEG_INFINITY, f64::INFINITY]);
        let many = Mean::winsorised(&XS).unwrap();
        assert_eq!(many.minus(one).p_above_zero(), None);
        assert_eq!(Mean::winsorised(&[]), None);
    }

    #[test]
    fn equal_numbers_are_equal_as_far_as_they_were_measured() {
        let equal = Mean::winsorised(&[0.0; 20]).unwrap();
        assert_eq!((equal.p_above_zero(), equal.interval(0.95)), (Some(1.0), [0.0, 0.0]));
        let resolved = equal.resolved_to(0.01);
        assert_close(resolved.standard_error, 0.01 / 20f64.sqrt());
        assert_eq!(resolved.p_above_zero(), Some(0.5));
        let spread = Mean::winsorised(&XS).unwrap();
        assert_eq!(spread.resolved_to(1e-9), spread);
    }

    #[test]
    fn fewer_effective_numbers_say_less() {
        let mean = Mean::winsorised(&XS).unwrap();
        assert_eq!(mean.with_effective(8.0), mean);
        let half = mean.with_effective(4.0);
        assert_close(half.standard_error, mean.standard_error * 2f64.sqrt());
        assert_eq!(half.freedom, 3.0);
        assert_eq!(mean.with_effective(0.0).freedom, 1.0);
    }

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(-1e3f64..1e3, 2..30)
    }

    proptest! {
        #[test]
        fn probabilities_are_probabilities_and_the_two_sides_make_one(xs in numbers()) {
            let mean = Mean::winsorised(&xs).unwrap();
            let (above, below) = (mean.p_above_zero().unwrap(), mean.p_below_zero().unwrap());
            prop_assert!((0.0..=1.0).contains(&above) && (0.0..=1.0).contains(&below));
            prop_assert!((above + below - 1.0).abs() < 1e-9);
        }

        #[test]
        fn an_interval_excludes_zero_exactly_where_the_test_sees_it(xs in numbers(), shift in -50f64..50.0) {
            let shifted: Vec<f64> = xs.iter().map(|x| x + shift).collect();
            let mean = Mean::winsorised(&shifted).unwrap();
            let p = mean.p_above_zero().unwrap();
            // At the edge itself rounding decides.
            prop_assume!((p - 0.05).abs() > 1e-6);
            prop_assert_eq!(mean.interval(0.9)[0] > 0.0, p < 0.05);
        }

        #[test]
        fn an_added_error_never_makes_anything_surer(xs in numbers(), sd in 0f64..100.0, freedom in 1f64..50.0) {
            let mean = Mean::winsorised(&xs).unwrap();
            let blurred = mean.blurred(sd, freedom);
            prop_assert!(blurred.standard_error >= mean.standard_error);
            prop_assert!(blurred.freedom <= mean.freedom + freedom + 1e-6);
            prop_assert!(blurred.freedom >= mean.freedom.min(freedom) * (1.0 - 1e-9));
        }

        #[test]
        fn a_level_that_is_harder_to_reach_takes_a_larger_effect(xs in numbers()) {
            let mean = Mean::winsorised(&xs).unwrap();
            let at = |alpha| mean.smallest_effect(alpha, 0.8).unwrap();
            prop_assert!(at(1e-4) >= at(1e-2) && at(1e-2) >= at(0.2));
        }
    }
}
