//! The confidence in a class, and the most serious reason for doubt.

use crate::host::contention::Contention;
use crate::policy::{CPU_BOUND_FROM, STOLEN_DOUBTFUL};
use crate::profile::classify::class::ClassEdges;
use crate::profile::result::{Confidence, ConfidenceReason, SampleSource};

/// Share of the time spent waiting for a CPU above which little is left to judge by.
const MOSTLY_QUEUED_SHARE: f64 = 0.6;

/// Share of the time spent waiting for a CPU above which the rest is blurred.
const MUCH_QUEUED_SHARE: f64 = 0.25;

/// Samples of a command below which kinds of activity are mostly chance: it may go through phases.
const MIN_SAMPLES: u64 = 25;

/// Samples of tasks below which kinds of activity are mostly chance: of ten, one shows a kind that takes a
/// quarter of the time with a probability of 94%.
const MIN_SAMPLES_OF_TASKS: u64 = 10;

/// Wall seconds of a command below which exact totals are mostly its start.
const MIN_WALL_S: f64 = 0.5;

/// Wall seconds of tasks, which begin in a process that is ready, below which their totals are mostly noise.
const MIN_WALL_OF_TASKS_S: f64 = 0.2;

/// Distance from a threshold of the CPU share below which either class is as likely.
const TOSS_UP_MARGIN: f64 = 0.05;

/// Distance from a threshold of the CPU share below which a second profile may give the other class.
const NEAR_MARGIN: f64 = 0.12;

/// Figures that the confidence depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ConfidenceInputs {
    /// Share of its time that the work computes, from 0 to 1.
    pub cpu_fraction: f64,
    /// Share of the time in which any thread of the tree computes, from 0 to 1.
    pub any_fraction: f64,
    /// The smallest and the largest such share that samples and totals leave open.
    pub bounds: [f64; 2],
    /// Thresholds of the CPU share between the classes.
    pub edges: ClassEdges,
    /// Share of the wall time spent waiting for a CPU, from 0 to 1.
    pub queued_share: f64,
    /// Share of the time for which a CPU quota held the work back, from 0 to 1: a part of that wait.
    pub throttled_share: f64,
    /// Wall seconds.
    pub wall_s: f64,
    /// Samples taken.
    pub samples: u64,
    /// Source of the samples.
    pub source: SampleSource,
    /// Contention for the CPUs meanwhile.
    pub machine: Contention,
    /// CPUs that could be used, without regard to a quota.
    pub cpus: f64,
    /// True if CPU time is exact, as it is for children that have ended.
    pub is_exact: bool,
    /// True if the work are tasks in a process that was ready, and not a command from its start on.
    pub is_of_tasks: bool,
}

/// A confidence with its reason.
type Judged = (Confidence, ConfidenceReason);

/// Returns the lowest confidence that any doubt leaves, with the first doubt of that weight.
pub(crate) fn confidence(inputs: &ConfidenceInputs) -> (Confidence, ConfidenceReason) {
    let doubts = [too_short, stolen, contended, loaded, views_differ, near_threshold, portable];
    let mut lowest: Option<Judged> = None;
    for (confidence, reason) in doubts.iter().filter_map(|doubt| doubt(inputs)) {
        if lowest.as_ref().is_none_or(|(so_far, _)| confidence < *so_far) {
            lowest = Some((confidence, reason));
        }
    }
    let ConfidenceInputs { is_exact, wall_s, samples, .. } = *inputs;
    lowest.unwrap_or((Confidence::High, ConfidenceReason::Accounted { is_exact, wall_s, samples }))
}

fn too_short(inputs: &ConfidenceInputs) -> Option<Judged> {
    let ConfidenceInputs { wall_s, samples, source, is_of_tasks, .. } = *inputs;
    let least =
        if is_of_tasks { (MIN_WALL_OF_TASKS_S, MIN_SAMPLES_OF_TASKS) } else { (MIN_WALL_S, MIN_SAMPLES) };
    let is_short = wall_s < least.0 || (samples < least.1 && source == SampleSource::Proc) || samples == 0;
    is_short.then_some((Confidence::Low, ConfidenceReason::TooShort { wall_s, samples }))
}

fn stolen(inputs: &ConfidenceInputs) -> Option<Judged> {
    let share = inputs.machine.stolen.filter(|share| *share > STOLEN_DOUBTFUL)?;
    let confidence = if share > 2.0 * STOLEN_DOUBTFUL { Confidence::Low } else { Confidence::Medium };
    Some((confidence, ConfidenceReason::Stolen { share }))
}

/// Waiting for a CPU is doubtful only where others caused it: a tree may be wider than the machine, and a quota
/// holds it back in the run queue.
fn contended(inputs: &ConfidenceInputs) -> Option<Judged> {
    let ConfidenceInputs { queued_share, throttled_share, machine, cpus, .. } = *inputs;
    let queued_share = (queued_share - throttled_share).max(0.0);
    if machine.is_quiet(cpus) || queued_share <= MUCH_QUEUED_SHARE {
        return None;
    }
    let Contention { others_cpus, cpu_pressure, .. } = machine;
    let confidence = if queued_share > MOSTLY_QUEUED_SHARE { Confidence::Low } else { Confidence::Medium };
    Some((confidence, ConfidenceReason::Contended { queued_share, cpus, others_cpus, cpu_pressure }))
}

/// Doubts a class that depends, on a busy machine, on how long threads waited for a CPU that were not seen to.
fn loaded(inputs: &ConfidenceInputs) -> Option<Judged> {
    let ConfidenceInputs { bounds: [least, most], edges, machine, cpus, .. } = *inputs;
    let is_open = edges.class_of(least) != edges.class_of(most);
    let reason = ConfidenceReason::LoadedOpen { least_fraction: least, most_fraction: most };
    (is_open && !machine.is_quiet(cpus)).then_some((Confidence::Medium, reason))
}

/// Doubts a class that depends on whether each worker is judged alone or the tree as a whole.
fn views_differ(inputs: &ConfidenceInputs) -> Option<Judged> {
    let ConfidenceInputs { cpu_fraction: each_fraction, any_fraction, edges, .. } = *inputs;
    (edges.class_of(each_fraction) != edges.class_of(any_fraction))
        .then_some((Confidence::Medium, ConfidenceReason::ViewsDiffer { each_fraction, any_fraction }))
}

fn near_threshold(inputs: &ConfidenceInputs) -> Option<Judged> {
    let cpu_fraction = inputs.cpu_fraction;
    let confidence = match inputs.edges.margin(cpu_fraction) {
        margin if margin < TOSS_UP_MARGIN => Confidence::Low,
        margin if margin < NEAR_MARGIN => Confidence::Medium,
        _ => return None,
    };
    Some((confidence, ConfidenceReason::NearThreshold { cpu_fraction }))
}

/// Doubts every profile without the run queue, where a busy machine looks like waiting.
fn portable(inputs: &ConfidenceInputs) -> Option<Judged> {
    if inputs.source == SampleSource::Proc {
        return None;
    }
    let looks_busy = inputs.cpu_fraction >= CPU_BOUND_FROM;
    let is_likely = inputs.machine.is_quiet(inputs.cpus) || looks_busy;
    let confidence = if is_likely { Confidence::Medium } else { Confidence::Low };
    Some((confidence, ConfidenceReason::Portable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::classify::kernel_io::KernelIo;

    fn inputs() -> ConfidenceInputs {
        ConfidenceInputs {
            cpu_fraction: 0.02,
            any_fraction: 0.02,
            bounds: [0.02; 2],
            edges: ClassEdges::PLAIN,
            queued_share: 0.0,
            throttled_share: 0.0,
            wall_s: 2.0,
            samples: 100,
            source: SampleSource::Proc,
            machine: Contention { cpu_pressure: Some(0.63), others_cpus: Some(1.9), stolen: Some(0.0) },
            cpus: 2.0,
            is_exact: true,
            is_of_tasks: false,
        }
    }

    #[test]
    fn nothing_to_doubt_is_high_and_rests_on_the_accounting() {
        let reason = ConfidenceReason::Accounted { is_exact: true, wall_s: 2.0, samples: 100 };
        assert_eq!(confidence(&inputs()), (Confidence::High, reason));
    }

    #[test]
    fn a_contended_machine_is_a_doubt_with_its_figures() {
        let contended = |queued_share| confidence(&ConfidenceInputs { queued_share, ..inputs() });
        assert_eq!(contended(0.3).0, Confidence::Medium);
        let reason = ConfidenceReason::Contended {
            queued_share: 0.7,
            cpus: 2.0,
            others_cpus: Some(1.9),
            cpu_pressure: Some(0.63),
        };
        assert_eq!(contended(0.7), (Confidence::Low, reason));
    }

    #[test]
    fn a_tree_that_is_wider_than_the_machine_makes_itself_wait() {
        let machine = Contention { others_cpus: Some(0.1), ..inputs().machine };
        let wide =
            ConfidenceInputs { cpu_fraction: 1.0, any_fraction: 1.0, queued_share: 0.7, machine, ..inputs() };
        assert_eq!(confidence(&wide).0, Confidence::High);
    }

    #[test]
    fn what_a_busy_machine_leaves_open_is_a_doubt_only_where_the_class_depends_on_it() {
        let sure = ConfidenceInputs { cpu_fraction: 0.55, any_fraction: 0.55, ..inputs() };
        let open = ConfidenceInputs { bounds: [0.45, 0.95], ..sure };
        let reason = ConfidenceReason::LoadedOpen { least_fraction: 0.45, most_fraction: 0.95 };
        assert_eq!(confidence(&open), (Confidence::Medium, reason));
        assert_eq!(confidence(&ConfidenceInputs { bounds: [0.45, 0.65], ..sure }).0, Confidence::High);
        let quiet = Contention { others_cpus: Some(0.1), ..open.machine };
        assert_eq!(confidence(&ConfidenceInputs { machine: quiet, ..open }).0, Confidence::High);
    }

    #[test]
    fn kernel_time_of_io_has_its_own_edge() {
        let io = KernelIo { cpu_s: 1.0, kernel_s: 0.95, device_share: 0.95 };
        let at = |cpu_fraction, edges| {
            confidence(&ConfidenceInputs { cpu_fraction, any_fraction: cpu_fraction, edges, ..inputs() }).0
        };
        assert_eq!(at(0.48, ClassEdges::of(&io)), Confidence::Low);
        assert_eq!(at(0.48, ClassEdges::PLAIN), Confidence::High);
        let close = KernelIo { kernel_s: 0.62, ..io };
        assert_eq!(at(0.42, ClassEdges::of(&close)), Confidence::Low);
    }

    #[test]
    fn a_quota_explains_the_queue_that_it_makes() {
        let at = |queued_share, throttled_share| {
            confidence(&ConfidenceInputs { queued_share, throttled_share, ..inputs() }).0
        };
        assert_eq!((at(0.8, 0.8), at(0.8, 0.6)), (Confidence::High, Confidence::High));
        assert_eq!((at(0.8, 0.5), at(0.8, 0.1)), (Confidence::Medium, Confidence::Low));
        assert_eq!(at(0.1, 0.5), Confidence::High);
    }

    #[test]
    fn stolen_time_is_a_doubt_of_its_own() {
        let stolen = |share| {
            let machine = Contention { stolen: Some(share), ..inputs().machine };
            confidence(&ConfidenceInputs { machine, ..inputs() })
        };
        assert_eq!(stolen(0.15), (Confidence::Medium, ConfidenceReason::Stolen { share: 0.15 }));
        assert_eq!(stolen(0.5), (Confidence::Low, ConfidenceReason::Stolen { share: 0.5 }));
    }

    #[test]
    fn the_most_serious_doubt_counts() {
        let close = ConfidenceInputs { cpu_fraction: 0.37, any_fraction: 0.37, ..inputs() };
        assert_eq!(confidence(&close).0, Confidence::Low);
        let near =
            ConfidenceInputs { cpu_fraction: 0.45, any_fraction: 0.45, queued_share: 0.65, ..inputs() };
        assert!(matches!(confidence(&near), (Confidence::Low, ConfidenceReason::Contended { .. })));
        let short = ConfidenceInputs { wall_s: 0.2, samples: 10, ..inputs() };
        let reason = ConfidenceReason::TooShort { wall_s: 0.2, samples: 10 };
        assert_eq!(confidence(&short), (Confidence::Low, reason));
        let sides = ConfidenceInputs { cpu_fraction: 0.5, any_fraction: 0.9, ..inputs() };
        assert_eq!(confidence(&sides).0, Confidence::Medium);
    }

    #[test]
    fn the_portable_way_is_never_sure() {
        let portable = ConfidenceInputs { source: SampleSource::Sysinfo, samples: 9, ..inputs() };
        assert_eq!(confidence(&portable).0, Confidence::Low);
        let quiet = Contention { others_cpus: Some(0.0), ..portable.machine };
        let quiet = ConfidenceInputs { machine: quiet, ..portable };
        assert_eq!(confidence(&quiet), (Confidence::Medium, ConfidenceReason::Portable));
    }
}
