//! The belief about every configuration, from all batches together.

use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::benchmark::startup_belief::{StartupBelief, StartupPoint};
use crate::model::surrogate::{Belief, Hyperparameters, Observation, SurrogateParams, SurrogatePoint};
use crate::policy::INDIFFERENCE;
use crate::stats::interval::widen;
use crate::strategy::StrategyKind;

/// Number of joint draws from which probabilities are counted: their standard error is about 3%.
const POSTERIOR_DRAWS: usize = 256;

/// Largest number of configurations in one belief: the work grows with the cube of their number.
pub(crate) const MAX_MODELLED: usize = 256;

/// Predictions in tasks per second, as the belief accepts them: beyond these their logarithm says nothing.
const MODELLED_PER_S: (f64, f64) = (1e-9, 1e12);

/// Smallest share of the predicted time that is taken to be the tasks' own, whatever the start-up.
const MIN_STEADY_SHARE: f64 = 1e-3;

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
    /// Probability that the configuration believed to lose the least is not faster by more than 5%.
    pub near_leader: f64,
    /// Throughput that is expected to be lost with this configuration, as a share of the best of all.
    #[serde(default)]
    pub expected_regret: f64,
}

impl Posterior {
    /// Returns the belief with an interval that is wider by `factor`.
    pub(crate) fn widened(self, factor: f64) -> Self {
        Posterior { credible95: widen(self.throughput_per_s, self.credible95, factor), ..self }
    }
}

/// A configuration as the belief sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ModelledCell {
    /// The strategy.
    pub(crate) strategy: StrategyKind,
    /// Number of the configurations that err alike: those of a strategy.
    pub(crate) kin: usize,
    /// Tasks in flight.
    pub(crate) width: usize,
    /// Predicted tasks per second over the whole workload, start-up included.
    pub(crate) predicted_per_s: f64,
    /// Predicted seconds to start.
    pub(crate) startup_s: f64,
}

/// A batch as the belief sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BatchObservation {
    /// Tasks per second over the whole workload, start-up left out.
    pub(crate) steady_per_s: f64,
    /// Seconds to start.
    pub(crate) startup_s: f64,
}

/// The belief about all configurations of a plan, updated as batches come in.
///
/// Rates and start-up are learned apart, so that a dear start is not taken for a slow strategy, and put
/// together for the throughput of the whole workload.
#[derive(Debug, Clone)]
pub(crate) struct Posteriors {
    params: SurrogateParams,
    points: Vec<SurrogatePoint>,
    tasks: f64,
    observations: Vec<Observation>,
    startups: StartupBelief,
    normals: DMatrix<f64>,
    rates: Belief,
    belief: Belief,
    prob_near_best: Vec<f64>,
    expected_regret: Vec<f64>,
    /// Points that cannot win, whatever their throughput.
    excluded: Vec<bool>,
}

impl Posteriors {
    /// Creates the belief about configurations for a workload of `tasks` tasks, before anything was measured.
    pub(crate) fn new(cells: &[ModelledCell], tasks: u64, params: SurrogateParams, seed: u64) -> Self {
        let tasks = tasks.max(1) as f64;
        let points: Vec<SurrogatePoint> = cells.iter().map(|cell| point(cell, tasks)).collect();
        let startup = |(cell, point): (&ModelledCell, &SurrogatePoint)| StartupPoint {
            strategy: cell.strategy,
            log2_width: point.log2_width,
            predicted_s: cell.startup_s,
        };
        let startups = StartupBelief::new(cells.iter().zip(&points).map(startup).collect());
        let rates = Belief::new(&points, &[], Hyperparameters::usual(&params), &params);
        let mut posteriors = Posteriors {
            params,
            tasks,
            observations: Vec::new(),
            startups,
            normals: normals(points.len(), seed),
            belief: rates.clone(),
            rates,
            prob_near_best: vec![0.0; points.len()],
            expected_regret: vec![0.0; points.len()],
            excluded: vec![false; points.len()],
            points,
        };
        posteriors.update();
        posteriors
    }

    /// Records a batch; `update` makes it count.
    pub(crate) fn observe(&mut self, point: usize, at_s: f64, batch: BatchObservation) {
        self.observations.push(Observation { point, at_s, value: batch.steady_per_s.ln() });
        self.startups.observe(point, batch.startup_s);
    }

    /// Leaves points out of the competition; `update` makes it count.
    pub(crate) fn exclude(&mut self, excluded: Vec<bool>) {
        self.excluded = excluded;
    }

    /// Derives the belief from the batches so far.
    pub(crate) fn update(&mut self) {
        self.rates = Belief::new(&self.points, &self.observations, self.rates.hyper, &self.params);
        let delay_s = |point: usize| self.startups.seconds(point) / self.tasks;
        self.belief = self.rates.delayed(&(0..self.points.len()).map(delay_s).collect::<Vec<_>>());
        let drawn = self.belief.draw(&self.normals);
        let margin = INDIFFERENCE.ln_1p();
        let mut near = vec![0_u32; self.points.len()];
        let mut lost = vec![0.0; self.points.len()];
        for draw in drawn.column_iter() {
            let competes = |(x, excluded): (&f64, &bool)| (!excluded).then_some(*x);
            let best = draw.iter().zip(&self.excluded).filter_map(competes).fold(f64::NEG_INFINITY, f64::max);
            near.iter_mut().zip(draw.iter()).for_each(|(n, x)| *n += u32::from(*x >= best - margin));
            lost.iter_mut().zip(draw.iter()).for_each(|(lost, x)| *lost += -(x - best).exp_m1());
        }
        self.prob_near_best = near.into_iter().map(|n| f64::from(n) / POSTERIOR_DRAWS as f64).collect();
        self.expected_regret = lost.into_iter().map(|lost| lost / POSTERIOR_DRAWS as f64).collect();
    }

    /// Returns the rate of one point that is predicted with start-up left out, in tasks per second.
    pub(crate) fn predicted_steady_per_s(&self, point: usize) -> f64 {
        self.points[point].prior.exp()
    }

    /// Returns the rate of one point that is believed with start-up left out, in tasks per second.
    pub(crate) fn steady_per_s(&self, point: usize) -> f64 {
        self.rates.mean[point].exp()
    }

    /// Returns the standard deviation of ln throughput between equal batches, as fitted to the batches so far.
    pub(crate) fn noise(&self) -> f64 {
        self.rates.hyper.noise(&self.params)
    }

    /// Returns the throughput that is expected to be lost with one point, as a share of the best of all.
    pub(crate) fn expected_regret(&self, point: usize) -> f64 {
        self.expected_regret[point]
    }

    /// Returns the median throughput of one point, in tasks per second.
    pub(crate) fn per_s(&self, point: usize) -> f64 {
        self.belief.mean[point].exp()
    }

    /// Returns the throughput that one point reaches with a probability of 95%, in tasks per second.
    pub(crate) fn low_per_s(&self, point: usize) -> f64 {
        (self.belief.mean[point] - Z90 * self.belief.sd(point)).exp()
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
            expected_regret: self.expected_regret[point],
            near_leader: self.prob_not_worse(point, leader),
        }
    }
}

/// Returns a configuration as the belief about rates sees it: with start-up left out.
fn point(cell: &ModelledCell, tasks: f64) -> SurrogatePoint {
    let (least, most) = MODELLED_PER_S;
    let whole_s = cell.predicted_per_s.clamp(least, most).recip();
    let steady_s = (whole_s - cell.startup_s / tasks).max(MIN_STEADY_SHARE * whole_s);
    SurrogatePoint {
        strategy: cell.kin,
        log2_width: (cell.width as f64).log2(),
        log2_outer: 0.0,
        prior: -steady_s.ln(),
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
