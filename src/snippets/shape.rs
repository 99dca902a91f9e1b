//! The shape of the work as a program shows it: plain data, measured or given.

use std::time::Duration;

use crate::advice::chunks::PYTHON_MESSAGE_S;
use crate::model::message::chunk;

/// The work of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskShape {
    /// Tasks of the run.
    pub tasks: u64,
    /// CPU time of one task.
    pub cpu: Duration,
    /// Time one task waits.
    pub wait: Duration,
    /// The command that a task runs, if it runs one: program and arguments, with `{item}` where the item stands.
    pub command: Option<Vec<String>>,
    /// The Python callables that a task calls, if it calls any.
    pub python: Option<PythonTask>,
    /// The first few items; empty where items are the numbers from 0.
    pub items: Vec<String>,
    /// Tasks to hand to a worker process at once, where that follows from what was measured.
    pub chunk: Option<u64>,
}

/// A task that calls Python callables, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonTask {
    /// The callables, each given what the one before it returned.
    pub steps: Vec<PythonCallable>,
    /// Whether the items are those that the module of the first offers as `items`.
    pub own_items: bool,
}

impl PythonTask {
    /// The steps that wait and the steps that compute, where all of the one come before all of the other.
    pub(super) fn split(&self) -> Option<(&[PythonCallable], &[PythonCallable])> {
        let first = self.steps.iter().position(|step| step.computes).filter(|first| *first > 0)?;
        let (wait, compute) = self.steps.split_at(first);
        compute.iter().all(|step| step.computes && step.blocking.is_some()).then_some((wait, compute))
    }
}

/// A Python callable, as a program imports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonCallable {
    /// The module it is imported from.
    pub module: String,
    /// The name of the file it is in, where it was given as a file.
    pub file: Option<String>,
    /// The name of the function that blocks, if there is one; dotted where it belongs to a class.
    pub blocking: Option<String>,
    /// The name of the coroutine function that does the same, if there is one.
    pub coroutine: Option<String>,
    /// Whether it has a place for the item.
    pub takes_item: bool,
    /// Whether it computes rather than waits.
    pub computes: bool,
}

impl TaskShape {
    /// Wait and CPU time worth standing in for: a part below 1% of the task, or below what a
    /// timer can tell, is left out.
    pub(super) fn parts(&self) -> (Option<Duration>, Option<Duration>) {
        let floor = ((self.wait + self.cpu) / 100).max(Duration::from_micros(1));
        let worth = |part: Duration| (part >= floor).then_some(part);
        (worth(self.wait), worth(self.cpu))
    }

    /// Tasks handed to a worker process at once: as measured, or where a message costs what it does in
    /// Python's pool.
    pub(super) fn batch(&self, workers: usize) -> u64 {
        if let Some(chunk) = self.chunk {
            return chunk;
        }
        chunk(PYTHON_MESSAGE_S, (self.cpu + self.wait).as_secs_f64(), self.tasks, workers)
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
