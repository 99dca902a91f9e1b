//! Gives orders to interpreters and makes sense of what comes of them.

use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::deadline::DeadlineKeeper;
use crate::host::usage::CpuTime;
use crate::python::board::Board;
use crate::python::harness;
use crate::python::interpreter::Interpreter;
use crate::python::message::{BatchReport, Event, Inspection, Order, RateOrder, RetryOrder, Role, StepOrder};
use crate::python::process::Harness;
use crate::strategy::StrategyKind;
use crate::strategy::run::RunReport;
use crate::strategy::time_breakdown::WorkerTimeBreakdown;
use crate::workload::item_order::ItemOrder;
use crate::workload::{Env, Items, Workload};

/// Importing the user's module may take this long.
const IMPORT: Duration = Duration::from_secs(30);

/// Starting an interpreter and its pools may take this long beyond importing.
const START: Duration = Duration::from_secs(30);

/// The harness gives up before it is given up, so that it can say where it hangs.
const MARGIN: Duration = Duration::from_secs(5);

/// Tasks of a batch at the most: what a second of them takes in memory is bounded, and the rate of more
/// is no other.
const MOST_TASKS: u64 = 200_000;

/// The same where every task is handed over by itself, which takes some 15 µs and half a kilobyte.
const MOST_HANDED_OVER: u64 = 20_000;

/// Characters shown of an item.
const ITEM: usize = 60;

/// Tasks in flight, any of which may have ended an interpreter, that are named.
const MOST_NAMED: usize = 4;

/// The name by which callables find the embedded server.
pub const FIXTURE: &str = "CONC_FIXTURE";

/// An interpreter, with the harness installed for it.
#[derive(Debug)]
pub struct Session {
    /// The interpreter.
    pub interpreter: Interpreter,
    script: PathBuf,
    reexec: Reexec,
    scratch: PathBuf,
    fixture: Option<SocketAddr>,
    keeper: DeadlineKeeper,
    orders: AtomicU64,
    import: Duration,
    seed: u64,
}

/// One batch of tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// How they are run.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes of a hybrid.
    pub processes: usize,
    /// Which positions of the draw.
    pub tasks: Range<u64>,
    /// The random order that tasks are taken in.
    pub permutation_id: u64,
    /// Which steps compute rather than wait.
    pub cpu_steps: Vec<bool>,
    /// Seconds that one task takes alone.
    pub task_s: f64,
    /// No task is started later than this.
    pub stop_starting_after: Duration,
    /// The batch is given up when it is not done by then.
    pub kill_after: Duration,
}

impl Session {
    /// Finds the interpreter (see [`Interpreter::discover`]) and installs the harness below the state
    /// directory of `env`.
    ///
    /// # Errors
    /// When there is no interpreter that will do, or the harness cannot be written.
    pub fn open(python: Option<&Path>, reexec: &Reexec, env: &Env) -> Result<Self, Error> {
        let scratch = env.state_dir.join("python");
        let failed = |e: std::io::Error| {
            Error::new(Code::HostSpawn, format!("cannot write '{}': {e}", scratch.display()))
        };
        let script = harness::install(&scratch).map_err(failed)?;
        Ok(Session {
            interpreter: Interpreter::discover(python, reexec, &scratch)?,
            script,
            reexec: reexec.clone(),
            scratch,
            fixture: env.fixture,
            keeper: DeadlineKeeper::new(),
            orders: AtomicU64::new(0),
            import: IMPORT,
            seed: env.seed,
        })
    }

    /// Gives the user's module another time to be imported in.
    pub fn with_import_patience(mut self, import: Duration) -> Self {
        self.import = import;
        self
    }

    /// Imports the callables and says what they are.
    ///
    /// # Errors
    /// With the user's traceback when the module cannot be imported; when a callable is not there.
    pub fn inspect(&self, workload: &Workload) -> Result<Inspection, Error> {
        let order = self.order(Role::Inspect, workload, &self.draw(workload, 0), 0..0, 0);
        let mut harness = self.start(&order, workload)?;
        let event = harness.next(self.import + START).map_err(while_importing)?;
        let inspection = done(event)?;
        harness.finish();
        Ok(inspection)
    }

    /// Runs one batch.
    ///
    /// # Errors
    /// When the strategy cannot start, or its process dies or hangs; failing tasks are part of the report.
    pub fn run(&self, workload: &Workload, batch: &Batch) -> Result<RunReport, Error> {
        let is_handed_over = batch.strategy != StrategyKind::Sequential && !batch.strategy.is_event_loop();
        let most = if is_handed_over { MOST_HANDED_OVER } else { MOST_TASKS };
        let tasks = batch.tasks.start..batch.tasks.end.min(batch.tasks.start + most);
        let draw = self.draw(workload, batch.permutation_id);
        let slots = batch.width.max(batch.processes);
        let order = self.order(Role::Batch, workload, &draw, tasks.clone(), slots);
        let order = Order {
            strategy: Some(batch.strategy),
            width: batch.width,
            processes: batch.processes,
            cpu_steps: batch.cpu_steps.clone(),
            rate: order.rate.map(|rate| RateOrder { steps: workload.rated_unless(&batch.cpu_steps), ..rate }),
            task_s: batch.task_s,
            time_limit_s: batch.stop_starting_after.as_secs_f64(),
            patience_s: batch.kill_after.as_secs_f64(),
            ..order
        };
        let (report, board): (BatchReport, _) =
            self.serve(&order, workload, batch.kill_after, &mut |_| ())?;
        let ledger = report.traffic.as_ref().map(|seen| {
            WorkerTimeBreakdown::new(seen.workers, report.startup_s, report.wall_s, &seen.traffic())
        });
        Ok(RunReport {
            startup_s: report.startup_s,
            wall_s: report.wall_s,
            most_busy: (tasks.end - tasks.start).min(batch.width as u64),
            cpu: CpuTime { user_s: report.cpu_user_s, system_s: report.cpu_system_s },
            peak_rss_bytes: report.peak_rss_bytes,
            ledger,
            tally: board.tally(&report.errors, |task| (tasks.start + task, draw.index(tasks.start + task))),
        })
    }

    /// Serves an order that says it is alive with every task, none of which may take beyond `patience`;
    /// `at` is the item of the task at last.
    pub(super) fn attend<T: DeserializeOwned>(
        &self,
        order: &Order,
        workload: &Workload,
        patience: Duration,
        at: &mut Option<String>,
    ) -> Result<T, Error> {
        let mut harness = self.start(order, workload)?;
        let mut event = harness.next(self.import + START)?;
        while let Event::Ready { item } = event {
            *at = item;
            event = harness.next(patience + MARGIN)?;
        }
        let answer = done(event)?;
        harness.finish();
        Ok(answer)
    }

    /// The random order of a workload's tasks.
    pub(super) fn draw(&self, workload: &Workload, number: u64) -> ItemOrder {
        ItemOrder::new(workload.items.len(), self.seed, number)
    }

    /// An order about some positions of a draw; what is not said is nothing.
    pub(super) fn order(
        &self,
        role: Role,
        workload: &Workload,
        draw: &ItemOrder,
        positions: Range<u64>,
        slots: usize,
    ) -> Order {
        let tasks = positions.end - positions.start;
        let numbers: Vec<u64> = positions.map(|position| draw.index(position)).collect();
        let items = match &workload.items {
            Items::Count(_) => None,
            list => Some(numbers.iter().map(|number| list.get(*number).to_string()).collect()),
        };
        let number = self.orders.fetch_add(1, Ordering::Relaxed);
        // A check looks at exceptions, which trying again would hide.
        let retry = workload.retry.as_ref().filter(|_| role != Role::Check);
        let rate = |per_s| RateOrder {
            per_s,
            steps: workload.rated_steps(),
            bucket: self.scratch.join(format!("bucket-{number}")),
        };
        Order {
            role,
            steps: workload.callables().map(StepOrder::from).collect(),
            own_items: workload.callables().any(|spec| spec.own_items),
            numbers,
            items,
            tasks,
            strategy: None,
            width: 1,
            processes: 1,
            cpu_steps: Vec::new(),
            task_s: 0.0,
            time_limit_s: 0.0,
            patience_s: 0.0,
            import_s: self.import.as_secs_f64(),
            skip: Vec::new(),
            timeout_s: workload.limits.timeout.map(|timeout| timeout.as_secs_f64()),
            retry: retry.map(|policy| RetryOrder::new(policy, self.seed)),
            rate: workload.limits.rate_per_s.map(rate),
            board: self.scratch.join(format!("board-{number}")),
            slots,
        }
    }

    /// Serves an order that runs tasks; `ready` is told the process when they begin.
    pub(super) fn serve<T: DeserializeOwned>(
        &self,
        order: &Order,
        workload: &Workload,
        patience: Duration,
        ready: &mut dyn FnMut(u32),
    ) -> Result<(T, Board), RunFailure> {
        let result = self.exchange(order, workload, patience, ready);
        let bytes = fs::read(&order.board).unwrap_or_default();
        // What cannot be removed now is removed with the whole directory at the end.
        let _ = fs::remove_file(&order.board);
        let _ = order.rate.as_ref().map(|rate| fs::remove_file(&rate.bucket));
        let board = Board::new(bytes, order.tasks, order.slots);
        match (result, board) {
            (Ok(report), Some(board)) => Ok((report, board)),
            (Ok(_), None) => Err(Error::new(Code::PoolWorkerDied, "the harness left no results").into()),
            (Err(Trouble::Told(error)), _) => Err(error.into()),
            (Err(Trouble::Broken(error)), board) => {
                let (words, running) =
                    board.map(|board| last_words(&board, order, workload)).unwrap_or_default();
                let fault = error.place.as_ref().map(|place| format!(", at {place}")).unwrap_or_default();
                let message = format!("{}{words}{fault}", error.message);
                Err(RunFailure { error: Error { message, ..error }, running })
            }
        }
    }

    fn exchange<T: DeserializeOwned>(
        &self,
        order: &Order,
        workload: &Workload,
        patience: Duration,
        ready: &mut dyn FnMut(u32),
    ) -> Result<T, Trouble> {
        let mut harness = self.start(order, workload)?;
        if let Event::Failed { code, message } = harness.next::<T>(self.import + START)? {
            return Err(Trouble::Told(Error::new(code, message)));
        }
        ready(harness.pid());
        let report = done(harness.next(patience + MARGIN)?).map_err(Trouble::Told)?;
        harness.finish();
        Ok(report)
    }

    fn start(&self, order: &Order, workload: &Workload) -> Result<Harness<'_>, Error> {
        let memory = workload.limits.memory;
        Harness::start(&mut self.command(), order, &self.scratch, &self.keeper, memory)
    }

    fn command(&self) -> Command {
        let mut command = self.reexec.foreign(&self.interpreter.executable);
        command.arg(&self.script);
        if let Some(fixture) = self.fixture {
            command.env(FIXTURE, format!("http://{fixture}"));
        }
        command
    }
}

/// How an order failed.
enum Trouble {
    /// The harness said so.
    Told(Error),
    /// The harness said nothing.
    Broken(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Broken(error)
    }
}

/// A failed run, with the tasks that were in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunFailure {
    /// The reason.
    pub(super) error: Error,
    /// The numbers of the tasks that were running when the interpreter died; empty if the harness reported
    /// the failure itself.
    pub(super) running: Vec<u64>,
}

impl From<Error> for RunFailure {
    fn from(error: Error) -> Self {
        RunFailure { error, running: Vec::new() }
    }
}

impl From<RunFailure> for Error {
    fn from(failure: RunFailure) -> Self {
        failure.error
    }
}

fn done<T>(event: Event<T>) -> Result<T, Error> {
    match event {
        Event::Done(value) => Ok(value),
        Event::Failed { code, message } => Err(Error::new(code, message)),
        Event::Ready { .. } => Err(Error::new(Code::PoolWorkerDied, "the harness is out of step")),
    }
}

/// A module that ends or blocks its interpreter cannot be imported.
fn while_importing(error: Error) -> Error {
    let code = match error.code {
        Code::PoolWorkerDied | Code::PoolHung => Code::PythonImport,
        code => code,
    };
    Error { code, message: format!("{} while importing", error.message), ..error }
}

/// Which tasks an interpreter was at when it went away, in words and as numbers.
fn last_words(board: &Board, order: &Order, workload: &Workload) -> (String, Vec<u64>) {
    let (ended, at) = board.last_words();
    let at: Vec<u64> = at.iter().map(|task| order.number(*task)).collect();
    let named: Vec<_> = at.iter().map(|number| name_of(*number, workload)).collect();
    let tasks = if order.role == Role::Batch { format!(" of {}", order.tasks) } else { String::new() };
    let at_what = match named.as_slice() {
        [] => String::new(),
        [one] => format!(" while running {one}"),
        [few @ .., last] if few.len() < MOST_NAMED => {
            format!(" while running {} or {last}", few.join(", "))
        }
        many => format!(" with {} tasks in flight", many.len()),
    };
    (format!("{at_what}; {ended}{tasks} tasks had ended"), at)
}

fn name_of(task: u64, workload: &Workload) -> String {
    let item = workload.items.get(task).to_string();
    let shown: String = item.chars().take(ITEM).collect();
    format!("task {} (item {shown})", task + 1)
}
