//! What came of an item.

use std::time::{Duration, SystemTime};

use crate::diagnostics::Code;
use crate::job::items::JobItem;
use crate::job::output::Output;

/// The way in which an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The command exited with a status.
    Exited(i32),
    /// A signal ended the command, which nobody here had sent.
    Signaled(i32),
    /// The command took longer than it may.
    TimedOut,
    /// The command could not be started, or its output not be kept: the reason in words.
    Broken(String),
    /// A callable raised an exception, or its interpreter died: the code and the reason in words.
    Raised(Code, String),
    /// The run stopped the command: it counts as never run.
    Stopped,
    /// The memory of the machine ran low and the command was stopped, to be run again.
    Requeued,
    /// The system had no process, descriptor or memory left for the command: the reason in words.
    Exhausted(String),
}

impl Ending {
    /// Returns true if the command succeeded.
    pub(crate) fn is_success(&self) -> bool {
        *self == Ending::Exited(0)
    }

    /// Returns the exit status and the signal as GNU parallel's job log has them.
    pub(crate) fn exit_and_signal(&self) -> (i32, i32) {
        match self {
            Ending::Exited(status) => (*status, 0),
            Ending::Signaled(signal) => (0, *signal),
            Ending::TimedOut => (-1, libc::SIGKILL),
            _ => (-1, 0),
        }
    }
}

/// One attempt at an item, after its end.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The way it ended.
    pub(crate) ending: Ending,
    /// The time at which it started.
    pub(crate) started: SystemTime,
    /// Seconds from start to end.
    pub(crate) seconds: f64,
    /// CPU seconds of the command and of the descendants that it waited for; `None` for an item that shared a thread.
    pub(crate) cpu_s: Option<f64>,
    /// The output that is not delivered yet.
    pub(crate) output: Output,
    /// The value that a callable returned, as JSON.
    pub(crate) value: Option<String>,
    /// The pause that a server asked for.
    pub(crate) retry_after: Option<Duration>,
}

impl Attempt {
    /// Makes an attempt of which nothing is known but how it ended, because it was not run to its end.
    pub(crate) fn ended(ending: Ending) -> Self {
        Attempt {
            ending,
            started: SystemTime::now(),
            seconds: 0.0,
            cpu_s: None,
            output: Output::default(),
            value: None,
            retry_after: None,
        }
    }
}

/// An item that is finished, successfully or not.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The item.
    pub(crate) item: JobItem,
    /// The number of the slot that ran it, from 1.
    pub(crate) slot: usize,
    /// Number of attempts.
    pub(crate) attempts: u32,
    /// The last attempt.
    pub(crate) last: Attempt,
    /// Whether the item counts as done.
    pub(crate) is_success: bool,
}
