//! The run over time: a series of equal slices, and the phases that differ.

use std::ops::Range;

use crate::profile::classify::class::ClassEdges;
use crate::profile::classify::fraction::{TreeTotals, cpu_fractions, least_run};
use crate::profile::classify::kernel_io::{Moment, kernel_io};
use crate::profile::result::{Class, Pattern, Phase, Series, WaitKind, Waits};
use crate::profile::sampling::interval::Interval;

/// Number of intervals of a series, at most: one line of a terminal.
const MAX_SLICES: usize = 60;

/// Mean number of samples in an interval of a series from which it is more than chance.
const SAMPLES_PER_SLICE: f64 = 4.0;

/// Number of intervals below which a series shows no phases.
const MIN_SLICES: usize = 6;

/// Number of phases, at most.
const MAX_PHASES: usize = 4;

/// Share of the run that a phase takes, at least.
const MIN_PHASE_SHARE: f64 = 0.1;

/// Difference of the CPU shares of two phases next to one another, at least.
const MIN_CONTRAST: f64 = 0.4;

/// Share of the variance that phases explain, at least.
const MIN_EXPLAINED_SHARE: f64 = 0.6;

/// Begin and end of the runs of a command, in seconds since sampling began.
pub(crate) type Runs = [[f64; 2]];

/// A run over time, and what its slices used the kernel for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Slices {
    /// What users see of the slices.
    pub series: Series,
    /// CPU time and kernel time of I/O in each slice.
    moments: Vec<Moment>,
    /// Kinds of waits in each slice.
    waits: Vec<Waits>,
}

/// Properties of a tree that hold for each of its slices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlicedTree {
    /// Largest number of threads at a time.
    pub threads: u64,
    /// CPUs that could be used.
    pub cpus: f64,
    /// True if its processes are too short to be sampled.
    pub is_churning: bool,
}

/// Returns the intervals, and what each used, as slices of equal length; several runs are overlaid.
pub(crate) fn slices(intervals: &[Interval], moments: &[Moment], runs: &Runs, tree: SlicedTree) -> Slices {
    let samples: f64 = intervals.iter().map(|interval| interval.samples).sum();
    let length_s = mean_length_s(runs);
    let count = ((samples / SAMPLES_PER_SLICE) as usize).min(MAX_SLICES);
    if count == 0 || length_s <= 0.0 {
        return Slices::default();
    }
    let mut slices: Vec<Option<(Interval, Moment)>> = vec![None; count];
    let seen = intervals.iter().zip(moments).filter(|(interval, _)| interval.samples > 0.0);
    for (interval, moment) in seen {
        let Some(place) = place(interval, runs) else { continue };
        let slice = &mut slices[((place * count as f64) as usize).min(count - 1)];
        let both = |(i, m): (Interval, Moment)| (i.merge(*interval), m.plus(*moment));
        *slice = Some(slice.map_or((*interval, *moment), both));
    }
    let by_samples = tree.is_churning || runs.len() > 1;
    let f = |(interval, moment): &(Interval, Moment)| fraction(interval, moment.cpu_s, tree, by_samples);
    let waits = |(interval, _): (Interval, Moment)| interval.waits.while_idle.shares();
    Slices {
        series: Series {
            interval_s: length_s / count as f64,
            cpu_fraction: slices.iter().map(|slice| slice.as_ref().map(f)).collect(),
            main_wait: slices.iter().map(|slice| slice.map(waits).and_then(|waits| waits.main())).collect(),
        },
        moments: slices.iter().map(|slice| slice.map(|(_, moment)| moment).unwrap_or_default()).collect(),
        waits: slices.iter().map(|slice| slice.map(waits).unwrap_or_default()).collect(),
    }
}

fn mean_length_s(runs: &Runs) -> f64 {
    let total: f64 = runs.iter().map(|[from, to]| to - from).sum();
    if runs.is_empty() { 0.0 } else { total / runs.len() as f64 }
}

/// Returns the place of an interval in its run, from 0 to 1.
fn place(interval: &Interval, runs: &Runs) -> Option<f64> {
    let next = runs.partition_point(|[from, _]| *from <= interval.at_s);
    let [from, to] = *runs.get(next.checked_sub(1)?)?;
    // The middle of the interval; its end if the command ran repeatedly, since runs are then as short as
    // intervals.
    let middle = interval.at_s - interval.span_s / 2.0;
    let at = if runs.len() > 1 { interval.at_s } else { middle };
    (to > from).then(|| ((at - from) / (to - from)).clamp(0.0, 1.0))
}

/// Returns *f* of one slice that used `cpu_s` CPU seconds; by its samples where its CPU time is not its own, but
/// never less than its CPU time alone shows.
fn fraction(interval: &Interval, cpu_s: f64, tree: SlicedTree, by_samples: bool) -> f64 {
    let cpu = &interval.cpu;
    let at_once = if cpu.runnable > 0.0 { interval.runnable_threads() / cpu.runnable } else { 1.0 };
    let totals = TreeTotals {
        wall_s: interval.span_s,
        cpu_s: cpu_s.max(cpu.run_s),
        seen_s: cpu.run_s,
        queued_s: cpu.queued_s,
        runnable: Some(cpu.runnable),
        at_once: Some(at_once.clamp(1.0, tree.cpus.max(1.0))),
        busiest: cpu.busiest,
        waiting_s: 0.0,
        waiting_while_idle: 1.0,
        samples: interval.samples,
        // Time in the run queue is credited late, which the cap for several threads forgives.
        threads: tree.threads.max(2),
        cpus: tree.cpus,
    };
    if by_samples {
        return cpu.runnable.max(least_run(&totals));
    }
    cpu_fractions(&totals).any_fraction
}

/// Returns the order of computing and waiting, and the phases that differ.
pub(crate) fn phases(slices: &Slices) -> (Pattern, Vec<Phase>) {
    let values: Vec<f64> = filled(&slices.series.cpu_fraction);
    if values.len() < MIN_SLICES {
        return (Pattern::Unknown, Vec::new());
    }
    let parts = parts(&values);
    let phases: Vec<Phase> = parts.iter().map(|part| phase(slices, &values, part.clone())).collect();
    let pattern = match &phases[..] {
        [] => Pattern::Steady,
        [only] if only.class == Class::Mixed => Pattern::Interleaved,
        [_] => Pattern::Steady,
        _ => Pattern::Phased,
    };
    (pattern, phases)
}

/// Fills gaps with the values before them.
fn filled(values: &[Option<f64>]) -> Vec<f64> {
    let Some(first) = values.iter().flatten().next() else { return Vec::new() };
    let mut last = *first;
    let mut fill = |value: &Option<f64>| {
        last = value.unwrap_or(last);
        last
    };
    values.iter().map(&mut fill).collect()
}

/// Returns a phase; kernel time counts as I/O only if the phase itself does I/O.
fn phase(slices: &Slices, values: &[f64], part: Range<usize>) -> Phase {
    let series = &slices.series;
    let cpu_fraction = mean(&values[part.clone()]);
    let waits = mean_waits(&slices.waits[part.clone()], &values[part.clone()]);
    let io = kernel_io(slices.moments[part.clone()].iter(), &waits);
    let class = ClassEdges::of(&io).class_of(cpu_fraction);
    Phase {
        from_s: part.start as f64 * series.interval_s,
        to_s: part.end as f64 * series.interval_s,
        class,
        cpu_fraction,
        main_wait: most_frequent(&series.main_wait[part.clone()]).filter(|_| class != Class::CpuBound),
    }
}

/// Returns the shares of disk and network in the waits of some slices, each weighted by the time it waits.
fn mean_waits(waits: &[Waits], values: &[f64]) -> Waits {
    let waiting: f64 = values.iter().map(|value| 1.0 - value).sum();
    let share = |kind: fn(&Waits) -> f64| {
        let sum: f64 = waits.iter().zip(values).map(|(waits, value)| kind(waits) * (1.0 - value)).sum();
        if waiting > 0.0 { sum / waiting } else { 0.0 }
    };
    Waits { network: share(|waits| waits.network), disk: share(|waits| waits.disk), ..Waits::default() }
}

fn most_frequent(kinds: &[Option<WaitKind>]) -> Option<WaitKind> {
    let count = |kind: &WaitKind| kinds.iter().flatten().filter(|other| *other == kind).count();
    kinds.iter().flatten().max_by_key(|kind| count(kind)).copied()
}

/// Returns the smallest number of parts that explain enough of the variance; the whole as one if none do.
fn parts(values: &[f64]) -> Vec<Range<usize>> {
    let whole = 0..values.len();
    let shortest = ((values.len() as f64 * MIN_PHASE_SHARE).ceil() as usize).max(2);
    let total = spread(values, &whole);
    for count in 2..=MAX_PHASES {
        let Some(parts) = best_split(values, count, shortest) else { break };
        let left: f64 = parts.iter().map(|part| spread(values, part)).sum();
        let means: Vec<f64> = parts.iter().map(|part| mean(&values[part.clone()])).collect();
        let differ = means.windows(2).all(|pair| (pair[0] - pair[1]).abs() >= MIN_CONTRAST);
        if differ && total > 0.0 && 1.0 - left / total >= MIN_EXPLAINED_SHARE {
            return parts;
        }
    }
    vec![whole]
}

/// Returns the split into `count` parts with the smallest spread within them, by dynamic programming
/// (Bellman, On the approximation of curves by line segments, 1961).
fn best_split(values: &[f64], count: usize, shortest: usize) -> Option<Vec<Range<usize>>> {
    let n = values.len();
    // One row for each number of parts: for each end the smallest spread, and where the last part starts.
    let mut rows: Vec<Vec<Option<(f64, usize)>>> = Vec::new();
    for row in 0..count {
        let mut ends = vec![None; n + 1];
        for (end, best) in ends.iter_mut().enumerate().skip(shortest) {
            let starts = if row == 0 { 0..1 } else { shortest..end };
            for start in starts.take_while(|start| start + shortest <= end) {
                let before = if row == 0 { Some(0.0) } else { rows[row - 1][start].map(|(s, _)| s) };
                let Some(before) = before else { continue };
                let sum = before + spread(values, &(start..end));
                if best.is_none_or(|(least, _)| sum < least) {
                    *best = Some((sum, start));
                }
            }
        }
        rows.push(ends);
    }
    let mut parts = Vec::new();
    let mut end = n;
    for row in rows.iter().rev() {
        let (_, start) = row[end]?;
        parts.push(start..end);
        end = start;
    }
    parts.reverse();
    Some(parts)
}

/// Returns the sum of squared deviations from the mean.
fn spread(values: &[f64], part: &Range<usize>) -> f64 {
    let values = &values[part.clone()];
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sampling::interval::CpuUse;

    /// The tree of one thread on a machine with one CPU.
    const TREE: SlicedTree = SlicedTree { threads: 1, cpus: 1.0, is_churning: false };

    /// Slices of 0.1 s with these CPU shares that wait for the network, and this kernel's share of their CPU time
    /// where they wait.
    fn slices_of(values: &[f64], kernel_share: f64) -> Slices {
        let wait = |f: &f64| (*f < 0.5).then_some(WaitKind::Network);
        let moment = |f: &f64| {
            let kernel_io_s = if *f < 0.5 { 0.1 * f * kernel_share } else { 0.0 };
            Moment { cpu_s: 0.1 * f, kernel_io_s }
        };
        Slices {
            series: Series {
                interval_s: 0.1,
                cpu_fraction: values.iter().copied().map(Some).collect(),
                main_wait: values.iter().map(wait).collect(),
            },
            moments: values.iter().map(moment).collect(),
            waits: values.iter().map(|_| Waits { network: 1.0, ..Waits::default() }).collect(),
        }
    }

    fn series_of(values: &[f64]) -> Slices {
        slices_of(values, 0.0)
    }

    fn series(intervals: &[Interval], runs: &Runs) -> Slices {
        let moment = |interval: &Interval| Moment { cpu_s: interval.cpu.run_s, kernel_io_s: 0.0 };
        slices(intervals, &intervals.iter().map(moment).collect::<Vec<_>>(), runs, TREE)
    }

    #[test]
    fn kernel_time_is_io_only_in_the_phase_that_waits_for_devices() {
        let values = [[0.45; 20].as_slice(), &[0.99; 20]].concat();
        let classes = |kernel_share| {
            let (_, phases) = phases(&slices_of(&values, kernel_share));
            phases.iter().map(|phase| phase.class).collect::<Vec<_>>()
        };
        assert_eq!(classes(0.9), [Class::IoBound, Class::CpuBound]);
        assert_eq!(classes(0.1), [Class::Mixed, Class::CpuBound]);
    }

    #[test]
    fn a_slice_computes_at_least_for_its_cpu_time() {
        let cpu = CpuUse { run_s: 0.01, runnable: 0.25, ..CpuUse::default() };
        let slice = Interval { span_s: 0.1, samples: 4.0, cpu, ..Interval::default() };
        let churning = SlicedTree { is_churning: true, ..TREE };
        assert!((fraction(&slice, 0.06, churning, true) - 0.6).abs() < 1e-9);
        assert_eq!(fraction(&slice, 0.01, churning, true), 0.25);
    }

    #[test]
    fn a_download_before_the_computing_is_a_phase() {
        let values = [[0.02; 20].as_slice(), &[0.98; 20]].concat();
        let (pattern, phases) = phases(&series_of(&values));
        assert_eq!(pattern, Pattern::Phased);
        let classes: Vec<_> = phases.iter().map(|phase| phase.class).collect();
        assert_eq!(classes, [Class::IoBound, Class::CpuBound]);
        assert_eq!((phases[0].from_s, phases[0].to_s, phases[1].to_s), (0.0, 2.0, 4.0));
        let waits: Vec<_> = phases.iter().map(|phase| phase.main_wait).collect();
        assert_eq!(waits, [Some(WaitKind::Network), None]);
    }

    #[test]
    fn turns_are_interleaved_however_they_are_cut() {
        let values: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 0.2 } else { 0.8 }).collect();
        assert_eq!(phases(&series_of(&values)).0, Pattern::Interleaved);
        let even = phases(&series_of(&[0.5; 40]));
        assert_eq!((even.0, even.1.len()), (Pattern::Interleaved, 1));
    }

    #[test]
    fn one_kind_throughout_is_steady() {
        assert_eq!(phases(&series_of(&[0.97; 30])).0, Pattern::Steady);
        let nearly: Vec<f64> = (0..30).map(|i| if i == 3 { 0.3 } else { 0.01 }).collect();
        assert_eq!(phases(&series_of(&nearly)).0, Pattern::Steady);
        assert_eq!(phases(&series_of(&[0.5; 3])), (Pattern::Unknown, vec![]));
    }

    #[test]
    fn a_run_in_three_parts_has_three() {
        let values = [[0.0; 12].as_slice(), &[1.0; 20], &[0.05; 12]].concat();
        assert_eq!(phases(&series_of(&values)).1.len(), 3);
    }

    #[test]
    fn gaps_are_what_was_before_them() {
        assert_eq!(filled(&[None, Some(0.5), None, Some(0.1), None]), [0.5, 0.5, 0.5, 0.1, 0.1]);
        assert!(filled(&[None]).is_empty());
    }

    fn intervals(length: usize, f: impl Fn(f64) -> bool) -> Vec<Interval> {
        let interval = |i: usize| {
            let at_s = (i + 1) as f64 * 0.02;
            let runs = f(at_s - 0.01);
            let share = f64::from(u8::from(runs));
            let cpu = CpuUse { run_s: 0.02 * share, busiest: share, runnable: share, ..CpuUse::default() };
            let mut interval = Interval { at_s, span_s: 0.02, samples: 1.0, cpu, ..Interval::default() };
            if !runs {
                interval.waits.while_idle.add(WaitKind::Sleep, 1.0);
            }
            interval
        };
        (0..length).map(interval).collect()
    }

    #[test]
    fn intervals_become_slices() {
        let slices = series(&intervals(100, |at| at > 1.0), &[[0.0, 2.0]]);
        let series = &slices.series;
        assert_eq!((series.cpu_fraction.len(), series.interval_s), (25, 0.08));
        assert_eq!((series.cpu_fraction[0], series.cpu_fraction[24]), (Some(0.0), Some(1.0)));
        assert_eq!((series.main_wait[0], series.main_wait[24]), (Some(WaitKind::Sleep), None));
        assert_eq!(phases(&slices).0, Pattern::Phased);
    }

    #[test]
    fn several_runs_are_laid_upon_one_another() {
        let runs: Vec<[f64; 2]> = (0..5).map(|i| [f64::from(i) * 0.4, f64::from(i) * 0.4 + 0.4]).collect();
        let folded = series(&intervals(100, |at| at % 0.4 > 0.2), &runs);
        let (pattern, phases) = phases(&folded);
        assert_eq!(pattern, Pattern::Phased, "{folded:?}");
        assert!((phases[0].to_s - 0.2).abs() < 0.05, "{phases:?}");
        assert_eq!(series(&[], &runs), Slices::default());
    }
}
