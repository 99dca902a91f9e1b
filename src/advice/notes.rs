//! Selection of the notes on a recommendation.

use crate::advice::choose::Choice;
use crate::advice::chunks;
use crate::advice::context::AdviceContext;
use crate::advice::eligible::failure_share;
use crate::advice::facts::TaskRuntime;
use crate::advice::note::{CpuGrowthCause, Note};
use crate::advice::python_notes;
use crate::advice::seen::RunnerUpFigures;
use crate::advice::spinning;
use crate::benchmark::agreement::OutputVerdict;
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::profile::result::Confidence;
use crate::profile::{Class, Profile};
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;
use crate::workload::Workload;

/// Minimum probability at which a cell counts as near the best.
const PROBABLY: f64 = 0.5;

/// Minimum share of the run that start-up takes before a note reports it.
const STARTUP_SHARE: f64 = 0.2;

/// Minimum ratio of the 99th percentile of latency to the median for a long tail; see [`TAIL_GROWTH`].
const TAIL: f64 = 3.0;

/// Minimum ratio of the 99th percentile to that of sequential for a long tail: the width does not cause a
/// tail that sequential tasks have as well.
const TAIL_GROWTH: f64 = 2.0;

/// Minimum share of failed tasks before a note reports the failures.
const FAILURES: f64 = 0.01;

/// Maximum time, in seconds, that a task should compute between two awaits: "no more than 10 to 100
/// microseconds" (Alice Ryhl, "Async: What is blocking?", 2020).
const LOOP_HELD_S: f64 = 100e-6;

/// Minimum growth factor of CPU time per task that shows that tasks compete for more than CPUs.
const CPU_GROWTH: f64 = 1.5;

/// Minimum coefficient of variation at which task times differ widely: that of exponential times.
const WIDE: f64 = 1.0;

/// Minimum number of profiled tasks for a note that task times differ.
const FEWEST_TO_DIFFER: u64 = 10;

/// Minimum mean time of a task, in seconds, at which one interruption does not look like a slow item.
const SHORTEST_TO_DIFFER_S: f64 = 1e-3;

/// Maximum share of the time in the run queue at which task times are due to items, not to the machine.
const CROWDED: f64 = 0.1;

/// Number of CPUs above which a task alone must run threads of its own.
const NESTED_FROM_CPUS: f64 = 1.2;

/// Number of threads that could use a CPU at once, above which a task alone must run threads of its own: a parent
/// and the child that it starts are both runnable for a moment, for longer on a crowded machine (1.2 were seen).
const NESTED_FROM_THREADS: f64 = 1.5;

/// Returns every note that applies, in the order of importance.
pub(crate) fn notes(at: &AdviceContext<'_>) -> Vec<Note> {
    let AdviceContext { workload, profile, choice, .. } = *at;
    let chosen = choice.chosen;
    let is_python = profile.python.is_some();
    let notes = [
        random_outputs(at.cells),
        failures(chosen),
        low_confidence(profile),
        undecided(at),
        spinning::note(profile),
        parallel_task(profile, chosen.cell),
        dispersion(profile),
        event_loop_held(workload, profile, chosen.cell),
        at.facts.blocking_step.filter(|_| !is_python).and_then(|step| blocking_step(step, chosen.cell)),
        oversubscribed(profile.task_class(), chosen.cell, at.host.cpus_effective),
        slowest_stage(workload, profile, chosen),
        cpu_growth(at),
        startup(chosen, workload.tasks()),
        chunks::note(chosen, workload.tasks(), profile.task.total_s(), is_python),
        tail(choice),
        (workload.needs_fixture() && chosen.cell.width > 1).then_some(Note::EmbeddedServer),
    ];
    let left_out = choice.notes.iter().cloned();
    left_out.chain(notes.into_iter().flatten()).chain(python_notes::notes(at)).collect()
}

fn random_outputs(cells: &[ConfigurationResult]) -> Option<Note> {
    let reference = cells.iter().find(|result| result.cell == Configuration::REFERENCE)?;
    let outputs = reference.outputs.filter(|outputs| outputs.verdict == OutputVerdict::Random)?;
    Some(Note::RandomOutputs { outputs })
}

fn failures(chosen: &ConfigurationResult) -> Option<Note> {
    let share = failure_share(&chosen.tasks);
    (share >= FAILURES).then(|| Note::TasksFail { share, cause: chosen.errors.first().cloned() })
}

fn low_confidence(profile: &Profile) -> Option<Note> {
    (profile.confidence == Confidence::Low)
        .then_some(Note::LowConfidence { reason: profile.confidence_reason })
}

fn undecided(at: &AdviceContext<'_>) -> Option<Note> {
    let is_open = |rival: &&RunnerUpFigures| rival.verdict == UncertainOrdering::Undecided && at.seen.is_run;
    let rival = at.seen.rivals.iter().find(is_open)?;
    let (configuration, runner_up) = (at.choice.chosen.cell, rival.cell);
    let result = at.choice.eligible.iter().find(|result| result.cell == rival.cell);
    let is_near = |result: &&ConfigurationResult| result.outlook.is_some_and(|of| of.near_best >= PROBABLY);
    let hardly_matters = result.is_some_and(is_near);
    Some(if hardly_matters {
        Note::UndecidedNearBest { configuration, runner_up }
    } else {
        Note::Undecided { configuration, runner_up }
    })
}

/// Returns the note about tasks that have threads of their own. A crowded machine hides them from the CPU time, but
/// not from the run queue. Threads of Python stand in that queue for the global lock too.
fn parallel_task(profile: &Profile, chosen: Configuration) -> Option<Note> {
    let cpus = (profile.cpu_user_s + profile.cpu_system_s) / profile.wall_s;
    let threads = if profile.python.is_none() { profile.threads_at_once } else { 1.0 };
    let is_parallel = cpus > NESTED_FROM_CPUS || threads > NESTED_FROM_THREADS;
    is_parallel.then(|| Note::ParallelTask { threads: threads.max(cpus), width: chosen.width })
}

/// Returns the note about widely different task times: the few tasks of a short batch are not typical.
fn dispersion(profile: &Profile) -> Option<Note> {
    let dispersion = profile.dispersion.as_ref()?;
    let (coefficient_of_variation, slowest) =
        (dispersion.coefficient_of_variation, dispersion.slowest.first()?);
    let mean_s = profile.wall_s / profile.tasks as f64;
    // The scheduler, not the item, determines the time of a short or crowded-out task.
    let is_its_own = mean_s >= SHORTEST_TO_DIFFER_S && profile.runqueue_s <= CROWDED * profile.wall_s;
    let is_wide = coefficient_of_variation >= WIDE && profile.tasks >= FEWEST_TO_DIFFER;
    (is_wide && is_its_own).then(|| Note::TasksDiffer {
        coefficient_of_variation,
        item: slowest.item.clone(),
        item_s: slowest.wall_s,
        mean_s,
    })
}

/// Returns the note about steps that compute on an event loop and keep its other tasks waiting.
fn event_loop_held(workload: &Workload, profile: &Profile, chosen: Configuration) -> Option<Note> {
    let steps = workload.steps.iter().zip(&profile.steps);
    let computing = steps.filter(|(step, _)| step.is_computation());
    let held_s = computing.map(|(_, cost)| cost.wall_s).reduce(f64::max)?;
    let is_held = chosen.strategy == StrategyKind::Async && held_s > LOOP_HELD_S;
    is_held.then_some(Note::EventLoopHeld { held_s })
}

/// Returns the stage of a pipeline that sets its pace: the one whose workers are busy most of the time, by its profiled
/// time and the throughput (utilisation law).
fn slowest_stage(workload: &Workload, profile: &Profile, chosen: &ConfigurationResult) -> Option<Note> {
    let (stages, per_s) = (chosen.cell.stages?, chosen.per_s()?);
    let busy = profile
        .steps
        .iter()
        .zip(stages.workers())
        .map(|(cost, workers)| per_s * cost.wall_s / workers as f64);
    let busy: Vec<f64> = busy.map(|share| share.min(1.0)).collect();
    let slowest = (0..busy.len()).max_by(|a, b| busy[*a].total_cmp(&busy[*b]))?;
    Some(Note::SlowestStage {
        step: slowest + 1,
        kind: workload.steps.get(slowest)?.kind().to_owned(),
        workers: stages.workers().nth(slowest)?,
        busy: busy[slowest],
        least_busy: busy.iter().copied().fold(1.0, f64::min),
    })
}

fn blocking_step(step: &str, chosen: Configuration) -> Option<Note> {
    let on_the_loop = matches!(chosen.strategy, StrategyKind::Async | StrategyKind::Hybrid);
    on_the_loop.then(|| Note::BlockingStep { step: step.to_owned() })
}

fn oversubscribed(class: Class, chosen: Configuration, cpus: f64) -> Option<Note> {
    // Of the workers of a pipeline, many may only wait.
    let workers = chosen.processes.or(chosen.stages.map(|_| 0)).unwrap_or(chosen.width);
    let is_too_many = class == Class::CpuBound && workers as f64 > 2.0 * cpus.ceil();
    is_too_many.then_some(Note::Oversubscribed { workers, cpus })
}

/// Returns the note about CPU time that grows where tasks run at the same time. Other programs make it grow
/// as well, and threads that take turns at the GIL; what remains is caches or memory bandwidth.
fn cpu_growth(at: &AdviceContext<'_>) -> Option<Note> {
    let factor = at.choice.chosen.cpu_s_per_task? / at.profile.task.cpu_s;
    let cause = match at.facts.runtime {
        _ if !at.seen.is_quiet => CpuGrowthCause::BusyMachine,
        TaskRuntime::GlobalLock | TaskRuntime::LockAlwaysHeld if at.shares_interpreter() => {
            CpuGrowthCause::Gil
        }
        TaskRuntime::GlobalLock | TaskRuntime::LockAlwaysHeld => CpuGrowthCause::Unknown,
        TaskRuntime::Native | TaskRuntime::LockReleased | TaskRuntime::NoLock => CpuGrowthCause::Memory,
    };
    let is_noted = at.seen.is_run && at.profile.class != Class::IoBound && factor >= CPU_GROWTH;
    is_noted.then_some(Note::CpuGrowth { factor, cause })
}

fn startup(chosen: &ConfigurationResult, tasks: u64) -> Option<Note> {
    let startup_s = chosen.startup_s?;
    let share = startup_s / (tasks as f64 / chosen.per_s()?);
    (share >= STARTUP_SHARE).then(|| Note::Startup { startup_s, share: share.min(1.0) })
}

fn tail(choice: &Choice<'_>) -> Option<Note> {
    let latency = choice.chosen.latency_s?;
    let alone = choice.eligible.iter().find(|c| c.cell.strategy == StrategyKind::Sequential)?.latency_s?;
    let is_long = latency.p99 >= TAIL * latency.p50 && latency.p99 >= TAIL_GROWTH * alone.p99;
    is_long.then_some(Note::LongTail { p99_s: latency.p99, p50_s: latency.p50 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::decide;
    use crate::advice::facts::Facts;
    use crate::advice::note::WrongConfiguration;
    use crate::advice::objective::Objective;
    use crate::advice::seen::Seen;
    use crate::advice::testing::*;
    use crate::benchmark::agreement::OutputComparison;
    use crate::benchmark::conditions::Conditions;
    use crate::benchmark::result::{ErrorCount, Latency, LedgerPerTask};
    use crate::diagnostics::Code;
    use crate::profile::result::{ConfidenceReason, Dispersion, SlowTask};

    fn noted(workload: &Workload, profile: &Profile, cells: &[ConfigurationResult]) -> Vec<Note> {
        let host = host(2.0);
        let facts = Facts::of(workload, profile, 2.0);
        let choice = choose(cells, &decide(&facts), Objective::Throughput).unwrap();
        let seen = Seen::of(&choice, Objective::Throughput);
        let at = AdviceContext {
            workload,
            profile,
            host: &host,
            conditions: &Conditions::usual(&host),
            facts: &facts,
            cells,
            seen: &seen,
            choice: &choice,
        };
        notes(&at)
    }

    fn plain() -> (Workload, Profile) {
        let workload = workload(1000, vec![sleep()]);
        let profile = profile(&workload, Class::IoBound, 0.0001, 0.01);
        (workload, profile)
    }

    fn latency(p50: f64, p99: f64) -> Option<Latency> {
        Some(Latency { p50, p90: p99, p99, max: p99 })
    }

    #[test]
    fn an_uneventful_run_has_no_notes() {
        let (workload, profile) = plain();
        let cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        assert_eq!(noted(&workload, &profile, &cells), []);
    }

    #[test]
    fn failures_are_noted_with_their_most_frequent_cause() {
        let (workload, profile) = plain();
        let mut cells = [
            failing(cell(StrategyKind::Sequential, 1, 100.0), 0.02),
            failing(cell(StrategyKind::Async, 64, 6000.0), 0.02),
        ];
        let message = "status 503".to_owned();
        cells[1].errors = vec![ErrorCount { code: Code::TaskHttpStatus, count: 40, message }];
        let cause = cells[1].errors.first().cloned();
        let found = noted(&workload, &profile, &cells);
        assert_eq!(found, [Note::TasksFail { share: 0.02, cause }]);
    }

    #[test]
    fn outputs_are_noted_where_they_are_wrong_or_random() {
        let (workload, profile) = plain();
        let mut cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        let outputs = |verdict, differing| OutputComparison { verdict, compared: 60, differing };
        cells[0].outputs = Some(outputs(OutputVerdict::Same, 0));
        assert_eq!(noted(&workload, &profile, &cells), []);
        cells[1].outputs = Some(outputs(OutputVerdict::Different, 59));
        let found = noted(&workload, &profile, &cells);
        let wrong = vec![WrongConfiguration { configuration: cells[1].cell, compared: 60, differing: 59 }];
        assert_eq!(found[0], Note::WrongOutputs { wrong });
        cells[0].outputs = Some(outputs(OutputVerdict::Random, 60));
        cells[1].outputs = Some(outputs(OutputVerdict::Random, 60));
        let found = noted(&workload, &profile, &cells);
        assert_eq!(found, [Note::RandomOutputs { outputs: outputs(OutputVerdict::Random, 60) }]);
    }

    #[test]
    fn start_up_and_tail_are_noted_when_they_weigh() {
        let (workload, profile) = plain();
        let mut cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        cells[0].latency_s = latency(0.01, 0.011);
        cells[1].latency_s = latency(0.01, 0.05);
        cells[1].startup_s = Some(0.05);
        let found = noted(&workload, &profile, &cells);
        let [Note::Startup { startup_s, share }, tail] = found.as_slice() else { panic!("{found:?}") };
        assert!(*startup_s == 0.05 && (share - 0.3).abs() < 1e-9, "{found:?}");
        assert_eq!(*tail, Note::LongTail { p99_s: 0.05, p50_s: 0.01 });
        cells[0].latency_s = latency(0.01, 0.05);
        cells[1].startup_s = Some(0.001);
        assert_eq!(noted(&workload, &profile, &cells), []);
    }

    #[test]
    fn computing_on_the_event_loop_is_noted() {
        let workload = workload(1000, vec![http(), cpu()]);
        let profile = profile(&workload, Class::IoBound, 0.002, 0.044);
        let cells = [cell(StrategyKind::Sequential, 1, 22.0), cell(StrategyKind::Async, 64, 900.0)];
        let found = noted(&workload, &profile, &cells);
        assert_eq!(found, [Note::EventLoopHeld { held_s: 0.002 }, Note::EmbeddedServer]);
    }

    #[test]
    fn a_step_without_async_form_is_noted_where_an_event_loop_runs_it() {
        let workload = workload(1000, vec![read()]);
        let profile = profile(&workload, Class::IoBound, 0.0001, 0.01);
        let run = |kind| [cell(StrategyKind::Sequential, 1, 22.0), cell(kind, 64, 900.0)];
        let of = |kind| noted(&workload, &profile, &run(kind));
        assert_eq!(of(StrategyKind::Async), [Note::BlockingStep { step: "read".to_owned() }]);
        assert_eq!(of(StrategyKind::Threads), []);
    }

    #[test]
    fn too_many_computing_workers_and_growing_cpu_time_are_noted() {
        let workload = workload(1000, vec![cpu()]);
        let profile = profile(&workload, Class::CpuBound, 0.01, 0.0);
        let cells = [
            cell(StrategyKind::Sequential, 1, 100.0),
            with_cpu(cell(StrategyKind::WorkStealing, 16, 190.0), 0.018),
        ];
        let found = noted(&workload, &profile, &cells);
        let [workers, Note::CpuGrowth { factor, cause: CpuGrowthCause::Memory }] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(*workers, Note::Oversubscribed { workers: 16, cpus: 2.0 });
        assert!((factor - 1.8).abs() < 1e-9);
    }

    #[test]
    fn commands_with_threads_of_their_own_are_noted_at_every_width() {
        let workload = workload(1000, vec![command()]);
        let noted = |cpus: f64, threads_at_once: f64, per_s: f64| {
            let mut profile = profile(&workload, Class::CpuBound, 0.01, 0.0001);
            (profile.cpu_user_s, profile.threads_at_once) = (profile.wall_s * cpus, threads_at_once);
            let cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Threads, 2, per_s)];
            noted(&workload, &profile, &cells)
        };
        assert_eq!(noted(1.9, 1.0, 190.0), [Note::ParallelTask { threads: 1.9, width: 2 }]);
        // A crowded machine gives four threads half a CPU.
        assert_eq!(noted(0.5, 4.0, 190.0), [Note::ParallelTask { threads: 4.0, width: 2 }]);
        assert_eq!(noted(0.5, 4.0, 101.0), [Note::ParallelTask { threads: 4.0, width: 1 }]);
        assert_eq!(noted(0.9, 1.3, 190.0), []);
    }

    #[test]
    fn tasks_that_differ_widely_are_noted_with_the_slowest() {
        let (workload, mut profile) = plain();
        (profile.tasks, profile.wall_s) = (100, 2.0);
        let slowest = vec![SlowTask { item: "big.csv".to_owned(), wall_s: 0.8 }];
        profile.dispersion = Some(Dispersion { coefficient_of_variation: 2.34, slowest });
        let cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        let found = noted(&workload, &profile, &cells);
        let expected = Note::TasksDiffer {
            coefficient_of_variation: 2.34,
            item: "big.csv".to_owned(),
            item_s: 0.8,
            mean_s: 0.02,
        };
        assert_eq!(found, [expected]);
        profile.tasks = 5;
        assert_eq!(noted(&workload, &profile, &cells), []);
    }

    #[test]
    fn chunks_are_noted_where_messages_weigh() {
        let workload = workload(100_000, vec![cpu()]);
        let profile = profile(&workload, Class::CpuBound, 20e-6, 0.0);
        let ledger = LedgerPerTask {
            workers: 2,
            startup_s: 0.0,
            waiting_s: 0.0,
            working_s: 20e-6,
            transfer_s: 0.5e-6,
            tasks_per_message: 25.0,
            message_s: Some(12e-6),
        };
        let mut cells = [cell(StrategyKind::Sequential, 1, 50e3), cell(StrategyKind::Processes, 2, 95e3)];
        cells[1].ledger = Some(ledger);
        let found = noted(&workload, &profile, &cells);
        let expected = Note::SendChunks {
            tasks_per_message: 12,
            task_s: 20e-6,
            message_s: 12e-6,
            python_message_s: 135e-6,
            python_chunksize: 135,
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn doubt_about_class_and_winner_is_noted() {
        let (workload, mut profile) = plain();
        profile.confidence = Confidence::Low;
        profile.confidence_reason = ConfidenceReason::TooShort { wall_s: 0.1, samples: 3 };
        let cells =
            [noisy(StrategyKind::Threads, 64, 6000.0, 0.5), noisy(StrategyKind::Async, 64, 6100.0, 0.5)];
        let found = noted(&workload, &profile, &cells);
        let (runner_up, configuration) = (cells[0].cell, cells[1].cell);
        let doubt = Note::LowConfidence { reason: profile.confidence_reason };
        assert_eq!(found, [doubt, Note::Undecided { configuration, runner_up }]);
    }
}
