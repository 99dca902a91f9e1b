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

/// Returns the likeliest hyper-parameters that a search from `begin` finds: with a ceiling that all share,
/// with a strategy that is off on its own, and with neither.
pub(super) fn most_likely(data: Data<'_>, weights: &[f64], begin: Hyperparameters) -> Hyperparameters {
    let Data { params, .. } = data;
    let likelihood = |hyper: Hyperparameters| {
        let fit = Fit::new(data, weights, hyper);
        (hyper, hyper.ln_prior(params) + fit.map_or(f64::NEG_INFINITY, |fit| fit.ln_likelihood()))
    };
    let likeliest =
        |of: &mut dyn Iterator<Item = Hyperparameters>| of.map(likelihood).max_by(|a, b| a.1.total_cmp(&b.1));
    let plain = likelihood(begin.plain());
    let capped = likeliest(&mut data.ceilings().map(|ceiling| begin.under_ceiling(ceiling, params)));
    let odd = likeliest(&mut data.odd_strategies().into_iter().map(|odd| begin.with_odd(odd, params)));
    let found =
        [Some(plain), capped, odd].into_iter().flatten().map(|begin| climb(begin, params, likelihood));
    found.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(begin, |best| best.0)
}

impl Data<'_> {
    /// Returns the values that may be a ceiling of all configurations: two strategies fall short of their
    /// predictions there, or the only one that has widths.
    ///
    /// One of several strategies that falls short proves nothing about the others: its event loop may block,
    /// or its workers may be slow.
    fn ceilings(&self) -> impl Iterator<Item = f64> {
        let Data { points, observations, params } = *self;
        let is_wide = |point: &&SurrogatePoint| point.log2_width > 0.0;
        let known = distinct(points.iter().filter(is_wide).map(|point| point.strategy));
        let needed = known.len().min(2);
        let falls_short = |o: &&Observation| o.value < points[o.point].prior - params.min_shortfall;
        let is_shared = move |ceiling: &f64| {
            let stopped = |o: &&Observation| {
                let point = &points[o.point];
                point.prior > ceiling + params.min_shortfall && o.value < ceiling + params.ceiling_tolerance
            };
            let stopped = observations.iter().filter(stopped).map(|o| &points[o.point]);
            distinct(stopped.filter(is_wide).map(|point| point.strategy)).len() >= needed
        };
        observations.iter().filter(falls_short).map(|o| o.value).filter(is_shared)
    }

    /// Returns the strategies that have batches far from their predictions.
    fn odd_strategies(&self) -> Vec<usize> {
        let Data { points, observations, params } = *self;
        let is_far = |o: &&Observation| (o.value - points[o.point].prior).abs() > params.min_oddity;
        distinct(observations.iter().filter(is_far).map(|o| points[o.point].strategy))
    }
}

/// Returns every number once, in order.
fn distinct(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
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
