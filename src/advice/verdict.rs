//! The certainty and the basis of a recommendation.

use serde::{Deserialize, Serialize};

/// The basis of a recommendation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Cells that were run.
    #[default]
    Measured,
    /// The profile and the model alone.
    Predicted,
}

/// The comparison of the recommended cell with another, by the confidence interval of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChoiceVerdict {
    /// The recommended cell is faster.
    Faster,
    /// The two are equal within the margin.
    Tie,
    /// The measurement is inconclusive.
    Undecided,
}

/// The agreement of measurement and decision tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// The strategy of the tree is the fastest, or within noise of it.
    Yes,
    /// Another strategy is faster beyond doubt.
    No,
    /// The measurement is inconclusive.
    Undecided,
}
