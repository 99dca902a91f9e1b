//! The configurations that could be measured: strategies that fit, at widths that may matter.

use std::collections::BTreeSet;

use crate::benchmark::capacity::{Capacity, capacity};
use crate::benchmark::conditions::Subject;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::{ExecutionModel, execution_model};
use crate::benchmark::predict::{Prediction, predict};
use crate::benchmark::stage_plan::{planned, with_fitting_queue};
use crate::diagnostics::Code;
use crate::policy::INDIFFERENCE;
use crate::strategy::StrategyKind;
use crate::strategy::info::{Ladder, WidthMeaning};
use crate::strategy::stages::Stages;
use crate::workload::Workload;

/// Tasks in flight beyond which a configuration is planned only on request or by `max_in_flight`.
const MAX_PLANNED_WIDTH: usize = 1024;

/// Factor by which the ladder goes beyond the width that is predicted to suffice.
const LADDER_BEYOND_KNEE: usize = 4;

/// Largest factor by which a width of the ladder is widened to save a wave of tasks.
const MAX_WIDENING: f64 = 1.1;

/// Number of waves up to which one wave more or less matters.
const MAX_COUNTED_WAVES: usize = 5;

/// The selection of the user; empty means everything that fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The strategies to measure.
    pub strategies: Vec<StrategyKind>,
    /// The widths to measure.
    pub widths: Vec<usize>,
    /// The largest width to measure, if it is not the planner's own.
    pub max_width: Option<usize>,
    /// The pipelines to measure, by the workers of their stages.
    pub stages: Vec<Stages>,
    /// True if strategies that differ from another one only by their library are measured too.
    pub variants: bool,
}

/// A configuration that may be measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The cell.
    pub cell: Configuration,
    /// Tasks per second that the model predicts over the whole workload.
    pub predicted_per_s: f64,
    /// Seconds that the strategy is predicted to take to start, which the throughput contains.
    pub startup_s: f64,
    /// Predicted throughput as a multiple of the one that a batch of a few tasks per worker suggests.
    pub beyond_a_batch: f64,
    /// CPUs that its tasks can use at once: one if a lock or an event loop lets one compute at a time.
    pub cpus: f64,
    /// Seconds that the whole workload takes at least: those of its longest task, if that is known.
    pub least_s: f64,
}

/// A configuration that will not be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The cell.
    pub cell: Configuration,
    /// The kind of reason.
    pub code: Code,
    /// The reason.
    pub reason: String,
}

/// The configurations of a run; the reference is always the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Configurations that may be measured.
    pub candidates: Vec<Candidate>,
    /// Configurations that were asked for and cannot be measured.
    pub refused: Vec<Refused>,
    /// True if the widths were asked for, so that all of them matter.
    pub is_asked: bool,
}

impl Plan {
    /// Returns the strategies that may be measured, each once, in the order of the catalogue.
    pub(crate) fn strategies(&self) -> Vec<StrategyKind> {
        let mut kinds: Vec<StrategyKind> = self.candidates.iter().map(|c| c.cell.strategy).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    /// Plans the configurations for a workload that was profiled on a host.
    pub fn new(subject: &Subject<'_>, selection: &Selection) -> Self {
        let is_asked = !selection.widths.is_empty() || !selection.stages.is_empty();
        let mut plan = Plan { candidates: Vec::new(), refused: Vec::new(), is_asked };
        let Subject { workload, host, .. } = *subject;
        let model = execution_model(subject);
        let least_s = subject.profile.longest_task_s().unwrap_or(0.0);
        let predicted = |cell: Configuration| {
            let Prediction { per_s, startup_s, beyond_a_batch } = predict(&cell, subject);
            let cpus = model.cpus(cell.strategy);
            Candidate { cell, predicted_per_s: per_s, startup_s, beyond_a_batch, cpus, least_s }
        };
        plan.candidates.push(predicted(Configuration::REFERENCE));
        for strategy in strategies(model.as_ref(), selection) {
            let capacity = capacity(strategy, workload, host);
            for cell in cells(strategy, subject, selection, &capacity) {
                match refuse(cell, workload, model.as_ref(), &capacity) {
                    Some(refused) => plan.refused.push(refused),
                    None => plan.candidates.push(predicted(cell)),
                }
            }
        }
        plan
    }
}

/// Returns the strategies asked for, or those that fit.
fn strategies(model: &dyn ExecutionModel, selection: &Selection) -> Vec<StrategyKind> {
    let wanted = |kind: &StrategyKind| {
        if selection.strategies.is_empty() {
            model.fits(*kind, selection.variants)
        } else {
            selection.strategies.contains(kind)
        }
    };
    StrategyKind::ALL.into_iter().filter(|kind| *kind != StrategyKind::Sequential).filter(wanted).collect()
}

/// Returns the configurations of one strategy, the pipelines asked for first, then by width.
fn cells(
    strategy: StrategyKind,
    subject: &Subject<'_>,
    selection: &Selection,
    capacity: &Capacity,
) -> Vec<Configuration> {
    let is_staged = strategy.info().width == WidthMeaning::WorkersPerStage;
    let asked = selection.stages.iter().filter(|_| is_staged);
    let asked = asked.map(|stages| Configuration::pipeline(with_fitting_queue(*stages, subject)));
    let mut cells: Vec<Configuration> = asked.collect();
    if selection.stages.is_empty() || !selection.widths.is_empty() {
        let widths = widths(strategy, subject, selection, capacity).into_iter();
        let planned = widths.map(|width| planned(strategy, width, subject));
        // A pipeline has a worker for each step at least.
        let is_asked = !selection.widths.is_empty();
        let widest = capacity.width.min(selection.max_width.unwrap_or(usize::MAX));
        cells.extend(planned.filter(|cell| is_asked || cell.width <= widest));
    }
    // A pipeline has no use for workers beyond a number, so that several widths may be the same.
    let mut seen = BTreeSet::new();
    cells.retain(|cell| seen.insert(*cell));
    cells
}

/// Returns the widths of one strategy, narrowest first.
fn widths(
    strategy: StrategyKind,
    subject: &Subject<'_>,
    selection: &Selection,
    capacity: &Capacity,
) -> Vec<usize> {
    if !selection.widths.is_empty() {
        return asked_widths(selection, capacity);
    }
    let cpus = subject.host.cpu_workers();
    let bound = match strategy.info().ladder {
        Ladder::PerCpu(workers) => (workers * cpus).min(MAX_PLANNED_WIDTH),
        Ladder::Unbounded => {
            let asked = subject.workload.limits.max_in_flight;
            asked.map_or(MAX_PLANNED_WIDTH, |most| most.max(MAX_PLANNED_WIDTH))
        }
    };
    let widest = capacity.width.min(bound).min(selection.max_width.unwrap_or(usize::MAX));
    let knee = knee(strategy, subject, widest);
    let planned = widest.min(knee.saturating_mul(LADDER_BEYOND_KNEE).max(LADDER_BEYOND_KNEE * cpus));
    dividing(ladder(planned, cpus), subject.workload.tasks(), planned)
}

/// Returns the widths asked for; widths above a limit of the workload become that limit.
fn asked_widths(selection: &Selection, capacity: &Capacity) -> Vec<usize> {
    let within =
        |width: &usize| if capacity.limit.is_of_machine() { *width } else { (*width).min(capacity.width) };
    let mut widths: Vec<usize> = selection.widths.iter().map(within).collect();
    widths.sort_unstable();
    widths.dedup();
    widths
}

/// Returns the narrowest width whose prediction is within [`INDIFFERENCE`] of that of the widest.
fn knee(strategy: StrategyKind, subject: &Subject<'_>, widest: usize) -> usize {
    let at = |width: usize| predict(&planned(strategy, width, subject), subject).per_s;
    let best = at(widest);
    std::iter::successors(Some(1), |width| Some(width * 2))
        .take_while(|width| *width < widest)
        .find(|width| at(*width) >= (1.0 - INDIFFERENCE) * best)
        .unwrap_or(widest)
}

/// Returns powers of two from 2, the widths halfway between them, the number of CPUs and the widest itself.
fn ladder(widest: usize, cpus: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(2), |width: &usize| width.checked_mul(2));
    let steps = powers.flat_map(|width| [width, width + width / 2]);
    let mut widths: Vec<usize> = steps.take_while(|width| *width < widest).collect();
    widths.extend([cpus, widest].into_iter().filter(|width| (2..=widest).contains(width)));
    widths.sort_unstable();
    widths.dedup();
    if widths.is_empty() { vec![1] } else { widths }
}

/// Returns the widths, each that is just too narrow to save a wave replaced by one that does: of 200 tasks, 96
/// at a time take three waves and 100 take two.
fn dividing(widths: Vec<usize>, tasks: u64, widest: usize) -> Vec<usize> {
    let tasks = usize::try_from(tasks).unwrap_or(usize::MAX);
    let wider = |width: usize| {
        let waves = tasks.div_ceil(width);
        let saves_one = tasks.div_ceil(waves.saturating_sub(1).max(1));
        let is_near = saves_one as f64 <= MAX_WIDENING * width as f64 && saves_one <= widest;
        if (2..=MAX_COUNTED_WAVES).contains(&waves) && is_near { saves_one } else { width }
    };
    let mut widths: Vec<usize> = widths.into_iter().map(wider).collect();
    widths.dedup();
    widths
}

/// Returns the reason why a configuration that was asked for cannot be measured.
fn refuse(
    cell: Configuration,
    workload: &Workload,
    model: &dyn ExecutionModel,
    capacity: &Capacity,
) -> Option<Refused> {
    if let Some(why) = model.unavailable(cell.strategy) {
        return Some(Refused { cell, code: Code::WorkloadUnsupported, reason: why.to_owned() });
    }
    if let Some(reason) = cell.stages.and_then(|stages| misfit(stages, workload)) {
        return Some(Refused { cell, code: Code::WorkloadUnsupported, reason });
    }
    (cell.width > capacity.width).then(|| Refused {
        cell,
        code: Code::HostLimit,
        reason: format!("at most {} wide here, because of {}", capacity.width, capacity.limit),
    })
}

/// Returns the reason why stages do not fit the steps of a task.
fn misfit(stages: Stages, workload: &Workload) -> Option<String> {
    let (asked, steps) = (stages.count(), workload.steps.len());
    if asked != steps {
        return Some(format!("a task has {steps} steps, and {stages} has {asked} stages"));
    }
    let too_many = |(i, workers): (usize, usize)| {
        let most = workload.rule(i).at_once().filter(|most| workers > *most)?;
        Some(format!("step {} lets at most {most} tasks in at once", i + 1))
    };
    stages.workers().enumerate().find_map(too_many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::conditions::Conditions;
    use crate::benchmark::testing::{computing, host, profile, sleeping};
    use crate::host::Host;
    use crate::profile::Profile;

    fn plan(workload: &Workload, profile: &Profile, host: &Host, selection: &Selection) -> Plan {
        let conditions = &Conditions::usual(host);
        Plan::new(&Subject { workload, profile, host, conditions }, selection)
    }

    fn widths_of(plan: &Plan, strategy: StrategyKind) -> Vec<usize> {
        plan.candidates.iter().filter(|c| c.cell.strategy == strategy).map(|c| c.cell.width).collect()
    }

    #[test]
    fn waiting_work_is_planned_wide_and_computing_work_narrow() {
        let waiting = plan(&sleeping(400), &profile(50e-6, 20e-3), &host(2), &Selection::default());
        assert_eq!(waiting.candidates[0].cell, Configuration::REFERENCE);
        assert_eq!(
            widths_of(&waiting, StrategyKind::Async),
            [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 134, 200, 256, 400]
        );
        assert_eq!(widths_of(&waiting, StrategyKind::Processes), [2, 3, 4, 6, 8, 12, 16, 24, 32]);
        assert_eq!(widths_of(&waiting, StrategyKind::Hybrid), [] as [usize; 0]);
        let busy = plan(&computing(400), &profile(5e-3, 0.0), &host(2), &Selection::default());
        assert_eq!(widths_of(&busy, StrategyKind::Threads), [2, 3, 4, 6, 8]);
        assert_eq!(widths_of(&busy, StrategyKind::WorkStealing), [2, 3, 4]);
    }

    #[test]
    fn widths_that_save_a_wave_take_the_place_of_those_just_below() {
        let widths = |tasks, widest| dividing(ladder(widest, 2), tasks, widest);
        assert_eq!(widths(200, 200), [2, 3, 4, 6, 8, 12, 16, 24, 32, 50, 67, 100, 128, 200]);
        assert_eq!(widths(24, 24), [2, 3, 4, 6, 8, 12, 16, 24]);
        assert_eq!(widths(100, 64), [2, 3, 4, 6, 8, 12, 16, 25, 34, 50, 64]);
        // Where there are many waves, one of them does not matter.
        assert_eq!(widths(100_000, 64), ladder(64, 2));
        assert_eq!(dividing(vec![1], 1, 1), [1]);
    }

    #[test]
    fn one_cpu_and_many_are_planned_for_alike() {
        let one = plan(&computing(400), &profile(5e-3, 0.0), &host(1), &Selection::default());
        assert_eq!(widths_of(&one, StrategyKind::WorkStealing), [2]);
        let many = plan(&computing(4000), &profile(5e-3, 0.0), &host(96), &Selection::default());
        assert!(widths_of(&many, StrategyKind::WorkStealing).contains(&96));
        assert!(
            widths_of(&many, StrategyKind::Threads).contains(&192)
                || widths_of(&many, StrategyKind::Threads).contains(&256)
        );
    }

    #[test]
    fn limits_of_the_workload_cap_and_limits_of_the_machine_refuse() {
        let mut workload = sleeping(1_000_000);
        let asked = Selection {
            widths: vec![8, 100_000],
            strategies: vec![StrategyKind::Threads],
            ..Selection::default()
        };
        let refused = plan(&workload, &profile(1e-5, 20e-3), &host(2), &asked).refused;
        assert_eq!(refused[0].code, Code::HostLimit);
        assert!(refused[0].reason.contains("memory maps"), "{}", refused[0].reason);
        workload.limits.max_in_flight = Some(32);
        let capped = plan(&workload, &profile(1e-5, 20e-3), &host(2), &asked);
        assert_eq!(widths_of(&capped, StrategyKind::Threads), [8, 32]);
        assert!(capped.refused.is_empty());
    }

    #[test]
    fn a_largest_width_bounds_every_strategy() {
        let workload = sleeping(1_000_000);
        let narrow = Selection { max_width: Some(24), ..Selection::default() };
        let narrow = plan(&workload, &profile(1e-5, 20e-3), &host(2), &narrow);
        assert_eq!(widths_of(&narrow, StrategyKind::Async).last(), Some(&24));
        assert!(narrow.candidates.iter().all(|candidate| candidate.cell.width <= 24));
        let one = Selection { max_width: Some(1), ..Selection::default() };
        let one = plan(&workload, &profile(1e-5, 20e-3), &host(2), &one);
        assert!(one.candidates.iter().all(|candidate| candidate.cell.width == 1));
    }

    #[test]
    fn a_single_task_has_a_plan_too() {
        let plan = plan(&sleeping(1), &profile(1e-5, 20e-3), &host(2), &Selection::default());
        assert_eq!(widths_of(&plan, StrategyKind::Async), [1]);
    }
}
