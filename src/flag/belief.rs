//! The belief about every cell, from all runs together: the process of `model::surrogate`, held below the
//! bounds that no cell can beat.

use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::surrogate::{Belief, Hyperparameters, Observation, SurrogateParams, SurrogatePoint};
use crate::policy::INDIFFERENCE;

/// Number of joint draws from which probabilities are counted.
const DRAWS: usize = 384;

/// Standard normal quantile that leaves 5% outside, half on either side.
const Z95: f64 = 1.959_964;

/// A cell as the belief sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlagPoint {
    /// Threads, all processes together.
    pub total: usize,
    /// Processes among which they are divided; 1 where that is not a parameter.
    pub processes: usize,
    /// Number of the group of cells that err together: one for each listed value and number of processes.
    pub group: usize,
    /// The rate that is predicted.
    pub prior_rate: f64,
    /// The rate that cannot be passed, and the standard deviation of ln by which it may.
    pub most_rate: Option<(f64, f64)>,
    /// False for a cell that failed or is not allowed.
    pub competes: bool,
}

/// The belief about one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standing {
    /// The median rate.
    pub rate: f64,
    /// Interval that holds the rate with a probability of 95%.
    pub credible95: [f64; 2],
    /// Probability that no cell is better by more than 5%.
    pub near: f64,
    /// Rate that is expected to be lost, as a share of the best.
    pub regret: f64,
}

/// The belief about all cells.
#[derive(Debug, Clone)]
pub(crate) struct FlagBelief {
    /// The standing of each cell.
    pub standings: Vec<Standing>,
    /// The hyper-parameters, from which the next belief begins.
    pub hyper: Hyperparameters,
    draws: DMatrix<f64>,
}

/// The way in which cells hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landscape {
    /// The model predicts what one number does, and errs smoothly along it.
    OneNumber,
    /// How threads are divided among processes is nothing that the model knows.
    TwoNumbers,
    /// All cells were seen to do the same.
    Flat,
}

/// Returns the parameters of the process for whole runs of one program.
///
/// The prediction rests on a run of the same program on the same machine, so that errors along the width are
/// smaller than between strategies. Checked by the simulated programs of `flag/tests.rs` and `flag/shapes.rs`.
pub(crate) fn params(landscape: Landscape) -> SurrogateParams {
    let of_one = SurrogateParams {
        common_sd: 0.2,
        width_sd: 0.35,
        strategy_sd: 0.1,
        ceiling_cost: 5.0,
        residual_attenuation: 0.6,
        noises: [0.01, 0.015, 0.025, 0.04, 0.08, 0.16],
        ..SurrogateParams::default()
    };
    match landscape {
        Landscape::OneNumber => of_one,
        Landscape::TwoNumbers => SurrogateParams { width_sd: 0.2, factor_sd: 0.2, factors_sd: 0.1, ..of_one },
        Landscape::Flat => SurrogateParams {
            width_sd: 0.02,
            strategy_sd: 0.02,
            strategy_width_sd: 0.0,
            configuration_sd: 0.01,
            ..of_one
        },
    }
}

impl FlagBelief {
    /// Derives the belief from the runs; the search for hyper-parameters begins at `begin`.
    pub(crate) fn new(
        points: &[FlagPoint],
        observations: &[Observation],
        begin: Hyperparameters,
        params: &SurrogateParams,
        seed: u64,
    ) -> Self {
        let surrogate: Vec<SurrogatePoint> = points.iter().map(surrogate_point).collect();
        let belief = Belief::new(&surrogate, observations, begin, params);
        let mut random = StdRng::seed_from_u64(seed);
        let normals = DMatrix::from_fn(points.len(), DRAWS, |_, _| normal(&mut random));
        let mut draws = belief.draw(&normals);
        for mut draw in draws.column_iter_mut() {
            let room = normal(&mut random).abs();
            for (value, point) in draw.iter_mut().zip(points) {
                if let Some((rate, sd)) = point.most_rate {
                    *value = value.min(rate.ln() + sd * room);
                }
            }
        }
        let standings = standings(points, &belief, &draws);
        FlagBelief { standings, hyper: belief.hyper, draws }
    }

    /// Returns the probability that cell `a` is better than cell `b` by half of what does not matter.
    pub(crate) fn prob_beats(&self, a: usize, b: usize) -> f64 {
        let margin = INDIFFERENCE.ln_1p() / 2.0;
        let ahead = |draw: &usize| self.draws[(a, *draw)] > self.draws[(b, *draw)] + margin;
        (0..DRAWS).filter(ahead).count() as f64 / DRAWS as f64
    }

    /// Returns the probability that cell `a` is no worse than cell `b` by more than what does not matter.
    pub(crate) fn prob_not_worse(&self, a: usize, b: usize) -> f64 {
        let margin = INDIFFERENCE.ln_1p();
        let is_near = |draw: &usize| self.draws[(a, *draw)] >= self.draws[(b, *draw)] - margin;
        (0..DRAWS).filter(is_near).count() as f64 / DRAWS as f64
    }
}

fn surrogate_point(point: &FlagPoint) -> SurrogatePoint {
    SurrogatePoint {
        strategy: point.group,
        log2_width: (point.total as f64).log2(),
        log2_outer: (point.processes as f64).log2(),
        prior: point.prior_rate.ln(),
    }
}

fn standings(points: &[FlagPoint], belief: &Belief, draws: &DMatrix<f64>) -> Vec<Standing> {
    let margin = INDIFFERENCE.ln_1p();
    let (mut near, mut lost) = (vec![0.0; points.len()], vec![0.0; points.len()]);
    for draw in draws.column_iter() {
        let competing = draw.iter().zip(points).filter(|(_, point)| point.competes);
        let best = competing.map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max);
        for (i, value) in draw.iter().enumerate() {
            near[i] += f64::from(u8::from(*value >= best - margin)) / DRAWS as f64;
            lost[i] += -(value - best).exp_m1() / DRAWS as f64;
        }
    }
    let standing = |(i, point): (usize, &FlagPoint)| {
        let most = point.most_rate.map_or(f64::INFINITY, |(rate, _)| rate.ln());
        let (mean, reach) = (belief.mean[i], Z95 * belief.sd(i));
        // A bound takes nothing from what was measured beyond it.
        let held = mean.min(most.max(mean - reach));
        Standing {
            rate: held.exp(),
            credible95: [(held - reach).exp(), (held + reach).exp()],
            near: near[i],
            regret: lost[i],
        }
    };
    points.iter().enumerate().map(standing).collect()
}

/// Returns a standard normal number by the method of Box and Muller (Ann. Math. Stat. 29 (1958), 610–611).
fn normal(random: &mut StdRng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
