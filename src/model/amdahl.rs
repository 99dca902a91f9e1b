//! Amdahl's law as a throughput: X(N) = λN / (1 + σ(N−1)), the universal scalability law without κ.
//!
//! G. M. Amdahl, "Validity of the single processor approach to achieving large scale computing
//! capabilities", AFIPS 30 (1967), 483–485. σ is the serial share; the throughput never passes λ/σ.

use crate::model::estimate::Estimate;
use crate::model::nls::{self, Curve, Face, Point};
use crate::model::usl::residual;

/// Number of coefficients of the law: λ and σ.
const PARAMETERS: usize = 2;

/// Amdahl's law fitted to points.
#[derive(Debug, Clone, PartialEq)]
pub struct Amdahl {
    /// λ, tasks per second of one task in flight.
    pub lambda: Estimate,
    /// σ, the serial share.
    pub sigma: Estimate,
    /// The standard deviation of the residuals, over the root mean square of the rates.
    pub residual: f64,
    curve: Curve,
}

impl Amdahl {
    /// Fits the law by least squares with 0 ≤ σ ≤ 1; `None` if the points do not determine it.
    pub fn fit(points: &[Point]) -> Option<Self> {
        let curve = nls::fit(points, &[Face::Contended, Face::Linear, Face::Serial])?;
        let covariance = nls::covariance(points, &curve, PARAMETERS)?;
        let freedom = points.len() - PARAMETERS;
        Some(Amdahl {
            lambda: Estimate::lambda(&curve, &covariance, freedom),
            sigma: Estimate::sigma(&curve, &covariance, freedom),
            residual: residual(points, curve.loss(points), freedom),
            curve,
        })
    }

    /// Returns the tasks per second at a width.
    pub fn at(&self, width: f64) -> f64 {
        self.curve.at(width)
    }

    /// Returns λ/σ, the limit of the throughput as the width grows; `None` if nothing is serial.
    pub fn ceiling(&self) -> Option<f64> {
        (self.sigma.value > 0.0).then(|| self.lambda.value / self.sigma.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_tenth_bounds_the_speed_up_at_ten() {
        let widths = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
        let points: Vec<Point> =
            widths.iter().map(|n| Point::new(*n, 50.0 * n / (1.0 + 0.1 * (n - 1.0)))).collect();
        let fit = Amdahl::fit(&points).expect("a fit");
        assert!((fit.sigma.value - 0.1).abs() < 1e-9 && (fit.lambda.value - 50.0).abs() < 1e-6, "{fit:?}");
        assert!((fit.ceiling().expect("a ceiling") - 500.0).abs() < 1e-4);
        assert!((fit.at(64.0) - 50.0 * 64.0 / 7.3).abs() < 1e-6);
    }

    #[test]
    fn growth_in_proportion_has_no_ceiling() {
        let points: Vec<Point> = (1..8).map(|n| Point::new(f64::from(n), 3.0 * f64::from(n))).collect();
        let fit = Amdahl::fit(&points).expect("a fit");
        assert!(fit.sigma.value < 1e-9, "{fit:?}");
        assert!(fit.ceiling().is_none_or(|ceiling| ceiling > 1e6));
    }

    #[test]
    fn super_linear_growth_is_taken_as_linear() {
        let points: Vec<Point> = (1..8).map(|n| Point::new(f64::from(n), f64::from(n * n))).collect();
        let fit = Amdahl::fit(&points).expect("a fit");
        assert_eq!((fit.sigma.value, fit.ceiling()), (0.0, None));
    }
}
