//! Makes a profile from samples and exact totals.

use crate::host::contention::Contention;
use crate::profile::accounting::totals::Accounting;
use crate::profile::classify::class::ClassEdges;
use crate::profile::classify::confidence::{ConfidenceInputs, confidence};
use crate::profile::classify::fraction::{CpuFractions, TreeTotals, cpu_fractions};
use crate::profile::classify::kernel_io::{KernelIo, Moment, kernel_io, moments};
use crate::profile::classify::phases::{SlicedTree, phases, slices};
use crate::profile::classify::stretches::cpus_at_once;
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
    /// What each interval used.
    moments: Vec<Moment>,
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
    let moments = moments(&intervals, system_share(accounting));
    let figures = Figures { intervals, totals, fractions, waits, moments };
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
    // Samples become rarer where they cost much, so that each stands for the time since the last one.
    let seen_s = sum(seen_span_s);
    let runnable_s = sum(|interval| interval.cpu.runnable * seen_span_s(interval));
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
        runnable: mean(runnable_s, seen_s),
        at_once: cpus_at_once(intervals, cpus),
        busiest: mean(sum(|interval| interval.cpu.busiest * interval.span_s), sum(|i| i.span_s))
            .unwrap_or(0.0),
        waiting_s: sum(|interval| interval.workers.waiting_while_busy * interval.span_s),
        waiting_while_idle: mean(
            sum(|interval| interval.workers.waiting_while_idle * seen_span_s(interval)),
            seen_s - runnable_s,
        )
        .unwrap_or(1.0),
        samples: sum(|interval| interval.samples),
        threads,
        cpus,
    }
}

/// Returns the seconds of an interval in which there was a tree.
fn seen_span_s(interval: &Interval) -> f64 {
    if interval.samples > 0.0 { interval.span_s } else { 0.0 }
}

/// Returns the kernel's share of the CPU time, from 0 to 1.
fn system_share(accounting: &Accounting) -> f64 {
    let cpu_s = accounting.cpu.total_s();
    if cpu_s > 0.0 { accounting.cpu.system_s / cpu_s } else { 0.0 }
}

/// Returns the use of the kernel on the way to devices; without samples, all of the time is one moment.
fn use_of_kernel(accounting: &Accounting, figures: &Figures) -> KernelIo {
    let io = kernel_io(figures.moments.iter(), &figures.waits);
    if io.cpu_s > 0.0 {
        return io;
    }
    KernelIo { cpu_s: accounting.cpu.total_s(), kernel_s: accounting.cpu.system_s, ..io }
}

/// Returns the waits while nothing was runnable; all waits if there were hardly any of those; and the
/// implied waits if both were few. Samples count by the time that they stand for.
fn waits(intervals: &[Interval], implied: &WaitCounts) -> Waits {
    let counts = intervals.iter().fold(WaitSums::default(), |sums, interval| sums.plus(&interval.waits));
    let by_time = |kinds: fn(&WaitSums) -> WaitCounts| {
        let timed = |interval: &Interval| {
            let samples = interval.samples.max(1.0);
            kinds(&interval.waits).times(seen_span_s(interval) / samples)
        };
        intervals.iter().fold(WaitCounts::default(), |sums, interval| sums.plus(&timed(interval)))
    };
    if counts.while_idle.known() >= MIN_WAIT_SAMPLES {
        by_time(|waits| waits.while_idle).shares()
    } else if counts.while_idle.plus(&counts.while_busy).known() >= MIN_WAIT_SAMPLES {
        by_time(|waits| waits.while_idle.plus(&waits.while_busy)).shares()
    } else if implied.total() > 0.0 {
        implied.shares()
    } else {
        counts.while_idle.shares()
    }
}

fn classify(
    accounting: &Accounting,
    observation: &Observation,
    figures: &Figures,
    machine: Contention,
) -> Classification {
    let Figures { totals, fractions, .. } = figures;
    let CpuFractions { cpu_fraction, any_fraction, queued_share, least_fraction, most_fraction, .. } =
        *fractions;
    let edges = ClassEdges::of(&use_of_kernel(accounting, figures));
    let (confidence, reason) = confidence(&ConfidenceInputs {
        cpu_fraction,
        any_fraction,
        bounds: [least_fraction, most_fraction],
        edges,
        queued_share,
        wall_s: totals.wall_s,
        samples: totals.samples as u64,
        source: observation.source,
        machine,
        cpus: totals.cpus,
        is_exact: accounting.is_exact,
        is_of_tasks: accounting.is_of_tasks,
    });
    Classification { class: edges.class_of(cpu_fraction), confidence, reason }
}

fn tree(
    accounting: &Accounting,
    observation: Observation,
    machine: Contention,
    figures: &Figures,
    class: Class,
) -> Tree {
    let Figures { intervals, totals, fractions, waits, moments } = figures;
    let is_churning = fractions.unseen_s > MUCH_UNSEEN_SHARE * totals.cpu_s;
    let sliced = SlicedTree { threads: totals.threads, cpus: totals.cpus, is_churning };
    let slices = slices(intervals, moments, &accounting.runs, sliced);
    let (pattern, phases) = phases(&slices);
    let gaps = UnknownInputs {
        class,
        cpu_fraction: fractions.cpu_fraction,
        waits,
        unseen_share: fractions.unseen_share,
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
        series: slices.series,
        unknown: unknown(&gaps),
        breakdown: observation.breakdown.processes,
    }
}

/// Returns the mean number of workers over the samples that found anything runnable.
fn workers_at_once(intervals: &[Interval]) -> f64 {
    let busy_s: f64 = intervals.iter().map(|interval| interval.cpu.runnable * seen_span_s(interval)).sum();
    let workers_s: f64 =
        intervals.iter().map(|interval| interval.workers.at_once * seen_span_s(interval)).sum();
    if busy_s > 0.0 { workers_s / busy_s } else { 0.0 }
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
            let cpu = CpuUse { run_s: 0.02 * share, busiest: share, runnable: share, ..CpuUse::default() };
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
    fn rare_samples_stand_for_as_much_time_as_frequent_ones() {
        // A second of sleep at fifty samples, then a second of short children at five that cost more.
        let sleep = observation().intervals[40];
        let compute = Interval { waits: WaitSums::default(), ..observation().intervals[0] };
        let at = |interval: Interval, at_s: f64, span_s: f64| Interval { at_s, span_s, ..interval };
        let slept = (0..50).map(|i| at(sleep, 0.02 * f64::from(i + 1), 0.02));
        let computed = (0..5).map(|i| at(compute, 1.0 + 0.2 * f64::from(i + 1), 0.2));
        let observation = Observation { intervals: slept.chain(computed).collect(), ..observation() };
        let cpu = CpuTime { user_s: 0.9, system_s: 0.0 };
        let accounting = Accounting { runs: vec![[0.0, 2.0]], cpu, ..accounting() };
        let profile = conclude(
            &accounting,
            Observation { totals: SampledTotals { seen_s: 0.1, ..observation.totals }, ..observation },
            Contention::default(),
            2.0,
            &WaitCounts::default(),
        );
        assert!((0.45..0.55).contains(&profile.cpu_fraction), "{profile:?}");
    }

    /// A second of waiting for the network that hardly uses the CPU, then one that computes in the kernel; or both in
    /// turns, in every interval.
    fn kernel_profile(is_interleaved: bool) -> Profile {
        let interval = |i: u32| {
            let share = match i {
                _ if is_interleaved => 0.48,
                0..=51 => 0.0,
                _ => 1.0,
            };
            let is_running = if is_interleaved { i % 2 == 0 } else { share > 0.5 };
            let mut waits = WaitSums::default();
            waits.while_idle.add(WaitKind::Network, f64::from(u8::from(!is_running)));
            let run_s = 0.02 * share;
            let ticked = CpuTime { user_s: 0.0, system_s: run_s };
            let runnable = f64::from(u8::from(is_running));
            let cpu = CpuUse { run_s, ticked, queued_s: 0.0, busiest: share, runnable };
            let workers = WorkerCounts { threads: 1.0, ..WorkerCounts::default() };
            Interval { at_s: f64::from(i + 1) * 0.02, span_s: 0.02, samples: 1.0, cpu, workers, waits }
        };
        let observation = Observation { intervals: (0..100).map(interval).collect(), ..observation() };
        let cpu = CpuTime { user_s: 0.0, system_s: 0.96 };
        let accounting = Accounting { runs: vec![[0.0, 2.0]], cpu, ..accounting() };
        conclude(&accounting, observation, Contention::default(), 2.0, &WaitCounts::default())
    }

    #[test]
    fn kernel_time_is_io_only_in_moments_that_do_io() {
        let [phased, interleaved] = [false, true].map(kernel_profile);
        assert!((phased.cpu_fraction - interleaved.cpu_fraction).abs() < 1e-9);
        assert_eq!((phased.class, interleaved.class), (Class::Mixed, Class::IoBound));
        // Only one of them is close to its edge at 50%.
        assert_eq!((phased.confidence, interleaved.confidence), (Confidence::High, Confidence::Low));
        let classes = |profile: &Profile| {
            let tree = profile.tree.as_ref().expect("a tree");
            tree.phases.iter().map(|phase| phase.class).collect::<Vec<_>>()
        };
        assert_eq!(classes(&phased), [Class::IoBound, Class::CpuBound]);
        assert_eq!(classes(&interleaved), [Class::IoBound]);
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
