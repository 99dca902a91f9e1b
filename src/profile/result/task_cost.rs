//! The cost of one task.

use serde::{Deserialize, Serialize};

/// The cost of one task: the demand *D* and the delay *Z* of queueing theory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TaskCost {
    /// CPU seconds (*D*).
    pub cpu_s: f64,
    /// Seconds not on a CPU, run-queue wait excluded (*Z*).
    pub wait_s: f64,
}

impl TaskCost {
    /// Returns seconds from start to end when nothing else runs.
    pub fn total_s(&self) -> f64 {
        self.cpu_s + self.wait_s
    }

    /// Returns the cost of one of `tasks` equal tasks.
    ///
    /// Waiting is rounded to nanoseconds: it is a difference of nearly equal times.
    #[must_use]
    pub fn divided_by(self, tasks: u64) -> TaskCost {
        let tasks = tasks as f64;
        TaskCost { cpu_s: self.cpu_s / tasks, wait_s: (self.wait_s / tasks * 1e9).round() * 1e-9 }
    }
}
