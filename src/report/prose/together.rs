//! Words for work that runs at the same time: tasks are in flight, commands run some at a time.

use crate::report::document::Report;

/// The work that runs at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    /// Tasks inside a program.
    Tasks,
    /// Commands, in processes of their own.
    Commands,
}

impl Together {
    /// Returns the work of a report.
    pub(crate) fn of(report: &Report) -> Self {
        let steps = report.profile.iter().flat_map(|profile| &profile.steps);
        let mut kinds = steps.map(|step| step.kind == "command").peekable();
        if kinds.peek().is_some() && kinds.all(|is_command| is_command) {
            Together::Commands
        } else {
            Together::Tasks
        }
    }

    /// Returns a number of them, such as "64 in flight" or "8 at a time".
    pub(crate) fn many(self, number: usize) -> String {
        match self {
            Together::Tasks => format!("{number} in flight"),
            Together::Commands => format!("{number} at a time"),
        }
    }

    /// Returns the caption of an axis.
    pub(crate) fn caption(self) -> &'static str {
        match self {
            Together::Tasks => "tasks in flight",
            Together::Commands => "commands at a time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::result::StepCost;
    use crate::report::example;

    #[test]
    fn only_what_runs_nothing_but_commands_is_said_of_commands() {
        let of = |kinds: &[&str]| {
            let mut report = example::advise();
            let steps = kinds
                .iter()
                .map(|kind| StepCost { kind: (*kind).to_owned(), wall_s: 0.1, variation: None })
                .collect();
            report.profile.as_mut().expect("the example has one").steps = steps;
            Together::of(&report)
        };
        assert_eq!(of(&["command"]), Together::Commands);
        assert_eq!(of(&["command", "http"]), Together::Tasks);
        assert_eq!(of(&[]), Together::Tasks);
        assert_eq!(Together::Commands.many(8), "8 at a time");
    }
}
