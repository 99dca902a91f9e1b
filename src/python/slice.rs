//! The cost of tasks in some threads, from the harness's figures.

use crate::profile::result::CLOCKS_OF_A_TASK_S;
use crate::python::protocol::event::{SliceReport, TrialReport};

/// CPUs that one call uses from which its library has threads of its own.
pub(super) const OWN_THREADS_FROM_CPUS: f64 = 1.3;

/// Share of calls that may fail besides those that fail in the profile, for a cost that is that of the others.
const FEW_FAIL_SHARE: f64 = 0.1;

/// Time of a call in the profile over that in the trial from which results come from a cache.
const CACHED_FROM_RATIO: f64 = 3.0;

/// Share of the wall time that counts at least, however long threads waited for a CPU.
const MIN_OWN_SHARE: f64 = 0.1;

/// Returns the CPUs that a task of the profile uses while it computes, 1 unless it clearly uses more.
pub(super) fn cpus_per_task(profiled: &SliceReport) -> f64 {
    let cpus = (profiled.cpu_s + profiled.children_s) / profiled.own_s();
    if cpus >= OWN_THREADS_FROM_CPUS { cpus } else { 1.0 }
}

/// Returns the CPU seconds of a task on a busy interpreter: of calls one after another if they compute, of calls
/// beside others if they wait; `None` if calls fail or come from a cache.
pub(super) fn busy_cpu_s(
    trial: Option<&TrialReport>,
    in_flight: Option<&SliceReport>,
    profiled: &SliceReport,
) -> Option<f64> {
    let rounds = || trial.into_iter().flat_map(|trial| &trial.rounds);
    let alone = sum(rounds().filter_map(|round| round.alone.as_ref()));
    let together = || sum(rounds().map(|round| &round.together));
    let busy = alone.or_else(|| in_flight.cloned()).or_else(together)?;
    let fails = busy.failed_share() > profiled.failed_share() + FEW_FAIL_SHARE;
    (busy.calls > 0 && !busy.is_cached(profiled) && !fails).then(|| busy.cpu_per_call_s())
}

/// Returns several slices of as many threads as one; `None` if there are none.
pub(super) fn sum<'a>(slices: impl Iterator<Item = &'a SliceReport>) -> Option<SliceReport> {
    slices.cloned().reduce(|sum, slice| SliceReport {
        threads: sum.threads,
        calls: sum.calls + slice.calls,
        failed: sum.failed + slice.failed,
        wall_s: sum.wall_s + slice.wall_s,
        queued_s: sum.queued_s + slice.queued_s,
        cpu_s: sum.cpu_s + slice.cpu_s,
        thread_cpu_s: sum.thread_cpu_s + slice.thread_cpu_s,
        children_s: sum.children_s + slice.children_s,
        pauses: sum.pauses + slice.pauses,
    })
}

impl SliceReport {
    /// Returns true if the calls of this slice in one thread are so much faster than those of the profile that
    /// their results come from a cache. Of tasks that take less than the clocks of a profile nobody can tell.
    pub(super) fn is_cached(&self, profiled: &SliceReport) -> bool {
        let task_s = profiled.call_s() - CLOCKS_OF_A_TASK_S;
        self.threads == 1 && task_s > CACHED_FROM_RATIO * self.call_s()
    }

    /// Seconds in which threads did not wait for a CPU.
    pub(super) fn own_s(&self) -> f64 {
        (self.wall_s - self.queued_s).max(MIN_OWN_SHARE * self.wall_s).max(f64::MIN_POSITIVE)
    }

    /// Seconds of a call.
    pub(super) fn call_s(&self) -> f64 {
        self.own_s() / self.calls.max(1) as f64
    }

    /// Calls per second.
    pub(super) fn rate(&self) -> f64 {
        self.calls as f64 / self.own_s()
    }

    /// Share of the calls that failed.
    pub(super) fn failed_share(&self) -> f64 {
        self.failed as f64 / self.calls.max(1) as f64
    }

    /// Share of a thread's time that it uses a CPU.
    pub(super) fn cpu_share(&self) -> f64 {
        (self.thread_cpu_s / self.own_s()).min(1.0)
    }

    /// CPU seconds of a call, with those of its children.
    pub(super) fn cpu_per_call_s(&self) -> f64 {
        (self.cpu_s + self.children_s) / self.calls.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::protocol::event::RoundReport;

    /// Returns a slice of 0.1 s, with calls and CPU seconds of its threads.
    fn slice(threads: u64, calls: u64, cpu_s: f64) -> SliceReport {
        SliceReport { threads, calls, wall_s: 0.1, cpu_s, thread_cpu_s: cpu_s, ..SliceReport::default() }
    }

    #[test]
    fn the_cost_on_a_busy_interpreter_is_that_of_calls_in_a_row_or_beside_others() {
        let profiled = slice(1, 10, 0.008);
        let alone = |slice: &SliceReport| TrialReport {
            threads: 2,
            rounds: vec![RoundReport { alone: Some(slice.clone()), together: slice.clone() }],
            hangs: false,
        };
        let of = |alone: Option<SliceReport>, together: SliceReport| {
            let rounds = vec![RoundReport { alone, together }];
            let trial = TrialReport { threads: 2, rounds, hangs: false };
            busy_cpu_s(Some(&trial), None, &profiled)
        };
        let is = |found: Option<f64>, s: f64| found.is_some_and(|found| (found - s).abs() < 1e-9);
        assert!(is(of(Some(slice(1, 20, 0.004)), slice(2, 20, 0.2)), 200e-6), "computes");
        assert!(is(of(None, slice(16, 100, 0.018)), 180e-6), "waits");
        assert!(is(busy_cpu_s(None, Some(&slice(16, 100, 0.018)), &profiled), 180e-6), "a coroutine");
        assert_eq!(of(Some(slice(1, 10_000, 0.1)), slice(2, 10_000, 0.1)), None, "a cache");
        let tiny = slice(1, 500_000, 0.1);
        assert!(is(busy_cpu_s(Some(&alone(&tiny)), None, &slice(1, 16_000, 0.1)), 200e-9), "the clocks");
        assert_eq!(of(None, SliceReport { failed: 60, ..slice(16, 100, 0.01) }), None, "refused");
        assert_eq!(busy_cpu_s(None, None, &profiled), None);
    }

    #[test]
    fn a_task_uses_one_cpu_unless_its_library_uses_more() {
        assert_eq!(cpus_per_task(&slice(1, 10, 0.1)), 1.0);
        assert_eq!(cpus_per_task(&slice(1, 10, 0.107)), 1.0, "clocks are not exact");
        assert!((cpus_per_task(&slice(1, 10, 0.19)) - 1.9).abs() < 1e-9);
    }
}
