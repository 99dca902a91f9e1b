//! Plain values for tests.

use std::time::Duration;

use crate::benchmark::conditions::{Conditions, Subject};
use crate::benchmark::params::SizingParams;
use crate::benchmark::plan::{Plan, Selection};
use crate::benchmark::sizing::Sizing;
use crate::host::info::{Host, HostLimits};
use crate::host::usage::CpuTime;
use crate::profile::result::{Class, Confidence, ConfidenceReason, Profile, TaskCost, Waits};
use crate::strategy::run::RunReport;
use crate::workload::Items;
use crate::workload::spec::{CpuSpec, Kernel, SleepSpec, StepSpec, Workload, WorkloadSource};
use crate::workload::task_outcomes::TaskOutcomes;

/// A quiet machine with `cpus` CPUs and the usual limits.
pub(crate) fn host(cpus: usize) -> Host {
    Host {
        os: "linux".into(),
        kernel: String::new(),
        cpu_model: String::new(),
        cpus_logical: cpus,
        cpus_effective: cpus as f64,
        memory_bytes: 24 << 30,
        cpu_pressure: Some(0.0),
        limits: HostLimits {
            affinity_cpus: cpus,
            cgroup_cpus: None,
            cgroup_period_s: None,
            open_files: Some(20_000),
            open_files_soft: Some(20_000),
            processes: Some(96_000),
            memory_maps: Some(65_530),
            memory_available_bytes: 20 << 30,
            cgroup_memory_bytes: None,
        },
    }
}

/// The sizes of batches of `tasks` tasks that take `task_s` seconds each, on two CPUs.
pub(crate) fn sizing(tasks: u64, task_s: f64, budget: Duration) -> Sizing {
    Sizing {
        longest_s: 0.0,
        tasks,
        task_s,
        budget,
        cpus: 2.0,
        quota: None,
        is_thorough: false,
        params: SizingParams::default(),
    }
}

/// A workload whose tasks only sleep.
pub(crate) fn sleeping(tasks: u64) -> Workload {
    Workload::new(
        "sleeping",
        WorkloadSource::Inline,
        Items::Count(tasks),
        vec![StepSpec::Sleep(SleepSpec { duration: Duration::from_millis(20) })],
    )
}

/// A workload whose tasks only compute.
pub(crate) fn computing(tasks: u64) -> Workload {
    let cpu = CpuSpec { kernel: Kernel::Sha256, work: Duration::from_millis(5), iterations: Some(1000) };
    Workload { steps: vec![StepSpec::Cpu(cpu)], ..sleeping(tasks) }
}

/// A profile of tasks that cost `cpu_s` and wait `wait_s`.
pub(crate) fn profile(cpu_s: f64, wait_s: f64) -> Profile {
    let cpu_fraction = cpu_s / (cpu_s + wait_s);
    Profile {
        class: Some(if cpu_fraction > 0.75 { Class::CpuBound } else { Class::IoBound }),
        confidence: Confidence::High,
        confidence_reason: ConfidenceReason::Unspecified,
        cpu_fraction,
        cpu_user_s: cpu_s,
        cpu_system_s: 0.0,
        wall_s: cpu_s + wait_s,
        runqueue_s: 0.0,
        waits: Waits::default(),
        task: TaskCost { cpu_s, wait_s },
        polling: None,
        preparation_s: 0.0,
        threads_at_once: 1.0,
        samples: 50,
        tasks: 1,
        steps: Vec::new(),
        python: None,
        dispersion: None,
        tree: None,
    }
}

/// The plan of everything that fits, on a quiet machine.
pub(crate) fn plan(workload: &Workload, profile: &Profile, host: &Host) -> Plan {
    let conditions = &Conditions::usual(host);
    Plan::new(&Subject { workload, profile, host, conditions }, &Selection::default())
}

/// A batch of `tasks` tasks that each took `task_s`, `width` at a time.
pub(crate) fn report(tasks: u64, width: usize, task_s: f64) -> RunReport {
    let mut tally = TaskOutcomes::default();
    (0..tasks).for_each(|i| tally.record(i, i, Duration::from_secs_f64(task_s), Ok(i)));
    let waves = tasks.div_ceil(width as u64) as f64;
    RunReport {
        startup_s: 0.0,
        wall_s: waves * task_s,
        most_busy: width as u64,
        full_pipe: None,
        cpu: CpuTime::default(),
        instructions: None,
        peak_rss_bytes: 1,
        peak_pss_bytes: None,
        ledger: None,
        tally,
    }
}
