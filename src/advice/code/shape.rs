//! What a program needs to know of the work: plain data, measured or given.

use std::time::Duration;

use crate::advice::chunks::PYTHON_MESSAGE_S;
use crate::model::message::chunk;

/// The work of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskShape {
    /// Tasks of the run.
    pub tasks: u64,
    /// CPU time of one task.
    pub cpu: Duration,
    /// Time one task waits.
    pub wait: Duration,
    /// The command that a task runs, if it runs one: program and arguments, with `{item}` where the item stands.
    pub command: Option<Vec<String>>,
    /// The first few items; empty where items are the numbers from 0.
    pub items: Vec<String>,
}

impl TaskShape {
    /// Wait and CPU time worth standing in for: a part below 1% of the task, or below what a
    /// timer can tell, is left out.
    pub(super) fn parts(&self) -> (Option<Duration>, Option<Duration>) {
        let floor = ((self.wait + self.cpu) / 100).max(Duration::from_micros(1));
        let worth = |part: Duration| (part >= floor).then_some(part);
        (worth(self.wait), worth(self.cpu))
    }

    /// Tasks handed to a worker process at once, where a message costs what it does in Python's pool.
    pub(super) fn batch(&self, workers: usize) -> u64 {
        chunk(PYTHON_MESSAGE_S, (self.cpu + self.wait).as_secs_f64(), self.tasks, workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(tasks: u64, cpu: Duration, wait: Duration) -> TaskShape {
        TaskShape { tasks, cpu, wait, command: None, items: Vec::new() }
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
