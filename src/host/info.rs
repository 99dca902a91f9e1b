//! The machine as it is told in reports.

use serde::{Deserialize, Serialize};

/// What this machine is and allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Host {
    /// The operating system, such as `linux`.
    pub os: String,
    /// Its kernel version.
    pub kernel: String,
    /// The model of the CPU.
    pub cpu_model: String,
    /// CPUs the machine has.
    pub cpus_logical: usize,
    /// CPUs this process may use: the least of affinity and cgroup quota; fractions are possible.
    pub cpus_effective: f64,
    /// Bytes of memory this process may use.
    pub memory_bytes: u64,
    /// Share of the last ten seconds in which some task waited for a CPU, where the system tells.
    pub cpu_pressure: Option<f64>,
    /// What bounds a run.
    pub limits: HostLimits,
}

/// Limits of this process and its machine; `None` means unlimited or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HostLimits {
    /// CPUs the affinity mask allows.
    pub affinity_cpus: usize,
    /// CPUs the cgroup quota allows.
    pub cgroup_cpus: Option<f64>,
    /// Open descriptors per process.
    pub open_files: Option<u64>,
    /// Processes and threads of this user.
    pub processes: Option<u64>,
    /// Memory free now, in bytes.
    pub memory_available_bytes: u64,
    /// Bytes the cgroup allows.
    pub cgroup_memory_bytes: Option<u64>,
}
