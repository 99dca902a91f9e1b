//! Records how much batches of the same work differ on this machine, for the tests of the gate.
//!
//! `cargo bench --bench noise -- --seconds 13 --part 1 [--loaded|--bursts] >> tests/data/noise.csv` runs one cell of
//! each of four workloads for 13 s, batch after batch as `conc bench` does, and prints a line for each batch;
//! with `--only NAME` it runs one of the workloads, with `--loaded` another program keeps one CPU busy, with
//! `--bursts` it does so every other second.
//! Without `--seconds` it only tries everything out.

#![expect(clippy::print_stdout, reason = "the recording goes to standard output")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use conc::internal::{
    BatchMetrics, BatchTimes, CommandSpec, Configuration, CpuMeter, CpuSpeedProbe, Env, Executor, Fixture,
    FixtureConfig, Host, Interrupt, Items, ProcessExecutor, Reexec, Repeated, Repetition, RepetitionSettings,
    Silent, Sizing, SizingParams, StepSpec, Stopwatch, StrategyKind, Workload, WorkloadSource, calibrate,
    load_workload, process_cpu,
};

/// Seeds the server and the order of tasks.
const SEED: u64 = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)?.parse::<u32>().ok()
    };
    let seconds = value("--seconds").unwrap_or(0);
    let part = value("--part").unwrap_or(1);
    let is_given = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (condition, script) = match (is_given("--loaded"), is_given("--bursts")) {
        (true, _) => ("loaded", Some("while :; do :; done")),
        (_, true) => ("bursts", Some("while :; do timeout 1 sh -c 'while :; do :; done'; sleep 1; done")),
        _ => ("idle", None),
    };
    let _load = script.map(Load::start);
    let only =
        arguments.iter().position(|argument| argument == "--only").and_then(|at| arguments.get(at + 1));
    for (workload, cell, task_s) in subjects() {
        let name = workload.name.clone();
        if only.is_some_and(|only| *only != name) {
            continue;
        }
        let recorded = record(workload, cell, task_s, Duration::from_secs(seconds.into()));
        assert!(recorded.failure.is_none(), "{name}: {:?}", recorded.failure);
        for batch in &recorded.series.batches {
            println!("{name},{condition},{part},{}", line(batch));
        }
    }
}

/// One workload of each class and one of commands, with a cell that suits two CPUs and the seconds of a task.
fn subjects() -> Vec<(Workload, Configuration, f64)> {
    let sample = |name| load_workload(name).expect("it is embedded");
    vec![
        (sample("hash-cpu"), Configuration::new(StrategyKind::Threads, 2), 0.005),
        (sample("web-scraper"), Configuration::new(StrategyKind::Async, 64), 0.045),
        (sample("fetch-parse-mixed"), Configuration::new(StrategyKind::Threads, 6), 0.016),
        (shell_loop(), Configuration::new(StrategyKind::Threads, 2), 0.004),
    ]
}

/// Commands that compute for a few milliseconds.
fn shell_loop() -> Workload {
    let words = ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done"];
    let argv = words.iter().map(|word| (*word).to_owned()).collect();
    Workload::new(
        "shell-loop",
        WorkloadSource::Command,
        Items::Count(200),
        vec![StepSpec::Command(CommandSpec { argv, ignore_failure: false })],
    )
}

/// Runs batches of one cell for `time_limit`.
fn record(mut workload: Workload, cell: Configuration, task_s: f64, time_limit: Duration) -> Repeated {
    let host = Host::detect().expect("a system that tells about itself");
    calibrate(&mut workload);
    let fixture = workload.fixture.clone().map(|spec| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
        command.arg("__fixture");
        Fixture::start(command, &FixtureConfig { spec, seed: SEED }).expect("the fixture starts")
    });
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let env = Env {
        exe: env!("CARGO_BIN_EXE_conc").into(),
        fixture: fixture.as_ref().map(Fixture::addr),
        state_dir: scratch.path().to_owned(),
        seed: SEED,
        permutation_id: 0,
    };
    let server = fixture.as_ref().map(Fixture::pid);
    let sizing = Sizing {
        longest_s: 0.0,
        tasks: workload.tasks(),
        task_s,
        budget: Duration::from_secs(5),
        cpus: host.cpus_effective,
        quota: None,
        is_thorough: false,
        params: SizingParams::default(),
    };
    let reexec = Reexec::new(env.exe.clone());
    let mut executor = ProcessExecutor::new(reexec, Arc::new(workload), env, host.cpu_workers());
    let first = executor.run(&sizing.request(cell, cell.width as f64 / task_s)).expect("a batch");
    let settings = RepetitionSettings {
        cell,
        expected_per_s: BatchTimes::of(&first, sizing.cpus).throughput(sizing.tasks),
        batch_tasks: None,
        iterations: Vec::new(),
        time_limit,
        warmup: 1,
        cpus_logical: host.cpus_logical,
        seed: SEED,
    };
    let (meter, server_before_s, interrupt) = (CpuMeter::start(), cpu_s(server), Interrupt::default());
    let taken = || meter.taken(cpu_s(server) - server_before_s);
    let repetition = Repetition {
        current: &mut executor,
        reference: None,
        machine_probe: &mut CpuSpeedProbe::new(taken, &interrupt),
        observer: &mut Silent,
        clock: &mut Stopwatch::start(),
        interrupt: &interrupt,
        sizing,
        settings,
    };
    repetition.run(|_| true)
}

/// Returns the CPU seconds that the server has used so far.
fn cpu_s(server: Option<u32>) -> f64 {
    server.and_then(process_cpu).map_or(0.0, |cpu| cpu.as_secs_f64())
}

/// The numbers of a batch, to about six digits.
fn line(batch: &BatchMetrics) -> String {
    let optional = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.5e}"));
    format!(
        "{:.2},{},{},{:.5e},{},{},{:.5e},{},{},{}",
        batch.at_s,
        optional(batch.cpu_speed),
        batch.cpu_others.map_or_else(String::new, |share| format!("{share:.3}")),
        batch.throughput_per_s,
        optional(batch.p50_s),
        optional(batch.p99_s),
        batch.cpu_s_per_task,
        batch.peak_rss_bytes,
        batch.ok,
        batch.started,
    )
}

/// Another program that keeps one CPU busy, always or at times, until it is dropped.
struct Load(Child);

impl Load {
    fn start(script: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        Load(command.spawn().expect("sh can be run"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.kill().expect("it was started here");
        self.0.wait().expect("it was started here");
    }
}
