//! What a profile says of a process tree beyond its class.

use serde::{Deserialize, Serialize};

use crate::host::contention::Contention;
use crate::profile::result::class::Class;
use crate::profile::result::reason::Unknown;
use crate::profile::result::waits::{WaitKind, Waits};

/// What was seen of a process tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Tree {
    /// How the command ended; null for a process that was running already.
    pub exit: Option<Exit>,
    /// How often the command was run.
    pub runs: u64,
    /// Processes seen; those shorter than a sample may be missing.
    pub processes: u64,
    /// Threads seen, those of all processes together.
    pub threads: u64,
    /// Threads that work side by side.
    pub workers: Workers,
    /// CPU seconds of processes too short to be seen.
    pub unseen_cpu_s: f64,
    /// How samples were taken.
    pub sampling: Sampling,
    /// What the rest of the machine did meanwhile.
    pub machine: Contention,
    /// How computing and waiting follow one another.
    pub pattern: Pattern,
    /// The parts of the run that differ; one if nothing does.
    pub phases: Vec<Phase>,
    /// The run over time; of a command that was run several times, one run.
    pub series: Series,
    /// Processes by CPU time, the largest first; those beyond the first few together at the end.
    pub breakdown: Vec<ProcessUse>,
    /// Gaps that cannot be seen from outside the tree.
    pub unknown: Vec<Unknown>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Exit {
    /// What happened.
    pub status: ExitStatus,
    /// Its exit code, if it has one.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Processes it left running, which were ended.
    pub left_behind: u64,
}

impl Exit {
    /// Returns whether the command exited with code 0, or was stopped when its time was over.
    pub fn is_success(&self) -> bool {
        self.status != ExitStatus::Signalled && self.code.unwrap_or(0) == 0
    }
}

/// What happened to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExitStatus {
    /// It exited.
    Exited,
    /// A signal ended it.
    Signalled,
    /// It was ended because its time was over.
    Stopped,
    /// It was ended because the user interrupted the profile.
    Interrupted,
}

/// Threads that work side by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Workers {
    /// Threads that were runnable, or waited for something outside the tree though they work as much, at a
    /// time; the mean over the looks that found anything runnable.
    pub at_once: f64,
    /// The share of its time that one of them computed, without that in the run queue, from 0 to 1.
    pub duty: f64,
}

/// How samples were taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sampling {
    /// Where they came from.
    pub source: SampleSource,
    /// Mean seconds between two samples.
    pub period_s: f64,
    /// CPU seconds that sampling took.
    pub cpu_s: f64,
}

/// Where samples come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SampleSource {
    /// `/proc`, with every thread and what it waits for.
    Proc,
    /// What every system tells: the CPU time of processes.
    Sysinfo,
}

/// How computing and waiting follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Nearly all of one kind, throughout.
    Steady,
    /// One after the other, in long parts.
    Phased,
    /// In turns too short to be told apart.
    Interleaved,
    /// Too short to tell.
    Unknown,
}

impl Pattern {
    /// The word users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Pattern::Steady => "steady",
            Pattern::Phased => "phased",
            Pattern::Interleaved => "interleaved",
            Pattern::Unknown => "unknown",
        }
    }
}

/// A part of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Phase {
    /// Seconds from the start of the run to its start.
    pub from_s: f64,
    /// Seconds from the start of the run to its end.
    pub to_s: f64,
    /// Its class.
    pub class: Class,
    /// *f* in it, from 0 to 1.
    pub cpu_fraction: f64,
    /// What it mostly waits for, if it does.
    pub main_wait: Option<WaitKind>,
}

/// A run over time, in intervals of equal length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Series {
    /// Seconds of one interval.
    pub interval_s: f64,
    /// *f* in each interval, from 0 to 1; null without a sample.
    pub cpu_fraction: Vec<Option<f64>>,
    /// What was mostly waited for in each interval; null if nothing was.
    pub main_wait: Vec<Option<WaitKind>>,
}

/// What one process used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProcessUse {
    /// Its number; null where several are put together.
    pub pid: Option<u32>,
    /// The name of the program.
    pub name: String,
    /// How many processes these are.
    pub count: u64,
    /// CPU seconds seen.
    pub cpu_s: f64,
    /// Seconds its threads waited for a CPU.
    pub runqueue_s: f64,
    /// The share of kernel time in its CPU time, if it used enough to tell.
    pub system_share: Option<f64>,
    /// Its threads by CPU time, the largest first; those beyond the first few together at the end.
    pub threads: Vec<ThreadUse>,
}

/// What one thread used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ThreadUse {
    /// Its number; null where several are put together.
    pub tid: Option<u32>,
    /// Its name.
    pub name: String,
    /// How many threads these are.
    pub count: u64,
    /// CPU seconds.
    pub cpu_s: f64,
    /// Seconds it waited for a CPU.
    pub runqueue_s: f64,
    /// Share of the looks that found it runnable.
    pub runnable: f64,
    /// What it waited for in the other looks.
    pub waits: Waits,
}
