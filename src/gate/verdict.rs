//! The verdict on a metric, a workload or a suite.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The verdict on a metric, a workload or a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// Significantly better, and by more than the threshold.
    Improved,
    /// Significantly within the threshold.
    Unchanged,
    /// Significantly worse, and by more than the threshold.
    Regressed,
    /// The measurement does not decide.
    Inconclusive,
}

impl fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GateVerdict::Improved => "improved",
            GateVerdict::Unchanged => "unchanged",
            GateVerdict::Regressed => "regressed",
            GateVerdict::Inconclusive => "inconclusive",
        })
    }
}
