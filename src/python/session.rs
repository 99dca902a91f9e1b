//! Runs callables in interpreters.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::error::Error;
use crate::host::Reexec;
use crate::host::deadline::DeadlineKeeper;
use crate::host::usage::CpuTime;
use crate::model::FullPipe;
use crate::model::full_pipe::{STEADY_TASKS_PER_WORKER, in_slots};
use crate::profile::result::{StagePool, TaskCost};
use crate::python::exchange::Exchange;
pub use crate::python::exchange::SessionTimeouts;
use crate::python::harness;
use crate::python::interpreter::Interpreter;
use crate::python::paid_once::PaidOnce;
use crate::python::protocol::event::{Inspection, JobReport, StartUpReport};
use crate::python::protocol::request::{BatchJob, HarnessRequest, PipelineRequest, TaskJob};
use crate::python::request_builder::{RequestBuilder, task_list};
use crate::strategy::StrategyKind;
use crate::strategy::run::RunReport;
use crate::strategy::stages::Stages;
use crate::strategy::time_breakdown::WorkerTimeBreakdown;
use crate::workload::spec::{OwnItems, PythonSpec, StepSpec, WorkloadSource};
use crate::workload::{Env, Items, Workload};

/// Maximum number of tasks in a batch. It bounds the memory that a batch needs; more tasks would not change
/// the measured rate.
const MAX_BATCH_TASKS: u64 = 200_000;

/// Maximum number of tasks in a batch whose tasks are submitted to an executor, which takes about 15 µs and
/// half a kilobyte each.
const MAX_SUBMITTED_TASKS: u64 = 20_000;

/// An interpreter, with the harness installed for it.
#[derive(Debug)]
pub struct Session {
    /// The interpreter.
    pub interpreter: Interpreter,
    pub(super) exchange: Exchange,
    pub(super) requests: RequestBuilder,
}

/// One batch of Python tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct PythonBatch {
    /// The strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes of a hybrid.
    pub processes: usize,
    /// Stages of a pipeline.
    pub stages: Option<Stages>,
    /// The pool of each stage of a pipeline.
    pub pools: Vec<StagePool>,
    /// The positions of the tasks in the permutation.
    pub tasks: Range<u64>,
    /// The permutation of the items.
    pub permutation_id: u64,
    /// True for each step that computes rather than waits; `None` until a profile is known.
    pub cpu_steps: Option<Vec<bool>>,
    /// Seconds that one task takes alone; `None` until a profile is known.
    pub task_s: Option<f64>,
    /// Cost of the first call in a process on top of that of a task; `None` if there is none or it is not known.
    pub once: Option<TaskCost>,
    /// Time after which no task is started.
    pub stop_starting_after: Duration,
    /// Time after which the batch is killed.
    pub kill_after: Duration,
}

impl Session {
    /// Finds the interpreter (see [`Interpreter::discover`]) and installs the harness below the state
    /// directory of `env`.
    ///
    /// # Errors
    /// If there is no suitable interpreter, or the harness cannot be written.
    pub fn open(
        python: Option<&Path>,
        reexec: &Reexec,
        env: &Env,
        timeouts: SessionTimeouts,
    ) -> Result<Self, Error> {
        let scratch = env.state_dir.join("python");
        let failed = |error: std::io::Error| {
            Error::cannot_start(format!("cannot write '{}'", scratch.display()), error)
        };
        let script = harness::install(&scratch).map_err(failed)?;
        let interpreter = Interpreter::discover(python, reexec, &scratch)?;
        let exchange = Exchange {
            executable: interpreter.executable.clone(),
            script,
            scratch: scratch.clone(),
            fixture: env.fixture,
            reexec: reexec.clone(),
            keeper: Arc::new(DeadlineKeeper::new()),
            zygote: Mutex::new(None),
            timeouts,
        };
        let requests = RequestBuilder::new(scratch, env.seed, timeouts.import);
        Ok(Session { interpreter, exchange, requests })
    }

    /// Imports the callables and describes them.
    ///
    /// # Errors
    /// If the module cannot be imported, with the user's traceback, or lacks a callable.
    pub fn inspect(&self, workload: &Workload) -> Result<Inspection, Error> {
        let stays = cfg!(target_os = "linux");
        let request = HarnessRequest::Inspect { header: self.requests.header(workload), stays };
        self.exchange.inspect(&request, workload)
    }

    /// Ends the interpreter that described the callables, with the memory of what it has imported: batches start
    /// interpreters of their own from now on.
    pub(crate) fn end_forking(&self) {
        self.exchange.end_forking();
    }

    /// Returns the CPU seconds of the interpreter that forks children for batches, and of these children, which
    /// are no children of this process; 0 if there is none.
    pub fn forking_cpu_s(&self) -> f64 {
        self.exchange.forking_cpu_s()
    }

    /// Returns the start method of `multiprocessing` that programs get: the one that the user's module sets, or
    /// the default of the interpreter.
    pub(crate) fn start_method<'a>(&'a self, inspection: &'a Inspection) -> &'a str {
        inspection.start_method.as_deref().unwrap_or(&self.interpreter.start_method)
    }

    /// Starts pools of one worker and of `workers` workers without any module of the user, and returns how
    /// long that took.
    ///
    /// # Errors
    /// If workers cannot be started.
    pub(crate) fn measure_start_up(
        &self,
        start_method: &str,
        workers: usize,
    ) -> Result<StartUpReport, Error> {
        let nothing = PythonSpec {
            file: None,
            module: "conc_harness.start_up".into(),
            callable: "nothing".into(),
            async_callable: None,
            own_items: OwnItems::None,
        };
        let items = Items::Count(workers as u64);
        let steps = vec![StepSpec::Python(nothing)];
        let workload = Workload::new("start-up", WorkloadSource::Inline, items, steps);
        let order = self.requests.item_order(&workload, 0);
        let limit_s = self.exchange.timeouts.start.as_secs_f64();
        let batch = BatchJob {
            job: TaskJob {
                header: self.requests.header(&workload),
                tasks: task_list(&workload, &order, 0..workload.tasks()),
                limits: self.requests.limits(&workload, vec![false]),
                results_file: self.requests.results_file(workload.tasks(), workers),
                stop_starting_after_s: limit_s,
                give_up_after_s: limit_s,
            },
            strategy: StrategyKind::Processes,
            width: workers,
            processes: workers,
            pipeline: None,
            cpu_steps: None,
            task_s: None,
        };
        let request = HarnessRequest::Startup { batch, start_method: Some(start_method.to_owned()) };
        self.exchange.ask(&request, &workload)
    }

    /// Runs one batch. Failures of tasks are part of the report.
    ///
    /// # Errors
    /// If the strategy cannot start, or its process dies or hangs.
    pub fn run(&self, workload: &Workload, batch: &PythonBatch) -> Result<RunReport, Error> {
        let tasks = batch.tasks.start..batch.tasks.end.min(batch.tasks.start + max_tasks(batch.strategy));
        let order = self.requests.item_order(workload, batch.permutation_id);
        let limited_steps = workload.rated_unless(batch.cpu_steps.as_deref().unwrap_or_default());
        let slots = batch.width.max(batch.processes);
        let request = HarnessRequest::Batch(BatchJob {
            job: TaskJob {
                header: self.requests.header(workload),
                tasks: task_list(workload, &order, tasks.clone()),
                limits: self.requests.limits(workload, limited_steps),
                results_file: self.requests.results_file(tasks.end - tasks.start, slots),
                stop_starting_after_s: batch.stop_starting_after.as_secs_f64(),
                give_up_after_s: batch.kill_after.as_secs_f64(),
            },
            strategy: batch.strategy,
            width: batch.width,
            processes: batch.processes,
            pipeline: batch.stages.map(|stages| PipelineRequest::of(stages, &batch.pools, workload)),
            cpu_steps: batch.cpu_steps.clone(),
            task_s: batch.task_s,
        });
        let (report, results): (JobReport, _) =
            self.exchange.run_job(&request, workload, batch.kill_after, &mut |_| ())?;
        let count = tasks.end - tasks.start;
        let ledger = report
            .ipc
            .as_ref()
            .map(|ipc| WorkerTimeBreakdown::new(ipc.workers, report.startup_s, report.wall_s, &ipc.stats()));
        let cpu = CpuTime { user_s: report.cpu_user_s, system_s: report.cpu_system_s };
        // What a process pays once is part of starting: a longer list does not pay it again.
        let paid = batch.once.map_or_else(PaidOnce::default, |once| {
            let task_s = batch.task_s.unwrap_or(0.0);
            PaidOnce::of(&results.intervals(), once, task_s, (report.wall_s, cpu.total_s()))
        });
        let left = 1.0 - paid.cpu_s / cpu.total_s().max(f64::MIN_POSITIVE);
        Ok(RunReport {
            startup_s: report.startup_s + paid.wall_s,
            wall_s: report.wall_s - paid.wall_s,
            full_pipe: (count <= STEADY_TASKS_PER_WORKER * batch.width as u64)
                .then(|| match batch.stages {
                    Some(_) => FullPipe::of(&in_slots(results.intervals(), batch.width)),
                    None => FullPipe::of(&results.intervals()),
                })
                .flatten(),
            most_busy: (tasks.end - tasks.start).min(batch.width as u64),
            cpu: CpuTime { user_s: cpu.user_s * left, system_s: cpu.system_s * left },
            instructions: None,
            peak_rss_bytes: report.peak_rss_bytes,
            peak_pss_bytes: report.peak_pss_bytes,
            ledger,
            tally: results
                .outcomes(&report.errors, |task| (tasks.start + task, order.index(tasks.start + task))),
        })
    }
}

/// Returns the maximum number of tasks in a batch of a strategy.
fn max_tasks(strategy: StrategyKind) -> u64 {
    let submits = strategy != StrategyKind::Sequential && !strategy.is_event_loop();
    if submits { MAX_SUBMITTED_TASKS } else { MAX_BATCH_TASKS }
}
