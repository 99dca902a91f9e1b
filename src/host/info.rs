//! The machine, as reports show it.

use serde::{Deserialize, Serialize};
use sysinfo::System;

use crate::host::{cgroup, limits, procfs, slurm_memory};
use crate::units::MAX_BYTES;

/// Description of this machine and of its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Host {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The version of the kernel.
    pub kernel: String,
    /// The model of the CPU.
    pub cpu_model: String,
    /// CPUs the machine has.
    pub cpus_logical: usize,
    /// CPUs this process may use: the least of affinity and cgroup quota; fractions are possible.
    pub cpus_effective: f64,
    /// Bytes of memory this process may use.
    pub memory_bytes: u64,
    /// Share of the last ten seconds in which some task waited for a CPU, from 0 to 1; null
    /// if the system does not report it.
    pub cpu_pressure: Option<f64>,
    /// Limits of a run.
    pub limits: HostLimits,
}

/// Limits of this process and its machine; `None` means unlimited or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HostLimits {
    /// CPUs the affinity mask allows.
    pub affinity_cpus: usize,
    /// CPUs the cgroup quota allows.
    pub cgroup_cpus: Option<f64>,
    /// Seconds after which the kernel fills up that quota.
    pub cgroup_period_s: Option<f64>,
    /// Open descriptors per process, once it has raised its limit as far as it may.
    pub open_files: Option<u64>,
    /// Open descriptors of a process that leaves the limit as it is, such as a Python interpreter or a command:
    /// the soft limit.
    pub open_files_soft: Option<u64>,
    /// Processes and threads of this user.
    pub processes: Option<u64>,
    /// Memory maps per process, which bound its threads.
    pub memory_maps: Option<u64>,
    /// Memory free now, in bytes.
    pub memory_available_bytes: u64,
    /// Bytes the cgroup allows.
    pub cgroup_memory_bytes: Option<u64>,
}

impl Host {
    /// Reads the properties of the machine.
    ///
    /// # Errors
    /// When nothing is known of the system, as with `/proc` unmounted.
    pub fn detect() -> Result<Self, sysinfo::Error> {
        let mut system = System::new()?;
        let [total, available] = memory(&mut system);
        system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
        let cgroup = cgroup::read(None);
        let affinity = affinity_cpus(None);
        let [open_files_soft, open_files] = limits::open_files();
        let bounds = [cgroup.memory_bytes, slurm_memory::limit()];
        let allowed = bounds.into_iter().flatten().fold(total, u64::min);
        Ok(Host {
            os: std::env::consts::OS.to_owned(),
            kernel: System::kernel_version().unwrap_or_default(),
            cpu_model: system.cpus().first().map(|c| c.brand().trim().to_owned()).unwrap_or_default(),
            cpus_logical: system.cpus().len().max(affinity),
            cpus_effective: effective_cpus(affinity, cgroup.cpu.map(|quota| quota.cpus)),
            memory_bytes: allowed,
            cpu_pressure: procfs::cpu_pressure().map(|pressure| pressure.avg10),
            limits: HostLimits {
                affinity_cpus: affinity,
                cgroup_cpus: cgroup.cpu.map(|quota| quota.cpus),
                cgroup_period_s: cgroup.cpu.map(|quota| quota.period_s),
                open_files,
                open_files_soft,
                processes: limits::processes(),
                memory_maps: limits::memory_maps(),
                memory_available_bytes: available.min(allowed),
                cgroup_memory_bytes: cgroup.memory_bytes,
            },
        })
    }

    /// Returns the number of workers that can compute at once: the effective CPUs, rounded up, at least 1.
    pub fn cpu_workers(&self) -> usize {
        (self.cpus_effective.ceil() as usize).max(1)
    }
}

/// Returns the memory of the machine and what of it is free, in bytes. What cannot be read bounds nothing.
fn memory(system: &mut System) -> [u64; 2] {
    // An error of a moment looks like a machine without memory.
    for _ in 0..2 {
        system.refresh_memory();
        if system.total_memory() > 0 {
            return [system.total_memory(), system.available_memory()];
        }
    }
    [MAX_BYTES; 2]
}

/// Returns the smaller of what affinity and quota allow, in CPUs.
fn effective_cpus(affinity: usize, quota: Option<f64>) -> f64 {
    let affinity = affinity as f64;
    quota.map_or(affinity, |quota| quota.min(affinity))
}

/// Returns the CPUs that process `pid` may use: the least of its affinity and its quota.
pub(crate) fn cpus_of(pid: u32) -> f64 {
    let quota = cgroup::read(Some(pid)).cpu;
    effective_cpus(affinity_cpus(Some(pid)), quota.map(|quota| quota.cpus))
}

/// Returns the number of CPUs that the affinity mask of process `pid`, or of this process, allows.
#[cfg(target_os = "linux")]
pub(crate) fn affinity_cpus(pid: Option<u32>) -> usize {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;
    sched_getaffinity(Pid::from_raw(pid.unwrap_or(0).cast_signed()))
        .map(|set| (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).count())
        .ok()
        .filter(|n| *n > 0)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into))
}

/// Returns the number of CPUs that this process may use.
#[cfg(not(target_os = "linux"))]
pub(crate) fn affinity_cpus(_pid: Option<u32>) -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_binds_only_below_the_affinity() {
        assert_eq!(effective_cpus(8, None), 8.0);
        assert_eq!(effective_cpus(8, Some(0.5)), 0.5);
        assert_eq!(effective_cpus(2, Some(64.0)), 2.0);
    }

    #[test]
    fn this_machine_has_cpus_and_memory() {
        let host = Host::detect().expect("a known system");
        assert!(host.cpus_effective > 0.0 && host.cpus_effective <= host.cpus_logical as f64);
        assert!(host.memory_bytes > 0);
    }
}
