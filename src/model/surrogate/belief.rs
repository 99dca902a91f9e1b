//! The joint distribution of all points given the batches.

use nalgebra::{Cholesky, DMatrix, DVector};

use crate::model::surrogate::fit::{Data, Fit, JITTER, most_likely};
use crate::model::surrogate::hyperparameters::Hyperparameters;
use crate::model::surrogate::params::SurrogateParams;
use crate::model::surrogate::point::{Observation, SurrogatePoint};

/// Share of the largest variance that is added to the diagonal before drawing, to absorb rounding.
const DRAW_JITTER: f64 = 1e-6;

/// A joint normal distribution of ln throughput over all points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Belief {
    /// The mean of each point.
    pub mean: DVector<f64>,
    /// The covariance of each pair of points.
    pub covariance: DMatrix<f64>,
    /// Hyper-parameters of this belief, from which the search for those of the next belief begins.
    pub hyper: Hyperparameters,
}

impl Belief {
    /// Derives the belief from observations; the search for hyper-parameters begins at `begin`.
    pub(crate) fn new(
        points: &[SurrogatePoint],
        observations: &[Observation],
        begin: Hyperparameters,
        params: &SurrogateParams,
    ) -> Self {
        let data = Data { points, observations, params };
        let mut weights = vec![1.0; observations.len()];
        let mut hyper = most_likely(data, &weights, begin);
        let fit = Fit::new(data, &weights, hyper);
        if let Some(fit) = fit {
            weights = fit.weights();
            hyper = most_likely(data, &weights, hyper);
        }
        let n = points.len();
        let prior = DVector::from_iterator(n, points.iter().map(|p| hyper.prior_mean(p)));
        let own = DMatrix::from_fn(n, n, |i, j| hyper.kernel(points, (i, j), params));
        let (mean, covariance) = match Fit::new(data, &weights, hyper) {
            Some(fit) => fit.condition(prior, own),
            None => (prior, own),
        };
        Belief { mean, covariance, hyper }
    }

    /// Returns the belief about throughput where every task also bears its share of a fixed time, from the
    /// belief about rates without it. `delays_s` are those shares, in seconds per task.
    ///
    /// The covariance is that of the linear approximation: a rate matters as much as its share of the time.
    pub(crate) fn delayed(&self, delays_s: &[f64]) -> Self {
        let task_s: Vec<f64> = self.mean.iter().map(|mean| (-mean).exp()).collect();
        let share = |i: usize| task_s[i] / (task_s[i] + delays_s[i]);
        let n = self.mean.len();
        Belief {
            mean: DVector::from_fn(n, |i, _| -(task_s[i] + delays_s[i]).ln()),
            covariance: DMatrix::from_fn(n, n, |i, j| self.covariance[(i, j)] * share(i) * share(j)),
            hyper: self.hyper,
        }
    }

    /// Returns the standard deviation of one point.
    pub(crate) fn sd(&self, point: usize) -> f64 {
        self.covariance[(point, point)].max(0.0).sqrt()
    }

    /// Returns the mean and the standard deviation of the difference `a - b` of two points.
    pub(crate) fn difference(&self, a: usize, b: usize) -> (f64, f64) {
        let c = &self.covariance;
        (self.mean[a] - self.mean[b], (c[(a, a)] + c[(b, b)] - 2.0 * c[(a, b)]).max(0.0).sqrt())
    }

    /// Draws values of all points, one column per draw, from columns of standard normal numbers.
    pub(crate) fn draw(&self, normals: &DMatrix<f64>) -> DMatrix<f64> {
        let n = self.mean.len();
        let jitter = DMatrix::identity(n, n) * (JITTER + self.covariance.diagonal().max() * DRAW_JITTER);
        let mut drawn = match Cholesky::new(&self.covariance + jitter) {
            Some(factor) => factor.l() * normals,
            // Where rounding spoilt the covariance, the points are drawn independently.
            None => DMatrix::from_diagonal(&self.covariance.diagonal().map(|v| v.max(0.0).sqrt())) * normals,
        };
        drawn.column_iter_mut().for_each(|mut column| column += &self.mean);
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns two strategies at widths 1 to 64, all predicted to give 1 task per second.
    fn points() -> Vec<SurrogatePoint> {
        let point = |strategy, doublings: i32| SurrogatePoint {
            strategy,
            log2_width: f64::from(doublings),
            log2_outer: 0.0,
            prior: 0.0,
        };
        (0..2).flat_map(|strategy| (0..7).map(move |doublings| point(strategy, doublings))).collect()
    }

    fn observed(point: usize, at_s: f64, value: f64) -> Observation {
        Observation { point, at_s, value }
    }

    fn derive(points: &[SurrogatePoint], observations: &[Observation]) -> Belief {
        let params = SurrogateParams::default();
        Belief::new(points, observations, Hyperparameters::usual(&params), &params)
    }

    fn believe(observations: &[Observation]) -> Belief {
        derive(&points(), observations)
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
        // The predictions double with every doubling of the width; the measurements stop at 8 at once.
        let point = |width: i32| SurrogatePoint {
            strategy: (width % 2) as usize,
            log2_width: f64::from(width),
            log2_outer: 0.0,
            prior: f64::from(width) * 2.0_f64.ln(),
        };
        let points: Vec<SurrogatePoint> = (0..10).map(point).collect();
        let seen = |width: usize| observed(width, width as f64 * 0.2, width.min(3) as f64 * 2.0_f64.ln());
        let belief = derive(&points, &[0, 6, 4, 5].map(seen));
        assert!(belief.hyper.ceiling.is_some());
        assert!((belief.mean[9] - 8.0_f64.ln()).abs() < 0.1, "{}", belief.mean);
        assert!((belief.mean[2] - 4.0_f64.ln()).abs() < 0.1, "{}", belief.mean);
        let open = derive(&points, &[0, 2, 3].map(seen));
        assert_eq!(open.hyper.ceiling, None);
    }

    #[test]
    fn one_strategy_that_falls_short_narrows_no_other() {
        // Both strategies double with every doubling of the width, as predicted; only one stops at 8 at once.
        let point = |strategy, width: i32| SurrogatePoint {
            strategy,
            log2_width: f64::from(width),
            log2_outer: 0.0,
            prior: f64::from(width) * 2.0_f64.ln(),
        };
        let points: Vec<SurrogatePoint> =
            (0..2).flat_map(|strategy| (0..10).map(move |width| point(strategy, width))).collect();
        let blocked = |width: usize| observed(width, width as f64, width.min(1) as f64 * 2.0_f64.ln());
        let fine = |width: usize| observed(10 + width, width as f64 + 0.5, width as f64 * 2.0_f64.ln());
        let belief = derive(&points, &[blocked(7), blocked(3), fine(3)]);
        assert_eq!((belief.hyper.ceiling, belief.hyper.odd), (None, Some(0)), "{}", belief.mean);
        assert!((belief.mean[19] - 512.0_f64.ln()).abs() < 0.3, "{}", belief.mean);
        assert!(belief.mean[9] < belief.mean[19] - 2.0, "{}", belief.mean);
        // Before another strategy has been seen, no ceiling is assumed.
        assert_eq!(derive(&points, &[blocked(7), blocked(3)]).hyper.ceiling, None);
    }

    #[test]
    fn a_fixed_time_per_task_slows_what_is_fast_and_leaves_what_is_slow() {
        let belief = believe(&[observed(3, 0.0, 0.0)]);
        let delayed = belief.delayed(&[1.0; 14]);
        assert!((delayed.mean[3] - (belief.mean[3] - 2.0_f64.ln())).abs() < 0.05);
        assert!((delayed.sd(3) / belief.sd(3) - 0.5).abs() < 0.05);
        assert!((belief.delayed(&[0.0; 14]).mean - belief.mean).amax() < 1e-12);
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
        let params = SurrogateParams::default();
        assert!(quiet.hyper.noise(&params) < noisy.hyper.noise(&params));
        assert!(quiet.sd(3) < noisy.sd(3));
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_of_the_belief() {
        let belief = believe(&[observed(3, 0.0, -0.5)]);
        let zero = belief.draw(&DMatrix::zeros(14, 1));
        assert!((zero.column(0) - &belief.mean).amax() < 1e-9);
        // One standard normal number moves the first point by its standard deviation.
        let mut one = DMatrix::zeros(14, 1);
        one[(0, 0)] = 1.0;
        let moved = belief.draw(&one)[(0, 0)] - belief.mean[0];
        assert!((moved - belief.sd(0)).abs() < 1e-3, "{moved} {}", belief.sd(0));
    }
}
