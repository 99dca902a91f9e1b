//! Builders of workloads, profiles, machines and results for the tests of the advice.

use std::time::Duration;

use crate::benchmark::result::{Posterior, Reason, Round, Status, TaskCounts};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::diagnostics::Code;
use crate::host::Host;
use crate::host::info::HostLimits;
use crate::profile::result::{
    Confidence, ConfidenceReason, PythonProfile, PythonStep, StepCost, TaskCost, Waits,
};
use crate::profile::{Class, Profile};
use crate::strategy::StrategyKind;
use crate::workload::spec::{
    CommandSpec, CpuSpec, HttpSpec, Kernel, LockSpec, ReadSpec, SleepSpec, SqliteSpec, StepNature, StepSpec,
    WorkloadSource,
};
use crate::workload::{Items, Workload};

/// Number of rounds of every test cell.
const ROUNDS: u32 = 8;
/// Number of tasks of every test cell.
const TASKS_PER_CELL: u64 = 2000;

pub(crate) fn workload(tasks: u64, steps: Vec<StepSpec>) -> Workload {
    Workload::new("test", WorkloadSource::File, Items::Count(tasks), steps)
}

pub(crate) fn sleep() -> StepSpec {
    StepSpec::Sleep(SleepSpec { duration: Duration::from_millis(10) })
}

pub(crate) fn cpu() -> StepSpec {
    StepSpec::Cpu(CpuSpec { kernel: Kernel::Sha256, work: Duration::from_millis(1), iterations: None })
}

pub(crate) fn http() -> StepSpec {
    let url = "fixture:/page/{item}".to_owned();
    StepSpec::Http(HttpSpec { url, method: "GET".to_owned(), body: None, pool: true })
}

pub(crate) fn read() -> StepSpec {
    StepSpec::Read(ReadSpec { path: "data".to_owned() })
}

pub(crate) fn lock(name: &str) -> StepSpec {
    StepSpec::Lock(LockSpec { name: name.to_owned(), hold: Duration::from_millis(5) })
}

pub(crate) fn sqlite(writes: bool) -> StepSpec {
    let query = "insert into t values (?1)".to_owned();
    StepSpec::Sqlite(SqliteSpec { path: None, setup: None, query, writes })
}

pub(crate) fn command() -> StepSpec {
    StepSpec::Command(CommandSpec { argv: vec!["true".to_owned()], ignore_failure: false })
}

/// Returns a profile with its CPU time spread over the CPU steps and its wait over the others.
pub(crate) fn profile(workload: &Workload, class: Class, cpu_s: f64, wait_s: f64) -> Profile {
    let computing = workload.steps.iter().filter(|s| s.nature() == StepNature::Cpu).count();
    let waiting = workload.steps.len() - computing;
    let steps = workload.steps.iter().map(|step| StepCost {
        kind: step.kind().to_owned(),
        wall_s: match step.nature() {
            StepNature::Cpu => cpu_s / computing as f64,
            _ => wait_s / waiting as f64,
        },
        variation: None,
    });
    Profile {
        class: Some(class),
        confidence: Confidence::High,
        confidence_reason: ConfidenceReason::Unspecified,
        cpu_fraction: cpu_s / (cpu_s + wait_s),
        cpu_user_s: cpu_s * 50.0,
        cpu_system_s: 0.0,
        wall_s: (cpu_s + wait_s) * 50.0,
        runqueue_s: 0.0,
        waits: Waits { network: 1.0, ..Waits::default() },
        task: TaskCost { cpu_s, wait_s },
        polling: None,
        preparation_s: 0.0,
        threads_at_once: 1.0,
        samples: 100,
        tasks: 50,
        steps: steps.collect(),
        python: None,
        dispersion: None,
        tree: None,
    }
}

pub(crate) fn host(cpus: f64) -> Host {
    Host {
        os: "linux".to_owned(),
        kernel: "6".to_owned(),
        cpu_model: "test".to_owned(),
        cpus_logical: cpus.ceil() as usize,
        cpus_effective: cpus,
        memory_bytes: 8 << 30,
        cpu_pressure: None,
        limits: HostLimits {
            affinity_cpus: cpus.ceil() as usize,
            cgroup_cpus: None,
            cgroup_period_s: None,
            open_files: Some(1024),
            open_files_soft: Some(1024),
            processes: None,
            memory_maps: Some(65_530),
            memory_available_bytes: 8 << 30,
            cgroup_memory_bytes: None,
        },
    }
}

/// Returns a cell with rounds that spread by 1% around `per_s`.
pub(crate) fn cell(strategy: StrategyKind, width: usize, per_s: f64) -> ConfigurationResult {
    noisy(strategy, width, per_s, 0.01)
}

/// Returns a cell with rounds that spread by `spread` around `per_s`, deterministically.
pub(crate) fn noisy(strategy: StrategyKind, width: usize, per_s: f64, spread: f64) -> ConfigurationResult {
    let seed = strategy as u64 * 1009 + width as u64;
    let rounds = (0..ROUNDS).map(|round| Round {
        round,
        throughput_per_s: per_s * (1.0 + spread * (2.0 * uniform(seed * 31 + u64::from(round)) - 1.0)),
    });
    ConfigurationResult {
        throughput_per_s: Some(per_s),
        tasks: TaskCounts { ok: TASKS_PER_CELL, ..TaskCounts::default() },
        rounds: rounds.collect(),
        ..ConfigurationResult::without_numbers(Configuration::new(strategy, width), Status::Ok, None)
    }
}

/// Returns a pseudorandom number from 0 to 1: the output function of SplitMix64.
fn uniform(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// Returns the cells of a strategy whose throughput is a function of the width.
pub(crate) fn curve(
    strategy: StrategyKind,
    widths: &[usize],
    per_s: impl Fn(f64) -> f64,
) -> Vec<ConfigurationResult> {
    widths.iter().map(|n| cell(strategy, *n, per_s(*n as f64))).collect()
}

/// Returns the cell with a share of its tasks failed.
pub(crate) fn failing(mut cell: ConfigurationResult, share: f64) -> ConfigurationResult {
    let failed = (share * TASKS_PER_CELL as f64) as u64;
    cell.tasks = TaskCounts { ok: TASKS_PER_CELL - failed, failed, ..TaskCounts::default() };
    cell
}

/// Returns a cell that was not run.
pub(crate) fn skipped(strategy: StrategyKind, width: usize, reason: &str) -> ConfigurationResult {
    ConfigurationResult::without_numbers(
        Configuration::new(strategy, width),
        Status::Skipped,
        Some(Reason::new(Code::HostLimit, reason)),
    )
}

/// Returns a belief of a throughput and its interval.
pub(crate) fn believed(throughput_per_s: f64, credible95: [f64; 2]) -> Posterior {
    Posterior { throughput_per_s, credible95, near_best: 0.5, near_leader: 0.5, expected_regret: 0.0 }
}

/// Returns a Python callable that holds the GIL for this share of its computing, as a coroutine or not.
pub(crate) fn callable(gil_held: f64, is_blocking: bool) -> PythonProfile {
    let (blocking, awaitable) = (is_blocking, !is_blocking);
    let step = PythonStep { name: "work".into(), blocking, awaitable, cpu_fraction: 0.5 };
    PythonProfile::of_steps(gil_held, vec![step])
}

/// Returns the cell with `cpu_s_per_task` CPU seconds per task.
pub(crate) fn with_cpu(cell: ConfigurationResult, cpu_s_per_task: f64) -> ConfigurationResult {
    ConfigurationResult { cpu_s_per_task: Some(cpu_s_per_task), ..cell }
}
