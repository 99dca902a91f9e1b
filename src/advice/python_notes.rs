//! Selection of the notes about Python callables.

use crate::advice::context::AdviceContext;
use crate::advice::facts::TaskRuntime;
use crate::advice::measured_elsewhere;
use crate::advice::note::Note;
use crate::benchmark::ConfigurationResult;
use crate::policy::{LONG_IMPORT_S, ONCE_TOLD_FROM_S};
use crate::profile::result::{PythonProfile, ThreadsVerdict, TwoThreads};
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;

/// Largest number of threads of the default pool, whatever the CPUs (CPython, `ThreadPoolExecutor`).
const MOST_POOL_THREADS: usize = 32;

/// Largest relative difference between the tasks served at once and the threads of the pool that serves them.
const POOL_TOLERANCE: f64 = 0.2;

/// Throughput of threads over that of an event loop from which a limit of the loop explains the difference.
const GROWS: f64 = 1.25;

/// Minimum number of CPUs that a task uses at which its library must have threads of its own.
const SEVERAL_CPUS: f64 = 1.3;

/// Share of the time in the run queue from which the CPU time of a task does not show all of its threads.
const CROWDED: f64 = 0.1;

/// Returns every note that applies, in the order of importance.
pub(crate) fn notes(at: &AdviceContext<'_>) -> Vec<Note> {
    let Some(python) = &at.profile.python else { return Vec::new() };
    let strategies: Vec<StrategyKind> = at.cells.iter().map(|cell| cell.cell.strategy).collect();
    let notes = [
        python.gil_switched_on_by.clone().map(|module| Note::GilSwitchedOn { module }),
        in_threads(python).or_else(|| gil(at.profile.task_class(), at.facts.runtime, python.gil_held)),
        measured_elsewhere::note(python),
        paid_once(python),
        long_import(python),
        python.faster_again.map(|factor| Note::ResultsKept { factor }),
        python.blocked_loop.clone().map(|blocked| Note::BlocksLoop { blocked }),
        native_threads(at.profile, python, at.choice.chosen.cell.width),
        ran_in_threads(&strategies, python),
        loop_per_worker(&strategies, python),
        own_semaphore(python),
        python.bound_to_one_loop().cloned().map(|limit| Note::BoundToOneLoop { limit }),
        default_pool(at),
    ];
    notes.into_iter().flatten().collect()
}

/// Returns the note with what several threads gained, if it says more than that their waits overlap.
fn in_threads(python: &PythonProfile) -> Option<Note> {
    let TwoThreads { threads, speedup, verdict, .. } = python.two_threads?;
    let has_gil = python.has_lock();
    let is_silent = match verdict {
        // The first has a note of its own; the last leaves it to the probe of the lock.
        ThreadsVerdict::OwnThreads | ThreadsVerdict::Waits | ThreadsVerdict::Unclear => true,
        ThreadsVerdict::Releases => !has_gil,
        _ => false,
    };
    (!is_silent).then_some(Note::InThreads { threads, speedup, verdict, has_gil })
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

/// Returns the note about what every process pays at its first call, if that is worth knowing.
fn paid_once(python: &PythonProfile) -> Option<Note> {
    let once = python.once_per_process.filter(|once| once.total_s() >= ONCE_TOLD_FROM_S)?;
    Some(Note::PaidOnce { once_s: once.total_s(), cpu_s: once.cpu_s })
}

/// Returns the note about an import that every process pays.
fn long_import(python: &PythonProfile) -> Option<Note> {
    let seconds = python.import.total_s();
    (seconds >= LONG_IMPORT_S).then_some(Note::LongImport { seconds })
}

/// Returns the note about threads of libraries, which multiply with the workers.
fn native_threads(profile: &Profile, python: &PythonProfile, width: usize) -> Option<Note> {
    let threads = python.native_threads.filter(|threads| *threads > 0)?;
    // The time that a task waits for its library counts, but not the time that it waits for a CPU.
    let could_run_s = (profile.wall_s - profile.runqueue_s).max(profile.wall_s / 10.0);
    let cpus = (profile.cpu_user_s + profile.cpu_system_s) / could_run_s;
    // A crowded machine hides the threads of a library from the CPU time.
    let is_crowded = profile.runqueue_s > CROWDED * profile.wall_s;
    let cpus = if is_crowded { cpus.max(profile.threads_at_once.min(threads as f64 + 1.0)) } else { cpus };
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

/// Returns the note about a semaphore of the module, which processes and interpreters multiply.
fn own_semaphore(python: &PythonProfile) -> Option<Note> {
    let limit = python.own_semaphore()?.clone();
    let has_module_each = |strategy: &StrategyKind| match strategy {
        StrategyKind::Processes => true,
        StrategyKind::Hybrid => python.is_awaitable() && !python.has_separate_steps(),
        StrategyKind::Interpreters => python.offers.contains(strategy),
        _ => false,
    };
    let multiplied_by = StrategyKind::ALL.into_iter().filter(has_module_each).collect();
    Some(Note::OwnSemaphore { limit, multiplied_by })
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

/// Returns the number of threads of an event loop's default pool, as CPython chooses it
/// (`concurrent.futures.ThreadPoolExecutor`, since 3.8).
pub(crate) fn default_pool_threads(cpus: usize) -> usize {
    (cpus + 4).min(MOST_POOL_THREADS)
}

/// Returns true if a number of tasks served at once is that of `threads`, within the error of such a figure.
pub(crate) fn is_about(serves: usize, threads: usize) -> bool {
    (serves as f64 / threads as f64 - 1.0).abs() <= POOL_TOLERANCE
}

/// Returns the note about an event loop whose throughput is that of its default pool of threads, while
/// threads go on to grow.
fn default_pool(at: &AdviceContext<'_>) -> Option<Note> {
    let pool = default_pool_threads(at.host.cpus_logical);
    let of = |kind| at.choice.eligible.iter().filter(move |cell| cell.cell.strategy == kind);
    let best = |kind| of(kind).filter_map(|cell| cell.per_s()).reduce(f64::max);
    let alone_s = best(StrategyKind::Sequential).map(f64::recip)?;
    let is_limited = |cell: &&&ConfigurationResult| {
        let served = cell.per_s().unwrap_or(0.0) * (alone_s - at.profile.task.cpu_s).max(0.0);
        cell.cell.width > pool && is_about(served.round() as usize, pool)
    };
    let widest =
        of(StrategyKind::Async).filter(|cell| !cell.rounds.is_empty()).max_by_key(|c| c.cell.width)?;
    let is_passed = best(StrategyKind::Threads)? >= GROWS * widest.per_s()?;
    (is_passed && is_limited(&widest))
        .then_some(Note::DefaultPool { threads: pool, configuration: widest.cell })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::decision_tree::decide;
    use crate::advice::facts::Facts;
    use crate::advice::objective::Objective;
    use crate::advice::seen::Seen;
    use crate::advice::testing::*;
    use crate::benchmark::Configuration;
    use crate::benchmark::conditions::Conditions;
    use crate::profile::result::TaskCost;

    fn noted(class: Class, gil_held: f64, native_threads: u64, forms: (bool, bool)) -> Vec<Note> {
        let workload = workload(1000, vec![sleep()]);
        let mut profile = profile(&workload, class, 0.01, 0.01);
        let mut python = callable(gil_held, true);
        python.native_threads = Some(native_threads);
        (python.steps[0].blocking, python.steps[0].awaitable) = forms;
        profile.python = Some(python);
        let cells = [
            cell(StrategyKind::Sequential, 1, 10.0),
            cell(StrategyKind::Async, 4, 20.0),
            cell(StrategyKind::Threads, 4, 40.0),
        ];
        let facts = Facts::of(&workload, &profile, 2.0);
        let choice = choose(&cells, &decide(&facts), Objective::Throughput).expect("a choice");
        let seen = Seen::of(&choice, Objective::Throughput);
        let at = AdviceContext {
            workload: &workload,
            profile: &profile,
            host: &host(2.0),
            conditions: &Conditions::usual(&host(2.0)),
            facts: &facts,
            cells: &cells,
            seen: &seen,
            choice: &choice,
        };
        notes(&at)
    }

    #[test]
    fn an_import_is_noted_if_it_is_long() {
        let import =
            |wait_s| PythonProfile { import: TaskCost { cpu_s: 0.5, wait_s }, ..callable(0.5, true) };
        assert_eq!(long_import(&import(2.5)), Some(Note::LongImport { seconds: 3.0 }));
        assert_eq!(long_import(&import(0.2)), None);
    }

    #[test]
    fn threads_of_a_library_are_seen_on_a_crowded_machine_at_every_width() {
        let workload = workload(1000, vec![sleep()]);
        let mut task = profile(&workload, Class::CpuBound, 0.01, 0.01);
        let python = PythonProfile { native_threads: Some(7), ..callable(0.1, true) };
        (task.cpu_user_s, task.cpu_system_s) = (0.1 * task.wall_s, 0.0);
        (task.runqueue_s, task.threads_at_once) = (0.5 * task.wall_s, 4.0);
        for width in [1, 4] {
            let expected = Note::LibraryComputes { threads: 7, cpus: 4.0 };
            assert_eq!(native_threads(&task, &python, width), Some(expected));
        }
        task.threads_at_once = 1.0;
        assert_eq!(native_threads(&task, &python, 1), None);
    }

    #[test]
    fn the_lock_is_noted_where_tasks_compute() {
        let of = |class, held| noted(class, held, 0, (true, true));
        assert_eq!(of(Class::CpuBound, 0.93), [Note::GilHeld { held: 0.93 }]);
        assert_eq!(of(Class::CpuBound, 0.02), [Note::GilReleased { held: 0.02 }]);
        assert_eq!(of(Class::IoBound, 0.02), []);
    }

    #[test]
    fn what_threads_gained_is_noted_with_its_figure() {
        let of = |verdict| {
            let seen = TwoThreads { speedup: 0.35, ..TwoThreads::lost(2, verdict) };
            in_threads(&PythonProfile { two_threads: Some(seen), ..callable(0.1, true) })
        };
        let verdict = ThreadsVerdict::Thrashing;
        assert_eq!(of(verdict), Some(Note::InThreads { threads: 2, speedup: 0.35, verdict, has_gil: true }));
        assert_eq!(of(ThreadsVerdict::Waits), None);
        assert_eq!(of(ThreadsVerdict::Unclear), None);
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
    fn the_default_pool_of_an_event_loop_is_named_where_threads_pass_it() {
        let workload = workload(1000, vec![sleep()]);
        let mut profile = profile(&workload, Class::IoBound, 0.0001, 0.01);
        profile.python = Some(callable(0.0, false));
        let passed = |served: f64, threads: f64| {
            let cells = [
                cell(StrategyKind::Sequential, 1, 99.0),
                cell(StrategyKind::Async, 24, 99.0 * served),
                cell(StrategyKind::Threads, 24, threads),
            ];
            let facts = Facts::of(&workload, &profile, 2.0);
            let choice = choose(&cells, &decide(&facts), Objective::Throughput).expect("a choice");
            let (host, seen) = (host(2.0), Seen::of(&choice, Objective::Throughput));
            default_pool(&AdviceContext {
                workload: &workload,
                profile: &profile,
                host: &host,
                conditions: &Conditions::usual(&host),
                facts: &facts,
                cells: &cells,
                seen: &seen,
                choice: &choice,
            })
        };
        let of = |served: f64| passed(served, 99.0 * 22.0);
        let configuration = Configuration::new(StrategyKind::Async, 24);
        assert_eq!(of(6.1), Some(Note::DefaultPool { threads: 6, configuration }));
        assert_eq!(of(12.0), None);
        assert_eq!(of(20.0), None);
        assert_eq!(passed(6.0, 99.0 * 6.0 + 100.0 * GROWS), None, "threads do not go on to grow");
        assert!(passed(6.0, 99.0 * 6.0 * GROWS).is_some());
        assert_eq!([1, 2, 64].map(default_pool_threads), [5, 6, 32]);
    }

    #[test]
    fn threads_of_libraries_are_noted() {
        let found = noted(Class::CpuBound, 0.02, 7, (true, true));
        assert!(found.contains(&Note::LibraryThreads { threads: 7 }), "{found:?}");
    }
}
