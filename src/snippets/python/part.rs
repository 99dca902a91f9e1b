//! Parts of programs that only some of them have: limits, event loops of threads, and calls of processes.

use crate::snippets::python::program::Program;
use crate::snippets::shape::TaskShape;
use crate::snippets::template::fill;
use crate::workload::spec::{Backoff, RetryPolicy};

/// Seconds for which a limit on attempts saves what was not used, as while the work was measured.
const SAVED_S: f64 = 0.01;

/// A part, in the order in which programs define them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The event loop that a thread keeps.
    OnLoop,
    /// The clock of the limit on attempts per second.
    Pace,
    /// A function that waits for the clock.
    Paced,
    /// A coroutine function that waits for the clock.
    PacedAsync,
    /// A function that tries again.
    Retried,
    /// A coroutine function that tries again.
    RetriedAsync,
    /// A function that ends at the timeout.
    Timed,
    /// A coroutine function that calls a function in a worker process.
    InProcess,
}

impl Part {
    /// Returns the definitions.
    pub(super) fn code(self, program: Program, shape: &TaskShape) -> String {
        let template = self.template(program);
        let (retry, backoff) = shape.retry.as_ref().map(pause).unwrap_or_default();
        let now = shape.limits.rate_per_s.map(earliest).unwrap_or_default();
        // A command that timed out has used up the time of its task.
        let is_final = shape.command.is_some() && shape.limits.timeout.is_some();
        let errors = if is_final { "subprocess.CalledProcessError" } else { "Exception" };
        let values = [("RETRY", retry), ("BACKOFF", backoff), ("NOW", &now), ("ERRORS", errors)];
        fill(template, &values).trim_end().to_owned()
    }

    fn template(self, program: Program) -> &'static str {
        match self {
            Part::OnLoop => include_str!("part/on_loop.py.tmpl"),
            Part::Pace => match program {
                Program::Processes | Program::Loops => include_str!("part/pace_processes.py.tmpl"),
                Program::Interpreters => include_str!("part/pace_interpreters.py.tmpl"),
                _ => include_str!("part/pace_threads.py.tmpl"),
            },
            Part::Paced => include_str!("part/paced.py.tmpl"),
            Part::PacedAsync => include_str!("part/paced_async.py.tmpl"),
            Part::Retried => include_str!("part/retried.py.tmpl"),
            Part::RetriedAsync => include_str!("part/retried_async.py.tmpl"),
            Part::Timed if program == Program::Interpreters => include_str!("part/timed_after.py.tmpl"),
            Part::Timed => include_str!("part/timed_alarm.py.tmpl"),
            Part::InProcess => include_str!("part/in_process.py.tmpl"),
        }
    }

    /// Returns the names that the part needs from the standard library.
    pub(super) fn imports(self, program: Program) -> &'static [&'static str] {
        match self {
            Part::OnLoop => &["asyncio", "threading"],
            Part::Pace => match program {
                Program::Processes | Program::Loops => &["multiprocessing", "time"],
                Program::Interpreters => &["fcntl", "os", "tempfile", "time"],
                _ => &["threading", "time"],
            },
            Part::Paced => &["time"],
            Part::PacedAsync | Part::InProcess => &["asyncio"],
            Part::Retried => &["random", "suppress", "time"],
            Part::RetriedAsync => &["asyncio", "random", "suppress"],
            Part::Timed if program == Program::Interpreters => &["time"],
            Part::Timed => &["signal"],
        }
    }
}

/// Returns the variable that counts retries, and the bound of the pause before one.
fn pause(retry: &RetryPolicy) -> (&'static str, &'static str) {
    /// Doublings after which a pause grows no more.
    const MAX_DOUBLINGS: u32 = 20;
    match retry.backoff {
        Backoff::Constant => ("_", "BACKOFF"),
        Backoff::Exponential if retry.max <= MAX_DOUBLINGS => ("retry", "BACKOFF * 2**retry"),
        Backoff::Exponential => ("retry", "BACKOFF * 2 ** min(retry, 20)"),
    }
}

/// Returns the earliest start of an attempt: now, or so long ago that the tokens of 10 ms are not lost.
fn earliest(rate_per_s: f64) -> String {
    let saved = (rate_per_s * SAVED_S).floor().max(1.0) - 1.0;
    if saved == 0.0 { "now".to_owned() } else { format!("now - {saved} / RATE") }
}
