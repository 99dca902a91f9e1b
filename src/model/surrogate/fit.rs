//! The observations under given hyper-parameters, and the search for the likeliest ones.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use crate::model::surrogate::hyperparameters::Hyperparameters;
use crate::model::surrogate::params::SurrogateParams;
use crate::model::surrogate::point::{Observation, SurrogatePoint};

/// Variance added to the diagonal of a covariance, so that rounding leaves it positive definite.
pub(super) const JITTER: f64 = 1e-9;

/// The points, batches and parameters that a fit uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) points: &'a [SurrogatePoint],
    pub(super) observations: &'a [Observation],
    pub(super) params: &'a SurrogateParams,
}

/// The observations under given hyper-parameters.
pub(super) struct Fit<'a> {
    data: Data<'a>,
    hyper: Hyperparameters,
    factor: Cholesky<f64, Dyn>,
    residuals: DVector<f64>,
    solved: DVector<f64>,
    weights: &'a [f64],
}

impl<'a> Fit<'a> {
    /// Fits the observations; `None` without any, or where rounding spoils their covariance.
    pub(super) fn new(data: Data<'a>, weights: &'a [f64], hyper: Hyperparameters) -> Option<Self> {
        let Data { points, observations, params } = data;
        if observations.is_empty() {
            return None;
        }
        let n = observations.len();
        let (drift, noise) = (hyper.drift(params).powi(2), hyper.noise(params).powi(2));
        let covariance = DMatrix::from_fn(n, n, |i, j| {
            let (a, b) = (&observations[i], &observations[j]);
            let together = drift * (-(a.at_s - b.at_s).abs() / params.drift_time_s).exp();
            let own = if i == j { noise / weights[i] + JITTER } else { 0.0 };
            hyper.kernel(points, (a.point, b.point), params) + together + own
        });
        let residual = |o: &Observation| o.value - hyper.prior_mean(&points[o.point]);
        let residuals = DVector::from_iterator(n, observations.iter().map(residual));
        let factor = Cholesky::new(covariance)?;
        let solved = factor.solve(&residuals);
        Some(Fit { data, hyper, factor, residuals, solved, weights })
    }

    /// Returns ln of the likelihood of the observations, up to a constant.
    fn ln_likelihood(&self) -> f64 {
        let ln_root_determinant: f64 = self.factor.l_dirty().diagonal().iter().map(|d| d.ln()).sum();
        -self.residuals.dot(&self.solved) / 2.0 - ln_root_determinant
    }

    /// Returns the weight of each observation: the further it lies from what the others imply, the smaller.
    ///
    /// The noise part of a residual is `noise² · K⁻¹r` (Rasmussen and Williams, section 5.4.2).
    pub(super) fn weights(&self) -> Vec<f64> {
        let (noise, limit) = (self.hyper.noise(self.data.params), self.data.params.outlier_sds);
        let off = |i: usize| (noise / self.weights[i] * self.solved[i]).abs();
        (0..self.weights.len()).map(|i| if off(i) > limit { limit / off(i) } else { 1.0 }).collect()
    }

    /// Returns the mean and the covariance of all points given the observations, from their prior mean and
    /// covariance.
    pub(super) fn condition(&self, prior: DVector<f64>, own: DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let Data { points, observations, params } = self.data;
        let between = DMatrix::from_fn(observations.len(), points.len(), |i, j| {
            self.hyper.kernel(points, (observations[i].point, j), params)
        });
        let mean = prior + between.tr_mul(&self.solved);
        (mean, own - between.tr_mul(&self.factor.solve(&between)))
    }
}

/// Returns the likeliest hyper-parameters that a search from `begin` finds, with a ceiling and without one.
pub(super) fn most_likely(data: Data<'_>, weights: &[f64], begin: Hyperparameters) -> Hyperparameters {
    let Data { points, observations, params } = data;
    let likelihood = |hyper: Hyperparameters| {
        let fit = Fit::new(data, weights, hyper);
        (hyper, hyper.ln_prior(params) + fit.map_or(f64::NEG_INFINITY, |fit| fit.ln_likelihood()))
    };
    let open = likelihood(begin.without_ceiling());
    let falls_short = |o: &&Observation| o.value < points[o.point].prior - params.min_shortfall;
    let under = |o: &Observation| likelihood(begin.under_ceiling(o.value, params));
    let capped = observations.iter().filter(falls_short).map(under).max_by(|a, b| a.1.total_cmp(&b.1));
    let found = [Some(open), capped].into_iter().flatten().map(|begin| climb(begin, params, likelihood));
    found.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(begin, |best| best.0)
}

/// Climbs to hyper-parameters that are at least as likely as every neighbour.
fn climb(
    begin: (Hyperparameters, f64),
    params: &SurrogateParams,
    likelihood: impl Fn(Hyperparameters) -> (Hyperparameters, f64),
) -> (Hyperparameters, f64) {
    let mut best = begin;
    loop {
        match best.0.neighbours(params).map(&likelihood).max_by(|a, b| a.1.total_cmp(&b.1)) {
            Some(next) if next.1 > best.1 => best = next,
            _ => return best,
        }
    }
}
