//! The recommendation as data.

use serde::{Deserialize, Serialize};

use crate::advice::comparison::Comparison;
use crate::advice::confidence::ChoiceConfidenceReason;
use crate::advice::decision_tree::DecisionPath;
use crate::advice::limiting_factor::LimitingFactor;
use crate::advice::note::Note;
use crate::advice::verdict::{Agreement, Basis, ChoiceVerdict};
use crate::benchmark::Configuration;
use crate::benchmark::onset::Onset;
use crate::benchmark::result::Reason;
use crate::profile::result::Confidence;
use crate::strategy::StrategyKind;
use crate::strategy::stages::Stages;

/// A recommendation with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recommendation {
    /// The recommended strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight; workers of all stages together for `pipeline`.
    pub width: usize,
    /// Worker processes in addition to the event loop, for `hybrid`; null for other strategies.
    pub processes: Option<usize>,
    /// Workers of each stage and the bound of the queues between them, for `pipeline`; absent for other strategies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Stages>,
    /// The comparison of the recommended cell with the best cell of any other strategy.
    pub verdict: ChoiceVerdict,
    /// The smallest difference from the best cell of any other strategy, as a share, that the measurement
    /// would have shown in four of five cases; null if unknown.
    pub smallest_effect: Option<f64>,
    /// The basis: cells that were run, or predictions only.
    pub basis: Basis,
    /// The confidence that no configuration is faster by more than 5%.
    pub confidence: Confidence,
    /// The reason for the confidence.
    pub confidence_reason: ChoiceConfidenceReason,
    /// The failure of the tree's strategy; null unless every configuration of it that was started failed.
    pub tree_failure: Option<TreeFailure>,
    /// The path through the decision tree.
    #[serde(flatten)]
    pub decision: DecisionPath,
    /// The agreement of the measurement with the tree.
    pub agrees: Agreement,
    /// The comparison of the recommended strategy with all others.
    pub comparison: Comparison,
    /// The limit that keeps the throughput from growing further.
    #[serde(rename = "binding_limit")]
    pub limit: LimitingFactor,
    /// The width from which tasks fail under the recommended strategy, or under any if that is sequential; null
    /// if no such width was found.
    #[serde(default)]
    pub failing_beyond: Option<Onset>,
    /// Complete programs that run tasks with the recommended strategy.
    pub code_examples: Vec<CodeExample>,
    /// Facts that matter before the advice is followed.
    #[serde(rename = "performance_notes")]
    pub notes: Vec<Note>,
    /// Number of tasks that a program should send to a worker process at once, from the measured cost of
    /// messages; null if no tasks are sent to processes.
    pub chunk_size: Option<u64>,
    /// Alternatives to the recommendation, best first.
    pub fallbacks: Vec<Fallback>,
}

impl Recommendation {
    /// Returns the recommended cell.
    pub fn cell(&self) -> Configuration {
        let Recommendation { strategy, width, processes, stages, .. } = *self;
        Configuration { strategy, width, processes, stages }
    }
}

/// The failure of the strategy that the decision tree names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TreeFailure {
    /// The strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight of the configuration that failed.
    pub width: usize,
    /// The reason.
    pub reason: Reason,
}

/// A complete program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CodeExample {
    /// `shell`, `rust` or `python`.
    pub language: String,
    /// A title of a few words.
    pub title: String,
    /// The program.
    pub code: String,
}

/// A cell to fall back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Fallback {
    /// The strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
}
