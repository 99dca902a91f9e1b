//! The decision tree: the choice of theory alone, and the path to it.

use serde::{Deserialize, Serialize};

use crate::advice::facts::{Facts, SerialPlace, SerialSection, TaskRuntime};
use crate::profile::Class;
use crate::strategy::StrategyKind;

/// Minimum share of a task at which its serialised part dominates: even perfect concurrency of the rest
/// could not double the throughput (Amdahl's law).
pub(crate) const SERIAL_RULES_FROM: f64 = 0.5;

/// Minimum duration of a workload, in seconds, at which starting a pool pays.
///
/// A thread costs 24 µs and a worker process 0.4–0.6 ms to start, which is more than a pool could save on
/// less work. The size of a single task does not matter: handed out in chunks, even tasks of 0.1 µs pay.
const POOL_PAYS_FROM_S: f64 = 1e-3;

/// Minimum computing time of a task, in seconds, at which sending the task to a process pays.
///
/// One message to a worker and back costs 1.4 µs over a blocking pipe and about 8 µs from an event loop;
/// below 20 µs the round trip costs about as much as the work.
pub(crate) const HANDOVER_PAYS_FROM_S: f64 = 20e-6;

/// The leaf of the decision tree that was reached, and the answers on the path to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DecisionPath {
    /// The answers, from the root to the last question.
    #[serde(rename = "tree_steps")]
    pub steps: Vec<TreeStep>,
    /// The strategy that the tree alone would choose.
    #[serde(rename = "tree_strategy")]
    pub strategy: StrategyKind,
}

/// An answer to a question of the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum TreeStep {
    /// Most of the time of a task is spent in a place that lets only one task through at a time.
    OneTaskAtATime {
        /// The place.
        place: SerialPlace,
        /// Share of a task's time spent there, from 0 to 1.
        share: f64,
    },
    /// The workload is a single task.
    SingleTask,
    /// The workload takes less time than a pool takes to start.
    ShorterThanPool {
        /// Seconds of the whole workload.
        total_s: f64,
    },
    /// The class of the work.
    TaskType {
        /// The class.
        class: Class,
    },
    /// There is one CPU, so computing gains nothing from concurrency.
    OneCpu,
    /// The tasks are commands, which are processes already: a thread waits for each.
    Commands,
    /// Everything that waits has an async form.
    AsyncFormAvailable,
    /// A step that waits has no async form.
    NoAsyncForm {
        /// The kind of the step.
        step: String,
    },
    /// Threads compute in parallel.
    ThreadsComputeInParallel,
    /// The interpreter has no GIL, so threads compute in parallel.
    NoGil,
    /// The profile shows that the tasks release the GIL.
    GilReleased,
    /// The tasks hold the GIL while they wait, so that threads wait one at a time.
    GilHeldWhileWaiting,
    /// The GIL, or a lock of a library, lets one thread compute at a time.
    OneThreadComputes,
    /// The tasks are too small to be sent to a process.
    TooSmallForProcess,
    /// One step computes and waits.
    ComputesAndWaitsInOneStep,
    /// One coroutine computes and waits: an event loop per process runs it.
    ComputesAndWaitsInOneCoroutine,
    /// Some steps compute and others wait.
    SeparateSteps,
    /// There is one CPU, and none for a process pool.
    NoCpuForProcessPool,
    /// The steps that compute are too small to be sent to a process.
    CpuStepsTooSmallForProcess,
}

/// Returns a path of `steps` that ends at `strategy`.
fn leaf<const N: usize>(steps: [TreeStep; N], strategy: StrategyKind) -> DecisionPath {
    DecisionPath { steps: steps.to_vec(), strategy }
}

/// Decides from the facts alone, without any measurement of concurrency.
pub(crate) fn decide(facts: &Facts) -> DecisionPath {
    serialised(facts).or_else(|| too_small(facts)).unwrap_or_else(|| by_class(facts))
}

/// Returns the sequential path if tasks spend most of their time in a place for one task at a time.
fn serialised(facts: &Facts) -> Option<DecisionPath> {
    let SerialSection { place, share } = facts.serial.filter(|serial| serial.share >= SERIAL_RULES_FROM)?;
    Some(leaf([TreeStep::OneTaskAtATime { place, share }], StrategyKind::Sequential))
}

/// Returns the sequential path if there is too little work to start a pool for.
fn too_small(facts: &Facts) -> Option<DecisionPath> {
    if facts.tasks <= 1 {
        return Some(leaf([TreeStep::SingleTask], StrategyKind::Sequential));
    }
    let total_s = facts.workload_s();
    (total_s < POOL_PAYS_FROM_S)
        .then(|| leaf([TreeStep::ShorterThanPool { total_s }], StrategyKind::Sequential))
}

fn by_class(facts: &Facts) -> DecisionPath {
    let class = TreeStep::TaskType { class: facts.class };
    match facts.class {
        Class::CpuBound if facts.cpus <= 1.0 => leaf([class, TreeStep::OneCpu], StrategyKind::Sequential),
        _ if facts.foreign => leaf([class, TreeStep::Commands], StrategyKind::Threads),
        Class::IoBound => io_bound(facts, class),
        Class::CpuBound => cpu_bound(facts, class),
        Class::Mixed => mixed(facts, class),
    }
}

fn io_bound(facts: &Facts, class: TreeStep) -> DecisionPath {
    match facts.blocking_step {
        _ if facts.runtime == TaskRuntime::LockAlwaysHeld => {
            leaf([class, TreeStep::GilHeldWhileWaiting], StrategyKind::Processes)
        }
        None => leaf([class, TreeStep::AsyncFormAvailable], StrategyKind::Async),
        Some(step) => leaf([class, TreeStep::NoAsyncForm { step: step.to_owned() }], StrategyKind::Threads),
    }
}

fn cpu_bound(facts: &Facts, class: TreeStep) -> DecisionPath {
    let one = TreeStep::OneThreadComputes;
    match facts.runtime {
        TaskRuntime::Native => leaf([class, TreeStep::ThreadsComputeInParallel], StrategyKind::WorkStealing),
        TaskRuntime::GlobalLock | TaskRuntime::LockAlwaysHeld if facts.cpu_s < HANDOVER_PAYS_FROM_S => {
            leaf([class, one, TreeStep::TooSmallForProcess], StrategyKind::Sequential)
        }
        TaskRuntime::GlobalLock | TaskRuntime::LockAlwaysHeld => leaf([class, one], StrategyKind::Processes),
        TaskRuntime::LockReleased => leaf([class, TreeStep::GilReleased], StrategyKind::Threads),
        TaskRuntime::NoLock => leaf([class, TreeStep::NoGil], StrategyKind::Threads),
    }
}

fn mixed(facts: &Facts, class: TreeStep) -> DecisionPath {
    if !facts.separate_steps {
        let one_step = TreeStep::ComputesAndWaitsInOneStep;
        return match facts.runtime {
            TaskRuntime::GlobalLock if facts.is_coroutine && facts.cpus > 1.0 => {
                leaf([class, TreeStep::ComputesAndWaitsInOneCoroutine], StrategyKind::Hybrid)
            }
            TaskRuntime::GlobalLock | TaskRuntime::LockAlwaysHeld => {
                leaf([class, one_step], StrategyKind::Processes)
            }
            TaskRuntime::Native | TaskRuntime::LockReleased | TaskRuntime::NoLock => {
                leaf([class, one_step], StrategyKind::Threads)
            }
        };
    }
    let no_process = if facts.cpus <= 1.0 {
        TreeStep::NoCpuForProcessPool
    } else if facts.cpu_s < HANDOVER_PAYS_FROM_S {
        TreeStep::CpuStepsTooSmallForProcess
    } else {
        return leaf([class, TreeStep::SeparateSteps], StrategyKind::Hybrid);
    };
    let has_async_forms = facts.blocking_step.is_none();
    leaf([class, no_process], if has_async_forms { StrategyKind::Async } else { StrategyKind::Threads })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            runtime: TaskRuntime::Native,
        }
    }

    /// Returns the step after the class, and the strategy.
    fn last(facts: &Facts) -> (TreeStep, StrategyKind) {
        let DecisionPath { mut steps, strategy } = decide(facts);
        (steps.pop().expect("every path has a step"), strategy)
    }

    #[test]
    fn each_class_has_its_leaf() {
        for (class, step, strategy) in [
            (Class::IoBound, TreeStep::AsyncFormAvailable, StrategyKind::Async),
            (Class::CpuBound, TreeStep::ThreadsComputeInParallel, StrategyKind::WorkStealing),
            (Class::Mixed, TreeStep::SeparateSteps, StrategyKind::Hybrid),
        ] {
            let decision = decide(&facts(class, 0.01, 0.01));
            assert_eq!(decision, leaf([TreeStep::TaskType { class }, step], strategy));
        }
    }

    #[test]
    fn a_step_without_an_async_form_needs_threads() {
        let disk = Facts { blocking_step: Some("read"), ..facts(Class::IoBound, 0.0001, 0.01) };
        let step = TreeStep::NoAsyncForm { step: "read".to_owned() };
        assert_eq!(last(&disk), (step, StrategyKind::Threads));
    }

    #[test]
    fn a_lock_held_half_the_time_comes_first() {
        let held = |share| Facts {
            serial: Some(SerialSection { place: SerialPlace::SharedLock, share }),
            ..facts(Class::IoBound, 0.0, 0.01)
        };
        let step = TreeStep::OneTaskAtATime { place: SerialPlace::SharedLock, share: 0.95 };
        assert_eq!(decide(&held(0.95)), leaf([step], StrategyKind::Sequential));
        assert_eq!(decide(&held(0.5)).strategy, StrategyKind::Sequential);
        assert_eq!(decide(&held(0.49)).strategy, StrategyKind::Async);
    }

    #[test]
    fn a_workload_shorter_than_starting_a_pool_stays_sequential() {
        let tiny = Facts { tasks: 1000, ..facts(Class::CpuBound, 200e-9, 0.0) };
        let (step, strategy) = last(&tiny);
        assert!(matches!(step, TreeStep::ShorterThanPool { total_s } if (total_s - 2e-4).abs() < 1e-12));
        assert_eq!(strategy, StrategyKind::Sequential);
        let one = Facts { tasks: 1, ..facts(Class::IoBound, 0.0, 10.0) };
        assert_eq!(last(&one), (TreeStep::SingleTask, StrategyKind::Sequential));
    }

    #[test]
    fn many_tiny_tasks_are_still_worth_a_pool_of_threads() {
        let many = Facts { tasks: 10_000_000, ..facts(Class::CpuBound, 200e-9, 0.0) };
        assert_eq!(decide(&many).strategy, StrategyKind::WorkStealing);
    }

    #[test]
    fn one_cpu_gains_nothing_from_computing_concurrently() {
        let one = |class, cpu_s, wait_s| Facts { cpus: 1.0, ..facts(class, cpu_s, wait_s) };
        assert_eq!(last(&one(Class::CpuBound, 0.01, 0.0)), (TreeStep::OneCpu, StrategyKind::Sequential));
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
            assert_eq!(last(&command), (TreeStep::Commands, StrategyKind::Threads));
        }
        let one = Facts { foreign: true, cpus: 1.0, ..facts(Class::CpuBound, 0.01, 0.0) };
        assert_eq!(decide(&one).strategy, StrategyKind::Sequential);
    }

    #[test]
    fn mixed_work_in_one_step_or_in_tiny_steps_has_no_use_for_a_hybrid() {
        let whole = Facts { separate_steps: false, ..facts(Class::Mixed, 0.01, 0.01) };
        assert_eq!(decide(&whole).strategy, StrategyKind::Threads);
        let tiny = Facts { tasks: 100_000, ..facts(Class::Mixed, 10e-6, 10e-6) };
        assert_eq!(last(&tiny), (TreeStep::CpuStepsTooSmallForProcess, StrategyKind::Async));
        let disk = Facts { blocking_step: Some("read"), ..tiny };
        assert_eq!(decide(&disk).strategy, StrategyKind::Threads);
    }

    #[test]
    fn under_a_global_lock_computing_needs_processes() {
        let python = |class, cpu_s| Facts {
            runtime: TaskRuntime::GlobalLock,
            separate_steps: false,
            ..facts(class, cpu_s, 0.01)
        };
        assert_eq!(decide(&python(Class::CpuBound, 0.1)).strategy, StrategyKind::Processes);
        assert_eq!(decide(&python(Class::CpuBound, 5e-6)).strategy, StrategyKind::Sequential);
        assert_eq!(decide(&python(Class::Mixed, 0.1)).strategy, StrategyKind::Processes);
        assert_eq!(decide(&python(Class::IoBound, 0.001)).strategy, StrategyKind::Async);
    }

    #[test]
    fn a_lock_that_is_held_during_waits_needs_processes() {
        let waiting = Facts {
            runtime: TaskRuntime::LockAlwaysHeld,
            blocking_step: Some("python"),
            ..facts(Class::IoBound, 1e-5, 0.01)
        };
        assert_eq!(last(&waiting), (TreeStep::GilHeldWhileWaiting, StrategyKind::Processes));
        let released = Facts { runtime: TaskRuntime::LockReleased, ..waiting };
        assert_eq!(decide(&released).strategy, StrategyKind::Threads);
        assert_eq!(decide(&Facts { cpus: 1.0, ..waiting }).strategy, StrategyKind::Processes);
    }

    #[test]
    fn where_the_lock_is_released_or_there_is_none_threads_compute() {
        let python = |runtime| Facts { runtime, separate_steps: false, ..facts(Class::CpuBound, 0.1, 0.0) };
        assert_eq!(last(&python(TaskRuntime::LockReleased)), (TreeStep::GilReleased, StrategyKind::Threads));
        assert_eq!(decide(&python(TaskRuntime::NoLock)).strategy, StrategyKind::Threads);
        let one = Facts { cpus: 1.0, ..python(TaskRuntime::NoLock) };
        assert_eq!(decide(&one).strategy, StrategyKind::Sequential);
    }

    #[test]
    fn a_coroutine_that_computes_gets_an_event_loop_per_process() {
        let mixed = Facts {
            runtime: TaskRuntime::GlobalLock,
            separate_steps: false,
            is_coroutine: true,
            ..facts(Class::Mixed, 0.01, 0.01)
        };
        assert_eq!(decide(&mixed).strategy, StrategyKind::Hybrid);
        assert_eq!(decide(&Facts { runtime: TaskRuntime::NoLock, ..mixed }).strategy, StrategyKind::Threads);
    }
}
