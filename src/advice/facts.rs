//! The facts about a workload and a machine that the decision tree uses.

use serde::{Deserialize, Serialize};

use crate::profile::result::PythonProfile;
use crate::profile::{Class, Profile};
use crate::workload::Workload;
use crate::workload::spec::{StepNature, StepSpec};

/// The kind of a step that is a Python callable.
const PYTHON_STEP: &str = "python";

/// Name of the call by which a coroutine blocks its event loop.
const BLOCKING_CALL: &str = "blocking-call";

/// Share of the time of a task for which a coroutine blocks its event loop, from which an event loop is no way to run
/// it: two tasks in flight then do no more than one.
const RULES_LOOP_FROM: f64 = 0.5;

/// The facts about a workload and the machine that the decision tree uses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Facts {
    /// The class of the work.
    pub class: Class,
    /// CPU seconds of one task (*D*).
    pub cpu_s: f64,
    /// Seconds one task waits (*Z*).
    pub wait_s: f64,
    /// Tasks of the workload.
    pub tasks: u64,
    /// CPUs the process may use; fractions are possible.
    pub cpus: f64,
    /// The section that only one task at a time can be in, if there is one.
    pub serial: Option<SerialSection>,
    /// The kind of the first waiting step that needs a thread to wait for it, if there is one.
    pub blocking_step: Option<&'static str>,
    /// True if computing and waiting happen in different steps, so that each can have its own pool.
    pub separate_steps: bool,
    /// True if a task that computes and waits in one step can be awaited.
    pub is_coroutine: bool,
    /// True if the tasks are commands, which run in processes of their own.
    pub foreign: bool,
    /// The runtime of the tasks.
    pub runtime: TaskRuntime,
}

/// The part of a task that only one task at a time can be in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SerialSection {
    /// The place.
    pub place: SerialPlace,
    /// Share of the task's time spent there, from 0 to 1.
    pub share: f64,
}

/// A place that only one task at a time can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SerialPlace {
    /// The workload itself, by `max_in_flight = 1`.
    MaxInFlight,
    /// A lock that the tasks share.
    SharedLock,
    /// The single writer of an SQLite database.
    SqliteWriter,
}

impl SerialPlace {
    fn of_step(step: &StepSpec) -> Option<Self> {
        match step {
            StepSpec::Lock(_) => Some(SerialPlace::SharedLock),
            StepSpec::Sqlite(spec) if spec.writes => Some(SerialPlace::SqliteWriter),
            _ => None,
        }
    }
}

/// A runtime, by whether its threads compute in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskRuntime {
    /// Compiled code: threads compute at the same time.
    Native,
    /// An interpreter whose global lock lets one thread compute at a time.
    GlobalLock,
    /// An interpreter whose global lock the profiled tasks hold from their start to their end, also while
    /// they wait.
    LockAlwaysHeld,
    /// An interpreter whose global lock the profiled tasks release while they compute.
    LockReleased,
    /// An interpreter without a global lock.
    NoLock,
}

impl Facts {
    /// Derives the facts from a workload, its profile and the number of CPUs.
    pub(crate) fn of(workload: &Workload, profile: &Profile, cpus: f64) -> Self {
        let natures = || workload.steps.iter().map(StepSpec::nature);
        Facts {
            class: profile.task_class(),
            cpu_s: profile.task.cpu_s,
            wait_s: profile.task.wait_s,
            tasks: workload.tasks(),
            cpus,
            serial: serial(workload, profile),
            blocking_step: blocking_step(workload, profile),
            separate_steps: match &profile.python {
                Some(python) => python.has_separate_steps(),
                None => natures().any(|n| n == StepNature::Cpu) && natures().any(|n| n != StepNature::Cpu),
            },
            is_coroutine: profile.python.as_ref().is_some_and(PythonProfile::is_awaitable),
            foreign: workload.runs_commands(),
            runtime: runtime(profile),
        }
    }

    /// Returns the seconds that one task takes alone.
    pub(crate) fn task_s(&self) -> f64 {
        self.cpu_s + self.wait_s
    }

    /// Returns the seconds that the whole workload takes, one task after another.
    pub(crate) fn workload_s(&self) -> f64 {
        self.tasks as f64 * self.task_s()
    }
}

/// Returns the kind of the first waiting step without an async form.
fn blocking_step(workload: &Workload, profile: &Profile) -> Option<&'static str> {
    match &profile.python {
        Some(python)
            if python.blocked_loop.as_ref().is_some_and(|blocked| blocked.share >= RULES_LOOP_FROM) =>
        {
            Some(BLOCKING_CALL)
        }
        Some(python) => python.blocking_step().map(|_| PYTHON_STEP),
        None => workload.steps.iter().find(|s| s.nature() == StepNature::Blocking).map(StepSpec::kind),
    }
}

fn runtime(profile: &Profile) -> TaskRuntime {
    match &profile.python {
        None => TaskRuntime::Native,
        Some(python) if python.holds_lock_while_waiting() => TaskRuntime::LockAlwaysHeld,
        // Without a GIL, threads may still be kept apart by a lock of a library.
        Some(python) if python.holds_lock() => TaskRuntime::GlobalLock,
        Some(python) if !python.has_lock() => TaskRuntime::NoLock,
        Some(_) => TaskRuntime::LockReleased,
    }
}

/// Returns the narrowest section: of all locks and writers, the one that tasks spend most time in.
///
/// Different locks do not add up, since two tasks may hold one each.
fn serial(workload: &Workload, profile: &Profile) -> Option<SerialSection> {
    if workload.limits.max_in_flight == Some(1) {
        return Some(SerialSection { place: SerialPlace::MaxInFlight, share: 1.0 });
    }
    let total: f64 = profile.steps.iter().map(|s| s.wall_s).sum();
    workload
        .steps
        .iter()
        .filter_map(|step| {
            let place = SerialPlace::of_step(step)?;
            let held: f64 = same_place(workload, profile, step).sum();
            Some(SerialSection { place, share: held / total })
        })
        .filter(|serial| serial.share > 0.0)
        .max_by(|a, b| a.share.total_cmp(&b.share))
}

/// Returns the seconds of every step that passes through the same lock or writer as `step`.
fn same_place(workload: &Workload, profile: &Profile, step: &StepSpec) -> impl Iterator<Item = f64> {
    let shared = workload.steps.iter().zip(&profile.steps);
    shared.filter(|(other, _)| step.shares_serial_resource_with(other)).map(|(_, cost)| cost.wall_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::*;
    use crate::profile::result::BlockedLoop;

    #[test]
    fn the_share_of_a_lock_is_its_part_of_the_task() {
        let workload = workload(100, vec![lock("a"), cpu()]);
        let profile = profile(&workload, Class::IoBound, 0.001, 0.009);
        let serial = Facts::of(&workload, &profile, 2.0).serial.unwrap();
        assert_eq!(serial.place, SerialPlace::SharedLock);
        assert!((serial.share - 0.9).abs() < 1e-9);
    }

    #[test]
    fn steps_of_one_lock_add_up_and_those_of_two_do_not() {
        let shared = workload(100, vec![lock("a"), lock("a"), cpu()]);
        let apart = workload(100, vec![lock("a"), lock("b"), cpu()]);
        let share = |w: &Workload| {
            let profile = profile(w, Class::IoBound, 0.002, 0.008);
            Facts::of(w, &profile, 2.0).serial.unwrap().share
        };
        assert!((share(&shared) - 0.8).abs() < 1e-9);
        assert!((share(&apart) - 0.4).abs() < 1e-9);
    }

    #[test]
    fn sqlite_serialises_writers_and_not_readers() {
        let of = |writes| {
            let workload = workload(100, vec![sqlite(writes)]);
            let profile = profile(&workload, Class::IoBound, 0.0001, 0.002);
            Facts::of(&workload, &profile, 2.0).serial
        };
        assert_eq!(of(true).unwrap().place, SerialPlace::SqliteWriter);
        assert_eq!(of(false), None);
    }

    #[test]
    fn one_in_flight_serialises_everything() {
        let mut workload = workload(100, vec![sleep()]);
        workload.limits.max_in_flight = Some(1);
        let profile = profile(&workload, Class::IoBound, 0.0, 0.01);
        let serial = Facts::of(&workload, &profile, 2.0).serial.unwrap();
        assert_eq!((serial.place, serial.share), (SerialPlace::MaxInFlight, 1.0));
    }

    #[test]
    fn a_coroutine_that_blocks_its_loop_has_no_async_form_of_that_call() {
        let workload = workload(100, vec![sleep()]);
        let of = |share| {
            let (file, line, function) = ("tasks.py".into(), 4, "f".into());
            let blocked = BlockedLoop { file, line, function, code: String::new(), per_task_s: 0.01, share };
            let python = PythonProfile { blocked_loop: Some(blocked), ..callable(0.0, false) };
            let profile =
                Profile { python: Some(python), ..profile(&workload, Class::IoBound, 0.0001, 0.01) };
            Facts::of(&workload, &profile, 2.0).blocking_step
        };
        assert_eq!(of(0.99), Some(BLOCKING_CALL));
        assert_ne!(of(0.2), Some(BLOCKING_CALL), "an event loop still runs several at a time");
    }

    #[test]
    fn the_nature_of_the_steps_is_told() {
        let of = |steps| {
            let workload = workload(10, steps);
            Facts::of(&workload, &profile(&workload, Class::Mixed, 0.01, 0.01), 4.0)
        };
        let mixed = of(vec![http(), cpu()]);
        assert!(mixed.separate_steps && mixed.blocking_step.is_none() && !mixed.foreign);
        let disk = of(vec![sleep(), read()]);
        assert!(!disk.separate_steps && disk.blocking_step == Some("read"));
        assert!(of(vec![command()]).foreign);
    }

    #[test]
    fn a_profile_without_steps_says_nothing_about_locks() {
        let workload = workload(10, vec![lock("a")]);
        let mut profile = profile(&workload, Class::IoBound, 0.0, 0.01);
        profile.steps.clear();
        assert_eq!(Facts::of(&workload, &profile, 2.0).serial, None);
    }
}
