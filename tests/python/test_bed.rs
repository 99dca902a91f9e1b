//! A test bed for Python callables: a module, its directory and an interpreter.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use conc::internal::{
    Env, Error, Items, OwnItems, ProfileLimits, Profiled, PythonBatch, PythonSpec, Reexec, RunReport,
    Session, SessionTimeouts, StepSpec, StrategyKind, Workload, profile_callable, resolve_workload,
};
use tempfile::TempDir;

use crate::environment::pythons;

/// A limit that no batch of these tests reaches on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Every strategy that every interpreter supports, with a width.
pub(crate) const STRATEGIES: [(StrategyKind, usize); 5] = [
    (StrategyKind::Sequential, 1),
    (StrategyKind::Async, 4),
    (StrategyKind::Threads, 3),
    (StrategyKind::Processes, 2),
    (StrategyKind::Hybrid, 4),
];

/// A module, and a session that runs its callables.
pub(crate) struct TestBed {
    pub(crate) workload: Workload,
    pub(crate) session: Session,
    pub(crate) directory: TempDir,
}

impl TestBed {
    /// Makes a module whose callables are the steps of `tasks` tasks.
    pub(crate) fn new(source: &str, callables: &[&str], tasks: u64) -> Self {
        TestBed::with(source, callables, Items::Count(tasks), &pythons()[0])
    }

    pub(crate) fn with(source: &str, callables: &[&str], items: Items, python: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("tasks.py");
        fs::write(&file, source).expect("written");
        let step = |callable: &&str| {
            StepSpec::Python(PythonSpec {
                file: Some(file.clone()),
                module: "tasks".into(),
                callable: (*callable).into(),
                async_callable: None,
                own_items: OwnItems::None,
            })
        };
        let template = resolve_workload(&format!("{}:f", file.display())).expect("a workload");
        let workload = Workload { items, steps: callables.iter().map(step).collect(), ..template };
        TestBed { workload, session: open(python, &directory, SessionTimeouts::default()), directory }
    }

    /// Limits the time for importing the module.
    pub(crate) fn import_limit(mut self, import: Duration) -> Self {
        let timeouts = SessionTimeouts { import, ..SessionTimeouts::default() };
        self.session = open(&self.session.interpreter.executable, &self.directory, timeouts);
        self
    }

    /// Limits the time for one task.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.workload.limits.timeout = Some(timeout);
        self
    }

    /// Runs every task.
    pub(crate) fn run(&self, strategy: StrategyKind, width: usize) -> RunReport {
        let run = self.try_run(strategy, width, PATIENCE);
        run.unwrap_or_else(|error| panic!("{strategy} {width}: {error}"))
    }

    pub(crate) fn try_run(
        &self,
        strategy: StrategyKind,
        width: usize,
        patience: Duration,
    ) -> Result<RunReport, Error> {
        self.session.run(&self.workload, &self.batch(strategy, width, patience))
    }

    pub(crate) fn batch(&self, strategy: StrategyKind, width: usize, patience: Duration) -> PythonBatch {
        PythonBatch {
            strategy,
            width,
            processes: 2,
            stages: None,
            pools: Vec::new(),
            tasks: 0..self.workload.tasks(),
            permutation_id: 0,
            cpu_steps: None,
            task_s: Some(0.001),
            once: None,
            stop_starting_after: PATIENCE,
            kill_after: patience,
        }
    }

    pub(crate) fn profile(&self, time: Duration) -> Result<Profiled, Error> {
        let inspection = self.session.inspect(&self.workload).expect("callables");
        let limits = ProfileLimits { time, ends_early: false, patience: PATIENCE, most_tasks: u64::MAX };
        profile_callable(&self.session, &self.workload, &inspection, &limits)
    }

    /// Returns the files next to the module that are not conc's.
    pub(crate) fn litter(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("readable");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "tasks.py" && name != "state").collect()
    }
}

fn open(python: &Path, directory: &TempDir, timeouts: SessionTimeouts) -> Session {
    let state_dir = directory.path().join("state");
    fs::create_dir_all(&state_dir).expect("created");
    let env = Env { exe: PathBuf::new(), fixture: None, state_dir, seed: 1, permutation_id: 0 };
    Session::open(Some(python), &Reexec::new(PathBuf::new()), &env, timeouts).expect("an interpreter")
}
