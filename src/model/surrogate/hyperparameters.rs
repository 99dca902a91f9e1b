//! The hyper-parameters of the process, estimated from the batches.

use crate::model::surrogate::params::SurrogateParams;
use crate::model::surrogate::point::SurrogatePoint;

/// The size of errors, noise and drift, as indices into the grids of [`SurrogateParams`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hyperparameters {
    scale: usize,
    noise: usize,
    drift: usize,
    /// ln of the highest throughput of any configuration in tasks per second, whatever the predictions say.
    pub(super) ceiling: Option<f64>,
    /// The strategy whose predictions are off on their own, by any amount, such as one whose event loop
    /// blocks.
    pub(super) odd: Option<usize>,
}

impl Hyperparameters {
    /// Returns the values that are expected before anything is measured.
    pub(crate) fn usual(params: &SurrogateParams) -> Self {
        Hyperparameters {
            scale: params.usual_scale,
            noise: params.usual_noise,
            drift: params.usual_drift,
            ceiling: None,
            odd: None,
        }
    }

    /// Returns these values without a ceiling and without an odd strategy.
    pub(super) fn plain(self) -> Self {
        Hyperparameters { ceiling: None, odd: None, ..self }
    }

    /// Returns these values of noise and drift where one strategy is off on its own, with the usual scale of
    /// all other errors.
    pub(super) fn with_odd(self, strategy: usize, params: &SurrogateParams) -> Self {
        Hyperparameters { scale: params.usual_scale, ceiling: None, odd: Some(strategy), ..self }
    }

    /// Returns these values of noise and drift under a ceiling, with the scale that is tried first there.
    pub(super) fn under_ceiling(self, ceiling: f64, params: &SurrogateParams) -> Self {
        Hyperparameters { scale: params.ceiling_scale, ceiling: Some(ceiling), odd: None, ..self }
    }

    /// Returns the standard deviation of ln throughput between batches of one configuration.
    pub(crate) fn noise(self, params: &SurrogateParams) -> f64 {
        params.noises[self.noise]
    }

    /// Returns the standard deviation of the drift of ln throughput.
    pub(super) fn drift(self, params: &SurrogateParams) -> f64 {
        params.drifts[self.drift]
    }

    fn scale(self, params: &SurrogateParams) -> f64 {
        params.scales[self.scale]
    }

    /// Returns ln of the throughput that is expected of a point before it is measured.
    pub(super) fn prior_mean(self, point: &SurrogatePoint) -> f64 {
        self.ceiling.map_or(point.prior, |ceiling| point.prior.min(ceiling))
    }

    /// Returns the share of a prediction's error that remains under the ceiling.
    fn attenuation(self, point: &SurrogatePoint, params: &SurrogateParams) -> f64 {
        let above = self.ceiling.map_or(0.0, |ceiling| (point.prior - ceiling).max(0.0));
        (-above / params.attenuation_length).exp().max(params.residual_attenuation)
    }

    /// Returns the covariance of the errors of two predictions.
    pub(super) fn kernel(
        self,
        points: &[SurrogatePoint],
        (i, j): (usize, usize),
        params: &SurrogateParams,
    ) -> f64 {
        let (a, b) = (&points[i], &points[j]);
        let apart = (a.log2_width - b.log2_width) / params.width_length_doublings;
        let near = (-apart * apart / 2.0).exp();
        let mut k = params.common_sd.powi(2) + params.width_sd.powi(2) * near;
        if a.strategy == b.strategy {
            k += params.strategy_sd.powi(2) + params.strategy_width_sd.powi(2) * near;
        }
        k += by_factors(a, b, params);
        if i == j {
            k += params.configuration_sd.powi(2);
        }
        let k = k * self.scale(params).powi(2) * self.attenuation(a, params) * self.attenuation(b, params);
        let is_odd = a.strategy == b.strategy && self.odd == Some(a.strategy);
        if is_odd { k + params.odd_sd.powi(2) * (1.0 + near) } else { k }
    }

    /// Returns the values one step away in the grids.
    pub(super) fn neighbours(self, params: &SurrogateParams) -> impl Iterator<Item = Hyperparameters> {
        let around = |i: usize, len: usize| [i.wrapping_sub(1), i + 1].into_iter().filter(move |i| *i < len);
        let scales = around(self.scale, params.scales.len());
        let noises = around(self.noise, params.noises.len());
        let drifts = around(self.drift, params.drifts.len());
        let scales = scales.map(move |scale| Hyperparameters { scale, ..self });
        let noises = noises.map(move |noise| Hyperparameters { noise, ..self });
        scales.chain(noises).chain(drifts.map(move |drift| Hyperparameters { drift, ..self }))
    }

    /// Returns ln of the prior probability of the values, up to a constant.
    pub(super) fn ln_prior(self, params: &SurrogateParams) -> f64 {
        let usual = Hyperparameters::usual(params);
        let off = |value: f64, usual: f64| ((value / usual).ln() / params.hyperprior_sd).powi(2) / 2.0;
        -off(self.scale(params), usual.scale(params))
            - off(self.noise(params), usual.noise(params))
            - off(self.drift(params), usual.drift(params))
            - self.ceiling.map_or(0.0, |_| params.ceiling_cost)
            - self.odd.map_or(0.0, |_| params.odd_cost)
    }
}

/// Returns the covariance of the errors along the two factors of the width. They change without warning, as at the
/// edge of a cache or of a socket: the process along each is that of Ornstein and Uhlenbeck, which has no slope.
fn by_factors(a: &SurrogatePoint, b: &SurrogatePoint, params: &SurrogateParams) -> f64 {
    let near = |x: f64, y: f64| (-(x - y).abs() / params.factor_length_doublings).exp();
    let outer = near(a.log2_outer, b.log2_outer);
    let inner = near(a.log2_width - a.log2_outer, b.log2_width - b.log2_outer);
    params.factor_sd.powi(2) * (outer + inner) + params.factors_sd.powi(2) * outer * inner
}
