//! The part of a batch in which workers paid what each process pays once, at its first call.

use crate::model::full_pipe::TaskInterval;
use crate::profile::result::TaskCost;

/// Largest share of the CPU time of a batch that is taken for costs that are paid once.
const MAX_CPU_SHARE: f64 = 0.9;

/// What the workers of a batch paid once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct PaidOnce {
    /// Seconds by which the batch took longer.
    pub(super) wall_s: f64,
    /// CPU seconds of all workers together.
    pub(super) cpu_s: f64,
}

impl PaidOnce {
    /// Returns what the first tasks of the workers of a batch of `wall_s` seconds and `cpu_s` CPU seconds took
    /// longer than later ones, or than `task_s` if there are no later ones. `once` is what the profile saw a
    /// process pay. Threads that load the same model at once pay it more than once: measured is measured.
    pub(super) fn of(
        intervals: &[TaskInterval],
        once: TaskCost,
        task_s: f64,
        (wall_s, cpu_s): (f64, f64),
    ) -> Self {
        let (first, later): (Vec<_>, Vec<_>) = intervals.iter().partition(|task| task.start_ns == 0);
        if first.is_empty() || once.total_s() <= 0.0 {
            return PaidOnce::default();
        }
        let steady_s = if later.is_empty() { task_s } else { mean_s(&later) };
        let excess_s = (mean_s(&first) - steady_s).clamp(0.0, wall_s);
        let workers = first.len() as f64;
        let computed_s = excess_s * workers * once.cpu_s / once.total_s();
        PaidOnce { wall_s: excess_s, cpu_s: computed_s.min(workers * once.cpu_s).min(MAX_CPU_SHARE * cpu_s) }
    }
}

fn mean_s(tasks: &[&TaskInterval]) -> f64 {
    let sum: f64 = tasks.iter().map(|task| task.end_ns.saturating_sub(task.start_ns) as f64).sum();
    sum * 1e-9 / tasks.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: TaskCost = TaskCost { cpu_s: 1.5, wait_s: 0.0 };

    /// Returns the tasks of workers whose first one takes `first_s` and each of `later` others 10 ms.
    fn batch(workers: u64, first_s: f64, later: u64) -> Vec<TaskInterval> {
        let ns = |s: f64| (s * 1e9) as u64;
        let of_worker = |_| {
            let task = move |i: u64| TaskInterval {
                start_ns: if i == 0 { 0 } else { ns(first_s) + (i - 1) * ns(0.01) },
                end_ns: ns(first_s) + i * ns(0.01),
            };
            (0..=later).map(task)
        };
        (0..workers).flat_map(of_worker).collect()
    }

    #[test]
    fn each_worker_pays_once_and_the_batch_takes_that_much_longer() {
        for workers in [1, 4] {
            let paid = PaidOnce::of(&batch(workers, 1.51, 20), ONCE, 0.01, (1.71, 2.0 * workers as f64));
            assert!((paid.wall_s - 1.5).abs() < 1e-6, "{paid:?}");
            assert!((paid.cpu_s - 1.5 * workers as f64).abs() < 1e-6, "{paid:?}");
        }
    }

    #[test]
    fn threads_that_load_at_once_take_longer_and_use_no_more_cpu() {
        // Four threads compute one at a time.
        let paid = PaidOnce::of(&batch(4, 6.01, 20), ONCE, 0.01, (6.2, 7.0));
        assert!((paid.wall_s - 6.0).abs() < 1e-6 && (paid.cpu_s - 6.0).abs() < 1e-6, "{paid:?}");
    }

    #[test]
    fn a_batch_of_first_calls_is_compared_with_the_profile() {
        let paid = PaidOnce::of(&batch(4, 1.51, 0), ONCE, 0.01, (1.51, 6.1));
        assert!((paid.wall_s - 1.5).abs() < 1e-6, "{paid:?}");
        assert!(paid.cpu_s < 0.91 * 6.1, "{paid:?}");
    }

    #[test]
    fn tasks_that_pay_nothing_once_lose_nothing() {
        assert_eq!(
            PaidOnce::of(&batch(2, 1.5, 3), TaskCost::default(), 0.01, (2.0, 2.0)),
            PaidOnce::default()
        );
        assert_eq!(PaidOnce::of(&batch(2, 0.001, 3), ONCE, 0.01, (2.0, 2.0)), PaidOnce::default());
        assert_eq!(PaidOnce::of(&[], ONCE, 0.01, (2.0, 2.0)), PaidOnce::default());
    }
}
