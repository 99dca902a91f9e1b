//! The run over time: a series of equal slices, and the phases that differ.

use std::ops::Range;

use crate::profile::classify::class::class_of;
use crate::profile::classify::fraction::{TreeTotals, cpu_fractions};
use crate::profile::result::{Class, Pattern, Phase, Series, WaitKind};
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

/// Returns the intervals as slices of equal length; several runs are overlaid.
pub(crate) fn series(intervals: &[Interval], runs: &Runs, threads: u64, is_churning: bool) -> Series {
    let samples: f64 = intervals.iter().map(|interval| interval.samples).sum();
    let length_s = mean_length_s(runs);
    let count = ((samples / SAMPLES_PER_SLICE) as usize).min(MAX_SLICES);
    if count == 0 || length_s <= 0.0 {
        return Series::default();
    }
    let mut slices: Vec<Option<Interval>> = vec![None; count];
    for interval in intervals.iter().filter(|interval| interval.samples > 0.0) {
        let Some(place) = place(interval, runs) else { continue };
        let slice = &mut slices[((place * count as f64) as usize).min(count - 1)];
        *slice = Some(slice.map_or(*interval, |before| before.merge(*interval)));
    }
    let f = |interval: &Interval| fraction(interval, threads, is_churning || runs.len() > 1);
    let main_wait = |interval: Interval| interval.waits.while_idle.shares().main();
    Series {
        interval_s: length_s / count as f64,
        cpu_fraction: slices.iter().map(|slice| slice.as_ref().map(f)).collect(),
        main_wait: slices.iter().map(|slice| slice.and_then(main_wait)).collect(),
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

/// Returns *f* of one slice; by its samples alone where its CPU time is not its own.
fn fraction(interval: &Interval, threads: u64, by_samples: bool) -> f64 {
    let cpu = &interval.cpu;
    if by_samples {
        return cpu.runnable;
    }
    let totals = TreeTotals {
        wall_s: interval.span_s,
        cpu_s: cpu.run_s,
        seen_s: cpu.run_s,
        queued_s: cpu.queued_s,
        runnable: Some(cpu.runnable),
        busiest: cpu.busiest,
        waiting_s: 0.0,
        waiting_while_idle: 1.0,
        samples: interval.samples,
        // Time in the run queue is credited late, which the cap for several threads forgives.
        threads: threads.max(2),
        cpus: 1.0,
    };
    cpu_fractions(&totals).cpu_fraction
}

/// Returns the order of computing and waiting, and the phases that differ.
pub(crate) fn phases(series: &Series) -> (Pattern, Vec<Phase>) {
    let values: Vec<f64> = filled(&series.cpu_fraction);
    if values.len() < MIN_SLICES {
        return (Pattern::Unknown, Vec::new());
    }
    let parts = parts(&values);
    let phases: Vec<Phase> = parts.iter().map(|part| phase(series, &values, part.clone())).collect();
    let overall = mean(&values);
    let pattern = match phases.len() {
        0 | 1 if class_of(overall) == Class::Mixed => Pattern::Interleaved,
        0 | 1 => Pattern::Steady,
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

fn phase(series: &Series, values: &[f64], part: Range<usize>) -> Phase {
    let cpu_fraction = mean(&values[part.clone()]);
    let class = class_of(cpu_fraction);
    Phase {
        from_s: part.start as f64 * series.interval_s,
        to_s: part.end as f64 * series.interval_s,
        class,
        cpu_fraction,
        main_wait: most_frequent(&series.main_wait[part.clone()]).filter(|_| class != Class::CpuBound),
    }
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

    fn series_of(values: &[f64]) -> Series {
        let wait = |f: &f64| (*f < 0.5).then_some(WaitKind::Network);
        Series {
            interval_s: 0.1,
            cpu_fraction: values.iter().copied().map(Some).collect(),
            main_wait: values.iter().map(wait).collect(),
        }
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
        let series = series(&intervals(100, |at| at > 1.0), &[[0.0, 2.0]], 1, false);
        assert_eq!((series.cpu_fraction.len(), series.interval_s), (25, 0.08));
        assert_eq!((series.cpu_fraction[0], series.cpu_fraction[24]), (Some(0.0), Some(1.0)));
        assert_eq!((series.main_wait[0], series.main_wait[24]), (Some(WaitKind::Sleep), None));
        assert_eq!(phases(&series).0, Pattern::Phased);
    }

    #[test]
    fn several_runs_are_laid_upon_one_another() {
        let runs: Vec<[f64; 2]> = (0..5).map(|i| [f64::from(i) * 0.4, f64::from(i) * 0.4 + 0.4]).collect();
        let folded = series(&intervals(100, |at| at % 0.4 > 0.2), &runs, 1, false);
        let (pattern, phases) = phases(&folded);
        assert_eq!(pattern, Pattern::Phased, "{folded:?}");
        assert!((phases[0].to_s - 0.2).abs() < 0.05, "{phases:?}");
        assert_eq!(series(&[], &runs, 1, false), Series::default());
    }
}
