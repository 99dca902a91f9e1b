//! A coefficient and how well it is known.

use crate::stats::interval::{CONFIDENCE, student_t};

/// A coefficient with its standard error and 95% confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate, at which the squared residuals are least.
    pub value: f64,
    /// Its standard error, by the linear approximation.
    pub standard_error: f64,
    /// The interval by Student's t, cut off where the coefficient cannot be.
    pub ci95: [f64; 2],
}

impl Estimate {
    /// An estimate with `freedom` degrees of freedom of a coefficient that lies between `least` and
    /// `most`.
    pub(super) fn new(value: f64, variance: f64, freedom: usize, [least, most]: [f64; 2]) -> Self {
        let standard_error = variance.max(0.0).sqrt();
        let half = student_t(CONFIDENCE, freedom) * standard_error;
        let ci95 = [(value - half).clamp(least, most), (value + half).clamp(least, most)];
        Estimate { value, standard_error, ci95 }
    }
}
