//! Reads the board: what became of every task, written by the harness into a file.

use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::python::message::Kinds;
use crate::workload::task_outcomes::TaskOutcomes;

/// A task that ended well; what is above are failures.
const OK: u8 = 1;

/// What became of tasks.
#[derive(Debug)]
pub struct Board {
    bytes: Vec<u8>,
    tasks: usize,
    slots: usize,
}

impl Board {
    /// A board of `tasks` tasks and `slots` workers; `None` if these are not its bytes.
    pub fn new(bytes: Vec<u8>, tasks: u64, slots: usize) -> Option<Self> {
        let tasks = usize::try_from(tasks).ok()?;
        (bytes.len() == 17 * tasks + 16 * slots).then_some(Board { bytes, tasks, slots })
    }

    /// Counts every task that was started, with the failures that the harness told; `place` gives the
    /// position and the number of a task.
    pub fn tally(&self, kinds: &[Kinds], place: impl Fn(u64) -> (u64, u64)) -> TaskOutcomes {
        let mut tally = TaskOutcomes::default();
        for task in 0..self.tasks {
            let Some(took) = self.took(task as u64) else { continue };
            let result = match self.status(task) {
                OK => Ok(self.number(8 * (self.tasks + task))),
                status => Err(failure(status, kinds)),
            };
            let (position, number) = place(task as u64);
            tally.record(position, number, took, result);
        }
        tally
    }

    /// How long a task took; `None` if it was not started.
    pub fn took(&self, task: u64) -> Option<Duration> {
        let nanos = self.number(8 * usize::try_from(task).ok()?);
        (nanos > 0).then(|| Duration::from_nanos(nanos))
    }

    /// Tasks that had ended, and those that workers were at, when the harness went away.
    pub fn last_words(&self) -> (u64, Vec<u64>) {
        let ended = (0..self.tasks).filter(|task| self.number(8 * task) > 0).count() as u64;
        let slots = (0..self.slots).map(|slot| self.number(16 * self.tasks + 16 * slot));
        (ended, slots.filter(|task| *task > 0).map(|task| task - 1).collect())
    }

    fn number(&self, at: usize) -> u64 {
        let bytes = self.bytes[at..at + 8].try_into().expect("eight bytes");
        u64::from_ne_bytes(bytes)
    }

    fn status(&self, task: usize) -> u8 {
        self.bytes[16 * self.tasks + 16 * self.slots + task]
    }
}

fn failure(status: u8, kinds: &[Kinds]) -> Error {
    let told = usize::from(status).checked_sub(2).and_then(|kind| kinds.get(kind));
    match told {
        Some(kind) => Error::new(kind.code, kind.message.clone()),
        None => Error::new(Code::AsyncCancelled, "the run ended before the task did"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(latency: [u64; 4], status: [u8; 4]) -> Board {
        let words = latency.into_iter().chain([7, 0, 0, 0]).chain([3, 99]);
        let bytes = words.flat_map(u64::to_ne_bytes).chain(status).collect();
        Board::new(bytes, 4, 1).expect("of the right size")
    }

    #[test]
    fn every_task_that_was_started_is_counted() {
        let kinds = [Kinds { code: Code::TaskTimeout, message: "timed out".into() }];
        let tally = board([5_000, 6_000, 0, 9], [OK, 2, 0, 0]).tally(&kinds, |task| (task, task));
        assert_eq!((tally.counts.ok, tally.counts.timed_out, tally.counts.cancelled), (1, 1, 1));
        assert_eq!(tally.counts.started(), 3);
    }

    #[test]
    fn the_task_at_which_it_died_is_known() {
        assert_eq!(board([5, 6, 0, 0], [OK; 4]).last_words(), (2, vec![2]));
    }

    #[test]
    fn another_file_is_no_board() {
        assert!(Board::new(vec![0; 16], 4, 1).is_none());
    }
}
