//! What the programs of Slurm print.

use std::collections::BTreeMap;

/// The state of an array task, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// It waits, for the first time or again.
    Waiting,
    /// It runs.
    Running,
    /// It ended: by itself, at its time limit, with its node, or for one with more priority.
    Ended(String),
    /// Somebody has cancelled it.
    Cancelled,
}

impl TaskState {
    fn of(word: &str) -> Self {
        // `sacct` adds who it was, and both may add a plus sign where a name is cut.
        match word.split([' ', '+']).next().unwrap_or_default() {
            "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD" | "RESV_DEL_HOLD"
            | "SPECIAL_EXIT" => TaskState::Waiting,
            "RUNNING" | "COMPLETING" | "STAGE_OUT" | "SIGNALING" | "SUSPENDED" | "STOPPED" | "RESIZING" => {
                TaskState::Running
            }
            "CANCELLED" => TaskState::Cancelled,
            other => TaskState::Ended(other.to_owned()),
        }
    }

    /// Returns true if it will not run any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, TaskState::Ended(_) | TaskState::Cancelled)
    }
}

/// Reads lines of an index within an array, a space and a state.
pub(super) fn states(text: &str) -> BTreeMap<u64, TaskState> {
    let row = |line: &str| {
        let (index, state) = line.trim().split_once(' ')?;
        Some((index.parse().ok()?, TaskState::of(state.trim())))
    };
    text.lines().filter_map(row).collect()
}

/// Returns the CPUs that can be used, from lines of those that are allocated, idle, other and all.
pub(super) fn capacity(text: &str) -> u64 {
    let row = |line: &str| -> Option<u64> {
        let mut numbers = line.trim().split('/').map(|number| number.parse::<u64>().ok());
        Some(numbers.next()?? + numbers.next()??)
    };
    text.lines().filter_map(row).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_by_what_they_mean_for_the_items() {
        let found =
            states("1 PENDING\n2 RUNNING\n3 COMPLETED\n4 TIMEOUT\n5 CANCELLED\nN/A PENDING\n6 NODE_FAIL\n");
        assert_eq!(found[&1], TaskState::Waiting);
        assert_eq!(found[&2], TaskState::Running);
        assert_eq!(found[&4], TaskState::Ended("TIMEOUT".to_owned()));
        assert_eq!(found[&5], TaskState::Cancelled);
        assert_eq!(found.len(), 6);
        assert_eq!(states("7 CANCELLED by 1000")[&7], TaskState::Cancelled);
        let over: Vec<u64> =
            found.iter().filter(|(_, state)| state.is_over()).map(|(index, _)| *index).collect();
        assert_eq!(over, [3, 4, 5, 6]);
    }

    #[test]
    fn cpus_that_are_down_do_not_count() {
        assert_eq!(capacity("3/5/8/16\n0/2/0/2\n"), 10);
        assert_eq!(capacity(""), 0);
    }
}
