//! The rate of a batch while every worker is busy, from the times of its tasks.
//!
//! A batch begins with all workers at once and ends with fewer and fewer. In between, Little's law holds: the
//! rate is the number of workers over the mean latency (J. D. C. Little, "A proof for the queuing formula
//! L = λW", 1961). It needs clocks that run from the moment at which a task could start, because its worker
//! was free, and not from when the worker got a lock, a CPU or the event loop.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Number of tasks per worker from which a batch spends nearly all its time with every worker busy, so that the
/// times of its tasks tell nothing more.
pub(crate) const STEADY_TASKS_PER_WORKER: u64 = 20;

/// Share of the tasks of a batch that must be done while every worker is busy for their rate to count as one that the
/// batch reached. In a batch of two tasks per worker, half of them are.
const MIN_SHARE_IN_MIDDLE: f64 = 0.4;

/// Share of the tasks of a batch that must have ended before their rate counts as one that the batch
/// reached: the first few ends tell the time of the first tasks, not a rate.
const MIN_SHARE_ENDED: f64 = 0.25;

/// Standard errors by which an estimate may exceed the rate of the middle of its batch.
const ALLOWED_ERRORS: f64 = 2.0;

/// Smallest coefficient of variation of latencies that is assumed: clocks are read late at times.
const MIN_VARIATION: f64 = 0.05;

/// The time of one task in nanoseconds since the tasks of its batch were released. It starts where the task
/// before it on the same worker ended, or at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInterval {
    /// The moment from which the task could run.
    pub start_ns: u64,
    /// The moment at which it had ended.
    pub end_ns: u64,
}

/// The rate of a batch while every worker is busy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FullPipe {
    /// Number of workers that had a task.
    pub workers: u64,
    /// Mean seconds of a task, the first of each worker excluded if the batch has enough others: in the first
    /// ones workers open connections, and nobody has queued for long.
    pub mean_latency_s: f64,
    /// Tasks per second that the batch really reached, plus statistical noise.
    pub reached_per_s: f64,
}

impl FullPipe {
    /// Summarises the tasks of a batch; `None` if there are none.
    pub fn of(intervals: &[TaskInterval]) -> Option<Self> {
        let (first, later): (Vec<_>, Vec<_>) = intervals.iter().partition(|task| task.start_ns == 0);
        if first.is_empty() {
            return None;
        }
        let workers = first.len() as u64;
        let (all, later) = (Latencies::of(intervals.iter()), Latencies::of(later.into_iter()));
        let steady = if later.count >= workers { later } else { all };
        let first_ended_ns = first.iter().map(|task| task.end_ns).max().unwrap_or(0);
        let reached = middle(intervals, first_ended_ns, first_idle_ns(intervals))
            .map(|(tasks, s)| {
                let variation = steady.variation.max(MIN_VARIATION);
                tasks / s * (1.0 + ALLOWED_ERRORS * variation / tasks.max(1.0).sqrt())
            })
            .unwrap_or_else(|| highest_rate(intervals));
        Some(FullPipe { workers, mean_latency_s: steady.mean_s, reached_per_s: reached })
    }

    /// Returns the same pipe if every worker stands for several.
    pub(crate) fn with_tasks_per_worker(self, tasks: f64) -> Self {
        FullPipe {
            workers: (self.workers as f64 * tasks).round() as u64,
            reached_per_s: self.reached_per_s * tasks,
            ..self
        }
    }

    /// Returns the tasks per second while every worker is busy: Little's law, but no more than what happened.
    pub fn per_s(&self) -> f64 {
        (self.workers as f64 / self.mean_latency_s.max(f64::MIN_POSITIVE)).min(self.reached_per_s)
    }
}

/// Returns the times of tasks as if each of `width` workers ran one task after another: a task starts where another
/// one ended. For tasks that pass from worker to worker, and wait in queues between them.
pub(crate) fn in_slots(mut intervals: Vec<TaskInterval>, width: usize) -> Vec<TaskInterval> {
    intervals.sort_unstable_by_key(|task| task.end_ns);
    let ends: Vec<u64> = intervals.iter().map(|task| task.end_ns).collect();
    for (task, start_ns) in intervals.iter_mut().zip(std::iter::repeat_n(0, width.max(1)).chain(ends)) {
        task.start_ns = start_ns;
    }
    intervals
}

/// Number, mean and coefficient of variation of some latencies.
struct Latencies {
    count: u64,
    mean_s: f64,
    variation: f64,
}

impl Latencies {
    fn of<'a>(tasks: impl Iterator<Item = &'a TaskInterval>) -> Self {
        let (mut count, mut sum, mut squares) = (0u64, 0.0, 0.0);
        for task in tasks {
            let s = task.end_ns.saturating_sub(task.start_ns) as f64 * 1e-9;
            (count, sum, squares) = (count + 1, sum + s, squares + s * s);
        }
        let n = count.max(1) as f64;
        let mean_s = sum / n;
        let variance = (squares / n - mean_s * mean_s).max(0.0);
        Latencies { count, mean_s, variation: variance.sqrt() / mean_s.max(f64::MIN_POSITIVE) }
    }
}

/// Returns the earliest moment at which a worker had no next task.
fn first_idle_ns(intervals: &[TaskInterval]) -> u64 {
    let mut idle: BTreeMap<u64, i64> = BTreeMap::new();
    for task in intervals {
        *idle.entry(task.end_ns).or_default() += 1;
        *idle.entry(task.start_ns).or_default() -= 1;
    }
    idle.into_iter().find(|(_, idle)| *idle > 0).map_or(0, |(at_ns, _)| at_ns)
}

/// Returns the tasks that were done between two moments, a part of those under way included, and the seconds
/// between the moments; `None` if that is not as much as one task and a fair share of all: workers that hand one lock
/// over between short tasks take turns of several, and a moment of one turn looks like all of them at once.
fn middle(intervals: &[TaskInterval], from_ns: u64, to_ns: u64) -> Option<(f64, f64)> {
    let part = |task: &TaskInterval| {
        let within = task.end_ns.min(to_ns).saturating_sub(task.start_ns.max(from_ns));
        within as f64 / task.end_ns.saturating_sub(task.start_ns).max(1) as f64
    };
    let s = to_ns.saturating_sub(from_ns) as f64 * 1e-9;
    let tasks: f64 = intervals.iter().map(part).sum();
    let least = (MIN_SHARE_IN_MIDDLE * intervals.len() as f64).max(1.0);
    (s > 0.0 && tasks >= least).then_some((tasks, s))
}

/// Returns the highest rate at which tasks had ended since the beginning, once a share of them had.
fn highest_rate(intervals: &[TaskInterval]) -> f64 {
    let mut ends: Vec<u64> = intervals.iter().map(|task| task.end_ns.max(1)).collect();
    ends.sort_unstable();
    let least = (ends.len() as f64 * MIN_SHARE_ENDED).ceil() as usize;
    let rates = ends.iter().enumerate().map(|(before, end)| (before + 1) as f64 / (*end as f64 * 1e-9));
    rates.skip(least.saturating_sub(1)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Tasks of `width` workers, each of which takes the next one when it is free; `ms(task, at)` is the time at
    /// which task number `task` ends if it could start at `at`.
    fn batch(tasks: u64, width: usize, mut ends_ns: impl FnMut(u64, u64) -> u64) -> Vec<TaskInterval> {
        let mut free = vec![0u64; width];
        let run = |task| {
            let worker = (0..width).min_by_key(|worker| free[*worker]).expect("a worker");
            let start_ns = free[worker];
            let end_ns = ends_ns(task, start_ns);
            free[worker] = end_ns;
            TaskInterval { start_ns, end_ns }
        };
        (0..tasks).map(run).collect()
    }

    fn rate(intervals: &[TaskInterval]) -> f64 {
        FullPipe::of(intervals).expect("tasks").per_s()
    }

    /// Tasks that one server serves one after another, for `each_ns` each.
    fn served(tasks: u64, width: usize, each_ns: u64) -> Vec<TaskInterval> {
        let mut free = 0;
        batch(tasks, width, |_, at| {
            free = at.max(free) + each_ns;
            free
        })
    }

    #[test]
    fn tasks_of_a_pipeline_take_the_place_of_those_that_ended() {
        let task = |end_ns| TaskInterval { start_ns: 1, end_ns };
        let slots = in_slots([30, 10, 20, 40].map(task).to_vec(), 2);
        let pairs: Vec<_> = slots.iter().map(|task| (task.start_ns, task.end_ns)).collect();
        assert_eq!(pairs, [(0, 10), (0, 20), (10, 30), (20, 40)]);
        // A line that takes 100 ms to fill, and then gives 50 tasks a second.
        let line = in_slots((0..40).map(|i| task(100 * MS + i * 20 * MS)).collect(), 5);
        assert!((rate(&line) / 50.0 - 1.0).abs() < 0.05, "{}", rate(&line));
    }

    #[test]
    fn tasks_that_only_wait_run_as_many_at_a_time_as_there_are_workers() {
        for tasks in [64, 128, 192, 500] {
            let x = rate(&batch(tasks, 64, |_, at| at + 20 * MS));
            assert!((x / 3200.0 - 1.0).abs() < 1e-6, "{tasks}: {x}");
        }
    }

    #[test]
    fn a_loop_or_a_lock_that_lets_one_through_is_never_beaten() {
        // A coroutine that blocks its loop for 20 ms, after it has awaited: 50 a second at any width.
        for (tasks, width) in [(64, 32), (96, 32), (200, 64), (24, 8), (16, 16)] {
            let x = rate(&served(tasks, width, 20 * MS));
            assert!((49.9..=50.0 * 1.06).contains(&x), "{tasks} at {width}: {x}");
        }
    }

    #[test]
    fn a_coroutine_that_never_awaits_keeps_one_worker() {
        // The other workers never get the loop.
        let one: Vec<_> =
            (0..60).map(|i| TaskInterval { start_ns: i * 20 * MS, end_ns: (i + 1) * 20 * MS }).collect();
        let pipe = FullPipe::of(&one).expect("tasks");
        assert_eq!(pipe.workers, 1);
        assert!((pipe.per_s() / 50.0 - 1.0).abs() < 1e-6, "{pipe:?}");
    }

    #[test]
    fn threads_that_share_a_lock_by_time_slices_do_what_one_does() {
        // Eight threads of 3 ms tasks get 5 ms each in turn: tasks end in pairs, and late.
        let mut clock = 0;
        let (mut left, mut intervals) = (24u64, Vec::new());
        let mut since = [0u64; 8];
        let mut carried = [0u64; 8];
        while left > 0 {
            for worker in 0..8 {
                let mut slice = 5 * MS;
                while slice > 0 && left > 0 {
                    let needs = 3 * MS - carried[worker];
                    let used = needs.min(slice);
                    (clock, slice, carried[worker]) = (clock + used, slice - used, carried[worker] + used);
                    if carried[worker] == 3 * MS {
                        intervals.push(TaskInterval { start_ns: since[worker], end_ns: clock });
                        (since[worker], carried[worker], left) = (clock, 0, left - 1);
                    }
                }
            }
        }
        let (x, alone) = (rate(&intervals), 1000.0 / 3.0);
        assert!(x <= 1.25 * alone, "{x} of {alone}");
    }

    #[test]
    fn threads_that_do_several_tasks_in_a_turn_are_no_faster() {
        // Four threads take turns of three tasks of 2 ms each: within a turn, all but the first look short.
        let mut since = [0u64; 4];
        let turns = (0..8u64).flat_map(|turn| (0..3).map(move |task| (turn, task)));
        let intervals: Vec<_> = turns
            .map(|(turn, task)| {
                let end_ns = (turn * 3 + task + 1) * 2 * MS;
                let start_ns = std::mem::replace(&mut since[(turn % 4) as usize], end_ns);
                TaskInterval { start_ns, end_ns }
            })
            .collect();
        let x = rate(&intervals);
        assert!((500.0..=1.1 * 500.0).contains(&x), "{x}");
    }

    #[test]
    fn an_upstream_that_serves_six_at_a_time_is_seen_at_any_width() {
        for (tasks, width) in [(32, 32), (64, 32), (96, 32)] {
            let mut servers = [0u64; 6];
            let intervals = batch(tasks, width, |_, at| {
                let server = (0..6).min_by_key(|s| servers[*s]).expect("a server");
                servers[server] = servers[server].max(at) + 30 * MS;
                servers[server]
            });
            let x = rate(&intervals);
            assert!(x <= 200.0 * 1.1, "{tasks} at {width}: {x}");
        }
    }

    #[test]
    fn connections_that_are_opened_once_are_no_part_of_the_rate() {
        let x = rate(&batch(48, 16, |task, at| at + if task < 16 { 100 * MS } else { 20 * MS }));
        assert!((x / 800.0 - 1.0).abs() < 0.01, "{x}");
    }

    #[test]
    fn tasks_of_many_lengths_are_not_held_back_by_the_ragged_end() {
        // Between 2 and 60 ms, as by a generator that repeats.
        let ms = |task: u64| 2 + task * 37 % 59;
        let intervals = batch(96, 32, |task, at| at + ms(task) * MS);
        let mean = (0..96).map(|task| ms(task) as f64).sum::<f64>() / 96.0;
        let x = rate(&intervals);
        assert!((x / (32_000.0 / mean) - 1.0).abs() < 0.2, "{x}");
    }

    #[test]
    fn no_tasks_have_no_rate() {
        assert_eq!(FullPipe::of(&[]), None);
        assert!(
            FullPipe::of(&[TaskInterval { start_ns: 0, end_ns: 0 }]).is_some_and(|p| p.per_s().is_finite())
        );
    }
}
