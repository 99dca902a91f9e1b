//! What is worth knowing of Python callables before the advice is followed.

use crate::advice::facts::Runtime;
use crate::advice::limit::Situation;
use crate::profile::Class;
use crate::profile::result::{PythonProfile, PythonStep};
use crate::strategy::StrategyKind;
use crate::units::Share;

/// Every note that applies, in the order of importance.
pub(crate) fn notes(at: &Situation<'_>) -> Vec<String> {
    let Some(python) = &at.profile.python else { return Vec::new() };
    let notes = [
        lock(at, python),
        kept(python),
        native_threads(at, python),
        in_threads(at, python),
        in_loops(at, python),
    ];
    notes.into_iter().flatten().collect()
}

/// Why threads compute side by side, or do not.
fn lock(at: &Situation<'_>, python: &PythonProfile) -> Option<String> {
    if at.profile.class == Class::IoBound {
        return None;
    }
    match (at.facts.runtime, python.gil_held) {
        (Runtime::LockReleased, Some(share)) => Some(format!(
            "the callable holds the GIL {} of the time it computes, and threads compute side by side in the rest",
            Share(share)
        )),
        (Runtime::GlobalLock, Some(share)) => Some(format!(
            "the callable holds the GIL {} of the time it computes: threads compute one at a time",
            Share(share)
        )),
        (Runtime::NoLock, _) => Some("this interpreter has no GIL: threads compute side by side".to_owned()),
        _ => None,
    }
}

/// Results that are kept make a second call another task than the first one.
fn kept(python: &PythonProfile) -> Option<String> {
    let times = python.faster_again?;
    Some(format!(
        "tasks took {times:.0} times as long at first as when they were run again: something is kept, as by \
         a cache; every cell starts without it"
    ))
}

/// A task that uses more CPUs than this has threads beside its own.
const SEVERAL_CPUS: f64 = 1.3;

/// Threads inside of libraries multiply with the workers.
fn native_threads(at: &Situation<'_>, python: &PythonProfile) -> Option<String> {
    let threads = python.native_threads.filter(|threads| *threads > 0)?;
    let kept =
        if threads == 1 { "a thread of its own".to_owned() } else { format!("{threads} threads of its own") };
    let profile = at.profile;
    // Of the time in which the task that waits for its library could run.
    let could_run_s = (profile.wall_s - profile.runqueue_s).max(profile.wall_s / 10.0);
    let used = (profile.cpu_user_s + profile.cpu_system_s) / could_run_s;
    if used >= SEVERAL_CPUS {
        return Some(format!(
            "a library keeps {kept} (BLAS, OpenMP), and one task alone computes on {used:.1} CPUs: several \
             workers oversubscribe them; with OMP_NUM_THREADS=1 they would not"
        ));
    }
    (at.choice.chosen.cell.width > 1).then(|| {
        format!(
            "a library keeps {kept} (BLAS, OpenMP); where tasks use them, several workers oversubscribe: try \
             OMP_NUM_THREADS=1"
        )
    })
}

/// A callable that cannot be awaited goes to threads under `async` too.
fn in_threads(at: &Situation<'_>, python: &PythonProfile) -> Option<String> {
    let whole = !python.is_awaitable();
    // Beside coroutines what computes is called on the loop: no thread would make it quicker.
    let computes = python.cpu_steps();
    let steps = python.steps.iter().zip(computes);
    let sent = steps.filter(|(step, computes)| !step.awaitable && (whole || !computes));
    let names: Vec<_> = sent.map(|(step, _)| step.name.as_str()).collect();
    let measured = at.cells.iter().any(|cell| cell.cell.strategy.is_event_loop());
    let what = if names.len() == 1 { "is no coroutine and goes" } else { "are no coroutines and go" };
    (measured && !names.is_empty())
        .then(|| format!("async: {} {what} through asyncio.to_thread", names.join(" and ")))
}

/// A coroutine under `threads` and `processes` needs an event loop in each.
fn in_loops(at: &Situation<'_>, python: &PythonProfile) -> Option<String> {
    let names = names(python, |step| !step.blocking);
    let measured = at.cells.iter().any(|cell| {
        matches!(
            cell.cell.strategy,
            StrategyKind::Threads | StrategyKind::Processes | StrategyKind::Interpreters
        )
    });
    (measured && !names.is_empty()).then(|| {
        format!(
            "threads, processes: {} is a coroutine; every worker has an event loop of its own",
            names.join(", ")
        )
    })
}

fn names(python: &PythonProfile, counts: impl Fn(&PythonStep) -> bool) -> Vec<&str> {
    python.steps.iter().filter(|step| counts(step)).map(|step| step.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::facts::Facts;
    use crate::advice::objective::Objective;
    use crate::advice::testing::*;
    use crate::advice::tree::decide;

    fn callable(gil_held: f64, native_threads: u64, (blocking, awaitable): (bool, bool)) -> PythonProfile {
        PythonProfile {
            executable: "python3".into(),
            version: "3.12.1".into(),
            free_threaded: "no".into(),
            start_method: "fork".into(),
            offers: Vec::new(),
            faster_again: None,
            gil_wanted: Some(gil_held),
            gil_held: Some(gil_held),
            native_threads: Some(native_threads),
            steps: vec![PythonStep { name: "work".into(), blocking, awaitable, cpu_fraction: 0.5 }],
        }
    }

    fn told(class: Class, gil_held: f64, native_threads: u64, forms: (bool, bool)) -> String {
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
        let host = host(2.0);
        let at = Situation {
            workload: &workload,
            profile: &profile,
            host: &host,
            facts: &facts,
            cells: &cells,
            choice: &choice,
        };
        notes(&at).join("\n")
    }

    #[test]
    fn the_lock_is_told_of_where_it_matters() {
        assert!(
            told(Class::CpuBound, 0.93, 0, (true, true))
                .contains("93% of the time it computes: threads compute one")
        );
        assert!(
            told(Class::CpuBound, 0.02, 0, (true, true)).contains("2% of the time it computes, and threads")
        );
        assert!(!told(Class::IoBound, 0.02, 0, (true, true)).contains("GIL"));
    }

    #[test]
    fn the_form_in_which_a_callable_was_run_is_told() {
        assert!(
            told(Class::IoBound, 0.0, 0, (true, false)).contains("work is no coroutine and goes through")
        );
        assert!(told(Class::IoBound, 0.0, 0, (false, true)).contains("an event loop of its own"));
        assert_eq!(told(Class::IoBound, 0.0, 0, (true, true)), "");
    }

    #[test]
    fn a_cache_is_told_of() {
        let times = kept(&PythonProfile { faster_again: Some(812.4), ..callable(0.0, 0, (true, true)) });
        assert!(times.is_some_and(|note| note.starts_with("tasks took 812 times as long at first")));
        assert_eq!(kept(&callable(0.0, 0, (true, true))), None);
    }

    #[test]
    fn threads_of_libraries_are_told_of() {
        assert!(told(Class::CpuBound, 0.02, 7, (true, true)).contains("7 threads of its own"));
    }
}
