//! From what was seen and measured of a tree to its profile.

use crate::host::usage::CpuTime;
use crate::policy::CPU_BOUND_FROM;
use crate::profile::classify::class_of;
use crate::profile::result::{Class, Profile, TaskCost, Waits};
use crate::profile::tree::doubt::{Grounds, confidence};
use crate::profile::tree::estimate::{Estimate, LITTLE, Totals, estimate};
use crate::profile::tree::moment::Moment;
use crate::profile::tree::peer::Peer;
use crate::profile::tree::phases::{phases, series};
use crate::profile::tree::result::{Exit, Machine, SampleSource, Sampling, Tree, Workers};
use crate::profile::tree::sampler::Observed;
use crate::profile::waits::WaitCounts;
use crate::units::Share;

/// Fewer looks at waiting than this say nothing about its kind.
const FEWEST_WAITS: f64 = 5.0;

/// Waiting for the network above this share of the time is worth asking who is waited for.
const MUCH_NETWORK: f64 = 0.2;

/// Unseen CPU time above this share is worth a word.
const MUCH_UNSEEN: f64 = 0.3;

/// A look that is finished this much after a run was begun in it, in seconds.
const LATE_S: f64 = 0.01;

/// What is known of the tree apart from samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// When its runs began and ended, in seconds since the first look.
    pub runs: Vec<[f64; 2]>,
    /// CPU time, all runs together.
    pub cpu: CpuTime,
    /// How it ended, if it was started here.
    pub exit: Option<Exit>,
    /// Whether CPU time is exact, as it is of children that have ended.
    pub is_exact: bool,
}

/// Makes the profile of a tree that could use `cpus` CPUs.
pub fn conclude(measured: &Measured, observed: Observed, machine: Machine, cpus: f64) -> Profile {
    // The last look at a run may be finished a little after it.
    let end_s = measured.runs.last().map_or(0.0, |[_, to]| *to + LATE_S);
    let moments: Vec<Moment> =
        observed.moments.iter().copied().filter(|moment| moment.at_s <= end_s).collect();
    let totals = totals(measured, &observed, &moments, cpus);
    let estimate = estimate(&totals);
    let waits = waits(&moments);
    let class = class_of(estimate.cpu_fraction, measured.cpu.user_s, measured.cpu.system_s, &waits);
    let samples = moments.iter().map(|moment| moment.looks).sum::<f64>() as u64;
    let (confidence, confidence_reason) = confidence(&Grounds {
        cpu_fraction: estimate.cpu_fraction,
        any_fraction: estimate.any_fraction,
        queued_share: estimate.queued_share,
        wall_s: totals.wall_s,
        samples,
        source: observed.source,
        machine,
        cpus,
        is_exact: measured.is_exact,
    });
    let runs = measured.runs.len().max(1) as u64;
    let tree = tree(measured, &observed, &moments, &estimate, &totals, machine, &waits, class);
    let wait_s = totals.wall_s * (1.0 - estimate.queued_share) * (1.0 - estimate.cpu_fraction);
    Profile {
        class,
        confidence,
        confidence_reason,
        cpu_fraction: estimate.cpu_fraction,
        cpu_user_s: measured.cpu.user_s,
        cpu_system_s: measured.cpu.system_s,
        wall_s: totals.wall_s,
        runqueue_s: totals.queued_s,
        waits,
        detail: detail(estimate.cpu_fraction, &waits, observed.source),
        task: TaskCost {
            cpu_s: measured.cpu.total_s() / runs as f64,
            wait_s: whole_nanoseconds(wait_s / runs as f64),
        },
        preparation_s: 0.0,
        samples,
        tasks: runs,
        steps: Vec::new(),
        dispersion: None,
        python: None,
        tree: Some(Box::new(tree)),
    }
}

/// Rounds what is left of a difference of nearly equal times, on which nobody should build.
pub(super) fn whole_nanoseconds(seconds: f64) -> f64 {
    (seconds * 1e9).round() * 1e-9
}

fn totals(measured: &Measured, observed: &Observed, moments: &[Moment], cpus: f64) -> Totals {
    let sum = |value: fn(&Moment) -> f64| moments.iter().map(value).sum::<f64>();
    let mean = |value: f64, weight: f64| if weight > 0.0 { Some(value / weight) } else { None };
    let looks = sum(|moment| moment.looks);
    let runnable = sum(|moment| moment.runnable * moment.looks);
    Totals {
        wall_s: measured.runs.iter().map(|[from, to]| to - from).sum(),
        cpu_s: measured.cpu.total_s(),
        seen_s: sum(|moment| moment.run_s).min(observed.seen_s),
        queued_s: sum(|moment| moment.queued_s).min(observed.queued_s),
        runnable: mean(runnable, looks),
        busiest: mean(sum(|moment| moment.busiest * moment.span_s), sum(|moment| moment.span_s))
            .unwrap_or(0.0),
        waiting_s: sum(|moment| moment.waiting_beside * moment.span_s),
        waiting_alone: mean(sum(|moment| moment.waiting_alone * moment.looks), looks - runnable)
            .unwrap_or(1.0),
        looks,
        threads: moments.iter().map(|moment| moment.threads as u64).max().unwrap_or(0),
        cpus,
    }
}

/// What was waited for while nothing was runnable; where that was hardly ever, beside what was.
fn waits(moments: &[Moment]) -> Waits {
    let alone = moments.iter().fold(WaitCounts::default(), |sum, moment| sum.and(&moment.waits));
    let all = moments.iter().fold(alone, |sum, moment| sum.and(&moment.beside));
    if alone.known() >= FEWEST_WAITS || all.known() < FEWEST_WAITS { alone.shares() } else { all.shares() }
}

#[expect(clippy::too_many_arguments, reason = "they are the parts of one profile under construction")]
fn tree(
    measured: &Measured,
    observed: &Observed,
    moments: &[Moment],
    estimate: &Estimate,
    totals: &Totals,
    machine: Machine,
    waits: &Waits,
    class: Class,
) -> Tree {
    let is_churning = estimate.unseen_s > MUCH_UNSEEN * totals.cpu_s;
    let series = series(moments, &measured.runs, totals.threads, is_churning);
    let (pattern, phases) = phases(&series);
    let looks: f64 = moments.iter().map(|moment| moment.looks).sum();
    let busy: f64 = moments.iter().map(|moment| moment.runnable * moment.looks).sum();
    let workers: f64 = moments.iter().map(|moment| moment.workers * moment.looks).sum();
    Tree {
        exit: measured.exit.clone(),
        runs: measured.runs.len() as u64,
        processes: observed.breakdown.process_count,
        threads: observed.breakdown.thread_count,
        workers: Workers {
            at_once: if busy > 0.0 { workers / busy } else { 0.0 },
            duty: estimate.each_fraction,
        },
        unseen_cpu_s: estimate.unseen_s,
        sampling: Sampling {
            source: observed.source,
            period_s: if moments.is_empty() { 0.0 } else { totals.wall_s / looks.max(1.0) },
            cpu_s: observed.cost_s,
        },
        machine,
        pattern,
        phases,
        series,
        breakdown: observed.breakdown.processes.clone(),
        unknown: unknown(observed, estimate, totals, waits, class),
    }
}

/// What cannot be known from outside.
fn unknown(
    observed: &Observed,
    estimate: &Estimate,
    totals: &Totals,
    waits: &Waits,
    class: Class,
) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut say = |what: &str| unknown.push(what.to_owned());
    let waiting = 1.0 - estimate.cpu_fraction;
    if waits.network * waiting >= MUCH_NETWORK {
        if observed.peer == Some(Peer::Loopback) {
            say(
                "the CPU time of the server on this machine that it waits for, which is outside the process tree",
            );
        } else {
            say("what the server that it waits for does meanwhile");
        }
    }
    if estimate.cpu_fraction >= CPU_BOUND_FROM || class != Class::IoBound {
        say("whether its CPU time is spent waiting for memory, which only hardware counters tell");
    }
    if observed.source == SampleSource::Sysinfo {
        say("what it waits for, and how long it waited for a CPU");
    } else if waiting >= MUCH_NETWORK && waits.named().iter().all(|(_, share)| *share == 0.0) {
        say("what it waits for: the waits are too short, or this user may not see them");
    }
    if estimate.unseen_s > MUCH_UNSEEN * totals.cpu_s && totals.cpu_s > LITTLE * totals.wall_s {
        let share = Share(estimate.unseen_s / totals.cpu_s);
        say(&format!("which of its processes used {share} of the CPU time: they were too short to be seen"));
    }
    unknown
}

/// `CPU 4% · waiting 96% (network 95%, disk 1%)`
fn detail(cpu_fraction: f64, waits: &Waits, source: SampleSource) -> String {
    match source {
        SampleSource::Proc => crate::profile::detail::detail(cpu_fraction, waits),
        SampleSource::Sysinfo => format!(
            "CPU {} · waiting {} (for what is not told by this system)",
            Share(cpu_fraction),
            Share(1.0 - cpu_fraction)
        ),
    }
}
