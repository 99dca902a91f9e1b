//! The recommendation, put together from the tree, the choice and the limit.

use std::borrow::Cow;

use crate::advice::beside_others::BesideOthers;
use crate::advice::choose::choose_among;
use crate::advice::chunks::chunk_size;
use crate::advice::comparison::{Comparison, ComparisonCode, comparison};
use crate::advice::confidence::ChoiceConfidence;
use crate::advice::context::AdviceContext;
use crate::advice::decision_tree::decide;
use crate::advice::eligible::soundness;
use crate::advice::facts::Facts;
use crate::advice::fallbacks::fallbacks;
use crate::advice::limit::limit;
use crate::advice::note::Note;
use crate::advice::notes::notes;
use crate::advice::objective::Objective;
use crate::advice::result::{Recommendation, TreeFailure};
use crate::advice::seen::Seen;
use crate::advice::spinning::adds_to_spin;
use crate::advice::verdict::Basis;
use crate::benchmark::conditions::Conditions;
use crate::benchmark::result::Status;
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::host::Host;
use crate::policy::WORTH_CONCURRENCY;
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;
use crate::workload::Workload;

/// The inputs of a recommendation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdviceInput<'a> {
    /// The work.
    pub workload: &'a Workload,
    /// The cost of one task.
    pub profile: &'a Profile,
    /// The machine.
    pub host: &'a Host,
    /// The measured rates and overheads of the machine.
    pub conditions: &'a Conditions,
    /// Every configuration that was considered.
    pub cells: &'a [ConfigurationResult],
    /// Every configuration that was not run, with what is believed about it.
    pub unrun: &'a [ConfigurationResult],
    /// The goal.
    pub objective: Objective,
    /// Notes of the caller, which follow those of the recommendation.
    pub notes: &'a [Note],
}

/// Recommends a strategy and a width; `None` if no cell ran with most of its tasks successful.
///
/// `code_examples` stays empty: programs are generated from a recommendation later.
pub(crate) fn recommend(input: &AdviceInput<'_>) -> Option<Recommendation> {
    let AdviceInput { workload, profile, host, conditions, cells, unrun, objective, .. } = *input;
    let facts = Facts::of(workload, profile, host.cpus_effective);
    let decision = decide(&facts);
    let beside_others = BesideOthers::of(cells, profile, host.cpus_effective, decision.strategy);
    let has = |kind| cells.iter().chain(unrun).any(|c| c.cell.strategy == kind);
    let stays = |c: &ConfigurationResult| {
        is_advisable(c.cell, profile, has)
            && beside_others.allows(c.cell)
            && !adds_to_spin(c.cell, profile, host.cpus_effective)
    };
    let (cells, unrun) = (&*only(cells, stays), &*only(unrun, stays));
    let mut choice = choose_among(cells, unrun, &decision, objective)?;
    choice.notes.extend(beside_others.note(input.cells));
    let seen = Seen::of(&choice, objective);
    let context = AdviceContext {
        workload,
        profile,
        host,
        conditions,
        facts: &facts,
        cells: input.cells,
        seen: &seen,
        choice: &choice,
    };
    let cell = choice.chosen.cell;
    let basis = if unrun.iter().any(|c| c.cell == cell) { Basis::Predicted } else { Basis::Measured };
    let ChoiceConfidence { level, reason } = ChoiceConfidence::of(choice.chosen, basis, choice.verdict);
    Some(Recommendation {
        strategy: cell.strategy,
        width: cell.width,
        processes: cell.processes,
        stages: cell.stages,
        verdict: choice.verdict,
        smallest_effect: choice.runners_up.first().and_then(|runner_up| runner_up.smallest_effect),
        basis,
        confidence: level,
        confidence_reason: reason,
        tree_failure: tree_failure(cells, decision.strategy),
        agrees: choice.agrees,
        comparison: compared(
            comparison(choice.chosen, decision.strategy, &seen, objective),
            basis,
            choice.chosen,
        ),
        limit: limit(&context),
        failing_beyond: soundness(cells).failing_beyond(cell.strategy),
        code_examples: Vec::new(),
        notes: notes(&context).into_iter().chain(input.notes.iter().cloned()).collect(),
        chunk_size: chunk_size(choice.chosen, workload.tasks(), profile.task.total_s()),
        fallbacks: fallbacks(&choice, objective),
        decision,
    })
}

/// Returns true if a configuration may be advised among strategies of which `has` tells whether they are there.
///
/// Where no callable has an async form, an event loop runs the same threads with more overhead, so that it is
/// left out if threads are there. Threads are left out if a lock lets one of them compute at a time and the tasks
/// do nothing else: what they gain is noise.
fn is_advisable(cell: Configuration, profile: &Profile, has: impl Fn(StrategyKind) -> bool) -> bool {
    let is_blocking = profile.python.as_ref().is_some_and(|python| !python.is_awaitable());
    let gain_of_two_threads = profile.python.as_ref().map_or(2.0, |python| python.cpus_of_threads(2.0));
    let take_turns =
        is_blocking && profile.class == Class::CpuBound && gain_of_two_threads < 1.0 + WORTH_CONCURRENCY;
    match cell.strategy {
        StrategyKind::Async | StrategyKind::Uvloop => !is_blocking || !has(StrategyKind::Threads),
        StrategyKind::Threads => !take_turns || !has(StrategyKind::Sequential),
        _ => true,
    }
}

/// Returns the results that stay.
fn only(
    results: &[ConfigurationResult],
    stays: impl Fn(&ConfigurationResult) -> bool,
) -> Cow<'_, [ConfigurationResult]> {
    if results.iter().all(&stays) {
        return Cow::Borrowed(results);
    }
    Cow::Owned(results.iter().filter(|result| stays(result)).cloned().collect())
}

/// Returns the failure of the tree's strategy, if it ran and not one of its configurations succeeded.
fn tree_failure(cells: &[ConfigurationResult], tree: StrategyKind) -> Option<TreeFailure> {
    let own = || cells.iter().filter(|c| c.cell.strategy == tree);
    let failed = own().find(|c| c.status == Status::Failed)?;
    let reason = failed.reason.clone()?;
    let has_run = own().any(|c| c.status == Status::Ok);
    (!has_run).then_some(TreeFailure { strategy: tree, width: failed.cell.width, reason })
}

/// Returns the comparison, which for a configuration that was not run is with what was.
fn compared(seen: Comparison, basis: Basis, chosen: &ConfigurationResult) -> Comparison {
    match (basis, chosen.outlook) {
        (Basis::Predicted, Some(outlook)) => Comparison {
            code: ComparisonCode::NotRun,
            predicted_per_s: Some(outlook.throughput_per_s),
            ..seen
        },
        _ => seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::comparison::ComparisonCode;
    use crate::advice::decision_tree::TreeStep;
    use crate::advice::facts::SerialPlace;
    use crate::advice::limiting_factor::{LimitingFactor, SharedResource};
    use crate::advice::testing::*;
    use crate::advice::verdict::{Agreement, ChoiceVerdict};
    use crate::benchmark::result::Latency;
    use crate::model::RateCurve;
    use crate::model::repairman::throughput;
    use crate::workload::spec::StepSpec;

    const WIDTHS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

    struct Case {
        workload: Workload,
        profile: Profile,
        host: Host,
    }

    fn case(steps: Vec<StepSpec>, class: Class, cpu_s: f64, wait_s: f64, cpus: f64) -> Case {
        let workload = workload(2000, steps);
        let profile = profile(&workload, class, cpu_s, wait_s);
        Case { workload, profile, host: host(cpus) }
    }

    impl Case {
        fn ask(&self, cells: &[ConfigurationResult]) -> Option<Recommendation> {
            self.ask_with(cells, &[])
        }

        fn ask_with(
            &self,
            cells: &[ConfigurationResult],
            unrun: &[ConfigurationResult],
        ) -> Option<Recommendation> {
            let Case { workload, profile, host } = self;
            let objective = Objective::Throughput;
            recommend(&AdviceInput {
                workload,
                profile,
                host,
                conditions: &Conditions::usual(host),
                cells,
                unrun,
                objective,
                notes: &[Note::AssumedCpus { cpus: 2.0 }],
            })
        }

        /// Returns the configurations as the model predicts them, with throughput times `factor`.
        fn modelled(&self, strategy: StrategyKind, factor: f64) -> Vec<ConfigurationResult> {
            let task = self.profile.task;
            let per_s = |n: f64| {
                throughput(&RateCurve::ideal(self.host.cpus_effective), task.cpu_s, task.wait_s, n as usize)
            };
            curve(strategy, &WIDTHS, |n| factor * per_s(n))
        }

        fn sequential(&self) -> Vec<ConfigurationResult> {
            vec![cell(StrategyKind::Sequential, 1, 1.0 / self.profile.task.total_s())]
        }
    }

    #[test]
    fn sleeping_tasks_are_awaited() {
        let case = case(vec![sleep()], Class::IoBound, 0.0, 0.01, 2.0);
        let cells = [
            case.sequential(),
            case.modelled(StrategyKind::Async, 1.0),
            case.modelled(StrategyKind::Threads, 0.98),
        ]
        .concat();
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.width, r.agrees), (StrategyKind::Async, 128, Agreement::Yes));
        assert_eq!(r.decision.strategy, StrategyKind::Async);
        assert!(
            matches!(r.limit, LimitingFactor::NotReached { width: 128, growth, .. } if growth.from == 64),
            "{:?}",
            r.limit
        );
        assert_eq!(r.fallbacks[0].strategy, StrategyKind::Threads);
        assert_eq!(r.notes, [Note::AssumedCpus { cpus: 2.0 }]);
    }

    #[test]
    fn computing_goes_to_as_many_threads_as_there_are_cpus() {
        for cpus in [2.0, 128.0] {
            let case = case(vec![cpu()], Class::CpuBound, 0.01, 0.0, cpus);
            let cells = [
                case.sequential(),
                case.modelled(StrategyKind::WorkStealing, 1.0),
                case.modelled(StrategyKind::Processes, 0.9),
            ]
            .concat();
            let r = case.ask(&cells).unwrap();
            assert_eq!((r.strategy, r.width), (StrategyKind::WorkStealing, cpus as usize));
            assert_eq!((r.verdict, r.agrees), (ChoiceVerdict::Faster, Agreement::Yes));
            assert!(matches!(r.limit, LimitingFactor::Cpus { used, .. } if used > 0.99), "{r:?}");
        }
    }

    #[test]
    fn on_a_busy_machine_computing_gets_no_more_workers_than_cpus() {
        let case = case(vec![cpu()], Class::CpuBound, 0.01, 0.0, 2.0);
        let cells = |others| -> Vec<ConfigurationResult> {
            // More workers take a larger share of the CPUs from the others.
            let share = |n: f64| 100.0 * (2.0 * n / (n + 4.0)).max(0.4);
            let cells = [case.sequential(), curve(StrategyKind::WorkStealing, &[2, 4, 8], share)].concat();
            cells.into_iter().map(|c| ConfigurationResult { cpu_others: Some(others), ..c }).collect()
        };
        assert_eq!(case.ask(&cells(0.0)).unwrap().width, 8);
        assert!(case.ask(&cells(0.5)).unwrap().width <= 2);
    }

    #[test]
    fn threads_that_compute_one_at_a_time_gain_only_noise() {
        let advised = |gil_held| {
            let mut case = case(vec![cpu()], Class::CpuBound, 0.01, 0.0, 2.0);
            case.profile.python = Some(callable(gil_held, true));
            let threads = curve(StrategyKind::Threads, &[2], |_| 130.0);
            case.ask(&[case.sequential(), threads].concat()).unwrap().strategy
        };
        assert_eq!(advised(1.0), StrategyKind::Sequential);
        assert_eq!(advised(0.0), StrategyKind::Threads);
    }

    #[test]
    fn threads_that_compute_one_at_a_time_are_not_advised_untried_either() {
        let advised = |gil_held| {
            let mut case = case(vec![cpu()], Class::CpuBound, 0.01, 0.0, 2.0);
            case.profile.python = Some(callable(gil_held, true));
            let unrun = ConfigurationResult {
                outlook: Some(believed(190.0, [150.0, 250.0])),
                rounds: Vec::new(),
                ..cell(StrategyKind::Threads, 2, 190.0)
            };
            case.ask_with(&case.sequential(), &[unrun]).unwrap().strategy
        };
        assert_eq!(advised(1.0), StrategyKind::Sequential);
        assert_eq!(advised(0.0), StrategyKind::Threads);
    }

    #[test]
    fn where_the_trees_strategy_failed_the_advice_says_so() {
        let case = case(vec![http()], Class::IoBound, 0.0, 0.01, 2.0);
        let mut failed = skipped(StrategyKind::Async, 64, "hangs");
        failed.status = Status::Failed;
        let cells = [case.sequential(), case.modelled(StrategyKind::Threads, 1.0), vec![failed]].concat();
        let r = case.ask(&cells).unwrap();
        let failure = r.tree_failure.expect("async failed");
        assert_eq!(
            (r.strategy, failure.strategy, failure.width),
            (StrategyKind::Threads, StrategyKind::Async, 64)
        );
    }

    #[test]
    fn computing_on_one_cpu_stays_sequential() {
        let case = case(vec![cpu()], Class::CpuBound, 0.01, 0.0, 1.0);
        let cells = [case.sequential(), case.modelled(StrategyKind::WorkStealing, 0.99)].concat();
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.width, r.agrees), (StrategyKind::Sequential, 1, Agreement::Yes));
        assert!(r.decision.steps.contains(&TreeStep::OneCpu));
        assert_eq!(r.fallbacks, []);
    }

    #[test]
    fn mixed_work_follows_the_measurement_where_it_contradicts_the_tree() {
        let case = case(vec![http(), cpu()], Class::Mixed, 0.01, 0.01, 2.0);
        let threads_win = [
            case.sequential(),
            case.modelled(StrategyKind::Threads, 1.0),
            case.modelled(StrategyKind::Hybrid, 0.8),
        ]
        .concat();
        let r = case.ask(&threads_win).unwrap();
        assert_eq!(
            (r.strategy, r.decision.strategy, r.agrees),
            (StrategyKind::Threads, StrategyKind::Hybrid, Agreement::No)
        );
        assert!((r.comparison.tree_ratio.unwrap() - 0.8).abs() < 0.02, "{r:?}");
        let tie = [
            case.sequential(),
            case.modelled(StrategyKind::Threads, 1.0),
            case.modelled(StrategyKind::Hybrid, 0.99),
        ]
        .concat();
        let r = case.ask(&tie).unwrap();
        assert_eq!(
            (r.strategy, r.verdict, r.agrees),
            (StrategyKind::Hybrid, ChoiceVerdict::Tie, Agreement::Yes)
        );
    }

    #[test]
    fn tasks_behind_one_lock_or_one_writer_stay_sequential() {
        for (step, place) in [(lock("a"), SerialPlace::SharedLock), (sqlite(true), SerialPlace::SqliteWriter)]
        {
            let case = case(vec![step, cpu()], Class::IoBound, 0.0001, 0.0049, 2.0);
            let flat = |kind| curve(kind, &WIDTHS, |_| 204.0);
            let r = case
                .ask(&[case.sequential(), flat(StrategyKind::Async), flat(StrategyKind::Threads)].concat())
                .unwrap();
            assert_eq!(
                (r.strategy, r.decision.strategy),
                (StrategyKind::Sequential, StrategyKind::Sequential)
            );
            assert!(
                matches!(r.decision.steps[..], [TreeStep::OneTaskAtATime { place: found, .. }] if found == place)
            );
            assert!(matches!(r.limit, LimitingFactor::SerialSection { place: found, .. } if found == place));
        }
    }

    #[test]
    fn tiny_tasks_stay_sequential_where_all_of_them_are_little() {
        let mut case = case(vec![cpu()], Class::CpuBound, 200e-9, 0.0, 2.0);
        case.workload.items = crate::workload::Items::Count(1000);
        let slower =
            ConfigurationResult { startup_s: Some(1e-3), ..cell(StrategyKind::WorkStealing, 2, 1e6) };
        let r = case.ask(&[case.sequential(), vec![slower]].concat()).unwrap();
        assert_eq!((r.strategy, r.agrees), (StrategyKind::Sequential, Agreement::Yes));
        assert!(
            matches!(r.limit, LimitingFactor::WorkloadSize { total_s } if (total_s - 2e-4).abs() < 1e-12),
            "{r:?}"
        );
    }

    #[test]
    fn a_capped_upstream_gets_its_capacity_as_the_width() {
        let case = case(vec![http()], Class::IoBound, 0.0002, 0.0398, 2.0);
        let capped = |kind, factor: f64| curve(kind, &WIDTHS, |n| factor * 25.0 * n.min(8.0));
        let mut cells =
            [case.sequential(), capped(StrategyKind::Async, 1.0), capped(StrategyKind::Threads, 0.99)]
                .concat();
        for cell in &mut cells {
            let p50 = cell.cell.width as f64 / cell.per_s().unwrap();
            cell.latency_s = Some(Latency { p50, p90: p50, p99: p50, max: p50 });
        }
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.width), (StrategyKind::Async, 8));
        let resource = SharedResource::Upstream;
        assert_eq!(r.limit, LimitingFactor::SharedResource { resource, beyond: 8, serves: Some(8) });
    }

    #[test]
    fn commands_are_waited_for_by_threads() {
        let case = case(vec![command()], Class::CpuBound, 0.01, 0.0, 2.0);
        let cells = [
            case.sequential(),
            case.modelled(StrategyKind::Threads, 0.97),
            case.modelled(StrategyKind::Async, 0.8),
        ]
        .concat();
        let r = case.ask(&cells).unwrap();
        assert_eq!(
            (r.strategy, r.width, r.decision.strategy),
            (StrategyKind::Threads, 2, StrategyKind::Threads)
        );
        assert!(matches!(r.limit, LimitingFactor::Cpus { .. }), "{r:?}");
    }

    #[test]
    fn undecided_data_is_called_undecided() {
        let case = case(vec![sleep()], Class::IoBound, 0.0, 0.01, 2.0);
        let cells =
            [noisy(StrategyKind::Async, 64, 6000.0, 0.6), noisy(StrategyKind::Threads, 64, 5900.0, 0.6)];
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.verdict), (StrategyKind::Async, ChoiceVerdict::Undecided));
        assert_eq!(r.comparison.code, ComparisonCode::BestWithinNoise);
    }

    #[test]
    fn where_every_task_failed_there_is_no_recommendation() {
        let case = case(vec![http()], Class::IoBound, 0.0, 0.01, 2.0);
        let failed =
            [failing(cell(StrategyKind::Sequential, 1, 100.0), 1.0), skipped(StrategyKind::Async, 8, "no")];
        assert_eq!(case.ask(&failed), None);
        assert_eq!(case.ask(&[]), None);
    }
}
