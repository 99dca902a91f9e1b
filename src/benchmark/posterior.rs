//! What is believed of every cell, from all batches together.

use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::model::surrogate::{Belief, Observation, Point, Settings};
use crate::policy::INDIFFERENCE;
use crate::stats::interval::widen;

/// Draws of all cells together, from which probabilities are counted: to about 3%.
const DRAWS: usize = 256;

/// More cells than this are not looked at together: the work grows with the cube of their number.
pub const MOST_POINTS: usize = 256;

/// The standard normal quantiles that leave 10% and 5% outside, half on either side.
const Z90: f64 = 1.644_854;
const Z95: f64 = 1.959_964;

/// What is believed of one cell: a probability, and no guarantee.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Posterior {
    /// Tasks per second.
    pub throughput_per_s: f64,
    /// What 95% of the belief lies within.
    pub credible95: [f64; 2],
    /// The probability that no cell is faster by more than 5%, unmeasured ones included.
    pub near_best: f64,
    /// The probability that the cell believed to be the fastest of those measured is not faster by more
    /// than 5%.
    pub near_leader: f64,
}

impl Posterior {
    /// The outlook with an interval that is wider by `factor`.
    pub(crate) fn widened(self, factor: f64) -> Self {
        Posterior { credible95: widen(self.throughput_per_s, self.credible95, factor), ..self }
    }
}

/// The belief about all cells of a plan, kept up as batches come in.
#[derive(Debug, Clone)]
pub(crate) struct Posteriors {
    points: Vec<Point>,
    observations: Vec<Observation>,
    normals: DMatrix<f64>,
    belief: Belief,
    near_best: Vec<f64>,
}

impl Posteriors {
    /// Before anything was measured.
    pub(crate) fn new(points: Vec<Point>, seed: u64) -> Self {
        let normals = normals(points.len(), seed);
        let belief = Belief::new(&points, &[], Settings::default());
        let near_best = vec![0.0; points.len()];
        let mut outlooks = Posteriors { points, observations: Vec::new(), normals, belief, near_best };
        outlooks.update();
        outlooks
    }

    /// Takes a batch; `update` makes it count.
    pub(crate) fn observe(&mut self, point: usize, at_s: f64, throughput_per_s: f64) {
        self.observations.push(Observation { point, at_s, value: throughput_per_s.ln() });
    }

    /// Works out what follows from the batches so far.
    pub(crate) fn update(&mut self) {
        self.belief = Belief::new(&self.points, &self.observations, self.belief.settings);
        let drawn = self.belief.draw(&self.normals);
        let margin = INDIFFERENCE.ln_1p();
        let mut near = vec![0_u32; self.points.len()];
        for draw in drawn.column_iter() {
            let best = draw.max();
            near.iter_mut().zip(draw.iter()).for_each(|(n, x)| *n += u32::from(*x >= best - margin));
        }
        self.near_best = near.into_iter().map(|n| f64::from(n) / DRAWS as f64).collect();
    }

    /// Tasks per second of one point.
    pub(crate) fn per_s(&self, point: usize) -> f64 {
        self.belief.mean[point].exp()
    }

    /// Tasks per second that one point gives with a probability of 95%.
    pub(crate) fn low_per_s(&self, point: usize) -> f64 {
        (self.belief.mean[point] - Z90 * self.belief.sd(point)).exp()
    }

    /// The probability that one point is within the margin of the best of all.
    pub(crate) fn near_best(&self, point: usize) -> f64 {
        self.near_best[point]
    }

    /// The probability that `challenger` is faster than `leader` by half the margin.
    pub(crate) fn may_beat(&self, challenger: usize, leader: usize) -> f64 {
        let (mean, sd) = self.belief.difference(challenger, leader);
        let ahead = mean - INDIFFERENCE.ln_1p() / 2.0;
        if sd <= 0.0 { f64::from(u8::from(ahead > 0.0)) } else { Normal::standard().cdf(ahead / sd) }
    }

    /// The probability that `a` is no slower than `b` by more than the margin.
    pub(crate) fn keeps_up(&self, a: usize, b: usize) -> f64 {
        let (mean, sd) = self.belief.difference(a, b);
        let ahead = mean + INDIFFERENCE.ln_1p();
        if sd <= 0.0 { f64::from(u8::from(ahead > 0.0)) } else { Normal::standard().cdf(ahead / sd) }
    }

    /// What is believed of one point.
    pub(crate) fn outlook(&self, point: usize, leader: usize) -> Posterior {
        let (mean, reach) = (self.belief.mean[point], Z95 * self.belief.sd(point));
        Posterior {
            throughput_per_s: mean.exp(),
            credible95: [(mean - reach).exp(), (mean + reach).exp()],
            near_best: self.near_best[point],
            near_leader: self.keeps_up(point, leader),
        }
    }
}

/// Standard normal numbers by the method of Box and Muller (Ann. Math. Stat. 29 (1958), 610–611): the
/// same for the same seed, so that beliefs differ only by what was measured.
fn normals(points: usize, seed: u64) -> DMatrix<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    DMatrix::from_fn(points, DRAWS, |_, _| {
        let (u, v): (f64, f64) = (random.random(), random.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    })
}
