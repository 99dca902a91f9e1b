//! CPU time and memory of processes, from `getrusage` and `/proc`.

use nix::sys::resource::{Usage as Rusage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use crate::host::procfs;

/// CPU time in user mode and in the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuTime {
    /// Seconds in user mode.
    pub user_s: f64,
    /// Seconds in the kernel.
    pub system_s: f64,
}

impl CpuTime {
    /// Returns the CPU time that this process has used so far.
    pub fn of_self() -> Self {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    /// Returns the CPU time that this thread has used so far.
    #[cfg(target_os = "linux")]
    pub fn of_thread() -> Self {
        Self::of(UsageWho::RUSAGE_THREAD)
    }

    /// Returns the CPU time of the children that were waited for, and of the children that those waited for.
    pub fn of_children() -> Self {
        Self::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(who: UsageWho) -> Self {
        getrusage(who).map(|usage| Self::from_rusage(&usage)).unwrap_or_default()
    }

    fn from_rusage(usage: &Rusage) -> Self {
        CpuTime {
            user_s: usage.user_time().num_microseconds() as f64 * 1e-6,
            system_s: usage.system_time().num_microseconds() as f64 * 1e-6,
        }
    }

    /// Returns user and system time together, in seconds.
    pub fn total_s(&self) -> f64 {
        self.user_s + self.system_s
    }
}

impl std::ops::Add for CpuTime {
    type Output = CpuTime;

    fn add(self, other: CpuTime) -> CpuTime {
        CpuTime { user_s: self.user_s + other.user_s, system_s: self.system_s + other.system_s }
    }
}

impl std::ops::Sub for CpuTime {
    type Output = CpuTime;

    fn sub(self, earlier: CpuTime) -> CpuTime {
        CpuTime { user_s: self.user_s - earlier.user_s, system_s: self.system_s - earlier.system_s }
    }
}

/// Returns the largest resident size of this process so far, in bytes.
///
/// Not `ru_maxrss`, which a re-executed process inherits from the one that started it.
pub(crate) fn peak_rss_of_self() -> u64 {
    procfs::own_peak_rss_bytes()
        .or_else(|| getrusage(UsageWho::RUSAGE_SELF).ok().map(|usage| max_rss_bytes(&usage)))
        .unwrap_or(0)
}

/// Returns the largest resident size of any one child that was waited for, in bytes; at least that of this
/// process when it started the child, because the kernel counts from there.
pub(crate) fn peak_rss_of_children() -> u64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map(|usage| max_rss_bytes(&usage)).unwrap_or(0)
}

/// `ru_maxrss` is in bytes on macOS and in KiB elsewhere.
fn max_rss_bytes(usage: &Rusage) -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).unwrap_or(0) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_memory() {
        assert!(peak_rss_of_self() > 100_000);
    }
}
