//! The universal scalability law: X(N) = λN / (1 + σ(N−1) + κN(N−1)).
//!
//! N. J. Gunther, *Guerrilla Capacity Planning*, 2007, chapters 4 to 6. λ is the throughput of one
//! task in flight, σ the share that is serialised (contention), κ the cost of keeping tasks consistent
//! with one another (coherency). Fitted with 0 ≤ σ ≤ 1 and κ ≥ 0: unbounded least squares gives the
//! published raytracer data κ < 0, and a throughput that grows ever faster.

use crate::model::estimate::Estimate;
use crate::model::nls::{self, Curve, Face, Matrix, Point};

/// Number of coefficients of the law: λ, σ and κ.
const PARAMETERS: usize = 3;

const FACES: [Face; 6] =
    [Face::Inside, Face::Contended, Face::Incoherent, Face::Linear, Face::SerialIncoherent, Face::Serial];

/// The universal scalability law fitted to points.
#[derive(Debug, Clone, PartialEq)]
pub struct Usl {
    /// λ, tasks per second of one task in flight.
    pub lambda: Estimate,
    /// σ, the share of the work that is serialised.
    pub sigma: Estimate,
    /// κ, the cost of keeping tasks consistent with one another.
    pub kappa: Estimate,
    /// The standard deviation of the residuals, over the root mean square of the rates: 0.02 means
    /// that the points lie about 2% off the curve.
    pub residual: f64,
    /// The weighted sum of squared residuals.
    pub(super) loss: f64,
    curve: Curve,
    covariance: Matrix,
    freedom: usize,
}

impl Usl {
    /// Fits the law by least squares; each of several points at one width counts.
    ///
    /// `None` if the points do not determine the coefficients: there must be more than three points, at
    /// three or more widths.
    pub fn fit(points: &[Point]) -> Option<Self> {
        let curve = nls::fit(points, &FACES)?;
        let covariance = nls::covariance(points, &curve, PARAMETERS)?;
        let freedom = points.len() - PARAMETERS;
        let loss = curve.loss(points);
        Some(Usl {
            lambda: Estimate::lambda(&curve, &covariance, freedom),
            sigma: Estimate::sigma(&curve, &covariance, freedom),
            kappa: Estimate::kappa(&curve, &covariance, freedom),
            residual: residual(points, loss, freedom),
            loss,
            curve,
            covariance,
            freedom,
        })
    }

    /// Returns the tasks per second at a width.
    pub fn at(&self, width: f64) -> f64 {
        self.curve.at(width)
    }

    /// Returns the 95% confidence interval of [`Usl::at`].
    pub fn band(&self, width: f64) -> [f64; 2] {
        let variance = nls::quadratic(&self.covariance, self.curve.gradient(width));
        Estimate::new(self.at(width), variance, self.freedom, [0.0, f64::INFINITY]).ci95
    }

    /// Returns the width of the highest throughput, √((1−σ)/κ); `None` if throughput never falls.
    pub fn peak(&self) -> Option<f64> {
        (self.kappa.value > 0.0)
            .then(|| ((1.0 - self.sigma.value) / self.kappa.value).max(0.0).sqrt().max(1.0))
    }
}

/// Returns the standard deviation of the residuals over the root mean square of the rates.
pub(super) fn residual(points: &[Point], loss: f64, freedom: usize) -> f64 {
    let squares: f64 = points.iter().map(|p| p.weight * p.rate * p.rate).sum();
    (loss / freedom as f64 / (squares / points.len() as f64)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn law(lambda: f64, sigma: f64, kappa: f64) -> impl Fn(f64) -> f64 {
        move |n| lambda * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
    }

    fn points(widths: &[f64], rate: impl Fn(f64) -> f64) -> Vec<Point> {
        widths.iter().map(|n| Point::new(*n, rate(*n))).collect()
    }

    const WIDTHS: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 24.0, 32.0, 64.0];

    #[test]
    fn fewer_points_than_it_takes_are_no_fit() {
        assert_eq!(Usl::fit(&points(&[1.0, 2.0, 4.0], law(10.0, 0.1, 0.01))), None);
        assert_eq!(Usl::fit(&[]), None);
        let two_widths = points(&[1.0, 2.0], law(10.0, 0.1, 0.01)).repeat(4);
        assert_eq!(Usl::fit(&two_widths), None);
    }

    #[test]
    fn a_lock_that_all_tasks_share_is_a_share_of_one() {
        let fit = Usl::fit(&points(&WIDTHS, |n| 100.0 * (1.0 + 0.01 * (n * 7.0).sin()))).expect("a fit");
        assert!(fit.sigma.value > 0.98 && fit.sigma.value <= 1.0, "{:?}", fit.sigma);
        assert!(fit.kappa.value < 1e-3, "{:?}", fit.kappa);
    }

    #[test]
    fn throughput_that_falls_from_the_first_width_on_peaks_there() {
        let fit = Usl::fit(&points(&WIDTHS, |n| 100.0 / n.sqrt())).expect("a fit");
        assert_eq!(fit.sigma.value, 1.0);
        assert_eq!(fit.peak(), Some(1.0));
    }

    #[test]
    fn a_width_measured_twice_counts_twice() {
        let mut twice = points(&WIDTHS, law(10.0, 0.1, 0.001));
        twice.push(Point::new(8.0, 50.0));
        let mut weighted = points(&WIDTHS, law(10.0, 0.1, 0.001));
        let mean = (weighted[4].rate + 50.0) / 2.0;
        weighted[4] = Point { rate: mean, weight: 2.0, ..weighted[4] };
        let (a, b) = (Usl::fit(&twice).expect("a fit"), Usl::fit(&weighted).expect("a fit"));
        assert!((a.sigma.value / b.sigma.value - 1.0).abs() < 1e-6);
        assert!((a.kappa.value / b.kappa.value - 1.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn exact_points_give_their_coefficients_back(
            lambda in 1e-3f64..1e6, sigma in 0.0f64..0.9, kappa in 0.0f64..0.05,
        ) {
            let fit = Usl::fit(&points(&WIDTHS, law(lambda, sigma, kappa))).expect("a fit");
            prop_assert!((fit.lambda.value / lambda - 1.0).abs() < 1e-6, "{:?}", fit);
            prop_assert!((fit.sigma.value - sigma).abs() < 1e-6, "{:?}", fit);
            prop_assert!((fit.kappa.value - kappa).abs() < 1e-7, "{:?}", fit);
            prop_assert!(fit.residual < 1e-6);
        }

        #[test]
        fn no_curve_nearby_that_keeps_the_bounds_is_closer(
            noise in prop::collection::vec(0.7f64..1.3, 9),
            sigma in 0.0f64..0.5, kappa in 0.0f64..0.01,
            moves in prop::array::uniform3(-0.02f64..0.02),
        ) {
            let exact = law(100.0, sigma, kappa);
            let noisy: Vec<Point> =
                WIDTHS.iter().zip(&noise).map(|(n, e)| Point::new(*n, exact(*n) * e)).collect();
            let fit = Usl::fit(&noisy).expect("a fit");
            let loss = |x: &dyn Fn(f64) -> f64| -> f64 {
                noisy.iter().map(|p| (p.rate - x(p.width)).powi(2)).sum()
            };
            let other = law(
                fit.lambda.value * (1.0 + moves[0]),
                (fit.sigma.value + moves[1]).clamp(0.0, 1.0),
                (fit.kappa.value * (1.0 + moves[2])).max(0.0),
            );
            prop_assert!(loss(&|n| fit.at(n)) <= loss(&other) * (1.0 + 1e-9));
            prop_assert!((0.0..=1.0).contains(&fit.sigma.value) && fit.kappa.value >= 0.0);
        }

        #[test]
        fn the_unit_of_the_rates_scales_lambda_alone(
            noise in prop::collection::vec(0.9f64..1.1, 9), scale in 1e-3f64..1e6,
        ) {
            let exact = law(100.0, 0.05, 0.001);
            let at = |scale: f64| -> Vec<Point> {
                WIDTHS.iter().zip(&noise).map(|(n, e)| Point::new(*n, exact(*n) * e * scale)).collect()
            };
            let (a, b) = (Usl::fit(&at(1.0)).expect("a fit"), Usl::fit(&at(scale)).expect("a fit"));
            prop_assert!((b.lambda.value / a.lambda.value / scale - 1.0).abs() < 1e-5);
            prop_assert!((b.sigma.value - a.sigma.value).abs() < 1e-5);
            prop_assert!((b.kappa.value - a.kappa.value).abs() < 1e-6);
        }

        #[test]
        fn the_band_holds_the_curve(noise in prop::collection::vec(0.8f64..1.2, 9), n in 1.0f64..200.0) {
            let exact = law(100.0, 0.05, 0.001);
            let noisy: Vec<Point> =
                WIDTHS.iter().zip(&noise).map(|(n, e)| Point::new(*n, exact(*n) * e)).collect();
            let fit = Usl::fit(&noisy).expect("a fit");
            let [lo, hi] = fit.band(n);
            prop_assert!(lo <= fit.at(n) && fit.at(n) <= hi && lo >= 0.0);
        }
    }
}
