//! Memory that running processes hold.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::host::process::{descendants, kill_tree};

/// How often memory is looked at where it is limited.
const PERIOD: Duration = Duration::from_millis(20);

/// Resident bytes of `pid` and its descendants now; 0 where the system does not tell.
pub fn resident_of_tree(pid: u32) -> u64 {
    std::iter::once(pid).chain(descendants(pid)).map(resident).sum()
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
    /// The caller must end the guard before it reaps the process: until then the number is its own.
    pub fn watch(pid: u32, limit: u64) -> Self {
        let (running, ended) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if resident_of_tree(pid) > limit {
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
        self.watch.join().expect("looking at memory does not panic")
    }
}

fn resident(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|p| p.parse().ok()).unwrap_or(0);
    pages * page_size()
}

fn page_size() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, i64::cast_unsigned)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_memory() {
        assert!(resident_of_tree(std::process::id()) > 100_000);
    }

    #[test]
    fn a_process_that_holds_too_much_is_killed_and_one_that_does_not_is_left_alone() {
        let start = || std::process::Command::new("sleep").arg("600").spawn().expect("sleep");
        let (mut greedy, mut modest) = (start(), start());
        let strict = MemoryGuard::watch(greedy.id(), 0);
        let lenient = MemoryGuard::watch(modest.id(), u64::MAX);
        // Watched without being reaped, as the guard demands.
        while !strict.watch.is_finished() {
            std::thread::yield_now();
        }
        assert!(strict.end() && !lenient.end());
        assert!(!greedy.wait().expect("wait").success());
        assert!(modest.try_wait().expect("wait").is_none());
        modest.kill().and_then(|()| modest.wait()).expect("killed");
    }
}
