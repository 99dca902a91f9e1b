//! The belief about every configuration, from all batches together.

use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::model::surrogate::{Belief, Hyperparameters, Observation, SurrogateParams, SurrogatePoint};
use crate::policy::INDIFFERENCE;
use crate::stats::interval::widen;

/// Number of joint draws from which probabilities are counted: their standard error is about 3%.
const POSTERIOR_DRAWS: usize = 256;

/// Largest number of configurations in one belief: the work grows with the cube of their number.
pub(crate) const MAX_MODELLED: usize = 256;

/// Standard normal quantile that leaves 10% outside, half on either side.
const Z90: f64 = 1.644_854;

/// Standard normal quantile that leaves 5% outside, half on either side.
const Z95: f64 = 1.959_964;

/// The belief about one configuration: a probability, and no guarantee.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Posterior {
    /// Median throughput in tasks per second.
    pub throughput_per_s: f64,
    /// Interval that holds the throughput with a probability of 95%.
    pub credible95: [f64; 2],
    /// Probability that no configuration is faster by more than 5%, including those not measured.
    pub near_best: f64,
    /// Probability that the measured configuration believed to be the fastest is not faster by more than 5%.
    pub near_leader: f64,
}

impl Posterior {
    /// Returns the belief with an interval that is wider by `factor`.
    pub(crate) fn widened(self, factor: f64) -> Self {
        Posterior { credible95: widen(self.throughput_per_s, self.credible95, factor), ..self }
    }
}

/// The belief about all configurations of a plan, updated as batches come in.
#[derive(Debug, Clone)]
pub(crate) struct Posteriors {
    params: SurrogateParams,
    points: Vec<SurrogatePoint>,
    observations: Vec<Observation>,
    normals: DMatrix<f64>,
    belief: Belief,
    prob_near_best: Vec<f64>,
}

impl Posteriors {
    /// Creates the belief before anything was measured.
    pub(crate) fn new(points: Vec<SurrogatePoint>, params: SurrogateParams, seed: u64) -> Self {
        let normals = normals(points.len(), seed);
        let belief = Belief::new(&points, &[], Hyperparameters::usual(&params), &params);
        let prob_near_best = vec![0.0; points.len()];
        let observations = Vec::new();
        let mut posteriors = Posteriors { params, points, observations, normals, belief, prob_near_best };
        posteriors.update();
        posteriors
    }

    /// Records a batch; `update` makes it count.
    pub(crate) fn observe(&mut self, point: usize, at_s: f64, throughput_per_s: f64) {
        self.observations.push(Observation { point, at_s, value: throughput_per_s.ln() });
    }

    /// Derives the belief from the batches so far.
    pub(crate) fn update(&mut self) {
        self.belief = Belief::new(&self.points, &self.observations, self.belief.hyper, &self.params);
        let drawn = self.belief.draw(&self.normals);
        let margin = INDIFFERENCE.ln_1p();
        let mut near = vec![0_u32; self.points.len()];
        for draw in drawn.column_iter() {
            let best = draw.max();
            near.iter_mut().zip(draw.iter()).for_each(|(n, x)| *n += u32::from(*x >= best - margin));
        }
        self.prob_near_best = near.into_iter().map(|n| f64::from(n) / POSTERIOR_DRAWS as f64).collect();
    }

    /// Returns the median throughput of one point, in tasks per second.
    pub(crate) fn per_s(&self, point: usize) -> f64 {
        self.belief.mean[point].exp()
    }

    /// Returns the throughput that one point reaches with a probability of 95%, in tasks per second.
    pub(crate) fn low_per_s(&self, point: usize) -> f64 {
        (self.belief.mean[point] - Z90 * self.belief.sd(point)).exp()
    }

    /// Returns the probability that one point is within the margin of the best of all.
    pub(crate) fn prob_near_best(&self, point: usize) -> f64 {
        self.prob_near_best[point]
    }

    /// Returns the probability that `challenger` is faster than `leader` by half the margin.
    pub(crate) fn prob_beats(&self, challenger: usize, leader: usize) -> f64 {
        let (mean, sd) = self.belief.difference(challenger, leader);
        let ahead = mean - INDIFFERENCE.ln_1p() / 2.0;
        if sd <= 0.0 { f64::from(u8::from(ahead > 0.0)) } else { Normal::standard().cdf(ahead / sd) }
    }

    /// Returns the probability that `a` is no slower than `b` by more than the margin.
    pub(crate) fn prob_not_worse(&self, a: usize, b: usize) -> f64 {
        let (mean, sd) = self.belief.difference(a, b);
        let ahead = mean + INDIFFERENCE.ln_1p();
        if sd <= 0.0 { f64::from(u8::from(ahead > 0.0)) } else { Normal::standard().cdf(ahead / sd) }
    }

    /// Returns the belief about one point.
    pub(crate) fn posterior(&self, point: usize, leader: usize) -> Posterior {
        let (mean, reach) = (self.belief.mean[point], Z95 * self.belief.sd(point));
        Posterior {
            throughput_per_s: mean.exp(),
            credible95: [(mean - reach).exp(), (mean + reach).exp()],
            near_best: self.prob_near_best[point],
            near_leader: self.prob_not_worse(point, leader),
        }
    }
}

/// Returns standard normal numbers by the method of Box and Muller (Ann. Math. Stat. 29 (1958), 610–611).
/// They depend on the seed only, so that beliefs differ only by what was measured.
fn normals(points: usize, seed: u64) -> DMatrix<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    DMatrix::from_fn(points, POSTERIOR_DRAWS, |_, _| {
        let (u, v): (f64, f64) = (random.random(), random.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    })
}
