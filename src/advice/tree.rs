//! The decision tree: what theory alone would choose, and the way it got there.

use crate::advice::facts::{Facts, Runtime};
use crate::profile::Class;
use crate::strategy::StrategyKind;
use crate::units::{Seconds, Share};

/// From this share of a task on, a serialised part rules: even perfect concurrency of the rest
/// could not double the throughput (Amdahl's law).
pub(crate) const SERIAL_RULES_FROM: f64 = 0.5;

/// A workload shorter than this is not worth starting anything for. A thread costs 24 µs and a
/// worker process 0.4–0.6 ms to start, which is more than a pool could save.
/// The size of a single task is no reason: handed out in chunks, even tasks of 0.1 µs pay.
const POOL_PAYS_FROM_S: f64 = 1e-3;

/// Computing shorter than this is not worth handing to a process: one message to a worker and back
/// costs 1.4 µs over a blocking pipe and about 8 µs from an event loop, so
/// that below 20 µs the way there and back costs about as much as the work.
pub(crate) const HANDOVER_PAYS_FROM_S: f64 = 20e-6;

/// The leaf that was reached, and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Questions and answers, from the root to the name of the strategy.
    pub path: Vec<String>,
    /// The strategy.
    pub strategy: StrategyKind,
}

impl Decision {
    /// Ends a path at `strategy`.
    fn leaf(path: &[&str], strategy: StrategyKind) -> Self {
        let path = path.iter().copied().chain([strategy.as_str()]).map(str::to_owned).collect();
        Decision { path, strategy }
    }
}

/// Decides from the facts alone, without any measurement of concurrency.
pub fn decide(facts: &Facts) -> Decision {
    serialised(facts).or_else(|| too_small(facts)).unwrap_or_else(|| by_class(facts))
}

/// Is there a place that only one task at a time can be in, most of the time?
fn serialised(facts: &Facts) -> Option<Decision> {
    let serial = facts.serial.filter(|serial| serial.share >= SERIAL_RULES_FROM)?;
    let answer = format!("{} for {} of each task", serial.by, Share(serial.share));
    Some(Decision::leaf(&["one task at a time", &answer], StrategyKind::Sequential))
}

/// Is there enough to do to start anything for it?
fn too_small(facts: &Facts) -> Option<Decision> {
    if facts.tasks <= 1 {
        return Some(Decision::leaf(&["workload size", "a single task"], StrategyKind::Sequential));
    }
    let total = facts.workload_s();
    (total < POOL_PAYS_FROM_S).then(|| {
        let answer = format!("{} in all, less than a pool takes to start", Seconds(total));
        Decision::leaf(&["workload size", &answer], StrategyKind::Sequential)
    })
}

fn by_class(facts: &Facts) -> Decision {
    match facts.class {
        Class::CpuBound if facts.cpus <= 1.0 => {
            Decision::leaf(&["task type", "CPU-bound", "one CPU, nothing to gain"], StrategyKind::Sequential)
        }
        class if facts.foreign => {
            let thread = "a thread that waits for each";
            Decision::leaf(
                &["task type", class_name(class), "commands are processes already", thread],
                StrategyKind::Threads,
            )
        }
        Class::IoBound => io_bound(facts),
        Class::CpuBound => cpu_bound(facts),
        Class::Mixed => mixed(facts),
    }
}

fn io_bound(facts: &Facts) -> Decision {
    match facts.blocking_step {
        None => Decision::leaf(&["task type", "I/O-bound", "async client available"], StrategyKind::Async),
        Some(step) => {
            let answer = format!("no async form of {step}");
            Decision::leaf(&["task type", "I/O-bound", &answer], StrategyKind::Threads)
        }
    }
}

fn cpu_bound(facts: &Facts) -> Decision {
    let root = ["task type", "CPU-bound"];
    match facts.runtime {
        Runtime::Native => {
            Decision::leaf(&[root[0], root[1], "threads compute in parallel"], StrategyKind::WorkStealing)
        }
        Runtime::GlobalLock if facts.cpu_s < HANDOVER_PAYS_FROM_S => {
            let answer = "one thread computes at a time";
            let small = "tasks too small for a process";
            Decision::leaf(&[root[0], root[1], answer, small], StrategyKind::Sequential)
        }
        Runtime::GlobalLock => {
            Decision::leaf(&[root[0], root[1], "one thread computes at a time"], StrategyKind::Processes)
        }
        Runtime::LockReleased => {
            Decision::leaf(&[root[0], root[1], "it releases the GIL, as measured"], StrategyKind::Threads)
        }
        Runtime::NoLock => {
            Decision::leaf(&[root[0], root[1], "no GIL: threads compute in parallel"], StrategyKind::Threads)
        }
    }
}

fn mixed(facts: &Facts) -> Decision {
    if !facts.separate_steps {
        let answer = "computes and waits in one step";
        return match facts.runtime {
            Runtime::GlobalLock if facts.is_coroutine && facts.cpus > 1.0 => {
                let answer = "computes and waits in one coroutine";
                Decision::leaf(
                    &["task type", "mixed", answer, "an event loop per process"],
                    StrategyKind::Hybrid,
                )
            }
            Runtime::GlobalLock => Decision::leaf(&["task type", "mixed", answer], StrategyKind::Processes),
            Runtime::Native | Runtime::LockReleased | Runtime::NoLock => {
                Decision::leaf(&["task type", "mixed", answer], StrategyKind::Threads)
            }
        };
    }
    let no_process = if facts.cpus <= 1.0 {
        Some("one CPU, none for a process pool")
    } else if facts.cpu_s < HANDOVER_PAYS_FROM_S {
        Some("CPU steps too small for a process")
    } else {
        None
    };
    match no_process {
        None => {
            Decision::leaf(&["task type", "mixed", "separate CPU and waiting steps"], StrategyKind::Hybrid)
        }
        Some(why) => {
            let strategy =
                if facts.blocking_step.is_none() { StrategyKind::Async } else { StrategyKind::Threads };
            Decision::leaf(&["task type", "mixed", why], strategy)
        }
    }
}

/// The class as the tree spells it.
fn class_name(class: Class) -> &'static str {
    match class {
        Class::IoBound => "I/O-bound",
        Class::CpuBound => "CPU-bound",
        Class::Mixed => "mixed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::facts::Serial;

    fn facts(class: Class, cpu_s: f64, wait_s: f64) -> Facts {
        Facts {
            class,
            cpu_s,
            wait_s,
            tasks: 200,
            cpus: 2.0,
            serial: None,
            blocking_step: None,
            separate_steps: class == Class::Mixed,
            is_coroutine: false,
            foreign: false,
            runtime: Runtime::Native,
        }
    }

    fn path(facts: &Facts) -> String {
        decide(facts).path.join(" -> ")
    }

    #[test]
    fn each_class_has_its_leaf() {
        let io = facts(Class::IoBound, 0.002, 0.044);
        assert_eq!(path(&io), "task type -> I/O-bound -> async client available -> async");
        let cpu = facts(Class::CpuBound, 0.01, 0.0);
        assert_eq!(path(&cpu), "task type -> CPU-bound -> threads compute in parallel -> work-stealing");
        let mixed = facts(Class::Mixed, 0.01, 0.01);
        assert_eq!(path(&mixed), "task type -> mixed -> separate CPU and waiting steps -> hybrid");
    }

    #[test]
    fn a_step_without_an_async_form_needs_threads() {
        let disk = Facts { blocking_step: Some("read"), ..facts(Class::IoBound, 0.0001, 0.01) };
        assert_eq!(path(&disk), "task type -> I/O-bound -> no async form of read -> threads");
    }

    #[test]
    fn a_lock_held_half_the_time_comes_first() {
        let held = |share| Facts {
            serial: Some(Serial { by: "a shared lock", share, remedy: "" }),
            ..facts(Class::IoBound, 0.0, 0.01)
        };
        assert_eq!(
            path(&held(0.95)),
            "one task at a time -> a shared lock for 95% of each task -> sequential"
        );
        assert_eq!(decide(&held(0.5)).strategy, StrategyKind::Sequential);
        assert_eq!(decide(&held(0.49)).strategy, StrategyKind::Async);
    }

    #[test]
    fn a_workload_shorter_than_starting_a_pool_stays_sequential() {
        let tiny = Facts { tasks: 1000, ..facts(Class::CpuBound, 200e-9, 0.0) };
        assert_eq!(
            path(&tiny),
            "workload size -> 200 µs in all, less than a pool takes to start -> sequential"
        );
        let one = Facts { tasks: 1, ..facts(Class::IoBound, 0.0, 10.0) };
        assert_eq!(path(&one), "workload size -> a single task -> sequential");
    }

    #[test]
    fn many_tiny_tasks_are_still_worth_a_pool_of_threads() {
        let many = Facts { tasks: 10_000_000, ..facts(Class::CpuBound, 200e-9, 0.0) };
        assert_eq!(decide(&many).strategy, StrategyKind::WorkStealing);
    }

    #[test]
    fn one_cpu_gains_nothing_from_computing_concurrently() {
        let one = |class, cpu_s, wait_s| Facts { cpus: 1.0, ..facts(class, cpu_s, wait_s) };
        assert_eq!(
            path(&one(Class::CpuBound, 0.01, 0.0)),
            "task type -> CPU-bound -> one CPU, nothing to gain -> sequential"
        );
        assert_eq!(decide(&one(Class::IoBound, 0.001, 0.05)).strategy, StrategyKind::Async);
        assert_eq!(decide(&one(Class::Mixed, 0.01, 0.01)).strategy, StrategyKind::Async);
        let quota = Facts { cpus: 1.5, ..facts(Class::CpuBound, 0.01, 0.0) };
        assert_eq!(decide(&quota).strategy, StrategyKind::WorkStealing);
    }

    #[test]
    fn the_leaf_does_not_depend_on_how_many_cpus_there_are_beyond_one() {
        for class in [Class::IoBound, Class::CpuBound, Class::Mixed] {
            let many = Facts { cpus: 128.0, ..facts(class, 0.01, 0.01) };
            assert_eq!(decide(&many), decide(&facts(class, 0.01, 0.01)));
        }
    }

    #[test]
    fn commands_need_only_a_thread_that_waits_for_each() {
        for class in [Class::IoBound, Class::CpuBound, Class::Mixed] {
            let command = Facts { foreign: true, separate_steps: false, ..facts(class, 0.01, 0.01) };
            assert_eq!(decide(&command).strategy, StrategyKind::Threads);
            assert!(path(&command).contains("commands are processes already"));
        }
        let one = Facts { foreign: true, cpus: 1.0, ..facts(Class::CpuBound, 0.01, 0.0) };
        assert_eq!(decide(&one).strategy, StrategyKind::Sequential);
    }

    #[test]
    fn mixed_work_in_one_step_or_in_tiny_steps_has_no_use_for_a_hybrid() {
        let whole = Facts { separate_steps: false, ..facts(Class::Mixed, 0.01, 0.01) };
        assert_eq!(decide(&whole).strategy, StrategyKind::Threads);
        let tiny = Facts { tasks: 100_000, ..facts(Class::Mixed, 10e-6, 10e-6) };
        assert_eq!(path(&tiny), "task type -> mixed -> CPU steps too small for a process -> async");
        let disk = Facts { blocking_step: Some("read"), ..tiny };
        assert_eq!(decide(&disk).strategy, StrategyKind::Threads);
    }

    #[test]
    fn under_a_global_lock_computing_needs_processes() {
        let python = |class, cpu_s| Facts {
            runtime: Runtime::GlobalLock,
            separate_steps: false,
            ..facts(class, cpu_s, 0.01)
        };
        assert_eq!(decide(&python(Class::CpuBound, 0.1)).strategy, StrategyKind::Processes);
        assert_eq!(decide(&python(Class::CpuBound, 5e-6)).strategy, StrategyKind::Sequential);
        assert_eq!(decide(&python(Class::Mixed, 0.1)).strategy, StrategyKind::Processes);
        assert_eq!(decide(&python(Class::IoBound, 0.001)).strategy, StrategyKind::Async);
    }

    #[test]
    fn where_the_lock_is_released_or_there_is_none_threads_compute() {
        let python = |runtime| Facts { runtime, separate_steps: false, ..facts(Class::CpuBound, 0.1, 0.0) };
        assert_eq!(
            path(&python(Runtime::LockReleased)),
            "task type -> CPU-bound -> it releases the GIL, as measured -> threads"
        );
        assert_eq!(decide(&python(Runtime::NoLock)).strategy, StrategyKind::Threads);
        let one = Facts { cpus: 1.0, ..python(Runtime::NoLock) };
        assert_eq!(decide(&one).strategy, StrategyKind::Sequential);
    }

    #[test]
    fn a_coroutine_that_computes_gets_an_event_loop_per_process() {
        let mixed = Facts {
            runtime: Runtime::GlobalLock,
            separate_steps: false,
            is_coroutine: true,
            ..facts(Class::Mixed, 0.01, 0.01)
        };
        assert_eq!(decide(&mixed).strategy, StrategyKind::Hybrid);
        assert_eq!(decide(&Facts { runtime: Runtime::NoLock, ..mixed }).strategy, StrategyKind::Threads);
    }

    #[test]
    fn every_path_ends_in_the_name_of_its_strategy() {
        for class in [Class::IoBound, Class::CpuBound, Class::Mixed] {
            for cpus in [1.0, 2.0, 128.0] {
                for foreign in [false, true] {
                    let decision = decide(&Facts { cpus, foreign, ..facts(class, 0.01, 0.01) });
                    assert_eq!(decision.path.last().map(String::as_str), Some(decision.strategy.as_str()));
                }
            }
        }
    }
}
