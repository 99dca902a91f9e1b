//! The end of a profile whose class is certain before its time is over.
//!
//! How long a task waits is only where the predictions begin: the batches tell it better, and a profile of
//! one task at a time is the dearest way to learn it. How long it computes decides what may be measured at all.
//!
//! `python/harness/conc_harness/early_end.py` is the same rule for Python callables.

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_IN_KERNEL_UP_TO, IO_BOUND_UP_TO};

/// Seconds of a profile, without those in the run queue, in which enough samples are taken to tell the kinds of
/// waits apart.
const LEAST_S: f64 = 0.25;

/// Number of tasks below which an unusual one may pass for all.
const LEAST_TASKS: u64 = 3;

/// Share of the time above which the longest task may be a cost that is paid once, and no task's.
const LONGEST_SHARE: f64 = 0.5;

/// Seconds after which the clocks are read again: tasks may be much shorter than it takes to read them.
const SLICE_S: f64 = 0.02;

/// Distance of the CPU share from the thresholds between two classes from which no second profile gives
/// another class: where the confidence in a class is high.
const CLEAR_MARGIN: f64 = 0.12;

/// Standard errors that the distance is to exceed [`CLEAR_MARGIN`] by: the rule is applied again and again.
const STANDARD_ERRORS: f64 = 3.0;

/// Relative standard error of the mean time of a task that computes, without that in the run queue, below which more tasks would not change
/// predictions: small beside [`INDIFFERENCE`](crate::policy::INDIFFERENCE).
const MAX_TIME_ERROR: f64 = 0.03;

/// Readings of the clocks since the first task.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ProfileClocks {
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds, with those of children that were waited for.
    pub cpu_s: f64,
    /// Seconds in the run queue.
    pub queued_s: f64,
}

/// Mean and spread of numbers that come one by one (B. P. Welford, "Note on a Method for Calculating
/// Corrected Sums of Squares and Products", 1962).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spread {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.count += 1;
        let from_mean = value - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (value - self.mean);
    }

    /// Returns the standard error of the mean; infinite for fewer than two numbers.
    fn standard_error(&self) -> f64 {
        if self.count < 2 {
            return f64::INFINITY;
        }
        (self.squares / (self.count - 1) as f64 / self.count as f64).sqrt()
    }
}

/// A sequential test: is more to be learnt from further tasks?
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct EarlyEnd {
    tasks: u64,
    longest_s: f64,
    /// Tasks of the slice that has begun.
    tasks_of_slice: u64,
    /// Seconds per task of each slice, without time in the run queue.
    costs: Spread,
    shares: Spread,
    last: ProfileClocks,
}

impl EarlyEnd {
    /// Counts a task that took `seconds` and ended `wall_s` after the first one began; returns true if it is
    /// time to read the clocks for [`is_certain`](Self::is_certain).
    pub(crate) fn count(&mut self, seconds: f64, wall_s: f64) -> bool {
        self.tasks += 1;
        self.tasks_of_slice += 1;
        self.longest_s = self.longest_s.max(seconds);
        wall_s - self.last.wall_s >= SLICE_S
    }

    /// Counts the slice that has ended; returns true if further tasks would change neither the class nor the
    /// time that a task computes.
    pub(crate) fn is_certain(&mut self, now: ProfileClocks) -> bool {
        self.shares.add(share(self.last, now));
        self.costs.add(own_s(self.last, now) / self.tasks_of_slice.max(1) as f64);
        (self.last, self.tasks_of_slice) = (now, 0);
        if own_s(ProfileClocks::default(), now) < LEAST_S || self.tasks < LEAST_TASKS {
            return false;
        }
        let reach = CLEAR_MARGIN + STANDARD_ERRORS * self.shares.standard_error();
        let all = share(ProfileClocks::default(), now);
        let thresholds = [IO_BOUND_UP_TO, IO_BOUND_IN_KERNEL_UP_TO, CPU_BOUND_FROM];
        let is_clear = thresholds.iter().all(|threshold| (all - threshold).abs() > reach);
        is_clear && if all < IO_BOUND_UP_TO { self.is_typical(now.wall_s) } else { self.is_exact() }
    }

    /// Returns true if no single task makes up most of the time.
    fn is_typical(&self, wall_s: f64) -> bool {
        self.longest_s <= LONGEST_SHARE * wall_s
    }

    /// Returns true if the mean time of a task is known well.
    fn is_exact(&self) -> bool {
        self.costs.standard_error() <= MAX_TIME_ERROR * self.costs.mean
    }
}

/// Returns the CPU share between two readings, without the time in the run queue.
fn share(before: ProfileClocks, after: ProfileClocks) -> f64 {
    let own_s = own_s(before, after);
    if own_s > 0.0 { (after.cpu_s - before.cpu_s) / own_s } else { 0.0 }
}

/// Returns the seconds between two readings that were not spent in the run queue.
fn own_s(before: ProfileClocks, after: ProfileClocks) -> f64 {
    let cpu_s = after.cpu_s - before.cpu_s;
    (after.wall_s - before.wall_s - (after.queued_s - before.queued_s)).max(cpu_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the seconds after which tasks of these times and CPU shares end the profile, at most `most_s`.
    fn end_s(most_s: f64, task: impl Fn(usize) -> (f64, f64)) -> f64 {
        let (mut early, mut now) = (EarlyEnd::default(), ProfileClocks::default());
        for i in 0.. {
            let (seconds, share) = task(i);
            now = ProfileClocks { wall_s: now.wall_s + seconds, cpu_s: now.cpu_s + share * seconds, ..now };
            let is_over = early.count(seconds, now.wall_s) && early.is_certain(now);
            if is_over || now.wall_s >= most_s {
                break;
            }
        }
        now.wall_s
    }

    #[test]
    fn equal_tasks_end_as_soon_as_there_are_enough_samples() {
        for (seconds, share) in [(1e-3, 0.01), (0.02, 0.02), (0.02, 1.0), (1e-5, 0.99)] {
            let end_s = end_s(1.0, |_| (seconds, share));
            assert!((LEAST_S..LEAST_S + 0.03).contains(&end_s), "{seconds} {share}: {end_s}");
        }
    }

    #[test]
    fn two_tasks_are_too_few() {
        assert!((end_s(9.0, |_| (0.3, 0.01)) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn near_a_threshold_the_profile_takes_all_its_time() {
        for share in [0.3, 0.4, 0.55, 0.7, 0.85] {
            assert!(end_s(1.0, |_| (0.01, share)) >= 1.0, "{share}");
        }
    }

    #[test]
    fn turns_of_computing_and_waiting_are_not_certain_early() {
        // A quarter on the whole, which alone would be clear of every threshold.
        assert!(end_s(1.0, |i| (0.04, if i % 4 == 0 { 0.9 } else { 0.03 })) >= 1.0);
    }

    #[test]
    fn a_heavy_tail_of_waits_does_not_delay_a_certain_class() {
        let end_s = end_s(1.0, |i| (if i % 20 == 7 { 0.1 } else { 0.005 }, 0.01));
        assert!((LEAST_S..0.4).contains(&end_s), "{end_s}");
    }

    #[test]
    fn what_is_paid_once_is_not_a_tasks_cost() {
        let first = |seconds, share| move |i| (if i == 0 { seconds } else { 0.001 }, share);
        assert!(end_s(1.0, first(0.3, 0.99)) >= 1.0);
        assert!(end_s(2.0, first(0.3, 0.01)) >= 0.6, "a slow connection");
    }

    #[test]
    fn a_heavy_tail_of_computing_takes_all_the_time() {
        assert!(end_s(1.0, |i| (if i % 20 == 7 { 0.1 } else { 0.005 }, 0.99)) >= 1.0);
    }

    #[test]
    fn time_in_the_run_queue_is_neither_a_wait_nor_a_cost() {
        let (mut early, mut now, mut tasks) = (EarlyEnd::default(), ProfileClocks::default(), 0);
        loop {
            // From none to nine tenths of the time.
            let queued_s = [0.0, 0.18, 0.02][tasks % 3];
            now.wall_s += 0.02 + queued_s;
            now.cpu_s += 0.02;
            now.queued_s += queued_s;
            tasks += 1;
            if early.count(0.02 + queued_s, now.wall_s) && early.is_certain(now) {
                break;
            }
        }
        assert_eq!(tasks, 13, "{now:?}");
    }
}
