//! Observations of a few tasks. What they mean is decided in `advice`.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;
use crate::error::{Error, Place};
use crate::python::protocol::request::{HarnessRequest, TaskLimits, TaskList};
use crate::python::session::Session;
use crate::workload::Workload;

/// Maximum factor by which tracing where every object was made slows tasks; `check/shared.py` has the
/// same value.
const MAX_TRACING_SLOWDOWN: u32 = 10;

/// One item of the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChecklistItem {
    /// Coroutines ran on an event loop, and on the right one.
    EventLoop,
    /// Every coroutine that was created was awaited.
    Awaited,
    /// Every task ended, and so did every task that it started.
    Completed,
    /// Everything that was opened was closed.
    Resources,
    /// No exception was lost or let out.
    Exceptions,
    /// No task overwrote what another one had written.
    SharedState,
    /// Computing tasks do not wait for the GIL.
    Gil,
    /// No line blocked the event loop.
    Blocking,
}

impl ChecklistItem {
    /// The whole checklist, in the order in which it is reported.
    pub const ALL: [ChecklistItem; 8] = [
        ChecklistItem::EventLoop,
        ChecklistItem::Awaited,
        ChecklistItem::Completed,
        ChecklistItem::Resources,
        ChecklistItem::Exceptions,
        ChecklistItem::SharedState,
        ChecklistItem::Gil,
        ChecklistItem::Blocking,
    ];

    /// Returns the statement that should be true.
    pub fn title(self) -> &'static str {
        match self {
            ChecklistItem::EventLoop => "event loop running",
            ChecklistItem::Awaited => "coroutines awaited",
            ChecklistItem::Completed => "tasks completed",
            ChecklistItem::Resources => "resources cleaned up",
            ChecklistItem::Exceptions => "exceptions handled",
            ChecklistItem::SharedState => "shared state kept",
            ChecklistItem::Gil => "GIL considered",
            ChecklistItem::Blocking => "event loop not blocked",
        }
    }
}

/// A line of the user's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SourceLine {
    /// The file, relative to the working directory if it is below it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function that contains the line.
    pub function: Option<String>,
    /// The line itself, without its indentation.
    pub source: Option<String>,
}

impl SourceLine {
    fn of_fault(fault: &Place) -> Self {
        let text = std::fs::read_to_string(&fault.file).unwrap_or_default();
        let source = text.lines().nth(fault.line.saturating_sub(1) as usize).map(str::trim);
        let here = std::env::current_dir().unwrap_or_default();
        let file = Path::new(&fault.file).strip_prefix(here).unwrap_or(Path::new(&fault.file));
        SourceLine {
            file: file.display().to_string(),
            line: fault.line,
            function: Some(fault.function.clone()),
            source: source.filter(|line| !line.is_empty()).map(str::to_owned),
        }
    }
}

/// A fault that the harness reported.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HarnessFinding {
    /// The item of the checklist.
    pub check: ChecklistItem,
    /// The code; `conc explain CODE` describes it.
    pub code: Code,
    /// The fault in words.
    pub message: String,
    /// The line of the fault, if known.
    pub place: Option<SourceLine>,
    /// The item of the first task with the fault, as Python writes it.
    pub item: Option<String>,
    /// Number of times that the fault occurred.
    pub count: u64,
}

/// The observations of a few tasks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Observations {
    /// Number of tasks.
    pub tasks: u64,
    /// True if the interpreter lets only one thread compute at a time.
    pub has_gil: bool,
    /// The forms in which the callable was run.
    pub forms: Vec<FormObservation>,
    /// The faults.
    pub findings: Vec<HarnessFinding>,
    /// The tasks that did not end, if any.
    pub hang: Option<HangObservation>,
}

/// The observations of one form of the callable, without tracing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct FormObservation {
    /// The form.
    pub form: CallableForm,
    /// Seconds per task.
    pub wall_s: f64,
    /// CPU seconds per task.
    pub cpu_s: f64,
    /// The wait for the GIL; `None` if the tasks did not end.
    pub gil: Option<GilObservation>,
    /// Lines that blocked the event loop.
    pub stalls: Vec<LoopStall>,
}

/// A way to call a callable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CallableForm {
    /// A plain call.
    Blocking,
    /// An await on an event loop.
    Async,
}

/// The wait of another thread for the GIL while the tasks ran.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct GilObservation {
    /// Seconds that the thread waited, summed over all tasks.
    pub waited_s: f64,
    /// Maximum number of threads of the tasks, without the main thread.
    pub threads: u64,
    /// The line that held the GIL most often.
    pub place: Option<SourceLine>,
}

/// A line that blocked the event loop. Time in which it waited for a CPU is not counted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LoopStall {
    /// The line.
    pub place: SourceLine,
    /// Seconds of the longest stall.
    pub longest_s: f64,
    /// Seconds of all stalls together.
    pub total_s: f64,
    /// Number of stalls.
    pub count: u64,
    /// The function of an installed package that the line called, such as `client.session.get`.
    #[serde(default)]
    pub package_function: Option<String>,
}

/// Tasks that did not end in time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct HangObservation {
    /// The stage of the check.
    pub stage: CheckStage,
    /// The item, if one task ran alone.
    pub item: Option<String>,
    /// CPU seconds per second in the last second.
    pub cpu_fraction: f64,
    /// The threads and tasks that waited, and where.
    pub waits: Vec<HangWait>,
}

/// A stage of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckStage {
    /// One task after another, without tracing.
    Alone,
    /// One task after another, with all warnings on.
    Traced,
    /// All tasks at once.
    Together,
    /// Cancellation of everything that the tasks left running.
    Ending,
}

/// A thread or task that waits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct HangWait {
    /// The name of the thread or task.
    pub who: String,
    /// The kind of wait.
    pub kind: HangWaitKind,
    /// The line of the wait.
    pub place: SourceLine,
}

/// The kind of wait of a hanging thread or task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HangWaitKind {
    /// A lock, a queue or an event, without a time limit.
    Lock,
    /// A lock of a process that nothing in that process can release: it was held when the process was forked.
    LockAfterFork,
    /// Anything else; it may also be running.
    Other,
}

/// Runs the first `tasks` tasks under observation; one that takes longer than `task_limit` hangs.
///
/// # Errors
/// If the callable cannot be imported.
pub(crate) fn observe(
    session: &Session,
    workload: &Workload,
    tasks: u64,
    task_limit: Duration,
) -> Result<Observations, Error> {
    let numbers = 0..tasks.min(workload.items.len());
    let limits = session.requests.limits(workload, workload.rated_steps());
    let request = HarnessRequest::Check {
        header: session.requests.header(workload),
        // Not permuted, so that a second check finds a fault with the same items.
        tasks: TaskList { numbers: numbers.clone().collect(), items: workload.items.slice(numbers) },
        // A retry would hide the exceptions that a check looks for.
        limits: TaskLimits { retry: None, ..limits },
        give_up_after_s: task_limit.as_secs_f64(),
    };
    let mut item = None;
    match session.exchange.attend(&request, workload, task_limit * MAX_TRACING_SLOWDOWN, &mut item) {
        Err(error) if is_caused_by_task(error.code) => Ok(Observations::died(tasks, error, item)),
        answer => answer,
    }
}

/// Returns true for errors of an interpreter that its tasks ended.
fn is_caused_by_task(code: Code) -> bool {
    matches!(code, Code::PoolWorkerDied | Code::PoolHung | Code::HostMemory)
}

impl Observations {
    /// Returns the observations of an interpreter that died without an answer.
    fn died(tasks: u64, error: Error, item: Option<String>) -> Self {
        let place = error.place.as_deref().map(SourceLine::of_fault);
        let finding = HarnessFinding {
            check: ChecklistItem::Completed,
            code: error.code,
            message: error.message,
            place,
            item,
            count: 1,
        };
        Observations { tasks, has_gil: true, forms: Vec::new(), findings: vec![finding], hang: None }
    }
}
