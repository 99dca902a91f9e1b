//! Memory of running processes.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::host::process::{descendants, kill_tree};
use crate::host::{cgroup, procfs, slurm_memory};

/// Time between two readings of memory that is limited.
const GUARD_PERIOD: Duration = Duration::from_millis(20);

/// Pause between two readings of a peak, in the time that a reading took: 1% of a CPU.
const WATCH_PAUSES: u32 = 100;

/// Returns the resident bytes of `pid` and its descendants now; 0 if the system does not report it.
pub fn resident_of_tree(pid: u32) -> u64 {
    std::iter::once(pid).chain(descendants(pid)).filter_map(procfs::resident_bytes).sum()
}

/// Returns the bytes of memory that processes can still get: of the machine, and of the cgroup or the job of Slurm if
/// that is less; `None` if the system does not report it.
pub(crate) fn available_bytes() -> Option<u64> {
    let left_of_job = |limit: u64| limit.saturating_sub(used_by_tree(std::process::id(), limit / 2));
    let bounds = [cgroup::available_bytes(), slurm_memory::limit().map(left_of_job)];
    procfs::available_bytes().map(|bytes| bounds.into_iter().flatten().fold(bytes, u64::min))
}

/// Returns the bytes that `pid` and its descendants have in memory now. Pages that they share take time to tell apart,
/// and are counted for each of them up to `coarse_up_to` bytes in all.
pub(crate) fn used_by_tree(pid: u32, coarse_up_to: u64) -> u64 {
    let resident = resident_of_tree(pid);
    if resident > coarse_up_to { proportional_of_tree(pid) } else { resident }
}

/// Returns the bytes that `pid` and its descendants have in memory now, each page that they share counted once;
/// where the system does not report that, their resident bytes.
fn proportional_of_tree(pid: u32) -> u64 {
    let bytes = |pid| procfs::proportional_bytes(pid).or_else(|| procfs::resident_bytes(pid));
    std::iter::once(pid).chain(descendants(pid)).filter_map(bytes).sum()
}

/// Watches the memory of everything below a process.
#[derive(Debug)]
pub(crate) struct PeakMemory {
    running: mpsc::Sender<()>,
    watch: JoinHandle<u64>,
}

impl PeakMemory {
    /// Watches the descendants of `pid`, as often as costs little.
    pub(crate) fn watch(pid: u32) -> Self {
        let (running, ended) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            let (mut peak, mut pause) = (0, GUARD_PERIOD / 2);
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let begun = Instant::now();
                let now = descendants(pid).into_iter().filter_map(procfs::resident_bytes).sum();
                peak = peak.max(now);
                pause = GUARD_PERIOD.max(begun.elapsed() * WATCH_PAUSES);
            }
            peak
        });
        PeakMemory { running, watch }
    }

    /// Stops watching; returns the largest sum of resident bytes seen at one time, 0 if nothing was seen.
    pub(crate) fn end(self) -> u64 {
        drop(self.running);
        self.watch.join().expect("reading memory does not panic")
    }
}

/// Kills a process and its descendants when they hold more memory than they may.
#[derive(Debug)]
#[must_use = "the process is watched until the guard is ended"]
pub struct MemoryGuard {
    running: mpsc::Sender<()>,
    watch: JoinHandle<bool>,
}

impl MemoryGuard {
    /// Watches `pid` and its descendants, which together may hold `limit` bytes.
    ///
    /// The caller must end the guard before it reaps the process: until then the process keeps its ID.
    pub fn watch(pid: u32, limit: u64) -> Self {
        let (running, ended) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            while ended.recv_timeout(GUARD_PERIOD) == Err(RecvTimeoutError::Timeout) {
                // Only of a tree that may be too large, shared pages are told apart.
                if used_by_tree(pid, limit) > limit {
                    kill_tree(pid);
                    return true;
                }
            }
            false
        });
        MemoryGuard { running, watch }
    }

    /// Stops watching; true if the process was killed before.
    pub fn end(self) -> bool {
        drop(self.running);
        self.watch.join().expect("reading memory does not panic")
    }
}
