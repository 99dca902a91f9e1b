//! One snapshot of a process tree, and totals over all snapshots so far.

use std::collections::HashMap;

use crate::host::procfs::Schedstat;
use crate::profile::result::WaitKind;
use crate::profile::sampling::blocked::BlockedOn;
use crate::profile::sampling::timed_wait::TimedEnds;
use crate::profile::sampling::wait_counts::WaitCounts;

/// Identity of a thread for as long as it lives, because thread IDs are reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadKey {
    /// ID of the process.
    pub pid: u32,
    /// ID of the thread.
    pub tid: u32,
    /// Start time, in clock ticks since boot.
    pub started: u64,
}

/// Activity of a thread at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadState {
    /// Running, or waiting for a CPU.
    Runnable,
    /// Waiting for something else; `None` if the wait was over before its kind could be seen.
    Blocked(Option<WaitKind>),
}

/// One thread in a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadSample {
    /// The thread.
    pub key: ThreadKey,
    /// Activity of the thread.
    pub state: ThreadState,
    /// CPU seconds since the previous snapshot.
    pub run_s: f64,
    /// Seconds in the run queue since the previous snapshot, as far as the kernel has credited them.
    pub queued_s: f64,
    /// True if the thread was given a CPU since the previous snapshot.
    pub was_scheduled: bool,
}

/// Every thread of a tree at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The threads.
    pub threads: Vec<ThreadSample>,
    /// True if some thread ran while the snapshot was taken, so that not all can have been blocked.
    pub ran_meanwhile: bool,
    /// The parents of the processes.
    pub parents: HashMap<u32, u32>,
    /// True if the tree existed at all.
    pub has_root: bool,
}

/// Totals of one thread over all snapshots so far.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadRecord {
    /// Name of the thread.
    pub name: String,
    /// Totals of the kernel when sampling began.
    pub before: Schedstat,
    /// Totals of the kernel at the last snapshot.
    pub last: Schedstat,
    /// Number of snapshots with this thread.
    pub samples: u64,
    /// Number of snapshots that found the thread runnable.
    pub runnable: u64,
    /// Kinds of waits in the other snapshots.
    pub waited: WaitCounts,
    /// Cause of the current wait, kept until the thread is scheduled again.
    pub(super) blocked_on: Option<BlockedOn>,
    /// Generation of the list of channels by which that cause was found.
    pub(super) channels: u64,
    /// Ends of its waits that had a time limit.
    pub(super) timed_ends: TimedEnds,
}

impl ThreadRecord {
    /// Creates the record of a thread that has not been sampled yet.
    pub(super) fn new(before: Schedstat) -> Self {
        ThreadRecord {
            name: String::new(),
            before,
            last: before,
            samples: 0,
            runnable: 0,
            waited: WaitCounts::default(),
            blocked_on: None,
            channels: 0,
            timed_ends: TimedEnds::default(),
        }
    }

    /// Returns seconds run and seconds queued since sampling began.
    pub fn total_s(&self) -> (f64, f64) {
        elapsed_s(self.before, self.last)
    }
}

/// Returns seconds run and seconds queued between two readings.
pub(super) fn elapsed_s(before: Schedstat, after: Schedstat) -> (f64, f64) {
    let seconds = |before: u64, after: u64| after.saturating_sub(before) as f64 * 1e-9;
    (seconds(before.run_ns, after.run_ns), seconds(before.wait_ns, after.wait_ns))
}
