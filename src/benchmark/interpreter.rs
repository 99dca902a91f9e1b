//! What a Python interpreter makes of the strategies: which fit, how many tasks compute at once under
//! each, and what handing one over costs.

use crate::benchmark::overhead::Overhead;
use crate::model::RateCurve;
use crate::profile::result::PythonProfile;
use crate::strategy::Kind;

/// Whether a strategy does anything for Python callables that a simpler one does not.
pub fn fits(strategy: Kind, python: &PythonProfile) -> bool {
    match strategy {
        Kind::Sequential | Kind::Async | Kind::Threads | Kind::Processes => true,
        // Either a pool for each kind of step, or an event loop in every process.
        Kind::Hybrid => python.has_separate_steps() || python.is_awaitable(),
        Kind::WorkStealing | Kind::Pipeline => false,
    }
}

/// How fast tasks compute together, of what the machine has, and what a strategy costs beside them.
///
/// The costs are those of CPython 3.11 on one machine with 2 CPUs: a queue of long-lived coroutines,
/// `to_thread`, `ThreadPoolExecutor`, chunks to a `ProcessPoolExecutor` and single tasks to one; and a
/// fork of the interpreter, or the start of a new one that imports everything again.
pub fn model(strategy: Kind, python: &PythonProfile, rates: &RateCurve) -> (RateCurve, Overhead) {
    const FORK_S: f64 = 0.006;
    const SPAWN_S: f64 = 0.08;
    let in_threads = rates.limited_to(python.cpus_of_threads(rates.cpus));
    let start_s = if python.start_method == "fork" { FORK_S } else { SPAWN_S / rates.cpus.max(1.0) };
    let cost = |startup_s, dispatch_s| Overhead {
        startup_s,
        startup_per_worker_s: startup_s,
        dispatch_s,
        ..Overhead::default()
    };
    match strategy {
        Kind::Sequential => (rates.limited_to(1.0), cost(0.0, 0.0)),
        Kind::Async if python.is_awaitable() => (rates.limited_to(1.0), cost(0.0, 0.3e-6)),
        Kind::Async => (in_threads, cost(0.0, 50e-6)),
        Kind::Threads | Kind::WorkStealing => (in_threads, cost(60e-6, 15e-6)),
        Kind::Processes => (*rates, cost(start_s, 10e-6)),
        Kind::Hybrid if python.has_separate_steps() => (*rates, cost(start_s, 150e-6)),
        Kind::Hybrid | Kind::Pipeline => (*rates, cost(start_s, 2e-6)),
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
            gil_wanted: Some(gil_held),
            gil_held: Some(gil_held),
            native_threads: Some(0),
            steps: steps.collect(),
        }
    }

    fn together(strategy: Kind, python: &PythonProfile) -> f64 {
        model(strategy, python, &RateCurve::ideal(8.0)).0.at(100)
    }

    #[test]
    fn under_a_lock_that_is_held_threads_compute_one_at_a_time() {
        let held = python(0.9, &[(false, 1.0)]);
        assert!(together(Kind::Threads, &held) < 1.2);
        assert_eq!(together(Kind::Processes, &held), 8.0);
        assert_eq!(together(Kind::Threads, &python(0.02, &[(false, 1.0)])), 8.0);
        let free = PythonProfile { free_threaded: "yes".into(), ..held };
        assert_eq!(together(Kind::Threads, &free), 8.0);
    }

    #[test]
    fn processes_take_time_to_start_and_more_where_they_are_not_forked() {
        let start = |method: &str, strategy| {
            let python = PythonProfile { start_method: method.into(), ..python(0.9, &[(false, 1.0)]) };
            model(strategy, &python, &RateCurve::ideal(2.0)).1.startup_per_worker_s
        };
        assert!(start("spawn", Kind::Processes) > start("fork", Kind::Processes));
        assert!(start("fork", Kind::Processes) > 10.0 * start("fork", Kind::Threads));
    }

    #[test]
    fn a_hybrid_needs_steps_of_both_kinds_or_a_coroutine() {
        assert!(!fits(Kind::Hybrid, &python(0.9, &[(false, 0.6)])));
        assert!(fits(Kind::Hybrid, &python(0.9, &[(true, 0.6)])));
        assert!(fits(Kind::Hybrid, &python(0.9, &[(false, 0.1), (false, 0.9)])));
        assert!(!fits(Kind::WorkStealing, &python(0.9, &[(true, 0.6)])));
    }
}
