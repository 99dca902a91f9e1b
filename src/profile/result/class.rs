//! The words a profile is told in: classes, confidences and kinds of waits.

use serde::{Deserialize, Serialize};

/// The class of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Waits most of the time.
    IoBound,
    /// Computes most of the time.
    CpuBound,
    /// Does both.
    Mixed,
}

impl Class {
    /// The word users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::IoBound => "io-bound",
            Class::CpuBound => "cpu-bound",
            Class::Mixed => "mixed",
        }
    }
}

/// How sure a statement is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// May well be wrong.
    Low,
    /// Probably right.
    Medium,
    /// Right on every machine it was tried on.
    High,
}

impl Confidence {
    /// The word users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}
