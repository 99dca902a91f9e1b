//! What processes used: CPU time and memory, from `getrusage` and `/proc`.

use nix::sys::resource::{Usage as Rusage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

/// CPU seconds, user and system apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuTime {
    /// Seconds in user mode.
    pub user_s: f64,
    /// Seconds in the kernel.
    pub system_s: f64,
}

impl CpuTime {
    /// What this process has used so far.
    pub fn of_self() -> Self {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    /// What this thread has used so far, where the system tells threads apart.
    #[cfg(target_os = "linux")]
    pub fn of_thread() -> Self {
        Self::of(UsageWho::RUSAGE_THREAD)
    }

    /// What the children that were waited for, and theirs, have used so far.
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

    /// User and system together, in seconds.
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

/// Largest resident size of this process so far, in bytes.
///
/// Not `ru_maxrss`, which a re-executed process inherits from the one that started it.
pub fn peak_rss_of_self() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| parse_peak_rss(&status))
        .or_else(|| getrusage(UsageWho::RUSAGE_SELF).ok().map(|usage| max_rss_bytes(&usage)))
        .unwrap_or(0)
}

/// Largest resident size of any one child that was waited for, in bytes; at least that of this
/// process when it started the child, because the kernel counts from there.
pub fn peak_rss_of_children() -> u64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map(|usage| max_rss_bytes(&usage)).unwrap_or(0)
}

/// `ru_maxrss` is in bytes on macOS and in KiB elsewhere.
fn max_rss_bytes(usage: &Rusage) -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).unwrap_or(0) * unit
}

/// Takes `VmHWM` out of `/proc/PID/status`, in bytes.
fn parse_peak_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Nanoseconds this thread ran and nanoseconds it waited in the run queue, where the system tells.
pub fn schedstat_of_thread() -> Option<(u64, u64)> {
    parse_schedstat(&std::fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// Parses `schedstat`: time on the CPU, time in the run queue (both ns), time slices.
pub fn parse_schedstat(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.split_whitespace().map(str::parse);
    Some((fields.next()?.ok()?, fields.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(parse_peak_rss("Name:\tconc\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
    }

    #[test]
    fn schedstat_gives_run_and_wait() {
        assert_eq!(parse_schedstat("1552092 17 2\n"), Some((1_552_092, 17)));
    }

    #[test]
    fn this_process_has_used_memory() {
        assert!(peak_rss_of_self() > 100_000);
    }
}
