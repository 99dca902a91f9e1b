//! Limits of the control groups of this process, in version 1 and 2 of the hierarchy.

use std::fs;
use std::path::{Path, PathBuf};

use crate::host::procfs;

/// Limits of the control groups; `None` means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct CgroupLimits {
    /// CPU time.
    pub cpu: Option<CpuQuota>,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
}

/// A limit on CPU time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CpuQuota {
    /// CPUs, as quota over period.
    pub cpus: f64,
    /// Seconds after which the quota is filled up.
    pub period_s: f64,
}

impl CpuQuota {
    /// Returns the quota of so many microseconds in every period of so many.
    fn new(quota: f64, period: f64) -> Option<Self> {
        (period > 0.0).then(|| CpuQuota { cpus: quota / period, period_s: period / 1e6 })
    }
}

impl PartialOrd for CpuQuota {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.cpus.partial_cmp(&other.cpus)
    }
}

/// Reads the limits that bind this process: the smallest along its path in the hierarchy.
pub(crate) fn read() -> CgroupLimits {
    let mut limits = CgroupLimits::default();
    for (controllers, path) in procfs::cgroups() {
        let path = path.as_str();
        if controllers.is_empty() {
            for dir in ancestors(Path::new("/sys/fs/cgroup"), path) {
                limits.cpu = smaller(limits.cpu, read_cpu_v2(&dir));
                limits.memory_bytes = smaller(limits.memory_bytes, read_number(&dir.join("memory.max")));
            }
        } else if controllers.split(',').any(|c| c == "cpu") {
            for dir in ancestors(Path::new("/sys/fs/cgroup/cpu"), path) {
                limits.cpu = smaller(limits.cpu, read_cpu_v1(&dir));
            }
        } else if controllers.split(',').any(|c| c == "memory") {
            for dir in ancestors(Path::new("/sys/fs/cgroup/memory"), path) {
                let bytes = read_number(&dir.join("memory.limit_in_bytes"));
                // Version 1 writes "no limit" as the largest multiple of a page.
                limits.memory_bytes = smaller(limits.memory_bytes, bytes.filter(|b| *b < 1 << 60));
            }
        }
    }
    limits
}

/// Returns the group's own directory and every one above it up to `root`.
fn ancestors(root: &Path, path: &str) -> Vec<PathBuf> {
    let relative = Path::new(path.trim_start_matches('/'));
    relative.ancestors().map(|part| root.join(part)).collect()
}

fn read_cpu_v2(dir: &Path) -> Option<CpuQuota> {
    parse_cpu_max(&fs::read_to_string(dir.join("cpu.max")).ok()?)
}

/// Parses `cpu.max`: `max 100000` or `50000 100000`, quota and period in microseconds.
fn parse_cpu_max(text: &str) -> Option<CpuQuota> {
    let mut fields = text.split_whitespace();
    let quota: f64 = fields.next()?.parse().ok()?;
    let period: f64 = fields.next()?.parse().ok()?;
    CpuQuota::new(quota, period)
}

fn read_cpu_v1(dir: &Path) -> Option<CpuQuota> {
    let quota = fs::read_to_string(dir.join("cpu.cfs_quota_us")).ok()?;
    let quota: f64 = quota.trim().parse().ok().filter(|q| *q > 0.0)?;
    let period: f64 = fs::read_to_string(dir.join("cpu.cfs_period_us")).ok()?.trim().parse().ok()?;
    CpuQuota::new(quota, period)
}

fn read_number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn smaller<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_over_period_gives_cpus() {
        assert_eq!(parse_cpu_max("50000 100000\n"), Some(CpuQuota { cpus: 0.5, period_s: 0.1 }));
        assert_eq!(parse_cpu_max("50000 0\n"), None);
        assert_eq!(parse_cpu_max("max 100000\n"), None);
    }

    #[test]
    fn every_group_up_to_the_root_counts() {
        let dirs = ancestors(Path::new("/r"), "/a/b");
        assert_eq!(dirs, [Path::new("/r/a/b"), Path::new("/r/a"), Path::new("/r")]);
    }
}
