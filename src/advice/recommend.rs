//! The recommendation, put together from the tree, the choice and the limit.

use crate::advice::choose::choose;
use crate::advice::chunks::chunk_size;
use crate::advice::facts::Facts;
use crate::advice::fallbacks::fallbacks;
use crate::advice::limit::{Situation, limit};
use crate::advice::measured;
use crate::advice::notes::notes;
use crate::advice::objective::Objective;
use crate::advice::result::{Basis, Recommendation};
use crate::advice::tree::decide;
use crate::benchmark::ConfigurationResult;
use crate::host::Host;
use crate::profile::Profile;
use crate::workload::Workload;

/// Everything a recommendation rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What is run.
    pub workload: &'a Workload,
    /// What one task costs.
    pub profile: &'a Profile,
    /// The machine.
    pub host: &'a Host,
    /// What was measured.
    pub cells: &'a [ConfigurationResult],
    /// What is optimised.
    pub objective: Objective,
    /// Remarks of those who measured, told after the ones found here.
    pub notes: &'a [String],
}

/// Recommends a strategy and a width; `None` if no cell ran with most of its tasks ending well.
///
/// `code_examples` is left empty: programs are written from a recommendation, not for one.
pub fn recommend(evidence: &Evidence<'_>) -> Option<Recommendation> {
    let Evidence { workload, profile, host, cells, objective, .. } = *evidence;
    let facts = Facts::of(workload, profile, host.cpus_effective);
    let decision = decide(&facts);
    let choice = choose(cells, &decision, objective)?;
    let situation = Situation { workload, profile, host, facts: &facts, cells, choice: &choice };
    let bound = limit(&situation);
    let cell = choice.chosen.cell;
    Some(Recommendation {
        strategy: cell.strategy,
        width: cell.width,
        processes: cell.processes,
        verdict: choice.verdict,
        smallest_effect: choice.rivals.first().and_then(|rival| rival.smallest_effect),
        basis: Basis::Measured,
        tree_strategy: decision.strategy,
        agrees: choice.agrees,
        measured: measured::sentence(&choice, decision.strategy, objective),
        binding_limit: bound.sentence(),
        response: bound.response(),
        code_examples: Vec::new(),
        performance_notes: notes(&situation).into_iter().chain(evidence.notes.iter().cloned()).collect(),
        chunk_size: chunk_size(choice.chosen, workload.tasks(), profile.task.total_s()),
        fallbacks: fallbacks(&choice, objective),
        tree_path: decision.path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::result::{Agreement, Verdict};
    use crate::advice::testing::*;
    use crate::model::RateCurve;
    use crate::model::repairman::throughput;
    use crate::profile::Class;
    use crate::strategy::StrategyKind;
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
            let Case { workload, profile, host } = self;
            let objective = Objective::Throughput;
            recommend(&Evidence { workload, profile, host, cells, objective, notes: &["remark".to_owned()] })
        }

        /// What the model says of every width, times a factor for the strategy.
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
        assert_eq!(r.tree_path.join(" -> "), "task type -> I/O-bound -> async client available -> async");
        assert_eq!(r.binding_limit, "none reached: throughput still grows at 128, the widest measured");
        assert_eq!(r.fallbacks[0].strategy, StrategyKind::Threads);
        assert_eq!(r.performance_notes, ["remark"]);
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
            assert_eq!((r.verdict, r.agrees), (Verdict::Faster, Agreement::Yes));
            assert!(r.binding_limit.starts_with("the CPUs: the tasks use 100% of"), "{}", r.binding_limit);
        }
    }

    #[test]
    fn computing_on_one_cpu_stays_sequential() {
        let case = case(vec![cpu()], Class::CpuBound, 0.01, 0.0, 1.0);
        let cells = [case.sequential(), case.modelled(StrategyKind::WorkStealing, 0.99)].concat();
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.width, r.agrees), (StrategyKind::Sequential, 1, Agreement::Yes));
        assert!(r.tree_path.contains(&"one CPU, nothing to gain".to_owned()));
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
            (r.strategy, r.tree_strategy, r.agrees),
            (StrategyKind::Threads, StrategyKind::Hybrid, Agreement::No)
        );
        assert!(r.measured.ends_with("the tree's hybrid is 20% slower"), "{}", r.measured);
        let tie = [
            case.sequential(),
            case.modelled(StrategyKind::Threads, 1.0),
            case.modelled(StrategyKind::Hybrid, 0.99),
        ]
        .concat();
        let r = case.ask(&tie).unwrap();
        assert_eq!((r.strategy, r.verdict, r.agrees), (StrategyKind::Hybrid, Verdict::Tie, Agreement::Yes));
    }

    #[test]
    fn tasks_behind_one_lock_or_one_writer_stay_sequential() {
        for (step, by) in [(lock("a"), "a shared lock"), (sqlite(true), "SQLite's single writer")] {
            let case = case(vec![step, cpu()], Class::IoBound, 0.0001, 0.0049, 2.0);
            let flat = |kind| curve(kind, &WIDTHS, |_| 204.0);
            let r = case
                .ask(&[case.sequential(), flat(StrategyKind::Async), flat(StrategyKind::Threads)].concat())
                .unwrap();
            assert_eq!((r.strategy, r.tree_strategy), (StrategyKind::Sequential, StrategyKind::Sequential));
            assert!(r.tree_path[1].starts_with(by) && r.binding_limit.starts_with(by), "{r:?}");
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
            r.binding_limit.starts_with("the size of the workload: 200 µs in all"),
            "{}",
            r.binding_limit
        );
    }

    #[test]
    fn a_capped_upstream_gets_its_capacity_as_the_width() {
        let case = case(vec![http()], Class::IoBound, 0.0002, 0.0398, 2.0);
        let capped = |kind, factor: f64| curve(kind, &WIDTHS, |n| factor * 25.0 * n.min(8.0));
        let cells =
            [case.sequential(), capped(StrategyKind::Async, 1.0), capped(StrategyKind::Threads, 0.99)]
                .concat();
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.width), (StrategyKind::Async, 8));
        assert_eq!(
            r.binding_limit,
            "the upstream serves about 8 at a time: beyond 8 in flight throughput grows < 5%"
        );
        assert!(r.response.starts_with("keep to 8 in flight"), "{}", r.response);
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
        assert_eq!((r.strategy, r.width, r.tree_strategy), (StrategyKind::Threads, 2, StrategyKind::Threads));
        assert!(r.binding_limit.starts_with("the CPUs"), "{}", r.binding_limit);
    }

    #[test]
    fn undecided_data_is_called_undecided() {
        let case = case(vec![sleep()], Class::IoBound, 0.0, 0.01, 2.0);
        let cells =
            [noisy(StrategyKind::Async, 64, 6000.0, 0.6), noisy(StrategyKind::Threads, 64, 5900.0, 0.6)];
        let r = case.ask(&cells).unwrap();
        assert_eq!((r.strategy, r.verdict), (StrategyKind::Async, Verdict::Undecided));
        assert!(r.measured.contains("within noise") && r.measured.contains("undecided"), "{}", r.measured);
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
