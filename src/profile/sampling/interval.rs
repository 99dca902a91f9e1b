//! The activity of a tree between two samples, as plain numbers.

use crate::host::usage::CpuTime;
use crate::profile::sampling::timed_wait::TimedEnds;
use crate::profile::sampling::wait_counts::WaitCounts;

/// Maximum number of intervals kept; beyond it, neighbours are merged in pairs.
const MAX_INTERVALS: usize = 8192;

/// The activity of a tree between two samples, or between several where intervals were merged.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Interval {
    /// Seconds from the start of sampling to the end of the interval.
    pub at_s: f64,
    /// Seconds that the interval took, without those in which the tree was stopped.
    pub span_s: f64,
    /// Seconds in which the tree was stopped by a signal.
    pub stopped_s: f64,
    /// Samples in the interval that found the tree, and not stopped: 1, or more where intervals were merged.
    pub samples: f64,
    /// Use of the CPUs.
    pub cpu: CpuUse,
    /// Threads that work side by side.
    pub workers: WorkerCounts,
    /// Kinds of waits.
    pub waits: WaitSums,
}

/// Use of the CPUs in an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuUse {
    /// CPU seconds of all sampled threads.
    pub run_s: f64,
    /// CPU time by the kernel's ticks, with children that ended and were waited for.
    pub ticked: CpuTime,
    /// Seconds of all sampled threads in the run queue.
    pub queued_s: f64,
    /// Share of the interval in which the busiest thread ran or was queued, from 0 to 1.
    pub busiest: f64,
    /// Share of the samples that found something runnable, from 0 to 1.
    pub runnable: f64,
    /// Number of times that a sampled thread was given a CPU.
    pub wakeups: f64,
}

/// Threads that work side by side in an interval; means over its samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WorkerCounts {
    /// Workers that were runnable or waited for something outside the tree, where anything was runnable.
    pub at_once: f64,
    /// Workers that waited for something outside the tree while another thread was runnable.
    pub waiting_while_busy: f64,
    /// Workers that waited for something outside the tree while nothing was runnable; at least 1 then.
    pub waiting_while_idle: f64,
    /// Largest number of threads.
    pub threads: f64,
}

/// Kinds of waits in an interval, each sample weighing 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WaitSums {
    /// Waits while nothing was runnable.
    pub while_idle: WaitCounts,
    /// Waits while something was runnable.
    pub while_busy: WaitCounts,
}

impl Interval {
    /// Returns the mean number of runnable threads, at least 1 in a sample that found anything runnable.
    pub fn runnable_threads(&self) -> f64 {
        (self.workers.at_once - self.workers.waiting_while_busy).max(self.cpu.runnable)
    }

    /// Returns the interval as one in which the tree was stopped: its CPU time was used, and nothing else counts.
    #[must_use]
    pub(crate) fn stopped(self) -> Interval {
        Interval {
            at_s: self.at_s,
            stopped_s: self.stopped_s + self.span_s,
            cpu: CpuUse { busiest: 0.0, runnable: 0.0, ..self.cpu },
            workers: WorkerCounts { threads: self.workers.threads, ..WorkerCounts::default() },
            ..Interval::default()
        }
    }

    /// Merges an interval with the next one.
    #[must_use]
    pub fn merge(self, next: Interval) -> Interval {
        let span_s = self.span_s + next.span_s;
        let mean =
            |a: f64, b: f64| if span_s > 0.0 { (a * self.span_s + b * next.span_s) / span_s } else { a };
        Interval {
            at_s: next.at_s,
            span_s,
            stopped_s: self.stopped_s + next.stopped_s,
            samples: self.samples + next.samples,
            cpu: self.cpu.merge(next.cpu, mean),
            workers: self.workers.merge(next.workers, mean),
            waits: self.waits.plus(&next.waits),
        }
    }
}

impl CpuUse {
    fn merge(self, next: CpuUse, mean: impl Fn(f64, f64) -> f64) -> CpuUse {
        CpuUse {
            run_s: self.run_s + next.run_s,
            ticked: self.ticked + next.ticked,
            queued_s: self.queued_s + next.queued_s,
            busiest: mean(self.busiest, next.busiest),
            runnable: mean(self.runnable, next.runnable),
            wakeups: self.wakeups + next.wakeups,
        }
    }
}

impl WorkerCounts {
    fn merge(self, next: WorkerCounts, mean: impl Fn(f64, f64) -> f64) -> WorkerCounts {
        WorkerCounts {
            at_once: mean(self.at_once, next.at_once),
            waiting_while_busy: mean(self.waiting_while_busy, next.waiting_while_busy),
            waiting_while_idle: mean(self.waiting_while_idle, next.waiting_while_idle),
            threads: self.threads.max(next.threads),
        }
    }
}

impl WaitSums {
    /// Returns the same waits, those with a time limit by what ended them.
    #[must_use]
    pub(crate) fn resolved(&self, ended: &TimedEnds) -> WaitSums {
        WaitSums { while_idle: self.while_idle.resolved(ended), while_busy: self.while_busy.resolved(ended) }
    }

    /// Returns the sums of both.
    #[must_use]
    pub fn plus(&self, others: &WaitSums) -> WaitSums {
        WaitSums {
            while_idle: self.while_idle.plus(&others.while_idle),
            while_busy: self.while_busy.plus(&others.while_busy),
        }
    }
}

/// The intervals of a profile, in bounded memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct IntervalLog {
    list: Vec<Interval>,
    /// Number of intervals merged into each entry of the list.
    per_entry: usize,
    pending: Option<(usize, Interval)>,
}

impl IntervalLog {
    /// Adds the next interval.
    pub(crate) fn push(&mut self, interval: Interval) {
        let (count, merged) = match self.pending.take() {
            None => (1, interval),
            Some((count, before)) => (count + 1, before.merge(interval)),
        };
        if count < self.per_entry {
            self.pending = Some((count, merged));
            return;
        }
        self.list.push(merged);
        if self.list.len() >= MAX_INTERVALS {
            let merge = |pair: &[Interval]| pair[1..].iter().fold(pair[0], |a, b| a.merge(*b));
            self.list = self.list.chunks(2).map(merge).collect();
            self.per_entry = self.per_entry.max(1) * 2;
        }
    }

    /// Returns all intervals, in order.
    pub(crate) fn into_vec(mut self) -> Vec<Interval> {
        self.list.extend(self.pending.map(|(_, interval)| interval));
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_time_is_no_part_of_an_interval() {
        let cpu = CpuUse { run_s: 0.01, busiest: 0.5, runnable: 1.0, wakeups: 2.0, ..CpuUse::default() };
        let running = Interval { at_s: 0.02, span_s: 0.02, samples: 1.0, cpu, ..Interval::default() };
        let stopped = Interval { at_s: 0.04, ..running }.stopped();
        assert_eq!((stopped.span_s, stopped.stopped_s, stopped.samples), (0.0, 0.02, 0.0));
        let both = running.merge(stopped);
        assert_eq!((both.span_s, both.stopped_s, both.samples), (0.02, 0.02, 1.0));
        assert_eq!((both.cpu.run_s, both.cpu.busiest, both.cpu.wakeups), (0.02, 0.5, 4.0));
    }

    #[test]
    fn a_long_profile_takes_no_more_memory_and_loses_nothing() {
        let mut log = IntervalLog::default();
        for i in 0..50_000 {
            let cpu = CpuUse { run_s: 0.25, busiest: 0.5, ..CpuUse::default() };
            let at_s = f64::from(i + 1) * 0.5;
            log.push(Interval { at_s, span_s: 0.5, samples: 1.0, cpu, ..Interval::default() });
        }
        let list = log.into_vec();
        assert!(list.len() < MAX_INTERVALS);
        assert_eq!(list.iter().map(|interval| interval.samples).sum::<f64>(), 50_000.0);
        assert_eq!(list.iter().map(|interval| interval.cpu.run_s).sum::<f64>(), 12_500.0);
        assert_eq!(list.iter().map(|interval| interval.span_s).sum::<f64>(), 25_000.0);
        assert_eq!(list.last().map(|interval| interval.at_s), Some(25_000.0));
        assert!(list.iter().all(|interval| (interval.cpu.busiest - 0.5).abs() < 1e-9));
    }
}
