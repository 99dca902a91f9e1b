//! Limits of the control groups of a process, in version 1 and 2 of the hierarchy.

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

/// Reads the limits that bind process `pid`, or this process: the smallest along its path in the hierarchy.
pub(crate) fn read(pid: Option<u32>) -> CgroupLimits {
    let groups = procfs::cgroups(pid);
    let mut limits = CgroupLimits::default();
    for dir in directories(&groups, "cpu") {
        limits.cpu = smaller(limits.cpu, cpu_quota(&dir));
    }
    for dir in directories(&groups, "memory") {
        limits.memory_bytes = smaller(limits.memory_bytes, memory_limit(&dir));
    }
    limits
}

/// Returns the bytes that the control groups of this process still allow; `None` if they set no limit. Files in
/// the page cache that nobody has used lately count as free.
pub(crate) fn available_bytes() -> Option<u64> {
    let of_group = |dir: PathBuf| {
        let limit = memory_limit(&dir)?;
        let v1 = || read_number(&dir.join("memory.usage_in_bytes"));
        let used = read_number(&dir.join("memory.current")).or_else(v1)?;
        let cached = fs::read_to_string(dir.join("memory.stat")).ok().and_then(|text| inactive_file(&text));
        Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
    };
    directories(&procfs::cgroups(None), "memory").into_iter().filter_map(of_group).min()
}

/// Returns the directory of the group of this process in version 2 of the hierarchy; `None` without one.
pub(crate) fn own_directory() -> Option<PathBuf> {
    directories(&procfs::cgroups(None), "").into_iter().next()
}

/// Takes the bytes of the page cache that were not used lately out of `memory.stat`.
fn inactive_file(text: &str) -> Option<u64> {
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix("inactive_file "))?.trim().parse().ok()
}

/// Returns the directories of the groups that may have a CPU quota for process `pid`: its own and those above.
pub(crate) fn cpu_groups(pid: u32) -> Vec<PathBuf> {
    directories(&procfs::cgroups(Some(pid)), "cpu")
}

/// Returns the CPU quota of one group, in either version.
pub(crate) fn cpu_quota(dir: &Path) -> Option<CpuQuota> {
    match fs::read_to_string(dir.join("cpu.max")) {
        Ok(text) => parse_cpu_max(&text),
        Err(_) => read_cpu_v1(dir),
    }
}

/// Returns the directories of the groups with a controller, each before the one above it.
fn directories(groups: &[(String, String)], controller: &str) -> Vec<PathBuf> {
    let has = |controllers: &str| controllers.split(',').any(|name| name == controller);
    let of = |(controllers, path): &(String, String)| match controllers.as_str() {
        "" => ancestors(Path::new("/sys/fs/cgroup"), path),
        named if has(named) => ancestors(&Path::new("/sys/fs/cgroup").join(controller), path),
        _ => Vec::new(),
    };
    groups.iter().flat_map(of).collect()
}

/// Returns the group's own directory and every one above it up to `root`; none for a group outside of `root`,
/// which the namespace of this process hides.
fn ancestors(root: &Path, path: &str) -> Vec<PathBuf> {
    let relative = Path::new(path.trim_start_matches('/'));
    if relative.starts_with("..") {
        return Vec::new();
    }
    relative.ancestors().map(|part| root.join(part)).collect()
}

/// Gives a text to every parser, for tests of any text.
pub(super) fn parse_any(text: &str) {
    inactive_file(text);
    parse_cpu_max(text);
    for (_, path) in procfs::parse_cgroups(text) {
        ancestors(Path::new("/sys/fs/cgroup"), &path);
    }
}

fn memory_limit(dir: &Path) -> Option<u64> {
    // Version 1 writes "no limit" as the largest multiple of a page.
    let v1 = || read_number(&dir.join("memory.limit_in_bytes")).filter(|bytes| *bytes < 1 << 60);
    read_number(&dir.join("memory.max")).or_else(v1)
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
    fn the_page_cache_is_found() {
        assert_eq!(inactive_file("anon 5\nactive_file 6\ninactive_file 4096\n"), Some(4096));
    }

    #[test]
    fn every_group_up_to_the_root_counts() {
        let dirs = ancestors(Path::new("/r"), "/a/b");
        assert_eq!(dirs, [Path::new("/r/a/b"), Path::new("/r/a"), Path::new("/r")]);
        assert!(ancestors(Path::new("/r"), "/../b").is_empty());
    }

    #[test]
    fn a_controller_is_in_one_of_the_hierarchies() {
        let groups = [("cpu,cpuacct", "/a"), ("cpuset", "/c"), ("", "/d")];
        let groups = groups.map(|(controllers, path)| (controllers.to_owned(), path.to_owned()));
        let expected = ["/sys/fs/cgroup/cpu/a", "/sys/fs/cgroup/cpu/", "/sys/fs/cgroup/d", "/sys/fs/cgroup/"];
        assert_eq!(directories(&groups, "cpu"), expected.map(PathBuf::from));
    }

    #[test]
    fn limits_of_both_versions_are_found_in_their_files() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write("cpu.cfs_quota_us", "150000\n");
        write("cpu.cfs_period_us", "100000\n");
        write("memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(cpu_quota(directory.path()), Some(CpuQuota { cpus: 1.5, period_s: 0.1 }));
        assert_eq!(memory_limit(directory.path()), None);
        write("cpu.max", "50000 100000\n");
        write("memory.max", "1048576\n");
        assert_eq!(cpu_quota(directory.path()), Some(CpuQuota { cpus: 0.5, period_s: 0.1 }));
        assert_eq!(memory_limit(directory.path()), Some(1 << 20));
    }
}
