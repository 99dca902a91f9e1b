//! What is told of each item of the checklist: facts, no sentences.

use serde::{Deserialize, Serialize};

use crate::diagnostics::Code;
use crate::python::check::{ChecklistItem, HarnessFinding, SourceLine};

/// One item of the list, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckResult {
    /// The item.
    pub check: ChecklistItem,
    /// The judgement of the item.
    pub status: CheckStatus,
    /// The reason for the judgement.
    pub detail: CheckDetail,
    /// The faults; empty unless the item failed.
    pub findings: Vec<CheckFinding>,
}

/// The reason for the judgement of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CheckDetail {
    /// The item has faults.
    Faults {
        /// Number of faults.
        count: usize,
    },
    /// The callable is not a coroutine function, so the item does not apply.
    NoCoroutine,
    /// The interpreter ended before the item could be checked.
    InterpreterEnded,
    /// The tasks hang, so the item could not be checked.
    TasksHang,
    /// Every coroutine ran on the event loop that it was started on.
    RanOnOneLoop,
    /// Every coroutine was awaited.
    AllAwaited,
    /// Every task completed, and so did everything that it started.
    AllCompleted,
    /// Everything that was opened is closed.
    AllClosed,
    /// No exception was raised or lost.
    NoExceptions,
    /// No task overwrote what another one had written.
    NoLostUpdates,
    /// No line blocked the event loop.
    NoStalls,
    /// Lines blocked the event loop too shortly to be a fault.
    ShortStalls {
        /// Seconds of the longest stall.
        longest_s: f64,
    },
    /// The interpreter has no GIL.
    NoGil,
    /// The tasks compute and hold the GIL.
    ComputesUnderGil,
    /// The tasks compute and release the GIL.
    ComputesWithoutGil,
    /// The tasks compute one at a time although the GIL is free: a lock of a library or of the program.
    ComputesUnderLock,
    /// The tasks compute; whether they hold the GIL could not be told.
    GilUnclear,
    /// The tasks hardly compute.
    HardlyComputes,
}

/// A fault, with its place and its item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckFinding {
    /// The code of the fault; `conc explain CODE` says more.
    pub code: Code,
    /// The observation.
    pub fault: Fault,
    /// The line that is at fault; null if none was found.
    pub place: Option<SourceLine>,
    /// The item of the first task in which the fault was seen, as Python writes the item; null if unknown.
    pub item: Option<String>,
    /// Number of times the fault was seen.
    pub count: u64,
}

/// An observation that shows a fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// The interpreter reported the fault.
    Reported {
        /// The words of the interpreter.
        text: String,
    },
    /// A process waits for a lock that was held when it was forked, so that nothing in it can release the lock.
    LockHeldAtFork,
    /// A thread or task waits for a lock, and so does everything else.
    Deadlock {
        /// The thread or task.
        who: String,
    },
    /// A thread or task still runs after it was cancelled.
    IgnoresCancellation {
        /// The thread or task.
        who: String,
    },
    /// A thread or task did not end in time.
    NotEnded {
        /// The thread or task.
        who: String,
        /// Time limit, in seconds.
        after_s: f64,
    },
    /// A coroutine computes under the GIL.
    CoroutineHoldsGil {
        /// Share of its time that the coroutine computes, from 0 to 1.
        share: f64,
    },
    /// Threads compute under the GIL.
    ThreadsHoldGil {
        /// Number of threads.
        threads: u64,
    },
    /// Native code waits and holds the GIL meanwhile.
    HoldsGilWaiting {
        /// Number of threads that were tried together.
        threads: u64,
        /// Their calls per second, over those of one thread.
        speedup: f64,
    },
    /// A line blocks the event loop.
    BlocksLoop {
        /// Seconds of the longest stall.
        longest_s: f64,
        /// The function of an installed package that the line calls, if it is that which blocks.
        package_function: Option<String>,
    },
}

impl From<&HarnessFinding> for CheckFinding {
    fn from(finding: &HarnessFinding) -> Self {
        let HarnessFinding { check: _, code, message, place, item, count } = finding.clone();
        CheckFinding { code, fault: Fault::Reported { text: message }, place, item, count }
    }
}

/// The judgement of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Nothing is wrong.
    Passed,
    /// Something is wrong.
    Failed,
    /// There was nothing to check.
    NotApplicable,
}
