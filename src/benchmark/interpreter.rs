//! What a Python interpreter makes of the strategies: which fit, how many tasks compute at once under
//! each, and what handing one over costs.

use crate::benchmark::cell::Cell;
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

/// How many CPUs tasks can use at once, and the CPU seconds that handing one over costs.
///
/// The costs are those of CPython 3.11 on one machine: a queue of long-lived coroutines, `to_thread`,
/// `ThreadPoolExecutor`, chunks to a `ProcessPoolExecutor` and single tasks to one.
pub fn model(strategy: Kind, python: &PythonProfile, cpus: f64) -> (f64, f64) {
    let in_threads = python.cpus_of_threads(cpus);
    match strategy {
        Kind::Sequential => (1.0, 0.0),
        Kind::Async if python.is_awaitable() => (1.0, 0.3e-6),
        Kind::Async => (in_threads, 50e-6),
        Kind::Threads | Kind::WorkStealing => (in_threads, 15e-6),
        Kind::Processes => (cpus, 10e-6),
        Kind::Hybrid if python.has_separate_steps() => (cpus, 150e-6),
        Kind::Hybrid | Kind::Pipeline => (cpus, 2e-6),
    }
}

/// Seconds to start the workers of a pool, as measured: forking an interpreter, or starting a new one
/// that imports everything again.
pub fn startup_s(cell: &Cell, python: &PythonProfile, cpus: f64) -> f64 {
    const FORK_S: f64 = 0.006;
    const SPAWN_S: f64 = 0.08;
    let each = if python.start_method == "fork" { FORK_S } else { SPAWN_S / cpus.max(1.0) };
    match cell.strategy {
        Kind::Processes => each * cell.width as f64,
        Kind::Hybrid => each * cell.processes.unwrap_or(1) as f64,
        Kind::Sequential | Kind::Async | Kind::Threads | Kind::WorkStealing | Kind::Pipeline => 0.0,
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

    #[test]
    fn under_a_lock_that_is_held_threads_compute_one_at_a_time() {
        let held = python(0.9, &[(false, 1.0)]);
        assert!(model(Kind::Threads, &held, 8.0).0 < 1.2);
        assert_eq!(model(Kind::Processes, &held, 8.0).0, 8.0);
        assert_eq!(model(Kind::Threads, &python(0.02, &[(false, 1.0)]), 8.0).0, 8.0);
        let free = PythonProfile { free_threaded: "yes".into(), ..held };
        assert_eq!(model(Kind::Threads, &free, 8.0).0, 8.0);
    }

    #[test]
    fn processes_take_time_to_start_and_more_where_they_are_not_forked() {
        let fork = python(0.9, &[(false, 1.0)]);
        let spawn = PythonProfile { start_method: "spawn".into(), ..fork.clone() };
        let processes = Cell::new(Kind::Processes, 8);
        assert!(startup_s(&processes, &spawn, 2.0) > startup_s(&processes, &fork, 2.0));
        assert!(startup_s(&processes, &fork, 2.0) > 0.01);
        assert_eq!(startup_s(&Cell::new(Kind::Threads, 8), &spawn, 2.0), 0.0);
    }

    #[test]
    fn a_hybrid_needs_steps_of_both_kinds_or_a_coroutine() {
        assert!(!fits(Kind::Hybrid, &python(0.9, &[(false, 0.6)])));
        assert!(fits(Kind::Hybrid, &python(0.9, &[(true, 0.6)])));
        assert!(fits(Kind::Hybrid, &python(0.9, &[(false, 0.1), (false, 0.9)])));
        assert!(!fits(Kind::WorkStealing, &python(0.9, &[(true, 0.6)])));
    }
}
