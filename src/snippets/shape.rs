//! The shape of the work that a program runs: plain data, measured or given.

use std::time::Duration;

use crate::advice::chunks::PYTHON_MESSAGE_S;
use crate::advice::verdict::Basis;
use crate::model::message::chunk;
use crate::profile::result::{Class, Confidence, StagePool};
use crate::workload::spec::{RetryPolicy, WorkloadLimits};

/// The work of one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskShape {
    /// Tasks of the run.
    pub tasks: u64,
    /// CPU time of one task.
    pub cpu: Duration,
    /// Time that one task waits.
    pub wait: Duration,
    /// The command that a task runs, if any: program and arguments, with `{item}` in place of the item.
    pub command: Option<Vec<String>>,
    /// True if a command that fails counts as successful.
    pub ignore_failure: bool,
    /// The Python callables that a task calls, if it calls any.
    pub python: Option<PythonTask>,
    /// The version of the interpreter that ran the callables, major and minor; a program that needs a newer one is
    /// left out.
    pub python_version: Option<[u32; 2]>,
    /// The items.
    pub items: ItemSource,
    /// True if the file of the items has lines that are no items as they stand: blank ones, or with a carriage
    /// return or a byte order mark.
    pub has_untidy_lines: bool,
    /// The limits that held while the work was measured.
    pub limits: WorkloadLimits,
    /// The retries of failed steps while the work was measured.
    pub retry: Option<RetryPolicy>,
    /// The steps as stages of a pipeline.
    pub stages: Vec<StageShape>,
    /// Number of tasks to hand to a worker process at once; `None` if the measurement does not determine it.
    pub chunk: Option<u64>,
    /// How the configuration was chosen; `None` if that is unknown.
    pub choice: Option<Choice>,
}

/// The origin of the items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ItemSource {
    /// The numbers from 0 to below the number of tasks.
    #[default]
    Numbers,
    /// Strings that the user listed, few enough to be written into a program.
    Listed(Vec<String>),
    /// Strings that the user listed, too many to be written into a program.
    Arguments,
    /// The lines of a file, as the user named it. Blank lines are skipped, and so is a byte order mark.
    File(String),
    /// The lines of standard input, read as those of a file.
    StandardInput,
    /// The `items` of the first callable's module: an iterable, or a function that returns one.
    Module {
        /// The number of items that are taken from it; `None` for all of them.
        first: Option<u64>,
    },
}

impl ItemSource {
    /// Returns true if items are text rather than numbers; of a module they are anything.
    pub(super) fn is_text(&self) -> bool {
        !matches!(self, ItemSource::Numbers | ItemSource::Module { .. })
    }
}

/// How a configuration was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The words that the user typed after `conc`; empty without a command line.
    pub command_line: Vec<String>,
    /// The day, such as `27 Nov 2026`.
    pub date: String,
    /// The class of the work.
    pub class: Class,
    /// The basis of the recommendation.
    pub basis: Basis,
    /// The confidence in it.
    pub confidence: Confidence,
    /// The CPUs that the work could use.
    pub cpus: f64,
}

/// A step as a stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageShape {
    /// The kind of the step, such as `http`.
    pub kind: String,
    /// Time of the step in one task.
    pub time: Duration,
    /// True if the step computes rather than waits.
    pub computes: bool,
    /// True if the step takes tasks in the order of the items.
    pub ordered: bool,
    /// The pool of the step.
    pub pool: StagePool,
}

/// A task that calls Python callables, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonTask {
    /// The callables; each one after the first takes the value that the previous one returned.
    pub steps: Vec<PythonCallable>,
}

impl PythonTask {
    /// Returns true if some steps wait and others compute.
    pub(super) fn is_split(&self) -> bool {
        let computing = self.steps.iter().filter(|step| step.computes).count();
        computing > 0 && computing < self.steps.len()
    }
}

/// A Python callable, as a program imports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonCallable {
    /// The module that the callable is imported from.
    pub module: String,
    /// The name of the callable's file, if the user gave a file.
    pub file: Option<String>,
    /// The name of the function that blocks, if there is one; dotted if the function belongs to a class.
    pub blocking: Option<String>,
    /// The name of the coroutine function that does the same, if there is one.
    pub coroutine: Option<String>,
    /// True if the callable has a parameter for the item.
    pub takes_item: bool,
    /// True if the item is a tuple of the callable's arguments.
    pub unpacks: bool,
    /// True if the callable computes rather than waits.
    pub computes: bool,
    /// True if the limit on attempts per second counts the callable.
    pub is_rated: bool,
}

impl TaskShape {
    /// Returns the wait and the CPU time for a stand-in; omits a part below 1% of the task or below the
    /// resolution of a timer, 1 µs.
    pub(super) fn parts(&self) -> (Option<Duration>, Option<Duration>) {
        let floor = ((self.wait + self.cpu) / 100).max(Duration::from_micros(1));
        let worth = |part: Duration| (part >= floor).then_some(part);
        (worth(self.wait), worth(self.cpu))
    }

    /// Returns the number of tasks to hand to a worker process at once: as measured, or else computed from
    /// the cost of a message in Python's pool. A worker that holds many tasks while they wait for the limit on
    /// attempts per second starves the others.
    pub(super) fn batch(&self, workers: usize) -> u64 {
        let paced_s = self.limits.rate_per_s.map_or(0.0, |per_s| workers as f64 / per_s);
        let task_s = (self.cpu + self.wait).as_secs_f64();
        match self.chunk {
            Some(chunk) if paced_s <= task_s => chunk,
            _ => chunk(PYTHON_MESSAGE_S, task_s.max(paced_s), self.tasks, workers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(tasks: u64, cpu: Duration, wait: Duration) -> TaskShape {
        TaskShape { tasks, cpu, wait, ..TaskShape::default() }
    }

    #[test]
    fn a_negligible_part_is_left_out() {
        let ms = Duration::from_millis;
        assert_eq!(shape(1, ms(2), ms(44)).parts(), (Some(ms(44)), Some(ms(2))));
        assert_eq!(shape(1, Duration::from_micros(10), ms(44)).parts(), (Some(ms(44)), None));
        assert_eq!(shape(1, Duration::ZERO, Duration::ZERO).parts(), (None, None));
    }

    #[test]
    fn small_tasks_travel_in_batches_and_large_ones_alone() {
        assert_eq!(shape(100_000, Duration::from_micros(1), Duration::ZERO).batch(2), 2700);
        assert_eq!(shape(100_000, Duration::from_millis(5), Duration::ZERO).batch(2), 1);
        assert_eq!(shape(64, Duration::from_micros(1), Duration::ZERO).batch(2), 4);
        assert_eq!(shape(0, Duration::ZERO, Duration::ZERO).batch(0), 1);
    }
}
