//! What a Python interpreter makes of the strategies: which fit, how many tasks compute at once under
//! each, and what handing one over costs.

use crate::benchmark::overhead::Overhead;
use crate::model::RateCurve;
use crate::profile::result::PythonProfile;
use crate::strategy::StrategyKind;

/// Why a strategy that was asked for cannot be had, if so.
pub fn missing(strategy: StrategyKind, python: Option<&PythonProfile>) -> Option<&'static str> {
    let is_there = !strategy.is_of_python() || python.is_some_and(|python| python.offers.contains(&strategy));
    match strategy {
        _ if is_there => None,
        _ if python.is_none() => Some("only Python callables can be run so"),
        StrategyKind::Uvloop => Some("uvloop is not installed for this interpreter"),
        _ => Some("this interpreter has no InterpreterPoolExecutor, which came with Python 3.14"),
    }
}

/// Whether a strategy does anything for Python callables that a simpler one does not; `variants` says
/// whether those that differ in nothing but their library count.
pub fn fits(strategy: StrategyKind, python: &PythonProfile, variants: bool) -> bool {
    if missing(strategy, Some(python)).is_some() {
        return false;
    }
    match strategy {
        StrategyKind::Sequential | StrategyKind::Async | StrategyKind::Threads | StrategyKind::Processes => {
            true
        }
        // Either a pool for each kind of step, or an event loop in every process.
        StrategyKind::Hybrid => python.has_separate_steps() || python.is_awaitable(),
        StrategyKind::WorkStealing | StrategyKind::Pipeline => false,
        StrategyKind::Uvloop => variants && python.is_awaitable(),
        // Where there is no lock, plain threads do the same.
        StrategyKind::Interpreters => python.has_lock(),
    }
}

/// How fast tasks compute together, of what the machine has, and what a strategy costs beside them.
///
/// The costs are those of CPython 3.11 on one machine with 2 CPUs: a queue of long-lived coroutines,
/// `to_thread`, `ThreadPoolExecutor`, chunks to a `ProcessPoolExecutor` and single tasks to one; and a
/// fork of the interpreter, or the start of a new one that imports everything again.
pub fn model(strategy: StrategyKind, python: &PythonProfile, rates: &RateCurve) -> (RateCurve, Overhead) {
    const FORK_S: f64 = 0.006;
    const SPAWN_S: f64 = 0.08;
    const INTERPRETER_S: f64 = 0.03;
    let in_threads = rates.limited_to(python.cpus_of_threads(rates.cpus));
    let start_s = if python.start_method == "fork" { FORK_S } else { SPAWN_S / rates.cpus.max(1.0) };
    let cost = |startup_s, dispatch_s| Overhead {
        startup_s,
        startup_per_worker_s: startup_s,
        dispatch_s,
        ..Overhead::default()
    };
    match strategy {
        StrategyKind::Sequential => (rates.limited_to(1.0), cost(0.0, 0.0)),
        StrategyKind::Async | StrategyKind::Uvloop if python.is_awaitable() => {
            (rates.limited_to(1.0), cost(0.0, 0.3e-6))
        }
        StrategyKind::Async | StrategyKind::Uvloop => (in_threads, cost(0.0, 50e-6)),
        StrategyKind::Threads | StrategyKind::WorkStealing => (in_threads, cost(60e-6, 15e-6)),
        StrategyKind::Processes => (*rates, cost(start_s, 10e-6)),
        StrategyKind::Interpreters => (*rates, cost(INTERPRETER_S / rates.cpus.max(1.0), 10e-6)),
        StrategyKind::Hybrid if python.has_separate_steps() => (*rates, cost(start_s, 150e-6)),
        StrategyKind::Hybrid | StrategyKind::Pipeline => (*rates, cost(start_s, 2e-6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::result::PythonStep;

    fn python(gil_held: f64, steps: &[(bool, f64)]) -> PythonProfile {
        let steps = steps.iter().map(|(awaitable, cpu_fraction)| PythonStep {
            name: "f".into(),
            blocking: true,
            awaitable: *awaitable,
            cpu_fraction: *cpu_fraction,
        });
        PythonProfile {
            executable: "python3".into(),
            version: "3.12.1".into(),
            free_threaded: "no".into(),
            start_method: "fork".into(),
            offers: Vec::new(),
            faster_again: None,
            gil_wanted: Some(gil_held),
            gil_held: Some(gil_held),
            native_threads: Some(0),
            steps: steps.collect(),
        }
    }

    fn together(strategy: StrategyKind, python: &PythonProfile) -> f64 {
        model(strategy, python, &RateCurve::ideal(8.0)).0.at(100)
    }

    #[test]
    fn under_a_lock_that_is_held_threads_compute_one_at_a_time() {
        let held = python(0.9, &[(false, 1.0)]);
        assert!(together(StrategyKind::Threads, &held) < 1.2);
        assert_eq!(together(StrategyKind::Processes, &held), 8.0);
        assert_eq!(together(StrategyKind::Threads, &python(0.02, &[(false, 1.0)])), 8.0);
        let free = PythonProfile { free_threaded: "yes".into(), ..held };
        assert_eq!(together(StrategyKind::Threads, &free), 8.0);
    }

    #[test]
    fn processes_take_time_to_start_and_more_where_they_are_not_forked() {
        let start = |method: &str, strategy| {
            let python = PythonProfile { start_method: method.into(), ..python(0.9, &[(false, 1.0)]) };
            model(strategy, &python, &RateCurve::ideal(2.0)).1.startup_per_worker_s
        };
        assert!(start("spawn", StrategyKind::Processes) > start("fork", StrategyKind::Processes));
        assert!(start("fork", StrategyKind::Processes) > 10.0 * start("fork", StrategyKind::Threads));
    }

    #[test]
    fn what_an_interpreter_does_not_have_is_not_tried() {
        let plain = python(0.9, &[(true, 0.6)]);
        let offers = vec![StrategyKind::Interpreters, StrategyKind::Uvloop];
        let rich = PythonProfile { offers, ..plain.clone() };
        for kind in [StrategyKind::Interpreters, StrategyKind::Uvloop] {
            assert!(!fits(kind, &plain, true) && missing(kind, Some(&plain)).is_some());
            assert!(fits(kind, &rich, true) && missing(kind, Some(&rich)).is_none());
            assert!(missing(kind, None).is_some());
        }
        assert!(!fits(StrategyKind::Uvloop, &rich, false), "a variant of async");
        let free = PythonProfile { free_threaded: "yes".into(), ..rich };
        assert!(!fits(StrategyKind::Interpreters, &free, true), "threads do the same");
        assert!(missing(StrategyKind::Threads, None).is_none());
    }

    #[test]
    fn a_hybrid_needs_steps_of_both_kinds_or_a_coroutine() {
        assert!(!fits(StrategyKind::Hybrid, &python(0.9, &[(false, 0.6)]), false));
        assert!(fits(StrategyKind::Hybrid, &python(0.9, &[(true, 0.6)]), false));
        assert!(fits(StrategyKind::Hybrid, &python(0.9, &[(false, 0.1), (false, 0.9)]), false));
        assert!(!fits(StrategyKind::WorkStealing, &python(0.9, &[(true, 0.6)]), false));
    }
}
