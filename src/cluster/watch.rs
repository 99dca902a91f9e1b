//! What an observer sees of a run on an engine.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::job::committer::Reported;
use crate::job::progress::{JobProgress, RecentRate};
use crate::job::reader::Read;
use crate::job::scheduler::Scheduler;
use crate::job::shutdown::Shutdown;

/// The numbers of items of a run.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    /// All items, if known before they are read.
    pub(crate) total: Option<u64>,
    /// What the reader has found.
    pub(crate) read: &'a Read,
    /// The source of items.
    pub(crate) scheduler: &'a Scheduler,
    /// The numbers that are reported.
    pub(crate) reported: &'a Reported,
    /// The request to end.
    pub(crate) shutdown: &'a Shutdown,
}

impl Left<'_> {
    /// Returns the number of all items, with those that an earlier run had finished.
    pub(crate) fn found(&self) -> Option<u64> {
        let is_complete = self.scheduler.load().is_complete && self.shutdown.asked().is_none();
        self.total.or_else(|| is_complete.then(|| count(&self.read.found)))
    }

    /// Returns the number of items that this run has to run.
    pub(crate) fn all(&self) -> Option<u64> {
        self.found().map(|found| found.saturating_sub(count(&self.read.skipped)))
    }

    /// Returns the number of items that are not finished.
    pub(crate) fn unfinished(&self) -> Option<u64> {
        let done = count(&self.reported.ok) + count(&self.reported.failed);
        self.all().map(|all| all.saturating_sub(done))
    }

    /// Returns the state of the run, in which `width` items can run at the same time.
    pub(crate) fn progress(&self, elapsed_s: f64, width: usize, rate: &mut RecentRate) -> JobProgress {
        let (ok, failed) = (count(&self.reported.ok), count(&self.reported.failed));
        let load = self.scheduler.load();
        rate.add(elapsed_s, ok + failed);
        JobProgress {
            elapsed_s,
            ok,
            failed,
            skipped: count(&self.read.skipped),
            total: self.found(),
            // The engine has more items than have room there.
            running: load.running.min(width),
            waiting: load.waiting,
            width,
            per_second: rate.per_second(),
            left_s: self.unfinished().and_then(|left| rate.left_s(left)),
            stop: self.shutdown.asked(),
            is_held: false,
            held_for: None,
        }
    }
}

fn count(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}
