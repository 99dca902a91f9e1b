//! The properties by which the rest of the program distinguishes strategies.

use crate::strategy::kind::StrategyKind;

/// Everything that is known about a strategy without running it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StrategyInfo {
    /// Its identity.
    pub kind: StrategyKind,
    /// The name that users see and type, and that documents hold.
    pub name: &'static str,
    /// Other names that `--strategy` accepts, in lower case.
    pub aliases: &'static [&'static str],
    /// The languages whose tasks it can run.
    pub runtime: Runtime,
    /// The meaning of its width, and with it the kind of its workers.
    pub width: WidthMeaning,
    /// Limits of the widths that are planned unless the user asks for others.
    pub ladder: Ladder,
    /// Resident memory of each unit of width, for tasks of either language.
    pub rss_per_worker: RssPerWorker,
    /// Condition under which the strategy is worth measuring next to simpler ones.
    pub use_case: UseCase,
    /// Rank by what it costs to write, debug and deploy: lower is simpler, and each rank is given once.
    pub complexity_rank: u8,
    /// Mark in plots, because colour alone does not distinguish strategies.
    pub mark: PlotMark,
    /// Text of `conc explain`.
    pub help: StrategyHelp,
}

/// The languages whose tasks a strategy can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// Steps of this program, and commands.
    Native {
        /// The reason that users read if they ask for it with Python callables.
        missing_in_python: &'static str,
    },
    /// Python callables in any supported interpreter, as well as native steps.
    Both,
    /// Python callables only, in interpreters that offer it.
    Python {
        /// The reason that users read where the interpreter does not offer it.
        missing: &'static str,
    },
}

/// The meaning of the width of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WidthMeaning {
    /// The width is always 1.
    Fixed1,
    /// Tasks in flight on one event loop.
    InFlight,
    /// Threads, each with one task.
    Threads,
    /// Processes, each with one task.
    Processes,
    /// Interpreters in one process, each with a thread and one task.
    Interpreters,
    /// Tasks in flight on one event loop, next to a number of worker processes.
    InFlightTimesProcesses,
    /// Workers of all stages together. Every stage has a pool of its own, whose width a configuration holds too.
    WorkersPerStage,
}

impl WidthMeaning {
    /// Returns true if tasks wait on an event loop.
    pub const fn has_event_loop(self) -> bool {
        matches!(self, WidthMeaning::InFlight | WidthMeaning::InFlightTimesProcesses)
    }

    /// Returns true if whole tasks run in worker processes, one per unit of width.
    pub const fn workers_are_processes(self) -> bool {
        matches!(self, WidthMeaning::Processes)
    }

    /// Returns true if each task in flight holds a thread of its own, whatever its steps.
    pub const fn holds_thread_per_task(self) -> bool {
        matches!(
            self,
            WidthMeaning::Threads
                | WidthMeaning::Processes
                | WidthMeaning::Interpreters
                | WidthMeaning::WorkersPerStage
        )
    }

    /// Returns true if a configuration has a number of processes next to its width.
    pub const fn has_processes(self) -> bool {
        matches!(self, WidthMeaning::InFlightTimesProcesses)
    }
}

/// Limits of the widths that are planned unless the user asks for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ladder {
    /// Up to the widest that is ever planned, or `max_in_flight` if that is more.
    Unbounded,
    /// Up to this many workers per CPU, and no wider than is ever planned.
    PerCpu(usize),
}

/// Resident memory of one worker, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RssPerWorker {
    /// Bytes per worker for native tasks.
    pub native: u64,
    /// Bytes per worker for Python callables.
    pub python: u64,
}

/// The condition under which a strategy does anything that a simpler one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseCase {
    /// Always.
    General,
    /// Tasks that run in this process: a command is a process already.
    InProcess,
    /// Native tasks that run in this process; Python has no such pool in its standard library.
    NativeInProcess,
    /// Tasks that both compute and wait, if computing and waiting are separable.
    SeparateSteps,
    /// Coroutines, as a variant of another strategy with a different library.
    VariantForCoroutines,
    /// Interpreters with a global lock.
    UnderGlobalLock,
    /// Tasks of several steps that need different resources, or that only so many tasks may be in at once.
    SeparateStages,
}

/// A regular polygon that marks a strategy in plots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlotMark {
    /// Number of corners.
    pub corners: u32,
    /// Rotation, in corners.
    pub turn: f64,
}

/// Text about a strategy for `conc explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrategyHelp {
    /// Its mechanism.
    pub what: &'static str,
    /// The meaning of its width.
    pub width: &'static str,
    /// Conditions under which the strategy is the best choice.
    pub wins: &'static str,
    /// Conditions under which another strategy is better.
    pub loses: &'static str,
}
