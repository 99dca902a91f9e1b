//! Selection of the notes about Python callables.

use crate::advice::context::AdviceContext;
use crate::advice::facts::TaskRuntime;
use crate::advice::note::Note;
use crate::profile::result::PythonProfile;
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;

/// Minimum number of CPUs that a task uses at which its library must have threads of its own.
const SEVERAL_CPUS: f64 = 1.3;

/// Returns every note that applies, in the order of importance.
pub(crate) fn notes(at: &AdviceContext<'_>) -> Vec<Note> {
    let Some(python) = &at.profile.python else { return Vec::new() };
    let strategies: Vec<StrategyKind> = at.cells.iter().map(|cell| cell.cell.strategy).collect();
    let notes = [
        gil(at.profile.class, at.facts.runtime, python.gil_held),
        python.faster_again.map(|factor| Note::ResultsKept { factor }),
        native_threads(at.profile, python, at.choice.chosen.cell.width),
        ran_in_threads(&strategies, python),
        loop_per_worker(&strategies, python),
    ];
    notes.into_iter().flatten().collect()
}

/// Returns the note that explains why threads compute in parallel, or do not.
fn gil(class: Class, runtime: TaskRuntime, held: Option<f64>) -> Option<Note> {
    match (runtime, held) {
        _ if class == Class::IoBound => None,
        (TaskRuntime::LockReleased, Some(held)) => Some(Note::GilReleased { held }),
        (TaskRuntime::GlobalLock, Some(held)) => Some(Note::GilHeld { held }),
        (TaskRuntime::NoLock, _) => Some(Note::NoGil),
        _ => None,
    }
}

/// Returns the note about threads of libraries, which multiply with the workers.
fn native_threads(profile: &Profile, python: &PythonProfile, width: usize) -> Option<Note> {
    let threads = python.native_threads.filter(|threads| *threads > 0)?;
    // The time that a task waits for its library counts, but not the time that it waits for a CPU.
    let could_run_s = (profile.wall_s - profile.runqueue_s).max(profile.wall_s / 10.0);
    let cpus = (profile.cpu_user_s + profile.cpu_system_s) / could_run_s;
    if cpus >= SEVERAL_CPUS {
        return Some(Note::LibraryComputes { threads, cpus });
    }
    (width > 1).then_some(Note::LibraryThreads { threads })
}

/// Returns the note about callables that cannot be awaited and went to threads under `async`.
fn ran_in_threads(strategies: &[StrategyKind], python: &PythonProfile) -> Option<Note> {
    let whole = !python.is_awaitable();
    // A task with coroutines computes on the loop: a thread would make that no faster.
    let steps = python.steps.iter().zip(python.cpu_steps());
    let sent = steps.filter(|(step, computes)| !step.awaitable && (whole || !computes));
    let callables: Vec<_> = sent.map(|(step, _)| step.name.clone()).collect();
    let is_measured = strategies.iter().any(|strategy| strategy.is_event_loop());
    (is_measured && !callables.is_empty()).then_some(Note::RanInThreads { callables })
}

/// Returns the note about coroutines under `threads` and `processes`, which need an event loop in each
/// worker.
fn loop_per_worker(strategies: &[StrategyKind], python: &PythonProfile) -> Option<Note> {
    let coroutines = python.steps.iter().filter(|step| !step.blocking);
    let callables: Vec<_> = coroutines.map(|step| step.name.clone()).collect();
    let has_workers = |strategy: &StrategyKind| {
        matches!(strategy, StrategyKind::Threads | StrategyKind::Processes | StrategyKind::Interpreters)
    };
    let is_measured = strategies.iter().any(has_workers);
    (is_measured && !callables.is_empty()).then_some(Note::LoopPerWorker { callables })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::decide;
    use crate::advice::facts::Facts;
    use crate::advice::objective::Objective;
    use crate::advice::testing::*;
    use crate::benchmark::conditions::Conditions;
    use crate::profile::result::{FreeThreading, PythonStep};

    fn callable(gil_held: f64, native_threads: u64, (blocking, awaitable): (bool, bool)) -> PythonProfile {
        PythonProfile {
            executable: "python3".into(),
            version: "3.12.1".into(),
            free_threaded: FreeThreading::No,
            start_method: "fork".into(),
            offers: Vec::new(),
            once_per_process: None,
            faster_again: None,
            two_threads: None,
            gil_wanted: Some(gil_held),
            gil_held: Some(gil_held),
            native_threads: Some(native_threads),
            steps: vec![PythonStep { name: "work".into(), blocking, awaitable, cpu_fraction: 0.5 }],
        }
    }

    fn noted(class: Class, gil_held: f64, native_threads: u64, forms: (bool, bool)) -> Vec<Note> {
        let workload = workload(1000, vec![sleep()]);
        let mut profile = profile(&workload, class, 0.01, 0.01);
        profile.python = Some(callable(gil_held, native_threads, forms));
        let cells = [
            cell(StrategyKind::Sequential, 1, 10.0),
            cell(StrategyKind::Async, 4, 20.0),
            cell(StrategyKind::Threads, 4, 40.0),
        ];
        let facts = Facts::of(&workload, &profile, 2.0);
        let choice = choose(&cells, &decide(&facts), Objective::Throughput).expect("a choice");
        let at = AdviceContext {
            workload: &workload,
            profile: &profile,
            host: &host(2.0),
            conditions: &Conditions::usual(&host(2.0)),
            facts: &facts,
            cells: &cells,
            choice: &choice,
        };
        notes(&at)
    }

    #[test]
    fn the_lock_is_noted_where_tasks_compute() {
        let of = |class, held| noted(class, held, 0, (true, true));
        assert_eq!(of(Class::CpuBound, 0.93), [Note::GilHeld { held: 0.93 }]);
        assert_eq!(of(Class::CpuBound, 0.02), [Note::GilReleased { held: 0.02 }]);
        assert_eq!(of(Class::IoBound, 0.02), []);
    }

    #[test]
    fn the_form_in_which_a_callable_was_run_is_noted() {
        let of = |forms| noted(Class::IoBound, 0.0, 0, forms);
        let callables = || vec!["work".to_owned()];
        assert_eq!(of((true, false)), [Note::RanInThreads { callables: callables() }]);
        assert_eq!(of((false, true)), [Note::LoopPerWorker { callables: callables() }]);
        assert_eq!(of((true, true)), []);
    }

    #[test]
    fn threads_of_libraries_are_noted() {
        let found = noted(Class::CpuBound, 0.02, 7, (true, true));
        assert!(found.contains(&Note::LibraryThreads { threads: 7 }), "{found:?}");
    }
}
