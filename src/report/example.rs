//! A fixed report for tests, with a failure and a skip in it.

mod gate;

use crate::advice::comparison::{Comparison, ComparisonCode};
use crate::advice::confidence::ChoiceConfidenceReason;
use crate::advice::decision_tree::{DecisionPath, TreeStep};
use crate::advice::limiting_factor::{LimitingFactor, SharedResource};
use crate::advice::result::{CodeExample, Fallback, Recommendation};
use crate::advice::scaling::{FitStatus, Model, PeakStatus, Usl};
use crate::advice::seen::RunnerUpFigures;
use crate::advice::verdict::{Agreement, Basis, ChoiceVerdict};
use crate::advice::{Note, Objective};
use crate::benchmark::result::{ErrorCount, Latency, LedgerPerTask, Reason, Round, Status, TaskCounts};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::cluster;
use crate::cluster::advise::AdvisedJob;
use crate::cluster::engine_advice::{EngineAdvice, EngineMeasurement, MachineMeasurement};
use crate::diagnostics::Code;
use crate::host::Host;
use crate::host::contention::Contention;
use crate::host::info::HostLimits;
use crate::job::engine_report::EngineKind;
use crate::profile::Profile;
use crate::profile::result::{
    Class, Confidence, ConfidenceReason, Dispersion, SlowTask, StepCost, TaskCost, Unknown, WaitKind, Waits,
};
use crate::profile::result::{
    Exit, ExitStatus, Pattern, Phase, ProcessUse, SampleSource, Sampling, Series, ThreadUse, Tree, Workers,
};
use crate::report::document::{
    BenchReport, CommandName, FailedWorkload, Report, Warning, WorkloadRuntime, WorkloadSummary,
};
use crate::stats::ratio::UncertainOrdering;
use crate::strategy::StrategyKind;
use crate::workload::spec::WorkloadSource;

/// Returns a report of `advise`.
pub(crate) fn advise() -> Report {
    let workload = WorkloadSummary {
        name: "web-scraper".to_owned(),
        source: WorkloadSource::Sample,
        runtime: WorkloadRuntime::Native,
        tasks: 200,
        definition: "0123456789abcdef".to_owned(),
        identity: "fedcba9876543210".to_owned(),
    };
    Report {
        profile: Some(profile()),
        cells: cells(),
        model: Some(model()),
        recommendation: Some(recommendation()),
        warnings: vec![
            Warning::new(Code::NoteRepeated, "the 200 items are run again and again"),
            Warning::new(Code::NoteFixtureCpu, "the embedded server used 31% of the CPUs"),
        ],
        ..Report::new(CommandName::Advise, host(), workload)
    }
}

fn model() -> Model {
    let usl = Usl {
        sigma: Some(0.004),
        kappa: Some(2e-6),
        lambda: Some(22.2),
        status: FitStatus::Fitted,
        peak_status: Some(PeakStatus::Beyond),
        residual: Some(0.01),
        ..Usl::not_fitted()
    };
    Model { usl, amdahl: None, strategy: Some(StrategyKind::Async) }
}

/// Returns the advice about a cluster that pays for the work of [`advise`].
pub(crate) fn engine_advice() -> EngineAdvice {
    let measured = EngineMeasurement {
        kind: EngineKind::Dask,
        address: Some("tcp://10.0.0.1:8786".to_owned()),
        version: Some("2026.8.0".to_owned()),
        threads: 16,
        inner_width: 1,
        ok: 8_000,
        failed: 2,
        throughput_per_s: 1_600.0,
        start_s: 3.0,
        message_s: Some(0.002),
        chunk_items: Some(20.0),
    };
    let strategy = StrategyKind::Processes;
    let machine =
        MachineMeasurement { strategy, width: 2, throughput_per_s: 200.0, start_s: 1.0, task_s: 0.010 };
    let code = vec![CodeExample {
        language: "python".to_owned(),
        title: "dask.distributed, 160 items in a message".to_owned(),
        code: "print()\n".to_owned(),
    }];
    let asked = AdvisedJob { tasks: 5_000, cpus_per_task: 1, shared_per_s: None };
    cluster::advise::advise(measured, machine, asked, code)
}

/// Returns a report of `bench`.
pub(crate) fn bench() -> BenchReport {
    let mut second = advise();
    second.workload.name = "hash-cpu".to_owned();
    second.recommendation = None;
    second.gate = Some(gate::empty_gate());
    let broken = FailedWorkload {
        name: "jobs/broken.toml".to_owned(),
        code: Some(Code::WorkloadEmpty),
        message: "it has no step".to_owned(),
    };
    BenchReport { failed: vec![broken], ..BenchReport::new(host(), vec![gated(), second]) }
}

/// Returns a report of `bench` on one workload that is compared with an earlier run.
pub(crate) fn gated() -> Report {
    Report {
        command: CommandName::Bench,
        series: Some(gate::series()),
        gate: Some(gate::gate()),
        elapsed_s: Some(12.5),
        ..advise()
    }
}

/// Returns a report of `profile` on a command.
pub(crate) fn command() -> Report {
    let workload = WorkloadSummary {
        name: "sh".to_owned(),
        source: WorkloadSource::Command,
        runtime: WorkloadRuntime::Native,
        tasks: 1,
        definition: String::new(),
        identity: String::new(),
    };
    let profile = Profile {
        class: Some(Class::Mixed),
        cpu_fraction: 0.5,
        steps: Vec::new(),
        tasks: 1,
        samples: 200,
        wall_s: 4.0,
        tree: Some(Box::new(tree())),
        ..profile()
    };
    Report { profile: Some(profile), ..Report::new(CommandName::Profile, host(), workload) }
}

/// Returns a download of two seconds, then two threads that compress for two more.
fn tree() -> Tree {
    let phase = |from_s: f64, class, cpu_fraction, main_wait| Phase {
        from_s,
        to_s: from_s + 2.0,
        class,
        cpu_fraction,
        main_wait,
    };
    Tree {
        exit: Some(Exit { status: ExitStatus::Exited, code: Some(3), signal: None, left_behind: 0 }),
        no_class: None,
        runs: 1,
        processes: 3,
        threads: 4,
        workers: Workers { at_once: 1.9, duty: 0.5 },
        over_time: None,
        peak_memory_bytes: None,
        unseen_cpu_s: 0.001,
        sampling: Sampling { source: SampleSource::Proc, period_s: 0.02, cpu_s: 0.02 },
        machine: Contention { cpu_pressure: Some(0.02), others_cpus: Some(0.1), stolen: Some(0.0) },
        throttling: None,
        stopped_s: 0.0,
        sockets: None,
        pattern: Pattern::Phased,
        phases: vec![
            phase(0.0, Class::IoBound, 0.02, Some(WaitKind::Network)),
            phase(2.0, Class::CpuBound, 0.98, None),
        ],
        series: Series {
            interval_s: 0.1,
            cpu_fraction: (0..40).map(|i| Some(if i < 20 { 0.02 } else { 0.98 })).collect(),
            main_wait: (0..40).map(|i| (i < 20).then_some(WaitKind::Network)).collect(),
        },
        breakdown: vec![
            process(4711, "xz", 3.9, &["xz", "xz"]),
            process(4710, "sh\u{1b}[2J", 0.002, &["sh"]),
        ],
        unknown: vec![Unknown::RemoteServer],
    }
}

fn process(pid: u32, name: &str, cpu_s: f64, threads: &[&str]) -> ProcessUse {
    let share = cpu_s / threads.len() as f64;
    let thread = |(i, name): (usize, &&str)| ThreadUse {
        tid: Some(pid + i as u32),
        name: (*name).to_owned(),
        count: 1,
        cpu_s: share,
        runqueue_s: 0.01,
        runnable: 0.49,
        waits: Waits { pipe: 1.0, ..Waits::default() },
    };
    ProcessUse {
        pid: Some(pid),
        name: name.to_owned(),
        count: 1,
        cpu_s,
        runqueue_s: 0.02,
        system_share: (cpu_s > 0.1).then_some(0.05),
        threads: threads.iter().enumerate().map(thread).collect(),
    }
}

fn host() -> Host {
    Host {
        os: "linux".to_owned(),
        kernel: "6.18.0".to_owned(),
        cpu_model: "Example CPU".to_owned(),
        cpus_logical: 2,
        cpus_effective: 2.0,
        memory_bytes: 24 << 30,
        cpu_pressure: Some(0.02),
        limits: HostLimits {
            affinity_cpus: 2,
            cgroup_cpus: None,
            cgroup_period_s: None,
            open_files: Some(1024),
            open_files_soft: Some(1024),
            processes: Some(63_000),
            memory_maps: Some(65_530),
            memory_available_bytes: 20 << 30,
            cgroup_memory_bytes: None,
        },
    }
}

fn profile() -> Profile {
    Profile {
        class: Some(Class::IoBound),
        confidence: Confidence::High,
        confidence_reason: ConfidenceReason::Accounted { is_exact: true, wall_s: 0.92, samples: 46 },
        cpu_fraction: 0.04,
        cpu_user_s: 0.03,
        cpu_system_s: 0.008,
        wall_s: 0.92,
        runqueue_s: 0.002,
        waits: Waits { network: 0.99, disk: 0.01, ..Waits::default() },
        task: TaskCost { cpu_s: 0.0019, wait_s: 0.044 },
        polling: None,
        preparation_s: 0.0,
        threads_at_once: 1.0,
        samples: 46,
        tasks: 20,
        steps: vec![
            StepCost { kind: "http".to_owned(), wall_s: 0.0442, variation: None },
            StepCost { kind: "cpu".to_owned(), wall_s: 0.0017, variation: None },
        ],
        python: None,
        dispersion: Some(Dispersion {
            coefficient_of_variation: 0.31,
            slowest: vec![
                SlowTask { item: "17".to_owned(), wall_s: 0.0712 },
                SlowTask { item: "page\u{1b}[2J".to_owned(), wall_s: 0.0688 },
            ],
        }),
        tree: None,
    }
}

/// Returns a cell that ran: throughput, interval, p50 and p99 in milliseconds, CPU milliseconds, MiB.
fn ran(
    cell: Configuration,
    rate: f64,
    ci95: [f64; 2],
    [p50, p99, cpu]: [f64; 3],
    mib: u64,
) -> ConfigurationResult {
    ConfigurationResult {
        cell,
        status: Status::Ok,
        reason: None,
        predicted_per_s: Some((rate * 9.85).round() / 10.0),
        throughput_per_s: Some(rate),
        outlook: None,
        cpu_others: Some(0.01),
        cpu_stolen: Some(0.0),
        ci95: Some(ci95),
        speedup: Some((rate / 22.1 * 10.0).round() / 10.0),
        latency_s: Some(Latency {
            p50: p50 / 1e3,
            p90: (p50 + p99) / 2e3,
            p99: p99 / 1e3,
            max: p99 * 1.5 / 1e3,
        }),
        cpu_s_per_task: Some(cpu / 1e3),
        startup_s: Some(0.0004),
        peak_rss_bytes: Some(mib << 20),
        peak_pss_bytes: None,
        tasks: TaskCounts { ok: 600, ..TaskCounts::default() },
        errors: Vec::new(),
        digest: Some("9f86d081884c7d65".to_owned()),
        outputs: None,
        ledger: None,
        rounds: vec![Round { round: 0, throughput_per_s: rate }],
    }
}

/// Returns a cell without figures.
fn without(cell: Configuration, status: Status, code: Code, reason: &str) -> ConfigurationResult {
    ConfigurationResult::without_numbers(cell, status, Some(Reason::new(code, reason)))
}

fn cells() -> Vec<ConfigurationResult> {
    let cell = Configuration::new;
    let mut died = without(
        cell(StrategyKind::Processes, 16),
        Status::Failed,
        Code::PoolWorkerDied,
        "worker process died: killed by signal 9 after 12 tasks, which the out-of-memory killer does",
    );
    died.tasks = TaskCounts { ok: 12, failed: 1, timed_out: 0, cancelled: 3 };
    died.errors =
        vec![ErrorCount { code: Code::PoolWorkerDied, count: 1, message: "killed by signal 9".to_owned() }];
    vec![
        ran(Configuration::REFERENCE, 22.1, [21.2, 23.0], [45.0, 51.0, 0.8], 13),
        ran(cell(StrategyKind::Async, 16), 340.0, [330.0, 352.0], [46.0, 60.0, 0.8], 16),
        ran(cell(StrategyKind::Async, 64), 1240.0, [1198.0, 1281.0], [46.0, 71.0, 0.8], 19),
        ran(cell(StrategyKind::Async, 128), 1260.0, [1190.0, 1330.0], [92.0, 150.0, 0.8], 24),
        ran(cell(StrategyKind::Threads, 64), 1188.0, [1141.0, 1240.0], [48.0, 90.0, 0.9], 27),
        ran(cell(StrategyKind::WorkStealing, 2), 44.0, [43.0, 45.0], [45.0, 52.0, 0.8], 14),
        died,
        ConfigurationResult {
            ledger: Some(ledger()),
            ..ran(Configuration::hybrid(64, 2), 1201.0, [1150.0, 1255.0], [47.0, 80.0, 1.0], 41)
        },
        without(
            cell(StrategyKind::Pipeline, 8),
            Status::Skipped,
            Code::WorkloadUnsupported,
            "one step only\u{1b}[2J",
        ),
    ]
}

fn ledger() -> LedgerPerTask {
    LedgerPerTask {
        workers: 2,
        startup_s: 5e-6,
        waiting_s: 9e-5,
        working_s: 1.7e-3,
        transfer_s: 1.6e-5,
        tasks_per_message: 1.0,
        message_s: Some(1.4e-5),
    }
}

fn recommendation() -> Recommendation {
    Recommendation {
        strategy: StrategyKind::Async,
        width: 64,
        processes: None,
        stages: None,
        verdict: ChoiceVerdict::Undecided,
        smallest_effect: Some(0.06),
        basis: Basis::Measured,
        confidence: Confidence::High,
        confidence_reason: ChoiceConfidenceReason::Decided { near_best: Some(0.96) },
        tree_failure: None,
        decision: DecisionPath {
            steps: vec![TreeStep::TaskType { class: Class::IoBound }, TreeStep::AsyncFormAvailable],
            strategy: StrategyKind::Async,
        },
        agrees: Agreement::Yes,
        comparison: comparison(),
        limit: LimitingFactor::SharedResource {
            resource: SharedResource::Upstream,
            beyond: 64,
            serves: Some(60),
        },
        failing_beyond: None,
        code_examples: vec![
            CodeExample {
                language: "rust".to_owned(),
                title: "tokio, 64 in flight".to_owned(),
                code: "fn main() {}\n".to_owned(),
            },
            CodeExample {
                language: "python".to_owned(),
                title: "asyncio, 64 in flight".to_owned(),
                code: "print()\n".to_owned(),
            },
        ],
        notes: vec![Note::EmbeddedServer],
        chunk_size: None,
        fallbacks: vec![
            Fallback { strategy: StrategyKind::Threads, width: 64 },
            Fallback { strategy: StrategyKind::Hybrid, width: 64 },
        ],
    }
}

fn comparison() -> Comparison {
    let undecided = |strategy, ratio| RunnerUpFigures {
        cell: Configuration::new(strategy, 64),
        ratio,
        verdict: UncertainOrdering::Undecided,
        smallest_effect: Some(0.06),
    };
    Comparison {
        code: ComparisonCode::BestWithinNoise,
        objective: Objective::Throughput,
        predicted_per_s: None,
        runners_up: vec![undecided(StrategyKind::Hybrid, 0.97), undecided(StrategyKind::Threads, 0.96)],
        tree_ratio: Some(1.0),
    }
}
