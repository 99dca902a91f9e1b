//! What is believed of every cell from the batches of a few: a Gaussian process on ln throughput.
//!
//! Its mean is what the queueing model predicts; its kernel says how predictions err: all together,
//! smoothly along the width, per strategy, and each cell on its own. A batch is the cell's value, plus
//! the drift of the machine (an Ornstein–Uhlenbeck process in time), plus noise. How far predictions
//! are off, how noisy batches are, how much the machine drifts and whether all cells meet a ceiling that
//! was not predicted is read off the batches themselves by marginal likelihood (empirical Bayes; Rasmussen and Williams, *Gaussian Processes for Machine
//! Learning*, 2006, sections 2.2 and 5.4).

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Standard deviations of ln throughput, before they are scaled: an error that all predictions share,
/// one that varies along the width, one of each strategy, the same along its widths, and one of each
/// cell.
const COMMON_SD: f64 = 0.3;
const WIDTH_SD: f64 = 0.5;
const STRATEGY_SD: f64 = 0.15;
const STRATEGY_WIDTH_SD: f64 = 0.15;
const CELL_SD: f64 = 0.04;

/// Over how many doublings of the width an error changes.
const WIDTH_LENGTH: f64 = 1.5;

/// Seconds over which the speed of the machine changes.
const DRIFT_S: f64 = 5.0;

/// The settings that are tried: what the kernel is scaled by, and standard deviations of a batch and of
/// the drift.
const SCALES: [f64; 6] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0];
const NOISES: [f64; 6] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32];
const DRIFTS: [f64; 4] = [0.02, 0.05, 0.12, 0.25];

/// How surprising it is, before anything is measured, for a setting to be off its usual value: a
/// normal distribution of its logarithm, of this standard deviation.
const SETTING_SD: f64 = 1.2;

/// What nobody told the prediction may cap all cells alike: an upstream that serves only so many at
/// once. ln of how surprising such a ceiling is; how far below its prediction a batch must be to show
/// one, in ln; and the index of the scale of all other errors that is tried with it first.
const CEILING_COST: f64 = 3.0;
const MISSING: f64 = 0.1;
const UNDER_CEILING: usize = 1;

/// A prediction that is above the ceiling does not matter, and its errors do not either: over how much of
/// ln throughput they fade, and what is left of them.
const FADING: f64 = 0.3;
const LEFT: f64 = 0.3;

/// A residual beyond this many standard deviations weighs less (Huber, "Robust estimation of a location
/// parameter", Ann. Math. Stat. 35 (1964), 73–101).
const OUTLIER: f64 = 2.0;

/// What keeps a covariance positive definite in spite of rounding.
const JITTER: f64 = 1e-9;

/// A cell as the process sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Which strategy, as a number.
    pub strategy: usize,
    /// log2 of the width.
    pub log2_width: f64,
    /// ln of the predicted throughput.
    pub prior: f64,
}

/// A batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Which point it is of, as an index.
    pub point: usize,
    /// When it was made, in seconds.
    pub at_s: f64,
    /// ln of its throughput.
    pub value: f64,
}

/// How large errors are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    scale: usize,
    noise: usize,
    drift: usize,
    /// ln of the most that any cell gives, whatever is predicted.
    ceiling: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { scale: 3, noise: 2, drift: 1, ceiling: None }
    }
}

impl Settings {
    fn scale(self) -> f64 {
        SCALES[self.scale]
    }

    /// The standard deviation of ln throughput between batches of one cell.
    pub fn noise(self) -> f64 {
        NOISES[self.noise]
    }

    fn drift(self) -> f64 {
        DRIFTS[self.drift]
    }

    /// ln of the throughput that is expected of a point before it is measured.
    fn expects(self, point: &Point) -> f64 {
        self.ceiling.map_or(point.prior, |ceiling| point.prior.min(ceiling))
    }

    /// How much of a prediction's error is left of it under the ceiling.
    fn matters(self, point: &Point) -> f64 {
        let above = self.ceiling.map_or(0.0, |ceiling| (point.prior - ceiling).max(0.0));
        (-above / FADING).exp().max(LEFT)
    }

    /// The settings one step away.
    fn neighbours(self) -> impl Iterator<Item = Settings> {
        let around = |i: usize, len: usize| [i.wrapping_sub(1), i + 1].into_iter().filter(move |i| *i < len);
        let scales = around(self.scale, SCALES.len()).map(move |scale| Settings { scale, ..self });
        let noises = around(self.noise, NOISES.len()).map(move |noise| Settings { noise, ..self });
        let drifts = around(self.drift, DRIFTS.len()).map(move |drift| Settings { drift, ..self });
        scales.chain(noises).chain(drifts)
    }

    /// ln of how likely the settings are before anything is measured, up to a constant.
    fn ln_prior(self) -> f64 {
        let usual = Settings::default();
        let off = |value: f64, usual: f64| ((value / usual).ln() / SETTING_SD).powi(2) / 2.0;
        -off(self.scale(), usual.scale())
            - off(self.noise(), usual.noise())
            - off(self.drift(), usual.drift())
            - self.ceiling.map_or(0.0, |_| CEILING_COST)
    }
}

/// What is believed of every point: a joint normal distribution of ln throughput.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    /// The mean of each point.
    pub mean: DVector<f64>,
    /// The covariance of each pair.
    pub covariance: DMatrix<f64>,
    /// The settings it rests on, with which the next belief begins.
    pub settings: Settings,
}

impl Belief {
    /// What follows from the observations; the search for settings begins with those of an earlier belief.
    pub fn new(points: &[Point], observations: &[Observation], begin: Settings) -> Self {
        let mut weights = vec![1.0; observations.len()];
        let mut settings = most_likely(points, observations, &weights, begin);
        let fit = Fit::new(points, observations, &weights, settings);
        if let Some(fit) = fit {
            weights = fit.weights();
            settings = most_likely(points, observations, &weights, settings);
        }
        let prior = DVector::from_iterator(points.len(), points.iter().map(|p| settings.expects(p)));
        let own = DMatrix::from_fn(points.len(), points.len(), |i, j| kernel(points, i, j, settings));
        match Fit::new(points, observations, &weights, settings) {
            Some(fit) => fit.believe(points, prior, own),
            None => Belief { mean: prior, covariance: own, settings },
        }
    }

    /// The standard deviation of one point.
    pub fn sd(&self, point: usize) -> f64 {
        self.covariance[(point, point)].max(0.0).sqrt()
    }

    /// The mean and the standard deviation of how far `a` is above `b`.
    pub fn difference(&self, a: usize, b: usize) -> (f64, f64) {
        let c = &self.covariance;
        (self.mean[a] - self.mean[b], (c[(a, a)] + c[(b, b)] - 2.0 * c[(a, b)]).max(0.0).sqrt())
    }

    /// Draws what the points may be, one column per draw, from columns of standard normal numbers.
    pub fn draw(&self, normals: &DMatrix<f64>) -> DMatrix<f64> {
        let n = self.mean.len();
        let jitter = DMatrix::identity(n, n) * (JITTER + self.covariance.diagonal().max() * 1e-6);
        let spread = match Cholesky::new(&self.covariance + jitter) {
            Some(factor) => factor.l() * normals,
            // Where rounding spoilt it, the points are drawn one by one.
            None => DMatrix::from_diagonal(&self.covariance.diagonal().map(|v| v.max(0.0).sqrt())) * normals,
        };
        let mut drawn = spread;
        drawn.column_iter_mut().for_each(|mut column| column += &self.mean);
        drawn
    }
}

/// How predictions err together.
fn kernel(points: &[Point], i: usize, j: usize, settings: Settings) -> f64 {
    let (a, b) = (&points[i], &points[j]);
    let apart = (a.log2_width - b.log2_width) / WIDTH_LENGTH;
    let near = (-0.5 * apart * apart).exp();
    let mut k = COMMON_SD.powi(2) + WIDTH_SD.powi(2) * near;
    if a.strategy == b.strategy {
        k += STRATEGY_SD.powi(2) + STRATEGY_WIDTH_SD.powi(2) * near;
    }
    if i == j {
        k += CELL_SD.powi(2);
    }
    k * settings.scale().powi(2) * settings.matters(a) * settings.matters(b)
}

/// The likeliest settings that are found from `begin`, with a ceiling and without one.
fn most_likely(points: &[Point], observations: &[Observation], weights: &[f64], begin: Settings) -> Settings {
    let likelihood = |settings: Settings| {
        let fit = Fit::new(points, observations, weights, settings);
        (settings, settings.ln_prior() + fit.map_or(f64::NEG_INFINITY, |fit| fit.ln_likelihood()))
    };
    let open = likelihood(Settings { ceiling: None, ..begin });
    let missing = |o: &&Observation| o.value < points[o.point].prior - MISSING;
    let ceilings = observations.iter().filter(missing).map(|o| Some(o.value));
    let under = |ceiling| likelihood(Settings { scale: UNDER_CEILING, ceiling, ..begin });
    let capped = ceilings.map(under).max_by(|a, b| a.1.total_cmp(&b.1));
    let found = [Some(open), capped].into_iter().flatten().map(|begin| climb(begin, likelihood));
    found.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(begin, |best| best.0)
}

/// Climbs to settings that no neighbour is more likely than.
fn climb(begin: (Settings, f64), likelihood: impl Fn(Settings) -> (Settings, f64)) -> (Settings, f64) {
    let mut best = begin;
    loop {
        match best.0.neighbours().map(&likelihood).max_by(|a, b| a.1.total_cmp(&b.1)) {
            Some(next) if next.1 > best.1 => best = next,
            _ => return best,
        }
    }
}

/// The observations under given settings.
struct Fit<'a> {
    points: &'a [Point],
    observations: &'a [Observation],
    settings: Settings,
    factor: Cholesky<f64, Dyn>,
    residuals: DVector<f64>,
    solved: DVector<f64>,
    weights: &'a [f64],
}

impl<'a> Fit<'a> {
    /// `None` without observations, or where rounding spoils their covariance.
    fn new(
        points: &'a [Point],
        observations: &'a [Observation],
        weights: &'a [f64],
        settings: Settings,
    ) -> Option<Self> {
        if observations.is_empty() {
            return None;
        }
        let n = observations.len();
        let drift = settings.drift().powi(2);
        let covariance = DMatrix::from_fn(n, n, |i, j| {
            let (a, b) = (&observations[i], &observations[j]);
            let together = drift * (-(a.at_s - b.at_s).abs() / DRIFT_S).exp();
            let own = if i == j { settings.noise().powi(2) / weights[i] + JITTER } else { 0.0 };
            kernel(points, a.point, b.point, settings) + together + own
        });
        let residuals = DVector::from_iterator(
            n,
            observations.iter().map(|o| o.value - settings.expects(&points[o.point])),
        );
        let factor = Cholesky::new(covariance)?;
        let solved = factor.solve(&residuals);
        Some(Fit { points, observations, settings, factor, residuals, solved, weights })
    }

    /// ln of how likely the observations are, up to a constant.
    fn ln_likelihood(&self) -> f64 {
        let ln_root_determinant: f64 = self.factor.l_dirty().diagonal().iter().map(|d| d.ln()).sum();
        -0.5 * self.residuals.dot(&self.solved) - ln_root_determinant
    }

    /// What each observation should weigh, by how far the others leave it off.
    ///
    /// Noise is what is left of a residual: `noise² · K⁻¹r` (Rasmussen and Williams, section 5.4.2).
    fn weights(&self) -> Vec<f64> {
        let noise = self.settings.noise();
        let off = |i: usize| (noise / self.weights[i] * self.solved[i]).abs();
        (0..self.observations.len()).map(|i| if off(i) > OUTLIER { OUTLIER / off(i) } else { 1.0 }).collect()
    }

    fn believe(&self, points: &[Point], prior: DVector<f64>, own: DMatrix<f64>) -> Belief {
        let between = DMatrix::from_fn(self.observations.len(), points.len(), |i, j| {
            kernel(self.points, self.observations[i].point, j, self.settings)
        });
        let mean = prior + between.tr_mul(&self.solved);
        let covariance = own - between.tr_mul(&self.factor.solve(&between));
        Belief { mean, covariance, settings: self.settings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two strategies at widths 1 to 64, all predicted to give 1 task per second.
    fn points() -> Vec<Point> {
        let point =
            |strategy, doublings: i32| Point { strategy, log2_width: f64::from(doublings), prior: 0.0 };
        (0..2).flat_map(|strategy| (0..7).map(move |doublings| point(strategy, doublings))).collect()
    }

    fn observed(point: usize, at_s: f64, value: f64) -> Observation {
        Observation { point, at_s, value }
    }

    fn believe(observations: &[Observation]) -> Belief {
        Belief::new(&points(), observations, Settings::default())
    }

    #[test]
    fn without_batches_the_prediction_is_believed() {
        let belief = believe(&[]);
        assert_eq!(belief.mean.as_slice(), [0.0; 14]);
        assert!((belief.sd(3) - (0.09_f64 + 0.25 + 0.0225 + 0.0225 + 0.0016).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_batch_teaches_most_about_its_own_cell_and_least_about_distant_ones() {
        let belief = believe(&[observed(3, 0.0, -0.5), observed(3, 0.2, -0.5)]);
        let at = |point: usize| belief.mean[point];
        assert!((at(3) + 0.5).abs() < 0.05, "{}", at(3));
        assert!(at(3) < at(4) && at(4) < at(6), "{:?}", belief.mean);
        // The same width of the other strategy is believed to err too, but less.
        assert!(at(10) < -0.2 && at(10) > at(3), "{}", at(10));
        assert!(belief.sd(3) < belief.sd(10) && belief.sd(10) < belief.sd(0), "{:?}", belief.covariance);
    }

    #[test]
    fn drift_that_all_batches_share_is_not_taken_for_a_difference() {
        // The machine loses a third of its speed while two equal cells are measured in turn.
        let batches: Vec<_> =
            (0..16).map(|i| observed([3, 10][i % 2], i as f64, -0.025 * i as f64)).collect();
        let (difference, sd) = believe(&batches).difference(3, 10);
        assert!(difference.abs() < 0.04, "{difference} ± {sd}");
    }

    #[test]
    fn a_ceiling_that_was_not_predicted_is_recognised_and_holds_for_what_was_not_measured() {
        // One more doubling gives twice as much, they say; from 8 at once on it does not.
        let point = |width: i32| Point {
            strategy: (width % 2) as usize,
            log2_width: f64::from(width),
            prior: f64::from(width) * 2.0_f64.ln(),
        };
        let points: Vec<Point> = (0..10).map(point).collect();
        let seen = |width: usize| observed(width, width as f64 * 0.2, width.min(3) as f64 * 2.0_f64.ln());
        let belief = Belief::new(&points, &[0, 6, 4, 5].map(seen), Settings::default());
        assert!(belief.settings.ceiling.is_some());
        assert!((belief.mean[9] - 8.0_f64.ln()).abs() < 0.1, "{}", belief.mean);
        assert!((belief.mean[2] - 4.0_f64.ln()).abs() < 0.1, "{}", belief.mean);
        let open = Belief::new(&points, &[0, 2, 3].map(seen), Settings::default());
        assert_eq!(open.settings.ceiling, None);
    }

    #[test]
    fn one_outlier_among_many_hardly_counts() {
        let mut batches: Vec<_> =
            (0..10).map(|i| observed(3, f64::from(i) * 0.2, 0.01 * f64::from(i % 3))).collect();
        let without = believe(&batches).mean[3];
        batches[5].value = -0.7;
        let with = believe(&batches).mean[3];
        assert!((with - without).abs() < 0.05, "{without} {with}");
    }

    #[test]
    fn noise_is_read_off_the_batches() {
        let spread = |by: f64| -> Vec<_> {
            (0..12).map(|i| observed(3, f64::from(i) * 0.2, by * f64::from(i % 4 - 1))).collect()
        };
        let (quiet, noisy) = (believe(&spread(0.005)), believe(&spread(0.2)));
        assert!(quiet.settings.noise() < noisy.settings.noise());
        assert!(quiet.sd(3) < noisy.sd(3));
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_of_the_belief() {
        let belief = believe(&[observed(3, 0.0, -0.5)]);
        let zero = belief.draw(&DMatrix::zeros(14, 1));
        assert!((zero.column(0) - &belief.mean).amax() < 1e-9);
        // Of one standard normal number, the first point moves by its standard deviation.
        let mut one = DMatrix::zeros(14, 1);
        one[(0, 0)] = 1.0;
        let moved = belief.draw(&one)[(0, 0)] - belief.mean[0];
        assert!((moved - belief.sd(0)).abs() < 1e-3, "{moved} {}", belief.sd(0));
    }
}
