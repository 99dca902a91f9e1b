//! The run over time: a series of intervals, and the parts that differ.

use std::ops::Range;

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_UP_TO};
use crate::profile::result::Class;
use crate::profile::tree::estimate::{Totals, estimate};
use crate::profile::tree::moment::Moment;
use crate::profile::tree::result::{Pattern, Phase, Series};
use crate::profile::waits::WaitCounts;

/// The most intervals of a series: as many as fit a line of a terminal.
const MOST_INTERVALS: usize = 60;

/// Looks that an interval should have on average, so that it is more than chance.
const LOOKS: f64 = 4.0;

/// Fewer intervals than this show no phases.
const FEWEST_INTERVALS: usize = 6;

/// The most parts that are looked for.
const MOST_PHASES: usize = 4;

/// A part is at least this share of the run.
const SHORTEST: f64 = 0.1;

/// Parts next to one another differ by at least this much.
const CONTRAST: f64 = 0.4;

/// Parts explain at least this share of the variance.
const EXPLAINED: f64 = 0.6;

/// When the runs of a command began and ended, in seconds since the profile began.
pub type Runs = [[f64; 2]];

/// The moments as intervals of equal length; those of several runs laid upon one another.
pub fn series(moments: &[Moment], runs: &Runs, threads: u64, is_churning: bool) -> Series {
    let looks: f64 = moments.iter().map(|moment| moment.looks).sum();
    let length_s = mean_length(runs);
    let count = ((looks / LOOKS) as usize).min(MOST_INTERVALS);
    if count == 0 || length_s <= 0.0 {
        return Series::default();
    }
    let mut intervals: Vec<Option<Moment>> = vec![None; count];
    for moment in moments.iter().filter(|moment| moment.looks > 0.0) {
        let Some(place) = place(moment, runs) else { continue };
        let interval = &mut intervals[((place * count as f64) as usize).min(count - 1)];
        *interval = Some(interval.map_or(*moment, |before| before.and(*moment)));
    }
    let f = |moment: &Moment| fraction(moment, threads, is_churning || runs.len() > 1);
    Series {
        interval_s: length_s / count as f64,
        cpu_fraction: intervals.iter().map(|moment| moment.as_ref().map(f)).collect(),
        main_wait: intervals.iter().map(|moment| moment.and_then(|m| main_wait(&m.waits))).collect(),
    }
}

fn mean_length(runs: &Runs) -> f64 {
    let total: f64 = runs.iter().map(|[from, to]| to - from).sum();
    if runs.is_empty() { 0.0 } else { total / runs.len() as f64 }
}

/// Where in its run a moment lies, from 0 to 1.
fn place(moment: &Moment, runs: &Runs) -> Option<f64> {
    let next = runs.partition_point(|[from, _]| *from <= moment.at_s);
    let [from, to] = *runs.get(next.checked_sub(1)?)?;
    // The middle of the time it tells about, but of the look alone where runs are as short as that.
    let middle = moment.at_s - moment.span_s / 2.0;
    let at = if runs.len() > 1 { moment.at_s } else { middle };
    (to > from).then(|| ((at - from) / (to - from)).clamp(0.0, 1.0))
}

/// *f* of one interval; by its looks alone where what it adds up is not its own.
fn fraction(moment: &Moment, threads: u64, by_looks: bool) -> f64 {
    if by_looks {
        return moment.runnable;
    }
    let totals = Totals {
        wall_s: moment.span_s,
        cpu_s: moment.run_s,
        seen_s: moment.run_s,
        queued_s: moment.queued_s,
        runnable: Some(moment.runnable),
        busiest: moment.busiest,
        waiting_s: 0.0,
        waiting_alone: 1.0,
        looks: moment.looks,
        // Time in the run queue is credited late, which the cap for several threads forgives.
        threads: threads.max(2),
        cpus: 1.0,
    };
    estimate(&totals).cpu_fraction
}

/// The kind that is waited for most, if anything is.
pub fn main_wait(waits: &WaitCounts) -> Option<String> {
    let (name, share) = waits.shares().named().into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (share > 0.0).then(|| name.to_owned())
}

/// How computing and waiting follow one another, and the parts that differ.
pub fn phases(series: &Series) -> (Pattern, Vec<Phase>) {
    let values: Vec<f64> = filled(&series.cpu_fraction);
    if values.len() < FEWEST_INTERVALS {
        return (Pattern::Unknown, Vec::new());
    }
    let parts = parts(&values);
    let phases: Vec<Phase> = parts.iter().map(|part| phase(series, &values, part.clone())).collect();
    let overall = mean(&values);
    let pattern = match phases.len() {
        0 | 1 if overall > IO_BOUND_UP_TO && overall < CPU_BOUND_FROM => Pattern::Interleaved,
        0 | 1 => Pattern::Steady,
        _ => Pattern::Phased,
    };
    (pattern, phases)
}

/// The values with gaps filled by what was before them.
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
    let class = match cpu_fraction {
        f if f >= CPU_BOUND_FROM => Class::CpuBound,
        f if f <= IO_BOUND_UP_TO => Class::IoBound,
        _ => Class::Mixed,
    };
    let waits = series.main_wait[part.clone()].iter().flatten();
    Phase {
        from_s: part.start as f64 * series.interval_s,
        to_s: part.end as f64 * series.interval_s,
        class,
        cpu_fraction,
        main_wait: most_frequent(waits).filter(|_| class != Class::CpuBound),
    }
}

fn most_frequent<'a>(names: impl Iterator<Item = &'a String> + Clone) -> Option<String> {
    let count = |name: &str| names.clone().filter(|other| *other == name).count();
    names.clone().max_by_key(|name| count(name)).cloned()
}

/// The fewest parts that tell what there is to tell; the whole as one if nothing does.
fn parts(values: &[f64]) -> Vec<Range<usize>> {
    let whole = 0..values.len();
    let shortest = ((values.len() as f64 * SHORTEST).ceil() as usize).max(2);
    let total = spread(values, &whole);
    for count in 2..=MOST_PHASES {
        let Some(parts) = best_split(values, count, shortest) else { break };
        let left: f64 = parts.iter().map(|part| spread(values, part)).sum();
        let means: Vec<f64> = parts.iter().map(|part| mean(&values[part.clone()])).collect();
        let differ = means.windows(2).all(|pair| (pair[0] - pair[1]).abs() >= CONTRAST);
        if differ && total > 0.0 && 1.0 - left / total >= EXPLAINED {
            return parts;
        }
    }
    vec![whole]
}

/// The split into `count` parts that leaves the least spread within them, by dynamic programming
/// (Bellman, On the approximation of curves by line segments, 1961).
fn best_split(values: &[f64], count: usize, shortest: usize) -> Option<Vec<Range<usize>>> {
    let n = values.len();
    // For each end: the least spread with so many parts up to there, and where the last of them starts.
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

/// Sum of squared deviations from the mean.
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
    use crate::profile::waits::Wait;

    fn series_of(values: &[f64]) -> Series {
        let wait = |f: &f64| (*f < 0.5).then(|| "network".to_owned());
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
        let waits: Vec<_> = phases.iter().map(|phase| phase.main_wait.as_deref()).collect();
        assert_eq!(waits, [Some("network"), None]);
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

    fn moments(length: usize, f: impl Fn(f64) -> bool) -> Vec<Moment> {
        let moment = |i: usize| {
            let at_s = (i + 1) as f64 * 0.02;
            let runs = f(at_s - 0.01);
            let mut moment = Moment {
                at_s,
                span_s: 0.02,
                looks: 1.0,
                run_s: if runs { 0.02 } else { 0.0 },
                busiest: f64::from(u8::from(runs)),
                runnable: f64::from(u8::from(runs)),
                ..Moment::default()
            };
            if !runs {
                moment.waits.add(Wait::Sleep, 1.0);
            }
            moment
        };
        (0..length).map(moment).collect()
    }

    #[test]
    fn moments_become_intervals() {
        let series = series(&moments(100, |at| at > 1.0), &[[0.0, 2.0]], 1, false);
        assert_eq!((series.cpu_fraction.len(), series.interval_s), (25, 0.08));
        assert_eq!((series.cpu_fraction[0], series.cpu_fraction[24]), (Some(0.0), Some(1.0)));
        assert_eq!((series.main_wait[0].as_deref(), series.main_wait[24].as_deref()), (Some("sleep"), None));
        assert_eq!(phases(&series).0, Pattern::Phased);
    }

    #[test]
    fn several_runs_are_laid_upon_one_another() {
        let runs: Vec<[f64; 2]> = (0..5).map(|i| [f64::from(i) * 0.4, f64::from(i) * 0.4 + 0.4]).collect();
        let folded = series(&moments(100, |at| at % 0.4 > 0.2), &runs, 1, false);
        let (pattern, phases) = phases(&folded);
        assert_eq!(pattern, Pattern::Phased, "{folded:?}");
        assert!((phases[0].to_s - 0.2).abs() < 0.05, "{phases:?}");
        assert_eq!(series(&[], &runs, 1, false), Series::default());
    }
}
