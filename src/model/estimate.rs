//! A coefficient with its uncertainty.

use crate::model::nls::{Curve, Matrix, Vector, quadratic};
use crate::stats::interval::{CONFIDENCE, student_t};

/// A coefficient with its standard error and 95% confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The least-squares estimate.
    pub value: f64,
    /// Standard error of `value`, by the linear approximation.
    pub standard_error: f64,
    /// The 95% confidence interval by Student's t, clipped to the possible values of the coefficient.
    pub ci95: [f64; 2],
}

impl Estimate {
    /// Returns an estimate, with `freedom` degrees of freedom, of a coefficient that lies between `least` and
    /// `most`.
    pub(super) fn new(value: f64, variance: f64, freedom: usize, [least, most]: [f64; 2]) -> Self {
        let standard_error = variance.max(0.0).sqrt();
        let half = student_t(CONFIDENCE, freedom) * standard_error;
        let ci95 = [(value - half).clamp(least, most), (value + half).clamp(least, most)];
        Estimate { value, standard_error, ci95 }
    }

    /// Returns λ = 1/a, with its variance by the delta method.
    pub(super) fn lambda(curve: &Curve, covariance: &Matrix, freedom: usize) -> Self {
        let variance = quadratic(covariance, [-1.0 / (curve.a * curve.a), 0.0, 0.0]);
        Estimate::new(1.0 / curve.a, variance, freedom, [0.0, f64::INFINITY])
    }

    /// Returns σ = b/a, with its variance by the delta method.
    pub(super) fn sigma(curve: &Curve, covariance: &Matrix, freedom: usize) -> Self {
        let gradient = [-curve.b / (curve.a * curve.a), 1.0 / curve.a, 0.0];
        Estimate::ratio(curve.b / curve.a, covariance, gradient, freedom, 1.0)
    }

    /// Returns κ = c/a, with its variance by the delta method.
    pub(super) fn kappa(curve: &Curve, covariance: &Matrix, freedom: usize) -> Self {
        let gradient = [-curve.c / (curve.a * curve.a), 0.0, 1.0 / curve.a];
        Estimate::ratio(curve.c / curve.a, covariance, gradient, freedom, f64::INFINITY)
    }

    fn ratio(value: f64, covariance: &Matrix, gradient: Vector, freedom: usize, most: f64) -> Self {
        Estimate::new(value, quadratic(covariance, gradient), freedom, [0.0, most])
    }
}
