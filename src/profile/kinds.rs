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

/// Kinds of waiting, as shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Waits {
    /// For a socket.
    pub network: f64,
    /// For a block device.
    pub disk: f64,
    /// For a timer.
    pub sleep: f64,
    /// For a lock.
    pub lock: f64,
    /// For a pipe or a terminal.
    pub pipe: f64,
    /// For a child process.
    pub child: f64,
    /// For something else.
    pub other: f64,
}

impl Waits {
    /// Every kind with its name, in the order of the JSON.
    pub fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("network", self.network),
            ("disk", self.disk),
            ("sleep", self.sleep),
            ("lock", self.lock),
            ("pipe", self.pipe),
            ("child", self.child),
            ("other", self.other),
        ]
    }
}
