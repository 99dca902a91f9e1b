//! The part of a profile that is about a process tree.

use serde::{Deserialize, Serialize};

use crate::host::contention::Contention;
use crate::profile::result::class::Class;
use crate::profile::result::quiet::{NoClass, Sockets};
use crate::profile::result::reason::Unknown;
use crate::profile::result::throttling::Throttling;
use crate::profile::result::waits::{WaitKind, Waits};
use crate::profile::result::workers::WorkersOverTime;

/// Facts about a process tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Tree {
    /// End of the command; null for a process that was running already.
    pub exit: Option<Exit>,
    /// The reason why there is no class; null where there is one.
    #[serde(default)]
    pub no_class: Option<NoClass>,
    /// Number of times that the command was run.
    pub runs: u64,
    /// Processes seen, without those too short to sample.
    pub processes: u64,
    /// Threads seen, those of all processes together.
    pub threads: u64,
    /// Threads that work side by side.
    pub workers: Workers,
    /// Workers over the time of the run; null in results of earlier versions.
    #[serde(default)]
    pub over_time: Option<WorkersOverTime>,
    /// Largest resident memory of all processes together seen at one time, in bytes: pages that they share count
    /// several times. Null where it was not looked at.
    #[serde(default)]
    pub peak_memory_bytes: Option<u64>,
    /// CPU seconds that no sample caught.
    pub unseen_cpu_s: f64,
    /// Source, period and cost of the samples.
    pub sampling: Sampling,
    /// Contention for the CPUs meanwhile.
    pub machine: Contention,
    /// Time for which a CPU quota held the tree back; null without a quota.
    #[serde(default)]
    pub throttling: Option<Throttling>,
    /// Seconds in which a signal kept the tree stopped; they count as nothing else.
    #[serde(default)]
    pub stopped_s: f64,
    /// Sockets of the tree, by who asks whom; null if they were not looked at.
    #[serde(default)]
    pub sockets: Option<Sockets>,
    /// Order of computing and waiting.
    pub pattern: Pattern,
    /// Phases that differ; one if the run is uniform.
    pub phases: Vec<Phase>,
    /// The run over time; of a command that was run several times, one run.
    pub series: Series,
    /// Processes by CPU time, the largest first; those beyond the first few together at the end.
    pub breakdown: Vec<ProcessUse>,
    /// Gaps that cannot be seen from outside the tree.
    pub unknown: Vec<Unknown>,
}

/// End of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Exit {
    /// The kind of end.
    pub status: ExitStatus,
    /// The exit code, if there is one.
    pub code: Option<i32>,
    /// The signal that ended the command, if one did.
    pub signal: Option<i32>,
    /// Processes that outlived the command and were killed.
    pub left_behind: u64,
}

impl Exit {
    /// Returns whether the command exited with code 0, or was stopped when its time was over.
    pub fn is_success(&self) -> bool {
        self.status != ExitStatus::Signalled && self.code.unwrap_or(0) == 0
    }
}

/// Kind of the end of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExitStatus {
    /// The command exited.
    Exited,
    /// A signal ended the command.
    Signalled,
    /// The command was killed when its time was over.
    Stopped,
    /// The command was killed when the user interrupted the profile.
    Interrupted,
}

/// Threads that work side by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Workers {
    /// Mean number of threads that were runnable, or are workers and waited for something outside the tree;
    /// over the samples that found anything runnable.
    pub at_once: f64,
    /// Share of its time that one worker computed, without run-queue time, from 0 to 1.
    pub duty: f64,
}

/// Source, period and cost of the samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sampling {
    /// Source of the samples.
    pub source: SampleSource,
    /// Mean seconds between two samples.
    pub period_s: f64,
    /// CPU seconds that sampling took.
    pub cpu_s: f64,
}

/// Source of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SampleSource {
    /// `/proc`: every thread and what it waits for.
    Proc,
    /// Any system: the CPU time of processes.
    Sysinfo,
}

/// Order of computing and waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Nearly all of one kind, throughout.
    Steady,
    /// One after the other, in long phases.
    Phased,
    /// Alternating, in turns too short to separate.
    Interleaved,
    /// Too short to tell.
    Unknown,
}

impl Pattern {
    /// Returns the word that users see.
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
    /// The class of the phase.
    pub class: Class,
    /// *f* of the phase, from 0 to 1.
    pub cpu_fraction: f64,
    /// The main kind of wait; null for a phase that computes.
    pub main_wait: Option<WaitKind>,
}

/// A run over time, in intervals of equal length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Series {
    /// Seconds of one interval.
    pub interval_s: f64,
    /// *f* in each interval, from 0 to 1; null without a sample.
    pub cpu_fraction: Vec<Option<f64>>,
    /// The main kind of wait in each interval; null where nothing was waited for.
    pub main_wait: Vec<Option<WaitKind>>,
}

/// Time that one process used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProcessUse {
    /// The number of the process; null where several are joined.
    pub pid: Option<u32>,
    /// The name of the program.
    pub name: String,
    /// Number of processes in this entry.
    pub count: u64,
    /// CPU seconds seen.
    pub cpu_s: f64,
    /// Seconds its threads waited for a CPU.
    pub runqueue_s: f64,
    /// The share of kernel time in its CPU time, if it used enough to tell.
    pub system_share: Option<f64>,
    /// Threads by CPU time, the largest first; those beyond the first few are joined at the end.
    pub threads: Vec<ThreadUse>,
}

/// Time that one thread used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ThreadUse {
    /// The number of the thread; null where several are joined.
    pub tid: Option<u32>,
    /// The name of the thread.
    pub name: String,
    /// Number of threads in this entry.
    pub count: u64,
    /// CPU seconds.
    pub cpu_s: f64,
    /// Seconds it waited for a CPU.
    pub runqueue_s: f64,
    /// Share of the samples that found the thread runnable, from 0 to 1.
    pub runnable: f64,
    /// Kinds of waits in the other samples.
    pub waits: Waits,
}
