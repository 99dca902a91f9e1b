//! What a run is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::job::command::CommandTemplate;
use crate::job::halt::Halt;
use crate::job::items::ItemSource;
use crate::job::timeout::Timeout;
use crate::job::width::WidthConfig;
use crate::strategy::StrategyKind;
use crate::workload::Workload;

/// The way in which the output of items reaches the streams of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputMode {
    /// All output of an item at once, when it is finished.
    Grouped,
    /// The same, in the order of the items.
    KeepOrder,
    /// Whole lines as they come.
    LineBuffered,
    /// Whatever the commands write, as they write it.
    Ungrouped,
    /// Not at all.
    Silent,
}

/// The journal of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalConfig {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether the run goes on where the journal ends.
    pub(crate) resumes: bool,
    /// Whether items that had failed run again.
    pub(crate) retries_failed: bool,
}

/// Retries of items that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryConfig {
    /// Number of attempts after the first.
    pub(crate) retries: u32,
    /// The longest pause before the first retry; it doubles with each.
    pub(crate) delay: Duration,
}

/// The width of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WidthChoice {
    /// So many commands at a time.
    Fixed(usize),
    /// Found while the work goes on.
    Auto(WidthConfig),
}

/// A Python callable to be run.
#[derive(Debug, Clone)]
pub(crate) struct CallableConfig {
    /// The callable.
    pub(crate) workload: Workload,
    /// The interpreter, if the user has named one.
    pub(crate) python: Option<PathBuf>,
    /// The strategy, if the user has fixed it.
    pub(crate) strategy: Option<StrategyKind>,
    /// CPUs that the callables may use.
    pub(crate) cpus: usize,
    /// Whether items are numbers, and no text.
    pub(crate) takes_numbers: bool,
}

/// Everything that a run is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct JobConfig {
    /// The name of the work, as messages show it.
    pub(crate) name: String,
    /// The command as it was typed.
    pub(crate) command: String,
    /// The bytes that tell the command, and the way it is run, from any other.
    pub(crate) identity: Vec<u8>,
    /// The command with its places for the item.
    pub(crate) template: CommandTemplate,
    /// The path of its program, if that is the same for every item.
    pub(crate) program: Option<PathBuf>,
    /// The callable that is run instead of a command.
    pub(crate) callable: Option<CallableConfig>,
    /// The workload whose steps are run instead of a command.
    pub(crate) steps: Option<Workload>,
    /// The items.
    pub(crate) items: ItemSource,
    /// The width.
    pub(crate) width: WidthChoice,
    /// The way of the output.
    pub(crate) output: OutputMode,
    /// Whether lines begin with the item.
    pub(crate) is_tagged: bool,
    /// The place for results.
    pub(crate) results: Option<PathBuf>,
    /// The journal.
    pub(crate) journal: Option<JournalConfig>,
    /// The log with the columns of GNU parallel.
    pub(crate) joblog: Option<PathBuf>,
    /// Retries of items that fail.
    pub(crate) retry: RetryConfig,
    /// The longest time of an attempt.
    pub(crate) timeout: Option<Timeout>,
    /// The rule that ends the run early.
    pub(crate) halt: Option<Halt>,
    /// Whether commands that fail count as successful.
    pub(crate) ignores_failure: bool,
    /// Starts per second, at most.
    pub(crate) rate_per_s: Option<f64>,
    /// Bytes of memory to leave free.
    pub(crate) memory_free: u64,
    /// Whether commands are stopped for it, and not only held back.
    pub(crate) stops_for_memory: bool,
    /// Share of the time, from 0 to 1, in which tasks of the machine may wait for CPUs, memory or I/O while items
    /// start.
    pub(crate) max_pressure: Option<f64>,
    /// The niceness of the commands.
    pub(crate) niceness: Option<i32>,
    /// Seeds the pauses before retries.
    pub(crate) seed: u64,
}
