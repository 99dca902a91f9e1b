//! The CPU time of a tree over time, and how many threads could use a CPU at once meanwhile.

use crate::profile::sampling::interval::Interval;

/// Seconds of a stretch of a run, at least: with a dozen samples, the number of runnable threads is more than
/// chance, and one tick of the kernel's clock is a small part of the CPU time.
const STRETCH_S: f64 = 0.25;

/// Mean number of runnable threads up to which a stretch is serial: a child that exits and the parent that it wakes
/// are both runnable for a moment (1.07 was seen).
const SERIAL_UP_TO: f64 = 1.1;

/// CPU seconds by which ticks may be late at the start of a stretch: one tick of user and one of system time.
const LATE_S: f64 = 0.02;

/// Returns the CPU seconds of each interval, with those of processes that no sample caught.
///
/// The threads that were sampled are known to the nanosecond, but not those that came and went. The kernel's
/// ticks have these too, in whole hundredths of a second, and never too early: the ticks that the sampled threads
/// do not explain are of the others.
pub(crate) fn cpu_of_intervals(intervals: &[Interval]) -> Vec<f64> {
    let (mut run_s, mut ticked_s, mut unseen_s) = (0.0, 0.0, 0.0_f64);
    let mut cpu_of = |interval: &Interval| {
        run_s += interval.cpu.run_s;
        ticked_s += interval.cpu.ticked.total_s();
        let before_s = unseen_s;
        unseen_s = unseen_s.max(ticked_s - run_s);
        interval.cpu.run_s + unseen_s - before_s
    };
    intervals.iter().map(&mut cpu_of).collect()
}

/// Returns the ranges of intervals that make up stretches of a fair length; the last may be short.
pub(crate) fn stretches(intervals: &[Interval]) -> Vec<std::ops::Range<usize>> {
    let (mut stretches, mut from, mut span_s) = (Vec::new(), 0, 0.0);
    for (i, interval) in intervals.iter().enumerate() {
        span_s += interval.span_s;
        if span_s >= STRETCH_S {
            stretches.push(from..i + 1);
            (from, span_s) = (i + 1, 0.0);
        }
    }
    if from < intervals.len() {
        stretches.push(from..intervals.len());
    }
    stretches
}

/// Returns the number of CPUs, from 1 to `cpus`, that the tree could use at once while it computed: a mean over
/// its CPU time, so that the CPU time over it is the time that the tree computes when it runs alone. `None` if no
/// sample shows any CPU time.
///
/// Threads in the run queue count, whoever keeps them there. A stretch has at least as many as CPUs were used.
pub(crate) fn cpus_at_once(intervals: &[Interval], cpus: f64) -> Option<f64> {
    let cpu_s = cpu_of_intervals(intervals);
    let (mut total_s, mut computing_s) = (0.0, 0.0);
    for stretch in stretches(intervals) {
        let used_s: f64 = cpu_s[stretch.clone()].iter().sum();
        let at_once = at_once(&intervals[stretch], used_s, cpus.max(1.0));
        total_s += used_s;
        computing_s += used_s / at_once;
    }
    (computing_s > 0.0).then(|| total_s / computing_s)
}

fn at_once(intervals: &[Interval], used_s: f64, cpus: f64) -> f64 {
    let sum = |value: &dyn Fn(&Interval) -> f64| intervals.iter().map(value).sum::<f64>();
    let span_s = sum(&|interval| interval.span_s);
    let runnable_s = sum(&|interval| interval.cpu.runnable * interval.span_s);
    let threads_s = sum(&|interval| interval.runnable_threads().min(cpus) * interval.span_s);
    let seen = if runnable_s > 0.0 { threads_s / runnable_s } else { 1.0 };
    let used = if span_s > 0.0 { (used_s - LATE_S) / span_s } else { 1.0 };
    let seen = if seen <= SERIAL_UP_TO { 1.0 } else { seen };
    seen.max(used).clamp(1.0, cpus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::usage::CpuTime;
    use crate::profile::sampling::interval::{CpuUse, WorkerCounts};

    /// An interval of 50 ms with so many runnable threads, CPU seconds of the sampled ones and ticks.
    fn interval(threads: f64, run_s: f64, ticked_s: f64) -> Interval {
        let ticked = CpuTime { user_s: ticked_s, system_s: 0.0 };
        let runnable = f64::from(u8::from(threads > 0.0));
        let cpu = CpuUse { run_s, ticked, runnable, ..CpuUse::default() };
        let workers = WorkerCounts { at_once: threads, threads, ..WorkerCounts::default() };
        Interval { span_s: 0.05, samples: 1.0, cpu, workers, ..Interval::default() }
    }

    #[test]
    fn ticks_that_no_sampled_thread_explains_are_of_others() {
        // The ticks of a sampled thread come late; those of children that nobody saw have no samples.
        let seen = [interval(1.0, 0.018, 0.01), interval(1.0, 0.018, 0.02), interval(1.0, 0.018, 0.02)];
        assert_eq!(cpu_of_intervals(&seen), [0.018; 3]);
        let unseen = [interval(0.0, 0.0, 0.0), interval(1.0, 0.005, 0.04), interval(1.0, 0.005, 0.05)];
        let cpu_s = cpu_of_intervals(&unseen);
        assert!((cpu_s[1] - 0.04).abs() < 1e-12 && (cpu_s[2] - 0.05).abs() < 1e-12, "{cpu_s:?}");
    }

    #[test]
    fn a_serial_tree_uses_one_cpu_at_once_however_long_it_waits() {
        let half: Vec<_> = (0..40).map(|i| interval(f64::from(i % 2), 0.02, 0.02)).collect();
        assert_eq!(cpus_at_once(&half, 2.0), Some(1.0));
        let hand_offs: Vec<_> =
            (0..40).map(|i| interval(if i == 7 { 2.0 } else { 1.0 }, 0.05, 0.05)).collect();
        assert!(cpus_at_once(&hand_offs, 2.0).expect("CPU time") < 1.03);
        let long = vec![Interval { span_s: 1.0, ..interval(1.07, 0.9, 0.9) }];
        assert_eq!(cpus_at_once(&long, 2.0), Some(1.0));
        assert_eq!(cpus_at_once(&[interval(0.0, 0.0, 0.0)], 2.0), None);
    }

    #[test]
    fn a_tree_wider_than_the_machine_uses_all_cpus() {
        let wide: Vec<_> = (0..20).map(|_| interval(8.0, 0.1, 0.1)).collect();
        assert_eq!(cpus_at_once(&wide, 2.0), Some(2.0));
        assert_eq!(cpus_at_once(&wide, 16.0), Some(8.0));
    }

    #[test]
    fn wide_and_narrow_stretches_count_by_the_time_that_they_take() {
        // 1 s on both CPUs, then 2 s on one: 4 CPU seconds that take 3 s.
        let wide = (0..20).map(|_| interval(8.0, 0.1, 0.1));
        let narrow = (0..40).map(|_| interval(1.0, 0.05, 0.05));
        let at_once = cpus_at_once(&wide.chain(narrow).collect::<Vec<_>>(), 2.0).expect("CPU time");
        assert!((at_once - 4.0 / 3.0).abs() < 0.02, "{at_once}");
    }

    #[test]
    fn what_was_used_was_used_at_once_though_no_sample_caught_it() {
        let churning: Vec<_> = (0..20).map(|_| interval(1.0, 0.01, 0.09)).collect();
        let at_once = cpus_at_once(&churning, 2.0).expect("CPU time");
        assert!((1.7..1.8).contains(&at_once), "{at_once}");
    }
}
