//! Workloads for the tests that run them, and the test bed that runs them in batches.

#![allow(dead_code, reason = "every test binary uses its own part of this")]

pub(crate) mod lane;

use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use conc::internal::{
    BatchRequest, CommandSpec, Configuration, CpuSpec, Env, Error, Executor, Fixture, FixtureConfig,
    FixtureSpec, HttpSpec, Items, Kernel, LockSpec, ProcessExecutor, Reexec, RunReport, SleepSpec, StepSpec,
    StrategyKind, Workload, WorkloadSource, calibrate,
};
use tempfile::TempDir;

/// Seeds the fixture and the retries.
pub(crate) const SEED: u64 = 7;

/// Number of CPUs that batches may use.
pub(crate) const CPUS: usize = 2;

/// Longer than any batch of these tests takes on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// One cell of every strategy that runs whole workloads.
pub(crate) const CELLS: [Configuration; 7] = [
    Configuration::REFERENCE,
    cell(StrategyKind::Async, 8),
    cell(StrategyKind::Threads, 4),
    cell(StrategyKind::WorkStealing, 3),
    cell(StrategyKind::Processes, 4),
    cell(StrategyKind::Pipeline, 4),
    Configuration { strategy: StrategyKind::Hybrid, width: 8, processes: Some(2), stages: None },
];

/// A cell of a strategy whose width is one number.
pub(crate) const fn cell(strategy: StrategyKind, width: usize) -> Configuration {
    Configuration { strategy, width, processes: None, stages: None }
}

/// The program under test.
pub(crate) fn exe() -> PathBuf {
    env!("CARGO_BIN_EXE_conc").into()
}

/// A workload without limits.
pub(crate) fn workload(items: Items, steps: Vec<StepSpec>) -> Workload {
    Workload::new("test", WorkloadSource::File, items, steps)
}

/// A workload of `tasks` tasks.
pub(crate) fn counted(tasks: u64, steps: Vec<StepSpec>) -> Workload {
    workload(Items::Count(tasks), steps)
}

pub(crate) fn sleep(duration: Duration) -> StepSpec {
    StepSpec::Sleep(SleepSpec { duration })
}

pub(crate) fn http(url: &str) -> StepSpec {
    StepSpec::Http(HttpSpec { url: url.into(), method: "GET".into(), body: None, pool: true })
}

pub(crate) fn lock(hold: Duration) -> StepSpec {
    StepSpec::Lock(LockSpec { name: "shared".into(), hold })
}

pub(crate) fn command(argv: &[&str]) -> StepSpec {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    StepSpec::Command(CommandSpec { argv, ignore_failure: false })
}

/// A computation of `iterations` iterations, whatever time they take.
pub(crate) fn iterations(kernel: Kernel, iterations: u64) -> StepSpec {
    StepSpec::Cpu(CpuSpec { kernel, work: Duration::from_millis(1), iterations: Some(iterations) })
}

/// A computation that takes `work` of CPU time on this machine.
pub(crate) fn compute(work: Duration) -> StepSpec {
    let step = StepSpec::Cpu(CpuSpec { kernel: Kernel::Sha256, work, iterations: None });
    let mut workload = counted(1, vec![step]);
    calibrate(&mut workload);
    workload.steps.remove(0)
}

/// A workload, the fixture it needs, and a directory for its state.
pub(crate) struct TestBed {
    pub(crate) workload: Arc<Workload>,
    pub(crate) env: Env,
    pub(crate) fixture: Option<Fixture>,
    executor: ProcessExecutor,
    _scratch: TempDir,
}

impl TestBed {
    /// Sets everything up for a workload, its fixture too if it has one.
    pub(crate) fn new(workload: Workload) -> Self {
        TestBed::started_by(&Reexec::new(exe()), workload)
    }

    /// Has the batches started by `reexec`.
    pub(crate) fn started_by(reexec: &Reexec, workload: Workload) -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let fixture = workload.fixture.clone().map(serve);
        let env = Env {
            exe: exe(),
            fixture: fixture.as_ref().map(Fixture::addr),
            state_dir: scratch.path().to_owned(),
            seed: SEED,
            permutation_id: 0,
        };
        let workload = Arc::new(workload);
        let executor = ProcessExecutor::new(reexec.clone(), Arc::clone(&workload), env.clone(), CPUS);
        TestBed { workload, env, fixture, executor, _scratch: scratch }
    }

    /// Runs all tasks under one cell, in a process of its own, for as long as they take.
    pub(crate) fn run(&mut self, cell: Configuration) -> RunReport {
        self.try_run(cell, PATIENCE, PATIENCE).unwrap_or_else(|error| panic!("{cell}: {error}"))
    }

    /// Runs some tasks, which may be more than the workload has.
    pub(crate) fn run_tasks(&mut self, cell: Configuration, tasks: Range<u64>) -> RunReport {
        self.run_permutation(cell, tasks, 0)
    }

    /// Runs some tasks of one of the random orders.
    pub(crate) fn run_permutation(
        &mut self,
        cell: Configuration,
        tasks: Range<u64>,
        permutation_id: u64,
    ) -> RunReport {
        let order =
            BatchRequest { cell, tasks, permutation_id, stop_starting_after: PATIENCE, kill_after: PATIENCE };
        self.executor.run(&order).unwrap_or_else(|error| panic!("{cell}: {error}"))
    }

    /// Runs all tasks that are started within `time_limit`, with no more than `patience`.
    pub(crate) fn try_run(
        &mut self,
        cell: Configuration,
        time_limit: Duration,
        patience: Duration,
    ) -> Result<RunReport, Error> {
        self.executor.run(&BatchRequest {
            cell,
            tasks: 0..self.workload.tasks(),
            permutation_id: 0,
            stop_starting_after: time_limit,
            kill_after: patience,
        })
    }
}

fn serve(spec: FixtureSpec) -> Fixture {
    let mut command = Command::new(exe());
    command.arg("__fixture");
    Fixture::start(command, &FixtureConfig { spec, seed: SEED }).expect("the fixture starts")
}
