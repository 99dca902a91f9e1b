//! The limits of a single step.

use serde::{Deserialize, Serialize};

/// The limits of one step, whatever the strategy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRule {
    /// Maximum number of tasks in the step at once.
    pub workers: Option<usize>,
    /// True if tasks pass through the step one after another, in the order in which they began.
    pub ordered: bool,
}

impl StepRule {
    /// Returns the largest number of tasks in the step at once; `None` if it is not limited.
    pub fn at_once(self) -> Option<usize> {
        if self.ordered { Some(1) } else { self.workers }
    }

    /// Returns true if the step has no limit.
    pub fn is_empty(self) -> bool {
        self == StepRule::default()
    }
}
