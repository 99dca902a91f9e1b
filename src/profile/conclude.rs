//! Makes a profile from samples and exact totals.

use crate::host::contention::Contention;
use crate::profile::accounting::totals::Accounting;
use crate::profile::classify::class::ClassEdges;
use crate::profile::classify::confidence::{ConfidenceInputs, confidence};
use crate::profile::classify::fraction::{CpuFractions, TreeTotals, cpu_fractions};
use crate::profile::classify::idle::{QuietInputs, no_class};
use crate::profile::classify::kernel_io::{KernelIo, Moment, kernel_io, moments};
use crate::profile::classify::phases::{SlicedTree, phases, slices};
use crate::profile::classify::polling::{polling, unknown_polling};
use crate::profile::classify::stretches::cpus_at_once;
use crate::profile::classify::unknown::{MUCH_UNSEEN_SHARE, UnknownInputs, unknown};
use crate::profile::classify::workers::workers_over_time;
use crate::profile::result::{
    Class, Confidence, ConfidenceReason, NoClass, Profile, SampleSource, Sampling, TaskCost, Throttling,
    Tree, Waits, Workers,
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
    class: Option<Class>,
    no_class: Option<NoClass>,
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
    throttling: Option<Throttling>,
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
    let throttled = |quota| Throttling::new(&quota, observation.wall_s, threads_at_once(&intervals));
    let throttling = observation.quota.map(throttled);
    let figures = Figures { intervals, totals, fractions, waits, moments, throttling };
    let classification = classify(accounting, &observation, &figures, machine);
    let Classification { class, confidence, reason, .. } = classification;
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
        polling: polling(&observation.places, accounting.cpu),
        task: TaskCost { cpu_s: totals.cpu_s, wait_s }.divided_by(runs),
        preparation_s: 0.0,
        threads_at_once: threads_at_once(&figures.intervals),
        samples: totals.samples as u64,
        tasks: runs,
        steps: Vec::new(),
        dispersion: None,
        python: None,
        tree: Some(Box::new(tree(accounting, observation, machine, &figures, &classification))),
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
        wall_s: (accounting.wall_s() - sum(|interval| interval.stopped_s)).max(0.0),
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
        throttled_share: figures.throttling.map_or(0.0, |throttling| throttling.share),
        wall_s: totals.wall_s,
        samples: totals.samples as u64,
        source: observation.source,
        machine,
        cpus: observation.quota.map_or(totals.cpus, |quota| quota.machine_cpus),
        is_exact: accounting.is_exact,
        is_of_tasks: accounting.is_of_tasks,
    });
    let class = edges.class_of(cpu_fraction);
    let no_class = reason_for_no_class(accounting, observation, figures);
    Classification { class: Some(class).filter(|_| no_class.is_none()), no_class, confidence, reason }
}

/// Returns the reason why a process tree has no class, if it has none.
fn reason_for_no_class(
    accounting: &Accounting,
    observation: &Observation,
    figures: &Figures,
) -> Option<NoClass> {
    let [run] = accounting.runs[..] else { return None };
    let can_tell = !accounting.is_of_tasks && observation.source == SampleSource::Proc;
    no_class(&QuietInputs {
        intervals: &figures.intervals,
        run,
        is_attached: accounting.exit.is_none(),
        sockets: observation.sockets,
        main_wait: figures.waits.main(),
    })
    .filter(|_| can_tell)
}

fn tree(
    accounting: &Accounting,
    observation: Observation,
    machine: Contention,
    figures: &Figures,
    classification: &Classification,
) -> Tree {
    let Figures { intervals, totals, fractions, waits, moments, throttling } = figures;
    let is_churning = fractions.unseen_s > MUCH_UNSEEN_SHARE * totals.cpu_s;
    let sliced = SlicedTree { threads: totals.threads, cpus: totals.cpus, is_churning };
    let slices = slices(intervals, moments, &accounting.runs, sliced);
    let (pattern, phases) = phases(&slices);
    let gaps = UnknownInputs {
        class: classification.class,
        cpu_fraction: fractions.cpu_fraction,
        waits,
        unseen_share: fractions.unseen_share,
        source: observation.source,
        peer: observation.peer,
        is_server: observation.sockets.is_some_and(|sockets| sockets.is_server()),
        is_stopped: matches!(classification.no_class, Some(NoClass::Stopped { .. })),
    };
    let mut unknown = unknown(&gaps);
    unknown.extend(unknown_polling(&observation.places, gaps.class, observation.source, totals.threads));
    Tree {
        exit: accounting.exit.clone(),
        no_class: classification.no_class,
        runs: accounting.runs.len() as u64,
        processes: observation.breakdown.process_count,
        threads: observation.breakdown.thread_count,
        workers: Workers { at_once: workers_at_once(intervals), duty: fractions.each_fraction },
        over_time: Some(workers_over_time(intervals)),
        peak_memory_bytes: None,
        unseen_cpu_s: fractions.unseen_s,
        sampling: Sampling {
            source: observation.source,
            period_s: period_s(intervals, totals),
            cpu_s: observation.cost_s,
        },
        machine,
        throttling: *throttling,
        stopped_s: intervals.iter().map(|interval| interval.stopped_s).sum(),
        sockets: observation.sockets,
        pattern,
        phases,
        series: slices.series,
        unknown,
        breakdown: observation.breakdown.processes,
    }
}

/// Returns the mean number of runnable threads over the samples that found any; 1 without such samples.
fn threads_at_once(intervals: &[Interval]) -> f64 {
    let busy_s: f64 = intervals.iter().map(|interval| interval.cpu.runnable * seen_span_s(interval)).sum();
    let threads_s: f64 =
        intervals.iter().map(|interval| interval.runnable_threads() * seen_span_s(interval)).sum();
    if busy_s > 0.0 { threads_s / busy_s } else { 1.0 }
}

/// Returns the mean time between two samples.
fn period_s(intervals: &[Interval], totals: &TreeTotals) -> f64 {
    if totals.samples > 0.0 {
        return totals.wall_s / totals.samples;
    }
    // Samples of a tree that is stopped count as none.
    let stopped_s: f64 = intervals.iter().map(|interval| interval.stopped_s).sum();
    stopped_s / intervals.len().max(1) as f64
}

/// Returns the mean number of workers over the samples that found anything runnable.
fn workers_at_once(intervals: &[Interval]) -> f64 {
    let busy_s: f64 = intervals.iter().map(|interval| interval.cpu.runnable * seen_span_s(interval)).sum();
    let workers_s: f64 =
        intervals.iter().map(|interval| interval.workers.at_once * seen_span_s(interval)).sum();
    if busy_s > 0.0 { workers_s / busy_s } else { 0.0 }
}

#[cfg(test)]
mod tests;
