//! Workers over the time of a run.

use serde::{Deserialize, Serialize};

/// Workers over the time of a run: threads that compute, wait for a CPU, or wait for something outside of the
/// tree. A thread that waits for another one of the tree is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkersOverTime {
    /// Seconds with at most one worker: the critical path as far as it was seen.
    pub single_s: f64,
    /// Seconds with several workers.
    pub several_s: f64,
    /// Mean number of workers in those seconds; 0 without any.
    pub at_once: f64,
    /// Seconds that workers waited for something outside of the tree meanwhile, summed over the workers.
    pub several_wait_s: f64,
}

impl WorkersOverTime {
    /// Adds the seconds of another command that ran after this one.
    #[must_use]
    pub(crate) fn then(self, next: WorkersOverTime) -> Self {
        let several_s = self.several_s + next.several_s;
        let sum = self.at_once * self.several_s + next.at_once * next.several_s;
        WorkersOverTime {
            single_s: self.single_s + next.single_s,
            several_s,
            at_once: if several_s > 0.0 { sum / several_s } else { 0.0 },
            several_wait_s: self.several_wait_s + next.several_wait_s,
        }
    }

    /// Returns the mean number of workers over the whole run; 1 where nothing was seen.
    pub(crate) fn mean(&self) -> f64 {
        let all_s = self.single_s + self.several_s;
        if all_s > 0.0 { (self.single_s + self.at_once * self.several_s) / all_s } else { 1.0 }
    }
}
