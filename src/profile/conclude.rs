//! Makes a profile from samples and exact totals.

use crate::host::contention::Contention;
use crate::profile::accounting::totals::Accounting;
use crate::profile::classify::class::class_with_waits;
use crate::profile::classify::confidence::{ConfidenceInputs, confidence};
use crate::profile::classify::fraction::{CpuFractions, LITTLE_CPU_SHARE, TreeTotals, cpu_fractions};
use crate::profile::classify::phases::{phases, series};
use crate::profile::classify::unknown::{MUCH_UNSEEN_SHARE, UnknownInputs, unknown};
use crate::profile::result::{
    Class, Confidence, ConfidenceReason, Profile, Sampling, TaskCost, Tree, Waits, Workers,
};
use crate::profile::sampling::interval::{Interval, WaitSums};
use crate::profile::sampling::run::Observation;
use crate::profile::sampling::wait_counts::WaitCounts;

/// Number of waiting samples below which the sampled kinds of waits are mostly chance.
const MIN_WAIT_SAMPLES: f64 = 5.0;

/// Seconds after the end of a run at which a sample that began in it may end.
const LATE_SAMPLE_S: f64 = 0.01;

/// The class of a tree and the figures that it follows from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Classification {
    class: Class,
    confidence: Confidence,
    reason: ConfidenceReason,
}

/// Figures of a tree on the way to its profile.
struct Figures {
    intervals: Vec<Interval>,
    totals: TreeTotals,
    fractions: CpuFractions,
    waits: Waits,
}

impl Figures {
    /// Share of the CPU time that no sample caught, from 0 to 1; 0 where there is hardly any CPU time.
    fn unseen_share(&self) -> f64 {
        let TreeTotals { cpu_s, wall_s, .. } = self.totals;
        if cpu_s > LITTLE_CPU_SHARE * wall_s { self.fractions.unseen_s / cpu_s } else { 0.0 }
    }
}

/// Makes the profile of a tree that could use `cpus` CPUs.
///
/// `implied` are the waits to assume where too few were sampled, or where the kernel hides them.
pub(crate) fn conclude(
    accounting: &Accounting,
    observation: Observation,
    machine: Contention,
    cpus: f64,
    implied: &WaitCounts,
) -> Profile {
    let intervals = intervals_of_runs(accounting, &observation);
    let totals = totals(accounting, &observation, &intervals, cpus);
    let fractions = cpu_fractions(&totals);
    let waits = waits(&intervals, implied);
    let figures = Figures { intervals, totals, fractions, waits };
    let Classification { class, confidence, reason } = classify(accounting, &observation, &figures, machine);
    let runs = accounting.runs.len().max(1) as u64;
    let wait_s = totals.wall_s * (1.0 - fractions.queued_share) * (1.0 - fractions.cpu_fraction);
    Profile {
        class,
        confidence,
        confidence_reason: reason,
        cpu_fraction: fractions.cpu_fraction,
        cpu_user_s: accounting.cpu.user_s,
        cpu_system_s: accounting.cpu.system_s,
        wall_s: totals.wall_s,
        runqueue_s: totals.queued_s,
        waits,
        task: TaskCost { cpu_s: totals.cpu_s, wait_s }.divided_by(runs),
        preparation_s: 0.0,
        samples: totals.samples as u64,
        tasks: runs,
        steps: Vec::new(),
        dispersion: None,
        python: None,
        tree: Some(Box::new(tree(accounting, observation, machine, &figures, class))),
    }
}

/// Returns the intervals in which anything ran that counts.
fn intervals_of_runs(accounting: &Accounting, observation: &Observation) -> Vec<Interval> {
    let begin_s = accounting.runs.first().map_or(0.0, |[from, _]| *from);
    let end_s = accounting.runs.last().map_or(0.0, |[_, to]| *to + LATE_SAMPLE_S);
    let is_in_runs = |interval: &&Interval| interval.at_s > begin_s && interval.at_s <= end_s;
    observation.intervals.iter().filter(is_in_runs).copied().collect()
}

fn totals(
    accounting: &Accounting,
    observation: &Observation,
    intervals: &[Interval],
    cpus: f64,
) -> TreeTotals {
    let sum = |value: fn(&Interval) -> f64| intervals.iter().map(value).sum::<f64>();
    let mean = |value: f64, weight: f64| if weight > 0.0 { Some(value / weight) } else { None };
    let samples = sum(|interval| interval.samples);
    let runnable = sum(|interval| interval.cpu.runnable * interval.samples);
    let sampled = observation.totals;
    let sampled_queue_s = sum(|interval| interval.cpu.queued_s).min(sampled.queued_s);
    let threads = intervals.iter().map(|interval| interval.workers.threads as u64).max().unwrap_or(0);
    let queued_s = match accounting.runqueue_s {
        Some(exact_s) if threads <= 1 => exact_s,
        Some(exact_s) => sampled_queue_s.max(exact_s),
        None => sampled_queue_s,
    };
    TreeTotals {
        wall_s: accounting.wall_s(),
        cpu_s: accounting.cpu.total_s(),
        seen_s: sum(|interval| interval.cpu.run_s).min(sampled.seen_s),
        queued_s,
        runnable: mean(runnable, samples),
        busiest: mean(sum(|interval| interval.cpu.busiest * interval.span_s), sum(|i| i.span_s))
            .unwrap_or(0.0),
        waiting_s: sum(|interval| interval.workers.waiting_while_busy * interval.span_s),
        waiting_while_idle: mean(
            sum(|interval| interval.workers.waiting_while_idle * interval.samples),
            samples - runnable,
        )
        .unwrap_or(1.0),
        samples,
        threads,
        cpus,
    }
}

/// Returns the waits while nothing was runnable; all waits if there were hardly any of those; and the
/// implied waits if both were few.
fn waits(intervals: &[Interval], implied: &WaitCounts) -> Waits {
    let sums = intervals.iter().fold(WaitSums::default(), |sums, interval| sums.plus(&interval.waits));
    let all = sums.while_idle.plus(&sums.while_busy);
    if sums.while_idle.known() >= MIN_WAIT_SAMPLES {
        sums.while_idle.shares()
    } else if all.known() >= MIN_WAIT_SAMPLES {
        all.shares()
    } else if implied.total() > 0.0 {
        implied.shares()
    } else {
        sums.while_idle.shares()
    }
}

fn classify(
    accounting: &Accounting,
    observation: &Observation,
    figures: &Figures,
    machine: Contention,
) -> Classification {
    let Figures { totals, fractions, waits, .. } = figures;
    let CpuFractions { cpu_fraction, any_fraction, queued_share, .. } = *fractions;
    let (confidence, reason) = confidence(&ConfidenceInputs {
        cpu_fraction,
        any_fraction,
        queued_share,
        wall_s: totals.wall_s,
        samples: totals.samples as u64,
        source: observation.source,
        machine,
        cpus: totals.cpus,
        is_exact: accounting.is_exact,
        is_of_tasks: accounting.is_of_tasks,
    });
    let class = class_with_waits(cpu_fraction, accounting.cpu.user_s, accounting.cpu.system_s, waits);
    Classification { class, confidence, reason }
}

fn tree(
    accounting: &Accounting,
    observation: Observation,
    machine: Contention,
    figures: &Figures,
    class: Class,
) -> Tree {
    let Figures { intervals, totals, fractions, waits } = figures;
    let is_churning = fractions.unseen_s > MUCH_UNSEEN_SHARE * totals.cpu_s;
    let series = series(intervals, &accounting.runs, totals.threads, is_churning);
    let (pattern, phases) = phases(&series);
    let gaps = UnknownInputs {
        class,
        cpu_fraction: fractions.cpu_fraction,
        waits,
        unseen_share: figures.unseen_share(),
        source: observation.source,
        peer: observation.peer,
    };
    Tree {
        exit: accounting.exit.clone(),
        runs: accounting.runs.len() as u64,
        processes: observation.breakdown.process_count,
        threads: observation.breakdown.thread_count,
        workers: Workers { at_once: workers_at_once(intervals), duty: fractions.each_fraction },
        unseen_cpu_s: fractions.unseen_s,
        sampling: Sampling {
            source: observation.source,
            period_s: if intervals.is_empty() { 0.0 } else { totals.wall_s / totals.samples.max(1.0) },
            cpu_s: observation.cost_s,
        },
        machine,
        pattern,
        phases,
        series,
        unknown: unknown(&gaps),
        breakdown: observation.breakdown.processes,
    }
}

/// Returns the mean number of workers over the samples that found anything runnable.
fn workers_at_once(intervals: &[Interval]) -> f64 {
    let busy: f64 = intervals.iter().map(|interval| interval.cpu.runnable * interval.samples).sum();
    let workers: f64 = intervals.iter().map(|interval| interval.workers.at_once * interval.samples).sum();
    if busy > 0.0 { workers / busy } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::usage::CpuTime;
    use crate::profile::result::{SampleSource, WaitKind};
    use crate::profile::sampling::breakdown::Breakdown;
    use crate::profile::sampling::interval::{CpuUse, WorkerCounts};
    use crate::profile::sampling::run::SampledTotals;

    /// Samples, 20 ms apart for two seconds, of one thread that sleeps in the first half of the second that
    /// counts.
    fn observation() -> Observation {
        let interval = |i: u32| {
            let at_s = f64::from(i + 1) * 0.02;
            let share = f64::from(u8::from(at_s <= 0.5 || at_s > 1.01));
            let mut waits = WaitSums::default();
            waits.while_idle.add(WaitKind::Sleep, 1.0 - share);
            let cpu = CpuUse { run_s: 0.02 * share, queued_s: 0.0, busiest: share, runnable: share };
            let workers = WorkerCounts { threads: 1.0, ..WorkerCounts::default() };
            Interval { at_s, span_s: 0.02, samples: 1.0, cpu, workers, waits }
        };
        Observation {
            begun_ns: 0,
            wall_s: 2.0,
            intervals: (0..100).map(interval).collect(),
            totals: SampledTotals { seen_s: 1.5, ..SampledTotals::default() },
            source: SampleSource::Proc,
            cost_s: 0.01,
            breakdown: Breakdown::default(),
            peer: None,
        }
    }

    fn accounting() -> Accounting {
        Accounting {
            runs: vec![[0.5, 1.5]],
            cpu: CpuTime { user_s: 0.5, system_s: 0.0 },
            runqueue_s: None,
            exit: None,
            is_exact: true,
            is_of_tasks: false,
        }
    }

    fn profile(accounting: &Accounting, implied: &WaitCounts) -> Profile {
        conclude(accounting, observation(), Contention::default(), 2.0, implied)
    }

    #[test]
    fn only_the_time_of_the_runs_counts() {
        let profile = profile(&accounting(), &WaitCounts::default());
        assert!((profile.cpu_fraction - 0.5).abs() < 1e-9, "{profile:?}");
        assert_eq!((profile.class, profile.samples), (Class::Mixed, 50));
        assert_eq!(profile.waits.main(), Some(WaitKind::Sleep));
        assert!((profile.task.wait_s - 0.5).abs() < 1e-9, "{profile:?}");
    }

    #[test]
    fn waiting_for_a_cpu_is_not_waiting() {
        let queued = Accounting { runqueue_s: Some(0.4), ..accounting() };
        let profile = profile(&queued, &WaitCounts::default());
        assert!((profile.cpu_fraction - 0.5 / 0.6).abs() < 1e-9, "{profile:?}");
        assert_eq!(profile.runqueue_s, 0.4);
    }

    #[test]
    fn implied_waits_stand_in_for_samples() {
        let mut implied = WaitCounts::default();
        implied.add(WaitKind::Disk, 1.0);
        let short = Accounting { runs: vec![[0.5, 0.55]], ..accounting() };
        assert_eq!(profile(&short, &implied).waits.main(), Some(WaitKind::Disk));
        assert_eq!(profile(&accounting(), &implied).waits.main(), Some(WaitKind::Sleep));
    }
}
