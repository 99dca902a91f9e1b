//! The times at which samples are taken: as often as planned, unless that costs too much.

use std::time::Duration;

/// Share by which a period varies either way, so that sampling does not beat with the work.
const JITTER: f64 = 0.25;

/// Share of the period that a sample may cost in CPU time; above it the period is doubled.
const MAX_COST_SHARE: f64 = 0.02;

/// Share of the period below which the cost of a sample allows for twice as many.
const CHEAP_COST_SHARE: f64 = 0.008;

/// Weight of the newest sample in the smoothed cost (exponential smoothing).
const NEWEST_WEIGHT: f64 = 0.25;

/// Decides when the next sample is taken.
#[derive(Debug)]
pub(crate) struct Cadence {
    shortest: Duration,
    longest: Duration,
    period: Duration,
    /// Smoothed CPU time of a sample, in which single expensive ones count little; the first one is among those,
    /// because it finds everything for the first time.
    cost: Duration,
    random: u32,
}

impl Cadence {
    /// Begins with the shortest mean period; `seed` starts the sequence of random variations.
    pub(crate) fn new(shortest: Duration, longest: Duration, seed: u32) -> Self {
        Cadence { shortest, longest, period: shortest, cost: Duration::ZERO, random: seed }
    }

    /// Records the CPU time of a sample: samples become rarer where they cost too much, and more frequent
    /// again where they do not.
    pub(crate) fn record_cost(&mut self, cost: Duration) {
        let cost = self.cost.mul_f64(1.0 - NEWEST_WEIGHT) + cost.mul_f64(NEWEST_WEIGHT);
        self.cost = cost;
        if cost < self.period.mul_f64(CHEAP_COST_SHARE) {
            self.period = (self.period / 2).max(self.shortest);
        }
        while cost > self.period.mul_f64(MAX_COST_SHARE) && self.period < self.longest {
            self.period = (self.period * 2).min(self.longest);
        }
    }

    /// Returns the time to the next sample, from a linear congruential generator (Knuth, TAOCP 3.3.4).
    pub(crate) fn next_pause(&mut self) -> Duration {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = f64::from(self.random) / f64::from(u32::MAX);
        self.period.mul_f64(1.0 + JITTER * (2.0 * unit - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn cadence() -> Cadence {
        Cadence::new(20 * MS, 2560 * MS, 1)
    }

    #[test]
    fn expensive_samples_are_taken_less_often_and_cheap_ones_more_often_again() {
        let mut cadence = cadence();
        (0..20).for_each(|_| cadence.record_cost(MS));
        assert_eq!(cadence.period, 80 * MS);
        // A cost between both thresholds changes nothing.
        cadence.record_cost(MS);
        assert_eq!(cadence.period, 80 * MS);
        (0..20).for_each(|_| cadence.record_cost(MS / 10));
        assert_eq!(cadence.period, 20 * MS);
        (0..20).for_each(|_| cadence.record_cost(1000 * MS));
        assert_eq!(cadence.period, 2560 * MS);
    }

    #[test]
    fn one_expensive_sample_changes_little() {
        let mut cadence = cadence();
        cadence.record_cost(MS);
        assert_eq!(cadence.period, 20 * MS);
        (0..10).for_each(|_| cadence.record_cost(MS / 10));
        cadence.record_cost(MS);
        assert_eq!(cadence.period, 20 * MS);
    }

    #[test]
    fn a_period_without_room_stays() {
        let mut fixed = Cadence::new(200 * MS, 200 * MS, 1);
        (0..20).for_each(|_| fixed.record_cost(1000 * MS));
        assert_eq!(fixed.period, 200 * MS);
    }

    #[test]
    fn pauses_vary_within_their_bounds() {
        let mut cadence = cadence();
        let pauses: Vec<_> = (0..1000).map(|_| cadence.next_pause().as_secs_f64()).collect();
        assert!(pauses.iter().all(|pause| (0.015..=0.025).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < 0.017) && pauses.iter().any(|pause| *pause > 0.023));
    }
}
