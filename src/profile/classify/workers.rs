//! The workers of a tree over the time of its run.

use crate::profile::result::WorkersOverTime;
use crate::profile::sampling::interval::Interval;

/// Mean number of workers from which an interval counts as one with several.
const SEVERAL_FROM: f64 = 1.5;

/// Adds up the seconds with one worker and with several.
pub(crate) fn workers_over_time(intervals: &[Interval]) -> WorkersOverTime {
    intervals
        .iter()
        .filter(|interval| interval.samples > 0.0)
        .map(of_interval)
        .fold(WorkersOverTime::default(), WorkersOverTime::then)
}

fn of_interval(interval: &Interval) -> WorkersOverTime {
    // Both are means over all samples, of which either something was runnable or nothing was.
    let waiting = interval.workers.waiting_while_busy + interval.workers.waiting_while_idle;
    let workers = interval.runnable_threads() + waiting;
    if workers < SEVERAL_FROM {
        return WorkersOverTime { single_s: interval.span_s, ..WorkersOverTime::default() };
    }
    WorkersOverTime {
        single_s: 0.0,
        several_s: interval.span_s,
        at_once: workers,
        several_wait_s: waiting * interval.span_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sampling::interval::{CpuUse, WorkerCounts};

    fn interval(runnable: f64, at_once: f64, while_idle: f64) -> Interval {
        Interval {
            span_s: 0.5,
            samples: 1.0,
            cpu: CpuUse { runnable, ..CpuUse::default() },
            workers: WorkerCounts {
                at_once,
                waiting_while_busy: at_once - runnable.min(at_once),
                waiting_while_idle: while_idle,
                threads: 9.0,
            },
            ..Interval::default()
        }
    }

    #[test]
    fn threads_that_compute_and_threads_that_wait_are_workers() {
        // One computes and three wait; then four wait; then one waits.
        let intervals = [interval(1.0, 4.0, 0.0), interval(0.0, 0.0, 4.0), interval(0.0, 0.0, 1.0)];
        let workers = workers_over_time(&intervals);
        assert_eq!((workers.single_s, workers.several_s, workers.at_once), (0.5, 1.0, 4.0));
        assert_eq!(workers.several_wait_s, 0.5 * 3.0 + 0.5 * 4.0);
        assert_eq!(workers.mean(), 3.0);
    }

    #[test]
    fn time_without_samples_shows_nothing() {
        let unseen = Interval { samples: 0.0, ..interval(1.0, 4.0, 0.0) };
        assert_eq!(workers_over_time(&[unseen]).mean(), 1.0);
    }
}
