//! The recommendation as data.

use serde::{Deserialize, Serialize};

use crate::benchmark::Configuration;
use crate::strategy::StrategyKind;

/// What to do, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recommendation {
    /// The recommended strategy.
    pub strategy: StrategyKind,
    /// Tasks in flight.
    pub width: usize,
    /// Worker processes beside the event loop, for `hybrid`.
    pub processes: Option<usize>,
    /// How the recommended cell compares with the best cell of any other strategy.
    pub verdict: Verdict,
    /// The smallest difference from that cell, as a share, that the measurement would have seen.
    pub smallest_effect: Option<f64>,
    /// Whether the cells were run, or only predicted.
    pub basis: Basis,
    /// The questions of the decision tree and their answers, from the root to the leaf.
    pub tree_path: Vec<String>,
    /// The strategy the tree alone would choose.
    pub tree_strategy: StrategyKind,
    /// Whether the measurement agrees with the tree.
    pub agrees: Agreement,
    /// One sentence: measured speed beside the runners-up, and agreement with the tree.
    pub measured: String,
    /// What keeps the throughput from growing further, in one sentence.
    pub binding_limit: String,
    /// What to change to get past the limit, if anything can be.
    pub response: String,
    /// Complete programs that run tasks this way.
    pub code_examples: Vec<CodeExample>,
    /// Facts worth knowing before the advice is followed.
    pub performance_notes: Vec<String>,
    /// Tasks that a program should send to a worker process at once, by what messages were measured to
    /// cost; null where none are sent.
    pub chunk_size: Option<u64>,
    /// What to use where the recommendation cannot be, best first.
    pub fallbacks: Vec<Fallback>,
}

impl Recommendation {
    /// The recommended cell.
    pub fn cell(&self) -> Configuration {
        Configuration { strategy: self.strategy, width: self.width, processes: self.processes }
    }
}

/// What a recommendation rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Cells that were run.
    #[default]
    Measured,
    /// The profile and the model alone.
    Predicted,
}

/// A comparison of two rates by the confidence interval of their ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The recommended cell is faster.
    Faster,
    /// The two are equal within the margin.
    Tie,
    /// The measurement cannot tell.
    Undecided,
}

/// Whether measurement and decision tree agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// The strategy of the tree is the fastest, or within noise of it.
    Yes,
    /// Another strategy is faster beyond doubt.
    No,
    /// The measurement cannot tell.
    Undecided,
}

/// A complete program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CodeExample {
    /// `rust` or `python`.
    pub language: String,
    /// What it shows, in a few words.
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
