//! What is reported about a program's own flag.

use serde::{Deserialize, Serialize};

use crate::flag::caps::Cap;
use crate::flag::limit::FlagLimit;
use crate::flag::measure::RunFailure;
use crate::flag::metric::MetricInfo;
use crate::flag::parameters::{ListedParameter, Parameters};
use crate::flag::run::SearchEnding;
use crate::flag::serial::SerialShare;
use crate::profile::result::{Confidence, WorkersOverTime};

/// The search over the values of a program's own flag. Times are seconds of the whole command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlagReport {
    /// The words of the command, with `{width}` in them.
    pub command: Vec<String>,
    /// The listed parameter; null if there is none.
    pub list: Option<ListedParameter>,
    /// The number that is read from the output; null if the wall time counts.
    pub metric: Option<MetricInfo>,
    /// CPUs that the predictions are for, if they are not those of this machine.
    pub assumed_cpus: Option<f64>,
    /// Every cell considered, in order.
    pub cells: Vec<FlagCell>,
    /// The cell that speed-ups refer to: the narrowest.
    pub reference: Parameters,
    /// The advice.
    pub recommendation: FlagRecommendation,
    /// The resource that caps the width below the widest cell; null if none does.
    pub cap: Option<Cap>,
    /// Number of runs of the command, warm-up not counted.
    pub runs: usize,
    /// The reason why the search ended.
    pub ending: SearchEnding,
    /// Seconds that the search was allowed to take.
    pub budget_s: f64,
    /// Seconds that it took.
    pub elapsed_s: f64,
}

impl FlagReport {
    /// Returns the recommended cell.
    pub fn recommended(&self) -> Option<&FlagCell> {
        self.cells.iter().find(|cell| self.is_recommended(cell))
    }

    /// Returns true if the cell is the recommended one.
    pub fn is_recommended(&self, cell: &FlagCell) -> bool {
        cell.parameters == self.recommendation.parameters
    }
}

/// One set of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlagCell {
    /// The values of the parameters.
    #[serde(flatten)]
    pub parameters: Parameters,
    /// What is known of the cell.
    pub status: FlagStatus,
    /// The time, or the metric if one is read, that all runs together make probable; null if the cell failed.
    pub estimate: Option<f64>,
    /// Interval that holds the estimate with a probability of 95%; null for a cell that did not run.
    pub interval95: Option<[f64; 2]>,
    /// The same quantity as the first run predicts it.
    pub predicted: Option<f64>,
    /// Mean wall seconds of the runs; null without any.
    pub wall_s: Option<f64>,
    /// How many times better than the reference: the quotient of the estimates.
    pub speedup: Option<f64>,
    /// Probability that no cell is better by more than 5%.
    pub near_best: Option<f64>,
    /// Loss that is expected with this cell, as a share of the best.
    pub expected_regret: Option<f64>,
    /// Mean number of CPUs in use.
    pub cpus_busy: Option<f64>,
    /// User CPU seconds of a run.
    pub cpu_user_s: Option<f64>,
    /// System CPU seconds of a run.
    pub cpu_system_s: Option<f64>,
    /// Largest memory of the process tree seen at one time, in bytes; pages that processes share count for each.
    pub peak_memory_bytes: Option<u64>,
    /// Workers over the time of the first run of the cell.
    pub workers: Option<WorkersOverTime>,
    /// The failure that took the cell out; null if it did not fail.
    pub failure: Option<RunFailure>,
    /// The runs that ended well, in their order.
    pub runs: Vec<FlagRun>,
}

/// What is known of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlagStatus {
    /// It ran.
    Measured,
    /// It did not run: others tell enough about it.
    Predicted,
    /// It was run and failed.
    Failed,
    /// It did not run, because a limit of the machine forbids it.
    Capped,
}

/// One run of the command.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlagRun {
    /// The round that the run belongs to, from 0.
    pub round: u32,
    /// Seconds from the start of the search to the start of the run.
    pub at_s: f64,
    /// Wall seconds.
    pub wall_s: f64,
    /// The number that the program printed; null if none is read.
    pub metric: Option<f64>,
    /// Whether the run counts.
    pub role: RunRole,
}

/// Whether a run counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunRole {
    /// It counts.
    Measured,
    /// The first run of all, which was slower than the later ones of its cell: it filled caches.
    WarmUp,
}

/// The advice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlagRecommendation {
    /// The recommended values.
    #[serde(flatten)]
    pub parameters: Parameters,
    /// Whether the recommended cell was run.
    pub basis: FlagStatus,
    /// Confidence that no cell is better by more than 5%.
    pub confidence: Confidence,
    /// The probability of that.
    pub near_best: f64,
    /// Loss that is expected, as a share of the best.
    pub expected_regret: f64,
    /// The command with the recommended values, as a line for a shell.
    pub line: String,
    /// The limit that keeps a larger width from being better.
    #[serde(rename = "binding_limit")]
    pub limit: FlagLimit,
    /// The part of the work that runs in one thread; null if it is not known.
    pub serial: Option<SerialShare>,
    /// Facts to know before the advice is followed.
    pub notes: Vec<FlagNote>,
}

/// A fact to know before the advice is followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum FlagNote {
    /// The first run was a warm-up.
    WarmUp {
        /// Its seconds.
        first_s: f64,
        /// The mean seconds of the later runs of its cell.
        later_s: f64,
    },
    /// Processes outlived the command and were killed.
    LeftBehind {
        /// Their number, at most.
        processes: u64,
    },
    /// Cells next to the best one did not run, and nothing says that they are no better.
    OpenNeighbours {
        /// The cells.
        cells: Vec<Parameters>,
    },
    /// The search ended before the answer was sure.
    Unfinished {
        /// The reason.
        ending: SearchEnding,
    },
    /// Other programs used so much of the CPUs that the answer may be another one on a quiet machine.
    BusyMachine {
        /// CPUs that they used, on average over the runs.
        others: f64,
        /// CPUs that the command may use.
        cpus: f64,
    },
    /// Nothing but the first run was made.
    OnlyFirstRun,
}
