//! A mean that one outlier cannot spoil, and what its spread allows to be said of it.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::stats::quantile::{mad, median};

/// How many scaled median absolute deviations an observation may lie from the median.
///
/// Three is the cautious choice of Leys et al., "Detecting outliers", J. Exp. Soc. Psychol. 49
/// (2013), 764–766.
const WINSOR_LIMIT: f64 = 3.0;

/// Makes the median absolute deviation of normal numbers estimate their standard deviation:
/// 1/Φ⁻¹(3/4), from Rousseeuw and Croux, J. Am. Stat. Assoc. 88 (1993), 1273–1283.
const MAD_TO_SD: f64 = 1.4826;

/// Numbers that differ by a smaller share than this are equal but for rounding.
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
    /// Its standard error; infinite from one number, which says nothing of the spread.
    pub standard_error: f64,
    /// Degrees of freedom of Student's t; 0 from one number.
    pub freedom: f64,
    /// Numbers.
    pub n: usize,
}

impl Mean {
    /// The mean of finite numbers; `None` if there are none.
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

    /// The same mean where single numbers are known no better than to `sd`, a standard deviation: numbers
    /// that are equal as far as they were measured are not equal for certain.
    #[must_use]
    pub fn resolved_to(self, sd: f64) -> Self {
        let least = sd / (self.n as f64).sqrt();
        Mean { standard_error: self.standard_error.max(least), ..self }
    }

    /// The same mean of numbers that say as much as `effective` independent ones.
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

    /// The mean less that of other numbers, with the degrees of freedom of Welch and Satterthwaite
    /// (B. L. Welch, Biometrika 34 (1947), 28–35).
    #[must_use]
    pub fn minus(self, other: Mean) -> Self {
        let n = self.n.min(other.n);
        let estimate = self.estimate - other.estimate;
        if self.freedom <= 0.0 || other.freedom <= 0.0 {
            return Mean { estimate, standard_error: f64::INFINITY, freedom: 0.0, n };
        }
        Mean { estimate, n, ..self }.blurred(other.standard_error, other.freedom)
    }

    /// The same mean with an independent error added, of which the standard deviation is known as well as
    /// from `freedom` + 1 numbers.
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

    /// Its two-sided interval; `confidence` is a share, such as 0.95. Everything from one number.
    pub fn interval(&self, confidence: f64) -> [f64; 2] {
        if self.freedom <= 0.0 {
            return [f64::NEG_INFINITY, f64::INFINITY];
        }
        let half = t_quantile(0.5 + confidence / 2.0, self.freedom) * self.standard_error;
        [self.estimate - half, self.estimate + half]
    }

    /// The probability of a mean as far above zero, or further, if the true one were zero; `None` where
    /// nothing is known of the spread.
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

    /// The same below zero.
    pub fn p_below_zero(&self) -> Option<f64> {
        Mean { estimate: -self.estimate, ..*self }.p_above_zero()
    }

    /// How far above zero a true mean has to be, to be seen there at the one-sided level `alpha` with a
    /// probability of `power`; `None` where nothing is known of the spread.
    ///
    /// That is (t₁₋ₐ + t_power)·SE (Cohen, *Statistical Power Analysis for the Behavioral Sciences*, 1988,
    /// section 2.4).
    pub fn smallest_effect(&self, alpha: f64, power: f64) -> Option<f64> {
        if self.freedom <= 0.0 {
            return None;
        }
        let t = t_quantile(1.0 - alpha, self.freedom) + t_quantile(power, self.freedom);
        Some(t * self.standard_error)
    }
}

/// Pulls outliers in, and counts the numbers left as they were: always more than half of them.
fn winsorise(xs: &[f64]) -> Option<(Vec<f64>, usize)> {
    let centre = median(xs)?;
    let reach = WINSOR_LIMIT * MAD_TO_SD * mad(xs)?;
    if reach <= centre.abs() * ROUNDING {
        // Where most numbers are equal but for rounding, every other one would count as an outlier.
        return Some((xs.to_vec(), xs.len()));
    }
    let winsorised: Vec<f64> = xs.iter().map(|x| x.clamp(centre - reach, centre + reach)).collect();
    let kept = xs.iter().zip(&winsorised).filter(|(x, w)| x == w).count();
    Some((winsorised, kept))
}

/// The quantile of Student's t below which a share of `p` lies.
pub(crate) fn t_quantile(p: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).expect("more than no degrees of freedom").inverse_cdf(p)
}
