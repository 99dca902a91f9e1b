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
    /// Seconds of an attempt that succeeded; of any attempt if none did.
    pub(super) mean_s: f64,
    /// Attempts in flight.
    pub(super) in_flight: f64,
    /// Attempts in flight that did not end in a failure.
    pub(super) accepted: f64,
    /// Attempts that ended.
    pub(super) count: u64,
    /// Attempts that failed.
    pub(super) failed: u64,
    /// Share of the attempts that failed, or of their time, whichever is greater.
    pub(super) failing: f64,
    /// Share of the time of attempts that those took which failed: a refusal that comes at once takes no room.
    pub(super) failing_time: f64,
    /// CPUs that the attempts used.
    pub(super) cpus: f64,
    /// Seconds between the readings.
    pub(super) seconds: f64,
}

/// The ends that count as goodput.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Successes.
    Ok,
    /// All: most attempts fail whatever the width is.
    All,
}

/// The difference of two readings.
struct Passed {
    seconds: f64,
    ok: u64,
    failed: u64,
    busy_s: f64,
    squares_s2: f64,
    failed_s: f64,
    failed_squares_s2: f64,
    in_flight: f64,
}

impl Passed {
    /// Returns the difference; `None` if nothing ended.
    fn between(before: &Reading, after: &Reading) -> Option<Self> {
        let seconds = after.now_s - before.now_s;
        let passed = Passed {
            seconds,
            ok: after.ok - before.ok,
            failed: after.failed - before.failed,
            busy_s: after.busy_s - before.busy_s,
            squares_s2: after.squares_s2 - before.squares_s2,
            failed_s: after.failed_s - before.failed_s,
            failed_squares_s2: after.failed_squares_s2 - before.failed_squares_s2,
            in_flight: (after.in_flight_s - before.in_flight_s) / seconds,
        };
        (passed.ok + passed.failed > 0 && seconds > 0.0 && passed.busy_s > 0.0).then_some(passed)
    }

    /// Returns the attempts in flight that do not end in a failure.
    fn accepted(&self) -> f64 {
        (self.in_flight - self.failed_s / self.seconds).max(0.0)
    }
}

impl Estimate {
    /// Returns what was measured from `before` to `after`; `None` if nothing ended.
    ///
    /// The goodput is that of Little's law, attempts in flight over their mean duration: unlike a count
    /// it does not depend on whether a wave of equal tasks ends just before or just after a reading. Attempts that
    /// fail are left out of both, so that a thousand quick refusals do not hide the few that were let in.
    pub(super) fn between(before: &Reading, after: &Reading, counted: Counted) -> Option<Self> {
        let passed = Passed::between(before, after)?;
        let count = passed.ok + passed.failed;
        let takes_all = counted == Counted::All || passed.ok == 0;
        let (number, sum_s, squares_s2, in_flight) = if takes_all {
            (count as f64, passed.busy_s, passed.squares_s2, passed.in_flight)
        } else {
            let squares_s2 = passed.squares_s2 - passed.failed_squares_s2;
            (passed.ok as f64, passed.busy_s - passed.failed_s, squares_s2, passed.accepted())
        };
        let mean_s = (sum_s / number).max(f64::MIN_POSITIVE);
        let variance = (squares_s2 / number - mean_s * mean_s).max(0.0);
        let variation = (variance.sqrt() / mean_s).min(MAX_VARIATION);
        // The error of a mean duration, and of the share of the time that failures took.
        let failing_time = (passed.failed_s / passed.busy_s).min(1.0);
        let left_out = if takes_all { 0.0 } else { failing_time.min(0.99) };
        let of_share = left_out / ((1.0 - left_out) * number);
        let error = (variation * variation / number + of_share).sqrt().max(MIN_ERROR);
        let is_barren = counted == Counted::Ok && passed.ok == 0;
        Some(Estimate {
            goodput: if is_barren { 0.0 } else { in_flight / mean_s },
            error: if is_barren { 1.0 } else { error },
            mean_s,
            in_flight: passed.in_flight,
            accepted: passed.accepted(),
            count,
            failed: passed.failed,
            failing: (passed.failed as f64 / count as f64).max(failing_time),
            failing_time,
            cpus: (after.cpu_s - before.cpu_s) / passed.seconds,
            seconds: passed.seconds,
        })
    }

    /// Returns the number of attempts that succeeded.
    pub(super) fn ok(&self) -> u64 {
        self.count - self.failed
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
        let after =
            Reading { failed_s: 2.0, failed_squares_s2: 1.0, ..reading(3.0, 46, 4, 25.0, 12.5, 28.0) };
        let estimate = Estimate::between(&before, &after, Counted::Ok).expect("some ended");
        assert!((estimate.goodput - 18.0).abs() < 1e-9, "{estimate:?}");
        assert!((estimate.mean_s - 0.5).abs() < 1e-9 && estimate.count == 40 && estimate.ok() == 36);
        assert!((estimate.failing - 0.1).abs() < 1e-9);
        let all = Estimate::between(&before, &after, Counted::All).expect("some ended");
        assert!((all.goodput - 20.0).abs() < 1e-9, "{all:?}");
        assert_eq!(Estimate::between(&before, &reading(2.0, 10, 0, 5.0, 2.5, 9.0), Counted::Ok), None);
    }

    #[test]
    fn quick_refusals_do_not_hide_what_was_let_in() {
        // Of 64 in flight for 2 s, 4 were let in for 1 s each; 600 refusals took 0.2 s each.
        let after =
            Reading { failed_s: 120.0, failed_squares_s2: 24.0, ..reading(2.0, 8, 600, 128.0, 32.0, 128.0) };
        let estimate = Estimate::between(&Reading::default(), &after, Counted::Ok).expect("some ended");
        assert!((estimate.goodput - 4.0).abs() < 1e-9 && (estimate.accepted - 4.0).abs() < 1e-9);
        assert!(estimate.failing > 0.9 && (estimate.mean_s - 1.0).abs() < 1e-9);
        let barren = Reading { ok: 0, busy_s: 120.0, ..after };
        let barren = Estimate::between(&Reading::default(), &barren, Counted::Ok).expect("some ended");
        assert_eq!((barren.goodput, barren.error), (0.0, 1.0), "nothing succeeded, and little is known");
    }

    #[test]
    fn uneven_durations_and_few_of_them_are_noise() {
        let start = reading(0.0, 0, 0, 0.0, 0.0, 0.0);
        let of = |after| Estimate::between(&start, &after, Counted::Ok).expect("some");
        let even = of(reading(1.0, 100, 0, 100.0, 100.0, 100.0));
        let uneven = of(reading(1.0, 100, 0, 100.0, 200.0, 100.0));
        let few = of(reading(1.0, 4, 0, 4.0, 8.0, 4.0));
        assert_eq!(even.error, MIN_ERROR);
        assert!((uneven.error - 0.1).abs() < 1e-9 && (few.error - 0.5).abs() < 1e-9);
    }
}
