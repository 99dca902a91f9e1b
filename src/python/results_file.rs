//! Reads the results file, in which the harness records every task; see `LAYOUT.md`.

use std::ops::Range;
use std::time::Duration;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::model::TaskInterval;
use crate::python::protocol::event::TaskErrorKind;
use crate::workload::task_outcomes::TaskOutcomes;

/// "CONCRES" and a zero byte, read as a little-endian number.
const MAGIC: u64 = u64::from_le_bytes(*b"CONCRES\0");

/// The version of the layout; `results_file.py` has the same number.
const VERSION: u64 = 2;

/// Bytes of the header: magic, version, tasks, slots and release.
const HEADER_BYTES: usize = 40;

/// Offset of the release of the tasks.
const RELEASE_AT: usize = 32;

/// Numbers of a slot.
const SLOT_WORDS: usize = 3;

/// The status of a task that succeeded; higher numbers refer to the kinds of errors.
const STATUS_OK: u8 = 1;

/// The status that refers to the first kind of error.
const FIRST_ERROR_STATUS: u8 = 2;

/// The results of tasks.
#[derive(Debug)]
pub(crate) struct ResultsFile {
    bytes: Vec<u8>,
    tasks: usize,
    slots: usize,
}

/// Reasons why bytes are not a results file of this version of conc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LayoutError {
    /// The file is missing or shorter than a header.
    #[error("the results file has no header")]
    NoHeader,
    /// The file does not start with the magic number.
    #[error("the file is not a results file")]
    NotResults,
    /// The file has another version.
    #[error("the results file has layout version {0}, expected {VERSION}")]
    Version(u64),
    /// The file has other dimensions than the request.
    #[error("the results file is for {found:?} tasks and slots, expected {expected:?}")]
    Dimensions {
        /// Tasks and slots in the header.
        found: (u64, u64),
        /// Tasks and slots in the request.
        expected: (u64, u64),
    },
    /// The file has another size than its header says.
    #[error("the results file has {found} bytes, expected {expected}")]
    Size {
        /// Bytes in the file.
        found: usize,
        /// Bytes that the dimensions need.
        expected: usize,
    },
}

impl ResultsFile {
    /// Takes the bytes of a file that was requested for `tasks` tasks and `slots` workers.
    ///
    /// # Errors
    /// If the header or the size is not as expected.
    pub(crate) fn parse(bytes: Vec<u8>, tasks: u64, slots: usize) -> Result<Self, LayoutError> {
        if bytes.len() < HEADER_BYTES {
            return Err(LayoutError::NoHeader);
        }
        let [magic, version, found_tasks, found_slots] = [0, 8, 16, 24].map(|at| number_at(&bytes, at));
        if magic != MAGIC {
            return Err(LayoutError::NotResults);
        }
        if version != VERSION {
            return Err(LayoutError::Version(version));
        }
        let (found, expected) = ((found_tasks, found_slots), (tasks, slots as u64));
        if found != expected {
            return Err(LayoutError::Dimensions { found, expected });
        }
        let tasks = usize::try_from(tasks).unwrap_or(usize::MAX);
        let expected = tasks.saturating_mul(25).saturating_add(HEADER_BYTES + 8 * SLOT_WORDS * slots);
        if bytes.len() != expected {
            return Err(LayoutError::Size { found: bytes.len(), expected });
        }
        Ok(ResultsFile { bytes, tasks, slots })
    }

    /// Counts every task that was started.
    ///
    /// `kinds` are the failures that statuses refer to; `place` returns the position and the number of a
    /// task.
    pub(crate) fn outcomes(
        &self,
        kinds: &[TaskErrorKind],
        place: impl Fn(u64) -> (u64, u64),
    ) -> TaskOutcomes {
        self.outcomes_of(0..self.tasks as u64, kinds, place)
    }

    /// Counts those of some tasks that were started, as [`outcomes`](Self::outcomes) does.
    pub(crate) fn outcomes_of(
        &self,
        tasks: Range<u64>,
        kinds: &[TaskErrorKind],
        place: impl Fn(u64) -> (u64, u64),
    ) -> TaskOutcomes {
        let mut outcomes = TaskOutcomes::default();
        for task in (0..self.tasks).filter(|task| tasks.contains(&(*task as u64))) {
            let Some(latency) = self.latency(task as u64) else { continue };
            let result = match self.status(task) {
                STATUS_OK => Ok(self.word(2 * self.tasks + task)),
                status => Err(failure(status, kinds)),
            };
            let (position, number) = place(task as u64);
            outcomes.record(position, number, latency, result);
        }
        outcomes
    }

    /// Returns the duration of a task; `None` if it did not end.
    pub(crate) fn latency(&self, task: u64) -> Option<Duration> {
        let nanos = self.word(usize::try_from(task).ok()?);
        (nanos > 0).then(|| Duration::from_nanos(nanos))
    }

    /// Returns the times of the tasks that ended, since they were released.
    pub(crate) fn intervals(&self) -> Vec<TaskInterval> {
        let released_ns = number_at(&self.bytes, RELEASE_AT);
        let interval = |task| {
            let end_ns = self.word(self.tasks + task).checked_sub(released_ns)?;
            Some(TaskInterval { start_ns: end_ns.saturating_sub(self.word(task)), end_ns })
        };
        (0..self.tasks).filter_map(interval).collect()
    }

    /// Returns the number of tasks that ended.
    pub(crate) fn ended(&self) -> u64 {
        (0..self.tasks).filter(|task| self.word(*task) > 0).count() as u64
    }

    /// Returns the tasks that workers were running when the file was last written.
    pub(crate) fn running(&self) -> Vec<u64> {
        let slots = (0..self.slots).map(|slot| self.word(3 * self.tasks + SLOT_WORDS * slot));
        slots.filter(|task| *task > 0).map(|task| task - 1).collect()
    }

    /// Returns the number at a position after the header, counted in numbers of eight bytes.
    fn word(&self, index: usize) -> u64 {
        number_at(&self.bytes, HEADER_BYTES + 8 * index)
    }

    fn status(&self, task: usize) -> u8 {
        self.bytes[HEADER_BYTES + 8 * (3 * self.tasks + SLOT_WORDS * self.slots) + task]
    }
}

fn number_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn failure(status: u8, kinds: &[TaskErrorKind]) -> Error {
    let kind = status.checked_sub(FIRST_ERROR_STATUS).and_then(|kind| kinds.get(usize::from(kind)));
    match kind {
        Some(kind) => Error::new(kind.code, kind.message.clone()),
        None => Error::new(Code::AsyncCancelled, "the run ended before the task did"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that `harness/tests/test_results_file.py` reads and writes too: four tasks, of which one
    /// succeeded, one failed, one was not started and one did not end properly; two slots, one of them busy.
    const GOLDEN: &[u8] = include_bytes!("../../tests/data/results_file_v2.bin");

    fn golden() -> ResultsFile {
        ResultsFile::parse(GOLDEN.to_vec(), 4, 2).expect("the golden file")
    }

    fn changed(at: usize, to: u64) -> Vec<u8> {
        let mut bytes = GOLDEN.to_vec();
        bytes[at..at + 8].copy_from_slice(&to.to_ne_bytes());
        bytes
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_golden_file_is_read_as_the_harness_wrote_it() {
        let kinds = [TaskErrorKind { code: Code::TaskTimeout, message: "timed out".into() }];
        let outcomes = golden().outcomes(&kinds, |task| (task, task));
        let counts = outcomes.counts;
        assert_eq!((counts.ok, counts.timed_out, counts.cancelled, counts.started()), (1, 1, 1, 3));
        assert_eq!(golden().latency(0), Some(Duration::from_nanos(5_000)));
        assert_eq!(golden().latency(2), None);
        let interval = |start_ns, end_ns| TaskInterval { start_ns, end_ns };
        assert_eq!(golden().intervals(), [interval(0, 5_000), interval(5_000, 11_000)]);
        assert_eq!((golden().ended(), golden().running()), (3, vec![2]));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_file_of_another_layout_is_refused() {
        let refused =
            |bytes: Vec<u8>| ResultsFile::parse(bytes, 4, 2).map(|_| ()).expect_err("another layout");
        assert_eq!(refused(Vec::new()), LayoutError::NoHeader);
        assert_eq!(refused(changed(0, 1)), LayoutError::NotResults);
        assert_eq!(refused(changed(8, 3)), LayoutError::Version(3));
        assert_eq!(refused(changed(8, 3)).to_string(), "the results file has layout version 3, expected 2");
        let dimensions = LayoutError::Dimensions { found: (5, 2), expected: (4, 2) };
        assert_eq!(refused(changed(16, 5)), dimensions);
        let cut = GOLDEN[..GOLDEN.len() - 1].to_vec();
        assert_eq!(refused(cut), LayoutError::Size { found: GOLDEN.len() - 1, expected: GOLDEN.len() });
    }
}
