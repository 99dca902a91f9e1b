//! The first widths of a run, before any goodput is known.

use crate::job::width::constants::{
    CAUTION, CAUTIOUS_STEP_S, CPU_SLACK, CPUS_BUSY, MIN_FAILED, MOSTLY, OPENING_BUSY, OPENING_MAX,
    OPENING_STEP_S, REFUSED_SLACK,
};
use crate::job::width::reading::Reading;

/// What to do next while a run opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing is known yet.
    Wait,
    /// Go on with this width.
    Set(usize),
    /// Most attempts fail.
    Refused,
    /// The width is wide enough to be measured.
    Done,
}

/// Where a run stands while it opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    /// CPUs that the tasks may use.
    pub(super) cpus: f64,
    /// The width.
    pub(super) width: usize,
    /// The greatest width.
    pub(super) max: usize,
    /// The reading at which the run began.
    pub(super) begun: &'a Reading,
    /// The reading at which the width was set.
    pub(super) set_at: &'a Reading,
}

impl Opened<'_> {
    /// Doubles the width while the CPUs are idle. `busy` is the share of the CPUs in use, by anybody who matters.
    pub(super) fn next(&self, now: &Reading, used: f64, busy: f64) -> Opening {
        let most = OPENING_MAX.min(self.max).min(left(now).max(1)).min(self.served_by_cpus(now));
        let next = (self.width * 2).min(most);
        if used >= OPENING_BUSY || busy >= CPUS_BUSY || next <= self.width {
            Opening::Done
        } else {
            Opening::Set(next)
        }
    }

    /// Returns whether the width has stood for long enough to be judged.
    pub(super) fn is_due(&self, now: &Reading) -> bool {
        now.now_s - self.set_at.now_s >= OPENING_STEP_S && !(now.running < self.width && now.ready > 0)
    }

    /// Returns the share of the CPUs that the tasks have used since the width was set.
    pub(super) fn used(&self, now: &Reading) -> f64 {
        (cpu_s(now) - cpu_s(self.set_at)) / (now.now_s - self.set_at.now_s) / self.cpus
    }

    /// Returns the width that the CPUs can serve by the model: CPUs over the share of a task's time on a CPU.
    fn served_by_cpus(&self, now: &Reading) -> usize {
        let in_flight_s = now.in_flight_s - self.begun.in_flight_s;
        match cpu_s(now) - cpu_s(self.begun) {
            seconds if seconds > 0.0 => {
                (in_flight_s / seconds * self.cpus * CPU_SLACK).ceil().max(1.0) as usize
            }
            _ => usize::MAX,
        }
    }

    /// Returns what to do where most attempts failed: those that were let in say how many may be in flight. The width
    /// falls to somewhat more than that, and grows with them.
    pub(super) fn after_refusals(&self, now: &Reading) -> Opening {
        let (ok, failed) = (now.ok - self.set_at.ok, now.failed - self.set_at.failed);
        let seconds = now.now_s - self.set_at.now_s;
        if seconds <= 0.0 || failed < MIN_FAILED && seconds < CAUTIOUS_STEP_S {
            return Opening::Wait;
        }
        let accepted = accepted(self.set_at, now);
        let is_refused = failed >= MIN_FAILED && failed > ok;
        if is_refused && self.width == 1 {
            return Opening::Refused;
        }
        let next = if is_refused {
            let slack = (accepted * REFUSED_SLACK).ceil() as usize + 1;
            slack.min(self.width / 2).max(accepted.ceil() as usize)
        } else {
            (accepted * CAUTION).ceil() as usize + 1
        };
        Opening::Set(next.min(left(now)).clamp(1, self.max.max(1)))
    }
}

/// Returns the attempts in flight between two readings that did not end in a failure.
pub(super) fn accepted(before: &Reading, after: &Reading) -> f64 {
    let seconds = (after.now_s - before.now_s).max(f64::MIN_POSITIVE);
    let in_flight_s = after.in_flight_s - before.in_flight_s;
    ((in_flight_s - (after.failed_s - before.failed_s)) / seconds).max(0.0)
}

/// Returns whether some attempts succeed, and those that fail end much sooner: they were not let in.
pub(super) fn fails_fast(now: &Reading) -> bool {
    let mean_s = |seconds: f64, number: u64| seconds / number.max(1) as f64;
    now.ok > 0 && mean_s(now.failed_s, now.failed) < MOSTLY * mean_s(now.busy_s - now.failed_s, now.ok)
}

fn cpu_s(reading: &Reading) -> f64 {
    reading.cpu_s + reading.running_cpu_s
}

fn left(now: &Reading) -> usize {
    now.left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened<'a>(width: usize, set_at: &'a Reading) -> Opened<'a> {
        Opened { cpus: 2.0, width, max: 64, begun: set_at, set_at }
    }

    #[test]
    fn a_refusal_leaves_what_was_let_in_and_grows_with_it() {
        let start = Reading::default();
        // 64 in flight for 0.1 s; two of them were let in, the others were refused again and again.
        let refused =
            Reading { now_s: 0.1, failed: 600, in_flight_s: 6.4, failed_s: 6.2, running: 64, ..start };
        assert_eq!(opened(64, &start).after_refusals(&refused), Opening::Set(4));
        let calm = Reading { now_s: 0.1, in_flight_s: 0.4, running: 4, ..start };
        assert_eq!(opened(4, &start).after_refusals(&calm), Opening::Set(7));
        let early = Reading { now_s: 0.01, ..calm };
        assert_eq!(opened(4, &start).after_refusals(&early), Opening::Wait);
    }

    #[test]
    fn tasks_that_fail_one_after_another_are_not_refused_for_their_number() {
        let start = Reading::default();
        let failing = Reading { now_s: 0.1, failed: 9, in_flight_s: 0.1, failed_s: 0.1, running: 1, ..start };
        assert_eq!(opened(1, &start).after_refusals(&failing), Opening::Refused);
    }

    #[test]
    fn the_width_doubles_up_to_what_the_cpus_can_serve() {
        let start = Reading::default();
        let idle = Reading { now_s: 0.01, in_flight_s: 0.02, running: 2, ..start };
        assert_eq!(opened(2, &start).next(&idle, 0.0, 0.0), Opening::Set(4));
        // A quarter of a task's time on a CPU: ten tasks for two CPUs.
        let mixed = Reading { cpu_s: 0.02, in_flight_s: 0.08, ..idle };
        assert_eq!(opened(8, &start).next(&mixed, 0.5, 0.5), Opening::Set(10));
        assert_eq!(opened(8, &start).next(&mixed, 0.75, 0.75), Opening::Done);
    }
}
