//! The belief about what configurations take to start, kept apart from the belief about their rates.
//!
//! A strategy whose start-up is dearer than assumed is not slower at its tasks. So start-up is learned from
//! start-up times alone: a configuration that was measured takes what it took, and one that was not takes the
//! prediction, times the factor by which the prediction of the nearest width of the same mechanism was off.

use std::collections::BTreeMap;

use crate::stats::quantile::median;
use crate::strategy::StrategyKind;

/// Seconds below which a start-up is as good as none: a factor between two such figures says nothing.
const NEGLIGIBLE_S: f64 = 1e-3;

/// The start-up of a configuration as predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StartupPoint {
    /// The strategy.
    pub(crate) strategy: StrategyKind,
    /// log2 of the width.
    pub(crate) log2_width: f64,
    /// Predicted seconds from the start of the batch to its first task.
    pub(crate) predicted_s: f64,
}

/// The start-up times of all configurations, as predicted and as measured.
#[derive(Debug, Clone)]
pub(crate) struct StartupBelief {
    points: Vec<StartupPoint>,
    measured: BTreeMap<usize, Vec<f64>>,
}

impl StartupBelief {
    /// Creates the belief before anything was started.
    pub(crate) fn new(points: Vec<StartupPoint>) -> Self {
        StartupBelief { points, measured: BTreeMap::new() }
    }

    /// Records the seconds that the start of one batch took.
    pub(crate) fn observe(&mut self, point: usize, startup_s: f64) {
        self.measured.entry(point).or_default().push(startup_s.max(0.0));
    }

    /// Returns the seconds that the start of a configuration is believed to take.
    pub(crate) fn seconds(&self, point: usize) -> f64 {
        if let Some(seen) = self.measured(point) {
            return seen;
        }
        let own = &self.points[point];
        let others = self.measured.keys().copied().filter(|other| self.shares_mechanism(point, *other));
        let distance = |other: usize| {
            let of = &self.points[other];
            (of.strategy != own.strategy, (of.log2_width - own.log2_width).abs())
        };
        let nearest = others.min_by(|a, b| {
            let (a, b) = (distance(*a), distance(*b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let factor =
            nearest.and_then(|other| Some((other, self.measured(other)?))).map_or(1.0, |(other, seen)| {
                (seen + NEGLIGIBLE_S) / (self.points[other].predicted_s + NEGLIGIBLE_S)
            });
        own.predicted_s * factor
    }

    fn measured(&self, point: usize) -> Option<f64> {
        self.measured.get(&point).and_then(|seen| median(seen))
    }

    fn shares_mechanism(&self, a: usize, b: usize) -> bool {
        mechanism(self.points[a].strategy) == mechanism(self.points[b].strategy)
    }
}

/// Returns the strategy that stands for all that start their workers in the same way.
fn mechanism(strategy: StrategyKind) -> StrategyKind {
    match strategy {
        StrategyKind::Hybrid => StrategyKind::Processes,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn belief() -> StartupBelief {
        let point = |strategy, width: f64, predicted_s| StartupPoint {
            strategy,
            log2_width: width.log2(),
            predicted_s,
        };
        StartupBelief::new(vec![
            point(StrategyKind::Processes, 2.0, 0.05),
            point(StrategyKind::Processes, 8.0, 0.2),
            point(StrategyKind::Hybrid, 8.0, 0.05),
            point(StrategyKind::Threads, 8.0, 0.0005),
        ])
    }

    #[test]
    fn without_a_start_the_prediction_is_believed() {
        assert_eq!([0, 1, 2, 3].map(|point| belief().seconds(point)), [0.05, 0.2, 0.05, 0.0005]);
    }

    #[test]
    fn a_dear_start_is_believed_of_the_same_mechanism_and_of_no_other() {
        let mut belief = belief();
        belief.observe(0, 0.8);
        belief.observe(0, 0.8);
        assert_eq!(belief.seconds(0), 0.8);
        assert!((belief.seconds(1) - 3.137).abs() < 0.05, "{}", belief.seconds(1));
        assert!((belief.seconds(2) - 0.785).abs() < 0.01, "{}", belief.seconds(2));
        assert_eq!(belief.seconds(3), 0.0005);
        belief.observe(1, 1.0);
        assert_eq!(belief.seconds(1), 1.0);
    }

    #[test]
    fn times_of_next_to_nothing_are_no_factor() {
        let mut belief = StartupBelief::new(
            [2.0, 200.0]
                .map(|width: f64| StartupPoint {
                    strategy: StrategyKind::Async,
                    log2_width: width.log2(),
                    predicted_s: 1e-6,
                })
                .to_vec(),
        );
        belief.observe(0, 5e-4);
        assert!(belief.seconds(1) < 1e-5, "{}", belief.seconds(1));
    }
}
