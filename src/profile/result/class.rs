//! Classes of work, and confidence in them.

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
    /// Returns the word that users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::IoBound => "io-bound",
            Class::CpuBound => "cpu-bound",
            Class::Mixed => "mixed",
        }
    }
}

impl PartialEq<Class> for Option<Class> {
    /// Returns whether there is a class, and it is this one.
    fn eq(&self, class: &Class) -> bool {
        *self == Some(*class)
    }
}

/// Confidence in a class.
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
    /// Returns the word that users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}
