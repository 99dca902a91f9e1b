//! All parts of a run, with the items that are not finished.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cluster::slurm::follow::Followed;
use crate::cluster::slurm::part::Part;
use crate::cluster::slurm::queue_state::TaskState;
use crate::job::items::JobItem;
use crate::job::scheduler::Work;

/// Time after the end of an array task in which its last records may still come: a shared directory shows them late.
const GRACE: Duration = Duration::from_secs(2);

/// What an array task has left behind.
#[derive(Debug, Default)]
pub(crate) struct LeftBehind {
    /// Items of array tasks that failed, with the reason: they are submitted again.
    pub(crate) failed: Vec<(u64, String)>,
    /// Items of array tasks that somebody has cancelled.
    pub(crate) cancelled: Vec<u64>,
}

/// The parts of a run.
#[derive(Debug)]
pub(crate) struct Parts {
    shared: PathBuf,
    parts: Vec<Part>,
    /// Items that are not finished, by their numbers.
    works: HashMap<u64, Work>,
    /// When parts were seen to be over although items are missing.
    over: HashMap<u64, Instant>,
}

impl Parts {
    /// Begins without any.
    pub(crate) fn new(shared: PathBuf) -> Self {
        Parts { shared, parts: Vec::new(), works: HashMap::new(), over: HashMap::new() }
    }

    /// Takes items that have to be run.
    pub(crate) fn take(&mut self, works: Vec<Work>) -> Vec<u64> {
        let numbers = works.iter().map(|work| work.item.number).collect();
        self.works.extend(works.into_iter().map(|work| (work.item.number, work)));
        numbers
    }

    /// Makes a part of items that were taken.
    ///
    /// # Errors
    /// When the shared directory cannot be written to.
    pub(crate) fn add(&mut self, number: u64, items: &[u64]) -> io::Result<()> {
        let items: Vec<&JobItem> =
            items.iter().filter_map(|number| self.works.get(number)).map(|work| &work.item).collect();
        self.parts.push(Part::write(&self.shared, number, &items)?);
        Ok(())
    }

    /// Takes up a part that an earlier run has made; returns the numbers of its items.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn take_up(&mut self, number: u64) -> io::Result<Vec<u64>> {
        let part = Part::read(&self.shared, number)?;
        let items = part.left.iter().copied().collect();
        self.parts.push(part);
        Ok(items)
    }

    /// Returns the number of items that are not finished.
    pub(crate) fn unfinished(&self) -> usize {
        self.works.len()
    }

    /// Returns true if nothing more is to be expected of any part.
    pub(crate) fn are_settled(&self) -> bool {
        self.parts.iter().all(|part| part.is_settled)
    }

    /// Returns the number of parts that are not settled.
    pub(crate) fn open(&self) -> u32 {
        self.parts.iter().filter(|part| !part.is_settled).count().try_into().unwrap_or(u32::MAX)
    }

    /// Returns true if one of some parts is still to be followed.
    pub(crate) fn has_open(&self, from: u64, count: u64) -> bool {
        self.parts.iter().any(|part| !part.is_settled && (from..from + count).contains(&part.number))
    }

    /// Returns the last line that a part has left in its log.
    pub(crate) fn last_words(&self, number: u64) -> Option<String> {
        self.parts.iter().find(|part| part.number == number)?.follower.last_words()
    }

    /// Returns whether a part has begun on its node.
    pub(crate) fn has_begun(&self, number: u64) -> bool {
        self.parts.iter().any(|part| part.number == number && part.follower.has_begun())
    }

    /// Returns the items that were finished since the last call.
    ///
    /// # Errors
    /// When the shared directory cannot be read.
    pub(crate) fn follow(&mut self, scratch: &Path) -> io::Result<Vec<(Work, Followed)>> {
        let mut found = Vec::new();
        for part in self.parts.iter_mut().filter(|part| !part.is_settled) {
            for followed in part.follower.next(scratch)? {
                part.left.remove(&followed.number);
                // An item that was submitted again may be finished by both.
                if let Some(work) = self.works.remove(&followed.number) {
                    found.push((work, followed));
                }
            }
            part.is_settled = part.left.is_empty();
        }
        Ok(found)
    }

    /// Settles the parts of a job that are over by what Slurm says of them; a part that it does not know is over.
    pub(crate) fn settle(
        &mut self,
        from: u64,
        count: u64,
        state: impl Fn(u64) -> TaskState,
        left: &mut LeftBehind,
    ) {
        let now = Instant::now();
        let is_of_job = |part: &&mut Part| !part.is_settled && (from..from + count).contains(&part.number);
        for part in self.parts.iter_mut().filter(is_of_job) {
            let state = state(part.number);
            if !state.is_over() {
                self.over.remove(&part.number);
                continue;
            }
            let since = *self.over.entry(part.number).or_insert(now);
            if now - since < GRACE {
                continue;
            }
            part.is_settled = true;
            let missing = part.left.iter().filter(|number| self.works.contains_key(number));
            match state {
                TaskState::Cancelled => left.cancelled.extend(missing),
                TaskState::Ended(reason) => {
                    let said = part.follower.last_words().map(|said| format!(": {said}")).unwrap_or_default();
                    left.failed.extend(missing.map(|number| (*number, format!("{reason}{said}"))));
                }
                TaskState::Waiting | TaskState::Running => {}
            }
        }
    }

    /// Takes an item that will not be finished by any part.
    pub(crate) fn give_up(&mut self, number: u64) -> Option<Work> {
        self.works.remove(&number)
    }

    /// Takes all items that are not finished.
    pub(crate) fn give_up_all(&mut self) -> Vec<Work> {
        std::mem::take(&mut self.works).into_values().collect()
    }
}
