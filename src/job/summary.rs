//! What came of a run.

use serde::{Deserialize, Serialize};

use crate::job::engine_report::EngineReport;
use crate::job::width::WidthReport;
use crate::profile::Class;
use crate::strategy::StrategyKind;

/// Numbers of items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ItemCounts {
    /// Items that succeeded in this run.
    pub ok: u64,
    /// Items that failed in this run, after all their attempts.
    pub failed: u64,
    /// Items that an earlier run had finished.
    pub skipped: u64,
    /// Those of them that had failed.
    pub skipped_failed: u64,
    /// Items that were not run, or not to their end; null if not all items have been read.
    pub not_run: Option<u64>,
}

/// The way in which a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobEnd {
    /// Every item was run.
    Complete,
    /// The rule of `--halt` ended it.
    Halted,
    /// The user ended it.
    Interrupted,
    /// It goes on without this process.
    Detached,
    /// Results, output or the journal could not be written, or items not be read.
    Broken,
}

/// An item that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FailedItem {
    /// The number of the item, from 1.
    pub number: u64,
    /// The item, cut after a hundred characters.
    pub item: String,
    /// The exit status, if there is one.
    pub exit: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Whether it took longer than it may.
    pub is_timeout: bool,
    /// Number of attempts.
    pub attempts: u32,
    /// The last line of its standard error, or the reason why it could not be run.
    pub message: Option<String>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JobSummary {
    /// The name of the work.
    pub name: String,
    /// The command as it was typed.
    pub command: String,
    /// Numbers of items.
    pub items: ItemCounts,
    /// The way in which the run ended.
    pub end: JobEnd,
    /// Seconds from start to end.
    pub elapsed_s: f64,
    /// Attempts that ended by themselves.
    pub attempts: u64,
    /// Attempts that were stopped because memory ran low, or could not be started, and were made again.
    pub requeued: u64,
    /// Seconds of an attempt, on average; null without any.
    pub task_s: Option<f64>,
    /// CPU seconds of an attempt, on average; null unless they are known of all, as those of coroutines are not.
    pub task_cpu_s: Option<f64>,
    /// The class of the items; null if it could not be told what they waited for.
    pub class: Option<Class>,
    /// Share of an item's own time on a CPU, from 0 to 1: without the time in which no CPU was free; null without
    /// a class.
    pub own_cpu_share: Option<f64>,
    /// Share of an item's own time for which a coroutine blocked its event loop, from 0 to 1; null if that was too rare
    /// to matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_blocked_share: Option<f64>,
    /// Items that succeeded per second, over the whole run.
    pub per_second: f64,
    /// The strategy of a callable; null for a command.
    pub strategy: Option<StrategyKind>,
    /// Processes of a hybrid; null otherwise.
    pub processes: Option<usize>,
    /// What was learned about the width.
    pub width: WidthReport,
    /// The first items that failed.
    pub failed: Vec<FailedItem>,
    /// The journal that says where to resume.
    pub journal: Option<String>,
    /// The engine beyond this machine that ran the items; null if they ran here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineReport>,
}
