//! A few tasks under observation: what was seen of them, not yet what it means.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;
use crate::error::{Error, Place};
use crate::python::message::{Order, Role};
use crate::python::session::Session;
use crate::workload::Workload;

/// Tracing where every object was made makes tasks slower, at the most by this much.
const TRACING: u32 = 10;

/// One item of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Coroutines ran on an event loop, and on the right one.
    EventLoop,
    /// Every coroutine that was created was awaited.
    Awaited,
    /// Every task ended by itself, and so did every task it started.
    Completed,
    /// What was opened was closed.
    Resources,
    /// No exception was lost or let out.
    Exceptions,
    /// What computes does not wait for the interpreter's lock.
    Gil,
    /// No line held up the event loop.
    Blocking,
}

impl Check {
    /// The whole list, in the order in which it is told.
    pub const ALL: [Check; 7] = [
        Check::EventLoop,
        Check::Awaited,
        Check::Completed,
        Check::Resources,
        Check::Exceptions,
        Check::Gil,
        Check::Blocking,
    ];

    /// What it asks, as a statement that is to be true.
    pub fn title(self) -> &'static str {
        match self {
            Check::EventLoop => "event loop running",
            Check::Awaited => "coroutines awaited",
            Check::Completed => "tasks completed",
            Check::Resources => "resources cleaned up",
            Check::Exceptions => "exceptions handled",
            Check::Gil => "GIL considered",
            Check::Blocking => "event loop not blocked",
        }
    }
}

/// A line of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CodePlace {
    /// The file, from the working directory if it is below it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function it is in.
    pub function: Option<String>,
    /// The line itself, without its indentation.
    pub source: Option<String>,
}

impl CodePlace {
    fn of_fault(fault: &Place) -> Self {
        let text = std::fs::read_to_string(&fault.file).unwrap_or_default();
        let source = text.lines().nth(fault.line.saturating_sub(1) as usize).map(str::trim);
        let here = std::env::current_dir().unwrap_or_default();
        let file = Path::new(&fault.file).strip_prefix(here).unwrap_or(Path::new(&fault.file));
        CodePlace {
            file: file.display().to_string(),
            line: fault.line,
            function: Some(fault.function.clone()),
            source: source.filter(|line| !line.is_empty()).map(str::to_owned),
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// What kind of fault it is; `conc explain CODE` says more.
    pub code: Code,
    /// What was seen.
    pub message: String,
    /// The line it is about, where one could be found.
    pub place: Option<CodePlace>,
    /// The item of the first task in which it was seen, as Python writes it.
    pub item: Option<String>,
    /// How often it was seen.
    pub count: u64,
}

/// What was seen of a few tasks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Observations {
    /// How many tasks there were.
    pub tasks: u64,
    /// Whether the interpreter lets one thread compute at a time.
    pub has_gil: bool,
    /// The forms in which the callable was run.
    pub forms: Vec<FormSeen>,
    /// What the interpreter told of.
    pub findings: Vec<Noted>,
    /// What did not end, if anything.
    pub hang: Option<Hang>,
}

/// A finding and the item of the list that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Noted {
    /// The item of the list.
    pub check: Check,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// One form of the callable, with nothing but the observer beside it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FormSeen {
    /// Which form.
    pub form: Form,
    /// Seconds per task.
    pub wall_s: f64,
    /// CPU seconds per task.
    pub cpu_s: f64,
    /// Who held the interpreter's lock; `None` if the tasks did not end.
    pub gil: Option<GilSeen>,
    /// Lines that held up the event loop.
    pub stalls: Vec<Stall>,
}

/// How a callable is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// As a function.
    Blocking,
    /// On an event loop.
    Async,
}

/// What a thread beside the tasks saw of the interpreter's lock.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GilSeen {
    /// Seconds that it waited for the lock, over all tasks.
    pub waited_s: f64,
    /// Threads of the tasks beside the main one, at the most.
    pub threads: u64,
    /// The line that held the lock most often.
    pub place: Option<CodePlace>,
}

/// A line that held up the event loop; time it waited for a CPU is not counted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Stall {
    /// The line.
    pub place: CodePlace,
    /// Seconds of the longest stall.
    pub longest_s: f64,
    /// Seconds of all of them.
    pub total_s: f64,
    /// How many there were.
    pub count: u64,
}

/// Tasks that did not end in time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Hang {
    /// When it was.
    pub stage: Stage,
    /// The item, where there was one task alone.
    pub item: Option<String>,
    /// CPU seconds per second at the end.
    pub cpu_fraction: f64,
    /// What waited, and where.
    pub waits: Vec<Wait>,
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// One task after another, undisturbed.
    Alone,
    /// One task after another, with every warning on.
    Traced,
    /// All tasks at once.
    Together,
    /// What the tasks had left was cancelled.
    Ending,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Wait {
    /// A thread or a task, by its name.
    pub who: String,
    /// What it waits for.
    pub kind: WaitKind,
    /// The line it waits at.
    pub place: CodePlace,
}

/// What something waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitKind {
    /// A lock, a queue or an event, without a limit.
    Lock,
    /// Anything else, or nothing: it may be running.
    Other,
}

/// Runs at most `tasks` tasks under observation, none of them longer than `patience`.
///
/// # Errors
/// When the callable cannot be imported.
pub fn observe(
    session: &Session,
    workload: &Workload,
    tasks: u64,
    patience: Duration,
) -> Result<Observations, Error> {
    let first = 0..tasks.min(workload.items.len());
    let draw = session.draw(workload, 0);
    let order = Order {
        // In their order, so that a fault is found again with the same items.
        numbers: first.clone().collect(),
        items: workload.items.slice(first.clone()),
        patience_s: patience.as_secs_f64(),
        ..session.order(Role::Check, workload, &draw, first, 0)
    };
    let mut item = None;
    match session.attend(&order, workload, patience * TRACING, &mut item) {
        Err(error) if is_of_task(error.code) => Ok(Observations::died(tasks, error, item)),
        answer => answer,
    }
}

/// Whether an interpreter was ended by what it ran.
fn is_of_task(code: Code) -> bool {
    matches!(code, Code::PoolWorkerDied | Code::PoolHung | Code::HostMemory)
}

impl Observations {
    /// All that is known of an interpreter that did not answer.
    fn died(tasks: u64, error: Error, item: Option<String>) -> Self {
        let place = error.place.as_deref().map(CodePlace::of_fault);
        let finding = Finding { code: error.code, message: error.message, place, item, count: 1 };
        Observations {
            tasks,
            has_gil: true,
            forms: Vec::new(),
            findings: vec![Noted { check: Check::Completed, finding }],
            hang: None,
        }
    }
}
