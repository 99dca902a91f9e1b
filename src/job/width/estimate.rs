//! The goodput of a run between two readings, with its noise.

use crate::job::width::reading::Reading;

/// Smallest relative error of a goodput: how the machine drifts within seconds is in no counter.
const MIN_ERROR: f64 = 0.015;

/// Largest coefficient of variation of durations that counts: beyond it, an error is absurd anyway.
const MAX_VARIATION: f64 = 3.0;

/// What was measured between two readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    /// Successes per second.
    pub(super) goodput: f64,
    /// The standard error of the goodput, relative to it.
    pub(super) error: f64,
    /// Seconds of an attempt.
    pub(super) mean_s: f64,
    /// Attempts in flight.
    pub(super) in_flight: f64,
    /// Attempts that ended.
    pub(super) count: u64,
    /// Attempts that failed.
    pub(super) failed: u64,
    /// CPUs that the attempts used.
    pub(super) cpus: f64,
    /// Seconds between the readings.
    pub(super) seconds: f64,
}

impl Estimate {
    /// Returns what was measured from `before` to `after`; `None` if nothing ended.
    ///
    /// The goodput is that of Little's law, attempts in flight over their mean duration: unlike a count
    /// it does not depend on whether a wave of equal tasks ends just before or just after a reading.
    pub(super) fn between(before: &Reading, after: &Reading) -> Option<Self> {
        let seconds = after.now_s - before.now_s;
        let (ok, failed) = (after.ok - before.ok, after.failed - before.failed);
        let count = ok + failed;
        let busy_s = after.busy_s - before.busy_s;
        if count == 0 || seconds <= 0.0 || busy_s <= 0.0 {
            return None;
        }
        let number = count as f64;
        let mean_s = busy_s / number;
        let variance = ((after.squares_s2 - before.squares_s2) / number - mean_s * mean_s).max(0.0);
        let variation = (variance.sqrt() / mean_s).min(MAX_VARIATION);
        let in_flight = (after.in_flight_s - before.in_flight_s) / seconds;
        let share = ok as f64 / number;
        // The error of a mean duration, and of a share of successes.
        let of_share = if ok > 0 { (1.0 - share) / (share * number) } else { 1.0 };
        let error = (variation * variation / number + of_share).sqrt().max(MIN_ERROR);
        Some(Estimate {
            goodput: in_flight / mean_s * share,
            error,
            mean_s,
            in_flight,
            count,
            failed,
            cpus: (after.cpu_s - before.cpu_s) / seconds,
            seconds,
        })
    }

    /// Counts failed attempts as well: they fail whatever the width is.
    pub(super) fn count_failures(&mut self) {
        self.goodput = self.in_flight / self.mean_s;
    }

    /// Returns the share of attempts that failed.
    pub(super) fn failing(&self) -> f64 {
        self.failed as f64 / self.count as f64
    }

    /// Returns the goodput over another's, and the standard error of that ratio.
    pub(super) fn over(&self, other: &Estimate) -> (f64, f64) {
        let ratio = self.goodput / other.goodput.max(f64::MIN_POSITIVE);
        (ratio, ratio * self.error.hypot(other.error))
    }

    /// Returns both estimates of one width as one, weighted by what they rest on; the past counts at most
    /// `memory` times as much as what is new.
    pub(super) fn with_past(&self, past: &Estimate, memory: f64) -> Estimate {
        let weight = (past.error.powi(-2)).min(memory * self.error.powi(-2));
        let own = self.error.powi(-2);
        let mix = |new: f64, old: f64| (own * new + weight * old) / (own + weight);
        Estimate {
            goodput: mix(self.goodput, past.goodput),
            error: (own + weight).powf(-0.5).max(MIN_ERROR),
            mean_s: mix(self.mean_s, past.mean_s),
            cpus: mix(self.cpus, past.cpus),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(now_s: f64, ok: u64, failed: u64, busy_s: f64, squares_s2: f64, in_flight_s: f64) -> Reading {
        Reading { now_s, ok, failed, busy_s, squares_s2, in_flight_s, ..Reading::default() }
    }

    #[test]
    fn goodput_is_what_is_in_flight_over_its_duration() {
        let before = reading(1.0, 10, 0, 5.0, 2.5, 8.0);
        // 40 attempts of 0.5 s each, 10 in flight for 2 s; a tenth failed.
        let after = reading(3.0, 46, 4, 25.0, 12.5, 28.0);
        let estimate = Estimate::between(&before, &after).expect("some ended");
        assert!((estimate.goodput - 18.0).abs() < 1e-9, "{estimate:?}");
        assert!((estimate.mean_s - 0.5).abs() < 1e-9 && estimate.count == 40);
        assert!((estimate.failing() - 0.1).abs() < 1e-9);
        assert_eq!(Estimate::between(&before, &reading(2.0, 10, 0, 5.0, 2.5, 9.0)), None);
    }

    #[test]
    fn uneven_durations_and_few_of_them_are_noise() {
        let start = reading(0.0, 0, 0, 0.0, 0.0, 0.0);
        let even = Estimate::between(&start, &reading(1.0, 100, 0, 100.0, 100.0, 100.0)).expect("some");
        let uneven = Estimate::between(&start, &reading(1.0, 100, 0, 100.0, 200.0, 100.0)).expect("some");
        let few = Estimate::between(&start, &reading(1.0, 4, 0, 4.0, 8.0, 4.0)).expect("some");
        assert_eq!(even.error, MIN_ERROR);
        assert!((uneven.error - 0.1).abs() < 1e-9 && (few.error - 0.5).abs() < 1e-9);
    }
}
